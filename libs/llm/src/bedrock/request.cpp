#include <algorithm>

#include "bedrock/bedrock.h"

namespace tracia::llm::bedrock {

Result<wire::HttpRequest> encode_request(const ChatRequest& request, const Endpoint& endpoint, bool stream);

namespace {

using Mode = ToolChoice::Mode;
constexpr std::string_view kNoParameters = R"({"type":"object","properties":{}})";

void write_inference(json::Writer& w, const ChatRequest& request) {
  if (!request.max_output_tokens && !request.temperature && !request.top_p && request.stop_sequences.empty()) return;
  w.key("inferenceConfig").begin_object();
  w.field("maxTokens", request.max_output_tokens)
      .field("temperature", request.temperature)
      .field("topP", request.top_p);
  if (!request.stop_sequences.empty()) {
    w.key("stopSequences").begin_array();
    for (const std::string& stop : request.stop_sequences) w.value(stop);
    w.end_array();
  }
  w.end_object();
}

Status write_tool(json::Writer& w, const Tool& tool, size_t index) {
  const std::string where = "tools[" + std::to_string(index) + "]";
  if (tool.kind == Tool::Kind::kVendor) {
    TRACIA_TRY(json::check_object(tool.vendor_json, where + ".vendor_json"));
    w.raw(tool.vendor_json);
  } else if (tool.kind == Tool::Kind::kCustom) {
    return fail(Error::invalid(where + ".kind: Amazon Bedrock has no free-text tools"));
  } else {
    if (!tool.parameters.empty()) TRACIA_TRY(json::check_object(tool.parameters, where + ".parameters"));
    w.begin_object().key("toolSpec").begin_object();
    w.field("name", tool.name).field_if("description", tool.description);
    w.key("inputSchema").begin_object();
    w.field_raw("json", tool.parameters.empty() ? kNoParameters : std::string_view(tool.parameters)).end_object();
    w.field("strict", tool.strict).end_object().end_object();
  }
  if (tool.cache) {
    w.begin_object().key("cachePoint").begin_object();
    w.field("type", "default").field_if("ttl", tool.cache->ttl).end_object().end_object();
  }
  return {};
}

void write_tool_choice(json::Writer& w, const ToolChoice& choice) {
  switch (choice.mode) {
    case Mode::kUnset:
    case Mode::kNone: return;
    case Mode::kAuto: w.key("toolChoice").begin_object().key("auto").begin_object(); break;
    case Mode::kRequired: w.key("toolChoice").begin_object().key("any").begin_object(); break;
    case Mode::kTool: w.key("toolChoice").begin_object().key("tool").begin_object().field("name", choice.tool); break;
  }
  w.end_object().end_object();
}

// Converse has no "none". Without tool blocks in the conversation the tools are left out, which says the same. With
// them the vendor demands a toolConfig, so the tools stay (without a choice); a caller who gave none gets stand-ins
// with the names that the conversation uses.
Status write_tool_config(json::Writer& w, const ChatRequest& request, const ConversationFacts& facts) {
  const bool wants_tools = !request.tools.empty() && request.tool_choice.mode != Mode::kNone;
  if (!wants_tools && !facts.uses_tools) return {};
  w.key("toolConfig").begin_object().key("tools").begin_array();
  for (size_t i = 0; i < request.tools.size(); ++i) TRACIA_TRY(write_tool(w, request.tools[i], i));
  if (request.tools.empty()) {
    size_t i = 0;
    for (const auto& [name, used] : facts.tool_names) TRACIA_TRY(write_tool(w, {.name = name}, i++));
    if (facts.tool_names.empty()) TRACIA_TRY(write_tool(w, {.name = "tool"}, 0));
  }
  w.end_array();
  if (wants_tools) write_tool_choice(w, request.tool_choice);
  w.end_object();
  return {};
}

// ---- additionalModelRequestFields: what only some models understand.

constexpr int64_t kBudgetTokensMin = 1024;  // Anthropic's

int64_t budget_of(std::string_view effort) {
  if (effort == "minimal") return kBudgetTokensMin;
  if (effort == "low") return 2048;
  if (effort == "high") return 16'384;
  if (effort == "xhigh" || effort == "max") return 32'000;
  return 8192;
}

void write_claude_thinking(json::Writer& w, const ChatRequest& request, const Family& family) {
  const ReasoningOptions& options = *request.reasoning;
  const bool off = options.effort == "none" || options.budget_tokens.value_or(1) <= 0;
  const bool has_effort = family.effort && !off && !options.effort.empty();
  if (off) {
    w.key("thinking").begin_object().field("type", "disabled").end_object();
  } else if (options.budget_tokens || !family.adaptive_thinking) {
    int64_t budget = options.budget_tokens.value_or(budget_of(options.effort));
    // The budget must leave room for the answer.
    if (!options.budget_tokens && request.max_output_tokens && budget >= *request.max_output_tokens) {
      budget = *request.max_output_tokens / 2;
    }
    w.key("thinking").begin_object().field("type", "enabled");
    w.field("budget_tokens", std::max(budget, kBudgetTokensMin)).end_object();
  } else {
    w.key("thinking").begin_object().field("type", "adaptive");
    if (options.include_text) w.field("display", "summarized");
    w.end_object();
  }
  if (has_effort) {
    w.key("output_config").begin_object();
    w.field("effort", options.effort == "minimal" ? "low" : options.effort).end_object();
  }
}

// Amazon Nova 2 User Guide, "Extended thinking".
void write_nova_reasoning(json::Writer& w, const ReasoningOptions& options) {
  const bool off = options.effort == "none" || options.budget_tokens.value_or(1) <= 0;
  std::string effort = options.effort;
  if (effort.empty()) effort = "medium";
  if (effort == "minimal") effort = "low";
  if (effort == "xhigh" || effort == "max") effort = "high";
  w.key("reasoningConfig").begin_object().field("type", off ? "disabled" : "enabled");
  if (!off) w.field("maxReasoningEffort", effort);
  w.end_object();
}

void write_serial_tools(json::Writer& w, const ChatRequest& request) {
  const ToolChoice& choice = request.tool_choice;
  w.key("tool_choice").begin_object();
  w.field("type", choice.mode == Mode::kRequired ? "any" : choice.mode == Mode::kTool ? "tool" : "auto");
  if (choice.mode == Mode::kTool) w.field("name", choice.tool);
  w.field("disable_parallel_tool_use", true).end_object();
}

// Other families reason as they please: Converse gives no common switch, so the options are left to extra_body.
void write_model_fields(json::Writer& w, const ChatRequest& request, const Family& family) {
  json::Writer fields;
  fields.begin_object();
  if (request.reasoning && family.kind == Family::Kind::kClaude) write_claude_thinking(fields, request, family);
  if (request.reasoning && family.kind == Family::Kind::kNova2) write_nova_reasoning(fields, *request.reasoning);
  if (request.reasoning && family.kind == Family::Kind::kGptOss)
    fields.field_if("reasoning_effort", request.reasoning->effort);
  const bool sends_tools = !request.tools.empty() && request.tool_choice.mode != Mode::kNone;
  if (!request.parallel_tool_calls.value_or(true) && family.serial_tools && sends_tools)
    write_serial_tools(fields, request);
  fields.end_object();
  if (fields.size() > 2) w.field_raw("additionalModelRequestFields", fields.str());
}

// ---- outputConfig

// Structured outputs want every object closed (Bedrock User Guide, "Structured outputs"), which few schemas say.
// `is_map`: the members are schemas by name ("properties", "$defs"), whatever they are called.
void write_closed(json::Writer& w, const json::Value& schema, bool is_map = false) {
  if (schema.is_array()) {
    w.begin_array();
    for (const json::Value item : schema.items()) write_closed(w, item);
    w.end_array();
    return;
  }
  if (!schema.is_object()) {
    w.raw(schema.to_json());
    return;
  }
  w.begin_object();
  for (const json::Member member : schema.members()) {
    const std::string_view key = member.key;
    w.key(key);
    if (!is_map && (key == "enum" || key == "const" || key == "default" || key == "examples")) {
      w.raw(member.value.to_json());
    } else {
      write_closed(w, member.value, !is_map && (key == "properties" || key == "$defs" || key == "definitions"));
    }
  }
  const bool is_open = !is_map && schema["type"].string_or("") == "object" && !schema["additionalProperties"];
  if (is_open) w.field("additionalProperties", false);
  w.end_object();
}

Status write_output_config(json::Writer& w, const ResponseFormat& format) {
  if (format.type != ResponseFormat::Type::kJsonSchema) return {};
  json::Document document;
  const auto root = document.parse(format.schema);
  if (!root || !root->is_object()) return json::check_object(format.schema, "response_format.schema");
  std::string schema = format.schema;
  if (format.strict.value_or(true)) {
    json::Writer closed;
    write_closed(closed, *root);
    schema = closed.take();
  }
  w.key("outputConfig").begin_object().key("textFormat").begin_object().field("type", "json_schema");
  w.key("structure").begin_object().key("jsonSchema").begin_object();
  w.field("schema", schema).field("name", format.name.empty() ? "response" : format.name);
  w.field_if("description", format.description);
  w.end_object().end_object().end_object().end_object();
  return {};
}

Result<std::string> write_body(const ChatRequest& request) {
  const Family family = family_of(request.model);
  ConversationFacts facts;
  json::Writer w;
  w.begin_object();
  TRACIA_TRY(
      write_conversation(w, request, family, request.response_format.type == ResponseFormat::Type::kJson, facts));
  write_inference(w, request);
  TRACIA_TRY(write_tool_config(w, request, facts));
  write_model_fields(w, request, family);
  TRACIA_TRY(write_output_config(w, request.response_format));
  w.end_object();
  return with_extra_body(w.take(), request.extra_body);
}

}  // namespace

Result<wire::HttpRequest> encode_request(const ChatRequest& request, const Endpoint& endpoint, bool stream) {
  const auto path = operation_path(request.model, stream ? "converse-stream" : "converse");
  if (!path) return fail(path.error());
  auto body = write_body(request);
  if (!body) return fail(body.error());
  wire::HttpRequest out;
  out.url = wire::join_url(endpoint.base_url, *path);
  out.headers.add("content-type", "application/json");
  out.headers.add("accept", stream ? "application/vnd.amazon.eventstream" : "application/json");
  out.body = std::move(*body);
  return out;
}

}  // namespace tracia::llm::bedrock
