// What Chat Completions and Responses share.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "answer.h"

namespace tracia::simulate {

inline Answer openai_error(const Call& call, const VendorError& error) {
  return error_answer(Vendor::kOpenAi, error, call.hash);
}
Answer openai_missing(const Call& call, std::string_view param);
Answer openai_bad_type(const Call& call, std::string_view param, std::string_view expected);
Answer openai_no_model(const Call& call, std::string_view model);

// o-series and gpt-5 models think before they answer.
bool is_openai_reasoning_model(std::string_view model);

// tool_choice as text or object; `name_of` finds the function's name in an object. The error names tool_choice.
std::optional<Answer> read_openai_tool_choice(const Call& call, Ask& ask);

// The rules of `strict`: every object closed and every property required. "" when kept, else what is wrong.
std::string strict_schema_problem(const json::Value& schema);

std::string openai_call_id(uint64_t seed);

}  // namespace tracia::simulate
