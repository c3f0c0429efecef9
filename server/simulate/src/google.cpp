// generateContent and streamGenerateContent: the request. Source: Gemini API reference, "Generating content".
// Field names are accepted in camelCase and snake_case, as protocol-buffer JSON allows.
#include <algorithm>

#include "google_write.h"
#include "tracia/base/bytes.h"

namespace tracia::simulate {

json::Value google_field(const json::Value& object, std::string_view camel) {
  if (const json::Value found = object[camel]) return found;
  std::string snake;
  for (const char c : camel) {
    if (c >= 'A' && c <= 'Z') {
      snake.push_back('_');
      snake.push_back(static_cast<char>(c - 'A' + 'a'));
    } else {
      snake.push_back(c);
    }
  }
  return snake == camel ? json::Value{} : object[snake];
}

Answer google_error(const Call& call, std::string message, int status) {
  return error_answer(Vendor::kGoogle, {.status = status, .message = std::move(message)}, call.hash);
}

Answer google_no_model(const Call& call, std::string_view model, std::string_view method) {
  const bool v1 = call.request.path.starts_with("/v1/");
  return google_error(call,
                      "models/" + std::string(model) + " is not found for API version " + (v1 ? "v1" : "v1beta") +
                          ", or is not supported for " + std::string(method) +
                          ". Call ListModels to see the list of available models and their supported methods.",
                      404);
}

namespace {

constexpr std::array<std::string_view, 10> kRequestFields = {
    "contents",         "systemInstruction", "tools", "toolConfig", "safetySettings",
    "generationConfig", "cachedContent",     "model", "labels",     "serviceTier"};
constexpr std::array<std::string_view, 28> kConfigFields = {"candidateCount",
                                                            "stopSequences",
                                                            "maxOutputTokens",
                                                            "temperature",
                                                            "topP",
                                                            "topK",
                                                            "seed",
                                                            "presencePenalty",
                                                            "frequencyPenalty",
                                                            "responseMimeType",
                                                            "responseSchema",
                                                            "responseJsonSchema",
                                                            "responseLogprobs",
                                                            "logprobs",
                                                            "responseModalities",
                                                            "speechConfig",
                                                            "thinkingConfig",
                                                            "mediaResolution",
                                                            "enableEnhancedCivicAnswers",
                                                            "imageConfig",
                                                            "audioTimestamp",
                                                            "routingConfig",
                                                            "modelSelectionConfig",
                                                            "enableAffectiveDialog",
                                                            "responseFormat",
                                                            "_responseJsonSchema",
                                                            "store",
                                                            "translationConfig"};

std::string camel_of(std::string_view name) {
  std::string out;
  for (size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '_' && i > 0 && i + 1 < name.size())
      out.push_back(ascii_upper(name.substr(++i, 1))[0]);
    else
      out.push_back(name[i]);
  }
  return out;
}

// Google refuses fields that it does not know, unlike the others.
template <size_t N>
std::optional<Answer> unknown_field(const Call& call, const json::Value& object,
                                    const std::array<std::string_view, N>& known, std::string_view where) {
  for (const json::Member member : object.members()) {
    const std::string camel = camel_of(member.key);
    if (std::find(known.begin(), known.end(), camel) != known.end()) continue;
    if (std::find(known.begin(), known.end(), member.key) != known.end()) continue;
    return google_error(call, "Invalid JSON payload received. Unknown name \"" + std::string(member.key) + "\"" +
                                  (where.empty() ? "" : " at '" + std::string(where) + "'") + ": Cannot find field.");
  }
  return std::nullopt;
}

// The OpenAPI form of a schema knows no "$ref" and its kin; those belong into the ...JsonSchema fields.
std::string dollar_key(const json::Value& schema, int depth) {
  if (depth > 32) return "";
  for (const json::Member member : schema.members()) {
    if (member.key.starts_with('$')) return std::string(member.key);
    if (std::string found = dollar_key(member.value, depth + 1); !found.empty()) return found;
  }
  for (const json::Value item : schema.items()) {
    if (std::string found = dollar_key(item, depth + 1); !found.empty()) return found;
  }
  return "";
}

std::optional<Answer> check_openapi_schema(const Call& call, const json::Value& schema, std::string_view where) {
  const std::string key = dollar_key(schema, 0);
  if (key.empty()) return std::nullopt;
  return google_error(call, "Invalid JSON payload received. Unknown name \"" + key + "\" at '" + std::string(where) +
                                "': Cannot find field.");
}

void read_part(Ask& ask, const json::Value& part) {
  if (part["thought"].boolean_or(false)) return ask.mix_in(part["text"].string_or(""));
  if (const auto text = part["text"].string()) ask.add_text(*text);
  if (const json::Value data = google_field(part, "inlineData")) {
    const std::string_view mime = google_field(data, "mimeType").string_or("?");
    const std::string_view kind = mime.starts_with("image/")   ? "image"
                                  : mime.starts_with("audio/") ? "audio"
                                  : mime.starts_with("video/") ? "video"
                                                               : "document";
    ask.add_media(kind, describe_base64(mime, data["data"].string_or("")), data["data"].string_or(""));
  }
  if (const json::Value file = google_field(part, "fileData")) {
    const std::string_view uri = google_field(file, "fileUri").string_or("");
    const std::string_view mime = google_field(file, "mimeType").string_or("");
    ask.add_media(mime.starts_with("image/") ? "image" : "document", std::string(utf8_prefix(uri, 120)), uri);
  }
  if (const json::Value item = google_field(part, "functionCall"))
    ask.add_tool_call(item["name"].string_or(""), item["args"].to_json());
  if (const json::Value result = google_field(part, "functionResponse")) {
    const json::Value response = result["response"];
    const json::Value text = response["result"]   ? response["result"]
                             : response["output"] ? response["output"]
                                                  : response["content"];
    ask.add_tool_result(text.is_string() ? text.text() : text ? text.to_json() : response.to_json());
  }
}

std::optional<Answer> read_contents(const Call& call, Ask& ask) {
  const json::Value contents = call.body["contents"];
  if (!contents.is_array() || contents.size() == 0)
    return google_error(call, "* GenerateContentRequest.contents: contents is not specified\n");
  int64_t open_calls = 0;
  for (const json::Value content : contents.items()) {
    const std::string_view name = content["role"].string_or("user");
    if (name != "user" && name != "model" && name != "function")
      return google_error(call, "Please use a valid role: user, model.");
    const json::Value parts = content["parts"];
    if (!parts.is_array() || parts.size() == 0) {
      return google_error(call, "* GenerateContentRequest.contents.parts: contents.parts must not be empty.\n");
    }
    int64_t calls = 0, responses = 0;
    for (const json::Value part : parts.items()) {
      calls += google_field(part, "functionCall") ? 1 : 0;
      responses += google_field(part, "functionResponse") ? 1 : 0;
      if (google_field(part, "functionResponse") &&
          google_field(part, "functionResponse")["name"].string_or("").empty()) {
        return google_error(call,
                            "* GenerateContentRequest.contents.parts.function_response.name: Name cannot be empty.\n");
      }
    }
    if (responses != open_calls && (responses > 0 || open_calls > 0)) {
      return google_error(
          call, responses > 0 && open_calls == 0
                    ? "Please ensure that function response turn comes immediately after a function call turn."
                    : "Please ensure that the number of function response parts is equal to the number of function "
                      "call parts of the function call turn.");
    }
    open_calls = calls;
    ask.begin_message(name == "model" ? Role::kAssistant : responses > 0 ? Role::kTool : Role::kUser);
    for (const json::Value part : parts.items()) read_part(ask, part);
  }
  return std::nullopt;
}

std::optional<Answer> read_tools(const Call& call, Ask& ask) {
  size_t i = 0;
  for (const json::Value tool : call.body["tools"].items()) {
    size_t k = 0;
    for (const json::Value function : google_field(tool, "functionDeclarations").items()) {
      const std::string where = "tools[" + std::to_string(i) + "].function_declarations[" + std::to_string(k++) + "]";
      if (function["name"].string_or("").empty())
        return google_error(call, "* GenerateContentRequest." + where + ".name: [FIELD_INVALID]\n");
      const json::Value json_schema = google_field(function, "parametersJsonSchema");
      if (!json_schema) {
        if (auto problem = check_openapi_schema(call, function["parameters"], where + ".parameters")) return problem;
      }
      ask.add_tool({.name = function["name"].text(),
                    .description = function["description"].text(),
                    .schema = json_schema ? json_schema : function["parameters"]},
                   function.to_json().size());
    }
    ++i;
  }
  const json::Value config = google_field(google_field(call.body, "toolConfig"), "functionCallingConfig");
  const std::string mode = ascii_upper(config["mode"].string_or("AUTO"));
  if (mode == "NONE") ask.tool_mode = ToolMode::kNone;
  if (mode != "ANY") return std::nullopt;
  ask.tool_mode = ToolMode::kRequired;
  std::vector<std::string> allowed;
  for (const json::Value name : google_field(config, "allowedFunctionNames").items()) allowed.push_back(name.text());
  if (allowed.size() == 1) ask.forced_tool = allowed.front();
  if (!allowed.empty()) {
    std::erase_if(ask.tools, [&](const Tool& tool) {
      return std::find(allowed.begin(), allowed.end(), tool.name) == allowed.end();
    });
    if (ask.tools.empty()) return google_error(call, "Function calling config names functions that are not declared.");
  }
  return std::nullopt;
}

std::optional<Answer> read_config(const Call& call, GoogleRequest& request) {
  const json::Value config = google_field(call.body, "generationConfig");
  if (auto problem = unknown_field(call, config, kConfigFields, "generation_config")) return problem;
  Ask& ask = request.ask;
  ask.max_tokens = google_field(config, "maxOutputTokens").integer().value_or(0);
  if (ask.max_tokens < 0) return google_error(call, "max_output_tokens must be positive");
  ask.max_includes_reasoning = true;
  const double temperature = config["temperature"].number().value_or(1);
  if (temperature < 0 || temperature > 2)
    return google_error(
        call, "* GenerateContentRequest.generation_config.temperature: temperature must be in the range [0.0, 2.0].\n");
  for (const json::Value stop : google_field(config, "stopSequences").items()) ask.stops.push_back(stop.text());
  if (ask.stops.size() > 5)
    return google_error(
        call, "* GenerateContentRequest.generation_config.stop_sequences: at most 5 stop sequences are allowed.\n");
  const json::Value thinking = google_field(config, "thinkingConfig");
  request.include_thoughts = google_field(thinking, "includeThoughts").boolean_or(false);
  const bool off = google_field(thinking, "thinkingBudget").integer() == std::optional<int64_t>(0);
  ask.reasoning = thinking.is_object() && !off;
  request.candidates = std::clamp<int64_t>(google_field(config, "candidateCount").integer().value_or(1), 1, 8);
  const json::Value json_schema = google_field(config, "responseJsonSchema")
                                      ? google_field(config, "responseJsonSchema")
                                      : config["_responseJsonSchema"];
  const json::Value schema = json_schema ? json_schema : google_field(config, "responseSchema");
  const std::string_view mime = google_field(config, "responseMimeType").string_or("text/plain");
  if (schema.is_object()) {
    if (mime == "text/plain") {
      return google_error(call,
                          "* GenerateContentRequest.generation_config.response_schema: only allowed for "
                          "response_mime_type `application/json` or `text/x.enum`\n");
    }
    if (!json_schema) {
      if (auto problem = check_openapi_schema(call, schema, "generation_config.response_schema")) return problem;
    }
    ask.output_schema = schema;
  } else {
    ask.json_object = mime == "application/json";
  }
  if (mime == "application/json" && !ask.tools.empty() && request.model_refuses_json_with_tools()) {
    return google_error(call, "Function calling with a response mime type: 'application/json' is unsupported");
  }
  return std::nullopt;
}

std::optional<Answer> read_request(const Call& call, GoogleRequest& request) {
  if (auto problem = unknown_field(call, call.body, kRequestFields, "")) return problem;
  if (const json::Value system = google_field(call.body, "systemInstruction")) {
    request.ask.begin_message(Role::kSystem);
    for (const json::Value part : system["parts"].items()) request.ask.add_text(part["text"].string_or(""));
  }
  if (auto problem = read_contents(call, request.ask)) return problem;
  if (auto problem = read_tools(call, request.ask)) return problem;
  return read_config(call, request);
}

}  // namespace

// Before Gemini 3 the two could not be combined.
bool GoogleRequest::model_refuses_json_with_tools() const {
  return ask.model.starts_with("gemini-1") || ask.model.starts_with("gemini-2");
}

Answer google_generate(const Call& call, std::string_view model, bool stream) {
  GoogleRequest request;
  if (is_unknown_model(model)) return google_no_model(call, model, "generateContent");
  request.ask.model = model;
  if (auto problem = read_request(call, request)) return std::move(*problem);
  std::vector<Reply> replies;
  for (int64_t i = 0; i < request.candidates; ++i) {
    request.ask.variant = static_cast<uint64_t>(i);
    replies.push_back(compose(request.ask, call.options.seed, call.options.cache));
  }
  return stream ? stream_google(call, request, replies) : write_google(call, request, replies);
}

Answer google_count_tokens(const Call& call) {
  Ask ask;
  const json::Value inner = call.body["generateContentRequest"];
  const json::Value contents = inner ? inner["contents"] : call.body["contents"];
  for (const json::Value content : contents.items()) {
    ask.begin_message(Role::kUser);
    for (const json::Value part : content["parts"].items()) read_part(ask, part);
  }
  return json_answer(Vendor::kGoogle,
                     json::Writer().begin_object().field("totalTokens", ask.prompt_tokens).end_object().take(),
                     call.hash);
}

}  // namespace tracia::simulate
