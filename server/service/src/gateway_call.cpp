#include "gateway_call.h"

#include <utility>

#include "model_call.h"
#include "tracia/base/bytes.h"
#include "tracia/base/ids.h"
#include "tracia/calls/driver.h"
#include "tracia/json/reader.h"
#include "tracia/json/writer.h"
#include "tracia/span/from_call.h"
#include "tracia/span/limits.h"

namespace tracia::service {
namespace {

using gateway::ChatInput;
using Metadata = std::vector<std::pair<std::string, std::string>>;

const Metadata& metadata_of(const GatewayRequest& request) {
  static const Metadata none;
  const auto* chat = std::get_if<ChatInput>(&request.input);
  return chat != nullptr ? chat->metadata : none;
}

std::string_view operation_of(const GatewayRequest& request) {
  const auto* chat = std::get_if<ChatInput>(&request.input);
  if (chat == nullptr) return "embeddings";
  return chat->dialect == gateway::Dialect::kResponses ? "responses" : "chat.completions";
}

}  // namespace

GatewayCall::GatewayCall(Parts parts) : parts_(std::move(parts)), span_id_(new_span_id()) {}

bool GatewayCall::needs_trace() const {
  return parts_.request.labels.trace_id.empty() && !parts_.request.labels.parent_span_id.empty();
}

void GatewayCall::find_trace() {
  GatewayLabels& labels = parts_.request.labels;
  labels.trace_id = trace_of_parent(parts_.services, parts_.project_id, labels.parent_span_id);
}

void GatewayCall::start() {
  GatewayLabels& labels = parts_.request.labels;
  if (labels.trace_id.empty()) labels.trace_id = trace_of_id(span_id_);
  if (parts_.listener.on_begin) parts_.listener.on_begin({span_id_, labels.trace_id});
  started_ = parts_.services.clock->now();
  std::vector<llm::Target> targets;
  targets.reserve(parts_.plan.to.size());
  for (Connections::Named& named : parts_.plan.to) targets.push_back(std::move(named.target));
  call_ = make_call(std::move(targets), call_options());
  // The driver keeps the call, and with it all of this, until it has ended.
  std::shared_ptr<llm::Call> held(shared_from_this(), call_.get());
  calls::run_async(parts_.lanes.driver(), std::move(held), parts_.cancel,
                   [self = shared_from_this()] { self->ended(); });
}

llm::Call::Options GatewayCall::call_options() const {
  llm::Call::Options options;
  options.retry.retries = parts_.plan.retries;
  options.clock = parts_.services.clock;
  options.uniform = calls::uniform_random;
  options.deadline = parts_.services.clock->steady() + Millis{parts_.request.timeout_ms};
  return options;
}

gateway::AnswerHead GatewayCall::head() const {
  gateway::AnswerHead head{
      .id = span_id_.substr(3), .model = call_->target().model, .created = started_.micros / 1'000'000};
  if (const auto* chat = std::get_if<ChatInput>(&parts_.request.input)) head.echo = chat->echo;
  return head;
}

// On the transport's loop.
void GatewayCall::ended() {
  if (is_unsent(*call_)) return refuse(unsent_error(*call_, name(), parts_.lanes.is_closing()));
  std::vector<store::NewSpan> spans;
  spans.push_back(make_span());
  settle_call(parts_.services, parts_.hold, call_->target(), name(), parts_.size, started_, spans.back());
  std::string bytes = call_->error() ? "" : last_bytes();
  // Stored or not: the answer is paid for.
  parts_.services.spans->append(
      std::move(spans), [self = shared_from_this(), bytes = std::move(bytes)](
                            const Result<std::vector<store::Appended>>&) mutable { self->answer(std::move(bytes)); });
}

store::NewSpan GatewayCall::make_span() const {
  store::NewSpan out{.project_id = parts_.project_id};
  span::Span& span = out.span;
  span::describe_call(*call_, started_, span);
  describe(span);
  if (call_->error() && call_->error()->kind == ErrorKind::kAborted) span::mark_aborted(span);
  span.span_id = span_id_;
  label(out);
  span.attributes_json = attributes(std::move(span.attributes_json));
  price_call(parts_.services, call_->target(), name(), started_, out);
  span::fit(span);
  return out;
}

void GatewayCall::label(store::NewSpan& out) const {
  const GatewayLabels& labels = parts_.request.labels;
  span::Span& span = out.span;
  span.trace_id = labels.trace_id;
  span.parent_span_id = ascii_lower(labels.parent_span_id);
  span.tags = labels.tags;
  span.user_id = labels.user_id;
  span.session_id = labels.session_id;
  if (!labels.prompt_slug.empty()) label_prompt(out);
  if (!labels.name.empty()) span.name = labels.name;
}

void GatewayCall::label_prompt(store::NewSpan& out) const {
  const GatewayLabels& labels = parts_.request.labels;
  out.span.prompt_slug = labels.prompt_slug;
  out.span.prompt_version = labels.prompt_version;
  out.span.label = labels.prompt_label;
  const auto prompt = parts_.services.cache->prompt(parts_.project_id, labels.prompt_slug);
  if (!prompt) return;
  out.prompt_id = prompt->id;
  out.span.name = prompt->name;
  const auto labelled = prompt->labels.find(labels.prompt_label);
  if (!out.span.prompt_version && labelled != prompt->labels.end()) out.span.prompt_version = labelled->second;
}

std::string GatewayCall::attributes(std::string own) const {
  json::Writer w;
  w.begin_object().field("tracia.gateway", operation_of(parts_.request));
  w.field_if("tracia.alias", parts_.plan.alias);
  if (const Metadata& metadata = metadata_of(parts_.request); !metadata.empty()) {
    w.key("metadata").begin_object();
    for (const auto& [key, value] : metadata) w.field(key, value);
    w.end_object();
  }
  w.end_object();
  if (own.empty()) return w.take();
  auto merged = json::merge(own, w.str());
  return merged ? std::move(*merged) : std::move(own);
}

// On the store's writer thread.
void GatewayCall::answer(std::string bytes) {
  const auto& error = call_->error();
  if (!error) return end({.bytes = std::move(bytes)});
  const bool by_us = error->kind == ErrorKind::kAborted && !parts_.cancel.cancelled();
  if (by_us && parts_.lanes.is_closing()) return refuse(stopping_error());
  refuse(in_callers_words(*error, call_->target().provider, name()));
}

void GatewayCall::refuse(Error error) { end({.error = std::move(error)}); }

void GatewayCall::end(GatewayEnd result) {
  if (auto tell = std::exchange(parts_.listener.on_end, nullptr)) tell(std::move(result));
  parts_.listener = {};
  parts_.hold.release();
  if (!std::exchange(over_, true)) parts_.lanes.leave();
}

}  // namespace tracia::service
