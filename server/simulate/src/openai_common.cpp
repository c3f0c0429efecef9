#include "openai_common.h"

namespace tracia::simulate {
namespace {

constexpr int kSchemaDepthMax = 32;

std::string strict_problem(const json::Value& schema, const std::string& context, int depth) {
  if (!schema.is_object() || depth > kSchemaDepthMax) return "";
  const json::Value properties = schema["properties"];
  const auto where = [&](std::string_view problem) { return "In context=(" + context + "), " + std::string(problem); };
  if (schema["type"].string_or("") == "object" || properties) {
    if (schema["additionalProperties"].boolean() != std::optional(false)) {
      return where("'additionalProperties' is required to be supplied and to be false.");
    }
    for (const json::Member member : properties.members()) {
      bool required = false;
      for (const json::Value name : schema["required"].items()) required = required || name.string_or("") == member.key;
      if (!required) {
        return where(
            "'required' is required to be supplied and to be an array including every key in properties. Missing '" +
            std::string(member.key) + "'.");
      }
      std::string problem =
          strict_problem(member.value, context + "'properties', '" + std::string(member.key) + "', ", depth + 1);
      if (!problem.empty()) return problem;
    }
  }
  if (std::string problem = strict_problem(schema["items"], context + "'items', ", depth + 1); !problem.empty())
    return problem;
  for (const std::string_view key : {"anyOf", "allOf"}) {
    for (const json::Value option : schema[key].items()) {
      if (std::string problem = strict_problem(option, context + "'" + std::string(key) + "', ", depth + 1);
          !problem.empty())
        return problem;
    }
  }
  for (const std::string_view key : {"$defs", "definitions"}) {
    for (const json::Member member : schema[key].members()) {
      if (std::string problem = strict_problem(member.value, context, depth + 1); !problem.empty()) return problem;
    }
  }
  return "";
}

}  // namespace

Answer openai_missing(const Call& call, std::string_view param) {
  return openai_error(call, {.message = "Missing required parameter: '" + std::string(param) + "'.",
                             .code = "missing_required_parameter",
                             .param = std::string(param)});
}

Answer openai_bad_type(const Call& call, std::string_view param, std::string_view expected) {
  return openai_error(
      call, {.message = "Invalid type for '" + std::string(param) + "': expected " + std::string(expected) + ".",
             .code = "invalid_type",
             .param = std::string(param)});
}

Answer openai_no_model(const Call& call, std::string_view model) {
  return openai_error(
      call, {.status = 404,
             .message = "The model `" + std::string(model) + "` does not exist or you do not have access to it.",
             .code = "model_not_found"});
}

bool is_openai_reasoning_model(std::string_view model) {
  if (model.starts_with("gpt-5")) return model.find("chat") == std::string_view::npos;
  return model.size() >= 2 && model[0] == 'o' && model[1] >= '1' && model[1] <= '9';
}

std::optional<Answer> read_openai_tool_choice(const Call& call, Ask& ask) {
  const json::Value choice = call.body["tool_choice"];
  if (choice.is_missing_or_null()) return std::nullopt;
  if (ask.tools.empty() && choice.string_or("") != "none") {
    return openai_error(
        call, {.message = "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.",
               .param = "tool_choice"});
  }
  if (const auto mode = choice.string()) {
    if (*mode == "none")
      ask.tool_mode = ToolMode::kNone;
    else if (*mode == "required")
      ask.tool_mode = ToolMode::kRequired;
    else if (*mode != "auto") {
      return openai_error(call, {.message = "Invalid value: '" + std::string(*mode) +
                                            "'. Supported values are: 'none', 'auto', and 'required'.",
                                 .code = "invalid_value",
                                 .param = "tool_choice"});
    }
    return std::nullopt;
  }
  // Chat nests the name in "function"; Responses has it at the top; "allowed_tools" narrows the choice.
  if (choice["type"].string_or("") == "allowed_tools") {
    const json::Value allowed = choice["allowed_tools"] ? choice["allowed_tools"] : choice;
    if (allowed["mode"].string_or("auto") == "required") ask.tool_mode = ToolMode::kRequired;
    return std::nullopt;
  }
  const auto name = choice["function"]["name"].string() ? choice["function"]["name"].string() : choice["name"].string();
  if (!name) return openai_missing(call, "tool_choice.function");
  for (const Tool& tool : ask.tools) {
    if (tool.name != *name) continue;
    ask.tool_mode = ToolMode::kRequired;
    ask.forced_tool = tool.name;
    return std::nullopt;
  }
  return openai_error(call, {.message = "Tool choice '" + std::string(*name) + "' not found in 'tools' parameter.",
                             .param = "tool_choice"});
}

std::string strict_schema_problem(const json::Value& schema) { return strict_problem(schema, "", 0); }

std::string openai_call_id(uint64_t seed) {
  Rng rng(seed);
  return make_id("call_", rng, 24);
}

}  // namespace tracia::simulate
