#include "py_client.h"

#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/unique_ptr.h>

#include <optional>
#include <utility>

#include "certificates.h"
#include "errors.h"
#include "tracia/client/json.h"
#include "tracia/json/reader.h"
#include "tracia/span/span.h"

namespace tracia::native {
namespace {

// Reading this much is so quick that other threads of Python need not run meanwhile: taking the GIL back may cost more.
constexpr size_t kQuickBytesMax = 64u << 10;

// work() for input that is read, but waits for nothing.
template <typename Work>
auto quick(std::string_view input, Work&& work) {
  std::optional<Unlocked> released;
  if (input.size() > kQuickBytesMax) released.emplace(Signals::kIgnored);
  return std::forward<Work>(work)();
}

// Calls `work` with the client, if it is open.
template <typename Work>
auto with_client(ClientState& state, Work&& work) -> decltype(work(std::declval<Client&>())) {
  const ClientState::Entry client(state);
  if (!client) return fail(closed_error());
  return std::forward<Work>(work)(*client);
}

nb::object to_object(const Event& event) {
  switch (event.kind) {
    case Event::Kind::kSpan: return nb::make_tuple("span", to_bytes(event.data), "");
    case Event::Kind::kSpanError: return nb::make_tuple("span_error", to_bytes(event.data), event.text);
    case Event::Kind::kFinished: return nb::make_tuple("finished", to_bytes(""), event.text);
  }
  return nb::none();
}

}  // namespace

PyClient::PyClient(std::string_view options, bool capture, bool divert, bool report_errors)
    : events_(std::make_shared<EventQueue>()) {
  ClientOptions read = value_or_raise(read_client_options(options));
  read.interrupted = &interrupted;
  if (read.ca_file.empty()) read.ca_file = trusted_certificates();
  if (capture) read.span_sender = captured_ = std::make_shared<CapturedSpans>();
  if (divert) {
    read.divert = [events = events_](span::Span& span) {
      events->push_span(to_json(span));
      return true;
    };
  }
  if (report_errors) {
    read.on_span_error = [events = events_](const Error& error, const std::string& span_id) {
      events->push_error(to_json(error), span_id);
    };
  }
  state_ = unlocked([&] { return std::make_shared<ClientState>(std::move(read), events_); });
  register_client(state_);
  base_url_ = ClientState::Entry(*state_)->base_url();
}

PyClient::~PyClient() {
  const Unlocked released(Signals::kIgnored);
  state_.reset();
}

nb::bytes PyClient::call(std::string_view operation, std::string_view input) {
  return to_bytes(value_or_raise(unlocked(
      [&] { return with_client(*state_, [&](Client& client) { return call_json(client, operation, input); }); })));
}

std::unique_ptr<Call> PyClient::start(std::string_view operation, std::string_view input, const Queue& queue) {
  const uint64_t id = queue.shared()->new_id();
  auto done = [shared = queue.shared(), id](Result<std::string> result) {
    shared->push({.id = id, .value = std::move(result)});
  };
  CallHandle handle = value_or_raise(quick(input, [&] {
    return with_client(*state_, [&](Client& client) -> Result<CallHandle> {
      return call_json_async(client, operation, input, std::move(done));
    });
  }));
  return std::make_unique<Call>(id, std::move(handle));
}

std::unique_ptr<Stream> PyClient::stream(std::string_view operation, std::string_view input) {
  auto stream = value_or_raise(unlocked(
      [&] { return with_client(*state_, [&](Client& client) { return stream_json(client, operation, input); }); }));
  return std::make_unique<Stream>(std::move(stream), events_);
}

void PyClient::record(std::string_view span) {
  value_or_raise(quick(span, [&] {
    return with_client(*state_, [&](Client& client) -> Status {
      auto read = read_span(span);
      if (!read) return fail(std::move(read).error());
      client.record(std::move(*read));
      return {};
    });
  }));
}

void PyClient::record_as_is(std::string_view span) {
  // Not read_span(): this is what next_event() gave, the wire's form, and nothing of it may be lost.
  value_or_raise(quick(span, [&]() -> Status {
    json::Document document;
    const auto value = document.parse(span);
    if (!value) return fail(value.error());
    auto read = span::from_json(*value);
    if (!read) return fail(std::move(read).error());
    const ClientState::Entry client(*state_, true);
    if (!client) return fail(closed_error());
    events_->went_on();
    client->record_as_is(std::move(*read));
    return {};
  }));
}

bool PyClient::flush(int64_t deadline_ms) {
  const SteadyTime deadline = deadline_in(deadline_ms);
  return value_or_raise(
      unlocked([&] { return with_client(*state_, [&](Client&) -> Result<bool> { return state_->flush(deadline); }); }));
}

std::unique_ptr<Call> PyClient::start_flush(int64_t deadline_ms, const Queue& queue) {
  const uint64_t id = queue.shared()->new_id();
  CallHandle handle = value_or_raise(with_client(*state_, [&](Client&) -> Result<CallHandle> {
    return state_->flusher().start(deadline_in(deadline_ms), queue.shared(), id);
  }));
  return std::make_unique<Call>(id, std::move(handle));
}

nb::bytes PyClient::stats() { return to_bytes(to_json(state_->stats())); }

nb::list PyClient::captured() {
  nb::list out;
  if (!captured_) return out;
  for (const std::string& span : captured_->spans()) out.append(to_bytes(span));
  return out;
}

void PyClient::expect_taker() { events_->expect_taker(); }

nb::object PyClient::next_event(int64_t timeout_ms) {
  const SteadyTime deadline = deadline_in(timeout_ms);
  const std::optional<Event> event = unlocked([&] { return events_->take(deadline); });
  return event ? to_object(*event) : nb::none();
}

void PyClient::event_done() { events_->handled(); }

void PyClient::cancel_all() {
  value_or_raise(unlocked([&] {
    return with_client(*state_, [](Client& client) -> Status {
      client.cancel_all();
      return {};
    });
  }));
}

void PyClient::close() {
  unlocked([&] {
    state_->close();
    return true;
  });
}

void bind_client(nb::module_& module) {
  using namespace nb::literals;
  nb::class_<PyClient>(module, "Client")
      .def(nb::init<std::string_view, bool, bool, bool>(), "options"_a, nb::kw_only(), "capture"_a = false,
           "divert"_a = false, "report_errors"_a = false)
      .def_prop_ro("base_url", &PyClient::base_url)
      .def("call", &PyClient::call, "operation"_a, "input"_a)
      .def("start", &PyClient::start, "operation"_a, "input"_a, "queue"_a)
      .def("stream", &PyClient::stream, "operation"_a, "input"_a)
      .def("record", &PyClient::record, "span"_a)
      .def("record_as_is", &PyClient::record_as_is, "span"_a)
      .def("flush", &PyClient::flush, "deadline_ms"_a)
      .def("start_flush", &PyClient::start_flush, "deadline_ms"_a, "queue"_a)
      .def("stats", &PyClient::stats)
      .def("captured", &PyClient::captured)
      .def("expect_taker", &PyClient::expect_taker)
      .def("next_event", &PyClient::next_event, "timeout_ms"_a)
      .def("event_done", &PyClient::event_done)
      .def("cancel_all", &PyClient::cancel_all)
      .def("close", &PyClient::close);
}

}  // namespace tracia::native
