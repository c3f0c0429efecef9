#include <algorithm>

#include "anthropic/anthropic.h"
#include "tracia/base/bytes.h"

namespace tracia::llm::anthropic {

Result<wire::HttpRequest> encode_request(const ChatRequest& request, const Endpoint& endpoint, bool stream);

namespace {

constexpr std::string_view kVersion = "2023-06-01";
constexpr std::string_view kFilesBeta = "files-api-2025-04-14";  // what a reference to an uploaded file needs

std::string at(std::string_view list, size_t index, std::string_view field) {
  return std::string(list) + "[" + std::to_string(index) + "]." + std::string(field);
}

void write_cache(json::Writer& w, const std::optional<CacheControl>& cache) {
  if (!cache) return;
  w.key("cache_control").begin_object().field("type", "ephemeral").field_if("ttl", cache->ttl).end_object();
}

Status write_vendor_tool(json::Writer& w, const Tool& tool, size_t index) {
  TRACIA_TRY(json::check_object(tool.vendor_json, at("tools", index, "vendor_json")));
  if (!tool.cache) {
    w.raw(tool.vendor_json);
    return {};
  }
  json::Writer cache;
  cache.begin_object();
  write_cache(cache, tool.cache);
  cache.end_object();
  const auto merged = json::merge(tool.vendor_json, cache.str());
  if (!merged) return fail(merged.error());
  w.raw(*merged);
  return {};
}

Status write_tools(json::Writer& w, const ChatRequest& request) {
  if (request.tools.empty()) return {};
  w.key("tools").begin_array();
  for (size_t i = 0; i < request.tools.size(); ++i) {
    const Tool& tool = request.tools[i];
    if (tool.kind == Tool::Kind::kVendor) {
      TRACIA_TRY(write_vendor_tool(w, tool, i));
      continue;
    }
    if (tool.kind == Tool::Kind::kCustom)
      return fail(Error::invalid(at("tools", i, "kind: Anthropic has no free-text tools")));
    if (!tool.parameters.empty()) TRACIA_TRY(json::check_object(tool.parameters, at("tools", i, "parameters")));
    w.begin_object().field("name", tool.name).field_if("description", tool.description);
    w.field_raw("input_schema", tool.parameters.empty() ? R"({"type":"object","properties":{}})" : tool.parameters);
    w.field("strict", tool.strict);
    write_cache(w, tool.cache);
    w.end_object();
  }
  w.end_array();
  return {};
}

void write_tool_choice(json::Writer& w, const ChatRequest& request) {
  using Mode = ToolChoice::Mode;
  Mode mode = request.tool_choice.mode;
  const bool one_at_a_time = !request.parallel_tool_calls.value_or(true);
  if (request.tools.empty() && (mode == Mode::kAuto || mode == Mode::kNone || mode == Mode::kUnset)) return;
  if (mode == Mode::kUnset && one_at_a_time) mode = Mode::kAuto;
  if (mode == Mode::kUnset) return;
  w.key("tool_choice").begin_object();
  w.field("type", mode == Mode::kAuto       ? "auto"
                  : mode == Mode::kNone     ? "none"
                  : mode == Mode::kRequired ? "any"
                                            : "tool");
  if (mode == Mode::kTool) w.field("name", request.tool_choice.tool);
  if (one_at_a_time && mode != Mode::kNone) w.field("disable_parallel_tool_use", true);
  w.end_object();
}

// What reasoning options come to for one model.
struct Thinking {
  std::string_view type;  // "" = not sent
  int64_t budget_tokens = 0;
  bool show = false;   // newest models hide the text unless asked
  std::string effort;  // output_config.effort
};

constexpr int64_t kBudgetTokensMin = 1024;  // the vendor's

int64_t budget_of(std::string_view effort) {
  if (effort == "minimal") return kBudgetTokensMin;
  if (effort == "low") return 2048;
  if (effort == "high") return 16'384;
  if (effort == "xhigh" || effort == "max") return 32'000;
  return 8192;
}

Thinking thinking_of(const ChatRequest& request) {
  Thinking out;
  if (!request.reasoning) return out;
  const ReasoningOptions& options = *request.reasoning;
  const ModelTraits traits = model_traits(request.model);
  if (traits.effort && options.effort != "none") out.effort = options.effort == "minimal" ? "low" : options.effort;
  if (options.effort == "none" || options.budget_tokens.value_or(1) <= 0) {
    out.type = "disabled";
  } else if (options.budget_tokens) {
    out.type = "enabled";
    out.budget_tokens = std::max(*options.budget_tokens, kBudgetTokensMin);
  } else if (traits.adaptive_thinking) {
    out.type = "adaptive";
    out.show = options.include_text;
  } else if (!(traits.effort && !options.effort.empty()) || options.include_text) {
    out.type = "enabled";
    out.budget_tokens = budget_of(options.effort);
  }
  return out;
}

// The budget must leave room for the answer: it is lowered below a bound that the caller set (but not below the
// vendor's least), and a default bound is raised above it.
void write_limits(json::Writer& w, const ChatRequest& request, Thinking& thinking) {
  int64_t max_tokens = request.max_output_tokens.value_or(default_max_tokens(request.model));
  if (thinking.budget_tokens >= max_tokens) {
    if (!request.max_output_tokens)
      max_tokens += thinking.budget_tokens;
    else if (!request.reasoning->budget_tokens)
      thinking.budget_tokens = std::max(max_tokens / 2, kBudgetTokensMin);
  }
  w.field("max_tokens", max_tokens);
  if (thinking.type.empty()) return;
  w.key("thinking").begin_object().field("type", thinking.type);
  if (thinking.budget_tokens > 0) w.field("budget_tokens", thinking.budget_tokens);
  if (thinking.show) w.field("display", "summarized");
  w.end_object();
}

Status write_output_config(json::Writer& w, const ChatRequest& request, const Thinking& thinking) {
  const ResponseFormat& format = request.response_format;
  const bool has_schema = format.type == ResponseFormat::Type::kJsonSchema;
  if (!has_schema && thinking.effort.empty()) return {};
  w.key("output_config").begin_object().field_if("effort", thinking.effort);
  if (has_schema) {
    std::string schema = format.schema;
    if (format.strict.value_or(true)) {
      auto closed = output_schema(format.schema);
      if (!closed) return fail(closed.error());
      schema = std::move(*closed);
    } else {
      TRACIA_TRY(json::check_object(schema, "response_format.schema"));
    }
    w.key("format").begin_object().field("type", "json_schema").field_raw("schema", schema).end_object();
  }
  w.end_object();
  return {};
}

Result<std::string> write_body(const ChatRequest& request, bool stream, bool& uses_files) {
  json::Writer w;
  w.begin_object().field("model", request.model);
  Thinking thinking = thinking_of(request);
  write_limits(w, request, thinking);
  TRACIA_TRY(write_conversation(w, request, request.response_format.type == ResponseFormat::Type::kJson, uses_files));
  TRACIA_TRY(write_tools(w, request));
  write_tool_choice(w, request);
  TRACIA_TRY(write_output_config(w, request, thinking));
  w.field("temperature", request.temperature).field("top_p", request.top_p);
  if (!request.stop_sequences.empty()) {
    w.key("stop_sequences").begin_array();
    for (const std::string& stop : request.stop_sequences) w.value(stop);
    w.end_array();
  }
  if (stream) w.field("stream", true);
  w.end_object();
  return w.take();
}

void add_beta(std::string& betas, std::string_view beta) {
  if (beta.empty() || betas.find(beta) != std::string::npos) return;
  betas.append(betas.empty() ? "" : ",").append(beta);
}

// Takes "anthropic_beta" (a string or an array of strings) out of extra_body: it is a header, not a body member.
Result<std::string> merge_extra(std::string body, const std::string& extra, std::string& betas) {
  if (extra.empty()) return body;
  TRACIA_TRY(json::check_object(extra, "extra_body"));
  json::Document document;
  const auto root = document.parse(extra);
  if (!root) return fail(root.error());
  const json::Value named = (*root)["anthropic_beta"];
  if (!named) return json::merge(body, extra);
  add_beta(betas, named.string_or(""));
  for (const json::Value beta : named.items()) add_beta(betas, beta.string_or(""));
  if (!wire::is_valid_header("anthropic-beta", betas))
    return fail(Error::invalid("extra_body.anthropic_beta is not a valid header value"));
  json::Writer rest;
  rest.begin_object();
  for (const json::Member member : root->members()) {
    if (member.key != "anthropic_beta") rest.field_raw(member.key, member.value.to_json());
  }
  rest.end_object();
  return json::merge(body, rest.str());
}

}  // namespace

Result<wire::HttpRequest> encode_request(const ChatRequest& request, const Endpoint& endpoint, bool stream) {
  bool uses_files = false;
  auto body = write_body(request, stream, uses_files);
  if (!body) return fail(body.error());
  std::string betas;
  if (uses_files) add_beta(betas, kFilesBeta);
  body = merge_extra(std::move(*body), request.extra_body, betas);
  if (!body) return fail(body.error());
  wire::HttpRequest out;
  out.url = wire::join_url(endpoint.base_url, "/v1/messages");
  out.headers.add("content-type", "application/json");
  out.headers.add("accept", stream ? "text/event-stream" : "application/json");
  out.headers.add("anthropic-version", std::string(kVersion));
  if (!betas.empty()) out.headers.add("anthropic-beta", betas);
  out.body = std::move(*body);
  return out;
}

}  // namespace tracia::llm::anthropic
