// POST /v1/responses: the request. Source: the OpenAI API reference, "Responses" and "Streaming events".
#include <algorithm>
#include <set>

#include "openai_common.h"
#include "openai_responses_write.h"
#include "tracia/base/bytes.h"

namespace tracia::simulate {
namespace {

std::string at(size_t i, std::string_view rest) { return "input[" + std::to_string(i) + "]" + std::string(rest); }

bool says_json(std::string_view text) { return ascii_lower(text).find("json") != std::string::npos; }

std::optional<Answer> read_part(const Call& call, ResponsesRequest& request, const json::Value& part, size_t i,
                                Role role) {
  const std::string_view type = part["type"].string_or("");
  Ask& ask = request.ask;
  const bool by_model = type == "output_text" || type == "refusal";
  if (by_model != (role == Role::kAssistant) && (by_model || type == "input_text")) {
    return openai_error(call, {.message = "Invalid value: '" + std::string(type) + "'. Supported values are: " +
                                          (role == Role::kAssistant ? "'output_text' and 'refusal'."
                                                                    : "'input_text', 'input_image', and 'input_file'."),
                               .code = "invalid_value",
                               .param = at(i, ".content[0].type")});
  }
  if (type == "input_text" || type == "output_text") {
    request.said_json = request.said_json || says_json(part["text"].string_or(""));
    ask.add_text(part["text"].string_or(""));
  } else if (type == "refusal") {
    ask.add_text(part["refusal"].string_or(""));
  } else if (type == "input_image") {
    const std::string_view url = part["image_url"].string_or(part["file_id"].string_or(""));
    ask.add_media("image", describe_url(url, "image"), url);
  } else if (type == "input_file") {
    const std::string_view data =
        part["file_data"].string_or(part["file_url"].string_or(part["file_id"].string_or("")));
    std::string what = describe_url(data, "application/pdf");
    if (const auto name = part["filename"].string()) what = std::string(*name) + ", " + what;
    ask.add_media("document", std::move(what), data);
  } else if (type == "input_audio") {
    const std::string_view data = part["input_audio"]["data"].string_or("");
    ask.add_media("audio", describe_base64("audio/" + part["input_audio"]["format"].text(), data), data);
  } else {
    return openai_error(call, {.message = "Invalid value: '" + std::string(type) + "'.",
                               .code = "invalid_value",
                               .param = at(i, ".content[0].type")});
  }
  return std::nullopt;
}

std::optional<Answer> read_message(const Call& call, ResponsesRequest& request, const json::Value& item, size_t i) {
  const std::string_view name = item["role"].string_or("");
  Role role = Role::kUser;
  if (name == "system" || name == "developer")
    role = Role::kSystem;
  else if (name == "assistant")
    role = Role::kAssistant;
  else if (name != "user") {
    return openai_error(call, {.message = "Invalid value: '" + std::string(name) +
                                          "'. Supported values are: 'assistant', 'system', 'developer', and 'user'.",
                               .code = "invalid_value",
                               .param = at(i, ".role")});
  }
  request.ask.begin_message(role);
  if (const auto text = item["content"].string()) {
    request.said_json = request.said_json || says_json(*text);
    request.ask.add_text(*text);
    return std::nullopt;
  }
  if (!item["content"].is_array()) return openai_missing(call, at(i, ".content"));
  for (const json::Value part : item["content"].items()) {
    if (auto problem = read_part(call, request, part, i, role)) return problem;
  }
  return std::nullopt;
}

std::string output_text(const json::Value& output) {
  if (const auto text = output.string()) return std::string(*text);
  std::string all;
  for (const json::Value part : output.items()) all.append(part["text"].string_or(""));
  return all;
}

std::optional<Answer> read_items(const Call& call, ResponsesRequest& request, const json::Value& input) {
  std::set<std::string> calls;
  std::set<std::string> open_calls;
  size_t i = 0;
  for (const json::Value item : input.items()) {
    const std::string_view type = item["type"].string_or("message");
    if (type == "message") {
      if (auto problem = read_message(call, request, item, i)) return problem;
    } else if (type == "function_call") {
      for (const std::string_view key : {"call_id", "name", "arguments"}) {
        if (!item[key].is_string()) return openai_missing(call, at(i, "." + std::string(key)));
      }
      calls.insert(item["call_id"].text());
      open_calls.insert(item["call_id"].text());
      request.ask.begin_message(Role::kAssistant);
      request.ask.add_tool_call(item["name"].string_or(""), item["arguments"].string_or(""));
    } else if (type == "function_call_output") {
      const std::string id = item["call_id"].text();
      if (!item["output"]) return openai_missing(call, at(i, ".output"));
      if (!calls.contains(id) && call.body["previous_response_id"].is_missing_or_null()) {
        return openai_error(call, {.message = "No tool call found for function call output with call_id " + id + ".",
                                   .param = "input"});
      }
      open_calls.erase(id);
      request.ask.begin_message(Role::kTool);
      request.ask.add_tool_result(output_text(item["output"]));
    }  // reasoning, item_reference and the items of built-in tools are accepted as they are
    ++i;
  }
  if (!open_calls.empty()) {
    return openai_error(
        call, {.message = "No tool output found for function call " + *open_calls.begin() + ".", .param = "input"});
  }
  return std::nullopt;
}

std::optional<Answer> read_input(const Call& call, ResponsesRequest& request) {
  if (const auto text = call.body["instructions"].string()) {
    request.ask.begin_message(Role::kSystem);
    request.said_json = says_json(*text);
    request.ask.add_text(*text);
  }
  const json::Value input = call.body["input"];
  if (const auto text = input.string()) {
    request.ask.begin_message(Role::kUser);
    request.said_json = request.said_json || says_json(*text);
    request.ask.add_text(*text);
    return std::nullopt;
  }
  if (!input) return openai_missing(call, "input");
  if (!input.is_array()) return openai_bad_type(call, "input", "one of an array of objects or string");
  return read_items(call, request, input);
}

std::optional<Answer> read_tools(const Call& call, Ask& ask) {
  size_t i = 0;
  for (const json::Value tool : call.body["tools"].items()) {
    const std::string prefix = "tools[" + std::to_string(i++) + "]";
    if (tool["type"].string_or("") != "function") continue;
    const auto name = tool["name"].string();
    if (!name) return openai_missing(call, prefix + ".name");
    // Here strict is the default, but the vendor mends loose schemas unless it was asked for by name.
    if (tool["strict"].boolean_or(false)) {
      if (const std::string problem = strict_schema_problem(tool["parameters"]); !problem.empty()) {
        return openai_error(call, {.message = "Invalid schema for function '" + std::string(*name) + "': " + problem,
                                   .code = "invalid_function_parameters",
                                   .param = prefix + ".parameters"});
      }
    }
    ask.add_tool({.name = std::string(*name), .description = tool["description"].text(), .schema = tool["parameters"]},
                 tool.to_json().size());
  }
  ask.parallel_tools = call.body["parallel_tool_calls"].boolean_or(true);
  return read_openai_tool_choice(call, ask);
}

std::optional<Answer> read_format(const Call& call, ResponsesRequest& request) {
  const json::Value format = call.body["text"]["format"];
  if (call.body["response_format"]) {
    return openai_error(call, {.message = "Unsupported parameter: 'response_format'. In the Responses API, this "
                                          "parameter has moved to 'text.format'. Try again with the new parameter.",
                               .code = "unsupported_parameter",
                               .param = "response_format"});
  }
  const std::string_view type = format["type"].string_or("text");
  if (type == "json_object") {
    if (!request.said_json) {
      return openai_error(call, {.message = "Response input messages must contain the word 'json' in some form to use "
                                            "'text.format' of type 'json_object'.",
                                 .param = "input"});
    }
    request.ask.json_object = true;
  } else if (type == "json_schema") {
    if (!format["name"].is_string()) return openai_missing(call, "text.format.name");
    if (!format["schema"].is_object()) return openai_missing(call, "text.format.schema");
    if (format["strict"].boolean_or(false)) {
      if (const std::string problem = strict_schema_problem(format["schema"]); !problem.empty()) {
        return openai_error(
            call, {.message = "Invalid schema for response_format '" + format["name"].text() + "': " + problem,
                   .code = "invalid_json_schema",
                   .param = "text.format.schema"});
      }
    }
    request.ask.output_schema = format["schema"];
  }
  return std::nullopt;
}

std::optional<Answer> read_settings(const Call& call, ResponsesRequest& request) {
  constexpr int64_t kOutputTokensMin = 16;
  for (const std::string_view old : {"max_tokens", "max_completion_tokens", "messages", "stop", "n"}) {
    if (call.body[old]) {
      return openai_error(call, {.message = "Unknown parameter: '" + std::string(old) + "'.",
                                 .code = "unknown_parameter",
                                 .param = std::string(old)});
    }
  }
  const json::Value reasoning = call.body["reasoning"];
  const bool reasons = is_openai_reasoning_model(request.ask.model);
  request.ask.reasoning = reasoning["effort"].string_or(reasons || reasoning.is_object() ? "medium" : "none") != "none";
  request.reasoning_summary = !reasoning["summary"].is_missing_or_null();
  for (const json::Value name : call.body["include"].items()) {
    request.encrypted_reasoning = request.encrypted_reasoning || name.string_or("") == "reasoning.encrypted_content";
  }
  request.ask.max_includes_reasoning = true;
  const json::Value limit = call.body["max_output_tokens"];
  request.ask.max_tokens = limit.integer().value_or(0);
  if (!limit.is_missing_or_null() && request.ask.max_tokens < kOutputTokensMin) {
    return openai_error(
        call, {.message = "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but got " +
                          limit.to_json() + " instead.",
               .code = "integer_below_min_value",
               .param = "max_output_tokens"});
  }
  const double temperature = call.body["temperature"].number().value_or(1);
  if (temperature < 0 || temperature > 2) {
    return openai_error(call,
                        {.message = "Invalid 'temperature': decimal out of range. Expected a value between 0 and 2.",
                         .code = "decimal_out_of_range",
                         .param = "temperature"});
  }
  request.stream = call.body["stream"].boolean_or(false);
  return std::nullopt;
}

}  // namespace

Answer openai_responses(const Call& call) {
  ResponsesRequest request;
  const auto model = call.body["model"].string();
  if (!model || model->empty()) return openai_missing(call, "model");
  if (is_unknown_model(*model)) {
    return openai_error(call, {.message = "The requested model '" + std::string(*model) + "' does not exist.",
                               .code = "model_not_found",
                               .param = "model"});
  }
  request.ask.model = *model;
  if (auto problem = read_settings(call, request)) return std::move(*problem);
  if (auto problem = read_input(call, request)) return std::move(*problem);
  if (auto problem = read_tools(call, request.ask)) return std::move(*problem);
  if (auto problem = read_format(call, request)) return std::move(*problem);
  return write_responses(call, request, compose(request.ask, call.options.seed, call.options.cache));
}

}  // namespace tracia::simulate
