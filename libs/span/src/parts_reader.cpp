#include "parts_reader.h"

#include "tracia/base/bytes.h"
#include "tracia/span/limits.h"

namespace tracia::span {
namespace {

using llm::MediaSource;
using llm::ToolCallPart;

constexpr size_t kAnyLength = static_cast<size_t>(-1);

// The name under which a member was given: ours, or as users of Python write it.
std::string_view spelling(const Fields& fields, std::string_view camel, std::string_view snake) {
  return !fields.get(camel) && fields.get(snake) ? snake : camel;
}

std::optional<llm::CacheControl> read_cache(Fields& fields) {
  const json::Value value = fields.get(spelling(fields, "cacheControl", "cache_control"));
  if (!value.is_object()) return std::nullopt;
  return llm::CacheControl{.ttl = std::string(value["ttl"].string_or("").substr(0, 16))};
}

ToolCallPart::Kind read_call_kind(Fields& fields) {
  const std::string_view kind = fields.get("kind").string_or("");
  if (kind == "custom") return ToolCallPart::Kind::kCustom;
  if (kind == "legacy_function") return ToolCallPart::Kind::kLegacyFunction;
  return ToolCallPart::Kind::kFunction;
}

// Media types end up in data: URLs and headers: plain printable characters only.
void read_mime_type(Fields& fields, std::string& out) {
  const std::string_view name = spelling(fields, "mimeType", "mime_type");
  fields.text(name, out, limits::kMimeTypeCharsMax);
  for (const char c : out) {
    if (c <= ' ' || c > '~' || c == ',' || c == '"') return fields.fail(name, "must be a media type");
  }
}

void set_base64(Fields& fields, std::string_view name, std::string_view data, MediaSource& out) {
  if (!base64_decode(data)) return fields.fail(name, "must be base64");
  out = {MediaSource::Kind::kBase64, std::string(data)};
}

// A URL, or the content itself as "data:<type>;base64,<content>".
void set_url(Fields& fields, std::string_view name, std::string_view url, MediaSource& out, std::string& mime_type) {
  if (url.empty()) return fields.fail(name, "must not be empty");
  if (!ascii_iequals(url.substr(0, 5), "data:")) {
    out = {MediaSource::Kind::kUrl, std::string(url)};
    return;
  }
  const size_t comma = url.find(',');
  const std::string_view head = url.substr(5, comma == std::string_view::npos ? comma : comma - 5);
  if (comma == std::string_view::npos || head.size() < 7 || !ascii_iequals(head.substr(head.size() - 7), ";base64")) {
    return fields.fail(name, "must be a URL or base64 data: URL");
  }
  if (mime_type.empty()) mime_type = head.substr(0, std::min(head.find(';'), limits::kMimeTypeCharsMax));
  set_base64(fields, name, url.substr(comma + 1), out);
}

// `data`, `url` or `fileId` of one part, exactly one of them.
void read_source(Fields& fields, MediaSource& out, std::string& mime_type) {
  read_mime_type(fields, mime_type);
  const std::string_view file_name = spelling(fields, "fileId", "file_id");
  const json::Value data = fields.get("data"), url = fields.get("url"), file = fields.get(file_name);
  if (!fields.ok()) return;
  const int given = (data ? 1 : 0) + (url ? 1 : 0) + (file ? 1 : 0);
  if (given == 0 && fields.get(spelling(fields, "omittedBytes", "omitted_bytes"))) {
    return fields.fail("data", "was left out of the span because of its size; put the content back in");
  }
  if (given != 1) return fields.fail("data", "or url or fileId is required: exactly one of them");
  if (data) {
    std::string text;
    fields.text("data", text, kAnyLength);
    if (fields.ok()) set_base64(fields, "data", text, out);
  } else if (url) {
    std::string text;
    fields.text("url", text, kAnyLength);
    if (fields.ok()) set_url(fields, "url", text, out, mime_type);
  } else {
    out.kind = MediaSource::Kind::kFileId;
    fields.required_text(file_name, out.value, limits::kIdCharsMax);
  }
}

llm::TextPart read_text(Fields& fields) {
  llm::TextPart part;
  fields.require("text");
  fields.text("text", part.text, kAnyLength);
  fields.text("signature", part.signature, kAnyLength);
  fields.flag("refusal", part.refusal);
  if (const json::Value notes = fields.get("annotations"); notes.is_array() && notes.size() > 0) {
    part.annotations = notes.to_json();
  }
  fields.text(spelling(fields, "itemId", "item_id"), part.item_id, limits::kIdCharsMax);
  fields.text("phase", part.phase, limits::kPhaseCharsMax);
  part.cache = read_cache(fields);
  return part;
}

llm::ImagePart read_image(Fields& fields) {
  llm::ImagePart part;
  read_source(fields, part.source, part.mime_type);
  fields.text("detail", part.detail, 16);
  fields.text("signature", part.signature, kAnyLength);
  part.cache = read_cache(fields);
  return part;
}

llm::DocumentPart read_document(Fields& fields) {
  llm::DocumentPart part;
  read_source(fields, part.source, part.mime_type);
  fields.text("name", part.name, limits::kNameCharsMax);
  fields.text("context", part.context, kAnyLength);
  fields.flag("citations", part.citations);
  part.cache = read_cache(fields);
  return part;
}

llm::AudioPart read_audio(Fields& fields) {
  llm::AudioPart part;
  fields.text("id", part.id, limits::kIdCharsMax);
  fields.text("transcript", part.transcript, kAnyLength);
  if (part.id.empty() || fields.get("data") || fields.get("url")) {
    read_source(fields, part.source, part.mime_type);
  } else {
    read_mime_type(fields, part.mime_type);
  }
  return part;
}

llm::ReasoningPart read_reasoning(Fields& fields) {
  llm::ReasoningPart part;
  fields.text("text", part.text, kAnyLength);
  fields.text("signature", part.signature, kAnyLength);
  fields.flag("redacted", part.redacted);
  fields.text("id", part.id, limits::kIdCharsMax);
  part.provider = llm::provider_from_name(fields.get("provider").string_or(""));
  return part;
}

llm::OpaquePart read_vendor(Fields& fields) {
  llm::OpaquePart part;
  const auto provider = llm::provider_from_name(fields.require("provider").string_or(""));
  if (!provider) {
    fields.fail("provider", "must be openai, anthropic, google, amazon_bedrock or voyage");
    return part;
  }
  part.provider = *provider;
  part.json = fields.require("value").to_json();
  return part;
}

llm::ToolResultPart read_result(Fields& fields) {
  llm::ToolResultPart part = read_result_head(fields);
  read_content(fields, part.content, false);
  return part;
}

// OpenAI: {"type":"image_url","image_url":{"url","detail"}}, and "input_image" with the URL as a plain string.
llm::ImagePart read_openai_image(Fields& fields) {
  llm::ImagePart part;
  const json::Value image = fields.get("image_url");
  const json::Value holder = image.is_object() ? image : json::Value{};
  const auto url = holder ? holder["url"].string() : image.string();
  if (url) {
    set_url(fields, "image_url", *url, part.source, part.mime_type);
  } else if (fields.get("file_id")) {
    part.source.kind = MediaSource::Kind::kFileId;
    fields.required_text("file_id", part.source.value, limits::kIdCharsMax);
  } else {
    fields.fail("image_url", "must be a URL or an object with a url");
  }
  part.detail = (holder ? holder["detail"] : fields.get("detail")).string_or("").substr(0, 16);
  part.cache = read_cache(fields);
  return part;
}

// OpenAI: {"type":"input_audio","input_audio":{"data","format"}}.
llm::AudioPart read_openai_audio(Fields& fields) {
  llm::AudioPart part;
  const json::Value audio = fields.require("input_audio");
  const auto data = audio["data"].string();
  const auto format = audio["format"].string();
  if (!data || !format || format->size() > 16) {
    fields.fail("input_audio", "must be an object with data and format");
    return part;
  }
  set_base64(fields, "input_audio.data", *data, part.source);
  part.mime_type = *format == "mp3" ? "audio/mpeg" : "audio/" + std::string(*format);
  return part;
}

// OpenAI: {"type":"file","file":{"filename","file_data"|"file_id"}}, and "input_file" with the same members on top.
llm::DocumentPart read_openai_file(Fields& fields) {
  llm::DocumentPart part;
  const json::Value nested = fields.get("file");
  const auto member = [&](std::string_view name) { return nested.is_object() ? nested[name] : fields.get(name); };
  part.name = std::string(chars_prefix(member("filename").string_or(""), limits::kNameCharsMax));
  if (const auto data = member("file_data").string()) {
    if (ascii_iequals(data->substr(0, 5), "data:")) {
      set_url(fields, "file_data", *data, part.source, part.mime_type);
    } else {
      set_base64(fields, "file_data", *data, part.source);
    }
  } else if (const auto url = member("file_url").string()) {
    set_url(fields, "file_url", *url, part.source, part.mime_type);
  } else if (const auto id = member("file_id").string()) {
    part.source = {MediaSource::Kind::kFileId, std::string(*id)};
  } else {
    fields.fail("file", "must be an object with file_data or file_id");
  }
  return part;
}

llm::TextPart read_refusal(Fields& fields) {
  llm::TextPart part;
  part.refusal = true;
  fields.require("refusal");
  fields.text("refusal", part.text, kAnyLength);
  return part;
}

std::optional<llm::Part> read_part(std::string_view type, Fields& fields, bool results) {
  using llm::Part;
  if (is_one_of(type, {"text", "input_text", "output_text"})) return Part{read_text(fields)};
  if (type == "image") return Part{read_image(fields)};
  if (type == "document") return Part{read_document(fields)};
  if (type == "audio") return Part{read_audio(fields)};
  if (type == "tool_call") return Part{read_tool_call(fields)};
  if (type == "reasoning") return Part{read_reasoning(fields)};
  if (type == "vendor") return Part{read_vendor(fields)};
  if (type == "tool_result" && results) return Part{read_result(fields)};
  if (is_one_of(type, {"image_url", "input_image"})) return Part{read_openai_image(fields)};
  if (type == "input_audio") return Part{read_openai_audio(fields)};
  if (is_one_of(type, {"file", "input_file"})) return Part{read_openai_file(fields)};
  if (type == "refusal") return Part{read_refusal(fields)};
  return std::nullopt;
}

}  // namespace

void read_arguments(Fields& fields, ToolCallPart& call) {
  const json::Value value = fields.get("arguments");
  if (value.is_object()) {
    call.arguments = value.to_json();
  } else if (const auto text = value.string()) {
    call.arguments.assign(*text);
  } else if (value) {
    return fields.fail("arguments", "must be an object");
  }
  if (call.arguments.empty() && call.kind != ToolCallPart::Kind::kCustom) call.arguments = "{}";
}

ToolCallPart read_tool_call(Fields& fields) {
  ToolCallPart call;
  call.kind = read_call_kind(fields);
  fields.text("id", call.id, limits::kIdCharsMax);
  fields.required_text("name", call.name, limits::kNameCharsMax);
  fields.text(spelling(fields, "itemId", "item_id"), call.item_id, limits::kIdCharsMax);
  fields.text("signature", call.signature, kAnyLength);
  read_arguments(fields, call);
  call.cache = read_cache(fields);
  return call;
}

llm::ToolResultPart read_result_head(Fields& fields) {
  llm::ToolResultPart result;
  fields.text(spelling(fields, "toolCallId", "tool_call_id"), result.tool_call_id, limits::kIdCharsMax);
  fields.text(spelling(fields, "toolName", "tool_name"), result.tool_name, limits::kNameCharsMax);
  fields.flag(spelling(fields, "isError", "is_error"), result.is_error);
  result.kind = read_call_kind(fields);
  result.cache = read_cache(fields);
  return result;
}

void read_content(Fields& fields, std::vector<llm::Part>& parts, bool results) {
  const json::Value content = fields.get("content");
  if (!fields.ok() || !content) return;
  if (const auto text = content.string()) {
    parts.push_back(llm::text_part(std::string(*text)));
    return;
  }
  if (!content.is_array()) return fields.fail("content", "must be a string or an array of parts");
  for (const json::Value item : content.items()) {
    if (parts.size() == limits::kPartsMax) {
      return fields.fail("content", "must have at most " + std::to_string(limits::kPartsMax) + " parts");
    }
    const std::string place = fields.place("content") + "[" + std::to_string(parts.size()) + "]";
    if (!item.is_object()) return fields.fail(Error::invalid(place + " must be an object"));
    Fields inner(item, place + ".");
    const std::string_view type = item["type"].string_or("");
    auto part = read_part(type, inner, results);
    if (!part) {
      return fields.fail(Error::invalid(place + ".type '" + std::string(utf8_prefix(type, 40)) +
                                        "' is not a kind of content part known here"));
    }
    if (const Status status = inner.status(); !status) return fields.fail(status.error());
    parts.push_back(std::move(*part));
  }
}

}  // namespace tracia::span
