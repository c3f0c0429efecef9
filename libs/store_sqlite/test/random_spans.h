// Random spans for the tests of the record codec and of sealed segments, and a way to compare them whole.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "record.h"
#include "tracia/base/bytes.h"
#include "tracia/store/span_store.h"

namespace tracia::store_sqlite::testing {

// Every field now and then; few different values, so that filters find something. Starts are close together, so that
// some are equal; receive stamps go up by one each.
class SpanSource {
 public:
  explicit SpanSource(uint32_t seed) : random_(seed) {}

  size_t below(size_t bound) { return std::uniform_int_distribution<size_t>(0, bound - 1)(random_); }
  bool chance(size_t percent) { return below(100) < percent; }

  std::string hex(size_t digits) {
    std::string text;
    while (text.size() < digits) text += "0123456789abcdef"[below(16)];
    return text;
  }
  // Words of letters, no two the same but by chance.
  std::string prose(size_t bytes) {
    std::string text;
    while (text.size() < bytes) {
      for (size_t letters = 2 + below(9); letters > 0; --letters) text += static_cast<char>('a' + below(26));
      text += chance(5) ? "\\n" : " ";
    }
    return text;
  }
  std::string message(std::string_view role, size_t bytes) {
    return R"({"role":")" + std::string(role) + R"(","content":")" + prose(bytes) + R"("})";
  }

  store::StoredSpan next() {
    store::StoredSpan stored;
    span::Span& span = stored.span;
    span.span_id = (chance(95) ? "sp_" : "tr_") + hex(16);
    if (chance(60) && !traces_.empty()) {
      span.trace_id = traces_[below(traces_.size())];
    } else {
      span.trace_id = chance(70) ? "tr_" + hex(16) : chance(50) ? "tr_" + hex(32) : "My-Trace " + hex(5);
      traces_.push_back(span.trace_id);
    }
    if (chance(40)) span.parent_span_id = "sp_" + std::string(15, '0') + hex(1);
    span.start_time = Timestamp{1'700'000'000'000'000 + static_cast<int64_t>(below(50'000)) * 1000};
    stored.received = Timestamp{1'700'000'100'000'000 + ++received_};
    describe(span);
    measure(stored);
    fill(span);
    return stored;
  }

 private:
  std::string one_of(std::vector<std::string> values) { return values[below(values.size())]; }

  void describe(span::Span& span) {
    span.kind = static_cast<span::Kind>(below(8));
    span.name = one_of({"", "", "plan", "answer", std::string(300, 'n')});
    span.model = one_of({"gpt-4o", "GPT-4o", "claude-sonnet-4-5", ""});
    span.provider = one_of({"openai", "anthropic", "google"});
    if (chance(10)) span.status = span::SpanStatus::kError;
    if (span.status == span::SpanStatus::kError) span.error = prose(chance(50) ? 10 : 500);
    span.finish_reason = one_of({"", "stop", "tool_calls", "max_tokens"});
    span.provider_finish_reason = one_of({"", "end_turn"});
    span.cost_status = one_of({"", "estimated"});
    for (size_t i = below(4); i > 0; --i)
      span.tags.push_back(one_of({"a", "b", "nightly", std::string(40, 't') + hex(1)}));
    if (chance(50)) span.user_id = "user-" + hex(1);
    if (chance(50)) span.session_id = "session-" + std::string(40, 's') + hex(1);
    if (chance(50)) span.prompt_slug = one_of({"greet", "sort-mail"});
    if (chance(30)) span.prompt_version = 1 + static_cast<int64_t>(below(3));
    span.label = one_of({"", "production", "staging"});
    span.experiment_id = one_of({"", "", "exp_1"});
    if (!span.experiment_id.empty()) span.variant = one_of({"control", "treatment"});
  }

  void measure(store::StoredSpan& stored) {
    span::Span& span = stored.span;
    span.latency_ms = static_cast<int64_t>(below(chance(10) ? 100'000 : 1'000));
    if (chance(30)) span.time_to_first_token_ms = static_cast<int64_t>(below(500));
    if (chance(30)) span.temperature = 0.1 * static_cast<double>(below(20));
    if (chance(30)) span.top_p = 0.95;
    if (chance(30)) span.max_output_tokens = 1024;
    if (chance(70)) span.usage.input_tokens = static_cast<int64_t>(below(5'000));
    if (chance(70)) span.usage.output_tokens = static_cast<int64_t>(below(500));
    if (chance(40)) span.usage.total_tokens = static_cast<int64_t>(below(5'500));
    if (chance(10)) span.usage.cached_input_tokens = 7;
    if (chance(10)) span.usage.reasoning_tokens = 0;
    stored.cost_status = static_cast<llm::CostStatus>(below(3));
    if (stored.cost_status != llm::CostStatus::kUnknown) {
      stored.cost = llm::Decimal::from_units(llm::Int128{static_cast<int64_t>(below(1'000'000))} * 1'000'000'000'007);
    }
    if (span.prompt_slug == "greet" || (span.prompt_slug.empty() && chance(5))) stored.prompt_id = "prm_greet";
  }

  void fill(span::Span& span) {
    if (chance(80)) span.output = prose(below(200));
    if (chance(30))
      span.variables_json = R"({"city":")" + one_of({"Oslo", "Rome"}) + R"(","n":)" + std::to_string(below(3)) + "}";
    if (chance(20)) span.structured_output_json = R"({"a":[1,2]})";
    if (chance(20)) span.tools_json = R"([{"name":"look","parameters":{"type":"object","properties":{}}}])";
    if (chance(20)) span.tool_calls_json = R"([{"id":"1","name":"look","arguments":{}}])";
    if (chance(50)) span.usage_raw_json = R"({"prompt_tokens":12})";
    if (chance(20)) span.attributes_json = R"({"region":"eu","deep":{"list":["]}"]}})";
    if (chance(10)) {
      span.attempts.push_back({.provider = "openai", .model = "gpt-4o", .status = 429, .error_code = "PROVIDER_ERROR"});
      span.attempts.push_back({.provider = "openai", .model = "gpt-4o", .start_offset_ms = 5, .latency_ms = 900});
    }
    std::string list;
    for (size_t i = below(4); i > 0; --i) {
      if (!list.empty()) list += ',';
      list += chance(50) ? message("user", below(300)) : R"({"role":"system","content":"Be \"kind\" [ok\\\\"})";
    }
    span.input_json =
        one_of({"", R"({"messages":[)" + list + "]}", R"({"messages":[)" + list + R"(],"more":{"x":[1]}})",
                R"({"text":["one, two","three\\"]})", R"({"other":[)" + list + "]}"});
  }

  std::mt19937 random_;
  std::vector<std::string> traces_;
  int64_t received_ = 0;
};

// Every member of a span as text: two spans are the same when these are.
inline std::string dump(const store::StoredSpan& stored) {
  const span::Span& span = stored.span;
  std::string text = hex_encode(encode_row(stored));
  for (const std::string& member :
       {span.error, span.input_json, span.variables_json, span.output.value_or("(none)"), span.structured_output_json,
        span.tools_json, span.tool_calls_json, span.usage_raw_json, span.attributes_json}) {
    text += "\n" + member;
  }
  for (const span::Attempt& attempt : span.attempts) {
    text += "\n" + attempt.provider + "|" + attempt.model + "|" + std::to_string(attempt.status) + "|" +
            attempt.error_code + "|" + attempt.error_kind + "|" + attempt.message + "|" + attempt.request_id + "|" +
            std::to_string(attempt.start_offset_ms) + "|" + std::to_string(attempt.latency_ms);
  }
  return text;
}

inline store::StoredSpan without_payload(store::StoredSpan stored) {
  span::Span& span = stored.span;
  for (std::string* member : {&span.error, &span.input_json, &span.variables_json, &span.structured_output_json,
                              &span.tools_json, &span.tool_calls_json, &span.usage_raw_json, &span.attributes_json}) {
    member->clear();
  }
  span.output.reset();
  span.attempts.clear();
  return stored;
}

}  // namespace tracia::store_sqlite::testing
