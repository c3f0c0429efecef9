#include "content_reader.h"

#include <unordered_set>

#include "tracia/base/bytes.h"
#include "tracia/json/writer.h"
#include "tracia/span/messages.h"

namespace tracia::prompt {
namespace {

std::string index_place(std::string_view list, size_t index) {
  return std::string(list) + "[" + std::to_string(index) + "]";
}

// An array member within its bounds; missing when omitted or null.
json::Value array(Fields& fields, std::string_view name, size_t items_max) {
  const json::Value value = fields.get(name);
  if (value.is_missing_or_null()) return {};
  if (!value.is_array()) {
    fields.fail(name, "must be an array");
  } else if (value.size() > items_max) {
    fields.fail(name, "must have at most " + std::to_string(items_max) + " entries");
  } else {
    return value;
  }
  return {};
}

// The conversation's reader calls the list "messages"; here it is "content".
Error at_content(Error error) {
  constexpr std::string_view kTheirs = "messages[";
  if (const size_t at = error.message.find(kTheirs); at != std::string::npos) {
    error.message.replace(at, kTheirs.size(), "content[");
  }
  return error;
}

// The id and the role of one message; its content is left to the conversation's reader.
TemplateMessage read_head(const json::Value& item, const std::string& place, Fields& outer) {
  TemplateMessage message;
  if (!item.is_object()) {
    outer.fail(place, "must be an object");
    return message;
  }
  Fields fields(item, place + ".");
  message.id = fields.text("id", 1, kMessageIdCharsMax).value_or("");
  const json::Value role = fields.require("role");
  message.role = role.text();
  if (!llm::role_from_name(message.role)) {
    fields.fail("role", "must be one of system, developer, user, assistant, tool");
  }
  outer.check(fields.status());
  return message;
}

// "msg_1" for the first message, and so on; the next free number when the client uses that name for another message.
void make_ids(std::vector<TemplateMessage>& messages, Fields& fields) {
  std::unordered_set<std::string> used;
  for (size_t i = 0; i < messages.size(); ++i) {
    if (!messages[i].id.empty() && !used.insert(messages[i].id).second) {
      return fields.fail(index_place("content", i) + ".id", "must be unique: another message has it");
    }
  }
  for (size_t i = 0; i < messages.size(); ++i) {
    for (size_t number = i + 1; messages[i].id.empty(); ++number) {
      std::string id = "msg_" + std::to_string(number);
      if (used.insert(id).second) messages[i].id = std::move(id);
    }
  }
}

// The `content` member of the message's JSON form. As a user's message, because a tool message keeps its results as
// parts here.
std::string stored_content(llm::Message message) {
  message.role = llm::Role::kUser;
  json::Document document;
  const auto value = document.parse(span::message_json(message));
  return value ? (*value)["content"].to_json() : "\"\"";
}

bool is_tool_name(std::string_view name) {
  for (const char c : name) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!letter && c != '_' && c != '-') return false;
  }
  return !name.empty() && name.size() <= kToolNameCharsMax;
}

// Appends one tool: {"name","description"?,"parameters"?}. Returns its name.
std::string read_tool(const json::Value& item, const std::string& place, json::Writer& w, Fields& outer) {
  if (!item.is_object()) {
    outer.fail(place, "must be an object");
    return "";
  }
  Fields fields(item, place + ".");
  std::string name = fields.require("name").text();
  if (!is_tool_name(name)) fields.fail("name", "must be 1 to 64 letters, digits, '_' or '-'");
  const auto description = fields.text("description", 0, static_cast<size_t>(-1));
  const json::Value parameters = fields.get("parameters");
  if (!parameters.is_missing_or_null() && !parameters.is_object()) {
    fields.fail("parameters", "must be a JSON Schema, an object");
  }
  w.begin_object().field("name", name).field("description", description);
  if (parameters.is_object()) w.field_raw("parameters", parameters.to_json());
  w.end_object();
  outer.check(fields.status());
  return name;
}

bool has_tool(std::string_view tools_json, std::string_view name) {
  json::Document document;
  const auto tools = document.parse(tools_json.empty() ? "[]" : tools_json);
  if (!tools) return false;
  for (const json::Value tool : tools->items()) {
    if (tool["name"].string() == name) return true;
  }
  return false;
}

}  // namespace

std::vector<TemplateMessage> read_messages(Fields& fields) {
  std::vector<TemplateMessage> messages;
  fields.require("content");
  const json::Value list = array(fields, "content", kMessagesMax);
  if (!fields.ok()) return messages;
  if (list.size() == 0) fields.fail("content", "must have at least one message");
  for (const json::Value item : list.items()) {
    messages.push_back(read_head(item, index_place("content", messages.size()), fields));
    if (!fields.ok()) return messages;
  }
  make_ids(messages, fields);
  if (!fields.ok()) return messages;
  auto conversation = span::messages_from_json(list);
  if (!conversation) {
    fields.fail(at_content(std::move(conversation).error()));
    return messages;
  }
  for (size_t i = 0; i < messages.size(); ++i) {
    // Only an assistant's message may lack content there: one that just calls tools.
    if ((*conversation)[i].parts.empty() && list.at(i)["content"].is_missing_or_null()) {
      fields.fail(Error::invalid("Missing required field: " + index_place("content", i) + ".content"));
      return messages;
    }
    messages[i].content_json = stored_content(std::move((*conversation)[i]));
  }
  return messages;
}

std::string read_provider(Fields& fields) {
  return ascii_lower(fields.text("provider", 1, kProviderCharsMax).value_or(""));
}

std::string read_model(Fields& fields) { return fields.text("model", 1, kModelCharsMax).value_or(""); }

std::vector<std::string> read_stop_sequences(Fields& fields) {
  std::vector<std::string> sequences;
  for (const json::Value item : array(fields, "stopSequences", kStopSequencesMax).items()) {
    const auto text = item.string();
    const std::string place = index_place("stopSequences", sequences.size());
    if (!text || text->empty() || count_chars(*text) > kStopSequenceCharsMax) {
      fields.fail(place, "must be a string of 1 to " + std::to_string(kStopSequenceCharsMax) + " characters");
      break;
    }
    sequences.emplace_back(*text);
  }
  return sequences;
}

std::string read_tools(Fields& fields) {
  const json::Value list = array(fields, "tools", kToolsMax);
  if (list.size() == 0) return "";  // no tools at all, however it is said
  json::Writer w;
  w.begin_array();
  std::unordered_set<std::string> names;
  size_t index = 0;
  for (const json::Value item : list.items()) {
    const std::string place = index_place("tools", index++);
    if (!names.insert(read_tool(item, place, w, fields)).second) {
      fields.fail(place + ".name", "must be unique: another tool has it");
    }
    if (!fields.ok()) return "";
  }
  w.end_array();
  return w.take();
}

std::string read_tool_choice(Fields& fields) {
  const json::Value choice = fields.get("toolChoice");
  if (choice.is_missing_or_null()) return "";
  if (const auto word = choice.string(); word == "auto" || word == "none" || word == "required") {
    return json::quoted(*word);
  }
  if (const auto tool = choice["tool"].string(); tool && !tool->empty()) {
    json::Writer w;
    w.begin_object().field("tool", *tool).end_object();
    return w.take();
  }
  fields.fail("toolChoice", "must be \"auto\", \"none\", \"required\" or {\"tool\": name}");
  return "";
}

std::string read_output_schema(Fields& fields) {
  const json::Value schema = fields.get("outputSchema");
  if (schema.is_missing_or_null()) return "";
  if (!schema.is_object()) fields.fail("outputSchema", "must be a JSON Schema, an object");
  return schema.to_json();
}

Status check_content(const Content& content) {
  if (content.tool_choice_json.empty() || content.tool_choice_json.front() != '{') return {};
  json::Document document;
  const auto choice = document.parse(content.tool_choice_json);
  if (choice && has_tool(content.tools_json, (*choice)["tool"].string_or(""))) return {};
  return fail(Error::invalid("toolChoice.tool must name one of the tools"));
}

}  // namespace tracia::prompt
