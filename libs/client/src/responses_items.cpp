#include "responses_items.h"

#include "tracia/json/reader.h"

namespace tracia::client {
namespace {

// Text of a message item's content: a string, or parts of type input_text, output_text, text.
std::string content_text(const json::Value& content) {
  if (content.is_string()) return content.text();
  std::string out;
  for (const json::Value part : content.items()) out.append(part["text"].string_or(""));
  return out;
}

llm::Role item_role(const json::Value& item) {
  return llm::role_from_name(item["role"].string_or("assistant")).value_or(llm::Role::kUser);
}

llm::Message readable(const json::Value& item) {
  const std::string_view type = item["type"].string_or("message");
  if (type == "function_call_output" || type == "custom_tool_call_output") {
    const json::Value output = item["output"];
    return llm::tool_result(item["call_id"].text(), "", output.is_string() ? output.text() : output.to_json());
  }
  llm::Message message{.role = item_role(item)};
  if (type == "function_call") {
    message.parts.push_back({llm::ToolCallPart{
        .id = item["call_id"].text(), .name = item["name"].text(), .arguments = item["arguments"].text()}});
  } else if (type == "message") {
    message.parts.push_back(llm::text_part(content_text(item["content"])));
  } else {
    message.parts.push_back({llm::OpaquePart{.provider = llm::Provider::kOpenAi, .json = item.to_json()}});
  }
  return message;
}

}  // namespace

Result<ResponsesItems> responses_items(const std::vector<std::string>& items) {
  ResponsesItems out;
  llm::Message verbatim{.role = llm::Role::kUser};
  json::Document document;
  for (size_t i = 0; i < items.size(); ++i) {
    const std::string place = "input[" + std::to_string(i) + "]";
    const auto item = document.parse(items[i]);
    if (!item) return fail(Error::invalid(place + " is " + item.error().message));
    if (!item->is_object() || (!(*item)["role"].is_string() && !(*item)["type"].is_string())) {
      return fail(Error::invalid(place + " must be a JSON object with a role or a type"));
    }
    const std::string_view type = (*item)["type"].string_or("");
    if ((type == "function_call_output" || type == "custom_tool_call_output") &&
        (*item)["call_id"].string_or("").empty()) {
      return fail(Error::invalid(place + ".call_id is required and cannot be empty"));
    }
    out.readable.push_back(readable(*item));
    verbatim.parts.push_back({llm::OpaquePart{.provider = llm::Provider::kOpenAi, .json = items[i]}});
  }
  out.verbatim.push_back(std::move(verbatim));
  return out;
}

}  // namespace tracia::client
