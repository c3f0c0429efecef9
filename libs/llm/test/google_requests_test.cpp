// Every recorded request to Google, read into the neutral model and encoded again.
#include <gtest/gtest.h>

#include <map>

#include "cassettes.h"
#include "recorded_requests.h"

namespace tracia::llm::testing {
namespace {

// Proto JSON takes a field's name in either style, and null for its absence.
Json camel(const Json& in, bool schema = false) {
  if (in.is_array()) {
    Json out = Json::array();
    for (const Json& item : in) out.push_back(camel(item, schema));
    return out;
  }
  if (!in.is_object()) return in;
  Json out = Json::object();
  for (const auto& [key, value] : in.items()) {
    if (value.is_null()) continue;
    std::string name;
    for (size_t i = 0; i < key.size(); ++i) {
      if (!schema && key[i] == '_' && i + 1 < key.size())
        name.push_back(static_cast<char>(std::toupper(key[++i])));
      else
        name.push_back(key[i]);
    }
    static const std::set<std::string> values{
        "parameters", "parametersJsonSchema", "responseSchema", "responseJsonSchema", "args", "response"};
    out[name] = camel(value, schema || values.contains(name));
  }
  return out;
}

MediaSource source_of(const Json& part) {
  if (part.contains("inlineData")) return {MediaSource::Kind::kBase64, part.at("inlineData").at("data")};
  return {MediaSource::Kind::kUrl, part.at("fileData").at("fileUri")};
}

Part part_of(const Json& part) {
  const std::string signature = part.value("thoughtSignature", "");
  if (part.contains("functionCall")) {
    const Json& call = part.at("functionCall");
    return {ToolCallPart{.id = call.value("id", ""),
                         .name = call.at("name"),
                         .arguments = call.at("args").dump(),
                         .signature = signature}};
  }
  if (part.contains("functionResponse")) {
    const Json& response = part.at("functionResponse");
    ToolResultPart result{.tool_call_id = response.value("id", ""), .tool_name = response.at("name")};
    result.content.push_back(text_part(response.at("response").dump()));
    return {std::move(result)};
  }
  if (part.contains("inlineData") || part.contains("fileData")) {
    const std::string mime =
        (part.contains("inlineData") ? part.at("inlineData") : part.at("fileData")).value("mimeType", "");
    if (mime.starts_with("image/"))
      return {ImagePart{.source = source_of(part), .mime_type = mime, .signature = signature}};
    return {DocumentPart{.source = source_of(part), .mime_type = mime}};
  }
  if (part.contains("text") && part.value("thought", false))
    return {ReasoningPart{.text = part.at("text"), .signature = signature, .provider = Provider::kGoogle}};
  if (part.contains("text")) return {TextPart{.text = part.at("text"), .signature = signature}};
  return {OpaquePart{.provider = Provider::kGoogle, .json = part.dump()}};
}

std::vector<Part> parts_of(const Json& parts) {
  std::vector<Part> out;
  for (const Json& part : parts) out.push_back(part_of(part));
  return out;
}

void read_tools(const Json& body, ChatRequest& request) {
  for (const Json& element : body.at("tools")) {
    if (!element.contains("functionDeclarations")) {
      request.tools.push_back({.kind = Tool::Kind::kVendor, .vendor_json = element.dump()});
      continue;
    }
    for (const Json& function : element.at("functionDeclarations")) {
      Tool tool{.name = function.at("name"), .description = function.value("description", "")};
      for (const char* key : {"parameters", "parametersJsonSchema"}) {
        if (function.contains(key)) tool.parameters = function.at(key).dump();
      }
      request.tools.push_back(std::move(tool));
    }
  }
}

void read_config(const Json& config, ChatRequest& request, Json& extra) {
  if (config.contains("temperature")) request.temperature = config.at("temperature").get<double>();
  if (config.contains("topP")) request.top_p = config.at("topP").get<double>();
  if (config.contains("maxOutputTokens")) request.max_output_tokens = config.at("maxOutputTokens").get<int64_t>();
  if (config.contains("stopSequences"))
    request.stop_sequences = config.at("stopSequences").get<std::vector<std::string>>();
  if (config.contains("responseMimeType")) request.response_format.type = ResponseFormat::Type::kJson;
  for (const char* key : {"responseSchema", "responseJsonSchema"}) {
    if (config.contains(key))
      request.response_format = {.type = ResponseFormat::Type::kJsonSchema, .schema = config.at(key).dump()};
  }
  if (config.contains("thinkingConfig")) {
    const Json& thinking = config.at("thinkingConfig");
    request.reasoning = ReasoningOptions{.effort = thinking.value("thinkingLevel", ""),
                                         .include_text = thinking.value("includeThoughts", false)};
    if (thinking.contains("thinkingBudget"))
      request.reasoning->budget_tokens = thinking.at("thinkingBudget").get<int64_t>();
  }
  Json rest = Json::object();
  take_rest(config,
            {"temperature", "topP", "maxOutputTokens", "stopSequences", "responseMimeType", "responseSchema",
             "responseJsonSchema", "thinkingConfig"},
            rest);
  if (!rest.empty()) extra["generationConfig"] = rest;
}

void read_tool_config(const Json& config, ChatRequest& request, Json& extra) {
  static const std::map<std::string, ToolChoice::Mode> modes{
      {"AUTO", ToolChoice::Mode::kAuto}, {"NONE", ToolChoice::Mode::kNone}, {"ANY", ToolChoice::Mode::kRequired}};
  const Json calling = config.value("functionCallingConfig", Json::object());
  const bool only_mode = config.size() == 1 && calling.size() == 1 && modes.contains(calling.value("mode", ""));
  if (only_mode)
    request.tool_choice = {modes.at(calling.at("mode"))};
  else
    extra["toolConfig"] = config;
}

ChatRequest request_of(const std::string& model, const Json& body) {
  ChatRequest request{.model = model};
  Json extra = Json::object();
  if (body.contains("systemInstruction"))
    request.messages.push_back({.role = Role::kSystem, .parts = parts_of(body.at("systemInstruction").at("parts"))});
  for (const Json& content : body.at("contents")) {
    request.messages.push_back({.role = content.value("role", "user") == "model" ? Role::kAssistant : Role::kUser,
                                .parts = parts_of(content.at("parts"))});
  }
  if (body.contains("tools")) read_tools(body, request);
  if (body.contains("generationConfig")) read_config(body.at("generationConfig"), request, extra);
  if (body.contains("toolConfig")) read_tool_config(body.at("toolConfig"), request, extra);
  take_rest(body, {"systemInstruction", "contents", "tools", "generationConfig", "toolConfig"}, extra);
  if (!extra.empty()) request.extra_body = extra.dump();
  return request;
}

// Equivalent for the vendor:
// - names in snake_case and camelCase (not inside schemas and values); null and absence
// - `thought: false`, an empty generationConfig or tool description, and their absence
// - a systemInstruction's role; its parts as one object; one whose texts are empty, and none
// - JSON Schema under `parameters` and under `parametersJsonSchema` (the first takes lower-case types too)
Json normalised(const Json& recorded) {
  Json body = camel(recorded);
  if (body.contains("generationConfig") && body.at("generationConfig").empty()) body.erase("generationConfig");
  if (body.contains("systemInstruction")) {
    Json& system = body["systemInstruction"];
    system.erase("role");
    if (system["parts"].is_object()) system["parts"] = Json::array({system["parts"]});
    if (system["parts"] == Json::array({{{"text", ""}}})) body.erase("systemInstruction");
  }
  for (Json& content : body["contents"]) {
    for (Json& part : content["parts"]) {
      if (part.contains("thought") && part.at("thought") == false) part.erase("thought");
    }
  }
  if (!body.contains("tools")) return body;
  for (Json& element : body["tools"]) {
    if (!element.contains("functionDeclarations")) continue;
    for (Json& function : element["functionDeclarations"]) {
      if (function.value("description", "x").empty()) function.erase("description");
      if (function.contains("parametersJsonSchema")) {
        function["parameters"] = function.at("parametersJsonSchema");
        function.erase("parametersJsonSchema");
      }
    }
  }
  return body;
}

// Requests that the neutral model cannot say, and why.
const std::map<std::string, std::string> kInexpressible{};

TEST(GoogleRequests, EncodeAsRecorded) {
  const auto shared = shared_folder(TRACIA_SOURCE_DIR);
  if (!shared) GTEST_SKIP() << "no shared folder: set TRACIA_SHARED to the one with cassettes/";
  size_t compared = 0;
  const Endpoint endpoint{Provider::kGoogle, "https://generativelanguage.googleapis.com"};
  for (const Cassette& c : load_cassettes(*shared / "cassettes" / "google")) {
    if (!c.request_known || c.is_embedding()) continue;
    const Json body = normalised(c.request.at("body"));
    const auto encoded = google_codec().encode(request_of(c.model, body), endpoint, c.is_stream());
    ASSERT_TRUE(encoded) << c.id << ": " << encoded.error().message;
    const std::string difference = json_difference(body, normalised(Json::parse(encoded->body)));
    EXPECT_EQ(difference.empty(), !kInexpressible.contains(c.id)) << c.id << ": " << difference;
    EXPECT_EQ(encoded->url,
              endpoint.base_url + c.request.at("path").get<std::string>() + (c.is_stream() ? "?alt=sse" : ""))
        << c.id;
    ++compared;
  }
  EXPECT_GT(compared, 25u);
}

TEST(GoogleRequests, EncodeEmbeddingsAsRecorded) {
  const auto shared = shared_folder(TRACIA_SOURCE_DIR);
  if (!shared) GTEST_SKIP() << "no shared folder: set TRACIA_SHARED to the one with cassettes/";
  const Endpoint endpoint{Provider::kGoogle, "https://generativelanguage.googleapis.com"};
  for (const Cassette& c : load_cassettes(*shared / "cassettes" / "google")) {
    if (!c.request_known || !c.is_embedding()) continue;
    Json body = c.request.at("body");
    EmbeddingRequest request{.model = c.model};
    for (Json& one : body["requests"]) {
      one["content"].erase("role");  // equivalent: a content's role means nothing here
      request.inputs.push_back(one.at("content").at("parts").at(0).at("text"));
      if (one.contains("outputDimensionality")) request.dimensions = one.at("outputDimensionality").get<int64_t>();
      request.input_type = one.value("taskType", "");
    }
    const auto encoded = google_embedding_codec().encode(request, endpoint);
    ASSERT_TRUE(encoded) << c.id << ": " << encoded.error().message;
    EXPECT_EQ(json_difference(body, Json::parse(encoded->body)), "") << c.id;
    EXPECT_EQ(encoded->url, endpoint.base_url + c.request.at("path").get<std::string>()) << c.id;
  }
}

}  // namespace
}  // namespace tracia::llm::testing
