// A prompt as a text file for Git: TOML that a person can read, edit and review, one prompt a file. Pure.
//
//   name = "Welcome email"
//   slug = "welcome-email"
//   version = 3                      # the one it was pulled from; pushing makes the next
//   model = "gpt-4o"
//   temperature = 0.5
//   tools = '''                      # JSON, as are tool_choice and output_schema
//   [...]'''
//
//   [[messages]]
//   id = "msg_1"
//   role = "user"
//   content = """
//   Greet {{name}}."""
//
// A message whose content is a list of parts (pictures, tool calls) has `parts` in place of `content`, as JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tracia/base/result.h"
#include "tracia/json/reader.h"

namespace tracia::app {

struct PromptFileMessage {
  std::string id, role;
  std::string content;                  // may hold {{variables}}
  std::string parts = {};               // JSON text of a list, in place of content; "" = none
  std::string tool_call_id, tool_name;  // of role tool
};

struct PromptFile {
  std::string slug, name, description;
  int64_t version = 0;  // 0: never pulled
  std::string provider, model;
  std::optional<double> temperature, top_p;
  std::optional<int64_t> max_output_tokens;
  std::vector<std::string> stop_sequences;
  std::string tools, tool_choice, output_schema;  // JSON text, "" = none
  std::vector<PromptFileMessage> messages;
};

// Errors: kInvalidRequest with the line of what is not TOML, or the name of a member that is unknown, missing or wrong.
Result<PromptFile> parse_prompt_file(std::string_view text);
// What parse_prompt_file() reads back; the same prompt gives the same bytes.
std::string write_prompt_file(const PromptFile& prompt);

// From the API's Prompt (its newest version), and from one of its versions (name and description are the prompt's).
PromptFile prompt_from_api(const json::Value& prompt);
PromptFile version_from_api(const json::Value& version, const PromptFile& prompt);
// The body of a create, or (with `base_version`) of an update: members that are not set are cleared by null.
std::string prompt_body(const PromptFile& prompt, std::optional<int64_t> base_version, const std::string& note);

// Whether two files say the same of everything but the version.
bool same_prompt(const PromptFile& a, const PromptFile& b);

// JSON over several lines, two spaces a level; empty lists and objects stay on theirs.
std::string indented(const json::Value& value);

// Lines of `before` and `after` as a unified diff without its header: "-", "+" or " " before each line, at most three
// lines of context around a change. "" when they are equal. Cost: lines(before) * lines(after), both at most 2,000;
// past that, all of one against all of the other.
std::string line_diff(std::string_view before, std::string_view after);

}  // namespace tracia::app
