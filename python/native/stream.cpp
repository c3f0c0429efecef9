#include "stream.h"

#include <nanobind/stl/string.h>

#include "errors.h"
#include "process.h"

namespace tracia::native {
namespace {

nb::object to_str(const std::string& text) {
  // Never fails on what a provider sent.
  PyObject* const made = PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "replace");
  if (made == nullptr) throw nb::python_error();
  return nb::steal(made);
}

nb::list to_list(const std::vector<StreamChunk>& chunks) {
  nb::list out;
  for (const StreamChunk& chunk : chunks) {
    out.append(nb::make_tuple(static_cast<int>(chunk.type), to_str(chunk.text), chunk.tool_index, to_str(chunk.tool_id),
                              to_str(chunk.tool_name)));
  }
  return out;
}

}  // namespace

Stream::Stream(std::unique_ptr<JsonStream> stream, std::shared_ptr<EventQueue> events)
    : epoch_(process_epoch()), stream_(std::move(stream)), events_(std::move(events)) {}

Stream::~Stream() {
  if (is_foreign()) {
    (void)stream_.release();  // the parent's: its loop does not run here
    return;
  }
  const Unlocked released(Signals::kIgnored);
  stream_.reset();
}

bool Stream::is_foreign() const { return epoch_ != process_epoch(); }

nb::list Stream::take() { return is_foreign() ? nb::list() : to_list(stream_->take()); }

nb::list Stream::next() {
  if (is_foreign()) return {};
  std::vector<StreamChunk> chunks = stream_->take();  // often there is something: no need to give up the GIL
  if (chunks.empty()) chunks = unlocked([&] { return stream_->next(); });
  return to_list(chunks);
}

uint64_t Stream::wait_ready(const Queue& queue) {
  const uint64_t id = queue.new_ready_id();
  auto ready = [shared = queue.shared(), id] { shared->push({.id = id, .value = std::string()}); };
  if (is_foreign()) {
    ready();
  } else {
    stream_->on_ready(std::move(ready));
  }
  return id;
}

uint64_t Stream::wait_finished(const Queue& queue) {
  const uint64_t id = queue.new_ready_id();
  auto finished = [shared = queue.shared(), id] { shared->push({.id = id, .value = std::string()}); };
  if (is_foreign()) {
    finished();
  } else {
    stream_->on_finished(std::move(finished));
  }
  return id;
}

void Stream::on_finished(uint64_t future_id) {
  auto finished = [events = events_, future_id] { events->push_finished(std::to_string(future_id)); };
  if (is_foreign()) {
    finished();
  } else {
    stream_->on_finished(std::move(finished));
  }
}

void Stream::abort() {
  if (is_foreign()) return;
  const Unlocked released(Signals::kIgnored);
  stream_->abort();
}

nb::bytes Stream::result() {
  if (is_foreign()) raise_error(foreign_error());
  return to_bytes(value_or_raise(unlocked([&] { return stream_->result(); })));
}

nb::bytes Stream::partial() const {
  if (is_foreign()) raise_error(foreign_error());
  return to_bytes(unlocked([&] { return stream_->partial(); }));
}

void bind_stream(nb::module_& module) {
  nb::class_<Stream>(module, "Stream",
                     "One thread iterates; abort(), result() and partial() may be called from any thread.")
      .def_prop_ro("span_id", &Stream::span_id)
      .def_prop_ro("trace_id", &Stream::trace_id)
      .def("next", &Stream::next,
           "Waits for chunks: (type, text, tool_index, tool_id, tool_name). Empty: the end, an abort or an error.")
      .def("take", &Stream::take, "The same without waiting.")
      .def("ended", &Stream::ended)
      .def("wait_ready", &Stream::wait_ready, nb::arg("queue"))
      .def("wait_finished", &Stream::wait_finished, nb::arg("queue"))
      .def("on_finished", &Stream::on_finished, nb::arg("future_id"))
      .def("abort", &Stream::abort)
      .def("result", &Stream::result, "Waits for the end. Raises what the call failed with.")
      .def("partial", &Stream::partial);
}

}  // namespace tracia::native
