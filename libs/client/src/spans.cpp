#include <cmath>

#include "api.h"
#include "json_writers.h"
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
constexpr int64_t kPageMax = 100;  // what the server gives at most

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
  out.name = v["name"].text();
  out.span_kind = v["spanKind"].text();
  out.cost_status = v["costStatus"].text();
}

EvaluateResult read_evaluation(const Value& v) {
  return {.id = v["id"].text(),
          .evaluator_key = v["evaluatorKey"].text(),
          .evaluator_name = v["evaluatorName"].text(),
          .source = v["source"].text(),
          .note = v["note"].text(),
          .created_at = v["createdAt"].text(),
          .value = v["value"].number().value_or(0),
          .category = v["category"].text()};
}

std::string span_path(const std::string& span_id, std::string_view tail = "") {
  return "/api/v1/spans/" + wire::percent_encode(span_id) + std::string(tail);
}

// "?name=value&…" out of what is set.
class Query {
 public:
  void add(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    text_.append(text_.empty() ? "?" : "&").append(name).append("=").append(wire::percent_encode(value));
  }
  template <typename Number>
  void add(std::string_view name, const std::optional<Number>& number) {
    if (number) add(name, Writer().value(*number).str());
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

std::string list_query(const ListSpansOptions& o) {
  Query query;
  const auto add = [&](std::string_view name, const auto& value) { query.add(name, value); };
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
  add("promptVersion", o.prompt_version);
  add("label", o.label);
  add("experimentId", o.experiment_id);
  add("variant", o.variant);
  add("parentSpanId", o.parent_span_id);
  add("model", o.model);
  add("provider", o.provider);
  add("spanKind", o.span_kind);
  add("name", o.name);
  add("finishReason", o.finish_reason);
  add("costStatus", o.cost_status);
  add("minCost", o.min_cost);
  add("maxCost", o.max_cost);
  add("minLatencyMs", o.min_latency_ms);
  add("maxLatencyMs", o.max_latency_ms);
  add("minTotalTokens", o.min_total_tokens);
  add("maxTotalTokens", o.max_total_tokens);
  for (const auto& [name, value] : o.variables) add(wire::percent_encode("variables[" + name + "]"), value);
  add("q", o.q);
  add("contains", o.contains);
  add("limit", o.limit);
  add("cursor", o.cursor);
  return query.take();
}

Status check_value(const Scalar& value) {
  const double* number = std::get_if<double>(&value.value());
  if (number == nullptr || std::isfinite(*number)) return {};
  return fail(Error::invalid("value must be a finite number, true, false or a category"));
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

Result<StoredSpan> Spans::get(const std::string& span_id, const std::string& trace_id) const {
  TRACIA_TRY(require_span_id(span_id));
  Query query;
  query.add("traceId", trace_id);
  const auto answer = call_api(*core_, {.method = "GET", .path = span_path(span_id, query.take())});
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
  out.cursor = client::next_cursor(answer->root);
  out.has_more = answer->root["hasMore"].boolean_or(!out.cursor.empty());
  return out;
}

Status Spans::list_all(ListSpansOptions options, const std::function<bool(const SpanListItem&)>& each) const {
  if (!options.limit) options.limit = kPageMax;
  while (true) {
    const auto page = list(options);
    if (!page) return fail(page.error());
    for (const SpanListItem& span : page->spans) {
      if (!each(span)) return {};
    }
    if (page->cursor.empty()) return {};
    if (page->cursor == options.cursor) {
      return fail(client::malformed_answer(*core_, 200, "a page that leads to itself"));
    }
    options.cursor = page->cursor;
  }
}

Status Spans::remove(const std::string& span_id) const {
  TRACIA_TRY(require_span_id(span_id));
  const auto answer = call_api(*core_, {.method = "DELETE", .path = span_path(span_id)});
  if (!answer) return fail(answer.error());
  return {};
}

Result<std::vector<EvaluateResult>> Spans::evaluations(const std::string& span_id) const {
  TRACIA_TRY(require_span_id(span_id));
  std::vector<EvaluateResult> out;
  TRACIA_TRY(client::each_page(*core_, span_path(span_id, "/evaluations"), [&](const Value& page) -> Status {
    for (const Value item : page["evaluations"].items()) out.push_back(read_evaluation(item));
    return {};
  }));
  return out;
}

Result<EvaluateResult> Spans::evaluate(const std::string& span_id, const EvaluateOptions& options) const {
  TRACIA_TRY(require_span_id(span_id));
  TRACIA_TRY(check_value(options.value));
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
  w.begin_object().field("evaluatorKey", options.evaluator);
  client::write_scalar(w, "value", options.value);
  w.field_if("note", options.note).end_object();
  const auto answer = call_api(
      *core_,
      {.method = "POST", .path = span_path(span_id, "/evaluations"), .body = w.take(), .cancel = activity.cancel()});
  if (!answer) return fail(answer.error());
  return read_evaluation(answer->root);
}

}  // namespace v0
}  // namespace tracia
