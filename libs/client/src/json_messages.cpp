// Conversations as users write them. The reading itself is span's; here is what it leaves open, in the words that the
// documentation of the Python package promises.
#include "json_shapes.h"
#include "tracia/base/bytes.h"
#include "tracia/span/messages.h"

namespace tracia::client {
namespace {

constexpr std::string_view kRoles = "system, developer, user, assistant or tool";

// A member by either of its names, missing when null.
json::Value member(const json::Value& object, std::string_view snake, std::string_view camel) {
  const json::Value value = object[snake].is_missing_or_null() ? object[camel] : object[snake];
  return value.is_null() ? json::Value{} : value;
}

bool calls_tools(const json::Value& message) {
  return member(message, "tool_calls", "toolCalls").size() > 0 || message["function_call"].is_object() ||
         !message["refusal"].string_or("").empty();
}

bool has_call_id(const json::Value& result) {
  const json::Value id = member(result, "tool_call_id", "toolCallId");
  return id && !(id.is_string() && trim(id.string_or("")).empty());  // other types are refused by the reader
}

// A tool message says which call it answers, or holds tool_result parts that each say so.
bool answers_calls(const json::Value& message) {
  if (has_call_id(message)) return true;
  for (const json::Value part : message["content"].items()) {
    if (part["type"].string_or("") != "tool_result" || !has_call_id(part)) return false;
  }
  return message["content"].size() > 0;
}

Status check_message(const json::Value& message, const std::string& place) {
  if (!message.is_object()) return {};  // said by the reader
  const json::Value role = message["role"], content = message["content"];
  if (role.is_missing_or_null()) return fail(Error::invalid(place + ".role is required: " + std::string(kRoles)));
  const std::string_view word = role.string_or("");
  if ((word == "tool" || word == "function") && !answers_calls(message)) {
    return fail(Error::invalid("Tool messages must have tool_call_id"));
  }
  if (content.is_missing_or_null() && !(word == "assistant" && calls_tools(message))) {
    return fail(Error::invalid(place + ".content is required: a string or a list of parts" +
                               (word == "assistant" ? " (none only beside tool_calls)" : "")));
  }
  return {};
}

}  // namespace

void read_messages(InputFields& fields, std::vector<Message>& out) {
  const json::Value list = fields.get("messages");
  if (!list || !fields.ok()) return;
  size_t index = 0;
  for (const json::Value message : list.items()) {
    fields.check(check_message(message, "messages[" + std::to_string(index++) + "]"));
    if (!fields.ok()) return;
  }
  auto messages = span::messages_from_json(list);
  if (!messages) return fields.fail(std::move(messages).error());
  out = std::move(*messages);
}

}  // namespace tracia::client
