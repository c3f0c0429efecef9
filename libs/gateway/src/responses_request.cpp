// POST /v1/responses: OpenAI's items to the neutral model. Source: OpenAI API reference, "Create a model response",
// "Input items". What needs OpenAI's own state (earlier responses, conversations, stored prompts) or OpenAI's own tools
// is refused by name for every other provider.
#include <utility>

#include "fields.h"
#include "reasoning_item.h"
#include "tracia/base/bytes.h"
#include "tracia/json/writer.h"
#include "tracia/span/limits.h"
#include "tracia/span/messages.h"

namespace tracia::gateway {
namespace {

// Messages are read by the one reader of conversations, which takes a list.
Result<llm::Message> read_message(const json::Value& item, const std::string& param) {
  json::Document document;
  const auto list = document.parse("[" + item.to_json() + "]");
  if (!list) return fail(list.error());
  auto messages = span::messages_from_json(*list);
  if (messages) return std::move(messages->front());
  Error error = std::move(messages).error();
  constexpr std::string_view kPlace = "messages[0]";
  if (error.message.starts_with(kPlace)) error.message.replace(0, kPlace.size(), param);
  error.provider.param = param;
  return fail(std::move(error));
}

// Puts items into messages: what the assistant said and called in one turn is one message.
class Items {
 public:
  explicit Items(std::vector<llm::Message>& messages) : messages_(messages) {}

  Status add(const json::Value& item, const std::string& param) {
    const std::string_view type = item["type"].string_or("message");
    if (type == "message") return message(item, param);
    if (type == "function_call") return call(item, param);
    if (type == "function_call_output") return output(item, param);
    if (type == "reasoning") return reasoning(item);
    return fail(only_openai(param + ".type", "An item of the type '" + std::string(utf8_prefix(type, 40)) + "'"));
  }

 private:
  llm::Message& assistant() {
    if (messages_.empty() || messages_.back().role != llm::Role::kAssistant) {
      messages_.push_back({.role = llm::Role::kAssistant});
    }
    return messages_.back();
  }

  Status message(const json::Value& item, const std::string& param) {
    auto read = read_message(item, param);
    if (!read) return fail(std::move(read).error());
    read->id.clear();
    if (read->role != llm::Role::kAssistant) {
      messages_.push_back(std::move(*read));
      return {};
    }
    auto& parts = assistant().parts;
    parts.insert(parts.end(), std::make_move_iterator(read->parts.begin()), std::make_move_iterator(read->parts.end()));
    return {};
  }

  Status call(const json::Value& item, const std::string& param) {
    llm::ToolCallPart call{
        .id = item["call_id"].text(), .name = item["name"].text(), .arguments = item["arguments"].text()};
    if (call.id.empty()) return fail(invalid_param(param + ".call_id", "is required"));
    if (call.name.empty()) return fail(invalid_param(param + ".name", "is required"));
    if (call.arguments.empty()) call.arguments = "{}";
    call.signature = item["extra_content"]["google"]["thought_signature"].text();
    names_.emplace_back(call.id, call.name);
    assistant().parts.push_back({std::move(call)});
    return {};
  }

  Status output(const json::Value& item, const std::string& param) {
    llm::ToolResultPart result{.tool_call_id = item["call_id"].text()};
    if (result.tool_call_id.empty()) return fail(invalid_param(param + ".call_id", "is required"));
    for (const auto& [id, name] : names_) {
      if (id == result.tool_call_id) result.tool_name = name;
    }
    const json::Value output = item["output"];
    if (const auto text = output.string()) {
      result.content.push_back(llm::text_part(std::string(*text)));
    } else if (output.is_array()) {
      json::Writer w;
      w.begin_object().field("role", "user").field_raw("content", output.to_json()).end_object();
      json::Document document;
      const auto holder = document.parse(w.str());
      if (!holder) return fail(holder.error());
      auto read = read_message(*holder, param + ".output");
      if (!read) return fail(std::move(read).error());
      result.content = std::move(read->parts);
    } else {
      return fail(invalid_param(param + ".output", "must be a string or an array of parts"));
    }
    messages_.push_back({.role = llm::Role::kTool});
    messages_.back().parts.push_back({std::move(result)});
    return {};
  }

  Status reasoning(const json::Value& item) {
    auto part = read_reasoning_item(item);
    if (part) assistant().parts.push_back({std::move(*part)});
    return {};
  }

  std::vector<llm::Message>& messages_;
  std::vector<std::pair<std::string, std::string>> names_;  // of calls, by id
};

Status read_input(const json::Value& body, std::vector<llm::Message>& out) {
  std::string instructions;
  TRACIA_TRY(read_word(body, "instructions", instructions));
  if (!instructions.empty()) out.push_back(llm::system(std::move(instructions)));
  const json::Value input = member(body, "input");
  if (const auto text = input.string()) {
    out.push_back(llm::user(std::string(*text)));
    return {};
  }
  if (!input.is_array() || input.size() == 0 || input.size() > span::limits::kMessagesMax) {
    return fail(invalid_param("input", "must be a string or an array of 1 to 10000 items"));
  }
  Items items(out);
  size_t index = 0;
  for (const json::Value item : input.items()) {
    const std::string param = "input[" + std::to_string(index++) + "]";
    if (!item.is_object()) return fail(invalid_param(param, "must be an object"));
    TRACIA_TRY(items.add(item, param));
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
    llm::Tool read;
    TRACIA_TRY(read_tool(tool, tool, "tools[" + std::to_string(out.tools.size()) + "]", read));
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
  if (choice["type"].string_or("") != "function" || choice["name"].string_or("").empty()) {
    return fail(invalid_param("tool_choice", "must be auto, none, required or an object that names a function"));
  }
  out = {.mode = llm::ToolChoice::Mode::kTool, .tool = choice["name"].text()};
  return {};
}

Status read_format(const json::Value& body, llm::ResponseFormat& out) {
  const json::Value format = member(body["text"], "format");
  if (!format) return {};
  const std::string_view type = format["type"].string_or("");
  if (type == "text") return {};
  if (type == "json_schema") return read_schema(format, "text.format", out);
  if (type != "json_object") return fail(invalid_param("text.format.type", "must be text, json_object or json_schema"));
  out.type = llm::ResponseFormat::Type::kJson;
  return {};
}

Status read_settings(const json::Value& body, llm::ChatRequest& out) {
  for (const std::string_view name : {"previous_response_id", "conversation", "prompt"}) {
    if (member(body, name)) return fail(only_openai(name, name));
  }
  TRACIA_TRY(read_number(body, "temperature", out.temperature));
  TRACIA_TRY(read_number(body, "top_p", out.top_p));
  TRACIA_TRY(read_count(body, "max_output_tokens", out.max_output_tokens));
  TRACIA_TRY(read_tools(body, out));
  TRACIA_TRY(read_tool_choice(body, out.tool_choice));
  TRACIA_TRY(read_format(body, out.response_format));
  if (const json::Value parallel = member(body, "parallel_tool_calls")) out.parallel_tool_calls = parallel.boolean();
  const json::Value reasoning = member(body, "reasoning");
  if (!reasoning) return {};
  llm::ReasoningOptions options{.effort = reasoning["effort"].text()};
  options.include_text = member(reasoning, "summary").is_string();
  if (!options.effort.empty() || options.include_text) out.reasoning = std::move(options);
  return {};
}

// What the answer repeats of its request, with OpenAI's defaults for what was not said.
std::string echo_of(const json::Value& body) {
  json::Writer w;
  w.begin_object();
  const auto repeat = [&](std::string_view name, std::string_view fallback) {
    const json::Value value = body[name];
    w.field_raw(name, value ? value.to_json() : std::string(fallback));
  };
  repeat("instructions", "null");
  repeat("max_output_tokens", "null");
  repeat("metadata", "{}");
  repeat("parallel_tool_calls", "true");
  repeat("reasoning", R"({"effort":null,"summary":null})");
  repeat("temperature", "null");
  repeat("text", R"({"format":{"type":"text"}})");
  repeat("tool_choice", R"("auto")");
  repeat("tools", "[]");
  repeat("top_p", "null");
  repeat("truncation", R"("disabled")");
  repeat("user", "null");
  w.end_object();
  return w.str().substr(1, w.size() - 2);
}

}  // namespace

Result<ChatInput> read_responses(std::string_view text) {
  Body reader;
  const auto body = reader.parse(text);
  if (!body) return fail(body.error());
  ChatInput out{.dialect = Dialect::kResponses};
  TRACIA_TRY(read_common(*body, out));
  if ((*body)["background"].boolean_or(false)) {
    return fail(invalid_param("background", "must be false: there is no operation here that would fetch the answer"));
  }
  out.echo = echo_of(*body);
  Status status = read_input(*body, out.chat.messages);
  if (!status) {
    out.chat.messages.clear();
    const std::string raw = (*body)["input"].to_json();
    if (raw.size() <= kRawInputBytesMax && !raw.empty()) out.raw_input_json = "{\"messages\":" + raw + "}";
  }
  const Status settings = read_settings(*body, out.chat);
  if (status) status = settings;
  if (!status) out.untranslatable = status.error();
  return out;
}

}  // namespace tracia::gateway
