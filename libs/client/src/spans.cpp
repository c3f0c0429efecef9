#include "api.h"
#include "tracia/base/bytes.h"
#include "tracia/client/client.h"
#include "tracia/json/writer.h"
#include "tracia/wire/http.h"

namespace tracia {
inline namespace v0 {
namespace {

using client::call_api;
using json::Value;
using json::Writer;

constexpr Millis kEvaluateWaitMax{10'000};

void read_item(const Value& v, SpanListItem& out) {
  out.id = v["id"].text();
  out.span_id = v["spanId"].text();
  out.trace_id = v["traceId"].text();
  out.parent_span_id = v["parentSpanId"].text();
  out.prompt_slug = v["promptSlug"].text();
  out.model = v["model"].text();
  out.provider = v["provider"].text();
  out.status = v["status"].text();
  out.created_at = v["createdAt"].text();
  out.latency_ms = v["latencyMs"].integer().value_or(0);
  out.input_tokens = v["inputTokens"].integer();
  out.output_tokens = v["outputTokens"].integer();
  out.total_tokens = v["totalTokens"].integer();
  out.cost = v["cost"].number();
}

std::string span_path(const std::string& span_id, std::string_view tail = "") {
  return "/api/v1/spans/" + wire::percent_encode(span_id) + std::string(tail);
}

std::string list_query(const ListSpansOptions& o) {
  std::string query;
  const auto add = [&](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    query.append(query.empty() ? "?" : "&").append(name).append("=").append(wire::percent_encode(value));
  };
  add("promptSlug", o.prompt_slug);
  add("status", o.status);
  add("startDate", o.start_date);
  add("endDate", o.end_date);
  add("userId", o.user_id);
  add("sessionId", o.session_id);
  add("traceId", o.trace_id);
  std::string tags;
  for (const std::string& tag : o.tags) tags.append(tags.empty() ? "" : ",").append(tag);
  add("tags", tags);
  if (o.limit) add("limit", std::to_string(*o.limit));
  add("cursor", o.cursor);
  return query;
}

Status require_span_id(const std::string& span_id) {
  if (trim(span_id).empty()) return fail(Error::invalid("span_id is required and cannot be empty"));
  return {};
}

}  // namespace

Result<CreateSpanResult> Spans::create(const span::Span& span) const {
  const auto answer = call_api(*core_, {.method = "POST", .path = "/api/v1/spans", .body = span::to_json(span)});
  if (!answer) return fail(answer.error());
  const Value& v = answer->root;
  // A hosted server answers {spanId, cost} alone.
  const std::string span_id = v["spanId"].is_string() ? v["spanId"].text() : span.span_id;
  return CreateSpanResult{.id = v["id"].text(),
                          .span_id = span_id,
                          .trace_id = v["traceId"].is_string() ? v["traceId"].text() : span.trace_id,
                          .cost = v["cost"].number()};
}

Result<StoredSpan> Spans::get(const std::string& span_id) const {
  TRACIA_TRY(require_span_id(span_id));
  const auto answer = call_api(*core_, {.method = "GET", .path = span_path(span_id)});
  if (!answer) return fail(answer.error());
  const Value& v = answer->root;
  StoredSpan out;
  read_item(v, out);
  out.input_json = v["input"].to_json();
  out.variables_json = v["variables"].is_missing_or_null() ? "" : v["variables"].to_json();
  if (const auto output = v["output"].string()) out.output = std::string(*output);
  out.error = v["error"].text();
  out.user_id = v["userId"].text();
  out.session_id = v["sessionId"].text();
  for (const Value tag : v["tags"].items()) out.tags.push_back(tag.text());
  out.prompt_version = v["promptVersion"].integer();
  out.json = v.to_json();
  return out;
}

Result<ListSpansResult> Spans::list(const ListSpansOptions& options) const {
  const auto answer = call_api(*core_, {.method = "GET", .path = "/api/v1/spans" + list_query(options)});
  if (!answer) return fail(answer.error());
  ListSpansResult out;
  for (const Value item : answer->root["spans"].items()) read_item(item, out.spans.emplace_back());
  const Value next = answer->root["nextCursor"];
  out.cursor = next.is_string() ? next.text() : answer->root["cursor"].text();
  out.has_more = answer->root["hasMore"].boolean_or(!out.cursor.empty());
  return out;
}

Result<EvaluateResult> Spans::evaluate(const std::string& span_id, const EvaluateOptions& options) const {
  TRACIA_TRY(require_span_id(span_id));
  const calls::Driver::Activity activity(*core_->driver, {});
  if (core_->recorder) {
    bool stopped = false;
    core_->recorder->flush(kEvaluateWaitMax, [&] {
      const auto& interrupted = core_->options.interrupted;
      return stopped = activity.cancel().cancelled() || (interrupted && interrupted());
    });
    if (stopped) return fail(client::aborted());
  }
  Writer w;
  w.begin_object()
      .field("evaluatorKey", options.evaluator)
      .field("value", options.value)
      .field_if("note", options.note)
      .end_object();
  const auto answer = call_api(
      *core_,
      {.method = "POST", .path = span_path(span_id, "/evaluations"), .body = w.take(), .cancel = activity.cancel()});
  if (!answer) return fail(answer.error());
  const Value& v = answer->root;
  return EvaluateResult{.id = v["id"].text(),
                        .evaluator_key = v["evaluatorKey"].text(),
                        .evaluator_name = v["evaluatorName"].text(),
                        .source = v["source"].text(),
                        .note = v["note"].text(),
                        .created_at = v["createdAt"].text(),
                        .value = v["value"].number().value_or(0)};
}

}  // namespace v0
}  // namespace tracia
