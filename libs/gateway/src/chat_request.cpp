// POST /v1/chat/completions: OpenAI's request to the neutral model.
#include "fields.h"
#include "tracia/span/limits.h"
#include "tracia/span/messages.h"

namespace tracia::gateway {
namespace {

constexpr size_t kStopsMax = 16;  // OpenAI takes 4; others more

Status read_stops(const json::Value& body, std::vector<std::string>& out) {
  const json::Value stop = member(body, "stop");
  if (!stop) return {};
  if (const auto one = stop.string()) {
    out.emplace_back(*one);
    return {};
  }
  if (!stop.is_array() || stop.size() > kStopsMax) {
    return fail(invalid_param("stop", "must be a string or an array of at most 16 strings"));
  }
  for (const json::Value item : stop.items()) {
    const auto text = item.string();
    if (!text) return fail(invalid_param("stop[" + std::to_string(out.size()) + "]", "must be a string"));
    out.emplace_back(*text);
  }
  return {};
}

Status read_tools(const json::Value& body, llm::ChatRequest& out) {
  const json::Value tools = member(body, "tools");
  if (!tools) return {};
  if (!tools.is_array() || tools.size() > span::limits::kToolsMax) {
    return fail(invalid_param("tools", "must be an array of at most 1024 tools"));
  }
  for (const json::Value tool : tools.items()) {
    const std::string param = "tools[" + std::to_string(out.tools.size()) + "]";
    llm::Tool read;
    TRACIA_TRY(read_tool(tool, tool["function"], param, read));
    out.tools.push_back(std::move(read));
  }
  return {};
}

Status read_tool_choice(const json::Value& body, llm::ToolChoice& out) {
  const json::Value choice = member(body, "tool_choice");
  if (!choice) return {};
  if (const auto mode = choice_mode(choice.string_or(""))) {
    out.mode = *mode;
    return {};
  }
  const std::string_view type = choice["type"].string_or("");
  out = {.mode = llm::ToolChoice::Mode::kTool, .tool = choice["function"]["name"].text()};
  if (type == "allowed_tools") return fail(only_openai("tool_choice.type", "allowed_tools"));
  if (out.tool.empty()) {
    return fail(invalid_param("tool_choice", "must be auto, none, required or an object that names a function"));
  }
  return {};
}

Status read_response_format(const json::Value& body, llm::ResponseFormat& out) {
  const json::Value format = member(body, "response_format");
  if (!format) return {};
  const std::string_view type = format["type"].string_or("");
  if (type == "text") return {};
  if (type == "json_object") {
    out.type = llm::ResponseFormat::Type::kJson;
    return {};
  }
  if (type == "json_schema") return read_schema(format["json_schema"], "response_format.json_schema", out);
  return fail(invalid_param("response_format.type", "must be text, json_object or json_schema"));
}

// What would change the answer's shape or meaning and has no place in the neutral model. Hints (penalties, seed,
// logit_bias, service_tier, store, …) are left out instead.
Status check_members(const json::Value& body) {
  if (body["n"].integer().value_or(1) != 1) return fail(only_openai("n", "More than one choice"));
  if (body["logprobs"].boolean_or(false)) return fail(only_openai("logprobs", "logprobs"));
  for (const json::Value modality : body["modalities"].items()) {
    if (modality.string_or("") != "text") return fail(only_openai("modalities", "An answer that is not text"));
  }
  for (const std::string_view name : {"audio", "functions", "function_call", "web_search_options", "prediction"}) {
    if (member(body, name)) return fail(only_openai(name, name));
  }
  return {};
}

// Claude's thinking, sent back as the answers of this gateway gave it.
void add_thinking(const json::Value& blocks, llm::Provider provider, llm::Message& message) {
  std::vector<llm::Part> parts;
  for (const json::Value block : blocks.items()) {
    const bool redacted = block["type"].string_or("") == "redacted_thinking";
    parts.push_back({llm::ReasoningPart{.text = block["thinking"].text(),
                                        .signature = block[redacted ? "data" : "signature"].text(),
                                        .redacted = redacted,
                                        .provider = provider}});
  }
  message.parts.insert(message.parts.begin(), std::make_move_iterator(parts.begin()),
                       std::make_move_iterator(parts.end()));
}

// The additions that the header names; `list` has one element for each message.
void read_additions(const json::Value& list, std::vector<llm::Message>& messages) {
  size_t index = 0;
  for (const json::Value item : list.items()) {
    llm::Message& message = messages[index++];
    if (message.role != llm::Role::kAssistant) continue;
    size_t position = 0;
    for (llm::Part& part : message.parts) {
      auto* call = part.as<llm::ToolCallPart>();
      if (call == nullptr) continue;
      const json::Value source = item["tool_calls"].at(position++);
      if (call->signature.empty()) call->signature = source["extra_content"]["google"]["thought_signature"].text();
    }
    if (const json::Value blocks = item["thinking_blocks"]; blocks.is_array() && blocks.size() > 0) {
      const bool bedrock = blocks.at(0)["provider"].string_or("") == "amazon_bedrock";
      add_thinking(blocks, bedrock ? llm::Provider::kAmazonBedrock : llm::Provider::kAnthropic, message);
    }
  }
}

// Tool messages need not name the tool, but Google wants the name: the call that they answer has it.
void name_results(std::vector<llm::Message>& messages) {
  std::vector<const llm::ToolCallPart*> calls;
  for (llm::Message& message : messages) {
    for (llm::Part& part : message.parts) {
      if (const auto* call = part.as<llm::ToolCallPart>()) calls.push_back(call);
      auto* result = part.as<llm::ToolResultPart>();
      if (result == nullptr || !result->tool_name.empty()) continue;
      for (auto call = calls.rbegin(); call != calls.rend(); ++call) {
        if ((*call)->id != result->tool_call_id) continue;
        result->tool_name = (*call)->name;
        break;
      }
    }
  }
}

Status read_messages(const json::Value& body, ChatInput& out) {
  const json::Value list = member(body, "messages");
  auto messages = span::messages_from_json(list);
  if (!messages) {
    Error error = std::move(messages).error();
    error.provider.param = "messages";
    const std::string raw = list.to_json();
    if (raw.size() <= kRawInputBytesMax && !raw.empty()) out.raw_input_json = "{\"messages\":" + raw + "}";
    return fail(std::move(error));
  }
  if (messages->empty()) return fail(invalid_param("messages", "must not be empty"));
  read_additions(list, *messages);
  name_results(*messages);
  out.chat.messages = std::move(*messages);
  return {};
}

Status read_settings(const json::Value& body, llm::ChatRequest& out) {
  TRACIA_TRY(read_number(body, "temperature", out.temperature));
  TRACIA_TRY(read_number(body, "top_p", out.top_p));
  TRACIA_TRY(read_count(body, "max_tokens", out.max_output_tokens));
  TRACIA_TRY(read_count(body, "max_completion_tokens", out.max_output_tokens));
  TRACIA_TRY(read_stops(body, out.stop_sequences));
  TRACIA_TRY(read_tools(body, out));
  TRACIA_TRY(read_tool_choice(body, out.tool_choice));
  TRACIA_TRY(read_response_format(body, out.response_format));
  if (const json::Value parallel = member(body, "parallel_tool_calls")) out.parallel_tool_calls = parallel.boolean();
  std::string effort;
  TRACIA_TRY(read_word(body, "reasoning_effort", effort));
  if (!effort.empty()) out.reasoning = llm::ReasoningOptions{.effort = std::move(effort), .include_text = true};
  return check_members(body);
}

}  // namespace

Result<ChatInput> read_chat(std::string_view text) {
  Body reader;
  const auto body = reader.parse(text);
  if (!body) return fail(body.error());
  ChatInput input;
  TRACIA_TRY(read_common(*body, input));
  const json::Value options = (*body)["stream_options"];
  input.include_usage = options["include_usage"].boolean_or(false);
  const Status messages = read_messages(*body, input);
  const Status settings = read_settings(*body, input.chat);
  if (!messages) {
    input.untranslatable = messages.error();
  } else if (!settings) {
    input.untranslatable = settings.error();
  }
  return input;
}

}  // namespace tracia::gateway
