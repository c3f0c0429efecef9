#include <array>

#include "openai/common.h"
#include "tracia/base/bytes.h"
#include "tracia/llm/catalog.h"
#include "tracia/llm/media.h"

namespace tracia::llm::openai {
namespace {

bool starts_with_any(std::string_view name, std::initializer_list<std::string_view> prefixes) {
  for (const std::string_view prefix : prefixes) {
    if (name.starts_with(prefix)) return true;
  }
  return false;
}

Result<json::Value> parse_object(json::Document& document, std::string_view text, const std::string& what) {
  auto root = document.parse(text);
  if (!root) return fail(Error::invalid(what + " is " + root.error().message));
  if (!root->is_object()) return fail(Error::invalid(what + " must be a JSON object"));
  return *root;
}

}  // namespace

Dialect dialect(std::string_view model, bool is_vendor) {
  // Compatible servers share only the protocol of the gpt-4 days.
  if (!is_vendor) return {.developer_role = "system"};
  if (model.starts_with("ft:")) model.remove_prefix(3);  // "ft:gpt-4o-mini-2024-07-18:org::id"
  if (starts_with_any(model, {"o1-mini", "o1-preview"})) {
    return {.max_completion_tokens = true, .system_role = "user", .developer_role = "user"};
  }
  if (model.starts_with("gpt-3.5") || model == "gpt-4" || starts_with_any(model, {"gpt-4-", "davinci", "babbage"})) {
    return {.developer_role = "system"};
  }
  if (const ModelInfo* known = find_model(model, "openai")) {
    return {.max_completion_tokens = known->max_completion_tokens,
            .system_role = known->developer_role ? "developer" : "system"};
  }
  // Names that the catalog does not know: fine-tunes, previews, new ones.
  if (starts_with_any(model, {"gpt-4o", "gpt-4.1", "gpt-4.5", "chatgpt-4o"})) return {};
  // The o-series, gpt-5 and whatever comes next.
  return {.max_completion_tokens = true, .system_role = "developer"};
}

wire::HttpRequest post(const Endpoint& endpoint, std::string_view path, std::string body, bool stream) {
  const std::string_view base = endpoint.base_url;
  const size_t question = base.find('?');
  wire::HttpRequest request;
  request.url = wire::join_url(base.substr(0, question), path);
  if (question != std::string_view::npos) request.url.append(base.substr(question));
  request.headers.add("content-type", "application/json");
  request.headers.add("accept", stream ? "text/event-stream" : "application/json");
  request.body = std::move(body);
  return request;
}

std::string media_url(const MediaSource& source, std::string_view declared_mime, std::string_view fallback_mime) {
  if (source.kind == MediaSource::Kind::kUrl || source.kind == MediaSource::Kind::kFileId) return source.value;
  std::string url = "data:" + media_mime_type(source, declared_mime, fallback_mime) + ";base64,";
  if (source.kind == MediaSource::Kind::kBase64) return url.append(source.value);
  return url.append(base64_encode(source.value));
}

std::string file_name(const DocumentPart& document, std::string_view mime) {
  if (!document.name.empty()) return document.name;
  if (mime == "application/pdf") return "document.pdf";
  return mime.starts_with("text/") ? "document.txt" : "document";
}

Result<std::string> audio_format(std::string_view mime, bool is_vendor) {
  const std::string type = ascii_lower(mime.substr(0, mime.find(';')));
  if (type.empty() || type == "audio/wav" || type == "audio/x-wav" || type == "audio/wave" || type == "audio/vnd.wave")
    return "wav";
  if (type == "audio/mpeg" || type == "audio/mp3") return "mp3";
  if (is_vendor || !type.starts_with("audio/"))
    return fail(Error::invalid("OpenAI takes wav and mp3 audio, not " + type));
  return type.substr(6);
}

Status write_input_audio(json::Writer& w, const AudioPart& audio, bool is_vendor, std::string_view where) {
  if (audio.source.kind == MediaSource::Kind::kUrl || audio.source.kind == MediaSource::Kind::kFileId) {
    return fail(Error::invalid(std::string(where) + ": OpenAI takes audio as bytes, not as a URL or a file id"));
  }
  const auto format = audio_format(audio.mime_type, is_vendor);
  if (!format) return fail(Error::invalid(std::string(where) + ": " + format.error().message));
  w.begin_object().field("type", "input_audio").key("input_audio").begin_object().key("data");
  if (audio.source.kind == MediaSource::Kind::kBase64) {
    w.value(audio.source.value);
  } else {
    w.value(base64_encode(audio.source.value));
  }
  w.field("format", *format).end_object().end_object();
  return {};
}

Result<std::string> custom_format(const Tool& tool, size_t index, bool nested) {
  if (tool.vendor_json.empty()) return "";
  json::Document document;
  const auto format = parse_object(document, tool.vendor_json, "tools[" + std::to_string(index) + "].vendor_json");
  if (!format) return fail(format.error());
  const json::Value grammar = (*format)["grammar"];
  if (nested == grammar.is_object() || (*format)["type"].string_or("") != "grammar") return tool.vendor_json;
  json::Writer w;
  w.begin_object().field("type", "grammar");
  const json::Value from = nested ? *format : grammar;
  if (nested) w.key("grammar").begin_object();
  for (const json::Member member : from.members()) {
    if (member.key != "type") w.field_raw(member.key, member.value.to_json());
  }
  if (nested) w.end_object();
  w.end_object();
  return w.take();
}

Status check_schemas(const ChatRequest& request) {
  json::Document document;
  for (size_t i = 0; i < request.tools.size(); ++i) {
    const Tool& tool = request.tools[i];
    const std::string name = "tools[" + std::to_string(i) + "]";
    if (tool.kind == Tool::Kind::kVendor) {
      const auto root = parse_object(document, tool.vendor_json, name + ".vendor_json");
      if (!root) return fail(root.error());
      continue;
    }
    if (tool.name.empty()) return fail(Error::invalid(name + ".name is empty"));
    if (tool.kind == Tool::Kind::kFunction && !tool.parameters.empty()) {
      const auto root = parse_object(document, tool.parameters, name + ".parameters");
      if (!root) return fail(root.error());
    }
  }
  if (request.response_format.type == ResponseFormat::Type::kJsonSchema) {
    const auto root = parse_object(document, request.response_format.schema, "response_format.schema");
    if (!root) return fail(root.error());
  }
  return {};
}

Tool::Kind tool_kind(const ChatRequest& request, std::string_view name) {
  for (const Tool& tool : request.tools) {
    if (tool.name == name && tool.kind != Tool::Kind::kVendor) return tool.kind;
  }
  return Tool::Kind::kFunction;
}

std::string message_name(size_t index) { return "messages[" + std::to_string(index) + "]"; }

}  // namespace tracia::llm::openai
