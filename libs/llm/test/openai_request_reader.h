// Recorded OpenAI request bodies read into our neutral requests, for the encoding tests. What ChatRequest does not name
// goes to extra_body, as a caller would do.
#pragma once

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "tracia/llm/model.h"

namespace tracia::llm::testing {

using Json = nlohmann::json;

struct Inexpressible : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline MediaSource media_from_url(const std::string& url, std::string& mime) {
  const size_t comma = url.find(";base64,");
  if (!url.starts_with("data:") || comma == std::string::npos) return {MediaSource::Kind::kUrl, url};
  mime = url.substr(5, comma - 5);
  return {MediaSource::Kind::kBase64, url.substr(comma + 8)};
}

inline std::string text_of(const Json& object, const char* key) {
  return object.contains(key) && object.at(key).is_string() ? object.at(key).get<std::string>() : "";
}

// Parts of chat completions ("text", "image_url", "file", "input_audio") and of responses ("input_text", …).
inline Part read_part(const Json& part) {
  const std::string type = part.at("type");
  if (type == "text" || type == "input_text") return text_part(part.at("text"));
  if (type == "output_text") {
    TextPart text{.text = part.at("text")};
    if (part.contains("annotations") && !part.at("annotations").empty())
      text.annotations = part.at("annotations").dump();
    return {text};
  }
  if (type == "refusal") return {TextPart{.text = part.at("refusal"), .refusal = true}};
  if (type == "image_url" || type == "input_image") {
    const bool chat = type == "image_url";
    ImagePart image;
    image.source = media_from_url(chat ? part.at("image_url").at("url") : part.at("image_url"), image.mime_type);
    image.detail = text_of(chat ? part.at("image_url") : part, "detail");
    return {image};
  }
  if (type == "file" || type == "input_file") {
    const Json& file = type == "file" ? part.at("file") : part;
    DocumentPart document{.name = text_of(file, "filename")};
    if (file.contains("file_id")) {
      document.source = {MediaSource::Kind::kFileId, file.at("file_id")};
    } else {
      document.source =
          media_from_url(file.contains("file_url") ? file.at("file_url") : file.at("file_data"), document.mime_type);
    }
    return {document};
  }
  if (type == "input_audio") {
    const std::string format = part.at("input_audio").at("format");
    return {AudioPart{.source = {MediaSource::Kind::kBase64, part.at("input_audio").at("data")},
                      .mime_type = format == "mp3" ? "audio/mpeg" : "audio/wav"}};
  }
  throw Inexpressible("part " + type);
}

inline std::vector<Part> read_parts(const Json& content) {
  std::vector<Part> parts;
  if (content.is_string()) parts.push_back(text_part(content));
  if (content.is_array()) {
    for (const Json& part : content) parts.push_back(read_part(part));
  }
  return parts;
}

inline Message read_chat_message(const Json& json) {
  Message message{.role = role_from_name(json.at("role").get<std::string>()).value(), .name = text_of(json, "name")};
  std::vector<Part> parts = json.contains("content") ? read_parts(json.at("content")) : std::vector<Part>{};
  if (message.role == Role::kTool) {
    message.parts.push_back({ToolResultPart{.tool_call_id = json.at("tool_call_id"), .content = std::move(parts)}});
    return message;
  }
  message.parts = std::move(parts);
  if (!text_of(json, "refusal").empty())
    message.parts.push_back({TextPart{.text = json.at("refusal"), .refusal = true}});
  for (const Json& call : json.value("tool_calls", Json::array())) {
    if (call.at("type") == "custom") {
      message.parts.push_back({ToolCallPart{.id = call.at("id"),
                                            .name = call.at("custom").at("name"),
                                            .arguments = call.at("custom").at("input"),
                                            .kind = ToolCallPart::Kind::kCustom}});
    } else {
      message.parts.push_back({ToolCallPart{.id = call.at("id"),
                                            .name = call.at("function").at("name"),
                                            .arguments = call.at("function").at("arguments")}});
    }
  }
  return message;
}

inline Tool read_function(const Json& function) {
  Tool tool{.name = function.at("name"), .description = text_of(function, "description")};
  if (function.contains("parameters")) tool.parameters = function.at("parameters").dump();
  if (function.contains("strict") && function.at("strict").is_boolean())
    tool.strict = function.at("strict").get<bool>();
  return tool;
}

// `nested`: the form of chat completions. Anything but a plain function or custom tool is the vendor's own.
inline Tool read_tool(const Json& json, bool nested) {
  const std::string type = json.at("type");
  if (type == "function" && nested == (json.contains("function") && json.size() == 2))
    return read_function(nested ? json.at("function") : json);
  if (type == "custom") {
    const Json& custom = nested ? json.at("custom") : json;
    Tool tool{.name = custom.at("name"), .description = text_of(custom, "description"), .kind = Tool::Kind::kCustom};
    if (custom.contains("format")) tool.vendor_json = custom.at("format").dump();
    return tool;
  }
  return {.kind = Tool::Kind::kVendor, .vendor_json = json.dump()};
}

inline ToolChoice read_tool_choice(const Json& json) {
  if (json == "auto") return {ToolChoice::Mode::kAuto};
  if (json == "none") return {ToolChoice::Mode::kNone};
  if (json == "required") return {ToolChoice::Mode::kRequired};
  if (json.is_object() && json.contains("function")) return {ToolChoice::Mode::kTool, json.at("function").at("name")};
  if (json.is_object() && json.contains("name")) return {ToolChoice::Mode::kTool, json.at("name")};
  throw Inexpressible("tool_choice");
}

inline ResponseFormat read_schema(const Json& json) {
  ResponseFormat format{.type = ResponseFormat::Type::kJsonSchema,
                        .schema = json.at("schema").dump(),
                        .name = text_of(json, "name"),
                        .description = text_of(json, "description")};
  if (json.contains("strict") && json.at("strict").is_boolean()) format.strict = json.at("strict").get<bool>();
  return format;
}

// Takes the settings that both protocols share out of `body`.
inline void take_settings(Json& body, ChatRequest& request, bool nested_tools) {
  const auto take = [&](const char* key) {
    Json value;
    if (body.contains(key)) value = body.at(key), body.erase(key);
    return value;
  };
  if (const Json v = take("model"); v.is_string()) request.model = v;
  if (const Json v = take("temperature"); v.is_number()) request.temperature = v.get<double>();
  if (const Json v = take("top_p"); v.is_number()) request.top_p = v.get<double>();
  if (const Json v = take("parallel_tool_calls"); v.is_boolean()) request.parallel_tool_calls = v.get<bool>();
  for (const char* key : {"max_tokens", "max_completion_tokens", "max_output_tokens"}) {
    if (const Json v = take(key); v.is_number()) request.max_output_tokens = v.get<int64_t>();
  }
  for (const Json& tool : take("tools")) request.tools.push_back(read_tool(tool, nested_tools));
  if (const Json v = take("tool_choice"); !v.is_null()) request.tool_choice = read_tool_choice(v);
  take("stream");
  take("stream_options");
}

inline ChatRequest read_chat_request(Json body) {
  ChatRequest request;
  for (const Json& message : body.at("messages")) request.messages.push_back(read_chat_message(message));
  body.erase("messages");
  take_settings(body, request, true);
  if (body.contains("stop")) {
    if (body.at("stop").is_string()) request.stop_sequences = {body.at("stop")};
    if (body.at("stop").is_array()) request.stop_sequences = body.at("stop").get<std::vector<std::string>>();
    body.erase("stop");
  }
  if (body.contains("reasoning_effort"))
    request.reasoning = ReasoningOptions{.effort = body.at("reasoning_effort")}, body.erase("reasoning_effort");
  if (body.contains("response_format")) {
    const Json& format = body.at("response_format");
    if (format.at("type") == "json_object") request.response_format.type = ResponseFormat::Type::kJson;
    if (format.at("type") == "json_schema") request.response_format = read_schema(format.at("json_schema"));
    body.erase("response_format");
  }
  if (!body.empty()) request.extra_body = body.dump();
  return request;
}

inline Message read_item(const Json& item) {
  const std::string type = item.value("type", "message");
  Message message{.role = Role::kAssistant};
  if (type == "message") {
    message.role = role_from_name(item.at("role").get<std::string>()).value();
    message.parts = read_parts(item.at("content"));
    for (Part& part : message.parts) {
      if (auto* text = part.as<TextPart>()) text->item_id = text_of(item, "id"), text->phase = text_of(item, "phase");
    }
  } else if (type == "function_call" || type == "custom_tool_call") {
    const bool custom = type == "custom_tool_call";
    message.parts.push_back({ToolCallPart{.id = item.at("call_id"),
                                          .name = item.at("name"),
                                          .arguments = item.at(custom ? "input" : "arguments"),
                                          .kind = custom ? ToolCallPart::Kind::kCustom : ToolCallPart::Kind::kFunction,
                                          .item_id = text_of(item, "id")}});
  } else if (type == "function_call_output" || type == "custom_tool_call_output") {
    message.role = Role::kTool;
    message.parts.push_back({ToolResultPart{
        .tool_call_id = item.at("call_id"),
        .content = read_parts(item.at("output")),
        .kind = type == "function_call_output" ? ToolCallPart::Kind::kFunction : ToolCallPart::Kind::kCustom}});
  } else if (type == "reasoning") {
    const std::string id = item.at("id");
    std::string encrypted = text_of(item, "encrypted_content");
    for (const Json& summary : item.value("summary", Json::array())) {
      message.parts.push_back({ReasoningPart{.text = summary.at("text"), .signature = encrypted, .id = id}});
      encrypted.clear();
    }
    if (message.parts.empty()) message.parts.push_back({ReasoningPart{.signature = encrypted, .id = id}});
  } else {
    message.parts.push_back({OpaquePart{Provider::kOpenAi, item.dump()}});
  }
  return message;
}

inline ChatRequest read_responses_request(Json body) {
  ChatRequest request;
  if (body.at("input").is_string()) {
    request.messages.push_back(user(body.at("input")));
  } else {
    for (const Json& item : body.at("input")) request.messages.push_back(read_item(item));
  }
  body.erase("input");
  take_settings(body, request, false);
  if (body.contains("text") && body.at("text").contains("format")) {
    const Json format = body.at("text").at("format");
    if (format.at("type") == "json_object") request.response_format.type = ResponseFormat::Type::kJson;
    if (format.at("type") == "json_schema") request.response_format = read_schema(format);
    body.at("text").erase("format");
    if (body.at("text").empty()) body.erase("text");
  }
  if (body.contains("reasoning")) {
    Json& reasoning = body.at("reasoning");
    request.reasoning = ReasoningOptions{.effort = text_of(reasoning, "effort"),
                                         .include_text = text_of(reasoning, "summary") == "auto"};
    reasoning.erase("effort");
    if (request.reasoning->include_text) reasoning.erase("summary");
    if (reasoning.empty()) body.erase("reasoning");
  }
  if (!body.empty()) request.extra_body = body.dump();
  return request;
}

inline EmbeddingRequest read_embedding_request(Json body) {
  EmbeddingRequest request{.model = text_of(body, "model")};
  const Json input = body.at("input");
  for (const Json& one : input.is_array() ? input : Json::array({input})) {
    if (!one.is_string()) throw Inexpressible("token ids as input");
    request.inputs.push_back(one);
  }
  if (body.contains("dimensions")) request.dimensions = body.at("dimensions").get<int64_t>();
  for (const char* key : {"model", "input", "dimensions", "encoding_format"}) body.erase(key);
  if (!body.empty()) request.extra_body = body.dump();
  return request;
}

}  // namespace tracia::llm::testing
