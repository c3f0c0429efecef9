#include "google/google.h"

namespace tracia::llm::google {
namespace {

std::string at(size_t index, std::string_view field) {
  return "tools[" + std::to_string(index) + "]." + std::string(field);
}

// JSON Schema goes out as it is where Google documents it: its own endpoint, Gemini 2.5 and later.
bool takes_json_schema(const ChatRequest& request, const Endpoint& endpoint) {
  const int version = model_version(request.model);
  return endpoint.is_vendor && (version == 0 || version >= 205);
}

// Writes `schema` under the key of its dialect.
Status write_schema(json::Writer& w, std::string_view schema, bool json_schema, std::string_view google_key,
                    std::string_view json_key, const std::string& what) {
  json::Document document;
  const auto root = document.parse(schema);
  if (!root) return fail(Error::invalid(what + " is " + root.error().message));
  if (!root->is_object()) return fail(Error::invalid(what + " must be a JSON object"));
  if (is_google_schema(*root)) {
    w.field_raw(google_key, schema);
  } else if (json_schema) {
    w.field_raw(json_key, schema);
  } else {
    const auto converted = to_google_schema(*root, what);
    if (!converted) return fail(converted.error());
    w.field_raw(google_key, *converted);
  }
  return {};
}

// Functions share one element of `tools`; each vendor tool (googleSearch, codeExecution, urlContext, …) is its own.
Status write_tools(json::Writer& w, const ChatRequest& request, bool json_schema) {
  if (request.tools.empty()) return {};
  w.key("tools").begin_array();
  bool any = false;
  for (size_t i = 0; i < request.tools.size(); ++i) {
    const Tool& tool = request.tools[i];
    if (tool.kind == Tool::Kind::kVendor) continue;
    if (tool.kind == Tool::Kind::kCustom) return fail(Error::invalid(at(i, "kind: Google has no free-text tools")));
    if (!any) w.begin_object().key("functionDeclarations").begin_array();
    any = true;
    w.begin_object().field("name", tool.name).field_if("description", tool.description);
    if (!tool.parameters.empty()) {
      TRACIA_TRY(
          write_schema(w, tool.parameters, json_schema, "parameters", "parametersJsonSchema", at(i, "parameters")));
    }
    w.end_object();
  }
  if (any) w.end_array().end_object();
  for (size_t i = 0; i < request.tools.size(); ++i) {
    if (request.tools[i].kind != Tool::Kind::kVendor) continue;
    TRACIA_TRY(json::check_object(request.tools[i].vendor_json, at(i, "vendor_json")));
    w.raw(request.tools[i].vendor_json);
  }
  w.end_array();
  return {};
}

void write_tool_config(json::Writer& w, const ToolChoice& choice) {
  using Mode = ToolChoice::Mode;
  if (choice.mode == Mode::kUnset) return;
  w.key("toolConfig").begin_object().key("functionCallingConfig").begin_object();
  w.field("mode", choice.mode == Mode::kAuto ? "AUTO" : choice.mode == Mode::kNone ? "NONE" : "ANY");
  if (choice.mode == Mode::kTool) w.key("allowedFunctionNames").begin_array().value(choice.tool).end_array();
  w.end_object().end_object();
}

// Gemini 2.5 takes a number of tokens instead of a level; -1 lets the model choose.
int64_t budget_of(std::string_view effort) {
  if (effort == "none") return 0;
  if (effort == "minimal") return 512;
  if (effort == "low") return 1024;
  if (effort == "medium") return 8192;
  if (effort == "high") return 24'576;
  return -1;
}

void write_thinking(json::Writer& w, const ChatRequest& request) {
  if (!request.reasoning) return;
  const ReasoningOptions& options = *request.reasoning;
  if (options.effort.empty() && !options.budget_tokens && !options.include_text) return;
  const int version = model_version(request.model);
  w.key("thinkingConfig").begin_object();
  // A level and a budget exclude each other.
  if (options.budget_tokens)
    w.field("thinkingBudget", *options.budget_tokens);
  else if (!options.effort.empty() && (version == 0 || version >= 300))
    w.field("thinkingLevel", options.effort == "none" ? "minimal" : options.effort);
  else if (!options.effort.empty())
    w.field("thinkingBudget", budget_of(options.effort));
  if (options.include_text) w.field("includeThoughts", true);
  w.end_object();
}

Status write_generation_config(json::Writer& w, const ChatRequest& request, bool json_schema) {
  json::Writer config;
  config.begin_object();
  config.field("temperature", request.temperature)
      .field("topP", request.top_p)
      .field("maxOutputTokens", request.max_output_tokens);
  if (!request.stop_sequences.empty()) {
    config.key("stopSequences").begin_array();
    for (const std::string& stop : request.stop_sequences) config.value(stop);
    config.end_array();
  }
  const ResponseFormat& format = request.response_format;
  if (format.type != ResponseFormat::Type::kText) config.field("responseMimeType", "application/json");
  if (format.type == ResponseFormat::Type::kJsonSchema) {
    TRACIA_TRY(write_schema(config, format.schema, json_schema, "responseSchema", "responseJsonSchema",
                            "response_format.schema"));
  }
  write_thinking(config, request);
  config.end_object();
  if (config.str() != "{}") w.field_raw("generationConfig", config.str());
  return {};
}

}  // namespace

Result<wire::HttpRequest> encode_request(const ChatRequest& request, const Endpoint& endpoint, bool stream) {
  const bool json_schema = takes_json_schema(request, endpoint);
  json::Writer w;
  w.begin_object();
  TRACIA_TRY(write_contents(w, request, endpoint));
  TRACIA_TRY(write_tools(w, request, json_schema));
  write_tool_config(w, request.tool_choice);
  TRACIA_TRY(write_generation_config(w, request, json_schema));
  w.end_object();
  auto body = with_extra_body(w.take(), request.extra_body);
  if (!body) return fail(body.error());
  wire::HttpRequest out;
  out.body = std::move(*body);
  out.url = wire::join_url(endpoint.base_url, "/v1beta/" + model_path(request.model) +
                                                  (stream ? ":streamGenerateContent?alt=sse" : ":generateContent"));
  out.headers.add("content-type", "application/json");
  out.headers.add("accept", stream ? "text/event-stream" : "application/json");
  return out;
}

}  // namespace tracia::llm::google
