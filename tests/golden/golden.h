// What the golden data directory holds: written once by make_golden when a format is new, read for ever by golden_test.
#pragma once

#include <string>

#include "tracia/store_sqlite/data_directory.h"

namespace tracia::golden {

inline constexpr const char* kProject = "prj_00000000000000a1";
inline constexpr const char* kKey = "key_00000000000000a2";
inline constexpr const char* kConnection = "con_00000000000000a3";
inline constexpr const char* kPrompt = "prm_00000000000000a4";
inline constexpr const char* kEvaluation = "evl_00000000000000a5";
inline constexpr const char* kSecret = R"({"key":"not-a-real-key"})";
inline constexpr int kSpans = 20;       // the first half is in a sealed segment, the rest in the active one
inline constexpr int kDeletedSpan = 3;  // deleted again
inline constexpr int64_t kStartUs = 1'795'000'000'000'000;

inline std::string span_id(int n) {
  char text[24];
  std::snprintf(text, sizeof text, "sp_%016x", n);
  return text;
}
// Two spans a trace, the second a child of the first.
inline std::string trace_id(int n) { return "tr_" + span_id((n + 1) / 2 * 2 - 1).substr(3); }

inline store::NewSpan span(int n) {
  store::NewSpan made{.project_id = kProject, .span = {}};
  span::Span& one = made.span;
  one.span_id = span_id(n);
  if (n % 2 == 0) one.parent_span_id = span_id(n - 1);
  one.name = "step " + std::to_string(n);
  one.model = "gpt-4o";
  one.provider = "openai";
  one.status = n % 5 == 0 ? span::SpanStatus::kError : span::SpanStatus::kSuccess;
  if (n % 5 == 0) one.error = "it failed";
  one.start_time = Timestamp{kStartUs + n * 1'000'000};
  one.latency_ms = 100 + n;
  one.input_json = R"({"messages":[{"role":"user","content":"Say hello to number )" + std::to_string(n) + R"("}]})";
  one.variables_json = R"({"n":")" + std::to_string(n) + R"("})";
  one.output = "Hello, number " + std::to_string(n);
  one.usage.input_tokens = 10 + n;
  one.usage.output_tokens = n;
  one.tags = {"golden", n % 2 == 0 ? "even" : "odd"};
  one.user_id = "user-" + std::to_string(n % 3);
  one.session_id = "session-" + std::to_string(n % 4);
  one.prompt_slug = "welcome";
  one.prompt_version = 1 + n % 3;
  one.attributes_json = R"({"n":)" + std::to_string(n) + "}";
  made.prompt_id = kPrompt;
  made.cost = llm::Decimal::parse("0.00012");
  made.cost_status = llm::CostStatus::kExact;
  return made;
}

}  // namespace tracia::golden
