#include "span_query.h"

#include <array>
#include <charconv>
#include <cmath>
#include <utility>
#include <vector>

#include "request_json.h"
#include "tracia/base/bytes.h"
#include "tracia/base/ids.h"
#include "tracia/prompt/prompt.h"
#include "tracia/span/limits.h"
#include "tracia/wire/http.h"

namespace tracia::routes {
namespace {

namespace limits = span::limits;

// A query string, taken apart once. The first thing that is wrong is kept, so that readers are lists of parameters.
class Query {
 public:
  explicit Query(std::string_view text) {
    while (!text.empty() && ok()) {
      const size_t end = text.find('&');
      take(text.substr(0, end));
      text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    }
  }

  // The first of that name; nullptr when absent or empty.
  const std::string* get(std::string_view name) const {
    for (const auto& [key, value] : parameters_) {
      if (key == name) return value.empty() ? nullptr : &value;
    }
    return nullptr;
  }

  void text(std::string_view name, std::optional<std::string>& out, size_t chars_max) {
    const std::string* value = get(name);
    if (!value) return;
    if (value->size() > chars_max && count_chars(*value) > chars_max) {
      return fail(name, "must have at most " + std::to_string(chars_max) + " characters");
    }
    out = *value;
  }

  void integer(std::string_view name, std::optional<int64_t>& out, int64_t min) {
    const std::string* value = get(name);
    if (!value) return;
    const auto number = parse_integer(*value);
    if (!number || *number < min) return fail(name, "must be a whole number of at least " + std::to_string(min));
    out = number;
  }

  void time(std::string_view name, std::optional<Timestamp>& out) {
    const std::string* value = get(name);
    if (!value) return;
    out = parse_rfc3339(*value);
    if (!out) fail(name, "must be a date or a time of RFC 3339, such as 2026-11-20T10:00:00Z");
  }

  void dollars(std::string_view name, std::optional<llm::Decimal>& out) {
    const std::string* value = get(name);
    if (!value) return;
    out = llm::Decimal::parse(*value);
    if (!out) out = decimal_of_float(*value);
    if (!out || *out < llm::Decimal()) fail(name, "must be a number of at least 0");
  }

  // One of `words`; its position there.
  std::optional<size_t> choice(std::string_view name, const std::vector<std::string_view>& words) {
    const std::string* value = get(name);
    if (!value) return std::nullopt;
    for (size_t i = 0; i < words.size(); ++i) {
      if (*value == words[i]) return i;
    }
    std::string list;
    for (size_t i = 0; i < words.size(); ++i) {
      list.append(i == 0 ? "" : i + 1 == words.size() ? " or " : ", ").append(words[i]);
    }
    fail(name, "must be " + list);
    return std::nullopt;
  }

  const std::vector<std::pair<std::string, std::string>>& parameters() const { return parameters_; }

  bool ok() const { return !error_; }
  void fail(std::string_view name, std::string_view what) { fail(std::string(name) + " " + std::string(what)); }
  void fail(std::string message) {
    if (ok()) error_ = Error::invalid(std::move(message));
  }
  const std::optional<Error>& error() const { return error_; }

 private:
  void take(std::string_view pair) {
    if (pair.empty()) return;
    if (parameters_.size() == kQueryParametersMax) {
      return fail("A query string must have at most " + std::to_string(kQueryParametersMax) + " parameters");
    }
    const size_t equals = pair.find('=');
    std::string name = decode(pair.substr(0, equals));
    std::string value = equals == std::string_view::npos ? std::string() : decode(pair.substr(equals + 1));
    if (!is_valid_utf8(name) || !is_valid_utf8(value)) return fail("The query string must be valid UTF-8");
    parameters_.emplace_back(std::move(name), std::move(value));
  }

  static std::string decode(std::string_view text) {
    std::string plain(text);
    for (char& c : plain) c = c == '+' ? ' ' : c;
    return wire::percent_decode(plain);
  }

  // "1e-6": numbers of JSON that are no plain decimals.
  static std::optional<llm::Decimal> decimal_of_float(std::string_view text) {
    double value = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (ec != std::errc() || end != text.data() + text.size() || !std::isfinite(value) || value > 1e18) {
      return std::nullopt;
    }
    std::array<char, 64> digits{};
    const auto written =
        std::to_chars(digits.data(), digits.data() + digits.size(), value, std::chars_format::fixed, 18);
    if (written.ec != std::errc()) return std::nullopt;
    return llm::Decimal::parse({digits.data(), static_cast<size_t>(written.ptr - digits.data())});
  }

  std::vector<std::pair<std::string, std::string>> parameters_;
  std::optional<Error> error_;
};

void read_dates(Query& query, store::SpanFilter& filter) {
  query.time("startDate", filter.start_from);
  query.time("endDate", filter.start_before);
}

void read_tags(Query& query, std::vector<std::string>& tags) {
  const std::string* value = query.get("tags");
  if (!value) return;
  std::string_view rest = *value;
  while (query.ok()) {
    const size_t comma = rest.find(',');
    const std::string_view tag = rest.substr(0, comma);
    if (tag.empty() || count_chars(tag) > limits::kTagCharsMax) {
      return query.fail("tags", "must have 1 to " + std::to_string(limits::kTagCharsMax) +
                                    " characters each, with one comma between them");
    }
    if (tags.size() == kFilterTagsMax) return query.fail("tags", "must be at most " + std::to_string(kFilterTagsMax));
    tags.emplace_back(tag);
    if (comma == std::string_view::npos) return;
    rest.remove_prefix(comma + 1);
  }
}

void read_prompt(Query& query, const PromptIdOf& prompt_id_of, store::SpanFilter& filter) {
  const std::string* slug = query.get("promptSlug");
  if (!slug) return;
  if (!prompt::is_valid_slug(*slug)) {
    return query.fail("promptSlug", "must be lower-case letters, digits, '-' and '_'");
  }
  std::string id = prompt_id_of ? prompt_id_of(*slug) : std::string();
  if (id.empty()) {
    filter.prompt_slug = *slug;
  } else {
    filter.prompt_id = std::move(id);
  }
}

void read_status(Query& query, store::SpanFilter& filter) {
  const auto choice = query.choice("status", {"SUCCESS", "ERROR"});
  if (choice) filter.status = *choice == 0 ? span::SpanStatus::kSuccess : span::SpanStatus::kError;
}

void read_kind(Query& query, store::SpanFilter& filter) {
  const std::string* value = query.get("spanKind");
  if (!value) return;
  filter.kind = span::kind_from_name(*value);
  if (!filter.kind) {
    query.fail("spanKind", "must be LLM, EMBEDDING, ROOT, TOOL, RETRIEVAL, CHAIN, AGENT or OTHER");
  }
}

void read_trace_id(Query& query, store::SpanFilter& filter) {
  query.text("traceId", filter.trace_id, 128);
  if (filter.trace_id && !is_valid_trace_id(*filter.trace_id)) {
    query.fail("traceId", "must be 1 to 128 printable ASCII characters");
  }
}

void read_parent(Query& query, store::SpanFilter& filter) {
  const std::string* value = query.get("parentSpanId");
  if (!value) return;
  if (!is_valid_span_id(*value)) return query.fail("parentSpanId", "must be sp_ and 16 hexadecimal digits");
  filter.parent_span_id = ascii_lower(*value);
}

void read_label(Query& query, store::SpanFilter& filter) {
  query.text("label", filter.label, limits::kLabelCharsMax);
  if (filter.label && !prompt::is_valid_label(*filter.label)) {
    query.fail("label", "must be lower-case letters, digits, '-' and '_'");
  }
}

void read_outcome(Query& query, store::SpanFilter& filter) {
  // `length` is what the client libraries call max_tokens.
  const auto reason = query.choice("finishReason", {"stop", "tool_calls", "max_tokens", "length"});
  if (reason) filter.finish_reason = std::array{"stop", "tool_calls", "max_tokens", "max_tokens"}[*reason];
  const auto status = query.choice("costStatus", {"exact", "estimated", "unknown"});
  if (status) {
    filter.cost_status =
        std::array{llm::CostStatus::kExact, llm::CostStatus::kEstimated, llm::CostStatus::kUnknown}[*status];
  }
}

void read_ranges(Query& query, store::SpanFilter& filter) {
  query.dollars("minCost", filter.min_cost);
  query.dollars("maxCost", filter.max_cost);
  query.integer("minLatencyMs", filter.min_latency_ms, 0);
  query.integer("maxLatencyMs", filter.max_latency_ms, 0);
  query.integer("minTotalTokens", filter.min_total_tokens, 0);
  query.integer("maxTotalTokens", filter.max_total_tokens, 0);
}

// Members of an object, each as object[name]=value.
void read_members(Query& query, const std::string& object, std::vector<std::pair<std::string, std::string>>& members) {
  const std::string prefix = object + "[";
  for (const auto& [key, value] : query.parameters()) {
    if (key.compare(0, prefix.size(), prefix) != 0) continue;
    if (key.back() != ']' || key.size() == prefix.size() + 1) {
      return query.fail(object, "must be given as " + object + "[name]=value");
    }
    if (members.size() == kFilterVariablesMax) {
      return query.fail(object, "must be at most " + std::to_string(kFilterVariablesMax));
    }
    members.emplace_back(key.substr(prefix.size(), key.size() - prefix.size() - 1), value);
  }
}

bool is_word_byte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

// Words are runs of letters and digits; what stands between them, '*' included, only separates them: each word finds
// the words that it begins.
void read_words(Query& query, std::vector<std::string>& words) {
  std::optional<std::string> text;
  query.text("q", text, kSearchCharsMax);
  if (!text || !query.ok()) return;
  std::string word;
  for (const char c : *text + " ") {
    if (is_word_byte(c)) {
      word.push_back(c);
    } else if (!word.empty()) {
      words.push_back(std::exchange(word, {}));
    }
  }
  if (words.empty()) return query.fail("q", "must hold at least one word");
  if (words.size() > kSearchWordsMax)
    query.fail("q", "must hold at most " + std::to_string(kSearchWordsMax) + " words");
}

void read_contains(Query& query, store::SpanFilter& filter) {
  std::optional<std::string> text;
  query.text("contains", text, kSearchCharsMax);
  if (!text) return;
  if (count_chars(*text) < kContainsCharsMin) {
    return query.fail("contains", "must have at least " + std::to_string(kContainsCharsMin) + " characters");
  }
  filter.contains = std::move(*text);
}

// What traces, spans and the live tail have in common.
void read_shared(Query& query, const PromptIdOf& prompt_id_of, store::SpanFilter& filter) {
  read_prompt(query, prompt_id_of, filter);
  read_status(query, filter);
  query.text("userId", filter.user_id, limits::kUserIdCharsMax);
  query.text("sessionId", filter.session_id, limits::kSessionIdCharsMax);
  read_tags(query, filter.tags);
}

// What spans and the live tail have beyond that.
void read_span_fields(Query& query, store::SpanFilter& filter) {
  read_trace_id(query, filter);
  query.integer("promptVersion", filter.prompt_version, 1);
  read_label(query, filter);
  query.text("model", filter.model, limits::kModelCharsMax);
  query.text("provider", filter.provider, limits::kProviderCharsMax);
  read_kind(query, filter);
  query.text("name", filter.name, limits::kNameCharsMax);
}

void read_list_fields(Query& query, store::SpanFilter& filter) {
  read_parent(query, filter);
  query.text("experimentId", filter.experiment_id, limits::kExperimentIdCharsMax);
  query.text("variant", filter.variant, limits::kVariantCharsMax);
  read_outcome(query, filter);
  read_ranges(query, filter);
  read_members(query, "variables", filter.variables);
  read_members(query, "attributes", filter.attributes);
  read_words(query, filter.words);
  read_contains(query, filter);
}

}  // namespace

Result<store::SpanFilter> read_filter(std::string_view text, FilterSet set, const PromptIdOf& prompt_id_of) {
  Query query(text);
  store::SpanFilter filter;
  if (set != FilterSet::kTail) read_dates(query, filter);
  if (set == FilterSet::kSessions) query.text("userId", filter.user_id, limits::kUserIdCharsMax);
  if (set == FilterSet::kSpans || set == FilterSet::kTail || set == FilterSet::kTraces) {
    read_shared(query, prompt_id_of, filter);
  }
  if (set == FilterSet::kSpans || set == FilterSet::kTail) read_span_fields(query, filter);
  if (set == FilterSet::kSpans) read_list_fields(query, filter);
  if (query.error()) return fail(*query.error());
  return filter;
}

std::string position_cursor(std::string_view tag, const store::Position& position) {
  return make_cursor(tag, std::to_string(position.start_us) + "." + std::to_string(position.received_us));
}

Result<store::Position> read_position_cursor(std::string_view cursor, std::string_view tag) {
  auto text = read_cursor(cursor, tag);
  if (!text) return fail(std::move(text).error());
  const size_t dot = text->find('.');
  const auto start = parse_integer(std::string_view(*text).substr(0, dot));
  const auto received =
      dot == std::string::npos ? std::nullopt : parse_integer(std::string_view(*text).substr(dot + 1));
  const store::Position position{start.value_or(0), received.value_or(0)};
  // Numbers can be spelled in other ways ("007"): only the one made here is taken.
  if (!start || !received || position_cursor(tag, position) != cursor) {
    return fail(Error::invalid("cursor is not one that this list made"));
  }
  return position;
}

}  // namespace tracia::routes
