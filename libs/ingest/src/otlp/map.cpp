#include "map.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "content.h"
#include "dialects.h"
#include "tracia/base/bytes.h"
#include "tracia/json/writer.h"
#include "usage.h"

namespace tracia::ingest::otlp {
namespace {

using span::Kind;

constexpr uint64_t kNanosPerMilli = 1'000'000;
// Embedding answers hold vectors: beyond this the raw answer stays in the attributes only.
constexpr size_t kEmbeddingOutputBytesMax = 1024;

class SpanMapper {
 public:
  SpanMapper(const SpanRecord& record, const Request& request, JsonPool& pool)
      : record_(record), request_(request), pool_(pool), a_(record.attributes, pool) {}

  Mapped map() {
    map_identity();
    map_settings();
    map_provider();
    map_usage();
    map_status();
    map_payload();
    map_first_token();
    map_tags();
    span_.attributes_json = attributes_json();
    fit(span_);
    const bool elsewhere = is_streamed_request();
    return {std::move(span_), std::move(raw_usage_), elsewhere};
  }

 private:
  std::string_view scope() const { return request_.scopes[record_.scope].name; }

  void map_identity() {
    span_.span_id = span_id_of(record_.span_id);
    span_.trace_id = trace_id_of(record_.trace_id);
    if (!record_.parent_span_id.empty()) span_.parent_span_id = span_id_of(record_.parent_span_id);
    // Logfire's span names are templates; the message is what it says.
    const std::string_view message = a_.text("logfire.msg");
    span_.name = to_valid_utf8(message.empty() ? record_.name : message);
    span_.kind = kind_of(a_, record_.name);
    if (record_.start_ns > 0) span_.start_time = timestamp_of(record_.start_ns);
    if (record_.end_ns > record_.start_ns && record_.start_ns > 0) {
      span_.latency_ms = static_cast<int64_t>((record_.end_ns - record_.start_ns) / kNanosPerMilli);
    }
  }

  // Logfire makes two spans of a streamed call: the request, and when it has ended a "log" beside it with the tokens.
  bool is_streamed_request() const {
    return span_.kind == Kind::kLlm && span_.usage.empty() && a_.text("logfire.span_type") == "span" &&
           a_.json("request_data")["stream"].boolean_or(false);
  }

  void map_settings() {
    span_.model = a_.first_text(kFields.model).value_or("");
    span_.user_id = a_.first_text(kFields.user_id).value_or("");
    span_.session_id = a_.first_text(kFields.session_id).value_or("");
    if (span_.kind != Kind::kTool) {
      if (span_.user_id.empty()) span_.user_id = a_.first_text(kFields.call_user_id).value_or("");
      if (span_.session_id.empty()) span_.session_id = a_.first_text(kFields.call_session_id).value_or("");
    }
    span_.prompt_slug = a_.first_text(kFields.prompt_slug).value_or("");
    span_.prompt_version = a_.first_integer(kFields.prompt_version);
    span_.temperature = a_.first_number(kFields.temperature);
    span_.top_p = a_.first_number(kFields.top_p);
    span_.max_output_tokens = a_.first_integer(kFields.max_output_tokens);
    if (const json::Value variables = a_.json("llm.prompt_template.variables"); variables.is_object()) {
      span_.variables_json = variables.to_json();
    }
  }

  void map_provider() {
    for (const Source& source : kFields.provider) {
      const auto raw = a_.first_text(std::span(&source, 1));
      if (!raw) continue;
      span_.provider = provider_of(*raw);
      if (!span_.provider.empty()) return;
    }
  }

  void map_usage() {
    ReadUsage read = read_usage(a_, span_.provider, scope());
    span_.usage = read.usage;
    span_.usage_raw_json = read.raw.json;
    raw_usage_ = std::move(read.raw);
  }

  void map_status() {
    // Some exporters say in words of their own what the status does not: LangSmith leaves failed runs "OK" with an
    // exception, Langfuse and Logfire have levels.
    const bool failed = record_.status == StatusCode::kError ||
                        (record_.status != StatusCode::kOk && level_is_error()) ||
                        (scope() == "langsmith" && exception() != nullptr);
    if (!failed) return;
    span_.status = span::SpanStatus::kError;
    span_.error = to_valid_utf8(record_.status_message);
    if (span_.error.empty() && exception() != nullptr) {
      const Attributes details(exception()->attributes, pool_);
      span_.error = details.first_text(kFields.error).value_or("");
      if (span_.error.empty()) span_.error = to_valid_utf8(details.text("exception.type"));
    }
    if (span_.error.empty()) span_.error = a_.first_text(kFields.error).value_or("");
  }

  bool level_is_error() const {
    const Source level[] = {{"logfire.level_num"}};
    return a_.text("langfuse.observation.level") == "ERROR" || a_.first_integer(level).value_or(0) >= 17;
  }

  const Event* exception() const {
    for (const Event& event : record_.events) {
      if (event.name == "exception") return &event;
    }
    return nullptr;
  }

  void map_payload() {
    if (span_.kind == Kind::kTool) return map_tool();
    Content content = read_content(a_, span_.kind == Kind::kLlm, pool_);
    read_events(content);
    if (span_.kind == Kind::kEmbedding) {
      content.input.clear();
      content.output.clear();
    }
    fill_content(content, span_);
    if (span_.kind == Kind::kEmbedding) return map_embedding();
    if (span_.kind == Kind::kRetrieval) map_documents();
    if (span_.kind != Kind::kLlm) map_raw_payload();
  }

  void read_events(Content& content) {
    // Attributes hold the whole conversation; events are of older instrumentations, and would repeat it.
    const bool input = content.input.empty(), output = content.output.empty();
    if (!input && !output) return;
    Content events;
    for (const Event& event : record_.events) {
      if (!is_genai_event(event.name)) continue;
      json::Writer w;
      write_attributes(w, event.attributes);
      read_event(event.name, {}, pool_.parse(w.str()), events);
    }
    if (input) content.input = std::move(events.input);
    if (output) content.output = std::move(events.output);
    if (content.instructions.empty()) content.instructions = std::move(events.instructions);
    if (content.finish_reason.empty()) content.finish_reason = std::move(events.finish_reason);
  }

  // The first of the attributes that is there: JSON, or text.
  const AnyValue* first_payload(std::initializer_list<std::span<const Source>> lists) const {
    for (const auto& sources : lists) {
      for (const Source& source : sources) {
        const AnyValue* value = a_.find(source.key);
        if (value != nullptr && !text_of(*value).empty()) return value;
      }
    }
    return nullptr;
  }

  // {"name","callId"?,"arguments"}; the output is the result as text.
  void map_tool() {
    std::string name = a_.first_text(kFields.tool_name).value_or("");
    // In dialects that name no tool the span is named after it.
    const bool named_after =
        a_.has("langfuse.observation.type") || a_.has("langsmith.span.kind") || a_.has("mlflow.spanType");
    if (name.empty() && named_after) name = span_.name;
    json::Writer w;
    w.begin_object();
    w.field_if("name", name);
    if (const auto id = a_.first_text(kFields.tool_call_id)) w.field("callId", *id);
    if (const AnyValue* arguments = first_payload({kFields.tool_arguments, kFields.input})) {
      w.key("arguments");
      write_payload(w, *arguments);
    }
    w.end_object();
    span_.input_json = w.take();
    if (const AnyValue* result = first_payload({kFields.tool_result, kFields.output})) span_.output = text_of(*result);
  }

  // JSON as JSON, text as text.
  void write_payload(json::Writer& w, const AnyValue& value) const {
    const json::Value inner = json_of(value, pool_);
    if (inner) {
      w.raw(inner.to_json());
    } else {
      write_any(w, value);
    }
  }

  void map_embedding() {
    const std::vector<std::string> texts = embedded_texts(a_, pool_);
    if (!texts.empty()) span_.input_json = span::text_input_json(texts);
    const AnyValue* output = first_payload({kFields.output});
    if (output == nullptr) return;
    std::string text = text_of(*output);
    if (text.size() <= kEmbeddingOutputBytesMax) span_.output = std::move(text);
  }

  // [{"id"?,"content","score"?,"metadata"?}, …] as the output.
  void map_documents() {
    std::string tree = unflatten(a_, "retrieval.documents.", pool_);
    if (tree.empty()) tree = unflatten(a_, "reranker.output_documents.", pool_);
    if (tree.empty()) return;
    json::Writer w;
    w.begin_array();
    for (const json::Value item : pool_.parse(tree).items()) {
      const json::Value document = item["document"].is_object() ? item["document"] : item;
      w.begin_object();
      for (const std::string_view name : {"id", "content", "score", "metadata"}) {
        const json::Value value = document[name];
        if (value.is_missing_or_null()) continue;
        const json::Value inner = name == "metadata" ? pool_.parse(value.string_or("")) : json::Value();
        w.field_raw(name, (inner.is_object() ? inner : value).to_json());
      }
      w.end_object();
    }
    w.end_array();
    span_.output = w.take();
  }

  // What is no conversation: an object as it is, anything else under "value" ("query" for a retrieval's text).
  void map_raw_payload() {
    if (span_.input_json.empty()) {
      if (const AnyValue* input = first_payload({kFields.input})) {
        const json::Value inner = json_of(*input, pool_);
        json::Writer w;
        if (inner.is_object()) {
          w.raw(inner.to_json());
        } else {
          w.begin_object().key(span_.kind == Kind::kRetrieval ? "query" : "value");
          write_payload(w, *input);
          w.end_object();
        }
        span_.input_json = w.take();
      }
    }
    if (span_.output) return;
    if (const AnyValue* output = first_payload({kFields.output})) span_.output = text_of(*output);
  }

  void map_first_token() {
    if (const auto ms = a_.first_number(std::array<Source, 1>{{{"ai.response.msToFirstChunk"}}})) {
      return set_first_token(*ms);
    }
    constexpr Source kSeconds[] = {{"gen_ai.response.time_to_first_chunk"},
                                   {"gen_ai.client.operation.time_to_first_chunk"},
                                   {"gen_ai.server.time_to_first_token"},
                                   {"gen_ai.response.time_to_first_token"}};
    if (const auto seconds = a_.first_number(kSeconds)) {
      // Seconds by the convention; nobody waits for days, but some send nanoseconds.
      return set_first_token(*seconds > 1e5 ? *seconds / 1e6 : *seconds * 1e3);
    }
    if (!span_.start_time) return;
    const Source started[] = {{"langfuse.observation.completion_start_time"}};
    if (const auto text = a_.first_text(started)) {
      if (const auto at = parse_rfc3339(*text)) {
        return set_first_token(static_cast<double>(at->micros - span_.start_time->micros) / 1e3);
      }
    }
    for (const Event& event : record_.events) {
      const bool first = event.name == "First Token Stream Event" || event.name == "new_token" ||
                         event.name == "ai.stream.firstChunk" || event.name == "gen_ai.first_token";
      if (!first || event.time_ns < record_.start_ns) continue;
      return set_first_token(static_cast<double>(event.time_ns - record_.start_ns) / 1e6);
    }
  }

  void set_first_token(double ms) {
    if (ms >= 0 && ms < static_cast<double>(span::limits::kDurationMsMax)) {
      span_.time_to_first_token_ms = std::llround(ms);
    }
  }

  void map_tags() {
    const auto add = [this](std::string_view tag) {
      tag = trim(tag);
      const bool known = std::find(span_.tags.begin(), span_.tags.end(), tag) != span_.tags.end();
      if (!tag.empty() && !known && span_.tags.size() < span::limits::kTagsMax)
        span_.tags.push_back(to_valid_utf8(tag));
    };
    for (const std::string_view key : kTagKeys) {
      const json::Value list = a_.json(key);
      for (const json::Value tag : list.items()) add(tag.string_or(""));
      std::string_view words = list ? std::string_view() : a_.text(key);
      while (!words.empty()) {
        const size_t comma = words.find(',');
        add(words.substr(0, comma));
        words = comma == std::string_view::npos ? std::string_view() : words.substr(comma + 1);
      }
    }
  }

  std::string attributes_json() const {
    constexpr std::string_view kKinds[] = {"", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER", "", ""};
    json::Writer w;
    w.begin_object();
    for (const Attribute& attribute : record_.attributes) {
      w.key(attribute.key);
      write_any(w, attribute.value);
    }
    w.field_if("otel.kind", kKinds[record_.kind & 7]);
    const Scope& scope = request_.scopes[record_.scope];
    if (!scope.name.empty()) {
      w.key("otel.scope").begin_object().field("name", scope.name).field_if("version", scope.version).end_object();
    }
    const AttributeList& resource = request_.resources[record_.resource];
    if (!resource.empty()) {
      w.key("otel.resource");
      write_attributes(w, resource);
    }
    write_events(w);
    write_links(w);
    if (record_.dropped > 0) w.field("otel.dropped", record_.dropped);
    w.end_object();
    return w.take();
  }

  void write_events(json::Writer& w) const {
    if (record_.events.empty()) return;
    w.key("otel.events").begin_array();
    for (const Event& event : record_.events) {
      w.begin_object().field("name", event.name);
      w.field("time", format_rfc3339_micros(timestamp_of(event.time_ns))).key("attributes");
      write_attributes(w, event.attributes);
      w.end_object();
    }
    w.end_array();
  }

  void write_links(json::Writer& w) const {
    if (record_.links.empty()) return;
    w.key("otel.links").begin_array();
    for (const Link& link : record_.links) {
      w.begin_object().field("traceId", trace_id_of(link.trace_id)).field("spanId", span_id_of(link.span_id));
      w.key("attributes");
      write_attributes(w, link.attributes);
      w.end_object();
    }
    w.end_array();
  }

  const SpanRecord& record_;
  const Request& request_;
  JsonPool& pool_;
  Attributes a_;
  span::Span span_;
  llm::RawUsage raw_usage_;
};

}  // namespace

std::string span_id_of(std::string_view hex) { return "sp_" + std::string(hex); }
std::string trace_id_of(std::string_view hex) { return "tr_" + std::string(hex); }

Timestamp timestamp_of(uint64_t ns) { return {static_cast<int64_t>(ns / 1000)}; }

Mapped map_span(const SpanRecord& record, const Request& request, JsonPool& pool) {
  pool.reset();
  return SpanMapper(record, request, pool).map();
}

}  // namespace tracia::ingest::otlp
