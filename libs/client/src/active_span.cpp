#include "tracia/client/active_span.h"

#include <algorithm>
#include <exception>

#include "core.h"
#include "json_writers.h"
#include "tracia/base/ids.h"
#include "tracia/json/reader.h"

namespace tracia {
inline namespace v0 {
namespace {

constexpr size_t kAttributesMax = 1'000;  // a loop that makes up names must not fill the memory

// `text` as a span's input: an object stays what it is.
std::string input_object(std::string_view text) {
  if (text.empty()) return "";
  json::Document document;
  const auto root = document.parse(text);
  if (root && root->is_object()) return root->to_json();
  json::Writer w;
  w.begin_object().key("value");
  if (root) {
    w.raw(root->to_json());
  } else {
    w.value(text);
  }
  return w.end_object().take();
}

std::string attributes_object(const std::vector<std::pair<std::string, Scalar>>& attributes) {
  if (attributes.empty()) return "";
  json::Writer w;
  w.begin_object();
  for (const auto& [name, value] : attributes) client::write_scalar(w, name, value);
  return w.end_object().take();
}

}  // namespace

ActiveSpan::ActiveSpan(std::shared_ptr<ClientCore> core, std::string name, SpanOptions options)
    : core_(std::move(core)), exceptions_(std::uncaught_exceptions()) {
  span_.span_id = new_span_id();
  span_.trace_id = is_valid_trace_id(options.trace_id) ? std::move(options.trace_id) : new_trace_id();
  span_.parent_span_id = std::move(options.parent_span_id);
  span_.kind = options.kind;
  span_.name = std::move(name);
  span_.input_json = input_object(options.input);
  span_.tags = std::move(options.tags);
  span_.user_id = std::move(options.user_id);
  span_.session_id = std::move(options.session_id);
  span_.start_time = core_->clock->now();
  began_ = core_->clock->steady();
}

ActiveSpan::ActiveSpan(ActiveSpan&& other) noexcept
    : core_(std::move(other.core_)),
      span_(std::move(other.span_)),
      attributes_(std::move(other.attributes_)),
      began_(other.began_),
      exceptions_(other.exceptions_) {}

ActiveSpan& ActiveSpan::operator=(ActiveSpan&& other) noexcept {
  if (this == &other) return *this;
  end();
  core_ = std::move(other.core_);
  span_ = std::move(other.span_);
  attributes_ = std::move(other.attributes_);
  began_ = other.began_;
  exceptions_ = other.exceptions_;
  return *this;
}

ActiveSpan::~ActiveSpan() {
  const bool failed = span_.status == span::SpanStatus::kError;
  if (core_ && !failed && std::uncaught_exceptions() > exceptions_) {
    span_.status = span::SpanStatus::kError;
    span_.error = "exception";  // short enough to need no memory
  }
  end();
}

void ActiveSpan::set_input(std::string_view input) { span_.input_json = input_object(input); }

void ActiveSpan::set_output(std::string output) { span_.output = std::move(output); }

void ActiveSpan::set_attribute(std::string_view name, const Scalar& value) {
  const auto known = std::find_if(attributes_.begin(), attributes_.end(),
                                  [&](const auto& attribute) { return attribute.first == name; });
  if (known != attributes_.end()) {
    known->second = value;
  } else if (attributes_.size() < kAttributesMax) {
    attributes_.emplace_back(name, value);
  }
}

void ActiveSpan::add_tag(std::string tag) { span_.tags.push_back(std::move(tag)); }

void ActiveSpan::fail(std::string message) {
  span_.status = span::SpanStatus::kError;
  span_.error = std::move(message);
}

tl::unexpected<Error> ActiveSpan::fail(Error error) {
  fail(error.to_string());
  return tracia::fail(std::move(error));
}

void ActiveSpan::end() noexcept {
  const std::shared_ptr<ClientCore> core = std::move(core_);
  if (!core || !core->recorder) return;
  span_.latency_ms = std::chrono::duration_cast<Millis>(core->clock->steady() - began_).count();
  try {
    span_.attributes_json = attributes_object(attributes_);
    span::Span recorded = span_;  // the ids stay readable after the end
    core->recorder->record(std::move(recorded));
  } catch (...) {  // out of memory: a span less, and the program goes on
  }
}

}  // namespace v0
}  // namespace tracia
