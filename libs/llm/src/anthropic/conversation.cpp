#include <algorithm>
#include <iterator>
#include <vector>

#include "anthropic/anthropic.h"
#include "tracia/base/bytes.h"
#include "tracia/llm/media.h"
#include "vendor_text.h"

// The neutral messages as Anthropic's `system` and alternating `messages`.
namespace tracia::llm::anthropic {
namespace {

constexpr std::string_view kJsonInstruction =
    "Answer with one valid JSON value and nothing else: no code fence and no text around it.";

// Where an error is: "messages[2].parts[0]".
std::string place(size_t message, size_t part) {
  return "messages[" + std::to_string(message) + "].parts[" + std::to_string(part) + "]";
}

bool is_plain(const TextPart& text) { return !text.cache && text.annotations.empty(); }

// One side's turn: the parts of consecutive messages. Pointers into the request.
struct Turn {
  struct Item {
    const Part* part = nullptr;
    size_t message = 0, index = 0;
    std::string id = {};  // of a tool call or result, as sent
  };
  bool user = true;
  std::vector<Item> items;
};

// Would this part leave nothing behind? Empty text is refused by the vendor; other vendors' thoughts and blocks mean
// nothing to it; unsigned thinking cannot be sent back.
bool is_dropped(const Part& part) {
  if (const auto* text = part.as<TextPart>()) return text->text.empty();
  if (const auto* opaque = part.as<OpaquePart>()) return opaque->provider != Provider::kAnthropic;
  if (const auto* reasoning = part.as<ReasoningPart>()) {
    return reasoning->provider.value_or(Provider::kAnthropic) != Provider::kAnthropic || reasoning->signature.empty();
  }
  return false;
}

class ConversationWriter {
 public:
  ConversationWriter(json::Writer& w, bool& uses_files) : w_(w), uses_files_(uses_files) {}

  Status run(const ChatRequest& request, bool json_mode) {
    TRACIA_TRY(gather(request));
    write_system(json_mode);
    TRACIA_TRY(name_calls());
    trim_prefill(request);
    w_.key("messages").begin_array();
    for (const Turn& turn : turns_) {
      w_.begin_object().field("role", turn.user ? "user" : "assistant").key("content");
      TRACIA_TRY(write_turn(turn));
      w_.end_object();
    }
    w_.end_array();
    return {};
  }

 private:
  Status gather(const ChatRequest& request) {
    for (size_t m = 0; m < request.messages.size(); ++m) {
      const Message& message = request.messages[m];
      const bool system = message.role == Role::kSystem || message.role == Role::kDeveloper;
      for (size_t p = 0; p < message.parts.size(); ++p) {
        const Part& part = message.parts[p];
        if (is_dropped(part)) continue;
        if (system) {
          if (part.as<TextPart>() == nullptr)
            return fail(Error::invalid(place(m, p) + ": a system message takes text only"));
          system_.push_back(part.as<TextPart>());
          continue;
        }
        if (message.role == Role::kTool && part.as<ToolResultPart>() == nullptr) {
          return fail(Error::invalid("Tool messages must have tool_call_id"));
        }
        const bool user = message.role != Role::kAssistant;
        if (turns_.empty() || turns_.back().user != user) turns_.push_back({.user = user});
        turns_.back().items.push_back({.part = &part, .message = m, .index = p});
      }
    }
    for (Turn& turn : turns_) {
      if (!turn.user) continue;
      std::vector<Turn::Item> results, others;
      for (Turn::Item& item : turn.items) {
        (item.part->as<ToolResultPart>() != nullptr ? results : others).push_back(std::move(item));
      }
      std::move(others.begin(), others.end(), std::back_inserter(results));
      turn.items = std::move(results);
    }
    return {};
  }

  // Gives every call the id that it is sent with. Ids of other vendors may hold characters that are refused here, and
  // Google's calls may have none: these are numbered, and a result without an id answers the first call of its name
  // that is still open.
  Status name_calls() {
    struct Open {
      std::string id, name;
    };
    std::vector<Open> unnamed;
    size_t numbered = 0;
    for (Turn& turn : turns_) {
      for (Turn::Item& item : turn.items) {
        if (const auto* call = item.part->as<ToolCallPart>()) {
          item.id = call->id.empty() ? "call_" + std::to_string(++numbered) : clean_id(call->id);
          if (call->id.empty()) unnamed.push_back({item.id, call->name});
        } else if (const auto* result = item.part->as<ToolResultPart>()) {
          item.id = clean_id(result->tool_call_id);
          if (!item.id.empty()) continue;
          const auto open = std::find_if(unnamed.begin(), unnamed.end(), [&](const Open& o) {
            return result->tool_name.empty() || o.name == result->tool_name;
          });
          if (open == unnamed.end()) return fail(Error::invalid("Tool messages must have tool_call_id"));
          item.id = open->id;
          unnamed.erase(open);
        }
      }
    }
    return {};
  }

  // The vendor takes letters, digits, '_' and '-'.
  static std::string clean_id(std::string id) {
    for (char& c : id) {
      const bool ok =
          (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
      if (!ok) c = '_';
    }
    return id;
  }

  // An answer begun by the caller may not end in white space (the vendor refuses it).
  void trim_prefill(const ChatRequest& request) {
    if (turns_.empty() || turns_.back().user || request.messages.empty()) return;
    const auto* text = turns_.back().items.back().part->as<TextPart>();
    if (text == nullptr) return;
    prefill_ = text;
    prefill_text_ = text->text.substr(0, text->text.find_last_not_of(" \t\r\n") + 1);
    if (!prefill_text_.empty()) return;
    turns_.back().items.pop_back();
    if (turns_.back().items.empty()) turns_.pop_back();
  }

  std::string_view text_of(const TextPart& text) const {
    return &text == prefill_ ? std::string_view(prefill_text_) : text.text;
  }

  void write_system(bool json_mode) {
    if (system_.empty() && !json_mode) return;
    w_.key("system");
    if (system_.size() == 1 && !json_mode && is_plain(*system_.front())) {
      w_.value(system_.front()->text);
      return;
    }
    w_.begin_array();
    for (const TextPart* text : system_) write_text(*text);
    if (json_mode) w_.begin_object().field("type", "text").field("text", kJsonInstruction).end_object();
    w_.end_array();
  }

  Status write_turn(const Turn& turn) {
    const auto* only = turn.items.size() == 1 ? turn.items.front().part->as<TextPart>() : nullptr;
    if (only != nullptr && is_plain(*only)) {
      w_.value(text_of(*only));
      return {};
    }
    w_.begin_array();
    for (const Turn::Item& item : turn.items)
      TRACIA_TRY(write_part(*item.part, place(item.message, item.index), item.id));
    w_.end_array();
    return {};
  }

  Status write_part(const Part& part, const std::string& where, const std::string& id) {
    if (const auto* text = part.as<TextPart>()) {
      write_text(*text);
      return {};
    }
    if (const auto* image = part.as<ImagePart>()) return write_image(*image);
    if (const auto* document = part.as<DocumentPart>()) return write_document(*document, where);
    if (const auto* call = part.as<ToolCallPart>()) return write_call(*call, where, id);
    if (const auto* result = part.as<ToolResultPart>()) return write_result(*result, where, id);
    if (const auto* opaque = part.as<OpaquePart>()) {
      TRACIA_TRY(json::check_object(opaque->json, where));
      w_.raw(opaque->json);
      return {};
    }
    if (const auto* reasoning = part.as<ReasoningPart>()) {
      w_.begin_object();
      if (reasoning->redacted)
        w_.field("type", "redacted_thinking").field("data", reasoning->signature);
      else
        w_.field("type", "thinking").field("thinking", reasoning->text).field("signature", reasoning->signature);
      w_.end_object();
      return {};
    }
    return fail(Error::invalid(where + ": Anthropic takes no audio"));
  }

  void write_cache(const std::optional<CacheControl>& cache) {
    if (!cache) return;
    w_.key("cache_control").begin_object().field("type", "ephemeral").field_if("ttl", cache->ttl).end_object();
  }

  void write_text(const TextPart& text) {
    w_.begin_object().field("type", "text").field("text", text_of(text));
    write_citations(text.annotations);
    write_cache(text.cache);
    w_.end_object();
  }

  // Only citations that this vendor made go back to it, without `file_id`, which it sends but does not take.
  void write_citations(const std::string& annotations) {
    if (annotations.empty()) return;
    json::Document document;
    const auto root = document.parse(annotations);
    if (!root) return;
    bool any = false;
    for (const json::Value citation : root->items()) {
      const std::string_view type = citation["type"].string_or("");
      if (type != "char_location" && type != "page_location" && type != "content_block_location" &&
          type != "web_search_result_location" && type != "search_result_location") {
        continue;
      }
      if (!any) w_.key("citations").begin_array();
      any = true;
      w_.begin_object();
      for (const json::Member member : citation.members()) {
        if (member.key != "file_id") w_.field_raw(member.key, member.value.to_json());
      }
      w_.end_object();
    }
    if (any) w_.end_array();
  }

  void write_base64_source(std::string_view mime_type, std::string_view data) {
    w_.key("source")
        .begin_object()
        .field("type", "base64")
        .field("media_type", mime_type)
        .field("data", data)
        .end_object();
  }

  // Sources that are references; false for bytes. A data URL is bytes in disguise and is left to the caller.
  bool write_reference(const MediaSource& source) {
    if (source.kind == MediaSource::Kind::kUrl) {
      w_.key("source").begin_object().field("type", "url").field("url", source.value).end_object();
      return true;
    }
    if (source.kind == MediaSource::Kind::kFileId) {
      uses_files_ = true;
      w_.key("source").begin_object().field("type", "file").field("file_id", source.value).end_object();
      return true;
    }
    return false;
  }

  Status write_image(const ImagePart& image) {
    w_.begin_object().field("type", "image");
    const auto data = image.source.kind == MediaSource::Kind::kUrl ? split_data_url(image.source.value) : std::nullopt;
    if (data) {
      write_base64_source(data->mime_type.empty() ? "image/png" : data->mime_type, data->base64);
    } else if (!write_reference(image.source)) {
      const auto base64 = media_base64(image.source);
      if (!base64) return fail(base64.error());
      write_base64_source(media_mime_type(image.source, image.mime_type, "image/png"), *base64);
    }
    write_cache(image.cache);
    w_.end_object();
    return {};
  }

  // PDF goes as base64; everything textual as plain text, which is the only other kind that the vendor takes.
  Status write_document_bytes(const MediaSource& source, std::string_view mime_type, const std::string& where) {
    if (mime_type == "application/pdf") {
      const auto base64 = media_base64(source);
      if (!base64) return fail(base64.error());
      write_base64_source(mime_type, *base64);
      return {};
    }
    const bool textual = mime_type.starts_with("text/") || mime_type == "application/json" ||
                         mime_type == "application/xml" || mime_type == "application/yaml" ||
                         mime_type.ends_with("+json") || mime_type.ends_with("+xml");
    if (!textual)
      return fail(Error::invalid(where + ": Anthropic takes PDF and text documents, not " + std::string(mime_type)));
    std::string text = source.value;
    if (source.kind == MediaSource::Kind::kBase64) {
      auto bytes = base64_decode(source.value);
      if (!bytes) return fail(Error::invalid(where + ": the document is not valid base64"));
      text = std::move(*bytes);
    }
    w_.key("source")
        .begin_object()
        .field("type", "text")
        .field("media_type", "text/plain")
        .field("data", text)
        .end_object();
    return {};
  }

  Status write_document(const DocumentPart& document, const std::string& where) {
    w_.begin_object().field("type", "document");
    const auto data =
        document.source.kind == MediaSource::Kind::kUrl ? split_data_url(document.source.value) : std::nullopt;
    if (data) {
      const MediaSource bytes{MediaSource::Kind::kBase64, std::string(data->base64)};
      TRACIA_TRY(write_document_bytes(bytes, media_mime_type(bytes, data->mime_type, "text/plain"), where));
    } else if (!write_reference(document.source)) {
      TRACIA_TRY(write_document_bytes(document.source,
                                      media_mime_type(document.source, document.mime_type, "text/plain"), where));
    }
    w_.field_if("title", document.name).field_if("context", document.context);
    if (document.citations) w_.key("citations").begin_object().field("enabled", true).end_object();
    write_cache(document.cache);
    w_.end_object();
    return {};
  }

  Status write_call(const ToolCallPart& call, const std::string& where, const std::string& id) {
    w_.begin_object().field("type", "tool_use").field("id", id).field("name", call.name).key("input");
    if (call.kind == ToolCallPart::Kind::kCustom) {
      w_.begin_object().field("input", call.arguments).end_object();  // another vendor's free-text call
    } else if (trim(call.arguments).empty()) {
      w_.raw("{}");
    } else {
      TRACIA_TRY(json::check_object(call.arguments, where + ".arguments"));
      w_.raw(call.arguments);
    }
    write_cache(call.cache);
    w_.end_object();
    return {};
  }

  Status write_result(const ToolResultPart& result, const std::string& where, const std::string& id) {
    w_.begin_object().field("type", "tool_result").field("tool_use_id", id);
    std::vector<const Part*> content;
    for (const Part& part : result.content) {
      if (part.as<ReasoningPart>() == nullptr && !is_dropped(part)) content.push_back(&part);
    }
    const auto* only = content.size() == 1 ? content.front()->as<TextPart>() : nullptr;
    if (only != nullptr && is_plain(*only)) {
      w_.field("content", only->text);
    } else if (!content.empty()) {
      w_.key("content").begin_array();
      for (const Part* part : content) {
        if (part->as<ToolCallPart>() != nullptr || part->as<ToolResultPart>() != nullptr) {
          return fail(Error::invalid(where + ": a tool result takes text, images and documents"));
        }
        TRACIA_TRY(write_part(*part, where, ""));
      }
      w_.end_array();
    }
    if (result.is_error) w_.field("is_error", true);
    write_cache(result.cache);
    w_.end_object();
    return {};
  }

  json::Writer& w_;
  bool& uses_files_;
  std::vector<const TextPart*> system_;
  std::vector<Turn> turns_;
  const TextPart* prefill_ = nullptr;
  std::string prefill_text_;
};

}  // namespace

Status write_conversation(json::Writer& w, const ChatRequest& request, bool json_mode, bool& uses_files) {
  return ConversationWriter(w, uses_files).run(request, json_mode);
}

}  // namespace tracia::llm::anthropic
