#include "fields.h"

#include "tracia/base/bytes.h"

namespace tracia::gateway {

namespace {
constexpr size_t kMetadataBytesMax = 1024;  // of one value; OpenAI takes 512
constexpr size_t kUserBytesMax = 1024;
constexpr size_t kKeptBodyBytesMax = 1u << 20;  // a parse takes about ten times the text
}  // namespace

Error invalid_param(std::string_view param, std::string_view what) {
  Error error = Error::invalid(std::string(param).append(" ").append(what));
  error.provider.param = param;
  return error;
}

Error only_openai(std::string_view param, std::string_view what) {
  Error error = Error::invalid(std::string(param).append(": ").append(what).append(
      " works only with models behind a connection that speaks OpenAI's own protocol"));
  error.provider.param = param;
  return error;
}

Result<json::Value> Body::parse(std::string_view text) {
  static thread_local json::Document kept;
  const auto body = (text.size() <= kKeptBodyBytesMax ? kept : own_).parse(text);
  if (!body) return fail(Error::invalid("The request body is " + body.error().message));
  if (!body->is_object()) return fail(Error::invalid("The request body must be a JSON object"));
  return *body;
}

json::Value member(const json::Value& object, std::string_view name) {
  const json::Value value = object[name];
  return value.is_null() ? json::Value() : value;
}

Status read_flag(const json::Value& object, std::string_view name, bool& out) {
  const json::Value value = member(object, name);
  if (!value) return {};
  const auto flag = value.boolean();
  if (!flag) return fail(invalid_param(name, "must be true or false"));
  out = *flag;
  return {};
}

Status read_number(const json::Value& object, std::string_view name, std::optional<double>& out) {
  const json::Value value = member(object, name);
  if (!value) return {};
  out = value.number();
  return out ? Status() : fail(invalid_param(name, "must be a number"));
}

Status read_count(const json::Value& object, std::string_view name, std::optional<int64_t>& out) {
  const json::Value value = member(object, name);
  if (!value) return {};
  out = value.integer();
  return out && *out >= 1 ? Status() : fail(invalid_param(name, "must be a whole number of at least 1"));
}

Status read_word(const json::Value& object, std::string_view name, std::string& out) {
  const json::Value value = member(object, name);
  if (!value) return {};
  const auto text = value.string();
  if (!text) return fail(invalid_param(name, "must be a string"));
  out = *text;
  return {};
}

Status read_model(const json::Value& body, std::string& out) {
  const json::Value value = member(body, "model");
  if (!value) return fail(invalid_param("model", "is required"));
  out = value.text();
  if (out.empty() || out.size() > kModelBytesMax) {
    return fail(invalid_param("model", "must be a string of 1 to " + std::to_string(kModelBytesMax) + " bytes"));
  }
  return {};
}

Status read_common(const json::Value& body, ChatInput& out) {
  TRACIA_TRY(read_model(body, out.model));
  TRACIA_TRY(read_flag(body, "stream", out.stream));
  out.user = utf8_prefix(body["user"].string_or(""), kUserBytesMax);
  for (const json::Member entry : body["metadata"].members()) {
    if (out.metadata.size() == kMetadataMax) break;
    const auto text = entry.value.string();
    if (text) out.metadata.emplace_back(utf8_prefix(entry.key, 128), utf8_prefix(*text, kMetadataBytesMax));
  }
  return {};
}

Status read_schema(const json::Value& holder, std::string_view param, llm::ResponseFormat& out) {
  out.type = llm::ResponseFormat::Type::kJsonSchema;
  const json::Value schema = holder["schema"];
  if (!schema.is_object()) return fail(invalid_param(std::string(param) + ".schema", "must be a JSON Schema object"));
  out.schema = schema.to_json();
  out.name = holder["name"].text();
  out.description = holder["description"].text();
  out.strict = holder["strict"].boolean();
  return {};
}

Status read_tool(const json::Value& tool, const json::Value& body, const std::string& param, llm::Tool& out) {
  const std::string_view type = tool["type"].string_or("");
  if (type != "function" && type != "custom") {
    return fail(only_openai(param + ".type", "A tool of the type '" + std::string(utf8_prefix(type, 40)) + "'"));
  }
  if (type == "custom") return fail(only_openai(param + ".type", "A custom tool"));
  out.name = body["name"].text();
  if (out.name.empty()) return fail(invalid_param(param + ".name", "is required"));
  out.description = body["description"].text();
  out.strict = body["strict"].boolean();
  const json::Value parameters = member(body, "parameters");
  if (parameters && !parameters.is_object()) return fail(invalid_param(param + ".parameters", "must be an object"));
  out.parameters = parameters.to_json();
  return {};
}

std::optional<llm::ToolChoice::Mode> choice_mode(std::string_view word) {
  if (word == "auto") return llm::ToolChoice::Mode::kAuto;
  if (word == "none") return llm::ToolChoice::Mode::kNone;
  if (word == "required") return llm::ToolChoice::Mode::kRequired;
  return std::nullopt;
}

}  // namespace tracia::gateway
