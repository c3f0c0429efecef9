// Writing conversations. The form is drawn in messages.h.
#include <limits>

#include "append.h"
#include "tracia/base/bytes.h"
#include "tracia/llm/media.h"
#include "tracia/span/limits.h"
#include "tracia/span/messages.h"

namespace tracia::span {
namespace {

constexpr size_t kUnbounded = std::numeric_limits<size_t>::max();

// How much media may still be written.
struct MediaBudget {
  size_t each = kUnbounded;
  size_t total = kUnbounded;

  bool take(size_t base64_bytes) {
    if (base64_bytes > each || base64_bytes > total) return false;
    total -= base64_bytes;
    return true;
  }
};

void append_cache(ObjectAppender& object, const std::optional<llm::CacheControl>& cache) {
  if (!cache) return;
  ObjectAppender inner(object.key("cacheControl"));
  inner.text_if("ttl", cache->ttl);
  inner.close();
}

class MessageWriter {
 public:
  MessageWriter(std::string& out, MediaBudget budget) : out_(out), budget_(budget) {}

  void messages(const std::vector<llm::Message>& messages) {
    ArrayAppender array(out_);
    for (const llm::Message& message : messages) {
      if (is_tool_results(message)) {
        for (const llm::Part& part : message.parts) {
          array.next();
          tool_message(*part.as<llm::ToolResultPart>());
        }
      } else {
        array.next();
        plain_message(message);
      }
    }
    array.close();
  }

  void message(const llm::Message& message) {
    if (is_tool_results(message) && message.parts.size() == 1) {
      tool_message(*message.parts[0].as<llm::ToolResultPart>());
    } else {
      plain_message(message);
    }
  }

  // The value of a tool call's arguments.
  void arguments(const llm::ToolCallPart& call) {
    if (call.kind != llm::ToolCallPart::Kind::kCustom && opens_with(call.arguments, '{') && call.arguments_are_json()) {
      append_raw(out_, call.arguments);
    } else if (call.kind != llm::ToolCallPart::Kind::kCustom && call.arguments.empty()) {
      out_.append("{}");
    } else {
      json::append_quoted(out_, call.arguments);
    }
  }

 private:
  static bool is_tool_results(const llm::Message& message) {
    if (message.role != llm::Role::kTool || message.parts.empty()) return false;
    for (const llm::Part& part : message.parts) {
      if (part.as<llm::ToolResultPart>() == nullptr) return false;
    }
    return true;
  }

  static bool is_plain(const llm::TextPart& text) {
    return text.signature.empty() && !text.refusal && text.annotations.empty() && !text.cache && text.item_id.empty() &&
           text.phase.empty();
  }

  void plain_message(const llm::Message& message) {
    ObjectAppender object(out_);
    object.text("role", llm::role_name(message.role));
    object.text_if("name", message.name);
    object.text_if("id", message.id);
    object.key("content");
    content(message.parts);
    object.close();
  }

  void tool_message(const llm::ToolResultPart& result) {
    ObjectAppender object(out_);
    object.text("role", "tool");
    result_members(object, result);
    object.close();
  }

  void result_members(ObjectAppender& object, const llm::ToolResultPart& result) {
    object.text("toolCallId", result.tool_call_id);
    object.text_if("toolName", result.tool_name);
    kind(object, result.kind);
    object.flag("isError", result.is_error);
    append_cache(object, result.cache);
    object.key("content");
    content(result.content);
  }

  void content(const std::vector<llm::Part>& parts) {
    if (parts.size() == 1) {
      const auto* text = parts[0].as<llm::TextPart>();
      if (text != nullptr && is_plain(*text)) {
        json::append_quoted(out_, text->text);
        return;
      }
    }
    ArrayAppender array(out_);
    for (const llm::Part& part : parts) {
      array.next();
      std::visit([this](const auto& body) { write(body); }, part.body);
    }
    array.close();
  }

  static void kind(ObjectAppender& object, llm::ToolCallPart::Kind kind) {
    if (kind == llm::ToolCallPart::Kind::kCustom) object.text("kind", "custom");
    if (kind == llm::ToolCallPart::Kind::kLegacyFunction) object.text("kind", "legacy_function");
  }

  // mimeType and where the content is; or how much was left out.
  void media(ObjectAppender& object, const llm::MediaSource& source, std::string_view mime_type) {
    using Kind = llm::MediaSource::Kind;
    object.text_if("mimeType", llm::media_mime_type(source, mime_type, ""));
    switch (source.kind) {
      case Kind::kUrl: return url(object, source.value);
      case Kind::kFileId: return object.text("fileId", source.value);
      case Kind::kBase64:
        if (!budget_.take(source.value.size())) return omitted(object, source.value.size() / 4 * 3);
        return object.text("data", source.value);
      case Kind::kBytes:
        if (!budget_.take((source.value.size() + 2) / 3 * 4)) return omitted(object, source.value.size());
        return object.text("data", base64_encode(source.value));
    }
  }

  // A data: URL is content too.
  void url(ObjectAppender& object, std::string_view url) {
    if (ascii_iequals(url.substr(0, 5), "data:") && !budget_.take(url.size())) {
      return omitted(object, url.size() / 4 * 3);
    }
    object.text("url", url);
  }

  static void omitted(ObjectAppender& object, size_t bytes) {
    object.integer("omittedBytes", static_cast<int64_t>(bytes));
  }

  void write(const llm::TextPart& part) {
    ObjectAppender object(out_);
    object.text("type", "text");
    object.text("text", part.text);
    object.text_if("signature", part.signature);
    object.flag("refusal", part.refusal);
    object.array_if("annotations", part.annotations);
    object.text_if("itemId", part.item_id);
    object.text_if("phase", part.phase);
    append_cache(object, part.cache);
    object.close();
  }

  void write(const llm::ImagePart& part) {
    ObjectAppender object(out_);
    object.text("type", "image");
    media(object, part.source, part.mime_type);
    object.text_if("detail", part.detail);
    object.text_if("signature", part.signature);
    append_cache(object, part.cache);
    object.close();
  }

  void write(const llm::DocumentPart& part) {
    ObjectAppender object(out_);
    object.text("type", "document");
    object.text_if("name", part.name);
    media(object, part.source, part.mime_type);
    object.text_if("context", part.context);
    object.flag("citations", part.citations);
    append_cache(object, part.cache);
    object.close();
  }

  void write(const llm::AudioPart& part) {
    ObjectAppender object(out_);
    object.text("type", "audio");
    object.text_if("id", part.id);
    // Audio that the model made and keeps under an id has no bytes of its own.
    if (part.id.empty() || !part.source.value.empty()) media(object, part.source, part.mime_type);
    object.text_if("transcript", part.transcript);
    object.close();
  }

  void write(const llm::ToolCallPart& part) {
    ObjectAppender object(out_);
    object.text("type", "tool_call");
    object.text("id", part.id);
    object.text("name", part.name);
    kind(object, part.kind);
    object.text_if("itemId", part.item_id);
    object.text_if("signature", part.signature);
    object.key("arguments");
    arguments(part);
    append_cache(object, part.cache);
    object.close();
  }

  void write(const llm::ToolResultPart& part) {
    ObjectAppender object(out_);
    object.text("type", "tool_result");
    result_members(object, part);
    object.close();
  }

  void write(const llm::ReasoningPart& part) {
    ObjectAppender object(out_);
    object.text("type", "reasoning");
    object.text("text", part.text);
    object.text_if("signature", part.signature);
    object.flag("redacted", part.redacted);
    object.text_if("id", part.id);
    if (part.provider) object.text("provider", llm::provider_name(*part.provider));
    object.close();
  }

  void write(const llm::OpaquePart& part) {
    ObjectAppender object(out_);
    object.text("type", "vendor");
    object.text("provider", llm::provider_name(part.provider));
    append_raw(object.key("value"), part.json.empty() ? std::string_view("null") : std::string_view(part.json));
    object.close();
  }

  std::string& out_;
  MediaBudget budget_;
};

void append_tool(const llm::Tool& tool, std::string& out) {
  ObjectAppender object(out);
  object.text("name", tool.name);
  object.text_if("description", tool.description);
  object.object_if("parameters", tool.parameters);
  if (tool.strict) object.key("strict").append(*tool.strict ? "true" : "false");
  if (tool.kind != llm::Tool::Kind::kFunction) {
    object.text("type", tool.kind == llm::Tool::Kind::kCustom ? "custom" : "vendor");
    object.object_if("value", tool.vendor_json);
  }
  append_cache(object, tool.cache);
  object.close();
}

}  // namespace

std::string messages_json(const std::vector<llm::Message>& messages) {
  std::string out;
  MessageWriter(out, {}).messages(messages);
  return out;
}

std::string message_json(const llm::Message& message) {
  std::string out;
  MessageWriter(out, {}).message(message);
  return out;
}

std::string messages_input_json(const std::vector<llm::Message>& messages) {
  std::string out = "{\"messages\":";
  MessageWriter(out, {limits::kMediaBytesMax, limits::kMediaTotalBytesMax}).messages(messages);
  out.push_back('}');
  return out;
}

std::string text_input_json(const std::vector<std::string>& texts) {
  std::string out = "{\"text\":";
  ArrayAppender array(out);
  for (const std::string& text : texts) json::append_quoted(array.next(), text);
  array.close();
  out.push_back('}');
  return out;
}

std::string tools_json(const std::vector<llm::Tool>& tools) {
  std::string out;
  ArrayAppender array(out);
  for (const llm::Tool& tool : tools) append_tool(tool, array.next());
  array.close();
  return out;
}

std::string tool_calls_json(const std::vector<llm::ToolCallPart>& calls) {
  std::string out;
  ArrayAppender array(out);
  for (const llm::ToolCallPart& call : calls) {
    array.next();
    ObjectAppender object(out);
    object.text("id", call.id);
    object.text("name", call.name);
    object.key("arguments");
    MessageWriter(out, {}).arguments(call);
    object.close();
  }
  array.close();
  return out;
}

}  // namespace tracia::span
