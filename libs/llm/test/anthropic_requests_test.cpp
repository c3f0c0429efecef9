// Every recorded request to Anthropic, read into the neutral model and encoded again.
#include <gtest/gtest.h>

#include <map>

#include "cassettes.h"
#include "recorded_requests.h"

namespace tracia::llm::testing {
namespace {

std::optional<CacheControl> cache_of(const Json& block) {
  if (!block.contains("cache_control")) return std::nullopt;
  return CacheControl{block.at("cache_control").value("ttl", "")};
}

MediaSource source_of(const Json& source) {
  const std::string type = source.at("type");
  if (type == "url") return {MediaSource::Kind::kUrl, source.at("url")};
  if (type == "file") return {MediaSource::Kind::kFileId, source.at("file_id")};
  if (type == "text") return {MediaSource::Kind::kBytes, source.at("data")};
  return {MediaSource::Kind::kBase64, source.at("data")};
}

std::vector<Part> parts_of(const Json& content);

Part part_of(const Json& block) {
  const std::string type = block.at("type");
  if (type == "text") {
    return {TextPart{.text = block.at("text"),
                     .annotations = block.contains("citations") ? block.at("citations").dump() : "",
                     .cache = cache_of(block)}};
  }
  if (type == "image") {
    return {ImagePart{.source = source_of(block.at("source")),
                      .mime_type = block.at("source").value("media_type", ""),
                      .cache = cache_of(block)}};
  }
  if (type == "document") {
    return {DocumentPart{.source = source_of(block.at("source")),
                         .mime_type = block.at("source").value("media_type", ""),
                         .name = block.value("title", ""),
                         .context = block.value("context", ""),
                         .citations = block.value("/citations/enabled"_json_pointer, false),
                         .cache = cache_of(block)}};
  }
  if (type == "tool_use") {
    return {ToolCallPart{.id = block.at("id"),
                         .name = block.at("name"),
                         .arguments = block.at("input").dump(),
                         .cache = cache_of(block)}};
  }
  if (type == "tool_result") {
    ToolResultPart result{
        .tool_call_id = block.at("tool_use_id"), .is_error = block.value("is_error", false), .cache = cache_of(block)};
    if (block.contains("content")) result.content = parts_of(block.at("content"));
    return {std::move(result)};
  }
  if (type == "thinking")
    return {ReasoningPart{
        .text = block.at("thinking"), .signature = block.at("signature"), .provider = Provider::kAnthropic}};
  if (type == "redacted_thinking")
    return {ReasoningPart{.signature = block.at("data"), .redacted = true, .provider = Provider::kAnthropic}};
  return {OpaquePart{.provider = Provider::kAnthropic, .json = block.dump()}};
}

std::vector<Part> parts_of(const Json& content) {
  if (content.is_string()) return {text_part(content)};
  std::vector<Part> parts;
  for (const Json& block : content) parts.push_back(part_of(block));
  return parts;
}

Tool tool_of(const Json& tool) {
  const std::set<std::string> known{"name", "description", "input_schema", "strict", "cache_control"};
  bool plain = tool.contains("input_schema");
  for (const auto& [key, value] : tool.items()) plain = plain && known.contains(key);
  if (!plain) return {.name = tool.at("name"), .kind = Tool::Kind::kVendor, .vendor_json = tool.dump()};
  Tool out{.name = tool.at("name"),
           .description = tool.value("description", ""),
           .parameters = tool.at("input_schema").dump(),
           .cache = cache_of(tool)};
  if (tool.contains("strict")) out.strict = tool.at("strict").get<bool>();
  return out;
}

void read_choice(const Json& choice, ChatRequest& request) {
  static const std::map<std::string, ToolChoice::Mode> modes{{"auto", ToolChoice::Mode::kAuto},
                                                             {"none", ToolChoice::Mode::kNone},
                                                             {"any", ToolChoice::Mode::kRequired},
                                                             {"tool", ToolChoice::Mode::kTool}};
  request.tool_choice = {modes.at(choice.at("type")), choice.value("name", "")};
  if (choice.contains("disable_parallel_tool_use"))
    request.parallel_tool_calls = !choice.at("disable_parallel_tool_use").get<bool>();
}

void read_thinking(const Json& body, ChatRequest& request, Json& extra) {
  if (body.contains("thinking")) {
    const Json& thinking = body.at("thinking");
    request.reasoning.emplace();
    if (thinking.at("type") == "enabled")
      request.reasoning->budget_tokens = thinking.at("budget_tokens").get<int64_t>();
    if (thinking.at("type") == "disabled") request.reasoning->budget_tokens = 0;
    request.reasoning->include_text = thinking.value("display", "") == "summarized";
  }
  if (!body.contains("output_config")) return;
  const Json& config = body.at("output_config");
  if (config.contains("format"))
    request.response_format = {.type = ResponseFormat::Type::kJsonSchema,
                               .schema = config.at("format").at("schema").dump()};
  if (!config.contains("effort")) return;
  if (request.reasoning)
    request.reasoning->effort = config.at("effort");
  else
    extra["output_config"] = {{"effort", config.at("effort")}};
}

ChatRequest request_of(const Json& body) {
  ChatRequest request{.model = body.at("model")};
  if (body.contains("system"))
    request.messages.push_back({.role = Role::kSystem, .parts = parts_of(body.at("system"))});
  for (const Json& message : body.at("messages")) {
    request.messages.push_back({.role = message.at("role") == "assistant" ? Role::kAssistant : Role::kUser,
                                .parts = parts_of(message.at("content"))});
  }
  if (body.contains("tools")) {
    for (const Json& tool : body.at("tools")) request.tools.push_back(tool_of(tool));
  }
  if (body.contains("tool_choice")) read_choice(body.at("tool_choice"), request);
  if (body.contains("temperature")) request.temperature = body.at("temperature").get<double>();
  if (body.contains("top_p")) request.top_p = body.at("top_p").get<double>();
  request.max_output_tokens = body.at("max_tokens").get<int64_t>();
  if (body.contains("stop_sequences"))
    request.stop_sequences = body.at("stop_sequences").get<std::vector<std::string>>();
  Json extra = Json::object();
  read_thinking(body, request, extra);
  take_rest(body,
            {"model", "system", "messages", "tools", "tool_choice", "temperature", "top_p", "max_tokens",
             "stop_sequences", "thinking", "output_config", "stream"},
            extra);
  if (!extra.empty()) request.extra_body = extra.dump();
  return request;
}

// Equivalent for the vendor:
// - a content of one plain text block and that text as a string (messages, system, tool results)
// - `stream: false`, `tools: []`, an empty tool description, and their absence
Json normalised(Json body) {
  const auto shorten = [](Json& content) {
    if (content.is_array() && content.size() == 1 && content[0].size() == 2 && content[0].value("type", "") == "text")
      content = Json(content[0].at("text"));
  };
  if (body.contains("stream") && body.at("stream") == false) body.erase("stream");
  if (body.contains("tools") && body.at("tools").empty()) body.erase("tools");
  if (body.contains("system")) shorten(body["system"]);
  for (Json& message : body["messages"]) {
    if (message["content"].is_array()) {
      for (Json& block : message["content"]) {
        if (block.value("type", "") == "tool_result" && block.contains("content")) shorten(block["content"]);
      }
    }
    shorten(message["content"]);
  }
  if (body.contains("tools")) {
    for (Json& tool : body["tools"]) {
      if (tool.value("description", "x").empty()) tool.erase("description");
    }
  }
  return body;
}

// Requests that the neutral model cannot say, and why.
const std::map<std::string, std::string> kInexpressible{};

TEST(AnthropicRequests, EncodeAsRecorded) {
  const auto shared = shared_folder(TRACIA_SOURCE_DIR);
  if (!shared) GTEST_SKIP() << "no shared folder: set TRACIA_SHARED to the one with cassettes/";
  size_t compared = 0;
  for (const Cassette& c : load_cassettes(*shared / "cassettes" / "anthropic")) {
    if (!c.request_known) continue;
    const Json& body = c.request.at("body");
    const auto encoded = anthropic_codec().encode(request_of(body), {Provider::kAnthropic, "https://api.anthropic.com"},
                                                  body.value("stream", false));
    ASSERT_TRUE(encoded) << c.id << ": " << encoded.error().message;
    const std::string difference = json_difference(normalised(body), normalised(Json::parse(encoded->body)));
    EXPECT_EQ(difference.empty(), !kInexpressible.contains(c.id)) << c.id << ": " << difference;
    EXPECT_EQ(encoded->url, "https://api.anthropic.com" + c.request.at("path").get<std::string>()) << c.id;
    EXPECT_EQ(encoded->headers.get_or("anthropic-version", ""), "2023-06-01");
    ++compared;
  }
  EXPECT_GT(compared, 30u);
}

}  // namespace
}  // namespace tracia::llm::testing
