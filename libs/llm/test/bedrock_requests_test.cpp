// Every recorded request of Amazon Bedrock and Voyage, said in the neutral model and encoded again.
//
// Taken as the same:
//   - an absent member and one that is null, {} or [] at the top of the body, and the same inside inferenceConfig;
//   - toolResult.status "success" and none; tool descriptions "" and none
//   - neighbouring messages of one role and one message (the codec joins them);
//   - the text of a JSON schema and the same schema spelled otherwise;
//   - a model id in the path with ':' and '/' percent-encoded or not.
#include <gtest/gtest.h>

#include "cassettes.h"

namespace tracia::llm::testing {
namespace {

// Requests that the neutral model cannot say, by id, with the reason.
const std::map<std::string, std::string> kInexpressible = {};

MediaSource media(const Json& source) {
  if (source.contains("s3Location")) return {MediaSource::Kind::kUrl, source.at("s3Location").at("uri")};
  if (source.contains("text")) return {MediaSource::Kind::kBytes, source.at("text")};
  return {MediaSource::Kind::kBase64, source.at("bytes")};
}

Part opaque(const Json& block) { return {OpaquePart{Provider::kAmazonBedrock, block.dump()}}; }

Part part_of(const Json& block) {
  if (block.contains("text")) return text_part(block.at("text"));
  if (block.contains("image")) {
    const Json& image = block.at("image");
    return {ImagePart{.source = media(image.at("source")), .mime_type = image.at("format")}};
  }
  if (block.contains("document")) {
    const Json& document = block.at("document");
    return {DocumentPart{.source = media(document.at("source")),
                         .mime_type = document.at("format"),
                         .name = document.at("name"),
                         .context = document.value("context", ""),
                         .citations = document.contains("citations")}};
  }
  if (block.contains("toolUse")) {
    const Json& tool = block.at("toolUse");
    return {ToolCallPart{.id = tool.at("toolUseId"), .name = tool.at("name"), .arguments = tool.at("input").dump()}};
  }
  if (block.contains("toolResult")) {
    const Json& result = block.at("toolResult");
    ToolResultPart out{.tool_call_id = result.at("toolUseId"),
                       .is_error = result.value("status", "success") == "error"};
    for (const Json& inner : result.at("content")) out.content.push_back(part_of(inner));
    return {std::move(out)};
  }
  if (block.contains("reasoningContent")) {
    const Json& content = block.at("reasoningContent");
    ReasoningPart out{.provider = Provider::kAmazonBedrock};
    if (content.contains("redactedContent")) {
      out.redacted = true;
      out.signature = content.at("redactedContent");
    } else {
      out.text = content.at("reasoningText").at("text");
      out.signature = content.at("reasoningText").value("signature", "");
    }
    return {std::move(out)};
  }
  return opaque(block);
}

CacheControl cache_of(const Json& point) { return {.ttl = point.value("ttl", "")}; }

// Parts, with cache points put onto what stands before them.
std::vector<Part> parts_of(const Json& blocks) {
  std::vector<Part> out;
  for (const Json& block : blocks) {
    if (!block.contains("cachePoint") || out.empty()) {
      out.push_back(part_of(block));
      continue;
    }
    const CacheControl cache = cache_of(block.at("cachePoint"));
    if (auto* text = out.back().as<TextPart>())
      text->cache = cache;
    else if (auto* image = out.back().as<ImagePart>())
      image->cache = cache;
    else if (auto* document = out.back().as<DocumentPart>())
      document->cache = cache;
    else if (auto* call = out.back().as<ToolCallPart>())
      call->cache = cache;
    else if (auto* result = out.back().as<ToolResultPart>())
      result->cache = cache;
    else
      out.push_back(opaque(block));
  }
  return out;
}

void read_tools(Json& config, ChatRequest& request) {
  for (const Json& entry : config.at("tools")) {
    if (entry.contains("cachePoint")) {
      request.tools.back().cache = cache_of(entry.at("cachePoint"));
    } else if (entry.contains("toolSpec")) {
      const Json& spec = entry.at("toolSpec");
      Tool tool{.name = spec.at("name"),
                .description = spec.value("description", ""),
                .parameters = spec.at("inputSchema").at("json").dump()};
      if (spec.contains("strict")) tool.strict = spec.at("strict").get<bool>();
      request.tools.push_back(std::move(tool));
    } else {
      request.tools.push_back({.kind = Tool::Kind::kVendor, .vendor_json = entry.dump()});
    }
  }
  if (!config.contains("toolChoice")) return;
  const Json& choice = config.at("toolChoice");
  if (choice.contains("auto")) request.tool_choice.mode = ToolChoice::Mode::kAuto;
  if (choice.contains("any")) request.tool_choice.mode = ToolChoice::Mode::kRequired;
  if (choice.contains("tool")) request.tool_choice = {ToolChoice::Mode::kTool, choice.at("tool").at("name")};
}

ChatRequest chat_request(const Cassette& c) {
  Json body = c.request.at("body");
  ChatRequest request;
  const std::string path = c.request.at("path");
  request.model = wire::percent_decode(path.substr(7, path.rfind('/') - 7));
  for (const Json& block : body.value("system", Json::array())) {
    if (request.messages.empty()) request.messages.push_back({.role = Role::kSystem});
    (void)block;
  }
  if (!request.messages.empty()) request.messages[0].parts = parts_of(body.at("system"));
  for (const Json& message : body.at("messages")) {
    request.messages.push_back({.role = role_from_name(message.at("role").get<std::string>()).value(),
                                .parts = parts_of(message.at("content"))});
  }
  Json inference = body.value("inferenceConfig", Json::object());
  const auto take = [&](const char* name, auto& target) {
    if (inference.contains(name))
      target = inference.at(name).get<typename std::decay_t<decltype(target)>::value_type>();
    inference.erase(name);
  };
  take("temperature", request.temperature);
  take("topP", request.top_p);
  take("maxTokens", request.max_output_tokens);
  request.stop_sequences = inference.value("stopSequences", std::vector<std::string>());
  inference.erase("stopSequences");
  if (body.contains("toolConfig")) read_tools(body["toolConfig"], request);
  Json fields = body.value("additionalModelRequestFields", Json::object());
  if (const Json thinking = fields.value("thinking", Json::object());
      thinking.value("type", "") == "enabled" && fields.size() == 1) {
    request.reasoning = ReasoningOptions{.budget_tokens = thinking.at("budget_tokens").get<int64_t>()};
    body.erase("additionalModelRequestFields");
  }
  if (body.contains("outputConfig")) {
    const Json& schema = body["outputConfig"]["textFormat"]["structure"]["jsonSchema"];
    request.response_format = {.type = ResponseFormat::Type::kJsonSchema,
                               .schema = schema.at("schema"),
                               .name = schema.value("name", ""),
                               .description = schema.value("description", "")};
  }
  for (const char* known : {"messages", "system", "inferenceConfig", "toolConfig", "outputConfig"}) body.erase(known);
  if (!inference.empty()) body["inferenceConfig"] = inference;
  if (!body.empty()) request.extra_body = body.dump();
  return request;
}

EmbeddingRequest bedrock_embedding_request(const Cassette& c) {
  Json body = c.request.at("body");
  EmbeddingRequest request;
  const std::string path = c.request.at("path");
  request.model = wire::percent_decode(path.substr(7, path.rfind('/') - 7));
  const auto take = [](Json& from, const char* name) {
    const Json value = from.contains(name) ? from.at(name) : Json();
    from.erase(name);
    return value;
  };
  if (Json text = take(body, "inputText"); text.is_string()) request.inputs = {text};
  if (Json texts = take(body, "texts"); texts.is_array()) request.inputs = texts.get<std::vector<std::string>>();
  if (Json type = take(body, "input_type"); type.is_string()) request.input_type = type;
  for (const char* name : {"dimensions", "output_dimension"}) {
    if (Json n = take(body, name); n.is_number()) request.dimensions = n.get<int64_t>();
  }
  if (body.contains("singleEmbeddingParams")) {
    Json& params = body["singleEmbeddingParams"];
    request.inputs = {take(params["text"], "value").get<std::string>()};
    request.input_type = take(params, "embeddingPurpose").get<std::string>();
    if (Json n = take(params, "embeddingDimension"); n.is_number()) request.dimensions = n.get<int64_t>();
  }
  if (!body.empty()) request.extra_body = body.dump();
  return request;
}

EmbeddingRequest voyage_request(const Cassette& c) {
  Json body = c.request.at("body");
  EmbeddingRequest request{.model = body.at("model"), .inputs = body.at("input").get<std::vector<std::string>>()};
  if (body.value("input_type", Json()).is_string()) request.input_type = body.at("input_type");
  if (body.value("output_dimension", Json()).is_number())
    request.dimensions = body.at("output_dimension").get<int64_t>();
  for (const char* known : {"model", "input", "input_type", "output_dimension"}) body.erase(known);
  request.extra_body = body.dump();
  return request;
}

// The equivalences at the top of this file.
Json normal(Json body) {
  const auto drop_empty = [](Json& object) {
    for (auto it = object.begin(); it != object.end();) {
      const bool empty = it->is_null() || ((it->is_object() || it->is_array()) && it->empty());
      it = empty ? object.erase(it) : std::next(it);
    }
  };
  if (body.contains("inferenceConfig")) drop_empty(body["inferenceConfig"]);
  drop_empty(body);
  Json turns = Json::array();
  for (Json& message : body.value("messages", Json::array())) {
    for (Json& block : message["content"]) {
      if (block.contains("toolResult") && block["toolResult"].value("status", "") == "success")
        block["toolResult"].erase("status");
    }
    if (!turns.empty() && turns.back()["role"] == message["role"]) {
      for (Json& block : message["content"]) turns.back()["content"].push_back(block);
    } else {
      turns.push_back(message);
    }
  }
  if (!turns.empty()) body["messages"] = turns;
  if (body.contains("outputConfig")) {
    Json& schema = body["outputConfig"]["textFormat"]["structure"]["jsonSchema"]["schema"];
    schema = Json::parse(schema.get<std::string>());
  }
  return body;
}

Result<wire::HttpRequest> encode(const Cassette& c) {
  const Endpoint endpoint{
      .provider = c.provider,
      .base_url = "https://host.example" + std::string(c.provider == Provider::kVoyage ? "/v1" : "")};
  if (c.provider == Provider::kVoyage) return voyage_embedding_codec().encode(voyage_request(c), endpoint);
  if (c.is_embedding()) return bedrock_embedding_codec().encode(bedrock_embedding_request(c), endpoint);
  return bedrock_codec().encode(chat_request(c), endpoint, c.is_stream());
}

// "" when the recorded request came out again, else what differs.
std::string difference(const Cassette& c) {
  const auto request = encode(c);
  if (!request) return request.error().message;
  const auto url = wire::split_url(request->url);
  const std::string path = c.request.at("path");
  if (wire::percent_decode(url->path) != wire::percent_decode(path)) return "path " + std::string(url->path);
  if (url->path.find(':') != std::string_view::npos) return "path is not encoded: " + std::string(url->path);
  const Json want = normal(c.request.at("body"));
  const Json got = normal(Json::parse(request->body));
  return want == got ? "" : Json::diff(want, got).dump().substr(0, 800);
}

TEST(BedrockRequests, ComeOutAsTheyWereRecorded) {
  const auto folder = shared_folder(TRACIA_SOURCE_DIR);
  if (!folder) GTEST_SKIP() << "the shared folder of recorded exchanges is absent";
  size_t compared = 0;
  for (const char* vendor : {"amazon_bedrock", "voyage"}) {
    for (const Cassette& c : load_cassettes(*folder / "cassettes" / vendor)) {
      if (!c.request_known) continue;
      ++compared;
      const std::string differs = difference(c);
      const auto listed = kInexpressible.find(c.id);
      if (listed == kInexpressible.end())
        EXPECT_EQ(differs, "") << c.id;
      else
        EXPECT_NE(differs, "") << c.id << " is expressible now; take it off the list";
    }
  }
  EXPECT_GT(compared, 0u);
}

}  // namespace
}  // namespace tracia::llm::testing
