// Templates: text with {{variables}}. One rule for prompts.run, render, run_local and the dashboard's preview.
//
//   {{name}}  {{ name }}   a variable: word characters, spaces or tabs allowed inside the braces
//   \{{name}}              literal text "{{name}}"; the backslash goes away
//   {{}}  {{a b}}  {{a.b}} not variables: they stay as they are
//
// Word characters are ASCII letters, digits, '_', and every character beyond ASCII (letters of any script; telling them
// from symbols would take a Unicode table that must agree in C++, Python and TypeScript). Names are case-sensitive and
// have no meaning of their own: {{constructor}} is a name like any other. One pass: values are never looked at again.
// The rules for users: docs/guide/variables.md. Pure functions, thread-safe, O(text).
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tracia/base/limits.h"
#include "tracia/base/result.h"
#include "tracia/llm/model.h"

namespace tracia::prompt {

using Variables = std::map<std::string, std::string, std::less<>>;

// What one rendering may grow to: a short template can name a long value many times. No provider takes a larger
// request.
inline constexpr size_t kRenderedBytesMax = limits::kRequestBytesMax;

// The variables of a text, or of everything in `messages` that render() fills in, each once, in order of first use.
std::vector<std::string> variable_names(std::string_view text);
std::vector<std::string> variable_names(const std::vector<llm::Message>& messages);

// Fills in what `variables` holds; other names stay verbatim. Not bounded: for an application's own text and values.
std::string render(std::string_view text, const Variables& variables);

// As render(), but every variable must have a value. Errors: kMissingVariables "Missing required variables: name,
// email" (order of first use); kPayloadTooLarge past kRenderedBytesMax.
Result<std::string> render_strict(std::string_view text, const Variables& variables);

// Fills in the text parts of every message except tool messages and tool results, which are data and not templates.
// Errors: kPayloadTooLarge when all texts together pass kRenderedBytesMax; render_strict also kMissingVariables, naming
// those of all messages at once.
Result<std::vector<llm::Message>> render(std::vector<llm::Message> messages, const Variables& variables);
Result<std::vector<llm::Message>> render_strict(std::vector<llm::Message> messages, const Variables& variables);

}  // namespace tracia::prompt
