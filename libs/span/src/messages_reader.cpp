// Reading conversations in either form: lists, messages, tool calls. Parts are read in parts_reader.cpp.
#include "parts_reader.h"
#include "tracia/base/bytes.h"
#include "tracia/span/limits.h"
#include "tracia/span/messages.h"

namespace tracia::span {
namespace {

using llm::ToolCallPart;

// {"id","name","arguments"}: an entry of `toolCalls`. OpenAI's entries carry a "function" or "custom" object instead.
ToolCallPart read_listed_call(const json::Value& item, const std::string& place, Fields& outer) {
  ToolCallPart call;
  if (!item.is_object()) {
    outer.fail(Error::invalid(place + " must be an object"));
    return call;
  }
  Fields fields(item, place + ".");
  const json::Value function = fields.get("function");
  const json::Value custom = fields.get("custom");
  if (function.is_object() || custom.is_object()) {
    fields.text("id", call.id, limits::kIdCharsMax);
    Fields inner(function.is_object() ? function : custom, place + (function.is_object() ? ".function." : ".custom."));
    inner.required_text("name", call.name, limits::kNameCharsMax);
    if (custom.is_object()) {
      call.kind = ToolCallPart::Kind::kCustom;
      call.arguments = inner.get("input").text();
    } else {
      read_arguments(inner, call);
    }
    if (const Status status = inner.status(); !status) fields.fail(status.error());
  } else {
    call = read_tool_call(fields);
  }
  if (const Status status = fields.status(); !status) outer.fail(status.error());
  return call;
}

void read_listed_calls(Fields& fields, std::string_view name, std::vector<llm::Part>& parts) {
  const json::Value calls = fields.get(name);
  if (!fields.ok() || !calls) return;
  if (!calls.is_array()) return fields.fail(name, "must be an array");
  size_t index = 0;
  for (const json::Value item : calls.items()) {
    if (index == limits::kToolCallsMax) {
      return fields.fail(name, "must have at most " + std::to_string(limits::kToolCallsMax) + " entries");
    }
    const std::string place = fields.place(name) + "[" + std::to_string(index++) + "]";
    parts.push_back({read_listed_call(item, place, fields)});
    if (!fields.ok()) return;
  }
}

// What an assistant message of OpenAI has beside its content.
void read_assistant_extras(Fields& fields, llm::Message& message) {
  std::string refusal;
  fields.text("refusal", refusal, static_cast<size_t>(-1));
  if (!refusal.empty())
    message.parts.push_back({llm::TextPart{.text = std::move(refusal), .signature = "", .refusal = true}});
  read_listed_calls(fields, "toolCalls", message.parts);
  read_listed_calls(fields, "tool_calls", message.parts);
  if (const json::Value legacy = fields.get("function_call"); legacy && fields.ok()) {
    if (!legacy.is_object()) return fields.fail("function_call", "must be an object");
    Fields inner(legacy, fields.place("function_call") + ".");
    ToolCallPart call{.kind = ToolCallPart::Kind::kLegacyFunction};
    inner.required_text("name", call.name, limits::kNameCharsMax);
    read_arguments(inner, call);
    if (const Status status = inner.status(); !status) return fields.fail(status.error());
    message.parts.push_back({std::move(call)});
  }
}

bool holds_only_results(const std::vector<llm::Part>& parts) {
  for (const llm::Part& part : parts) {
    if (part.as<llm::ToolResultPart>() == nullptr) return false;
  }
  return !parts.empty();
}

// The content of a tool message becomes one result, unless it is a list of results already.
void read_tool_message(Fields& fields, llm::Message& message, bool legacy) {
  if (!fields.get("toolCallId") && !fields.get("tool_call_id") && !legacy && holds_only_results(message.parts)) return;
  llm::ToolResultPart result = read_result_head(fields);
  if (legacy) result.kind = ToolCallPart::Kind::kLegacyFunction;
  // OpenAI's participant name is, in a tool message, the name of the tool.
  if (result.tool_name.empty()) result.tool_name = std::move(message.name);
  message.name.clear();
  const bool has_id = fields.get("toolCallId") || fields.get("tool_call_id");
  // Google's models name no call: the tool's name is what their results are matched by.
  if (result.tool_call_id.empty() && result.tool_name.empty()) {
    return fields.fail("toolCallId", has_id ? "must not be empty in a tool message" : "is required in a tool message");
  }
  for (const llm::Part& part : message.parts) {
    if (part.as<llm::ToolResultPart>() != nullptr) return fields.fail("content", "must not hold tool results here");
  }
  result.content = std::move(message.parts);
  message.parts.clear();
  message.parts.push_back({std::move(result)});
}

llm::Message read_message(const json::Value& value, const std::string& place, Fields& outer) {
  llm::Message message;
  if (!value.is_object()) {
    outer.fail(Error::invalid(place + " must be an object"));
    return message;
  }
  Fields fields(value, place + ".");
  const auto role_word = fields.require("role").string();
  const bool legacy = role_word == "function";  // OpenAI before tools
  const auto role = legacy ? llm::Role::kTool : llm::role_from_name(role_word.value_or(""));
  if (fields.ok() && !role) fields.fail("role", "must be system, developer, user, assistant or tool");
  message.role = role.value_or(llm::Role::kUser);
  fields.text("name", message.name, limits::kNameCharsMax);
  fields.text("id", message.id, limits::kIdCharsMax);
  read_content(fields, message.parts, true);
  if (message.role == llm::Role::kAssistant) {
    read_assistant_extras(fields, message);
  } else if (fields.ok() && !value["content"]) {
    fields.fail(Error::invalid("Missing required field: " + fields.place("content")));
  }
  if (message.role == llm::Role::kTool && fields.ok()) read_tool_message(fields, message, legacy);
  if (const Status status = fields.status(); !status) outer.fail(status.error());
  return message;
}

}  // namespace

Result<std::vector<llm::Message>> messages_from_json(const json::Value& array) {
  if (!array.is_array()) return tracia::fail(Error::invalid("messages must be an array"));
  std::vector<llm::Message> messages;
  Fields all(array, "");
  for (const json::Value item : array.items()) {
    if (messages.size() == limits::kMessagesMax) {
      return tracia::fail(
          Error::invalid("messages must have at most " + std::to_string(limits::kMessagesMax) + " entries"));
    }
    messages.push_back(read_message(item, "messages[" + std::to_string(messages.size()) + "]", all));
    if (const Status status = all.status(); !status) return tracia::fail(status.error());
  }
  return messages;
}

}  // namespace tracia::span
