#include "prompt_json.h"

#include "run_result.h"
#include "tracia/base/bytes.h"
#include "tracia/wire/http.h"

namespace tracia::client {
namespace {

using json::Value;

std::vector<std::string> texts(const Value& array) {
  std::vector<std::string> out;
  for (const Value item : array.items()) out.push_back(item.text());
  return out;
}

std::vector<PromptMessage> prompt_messages(const Value& array) {
  std::vector<PromptMessage> out;
  for (const Value item : array.items()) {
    out.push_back({.id = item["id"].text(), .role = item["role"].text(), .content = item["content"].text()});
  }
  return out;
}

// Beside `version`, a fetched prompt's JSON has these members where the server has them inside it.
void read_extras(const Value& from, FetchedPrompt& out) {
  out.variables = texts(from["variables"]);
  out.tools = json_or_empty(from["tools"]);
  out.tool_choice = json_or_empty(from["toolChoice"]);
  out.output_schema = json_or_empty(from["outputSchema"]);
}

Status check_fetched(const Value& version, const FetchedPrompt& prompt) {
  if (trim(prompt.slug).empty()) return fail(Error::invalid("slug is missing"));
  if (prompt.version.version < 1) return fail(Error::invalid("version.version must be a whole number of at least 1"));
  if (!version["messages"].is_array()) return fail(Error::invalid("version.messages must be an array"));
  return {};
}

}  // namespace

std::string prompt_path(const std::string& slug, std::string_view tail) {
  return "/api/v1/prompts/" + wire::percent_encode(slug) + std::string(tail);
}

PromptVersion read_version(const Value& v) {
  return {.version = v["version"].integer().value_or(0),
          .messages = prompt_messages(v["messages"]),
          .model = v["model"].text(),
          .provider = v["provider"].text(),
          .temperature = v["temperature"].number(),
          .top_p = v["topP"].number(),
          .max_output_tokens = v["maxOutputTokens"].integer(),
          .stop_sequences = texts(v["stopSequences"]),
          .note = v["note"].text(),
          .author = v["author"].text(),
          .created_at = v["createdAt"].text()};
}

Prompt read_prompt(const Value& v) {
  Prompt out{.id = v["id"].text(),
             .slug = v["slug"].text(),
             .name = v["name"].text(),
             .description = v["description"].text(),
             .provider = v["provider"].text(),
             .model = v["model"].text(),
             .temperature = v["temperature"].number(),
             .top_p = v["topP"].number(),
             .max_output_tokens = v["maxOutputTokens"].integer(),
             .stop_sequences = texts(v["stopSequences"]),
             .current_version = v["currentVersion"].integer().value_or(0),
             .content = prompt_messages(v["content"]),
             .variables = texts(v["variables"]),
             .tools = json_or_empty(v["tools"]),
             .output_schema = json_or_empty(v["outputSchema"]),
             .created_at = v["createdAt"].text(),
             .updated_at = v["updatedAt"].text()};
  for (const Value version : v["versions"].items()) out.versions.push_back(read_version(version));
  return out;
}

Result<FetchedPrompt> read_fetched_version(const Value& value, std::string slug, std::string label) {
  FetchedPrompt out{.slug = std::move(slug), .label = std::move(label), .version = read_version(value)};
  read_extras(value, out);
  out.messages_json = json_or_empty(value["messages"]);
  TRACIA_TRY(check_fetched(value, out));
  return out;
}

Result<FetchedPrompt> read_fetched_prompt(const Value& value) {
  const Value version = value["version"];
  FetchedPrompt out{.slug = value["slug"].text(), .label = value["label"].text(), .version = read_version(version)};
  read_extras(value, out);
  out.fetched_at = value["fetchedAt"].text();
  out.stale = value["stale"].boolean_or(false);
  out.messages_json = json_or_empty(version["messages"]);
  TRACIA_TRY(check_fetched(version, out));
  return out;
}

}  // namespace tracia::client
