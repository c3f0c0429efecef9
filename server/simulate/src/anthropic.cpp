// POST /v1/messages: the request. Source: the Anthropic API reference, "Messages", "Extended thinking", "Tool use".
#include <algorithm>
#include <set>

#include "anthropic_write.h"
#include "tracia/base/bytes.h"

namespace tracia::simulate {
namespace {

Answer anthropic_error(const Call& call, std::string message, int status = 400) {
  return error_answer(Vendor::kAnthropic, {.status = status, .message = std::move(message)}, call.hash);
}

std::string at(size_t i, size_t k, std::string_view rest) {
  return "messages." + std::to_string(i) + ".content." + std::to_string(k) + std::string(rest);
}

void read_media(Ask& ask, std::string_view kind, const json::Value& block) {
  const json::Value source = block["source"];
  const std::string_view data = source["data"].string_or(source["url"].string_or(source["file_id"].string_or("")));
  std::string what = source["type"].string_or("") == "base64"
                         ? describe_base64(source["media_type"].string_or("?"), data)
                         : std::string(utf8_prefix(data, 120));
  if (source["type"].string_or("") == "text")
    what = std::string(source["media_type"].string_or("text/plain")) + ", " + std::to_string(data.size()) + " bytes";
  if (const auto title = block["title"].string()) what = std::string(*title) + ", " + what;
  ask.add_media(kind, std::move(what), data);
}

std::string result_text(const json::Value& content) {
  if (const auto text = content.string()) return std::string(*text);
  std::string out;
  for (const json::Value part : content.items()) {
    if (!out.empty()) out.push_back(' ');
    out.append(part["text"].string_or(""));
  }
  return out;
}

// What a conversation must keep between one message and the next.
struct ToolUses {
  std::set<std::string> pending;
};

std::optional<Answer> read_block(const Call& call, Ask& ask, const json::Value& block, size_t i, size_t k, Role role,
                                 std::set<std::string>& uses, ToolUses& previous) {
  const std::string_view type = block["type"].string_or("");
  if (type == "text") {
    if (!block["text"].is_string()) return anthropic_error(call, at(i, k, ".text.text: Field required"));
    if (block["text"].string_or("").empty())
      return anthropic_error(call, "messages: text content blocks must be non-empty");
    ask.add_text(block["text"].string_or(""));
  } else if (type == "image" || type == "document") {
    if (!block["source"]["type"].is_string())
      return anthropic_error(call, at(i, k, "." + std::string(type) + ".source: Field required"));
    read_media(ask, type, block);
  } else if (type == "tool_use") {
    for (const std::string_view key : {"id", "name", "input"}) {
      if (!block[key]) return anthropic_error(call, at(i, k, ".tool_use." + std::string(key) + ": Field required"));
    }
    if (!block["input"].is_object())
      return anthropic_error(call, at(i, k, ".tool_use.input: Input should be a valid dictionary"));
    if (role != Role::kAssistant)
      return anthropic_error(
          call, "messages." + std::to_string(i) + ": `tool_use` blocks can only be in `assistant` messages");
    uses.insert(block["id"].text());
    ask.add_tool_call(block["name"].string_or(""), block["input"].to_json());
  } else if (type == "tool_result") {
    const std::string id = block["tool_use_id"].text();
    if (previous.pending.erase(id) == 0) {
      return anthropic_error(
          call, at(i, k, ": unexpected `tool_use_id` found in `tool_result` blocks: ") + id +
                    ". Each `tool_result` block must have a corresponding `tool_use` block in the previous message.");
    }
    ask.add_tool_result(result_text(block["content"]));
  } else if (type == "thinking") {
    if (block["signature"].string_or("").empty())
      return anthropic_error(call, at(i, k, ".thinking.signature: Field required"));
    ask.mix_in(block["thinking"].string_or(""));
  } else if (type.empty()) {
    return anthropic_error(call, at(i, k, ".type: Field required"));
  }  // redacted_thinking, server tools and later kinds are accepted as they are
  return std::nullopt;
}

std::optional<Answer> missing_results(const Call& call, const ToolUses& uses, size_t i) {
  if (uses.pending.empty()) return std::nullopt;
  return anthropic_error(
      call, "messages." + std::to_string(i) +
                ": `tool_use` ids were found without `tool_result` blocks immediately after: " + *uses.pending.begin() +
                ". Each `tool_use` block must have a corresponding `tool_result` block in the next message.");
}

std::optional<Answer> read_messages(const Call& call, Ask& ask) {
  const json::Value messages = call.body["messages"];
  if (!messages.is_array()) return anthropic_error(call, "messages: Field required");
  ToolUses previous;
  size_t i = 0;
  for (const json::Value message : messages.items()) {
    const std::string_view name = message["role"].string_or("");
    if (name != "user" && name != "assistant") {
      return anthropic_error(call, name.empty() ? "messages." + std::to_string(i) + ".role: Field required"
                                                : "messages: Unexpected role \"" + std::string(name) +
                                                      "\". The Messages API accepts a top-level `system` parameter, "
                                                      "not \"system\" as an input message role.");
    }
    const json::Value content = message["content"];
    Role role = name == "user" ? Role::kUser : Role::kAssistant;
    bool results = false;
    for (const json::Value block : content.items()) results = results || block["type"].string_or("") == "tool_result";
    if (role == Role::kUser && !previous.pending.empty() && !results) return missing_results(call, previous, i - 1);
    ask.begin_message(results ? Role::kTool : role);
    std::set<std::string> uses;
    if (const auto text = content.string()) {
      if (text->empty())
        return anthropic_error(call, "messages." + std::to_string(i) + ": user messages must have non-empty content");
      ask.add_text(*text);
    } else if (content.is_array()) {
      size_t k = 0;
      for (const json::Value block : content.items()) {
        if (auto problem = read_block(call, ask, block, i, k++, role, uses, previous)) return problem;
      }
      if (k == 0 && role == Role::kUser)
        return anthropic_error(call, "messages." + std::to_string(i) + ": user messages must have non-empty content");
    } else {
      return anthropic_error(call, "messages." + std::to_string(i) + ".content: Field required");
    }
    if (auto problem = missing_results(call, previous, i == 0 ? 0 : i - 1)) return problem;
    previous.pending = std::move(uses);
    ++i;
  }
  if (i == 0) return anthropic_error(call, "messages: at least one message is required");
  return missing_results(call, previous, i - 1);
}

std::optional<Answer> read_system(const Call& call, Ask& ask) {
  const json::Value system = call.body["system"];
  if (system.is_missing_or_null()) return std::nullopt;
  ask.begin_message(Role::kSystem);
  if (const auto text = system.string())
    ask.add_text(*text);
  else if (!system.is_array())
    return anthropic_error(call, "system: Input should be a valid list");
  for (const json::Value block : system.items()) ask.add_text(block["text"].string_or(""));
  return std::nullopt;
}

std::optional<Answer> read_tools(const Call& call, Ask& ask) {
  size_t i = 0;
  for (const json::Value tool : call.body["tools"].items()) {
    const std::string prefix = "tools." + std::to_string(i++) + ".custom.";
    const std::string_view type = tool["type"].string_or("custom");
    if (type != "custom") continue;  // built-in tools
    if (!tool["name"].is_string()) return anthropic_error(call, prefix + "name: Field required");
    if (!tool["input_schema"].is_object()) return anthropic_error(call, prefix + "input_schema: Field required");
    if (tool["input_schema"]["type"].string_or("") != "object")
      return anthropic_error(call, prefix + "input_schema.type: Field required");
    ask.add_tool(
        {.name = tool["name"].text(), .description = tool["description"].text(), .schema = tool["input_schema"]},
        tool.to_json().size());
  }
  const json::Value choice = call.body["tool_choice"];
  if (choice.is_missing_or_null()) return std::nullopt;
  const std::string_view type = choice["type"].string_or("");
  if (ask.tools.empty() && type != "none" && type != "auto")
    return anthropic_error(call, "tool_choice may only be specified while providing tools");
  if (type == "none")
    ask.tool_mode = ToolMode::kNone;
  else if (type == "any")
    ask.tool_mode = ToolMode::kRequired;
  else if (type == "tool") {
    ask.tool_mode = ToolMode::kRequired;
    ask.forced_tool = choice["name"].text();
    const bool known =
        std::any_of(ask.tools.begin(), ask.tools.end(), [&](const Tool& tool) { return tool.name == ask.forced_tool; });
    if (!known) return anthropic_error(call, "Tool '" + ask.forced_tool + "' not found in provided tools");
  } else if (type != "auto") {
    return anthropic_error(
        call, "tool_choice: Input tag '" + std::string(type) +
                  "' found using 'type' does not match any of the expected tags: 'auto', 'any', 'tool', 'none'");
  }
  ask.parallel_tools = !choice["disable_parallel_tool_use"].boolean_or(false);
  return std::nullopt;
}

std::optional<Answer> read_settings(const Call& call, Ask& ask) {
  constexpr int64_t kBudgetMin = 1024;
  const auto limit = call.body["max_tokens"].integer();
  if (!limit) return anthropic_error(call, "max_tokens: Field required");
  if (*limit < 1) return anthropic_error(call, "max_tokens: Input should be greater than or equal to 1");
  ask.max_tokens = *limit;
  ask.max_includes_reasoning = true;
  const double temperature = call.body["temperature"].number().value_or(1);
  if (temperature < 0 || temperature > 1) return anthropic_error(call, "temperature: range: 0..1");
  const json::Value thinking = call.body["thinking"];
  const std::string_view kind = thinking["type"].string_or("disabled");
  ask.reasoning = kind == "enabled" || kind == "adaptive";
  if (kind == "enabled") {
    const auto budget = thinking["budget_tokens"].integer();
    if (!budget) return anthropic_error(call, "thinking.enabled.budget_tokens: Field required");
    if (*budget < kBudgetMin)
      return anthropic_error(call, "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024");
    if (*budget >= *limit) return anthropic_error(call, "`max_tokens` must be greater than `thinking.budget_tokens`.");
  }
  if (ask.reasoning && temperature != 1)
    return anthropic_error(call, "`temperature` may only be set to 1 when thinking is enabled.");
  if (ask.reasoning && ask.tool_mode == ToolMode::kRequired)
    return anthropic_error(call, "Thinking may not be enabled when tool_choice forces tool use.");
  for (const json::Value stop : call.body["stop_sequences"].items()) {
    if (trim(stop.string_or("")).empty())
      return anthropic_error(call, "stop_sequences: each stop sequence must contain non-whitespace");
    ask.stops.push_back(stop.text());
  }
  const json::Value format =
      call.body["output_config"]["format"] ? call.body["output_config"]["format"] : call.body["output_format"];
  if (format.is_object()) {
    if (format["type"].string_or("") != "json_schema")
      return anthropic_error(call, "output_config.format.type: Input should be 'json_schema'");
    if (!format["schema"].is_object()) return anthropic_error(call, "output_config.format.schema: Field required");
    ask.output_schema = format["schema"];
  }
  return std::nullopt;
}

std::optional<Answer> read_request(const Call& call, Ask& ask, bool count_only) {
  if (call.request.headers.get_or("anthropic-version", "").empty())
    return anthropic_error(call, "anthropic-version: header is required");
  const auto model = call.body["model"].string();
  if (!model || model->empty()) return anthropic_error(call, "model: Field required");
  if (is_unknown_model(*model)) return anthropic_error(call, "model: " + std::string(*model), 404);
  ask.model = *model;
  if (auto problem = read_system(call, ask)) return problem;
  if (auto problem = read_messages(call, ask)) return problem;
  if (auto problem = read_tools(call, ask)) return problem;
  return count_only ? std::nullopt : read_settings(call, ask);
}

}  // namespace

Answer anthropic_messages(const Call& call) {
  Ask ask;
  if (auto problem = read_request(call, ask, false)) return std::move(*problem);
  const Reply reply = compose(ask, call.options.seed, call.options.cache);
  return call.body["stream"].boolean_or(false) ? stream_anthropic(call, ask, reply) : write_anthropic(call, ask, reply);
}

Answer anthropic_count_tokens(const Call& call) {
  Ask ask;
  if (auto problem = read_request(call, ask, true)) return std::move(*problem);
  return json_answer(Vendor::kAnthropic,
                     json::Writer().begin_object().field("input_tokens", ask.prompt_tokens).end_object().take(),
                     call.hash);
}

Answer anthropic_models(const Call& call, std::string_view id) {
  if (is_unknown_model(id)) return anthropic_error(call, "model: " + std::string(id), 404);
  json::Writer w;
  const auto model = [&](std::string_view name) {
    w.begin_object()
        .field("type", "model")
        .field("id", name)
        .field("display_name", name)
        .field("created_at", "2025-05-14T00:00:00Z")
        .end_object();
  };
  if (!id.empty()) {
    model(id);
  } else {
    w.begin_object().key("data").begin_array();
    for (const std::string_view name : {"claude-sonnet-4-5", "claude-opus-4-1", "claude-haiku-4-5"}) model(name);
    w.end_array()
        .field("has_more", false)
        .field("first_id", "claude-sonnet-4-5")
        .field("last_id", "claude-haiku-4-5")
        .end_object();
  }
  return json_answer(Vendor::kAnthropic, w.take(), call.hash);
}

}  // namespace tracia::simulate
