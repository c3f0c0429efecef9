#include "tracia/ingest/ingest.h"

#include <utility>

#include "tracia/base/bytes.h"
#include "tracia/base/ids.h"
#include "tracia/base/limits.h"
#include "tracia/json/reader.h"

namespace tracia::ingest {
namespace {

// A parser keeps about ten times the longest text it has seen. Texts beyond this get a parser of their own, so that one
// large batch does not stay in memory with every thread.
constexpr size_t kKeptParserBytesMax = 1u << 20;

// The parser for a text: this thread's, or a fresh one for long texts.
class Parser {
 public:
  explicit Parser(size_t text_bytes) {
    if (text_bytes > kKeptParserBytesMax) own_.emplace();
  }
  Result<json::Value> parse(std::string_view text) { return own_ ? own_->parse(text) : kept().parse(text); }

 private:
  static json::Document& kept() {
    static thread_local json::Document document;
    return document;
  }
  std::optional<json::Document> own_;
};

Error too_many(size_t count) {
  return {.code = ErrorCode::kPayloadTooLarge,
          .kind = ErrorKind::kTooLarge,
          .message = "A batch holds at most " + std::to_string(limits::kBatchSpansMax) + " spans; this one has " +
                     std::to_string(count) + "."};
}

// The id of a span that was refused, as far as it is one.
std::optional<std::string> readable_span_id(const json::Value& value) {
  const auto id = value["spanId"].string();
  if (!id || !is_valid_span_id(*id)) return std::nullopt;
  return ascii_lower(*id);
}

// Where the spans of one request go, and what prices them.
struct Context {
  const std::string& project_id;
  const PromptIdOf& prompt_id_of;
  Timestamp now;
  const PriceBook* own;
};

Result<store::NewSpan> take(const json::Value& value, const Context& context) {
  auto read = span::from_json(value);
  if (!read) return fail(std::move(read).error());
  store::NewSpan span{.project_id = context.project_id, .span = std::move(*read)};
  if (!span.span.prompt_slug.empty() && context.prompt_id_of) {
    span.prompt_id = context.prompt_id_of(span.span.prompt_slug);
  }
  price(span, context.now, context.own);
  return span;
}

void take_item(const json::Value& value, size_t index, const Context& context, Decoded& out) {
  auto span = take(value, context);
  if (!span) return out.rejected.push_back({index, readable_span_id(value), std::move(span).error()});
  out.spans.push_back(std::move(*span));
  out.indexes.push_back(index);
}

// Calls `each` with every line that is not blank.
template <typename Each>
void for_each_line(std::string_view body, Each each) {
  while (!body.empty()) {
    const size_t end = body.find('\n');
    const std::string_view line = trim(body.substr(0, end));
    if (!line.empty()) each(line);
    if (end == std::string_view::npos) return;
    body.remove_prefix(end + 1);
  }
}

Result<Decoded> read_array(std::string_view body, const Context& context) {
  Parser parser(body.size());
  const auto array = parser.parse(body);
  if (!array) return fail(array.error());
  if (!array->is_array()) return fail(Error::invalid("A batch must be a JSON array of spans, or NDJSON"));
  const size_t count = array->size();
  if (count > limits::kBatchSpansMax) return fail(too_many(count));
  Decoded decoded;
  decoded.spans.reserve(count);
  decoded.indexes.reserve(count);
  size_t index = 0;
  for (const json::Value item : array->items()) take_item(item, index++, context, decoded);
  return decoded;
}

Result<Decoded> read_lines(std::string_view body, const Context& context) {
  size_t count = 0;
  for_each_line(body, [&](std::string_view) { ++count; });
  if (count > limits::kBatchSpansMax) return fail(too_many(count));
  Decoded decoded;
  decoded.spans.reserve(count);
  decoded.indexes.reserve(count);
  size_t index = 0;
  for_each_line(body, [&](std::string_view line) {
    Parser parser(line.size());
    const auto value = parser.parse(line);
    if (value) return take_item(*value, index++, context, decoded);
    decoded.rejected.push_back({index++, std::nullopt, value.error()});
  });
  return decoded;
}

bool costs_something(span::Kind kind) { return kind == span::Kind::kLlm || kind == span::Kind::kEmbedding; }

}  // namespace

Result<store::NewSpan> read_span(std::string_view body, const std::string& project_id, const PromptIdOf& prompt_id_of,
                                 Timestamp now, const PriceBook* own) {
  Parser parser(body.size());
  const auto value = parser.parse(body);
  if (!value) return fail(value.error());
  return take(*value, {project_id, prompt_id_of, now, own});
}

Result<Decoded> read_batch(std::string_view body, BatchForm form, const std::string& project_id,
                           const PromptIdOf& prompt_id_of, Timestamp now, const PriceBook* own) {
  const Context context{project_id, prompt_id_of, now, own};
  return form == BatchForm::kArray ? read_array(body, context) : read_lines(body, context);
}

void price(store::NewSpan& span, Timestamp now, const PriceBook* own) {
  span.cost.reset();
  span.cost_status = llm::CostStatus::kUnknown;
  const span::Span& s = span.span;
  if (!costs_something(s.kind)) return;
  const llm::ModelKind kind = s.kind == span::Kind::kEmbedding ? llm::ModelKind::kEmbedding : llm::ModelKind::kChat;
  const llm::Cost cost = cost_of(own, span.project_id, s.usage, kind, s.provider, s.model, s.start_time.value_or(now));
  if (cost.status == llm::CostStatus::kUnknown) return;
  span.cost = cost.total;
  span.cost_status = s.cost_status == "estimated" ? llm::CostStatus::kEstimated : cost.status;
}

}  // namespace tracia::ingest
