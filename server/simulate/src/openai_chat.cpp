// POST /v1/chat/completions. Source: the OpenAI API reference, "Chat Completions" and "Streaming".
#include <algorithm>
#include <set>

#include "openai_common.h"
#include "tracia/base/bytes.h"
#include "tracia/wire/sse.h"

namespace tracia::simulate {
namespace {

constexpr int64_t kChoicesMax = 8;

struct ChatRequest {
  Ask ask;
  int64_t choices = 1;
  bool stream = false;
  bool include_usage = false;
  bool said_json = false;
};

std::string at(size_t i, std::string_view rest) { return "messages[" + std::to_string(i) + "]" + std::string(rest); }

void read_part(ChatRequest& chat, const json::Value& part) {
  const std::string_view type = part["type"].string_or("");
  if (const auto text = part["text"].string()) {
    chat.said_json = chat.said_json || ascii_lower(*text).find("json") != std::string::npos;
    chat.ask.add_text(*text);
  } else if (type == "image_url") {
    const std::string_view url = part["image_url"]["url"].string_or("");
    chat.ask.add_media("image", describe_url(url, "image"), url);
  } else if (type == "input_audio") {
    const std::string_view data = part["input_audio"]["data"].string_or("");
    chat.ask.add_media("audio", describe_base64("audio/" + part["input_audio"]["format"].text(), data), data);
  } else if (type == "file") {
    const json::Value file = part["file"];
    const std::string_view data = file["file_data"].string_or(file["file_id"].string_or(""));
    std::string what = describe_url(data, "application/pdf");
    if (const auto name = file["filename"].string()) what = std::string(*name) + ", " + what;
    chat.ask.add_media("document", std::move(what), data);
  }
}

// The text of a tool message: a string, or text parts.
std::string tool_text(const json::Value& content) {
  if (const auto text = content.string()) return std::string(*text);
  std::string out;
  for (const json::Value part : content.items()) out.append(part["text"].string_or(""));
  return out;
}

std::optional<Answer> read_content(const Call& call, ChatRequest& chat, const json::Value& content, size_t i,
                                   bool optional) {
  if (const auto text = content.string()) {
    chat.said_json = chat.said_json || ascii_lower(*text).find("json") != std::string::npos;
    chat.ask.add_text(*text);
    return std::nullopt;
  }
  if (content.is_array()) {
    for (const json::Value part : content.items()) {
      if (!part["type"].is_string()) return openai_missing(call, at(i, ".content[0].type"));
      read_part(chat, part);
    }
    return std::nullopt;
  }
  if (optional) return std::nullopt;
  return openai_error(
      call, {.message = "Invalid value for 'content': expected a string, got null.", .param = at(i, ".content")});
}

std::optional<Answer> unanswered(const Call& call, const std::set<std::string>& pending, size_t i) {
  if (pending.empty()) return std::nullopt;
  std::string ids;
  for (const std::string& id : pending) ids += (ids.empty() ? "" : ", ") + id;
  return openai_error(
      call, {.message = "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
                        "'tool_call_id'. The following tool_call_ids did not have response messages: " +
                        ids,
             .param = at(i, ".role")});
}

std::optional<Answer> read_messages(const Call& call, ChatRequest& chat) {
  const json::Value messages = call.body["messages"];
  if (!messages) return openai_missing(call, "messages");
  if (!messages.is_array()) return openai_bad_type(call, "messages", "an array of objects");
  std::set<std::string> pending;
  size_t i = 0;
  for (const json::Value message : messages.items()) {
    const std::string_view role = message["role"].string_or("");
    if (role.empty()) return openai_missing(call, at(i, ".role"));
    if (role == "tool") {
      const std::string id = message["tool_call_id"].text();
      if (id.empty()) return openai_missing(call, at(i, ".tool_call_id"));
      if (pending.erase(id) == 0) {
        return openai_error(call, {.message = "Invalid parameter: messages with role 'tool' must be a response to a "
                                              "preceding message with 'tool_calls'.",
                                   .param = "messages.[" + std::to_string(i) + "].role"});
      }
      chat.ask.begin_message(Role::kTool);
      chat.ask.add_tool_result(tool_text(message["content"]));
      ++i;
      continue;
    }
    if (auto problem = unanswered(call, pending, i)) return problem;
    pending.clear();
    if (role == "system" || role == "developer")
      chat.ask.begin_message(Role::kSystem);
    else if (role == "user")
      chat.ask.begin_message(Role::kUser);
    else if (role == "function")
      chat.ask.begin_message(Role::kTool);
    else if (role == "assistant")
      chat.ask.begin_message(Role::kAssistant);
    else {
      return openai_error(
          call,
          {.message = "Invalid value: '" + std::string(role) +
                      "'. Supported values are: 'system', 'assistant', 'user', 'function', 'tool', and 'developer'.",
           .code = "invalid_value",
           .param = at(i, ".role")});
    }
    const bool has_calls = message["tool_calls"].size() > 0;
    if (auto problem = read_content(call, chat, message["content"], i,
                                    role == "assistant" && (has_calls || message["refusal"] || message["audio"])))
      return problem;
    for (const json::Value item : message["tool_calls"].items()) {
      if (!item["id"].is_string()) return openai_missing(call, at(i, ".tool_calls[0].id"));
      if (!item["type"].is_string()) return openai_missing(call, at(i, ".tool_calls[0].type"));
      if (item["type"].string_or("") == "function" && !item["function"]["arguments"].is_string())
        return openai_missing(call, at(i, ".tool_calls[0].function.arguments"));
      pending.insert(item["id"].text());
      chat.ask.add_tool_call(item["function"]["name"].string_or(""), item["function"]["arguments"].string_or(""));
    }
    ++i;
  }
  if (i == 0) {
    return openai_error(call, {.message = "Invalid 'messages': empty array. Expected an array with minimum length 1, "
                                          "but got an empty array instead.",
                               .code = "empty_array",
                               .param = "messages"});
  }
  return unanswered(call, pending, i - 1);
}

std::optional<Answer> read_tools(const Call& call, Ask& ask) {
  size_t i = 0;
  for (const json::Value tool : call.body["tools"].items()) {
    const std::string prefix = "tools[" + std::to_string(i++) + "]";
    if (!tool["type"].is_string()) return openai_missing(call, prefix + ".type");
    if (tool["type"].string_or("") != "function") continue;
    const json::Value function = tool["function"];
    const auto name = function["name"].string();
    if (!name) return openai_missing(call, prefix + ".function.name");
    const bool plain = std::all_of(name->begin(), name->end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    });
    if (!plain || name->empty() || name->size() > 64) {
      return openai_error(call, {.message = "Invalid '" + prefix +
                                            ".function.name': string does not match pattern. Expected a string that "
                                            "matches the pattern '^[a-zA-Z0-9_-]+$'.",
                                 .code = "invalid_value",
                                 .param = prefix + ".function.name"});
    }
    if (function["strict"].boolean_or(false)) {
      if (const std::string problem = strict_schema_problem(function["parameters"]); !problem.empty()) {
        return openai_error(call, {.message = "Invalid schema for function '" + std::string(*name) + "': " + problem,
                                   .code = "invalid_function_parameters",
                                   .param = prefix + ".function.parameters"});
      }
    }
    ask.add_tool(
        {.name = std::string(*name), .description = function["description"].text(), .schema = function["parameters"]},
        function.to_json().size());
  }
  ask.parallel_tools = call.body["parallel_tool_calls"].boolean_or(true);
  return read_openai_tool_choice(call, ask);
}

std::optional<Answer> read_format(const Call& call, ChatRequest& chat) {
  const json::Value format = call.body["response_format"];
  if (format.is_missing_or_null()) return std::nullopt;
  const std::string_view type = format["type"].string_or("");
  if (type == "json_object") {
    if (!chat.said_json) {
      return openai_error(
          call,
          {.message =
               "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.",
           .param = "messages"});
    }
    chat.ask.json_object = true;
  } else if (type == "json_schema") {
    const json::Value schema = format["json_schema"];
    if (!schema["name"].is_string()) return openai_missing(call, "response_format.json_schema.name");
    if (schema["strict"].boolean_or(false)) {
      if (const std::string problem = strict_schema_problem(schema["schema"]); !problem.empty()) {
        return openai_error(
            call, {.message = "Invalid schema for response_format '" + schema["name"].text() + "': " + problem,
                   .param = "response_format"});
      }
    }
    chat.ask.output_schema = schema["schema"];
  } else if (type != "text") {
    return openai_error(call, {.message = "Invalid value: '" + std::string(type) +
                                          "'. Supported values are: 'json_object', 'json_schema', and 'text'.",
                               .code = "invalid_value",
                               .param = "response_format.type"});
  }
  return std::nullopt;
}

std::optional<Answer> read_settings(const Call& call, ChatRequest& chat) {
  const bool reasons = is_openai_reasoning_model(chat.ask.model);
  const std::string_view effort = call.body["reasoning_effort"].string_or(reasons ? "medium" : "none");
  chat.ask.reasoning = effort != "none";
  chat.ask.max_includes_reasoning = true;
  if (reasons && !call.body["max_tokens"].is_missing_or_null()) {
    return openai_error(call, {.message = "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
                                          "'max_completion_tokens' instead.",
                               .code = "unsupported_parameter",
                               .param = "max_tokens"});
  }
  const json::Value limit = call.body["max_completion_tokens"].is_missing_or_null()
                                ? call.body["max_tokens"]
                                : call.body["max_completion_tokens"];
  chat.ask.max_tokens = limit.integer().value_or(0);
  if (!limit.is_missing_or_null() && chat.ask.max_tokens < 1) {
    return openai_error(call, {.message = "Invalid 'max_tokens': integer below minimum value. Expected a value >= 1.",
                               .code = "integer_below_min_value",
                               .param = "max_tokens"});
  }
  const double temperature = call.body["temperature"].number().value_or(1);
  if (temperature < 0 || temperature > 2) {
    return openai_error(call,
                        {.message = "Invalid 'temperature': decimal out of range. Expected a value between 0 and 2.",
                         .code = "decimal_out_of_range",
                         .param = "temperature"});
  }
  if (const json::Value stop = call.body["stop"]; stop.is_string()) chat.ask.stops.push_back(stop.text());
  for (const json::Value stop : call.body["stop"].items()) chat.ask.stops.push_back(stop.text());
  if (chat.ask.stops.size() > 4) {
    return openai_error(call, {.message = "Invalid 'stop': array too long. Expected an array with maximum length 4.",
                               .code = "array_above_max_length",
                               .param = "stop"});
  }
  chat.choices = std::clamp<int64_t>(call.body["n"].integer().value_or(1), 1, kChoicesMax);
  chat.stream = call.body["stream"].boolean_or(false);
  const json::Value options = call.body["stream_options"];
  if (!options.is_missing_or_null() && !chat.stream) {
    return openai_error(call, {.message = "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
                               .param = "stream_options"});
  }
  chat.include_usage = options["include_usage"].boolean_or(false);
  return std::nullopt;
}

std::string_view finish_name(Finish finish) {
  if (finish == Finish::kLength) return "length";
  return finish == Finish::kToolCalls ? "tool_calls" : "stop";
}

void write_usage(json::Writer& w, const std::vector<Reply>& replies) {
  int64_t output = 0, reasoning = 0;
  for (const Reply& reply : replies) {
    output += reply.output_tokens;
    reasoning += reply.reasoning_tokens;
  }
  const Reply& first = replies.front();
  w.begin_object().field("prompt_tokens", first.input_tokens).field("completion_tokens", output);
  w.field("total_tokens", first.input_tokens + output);
  w.key("prompt_tokens_details")
      .begin_object()
      .field("cached_tokens", first.cached_tokens)
      .field("audio_tokens", 0)
      .end_object();
  w.key("completion_tokens_details").begin_object().field("reasoning_tokens", reasoning).field("audio_tokens", 0);
  w.field("accepted_prediction_tokens", 0).field("rejected_prediction_tokens", 0).end_object().end_object();
}

void write_head(json::Writer& w, const Call& call, const Reply& first, std::string_view object,
                std::string_view model) {
  Rng rng(first.hash);
  w.begin_object().field("id", make_id("chatcmpl-", rng, 29)).field("object", object);
  w.field("created", pretend_time(call.hash)).field("model", model).field("service_tier", "default");
  w.field("system_fingerprint", "fp_" + make_hex(rng, 10));
}

void write_choice(json::Writer& w, const Reply& reply, int64_t index) {
  w.begin_object().field("index", index).key("message").begin_object().field("role", "assistant").key("content");
  if (reply.calls.empty() || !reply.text.empty())
    w.value(reply.text);
  else
    w.null();
  w.key("refusal").null();
  if (!reply.calls.empty()) {
    w.key("tool_calls").begin_array();
    for (const ToolCall& item : reply.calls) {
      w.begin_object().field("id", openai_call_id(item.id)).field("type", "function").key("function").begin_object();
      w.field("name", item.name).field("arguments", item.arguments).end_object().end_object();
    }
    w.end_array();
  }
  w.key("annotations").begin_array().end_array().end_object();
  w.key("logprobs").null().field("finish_reason", finish_name(reply.finish)).end_object();
}

class ChunkWriter {
 public:
  ChunkWriter(const Call& call, const ChatRequest& chat, const Reply& first, Answer& answer) : answer_(answer) {
    json::Writer w;
    write_head(w, call, first, "chat.completion.chunk", chat.ask.model);
    prefix_ = "data: " + w.take();
    if (chat.include_usage) usage_null_ = ",\"usage\":null";
  }

  void delta(int64_t index, std::string_view delta, std::string_view finish, bool paced) {
    std::string frame = prefix_;
    frame.append(",\"choices\":[{\"index\":").append(std::to_string(index)).append(",\"delta\":").append(delta);
    frame.append(",\"logprobs\":null,\"finish_reason\":");
    if (finish.empty())
      frame.append("null");
    else
      frame.append("\"").append(finish).append("\"");
    frame.append("}]").append(usage_null_).append("}\n\n");
    answer_.frames.push_back({std::move(frame), paced});
  }

  void usage(const std::vector<Reply>& replies) {
    json::Writer w;
    write_usage(w, replies);
    answer_.frames.push_back({prefix_ + ",\"choices\":[],\"usage\":" + w.take() + "}\n\n", false});
  }

 private:
  Answer& answer_;
  std::string prefix_, usage_null_;
};

void stream_reply(const Call& call, ChunkWriter& chunks, const Reply& reply, int64_t index) {
  const bool null_content = !reply.calls.empty() && reply.text.empty();
  chunks.delta(index,
               null_content ? R"({"role":"assistant","content":null,"refusal":null})"
                            : R"({"role":"assistant","content":"","refusal":null})",
               "", false);
  for (const std::string_view piece : split_words(reply.text, call.options.tokens_per_chunk)) {
    chunks.delta(index, "{\"content\":" + json::quoted(piece) + "}", "", true);
  }
  for (size_t i = 0; i < reply.calls.size(); ++i) {
    const ToolCall& item = reply.calls[i];
    json::Writer w;
    w.begin_object().key("tool_calls").begin_array().begin_object().field("index", static_cast<int64_t>(i));
    w.field("id", openai_call_id(item.id)).field("type", "function").key("function").begin_object();
    w.field("name", item.name).field("arguments", "").end_object().end_object().end_array().end_object();
    chunks.delta(index, w.str(), "", true);
    for (const std::string_view piece : split_bytes(item.arguments, 8)) {
      json::Writer part;
      part.begin_object().key("tool_calls").begin_array().begin_object().field("index", static_cast<int64_t>(i));
      part.key("function").begin_object().field("arguments", piece).end_object().end_object().end_array().end_object();
      chunks.delta(index, part.str(), "", true);
    }
  }
  chunks.delta(index, "{}", finish_name(reply.finish), false);
}

}  // namespace

Answer openai_chat(const Call& call) {
  ChatRequest chat;
  const auto model = call.body["model"].string();
  if (!model || model->empty()) return openai_error(call, {.message = "you must provide a model parameter"});
  if (is_unknown_model(*model)) return openai_no_model(call, *model);
  chat.ask.model = *model;
  if (auto problem = read_messages(call, chat)) return std::move(*problem);
  if (auto problem = read_tools(call, chat.ask)) return std::move(*problem);
  if (auto problem = read_format(call, chat)) return std::move(*problem);
  if (auto problem = read_settings(call, chat)) return std::move(*problem);

  std::vector<Reply> replies;
  for (int64_t i = 0; i < chat.choices; ++i) {
    chat.ask.variant = static_cast<uint64_t>(i);
    replies.push_back(compose(chat.ask, call.options.seed, call.options.cache));
  }
  if (chat.stream) {
    Answer answer = stream_answer(Vendor::kOpenAi, StreamKind::kSse, call.hash);
    ChunkWriter chunks(call, chat, replies.front(), answer);
    for (int64_t i = 0; i < chat.choices; ++i) stream_reply(call, chunks, replies[static_cast<size_t>(i)], i);
    if (chat.include_usage) chunks.usage(replies);
    answer.frames.push_back({"data: [DONE]\n\n", false});
    return answer;
  }
  json::Writer w;
  write_head(w, call, replies.front(), "chat.completion", chat.ask.model);
  w.key("choices").begin_array();
  for (int64_t i = 0; i < chat.choices; ++i) write_choice(w, replies[static_cast<size_t>(i)], i);
  w.end_array().key("usage");
  write_usage(w, replies);
  w.end_object();
  return json_answer(Vendor::kOpenAi, w.take(), call.hash);
}

}  // namespace tracia::simulate
