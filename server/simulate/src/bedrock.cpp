// Converse and ConverseStream: the request. Source: Amazon Bedrock API reference, "Converse".
#include <algorithm>
#include <set>

#include "bedrock_write.h"
#include "tracia/base/bytes.h"

namespace tracia::simulate {

Answer bedrock_error(const Call& call, std::string message, int status, std::string type) {
  return error_answer(Vendor::kBedrock, {.status = status, .message = std::move(message), .type = std::move(type)},
                      call.hash);
}

namespace {

std::string at(size_t i, size_t k) { return "messages." + std::to_string(i) + ".content." + std::to_string(k); }

void read_media(Ask& ask, std::string_view kind, const json::Value& media) {
  const json::Value source = media["source"];
  const std::string_view data =
      source["bytes"].string_or(source["s3Location"]["uri"].string_or(source["text"].string_or("")));
  const std::string prefix = kind == "document" ? media["name"].text() + "." : std::string(kind) + "/";
  std::string what =
      source["bytes"] ? describe_base64(prefix + media["format"].text(), data) : std::string(utf8_prefix(data, 120));
  ask.add_media(kind, std::move(what), data);
}

std::string result_text(const json::Value& result) {
  std::string out;
  for (const json::Value part : result["content"].items()) {
    if (!out.empty()) out.push_back(' ');
    out.append(part["json"] ? part["json"].to_json() : part["text"].text());
  }
  return out;
}

struct Turn {
  std::set<std::string> uses;     // of this message
  std::set<std::string> pending;  // of the one before, still unanswered
};

std::optional<Answer> read_block(const Call& call, Ask& ask, const json::Value& block, size_t i, size_t k, Turn& turn) {
  if (const auto text = block["text"].string()) {
    if (trim(*text).empty()) {
      return bedrock_error(call, "The text field in the ContentBlock object at " + at(i, k) +
                                     " is blank. Add text to the text field, and try again.");
    }
    ask.add_text(*text);
  }
  for (const std::string_view kind : {"image", "document", "video", "audio"}) {
    if (const json::Value media = block[kind]; media.is_object()) {
      if (!media["source"].is_object())
        return bedrock_error(call, "The source field at " + at(i, k) + "." + std::string(kind) + " is required.");
      read_media(ask, kind, media);
    }
  }
  const json::Value use = block["toolUse"], result = block["toolResult"];
  if ((use || result) && !call.body["toolConfig"].is_object()) {
    return bedrock_error(call,
                         "The toolConfig field must be defined when using toolUse and toolResult content blocks.");
  }
  if (use.is_object()) {
    if (!use["input"].is_object())
      return bedrock_error(call, "The format of the value at " + at(i, k) +
                                     ".toolUse.input is invalid. Provide a json object for the field and try again.");
    turn.uses.insert(use["toolUseId"].text());
    ask.add_tool_call(use["name"].string_or(""), use["input"].to_json());
  }
  if (result.is_object()) {
    if (turn.pending.erase(result["toolUseId"].text()) == 0) {
      return bedrock_error(call,
                           "The toolResult blocks at messages." + std::to_string(i) +
                               ".content contain toolUseIds that do not match a toolUse block of the previous turn.");
    }
    ask.add_tool_result(result_text(result));
  }
  if (const auto thought = block["reasoningContent"]["reasoningText"]["text"].string()) ask.mix_in(*thought);
  return std::nullopt;
}

std::optional<Answer> missing_results(const Call& call, const std::set<std::string>& pending, size_t i) {
  if (pending.empty()) return std::nullopt;
  return bedrock_error(call, "Expected toolResult blocks at messages." + std::to_string(i) +
                                 ".content for the following Ids: " + *pending.begin());
}

std::optional<Answer> read_messages(const Call& call, Ask& ask) {
  const json::Value messages = call.body["messages"];
  if (!messages.is_array() || messages.size() == 0)
    return bedrock_error(call,
                         "A conversation must start with a user message. Try again with a conversation that starts "
                         "with a user message.");
  std::string_view previous_role = "assistant";
  Turn turn;
  size_t i = 0;
  for (const json::Value message : messages.items()) {
    const std::string_view name = message["role"].string_or("");
    if (name != "user" && name != "assistant") {
      return bedrock_error(
          call,
          "1 validation error detected: Value '" + std::string(name) + "' at 'messages." + std::to_string(i + 1) +
              ".member.role' failed to satisfy constraint: Member must satisfy enum value set: [user, assistant]");
    }
    if (name == previous_role) {
      return bedrock_error(call, i == 0
                                     ? "A conversation must start with a user message. Try again with a conversation "
                                       "that starts with a user message."
                                     : "A conversation must alternate between user and assistant roles. Make sure the "
                                       "conversation alternates between user and assistant roles and try again.");
    }
    previous_role = name;
    bool results = false;
    for (const json::Value block : message["content"].items()) results = results || block["toolResult"].is_object();
    if (message["content"].size() == 0)
      return bedrock_error(call, "The content field in the Message object at messages." + std::to_string(i) +
                                     " is empty. Add a ContentBlock object to the content field and try again.");
    ask.begin_message(name == "assistant" ? Role::kAssistant : results ? Role::kTool : Role::kUser);
    turn.pending = std::move(turn.uses);
    turn.uses.clear();
    size_t k = 0;
    for (const json::Value block : message["content"].items()) {
      if (auto problem = read_block(call, ask, block, i, k++, turn)) return problem;
    }
    if (auto problem = missing_results(call, turn.pending, i)) return problem;
    ++i;
  }
  return missing_results(call, turn.uses, i);
}

std::optional<Answer> read_tools(const Call& call, Ask& ask) {
  const json::Value config = call.body["toolConfig"];
  if (config.is_missing_or_null()) return std::nullopt;
  if (config["tools"].size() == 0)
    return bedrock_error(call,
                         "1 validation error detected: Value '[]' at 'toolConfig.tools' failed to satisfy constraint: "
                         "Member must have length greater than or equal to 1");
  for (const json::Value tool : config["tools"].items()) {
    const json::Value spec = tool["toolSpec"];
    if (!spec.is_object()) continue;  // cachePoint
    if (!spec["inputSchema"]["json"].is_object())
      return bedrock_error(
          call, "The inputSchema.json field of the tool " + spec["name"].text() + " must be a JSON schema object.");
    ask.add_tool(
        {.name = spec["name"].text(), .description = spec["description"].text(), .schema = spec["inputSchema"]["json"]},
        spec.to_json().size());
  }
  const json::Value choice = config["toolChoice"];
  if (choice["any"]) ask.tool_mode = ToolMode::kRequired;
  if (const auto name = choice["tool"]["name"].string()) {
    const bool known =
        std::any_of(ask.tools.begin(), ask.tools.end(), [&](const Tool& tool) { return tool.name == *name; });
    if (!known)
      return bedrock_error(call, "The toolChoice names a tool that toolConfig does not define: " + std::string(*name));
    ask.tool_mode = ToolMode::kRequired;
    ask.forced_tool = *name;
  }
  return std::nullopt;
}

std::optional<Answer> read_settings(const Call& call, Ask& ask, json::Document& schema_document) {
  const json::Value config = call.body["inferenceConfig"];
  ask.max_tokens = config["maxTokens"].integer().value_or(0);
  if (config["maxTokens"] && ask.max_tokens < 1)
    return bedrock_error(call, "The value at inferenceConfig.maxTokens must be at least 1.");
  const double temperature = config["temperature"].number().value_or(0);
  if (temperature < 0 || temperature > 1)
    return bedrock_error(call, "The value at inferenceConfig.temperature must be between 0 and 1.");
  ask.max_includes_reasoning = true;
  for (const json::Value stop : config["stopSequences"].items()) ask.stops.push_back(stop.text());
  const json::Value extra = call.body["additionalModelRequestFields"];
  const json::Value thinking = extra["thinking"]           ? extra["thinking"]
                               : extra["reasoning_config"] ? extra["reasoning_config"]
                                                           : extra["reasoningConfig"];
  const std::string_view kind = thinking["type"].string_or("");
  ask.reasoning = kind == "enabled" || kind == "adaptive";
  const json::Value format = call.body["outputConfig"]["textFormat"];
  if (format.is_object()) {
    const auto text = format["structure"]["jsonSchema"]["schema"].string();  // JSON inside a string
    const Result<json::Value> schema = schema_document.parse(text.value_or(""));
    if (!schema || !schema->is_object())
      return bedrock_error(call, "The schema of outputConfig.textFormat is not a valid JSON schema.");
    ask.output_schema = *schema;
  }
  return std::nullopt;
}

}  // namespace

Answer bedrock_converse(const Call& call, std::string_view model, bool stream) {
  if (is_unknown_model(model)) return bedrock_error(call, "The provided model identifier is invalid.");
  Ask ask;
  ask.model = model;
  if (call.body["system"].size() > 0) {
    ask.begin_message(Role::kSystem);
    for (const json::Value block : call.body["system"].items()) ask.add_text(block["text"].string_or(""));
  }
  json::Document schema_document;  // must outlive compose()
  if (auto problem = read_messages(call, ask)) return std::move(*problem);
  if (auto problem = read_tools(call, ask)) return std::move(*problem);
  if (auto problem = read_settings(call, ask, schema_document)) return std::move(*problem);
  const Reply reply = compose(ask, call.options.seed, call.options.cache);
  return stream ? stream_bedrock(call, ask, reply) : write_bedrock(call, ask, reply);
}

}  // namespace tracia::simulate
