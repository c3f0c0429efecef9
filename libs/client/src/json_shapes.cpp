#include "json_shapes.h"

#include "tracia/base/bytes.h"

namespace tracia::client {
namespace {

constexpr size_t kToolsMax = 1024;

std::string place_of(InputFields& fields, std::string_view name, size_t index) {
  return fields.place(name) + "[" + std::to_string(index) + "]";
}

std::string json_or_empty(const json::Value& value) { return value ? value.to_json() : ""; }

// --- tools -----------------------------------------------------------------------------------------------------------

void read_cache_control(InputFields& fields, std::optional<llm::CacheControl>& out) {
  const json::Value value = fields.get("cache_control");
  if (!value) return;
  if (!value.is_object()) return fields.fail("cache_control", "must be an object");
  InputFields inner(value, fields.place("cache_control") + ".");
  std::string type;
  out.emplace();
  inner.text("type", type);  // Anthropic's "ephemeral", the only one there is
  inner.text("ttl", out->ttl);
  fields.check(inner.finish());
}

void read_function_members(InputFields& fields, Tool& tool) {
  fields.required_text("name", tool.name);
  fields.text("description", tool.description);
  fields.object("parameters", tool.parameters);
  fields.flag("strict", tool.strict);
}

// {"name","description"?,"parameters"?,"strict"?}, or the same under "function".
Tool read_function_tool(const json::Value& item, const std::string& place, InputFields& outer) {
  Tool tool;
  InputFields fields(item, place + ".");
  fields.get("type");
  if (const json::Value function = fields.get("function"); function.is_object()) {
    InputFields inner(function, place + ".function.");
    read_function_members(inner, tool);
    fields.check(inner.finish());
  } else {
    read_function_members(fields, tool);
  }
  read_cache_control(fields, tool.cache);
  outer.check(fields.finish());
  return tool;
}

// OpenAI's free-text tools: {"type":"custom","name","description"?,"format"?}, or the same under "custom"; as a span
// shows them, `format` is `value`.
Tool read_custom_tool(const json::Value& item, const std::string& place, InputFields& outer) {
  Tool tool{.kind = Tool::Kind::kCustom};
  const bool nested = item["custom"].is_object();
  InputFields fields(nested ? item["custom"] : item, place + (nested ? ".custom." : "."));
  fields.get("type");
  fields.required_text("name", tool.name);
  fields.text("description", tool.description);
  const bool has_value = fields.get("value").is_object();
  const json::Value format = fields.get("format");
  if (format && !format.is_object()) fields.fail("format", "must be an object");
  tool.vendor_json = json_or_empty(has_value ? fields.get("value") : format);
  if (!nested) read_cache_control(fields, tool.cache);
  outer.check(fields.finish());
  return tool;
}

Tool read_tool(const json::Value& item, const std::string& place, InputFields& outer) {
  const json::Value type = item["type"];
  if (!type.is_missing_or_null() && !type.is_string()) {
    outer.fail(Error::invalid(place + ".type must be a string"));
    return {};
  }
  const std::string_view word = type.string_or("function");
  if (word == "function") return read_function_tool(item, place, outer);
  // Not every vendor's "custom" is OpenAI's: Anthropic calls its ordinary tools so.
  if (word == "custom" && !item["input_schema"]) return read_custom_tool(item, place, outer);
  Tool tool{.name = item["name"].text(), .kind = Tool::Kind::kVendor};
  const bool wrapped = word == "vendor" && item["value"].is_object();
  tool.vendor_json = (wrapped ? item["value"] : item).to_json();
  if (wrapped) {
    InputFields fields(item, place + ".");
    for (const char* name : {"type", "name", "description", "value"}) fields.get(name);
    read_cache_control(fields, tool.cache);
    outer.check(fields.finish());
  }
  return tool;
}

void read_schema(InputFields& fields, ResponseFormat& out) {
  fields.object("schema", out.schema);
  fields.text("name", out.name);
  fields.text("description", out.description);
  fields.flag("strict", out.strict);
}

}  // namespace

void read_tools(InputFields& fields, std::vector<Tool>& out) {
  const json::Value list = fields.get("tools");
  if (!list) return;
  if (!list.is_array()) return fields.fail("tools", "must be a list of tools");
  if (list.size() > kToolsMax) return fields.fail("tools", "must have at most " + std::to_string(kToolsMax) + " tools");
  for (const json::Value item : list.items()) {
    const std::string place = place_of(fields, "tools", out.size());
    if (!item.is_object()) return fields.fail(Error::invalid(place + " must be an object"));
    out.push_back(read_tool(item, place, fields));
    if (!fields.ok()) return;
  }
}

void read_tool_choice(InputFields& fields, ToolChoice& out) {
  const json::Value choice = fields.get("tool_choice");
  if (!choice) return;
  using Mode = ToolChoice::Mode;
  const std::string_view word = choice.string_or("");
  if (word == "auto") {
    out.mode = Mode::kAuto;
  } else if (word == "none") {
    out.mode = Mode::kNone;
  } else if (word == "required") {
    out.mode = Mode::kRequired;
  } else {
    // Ours, then OpenAI's two.
    for (const json::Value name : {choice["tool"], choice["function"]["name"], choice["name"]}) {
      if (out.tool.empty()) out.tool = name.text();
    }
    if (out.tool.empty()) {
      return fields.fail("tool_choice", R"(must be "auto", "none", "required" or {"tool": name})");
    }
    out.mode = Mode::kTool;
  }
}

void read_response_format(InputFields& fields, ResponseFormat& out) {
  const json::Value format = fields.get("response_format");
  if (!format) return;
  if (!format.is_object()) return fields.fail("response_format", "must be an object with a type");
  InputFields outer(format, fields.place("response_format") + ".");
  std::string type;
  outer.required_text("type", type);
  const json::Value nested = type == "json_schema" ? outer.get("json_schema") : json::Value{};
  if (nested.is_object()) {
    InputFields inner(nested, outer.place("json_schema") + ".");
    read_schema(inner, out);
    outer.check(inner.finish());
  } else {
    read_schema(outer, out);
  }
  if (type == "json_schema" || (type == "json" && !out.schema.empty())) {
    out.type = ResponseFormat::Type::kJsonSchema;
    if (out.schema.empty()) outer.fail("schema", "is required");
  } else if (type == "json" || type == "json_object") {
    out.type = ResponseFormat::Type::kJson;
  } else if (type != "text") {
    outer.fail("type", "must be json, json_schema, json_object or text");
  }
  fields.check(outer.finish());
}

void read_reasoning(InputFields& fields, std::optional<ReasoningOptions>& out) {
  const json::Value value = fields.get("reasoning");
  if (!value) return;
  out.emplace();
  if (value.is_string()) {
    out->effort = value.text();
    return;
  }
  if (!value.is_object()) return fields.fail("reasoning", "must be an effort such as \"low\", or an object");
  InputFields inner(value, fields.place("reasoning") + ".");
  inner.text("effort", out->effort);
  inner.integer("max_tokens", out->budget_tokens, 0);
  inner.flag("include_text", out->include_text);
  fields.check(inner.finish());
}

void read_fallbacks(InputFields& fields, std::vector<Fallback>& out) {
  const json::Value list = fields.get("fallbacks");
  if (!list) return;
  if (!list.is_array()) return fields.fail("fallbacks", "must be a list of models");
  for (const json::Value item : list.items()) {
    const std::string place = place_of(fields, "fallbacks", out.size());
    Fallback fallback{.model = item.text()};
    if (item.is_object()) {
      InputFields inner(item, place + ".");
      inner.required_text("model", fallback.model);
      inner.text("provider", fallback.provider);
      inner.text("provider_api_key", fallback.provider_api_key);
      fields.check(inner.finish());
    } else if (trim(fallback.model).empty()) {
      fields.fail(Error::invalid(place + " must be a model, or an object with a model"));
    }
    if (!fields.ok()) return;
    out.push_back(std::move(fallback));
  }
}

void read_variables(InputFields& fields, Variables& out) {
  const json::Value object = fields.get("variables");
  if (!object) return;
  if (!object.is_object()) return fields.fail("variables", "must be an object of texts by name");
  for (const json::Member member : object.members()) {
    const json::Value& value = member.value;
    if (value.is_string()) {
      out[std::string(member.key)] = value.text();
    } else if (value.is_number() || value.boolean()) {
      out[std::string(member.key)] = value.to_json();
    } else {
      return fields.fail("variables." + std::string(utf8_prefix(member.key, 128)),
                         "must be a string, a number or a boolean");
    }
  }
}

void read_prompt_link(InputFields& fields, PromptLink& out) {
  const json::Value value = fields.get("prompt");
  if (!value) return;
  if (!value.is_object()) return fields.fail("prompt", "must be an object with a slug");
  InputFields inner(value, fields.place("prompt") + ".");
  inner.required_text("slug", out.slug);
  inner.integer("version", out.version, 1);
  inner.text("label", out.label);
  fields.check(inner.finish());
}

}  // namespace tracia::client
