#include "prompt_json.h"

#include "run_result.h"
#include "tracia/base/bytes.h"
#include "tracia/span/messages.h"
#include "tracia/wire/http.h"

namespace tracia::client {
namespace {

using json::Value;

constexpr size_t kEchoedBytesMax = 80;

std::vector<std::string> texts(const Value& array) {
  std::vector<std::string> out;
  for (const Value item : array.items()) out.push_back(item.text());
  return out;
}

// One plain text: what most messages are.
bool is_plain(const Value& message) {
  return !message["content"].is_array() && message["role"].string_or("") != "tool" && !message["toolCalls"];
}

Result<std::vector<PromptMessage>> prompt_messages(const Value& array) {
  std::vector<PromptMessage> out;
  bool all_plain = true;
  for (const Value item : array.items()) {
    out.push_back({.id = item["id"].text(), .role = item["role"].text(), .content = item["content"].text()});
    all_plain = all_plain && is_plain(item);
  }
  if (all_plain) return out;
  auto messages = span::messages_from_json(array);
  if (!messages) return fail(std::move(messages).error());
  size_t i = 0;
  for (const Value item : array.items()) {
    if (!is_plain(item)) {
      out[i].content = (*messages)[i].text();
      out[i].parts = std::move((*messages)[i].parts);
    }
    ++i;
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

Result<Message> message_of(const PromptMessage& message) {
  const auto role = llm::role_from_name(message.role);
  if (!role) {
    return fail(Error::invalid("a prompt's message has the unknown role '" +
                               std::string(utf8_prefix(message.role, kEchoedBytesMax)) + "'"));
  }
  Message out{.role = *role, .parts = message.parts, .id = message.id};
  if (out.parts.empty()) out.parts.push_back(text_part(message.content));
  return out;
}

Result<PromptVersion> read_version(const Value& v) {
  auto messages = prompt_messages(v["messages"]);
  if (!messages) return fail(std::move(messages).error());
  return PromptVersion{.version = v["version"].integer().value_or(0),
                       .messages = std::move(*messages),
                       .model = v["model"].text(),
                       .provider = v["provider"].text(),
                       .temperature = v["temperature"].number(),
                       .top_p = v["topP"].number(),
                       .max_output_tokens = v["maxOutputTokens"].integer(),
                       .stop_sequences = texts(v["stopSequences"]),
                       .note = v["note"].text(),
                       .author = v["author"].text(),
                       .created_at = v["createdAt"].text(),
                       .variables = texts(v["variables"]),
                       .labels = texts(v["labels"]),
                       .tools = json_or_empty(v["tools"]),
                       .tool_choice = json_or_empty(v["toolChoice"]),
                       .output_schema = json_or_empty(v["outputSchema"])};
}

Result<Prompt> read_prompt(const Value& v) {
  auto content = prompt_messages(v["content"]);
  if (!content) return fail(std::move(content).error());
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
             .content = std::move(*content),
             .variables = texts(v["variables"]),
             .tools = json_or_empty(v["tools"]),
             .output_schema = json_or_empty(v["outputSchema"]),
             .created_at = v["createdAt"].text(),
             .updated_at = v["updatedAt"].text(),
             .tool_choice = json_or_empty(v["toolChoice"]),
             .default_label = v["defaultLabel"].text()};
  for (const auto& label : v["labels"].members())
    out.labels[std::string(label.key)] = label.value.integer().value_or(0);
  for (const Value item : v["versions"].items()) {
    auto version = read_version(item);
    if (!version) return fail(std::move(version).error());
    out.versions.push_back(std::move(*version));
  }
  return out;
}

Result<FetchedPrompt> read_fetched_version(const Value& value, std::string slug, std::string label) {
  auto version = read_version(value);
  if (!version) return fail(std::move(version).error());
  FetchedPrompt out{.slug = std::move(slug), .label = std::move(label), .version = std::move(*version)};
  read_extras(value, out);
  TRACIA_TRY(check_fetched(value, out));
  return out;
}

Result<FetchedPrompt> read_fetched_prompt(const Value& value) {
  const Value version = value["version"];
  auto read = read_version(version);
  if (!read) return fail(std::move(read).error());
  FetchedPrompt out{.slug = value["slug"].text(), .label = value["label"].text(), .version = std::move(*read)};
  read_extras(value, out);
  out.version.variables = out.variables;
  out.version.tools = out.tools;
  out.version.tool_choice = out.tool_choice;
  out.version.output_schema = out.output_schema;
  out.fetched_at = value["fetchedAt"].text();
  out.stale = value["stale"].boolean_or(false);
  TRACIA_TRY(check_fetched(version, out));
  return out;
}

}  // namespace tracia::client
