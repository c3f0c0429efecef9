#include <array>
#include <vector>

#include "bedrock/bedrock.h"
#include "tracia/base/bytes.h"
#include "tracia/llm/media.h"

namespace tracia::llm::bedrock {
namespace {

constexpr size_t kDocumentNameMax = 200;  // the vendor's

struct Format {
  std::string_view mime_type, name;
};
// Media types and the vendor's names for them; the short names are taken as well.
constexpr std::array<Format, 5> kImageFormats{{{"image/png", "png"},
                                               {"image/jpeg", "jpeg"},
                                               {"image/jpg", "jpeg"},
                                               {"image/gif", "gif"},
                                               {"image/webp", "webp"}}};
constexpr std::array<Format, 10> kDocumentFormats{
    {{"application/pdf", "pdf"},
     {"text/csv", "csv"},
     {"application/msword", "doc"},
     {"application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"},
     {"application/vnd.ms-excel", "xls"},
     {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"},
     {"text/html", "html"},
     {"text/plain", "txt"},
     {"text/markdown", "md"},
     {"text/x-markdown", "md"}}};
constexpr std::array<Format, 12> kAudioFormats{{{"audio/wav", "wav"},
                                                {"audio/x-wav", "wav"},
                                                {"audio/mpeg", "mp3"},
                                                {"audio/mp3", "mp3"},
                                                {"audio/mp4", "mp4"},
                                                {"audio/x-m4a", "m4a"},
                                                {"audio/ogg", "ogg"},
                                                {"audio/opus", "opus"},
                                                {"audio/flac", "flac"},
                                                {"audio/aac", "aac"},
                                                {"audio/webm", "webm"},
                                                {"audio/pcm", "pcm"}}};

template <size_t N>
std::string_view format_of(const std::array<Format, N>& formats, std::string_view mime_type) {
  mime_type = trim(mime_type.substr(0, mime_type.find(';')));
  for (const Format& format : formats) {
    if (ascii_iequals(format.mime_type, mime_type) || ascii_iequals(format.name, mime_type)) return format.name;
  }
  return {};
}

bool is_blank(std::string_view text) { return trim(text).empty(); }

// What goes on the wire for a part. Blank text is refused by the vendor, reasoning of other vendors means nothing to
// it, and reasoning without a signature is refused by the models that check it and useless to the others.
bool is_writable(const Part& part) {
  if (const auto* text = part.as<TextPart>()) return !is_blank(text->text);
  if (const auto* reasoning = part.as<ReasoningPart>()) {
    return reasoning->provider == Provider::kAmazonBedrock && !reasoning->signature.empty();
  }
  if (const auto* opaque = part.as<OpaquePart>()) return opaque->provider == Provider::kAmazonBedrock;
  return true;
}

bool has_writable(const Message& message) {
  for (const Part& part : message.parts) {
    if (is_writable(part)) return true;
  }
  return false;
}

const std::optional<CacheControl>* cache_of(const Part& part) {
  if (const auto* text = part.as<TextPart>()) return &text->cache;
  if (const auto* image = part.as<ImagePart>()) return &image->cache;
  if (const auto* document = part.as<DocumentPart>()) return &document->cache;
  if (const auto* call = part.as<ToolCallPart>()) return &call->cache;
  if (const auto* result = part.as<ToolResultPart>()) return &result->cache;
  return nullptr;
}

class ConversationWriter {
 public:
  ConversationWriter(json::Writer& w, const Family& family, ConversationFacts& facts)
      : w_(w), family_(family), facts_(facts) {}

  Status messages(const std::vector<Message>& messages) {
    w_.key("messages").begin_array();
    size_t i = 0;
    while (i < messages.size()) {
      if (is_skipped(messages[i])) {
        ++i;
        continue;
      }
      const bool assistant = messages[i].role == Role::kAssistant;
      std::vector<size_t> turn;
      for (; i < messages.size() && (is_skipped(messages[i]) || (messages[i].role == Role::kAssistant) == assistant);
           ++i) {
        if (!is_skipped(messages[i])) turn.push_back(i);
      }
      TRACIA_TRY(write_turn(messages, turn, assistant));
    }
    w_.end_array();
    return {};
  }

  Status system(const std::vector<Message>& messages, bool json_mode) {
    bool any = json_mode;
    for (const Message& message : messages) any = any || (is_system(message) && has_writable(message));
    if (!any) return {};
    w_.key("system").begin_array();
    for (size_t i = 0; i < messages.size(); ++i) {
      if (!is_system(messages[i])) continue;
      for (size_t k = 0; k < messages[i].parts.size(); ++k) TRACIA_TRY(system_part(messages[i].parts[k], place(i, k)));
    }
    if (json_mode) w_.begin_object().field("text", "Answer with one JSON value and nothing else.").end_object();
    w_.end_array();
    return {};
  }

 private:
  static bool is_system(const Message& message) {
    return message.role == Role::kSystem || message.role == Role::kDeveloper;
  }
  // System messages have a place of their own. An assistant's turn may have come to nothing (only foreign reasoning).
  static bool is_skipped(const Message& message) {
    return is_system(message) || message.parts.empty() || (message.role == Role::kAssistant && !has_writable(message));
  }
  static std::string place(size_t message, size_t part) {
    return "messages[" + std::to_string(message) + "].content[" + std::to_string(part) + "]";
  }

  void cache_point(const std::optional<CacheControl>& cache) {
    if (!cache) return;
    w_.begin_object().key("cachePoint").begin_object();
    w_.field("type", "default").field_if("ttl", cache->ttl);
    w_.end_object().end_object();
  }

  Status system_part(const Part& part, const std::string& where) {
    if (!is_writable(part)) return {};
    if (const auto* text = part.as<TextPart>()) {
      w_.begin_object().field("text", text->text).end_object();
      cache_point(text->cache);
      return {};
    }
    if (const auto* opaque = part.as<OpaquePart>()) return write_opaque(*opaque, where);
    return fail(Error::invalid(where + ": system messages take text only"));
  }

  // Results stand first in a turn: the models want them right after the calls.
  Status write_turn(const std::vector<Message>& messages, const std::vector<size_t>& turn, bool assistant) {
    w_.begin_object().field("role", assistant ? "assistant" : "user").key("content").begin_array();
    for (const bool results : {true, false}) {
      for (const size_t i : turn) {
        const Message& message = messages[i];
        for (size_t k = 0; k < message.parts.size(); ++k) {
          const Part& part = message.parts[k];
          if ((part.as<ToolResultPart>() != nullptr) != results) continue;
          if (message.role == Role::kTool && !results)
            return fail(Error::invalid("Tool messages must have tool_call_id"));
          // A user's message of blanks alone goes out as it is: the vendor's own complaint names it best.
          if (!is_writable(part) && (has_writable(message) || part.as<TextPart>() == nullptr)) continue;
          TRACIA_TRY(write_part(part, place(i, k)));
          if (const auto* cache = cache_of(part)) cache_point(*cache);
        }
      }
    }
    w_.end_array().end_object();
    return {};
  }

  Status write_part(const Part& part, const std::string& where) {
    if (const auto* text = part.as<TextPart>()) {
      w_.begin_object().field("text", text->text).end_object();
      return {};
    }
    if (const auto* image = part.as<ImagePart>()) return write_image(*image, where);
    if (const auto* document = part.as<DocumentPart>()) return write_document(*document, where);
    if (const auto* audio = part.as<AudioPart>()) return write_audio(*audio, where);
    if (const auto* call = part.as<ToolCallPart>()) return write_call(*call, where);
    if (const auto* result = part.as<ToolResultPart>()) return write_result(*result, where);
    if (const auto* reasoning = part.as<ReasoningPart>()) return write_reasoning(*reasoning);
    if (const auto* opaque = part.as<OpaquePart>()) return write_opaque(*opaque, where);
    return {};
  }

  // "source": bytes, or a place in S3. Data URLs are bytes in disguise.
  Status write_source(const MediaSource& source, const std::string& where) {
    w_.key("source").begin_object();
    const std::string_view value = source.value;
    if (source.kind == MediaSource::Kind::kUrl && value.starts_with("s3://")) {
      w_.key("s3Location").begin_object().field("uri", value).end_object();
    } else if (source.kind == MediaSource::Kind::kUrl && value.starts_with("data:")) {
      w_.field("bytes", value.substr(value.find(',') + 1));
    } else {
      const auto base64 = media_base64(source);
      if (!base64)
        return fail(Error::invalid(where + ": Amazon Bedrock takes bytes or an s3:// URI, no other URLs or file ids"));
      w_.field("bytes", *base64);
    }
    w_.end_object();
    return {};
  }

  // The declared type, else that of a data URL, else what the first bytes tell.
  static std::string mime_type_of(const MediaSource& source, std::string_view declared, std::string_view fallback) {
    const std::string_view value = source.value;
    if (declared.empty() && source.kind == MediaSource::Kind::kUrl && value.starts_with("data:")) {
      const std::string_view named = value.substr(5, value.find_first_of(";,") - 5);
      if (!named.empty()) return std::string(named);
    }
    // An object in S3 says it with its extension.
    if (declared.empty() && source.kind == MediaSource::Kind::kUrl && value.rfind('.') > value.rfind('/')) {
      const std::string extension = ascii_lower(value.substr(value.rfind('.') + 1));
      return extension == "jpg" ? "jpeg" : extension;
    }
    return media_mime_type(source, declared, fallback);
  }

  static Error unsupported_type(const std::string& where, std::string_view kind, const std::string& type) {
    return Error::invalid(where + ": Amazon Bedrock does not take " + std::string(kind) + " of type '" +
                          std::string(utf8_prefix(type, 100)) + "'");
  }

  Status write_image(const ImagePart& image, const std::string& where) {
    const std::string type = mime_type_of(image.source, image.mime_type, "image/png");
    const std::string_view format = format_of(kImageFormats, type);
    if (format.empty()) return fail(unsupported_type(where, "images", type));
    w_.begin_object().key("image").begin_object().field("format", format);
    TRACIA_TRY(write_source(image.source, where));
    w_.end_object().end_object();
    return {};
  }

  Status write_document(const DocumentPart& document, const std::string& where) {
    const std::string type = mime_type_of(document.source, document.mime_type, "text/plain");
    const std::string_view format = format_of(kDocumentFormats, type);
    if (format.empty()) return fail(unsupported_type(where, "documents", type));
    w_.begin_object().key("document").begin_object().field("format", format).field("name", unique_name(document.name));
    // Cited text is given as text, so that the positions in citations are positions in it.
    const bool as_text = document.citations && format == "txt" && document.source.kind == MediaSource::Kind::kBytes &&
                         is_valid_utf8(document.source.value);
    if (as_text) {
      w_.key("source").begin_object().field("text", document.source.value).end_object();
    } else {
      TRACIA_TRY(write_source(document.source, where));
    }
    w_.field_if("context", document.context);
    if (document.citations) w_.key("citations").begin_object().field("enabled", true).end_object();
    w_.end_object().end_object();
    return {};
  }

  Status write_audio(const AudioPart& audio, const std::string& where) {
    const std::string type = mime_type_of(audio.source, audio.mime_type, "audio/wav");
    const std::string_view format = format_of(kAudioFormats, type);
    if (format.empty()) return fail(unsupported_type(where, "audio", type));
    w_.begin_object().key("audio").begin_object().field("format", format);
    TRACIA_TRY(write_source(audio.source, where));
    w_.end_object().end_object();
    return {};
  }

  // Two documents of one name are refused.
  std::string unique_name(std::string_view wanted) {
    const std::string base = document_name(wanted);
    std::string name = base;
    for (int n = 2; documents_.contains(name); ++n) {
      const std::string suffix = " (" + std::to_string(n) + ")";
      name = base.substr(0, kDocumentNameMax - suffix.size()) + suffix;
    }
    documents_.emplace(name, true);
    return name;
  }

  Status write_call(const ToolCallPart& call, const std::string& where) {
    facts_.uses_tools = true;
    facts_.tool_names.emplace(call.name, true);
    std::string id = call.id;
    if (id.empty()) {  // some vendors' calls have none; they are answered in order
      id = "call_" + std::to_string(++made_ids_);
      unnamed_.push_back({call.name, id});
    }
    w_.begin_object().key("toolUse").begin_object().field("toolUseId", id).field("name", call.name).key("input");
    if (call.kind == ToolCallPart::Kind::kCustom) {
      w_.begin_object().field("input", call.arguments).end_object();  // another vendor's free-text call
    } else if (is_blank(call.arguments)) {
      w_.raw("{}");
    } else {
      TRACIA_TRY(json::check_object(call.arguments, where + ".arguments"));
      w_.raw(call.arguments);
    }
    w_.end_object().end_object();
    return {};
  }

  Result<std::string> result_id(const ToolResultPart& result) {
    if (!result.tool_call_id.empty()) return result.tool_call_id;
    for (size_t i = 0; i < unnamed_.size(); ++i) {
      if (!result.tool_name.empty() && unnamed_[i].first != result.tool_name) continue;
      std::string id = std::move(unnamed_[i].second);
      unnamed_.erase(unnamed_.begin() + static_cast<std::ptrdiff_t>(i));
      return id;
    }
    return fail(Error::invalid("Tool messages must have tool_call_id"));
  }

  Status write_result(const ToolResultPart& result, const std::string& where) {
    facts_.uses_tools = true;
    const auto id = result_id(result);
    if (!id) return fail(id.error());
    w_.begin_object().key("toolResult").begin_object().field("toolUseId", *id).key("content").begin_array();
    for (const Part& part : result.content) {
      const bool allowed = part.as<TextPart>() != nullptr || part.as<ImagePart>() != nullptr ||
                           part.as<DocumentPart>() != nullptr || part.as<OpaquePart>() != nullptr;
      if (!allowed) return fail(Error::invalid(where + ": a tool result takes text, images and documents"));
      if (is_writable(part)) TRACIA_TRY(write_part(part, where));
    }
    w_.end_array();
    if (result.is_error && family_.tool_status) w_.field("status", "error");
    w_.end_object().end_object();
    return {};
  }

  Status write_reasoning(const ReasoningPart& reasoning) {
    w_.begin_object().key("reasoningContent").begin_object();
    if (reasoning.redacted) {
      w_.field("redactedContent", reasoning.signature);
    } else {
      w_.key("reasoningText").begin_object();
      w_.field("text", reasoning.text).field("signature", reasoning.signature).end_object();
    }
    w_.end_object().end_object();
    return {};
  }

  Status write_opaque(const OpaquePart& opaque, const std::string& where) {
    TRACIA_TRY(json::check_object(opaque.json, where));
    w_.raw(opaque.json);
    return {};
  }

  json::Writer& w_;
  const Family& family_;
  ConversationFacts& facts_;
  std::map<std::string, bool> documents_;
  std::vector<std::pair<std::string, std::string>> unnamed_;  // tool name and id of calls that had no id, unanswered
  int made_ids_ = 0;
};

}  // namespace

std::string document_name(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    const char kept = alnum || std::string_view("-()[]").find(c) != std::string_view::npos ? c
                      : c == ' ' || c == '\t'                                              ? ' '
                                                                                           : '-';
    const bool repeats = !alnum && (kept == ' ' || kept == '-') && !out.empty() && out.back() == kept && c != '-';
    if (!repeats) out.push_back(kept);
  }
  const std::string_view trimmed = trim(std::string_view(out).substr(0, kDocumentNameMax));
  return trimmed.find_first_not_of('-') == std::string_view::npos ? "document" : std::string(trimmed);
}

Status write_conversation(json::Writer& w, const ChatRequest& request, const Family& family, bool json_mode,
                          ConversationFacts& facts) {
  ConversationWriter writer(w, family, facts);
  TRACIA_TRY(writer.messages(request.messages));
  return writer.system(request.messages, json_mode);
}

}  // namespace tracia::llm::bedrock
