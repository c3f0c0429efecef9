#include "messages.h"

#include <algorithm>
#include <array>

#include "tracia/base/bytes.h"
#include "tracia/json/writer.h"
#include "tracia/span/limits.h"

namespace tracia::ingest::otlp {
namespace {

using llm::Role;

// Wrappers inside wrappers: {"input":{"messages":[[{"kwargs":…}]]}} is five. Deeper nesting is no conversation.
constexpr int kDepthMax = 12;

// The first of the members that is there and not null.
json::Value any_of(const json::Value& object, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    const json::Value value = object[name];
    if (!value.is_missing_or_null()) return value;
  }
  return {};
}

std::string text_in(const json::Value& value) {
  if (const auto text = value.string()) return std::string(*text);
  return value.is_missing_or_null() ? std::string() : value.to_json();
}

void read_message(const json::Value& value, Role role, std::vector<llm::Message>& out, int depth);

// A list of content parts in the place of a list of messages: Anthropic's answers, prompts of one multi-part message.
bool is_part_list(const json::Value& list) {
  for (const json::Value item : list.items()) {
    const std::string_view type = item["type"].string_or("");
    const bool part = type == "text" || type == "image" || type == "image_url" || type == "tool_use" ||
                      type == "tool-call" || type == "tool_call" || type == "thinking" || type == "input_text" ||
                      type == "input_image";
    if (!part || item["role"] || item["data"].is_object()) return false;
  }
  return list.size() > 0;
}

void read_list(const json::Value& list, Role role, std::vector<llm::Message>& out, int depth) {
  if (is_part_list(list)) {
    llm::Message message{.role = role};
    read_parts(list, message.parts);
    return out.push_back(std::move(message));
  }
  for (const json::Value item : list.items()) {
    if (out.size() >= span::limits::kMessagesMax) return;
    if (item.is_array() && depth < kDepthMax) {
      read_list(item, role, out, depth + 1);
    } else {
      read_message(item, role, out, depth);
    }
  }
}

// The role in LangChain's class path: ["langchain_core","messages","HumanMessage"].
Role langchain_role(const json::Value& id, Role fallback) {
  const std::string name = id.at(id.size() == 0 ? 0 : id.size() - 1).text();
  return role_of(ascii_lower(name.substr(0, name.find("Message"))), fallback);
}

void append_tool_result(const json::Value& value, std::vector<llm::Part>& parts) {
  llm::ToolResultPart result;
  result.tool_call_id =
      any_of(value, {"id", "tool_call_id", "toolCallId", "tool_use_id", "toolUseId", "call_id"}).text();
  result.tool_name = any_of(value, {"name", "toolName", "tool_name"}).text();
  result.is_error =
      any_of(value, {"isError", "is_error"}).boolean_or(false) || value["status"].string_or("") == "error";
  json::Value content = any_of(value, {"response", "result", "output", "content"});
  // The AI SDK: {"type":"text"|"json","value":…}.
  if (const json::Value inner = content["value"]; inner && content["type"].is_string() && content.size() <= 3) {
    content = inner;
  }
  const bool parts_inside =
      content.is_array() && content.at(0).is_object() && (content.at(0)["type"] || content.at(0)["text"]);
  if (parts_inside) {
    read_parts(content, result.content);
  } else if (content) {
    result.content.push_back(llm::text_part(text_in(content)));
  }
  parts.push_back({std::move(result)});
}

bool append_tool_call(const json::Value& value, std::vector<llm::Part>& parts) {
  if (value["tool_call"].is_object()) return append_tool_call(value["tool_call"], parts);  // OpenInference
  const json::Value function = value["function"];
  const json::Value& named = function.is_object() ? function : value;
  llm::ToolCallPart call;
  call.name = any_of(named, {"name", "toolName", "tool_name"}).text();
  if (call.name.empty()) return false;
  // OpenAI's items have an id of their own beside that of the call.
  const bool item = value["type"].string_or("") == "function_call";
  if (item) call.id = value["call_id"].text();
  if (call.id.empty()) call.id = any_of(value, {"id", "toolCallId", "tool_call_id", "toolUseId", "call_id"}).text();
  call.arguments = arguments_of(any_of(named, {"arguments", "input", "args", "parameters"}));
  parts.push_back({std::move(call)});
  return true;
}

std::string_view modality_of(std::string_view mime_type, std::string_view hint) {
  if (!hint.empty()) return hint;
  return mime_type.substr(0, mime_type.find('/'));
}

// {"image":…}, {"source":{…}}, {"image_url":{"url"}}, {"uri"}, {"data"}, {"file_data"}, {"inlineData":{…}} and so on.
bool append_media(const json::Value& value, std::string_view type, std::vector<llm::Part>& parts) {
  json::Value at = any_of(value, {"source", "image_url", "imageUrl", "inlineData", "inline_data", "fileData",
                                  "file_data", "input_audio", "file", "image", "document", "audio"});
  // Bedrock: {"image":{"format","source":{"bytes"}}}; OpenInference: {"image":{"image":{"url"}}}.
  for (const std::string_view name : {"source", "image"}) {
    if (at[name].is_object()) at = at[name];
  }
  const json::Value& inner = at.is_object() ? at : value;
  json::Value where = any_of(inner, {"url", "uri", "data", "content", "bytes", "fileUri", "file_uri", "file_data",
                                     "file_id", "fileId", "image"});
  if (at.is_string()) where = at;
  if (!where.is_string()) return false;
  std::string mime_type = any_of(inner, {"mime_type", "mimeType", "media_type", "mediaType"}).text();
  if (mime_type.empty()) mime_type = any_of(value, {"mime_type", "mimeType", "media_type", "mediaType"}).text();
  std::string hint = value["modality"].text();
  for (const std::string_view known : {"image", "audio", "document", "file"}) {
    if (hint.empty() && type.find(known) != std::string_view::npos && mime_type.empty()) hint = known;
  }
  if (inner["format"].is_string() && mime_type.empty()) mime_type = hint + "/" + inner["format"].text();
  parts.push_back(media_part(where.string_or(""), mime_type, hint));
  return true;
}

void append_reasoning(const json::Value& value, std::vector<llm::Part>& parts) {
  llm::ReasoningPart part;
  part.signature = any_of(value, {"signature", "encrypted_content"}).text();
  const json::Value text = any_of(value, {"thinking", "reasoning", "text", "content", "reasoningText"});
  if (const auto plain = text.string()) part.text = *plain;
  if (text.is_object()) part.text = text["text"].text();
  for (const json::Value item : value["summary"].items()) part.text += item["text"].string_or("");
  parts.push_back({std::move(part)});
}

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Blocks that name what they are by their only member: Google's and Bedrock's.
bool append_untyped(const json::Value& value, std::vector<llm::Part>& parts) {
  for (const std::string_view name : {"functionCall", "function_call", "toolUse"}) {
    if (value[name].is_object()) return append_tool_call(value[name], parts);
  }
  for (const std::string_view name : {"functionResponse", "function_response", "toolResult"}) {
    if (!value[name].is_object()) continue;
    append_tool_result(value[name], parts);
    return true;
  }
  if (value["reasoningContent"].is_object()) {
    append_reasoning(value["reasoningContent"], parts);
    return true;
  }
  if (const auto text = value["text"].string()) {
    if (value["thought"].boolean_or(false)) {
      parts.push_back({llm::ReasoningPart{.text = std::string(*text)}});
    } else {
      parts.push_back(llm::text_part(std::string(*text)));
    }
    return true;
  }
  if (value["function"].is_object()) return append_tool_call(value, parts);
  return append_media(value, "", parts);
}

void read_part(const json::Value& value, std::vector<llm::Part>& parts) {
  if (const auto text = value.string()) return parts.push_back(llm::text_part(std::string(*text)));
  if (!value.is_object()) return;
  if (value["message_content"].is_object()) return read_part(value["message_content"], parts);  // OpenInference
  const std::string type = ascii_lower(value["type"].string_or(""));
  if (is_one_of(type, {"text", "input_text", "output_text"})) {
    const json::Value text = any_of(value, {"text", "content", "value"});
    return parts.push_back(llm::text_part(text.is_object() ? text["value"].text() : text_in(text)));
  }
  if (type == "refusal") {
    return parts.push_back({llm::TextPart{.text = any_of(value, {"refusal", "content"}).text(), .refusal = true}});
  }
  if (is_one_of(type, {"tool_call", "tool-call", "tool_use", "function_call", "function", "tooluse"})) {
    append_tool_call(value, parts);
    return;
  }
  if (is_one_of(type, {"tool_call_response", "tool-result", "tool_result", "function_call_output", "function_response",
                       "tool_response", "tool-call-response"})) {
    return append_tool_result(value, parts);
  }
  if (is_one_of(type, {"reasoning", "thinking", "redacted_thinking", "redacted-reasoning"})) {
    return append_reasoning(value, parts);
  }
  if (type.empty() && append_untyped(value, parts)) return;
  if (!type.empty() && append_media(value, type, parts)) return;
  parts.push_back({llm::OpaquePart{.json = value.to_json()}});
}

// Items of OpenAI's Responses API, which stand beside messages.
bool read_item(const json::Value& value, std::vector<llm::Message>& out) {
  const std::string_view type = value["type"].string_or("");
  if (value["role"].is_string()) return false;
  if (!is_one_of(type, {"function_call", "function_call_output", "reasoning"})) return false;
  llm::Message message{.role = type == "function_call_output" ? Role::kTool : Role::kAssistant};
  read_part(value, message.parts);
  out.push_back(std::move(message));
  return true;
}

// A tool message says which call it answers beside its content.
void make_tool_result(const json::Value& value, llm::Message& message) {
  const bool has_result = std::any_of(message.parts.begin(), message.parts.end(),
                                      [](const llm::Part& part) { return part.as<llm::ToolResultPart>() != nullptr; });
  if (has_result) {
    // Only results are written as tool messages; what else stands between them is not part of the protocol.
    std::erase_if(message.parts, [](const llm::Part& part) { return part.as<llm::ToolResultPart>() == nullptr; });
    return;
  }
  llm::ToolResultPart result;
  result.tool_call_id = any_of(value, {"tool_call_id", "toolCallId", "tool_use_id", "call_id", "id"}).text();
  result.tool_name = any_of(value, {"name", "toolName"}).text();
  result.content = std::move(message.parts);
  message.parts.clear();
  message.parts.push_back({std::move(result)});
}

void read_plain_message(const json::Value& value, Role role, std::vector<llm::Message>& out) {
  llm::Message message{.role = role_of(ascii_lower(any_of(value, {"role", "type"}).string_or("")), role)};
  json::Value content = any_of(value, {"parts", "content", "contents"});
  if (value["contents"].is_array()) content = value["contents"];
  if (content.is_object() && content["parts"].is_array()) content = content["parts"];
  if (content.is_object() && !content["type"] && !content["text"]) {
    message.parts.push_back(llm::text_part(content.to_json()));  // a structured answer
  } else {
    read_parts(content, message.parts);
  }
  if (message.role == Role::kTool) {
    make_tool_result(value, message);
  } else {
    if (const json::Value reasoning = any_of(value, {"reasoning_content", "reasoning"}); reasoning.is_string()) {
      message.parts.insert(message.parts.begin(), {llm::ReasoningPart{.text = reasoning.text()}});
    }
    if (const auto refusal = value["refusal"].string()) {
      message.parts.push_back({llm::TextPart{.text = std::string(*refusal), .refusal = true}});
    }
    const auto has_call = [&message] {
      return std::any_of(message.parts.begin(), message.parts.end(),
                         [](const llm::Part& part) { return part.as<llm::ToolCallPart>() != nullptr; });
    };
    // LangChain repeats the calls of the content, and again in additional_kwargs.
    for (const json::Value& calls :
         {any_of(value, {"tool_calls", "toolCalls"}), value["additional_kwargs"]["tool_calls"]}) {
      if (calls.is_array() && !has_call()) read_tool_calls(calls, message.parts);
    }
    if (value["function_call"].is_object() && !has_call()) append_tool_call(value["function_call"], message.parts);
  }
  out.push_back(std::move(message));
}

void read_message(const json::Value& value, Role role, std::vector<llm::Message>& out, int depth) {
  if (const auto text = value.string()) {
    if (!text->empty()) out.push_back({.role = role, .parts = {llm::text_part(std::string(*text))}});
    return;
  }
  if (!value.is_object() || depth > kDepthMax) return;
  if (value["kwargs"].is_object()) {  // LangChain's serialised objects
    return read_plain_message(value["kwargs"], langchain_role(value["id"], role), out);
  }
  if (value["message"].is_object()) return read_message(value["message"], role, out, depth + 1);  // a choice
  if (value["data"].is_object() && value["type"].is_string()) {
    return read_plain_message(value["data"], role_of(ascii_lower(value["type"].string_or("")), role), out);
  }
  if (read_item(value, out)) return;
  const bool is_message = value["role"].is_string() || value["content"] || value["parts"] || value["tool_calls"];
  if (is_message) return read_plain_message(value, role, out);
  if (const auto text = value["text"].string()) {
    out.push_back({.role = role, .parts = {llm::text_part(std::string(*text))}});
    return;
  }
  read_messages(value, role, out);
}

// What a body says beside its messages: instructions.
void read_instructions(const json::Value& body, std::vector<llm::Message>& out) {
  json::Value text = any_of(body, {"system", "instructions", "system_instruction", "systemInstruction"});
  if (!text) text = any_of(body["config"], {"system_instruction", "systemInstruction"});
  if (!text) return;
  llm::Message message{.role = Role::kSystem};
  read_parts(text["parts"].is_array() ? text["parts"] : text, message.parts);
  if (!message.parts.empty()) out.push_back(std::move(message));
}

}  // namespace

llm::Role role_of(std::string_view word, llm::Role fallback) {
  constexpr std::array<std::pair<std::string_view, Role>, 15> kWords{{{"system", Role::kSystem},
                                                                      {"developer", Role::kDeveloper},
                                                                      {"user", Role::kUser},
                                                                      {"human", Role::kUser},
                                                                      {"assistant", Role::kAssistant},
                                                                      {"ai", Role::kAssistant},
                                                                      {"aimessagechunk", Role::kAssistant},
                                                                      {"model", Role::kAssistant},
                                                                      {"bot", Role::kAssistant},
                                                                      {"choice", Role::kAssistant},
                                                                      {"tool", Role::kTool},
                                                                      {"function", Role::kTool},
                                                                      {"tool_result", Role::kTool},
                                                                      {"tool-result", Role::kTool},
                                                                      {"tool-response", Role::kTool}}};
  for (const auto& [known, role] : kWords) {
    if (known == word) return role;
  }
  return fallback;
}

void read_messages(const json::Value& value, llm::Role role, std::vector<llm::Message>& out) {
  if (value.is_array()) return read_list(value, role, out, 0);
  if (!value.is_object()) return read_message(value, role, out, 0);
  if (value["role"].is_string() && !value["messages"]) return read_message(value, role, out, 0);
  const json::Value inside =
      any_of(value, {"messages", "contents", "choices", "generations", "candidates", "input", "prompt", "output",
                     "outputs", "response", "message", "text", "completion"});
  if (inside) {
    read_instructions(value, out);
    // The reply of a model is the assistant's, whatever the caller took it for.
    const bool answer = value["choices"] || value["generations"] || value["candidates"];
    if (inside.is_array()) return read_list(inside, answer ? Role::kAssistant : role, out, 1);
    if (inside.is_object() && !inside["role"]) return read_messages(inside, role, out);
    return read_message(inside, role, out, 1);
  }
  if (value["content"] || value["parts"] || value["tool_calls"] || value["kwargs"]) {
    read_message(value, role, out, kDepthMax);
  }
}

void read_parts(const json::Value& value, std::vector<llm::Part>& out) {
  if (!value.is_array()) return read_part(value, out);
  for (const json::Value item : value.items()) {
    if (out.size() >= span::limits::kPartsMax) return;
    read_part(item, out);
  }
}

void read_tool_calls(const json::Value& value, std::vector<llm::Part>& out) {
  for (const json::Value item : value.items()) {
    if (out.size() >= span::limits::kPartsMax) return;
    if (item.is_object()) append_tool_call(item, out);
  }
}

void read_tools(const json::Value& value, std::vector<llm::Tool>& out, int depth) {
  if (value.is_array()) {
    for (const json::Value item : value.items()) read_tools(item, out, depth + 1);
    return;
  }
  if (out.size() >= span::limits::kToolsMax || depth > kDepthMax) return;
  if (const auto text = value.string()) {
    json::Document document;
    const auto inner = document.parse_lenient(*text);
    if (inner && !inner->is_string()) read_tools(*inner, out, depth + 1);
    return;
  }
  for (const std::string_view name : {"functionDeclarations", "function_declarations", "tools"}) {
    if (value[name].is_array()) return read_tools(value[name], out, depth + 1);
  }
  for (const std::string_view name : {"toolSpec", "tool"}) {  // Bedrock, OpenInference
    if (value[name].is_object()) return read_tools(value[name], out, depth + 1);
  }
  if (value["json_schema"].is_string()) return read_tools(value["json_schema"], out, depth + 1);
  const json::Value& tool = value["function"].is_object() ? value["function"] : value;
  llm::Tool read{.name = tool["name"].text(), .description = tool["description"].text()};
  json::Value schema = any_of(tool, {"parameters", "input_schema", "inputSchema", "json_schema", "arguments"});
  if (schema["json"].is_object()) schema = schema["json"];  // Bedrock
  if (schema.is_object()) read.parameters = schema.to_json();
  if (schema.is_string() && json::is_valid(schema.string_or("")) && schema.string_or("").starts_with('{')) {
    read.parameters = schema.text();
  }
  if (read.name.empty()) {
    if (!value["type"].is_string()) return;  // no tool at all
    read = {.name = value["type"].text(), .kind = llm::Tool::Kind::kVendor, .vendor_json = value.to_json()};
  }
  out.push_back(std::move(read));
}

std::string arguments_of(const json::Value& value) {
  const std::string text = text_in(value);
  return text.empty() ? "{}" : text;
}

llm::Part media_part(std::string_view url, std::string_view mime_type, std::string_view modality) {
  llm::MediaSource source{.kind = llm::MediaSource::Kind::kUrl, .value = std::string(url)};
  std::string type(mime_type);
  if (ascii_iequals(url.substr(0, 5), "data:")) {
    const size_t comma = url.find(',');
    const std::string_view head = url.substr(5, comma == std::string_view::npos ? 0 : comma - 5);
    if (head.ends_with(";base64")) {
      source = {.kind = llm::MediaSource::Kind::kBase64, .value = std::string(url.substr(comma + 1))};
      type = head.substr(0, head.find(';'));
    }
  } else if (url.find("://") == std::string_view::npos && !url.starts_with("@@@")) {
    const bool base64 = url.size() > 64 && base64_decode(url.substr(0, 64)).has_value();
    source.kind = base64 ? llm::MediaSource::Kind::kBase64 : llm::MediaSource::Kind::kFileId;
  }
  const std::string_view kind = modality_of(type, modality);
  if (kind == "image") return {llm::ImagePart{.source = std::move(source), .mime_type = std::move(type)}};
  if (kind == "audio") return {llm::AudioPart{.source = std::move(source), .mime_type = std::move(type)}};
  return {llm::DocumentPart{.source = std::move(source), .mime_type = std::move(type)}};
}

Answer answer_of(const std::vector<llm::Message>& messages) {
  Answer answer;
  for (const llm::Message& message : messages) {
    std::string text;
    for (const llm::Part& part : message.parts) {
      if (const auto* one = part.as<llm::TextPart>()) text += one->text;
      if (const auto* call = part.as<llm::ToolCallPart>()) answer.tool_calls.push_back(*call);
    }
    if (answer.has_text || text.empty()) continue;
    answer.text = std::move(text);
    answer.has_text = true;
  }
  return answer;
}

std::string finish_reason_in(const json::Value& value) {
  json::Value at = value.is_array() ? value.at(0) : value;
  if (at.is_array()) at = at.at(0);
  for (const std::string_view list : {"choices", "generations", "candidates"}) {
    if (at[list].is_array()) at = at[list].at(0);
    if (at.is_array()) at = at.at(0);
  }
  json::Value reason = any_of(at, {"finish_reason", "finishReason", "stop_reason", "stopReason"});
  for (const std::string_view info : {"generationInfo", "generation_info", "response_metadata", "message", "kwargs"}) {
    if (!reason && at[info].is_object()) {
      reason = any_of(at[info], {"finish_reason", "finishReason", "stop_reason", "stopReason"});
    }
  }
  return reason.text();
}

}  // namespace tracia::ingest::otlp
