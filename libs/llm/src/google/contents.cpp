#include <map>
#include <vector>

#include "google/google.h"
#include "tracia/base/bytes.h"
#include "tracia/llm/media.h"
#include "vendor_text.h"

// The neutral messages as Google's `systemInstruction` and `contents`.
namespace tracia::llm::google {
namespace {

// Gemini 3 checks that the first call of each step carries the signature of the thought that led to it. For turns that
// another model wrote there is none, and this word (ai.google.dev, "Thought signatures") switches the check off.
constexpr std::string_view kForeignSignature = "skip_thought_signature_validator";

std::string place(size_t message, size_t part) {
  return "messages[" + std::to_string(message) + "].parts[" + std::to_string(part) + "]";
}

bool is_system(const Message& message) { return message.role == Role::kSystem || message.role == Role::kDeveloper; }

bool is_dropped(const Part& part) {
  if (const auto* text = part.as<TextPart>()) return text->text.empty() && text->signature.empty();
  if (const auto* opaque = part.as<OpaquePart>()) return opaque->provider != Provider::kGoogle;
  if (const auto* reasoning = part.as<ReasoningPart>()) return reasoning->provider != Provider::kGoogle;
  return false;
}

bool only_results(const Message& message) {
  for (const Part& part : message.parts) {
    if (part.as<ToolResultPart>() == nullptr) return false;
  }
  return !message.parts.empty();
}

class ContentsWriter {
 public:
  ContentsWriter(json::Writer& w, const ChatRequest& request, const Endpoint& endpoint)
      : w_(w), request_(request), endpoint_(endpoint), version_(model_version(request.model)) {}

  Status run() {
    TRACIA_TRY(write_system());
    w_.key("contents").begin_array();
    for (size_t m = 0; m < request_.messages.size(); ++m) {
      const Message& message = request_.messages[m];
      if (is_system(message)) continue;
      TRACIA_TRY(write_content(message, m));
    }
    if (open_) close();
    w_.end_array();
    return {};
  }

 private:
  Status write_system() {
    bool any = false;
    for (size_t m = 0; m < request_.messages.size(); ++m) {
      if (!is_system(request_.messages[m])) continue;
      for (size_t p = 0; p < request_.messages[m].parts.size(); ++p) {
        const Part& part = request_.messages[m].parts[p];
        if (is_dropped(part)) continue;
        const auto* text = part.as<TextPart>();
        if (text == nullptr) return fail(Error::invalid(place(m, p) + ": a system message takes text only"));
        if (!any) w_.key("systemInstruction").begin_object().key("parts").begin_array();
        any = true;
        w_.begin_object().field("text", text->text).end_object();
      }
    }
    if (any) w_.end_array().end_object();
    return {};
  }

  void close() {
    w_.end_array().end_object();
    open_ = false;
  }

  // Results of parallel calls must stand in one content, as many as there were calls: tool messages in a row are one.
  Status write_content(const Message& message, size_t m) {
    const bool results = only_results(message);
    if (open_ && !(results && open_results_)) close();
    for (size_t p = 0; p < message.parts.size(); ++p) {
      const Part& part = message.parts[p];
      if (is_dropped(part)) continue;
      if (message.role == Role::kTool && part.as<ToolResultPart>() == nullptr) {
        return fail(Error::invalid("Tool messages must have tool_call_id"));
      }
      if (!open_) {
        w_.begin_object().field("role", message.role == Role::kAssistant ? "model" : "user").key("parts").begin_array();
        open_ = true;
        needs_signature_ = version_ >= 300;
      }
      TRACIA_TRY(write_part(part, place(m, p)));
    }
    open_results_ = results;
    return {};
  }

  Status write_part(const Part& part, const std::string& where) {
    if (const auto* call = part.as<ToolCallPart>()) return write_call(*call, where);
    if (const auto* result = part.as<ToolResultPart>()) return write_result(*result, where);
    if (const auto* opaque = part.as<OpaquePart>()) {
      TRACIA_TRY(json::check_object(opaque->json, where));
      w_.raw(opaque->json);
      return {};
    }
    w_.begin_object();
    if (const auto* text = part.as<TextPart>()) {
      w_.field("text", text->text).field_if("thoughtSignature", text->signature);
    } else if (const auto* reasoning = part.as<ReasoningPart>()) {
      w_.field("text", reasoning->text).field("thought", true).field_if("thoughtSignature", reasoning->signature);
    } else {
      TRACIA_TRY(write_media(part, where));
    }
    w_.end_object();
    return {};
  }

  Status write_media(const Part& part, const std::string& where) {
    if (const auto* image = part.as<ImagePart>()) {
      TRACIA_TRY(write_source(image->source, image->mime_type, "image/png", where));
      w_.field_if("thoughtSignature", image->signature);
    } else if (const auto* document = part.as<DocumentPart>()) {
      return write_source(document->source, document->mime_type, "text/plain", where);
    } else if (const auto* audio = part.as<AudioPart>()) {
      return write_source(audio->source, audio->mime_type, "audio/wav", where);
    }
    return {};
  }

  void write_inline(std::string_view mime_type, std::string_view base64) {
    w_.key("inlineData").begin_object().field("mimeType", mime_type).field("data", base64).end_object();
  }

  // A file id is the resource name ("files/abc") or the full address that the Files API gave.
  Status write_source(const MediaSource& source, std::string_view declared, std::string_view fallback,
                      const std::string& where) {
    if (source.kind == MediaSource::Kind::kBytes || source.kind == MediaSource::Kind::kBase64) {
      const auto base64 = media_base64(source);
      if (!base64) return fail(Error::invalid(where + ": " + base64.error().message));
      write_inline(media_mime_type(source, declared, fallback), *base64);
      return {};
    }
    if (const auto data = split_data_url(source.value)) {
      write_inline(data->mime_type.empty() ? fallback : data->mime_type, data->base64);
      return {};
    }
    const bool resource = source.kind == MediaSource::Kind::kFileId && source.value.starts_with("files/");
    w_.key("fileData").begin_object();
    w_.field("fileUri", resource ? wire::join_url(endpoint_.base_url, "/v1beta/" + source.value) : source.value);
    w_.field_if("mimeType", declared).end_object();
    return {};
  }

  Status write_call(const ToolCallPart& call, const std::string& where) {
    if (!call.id.empty()) names_.insert_or_assign(call.id, call.name);
    w_.begin_object().key("functionCall").begin_object();
    w_.field_if("id", call.id).field("name", call.name).key("args");
    if (call.kind == ToolCallPart::Kind::kCustom) {
      w_.begin_object().field("input", call.arguments).end_object();  // another vendor's free-text call
    } else if (trim(call.arguments).empty()) {
      w_.raw("{}");
    } else {
      TRACIA_TRY(json::check_object(call.arguments, where + ".arguments"));
      w_.raw(call.arguments);
    }
    w_.end_object();
    if (!call.signature.empty())
      w_.field("thoughtSignature", call.signature);
    else if (needs_signature_)
      w_.field("thoughtSignature", kForeignSignature);
    needs_signature_ = false;
    w_.end_object();
    return {};
  }

  Status write_result(const ToolResultPart& result, const std::string& where) {
    std::string name = result.tool_name;
    if (name.empty()) {
      if (const auto found = names_.find(result.tool_call_id); found != names_.end()) name = found->second;
    }
    if (name.empty()) {
      return fail(Error::invalid(
          where + ": Google needs the tool's name: set tool_name, or tool_call_id to the id of an earlier call"));
    }
    w_.begin_object().key("functionResponse").begin_object();
    w_.field_if("id", result.tool_call_id).field("name", name).key("response");
    write_response(result);
    // Gemini 3 takes media inside the result; older models beside it.
    const bool nested = version_ == 0 || version_ >= 300;
    if (nested) TRACIA_TRY(write_result_media(result, where, true));
    w_.end_object().end_object();
    if (!nested) TRACIA_TRY(write_result_media(result, where, false));
    return {};
  }

  Status write_result_media(const ToolResultPart& result, const std::string& where, bool nested) {
    bool any = false;
    for (const Part& part : result.content) {
      if (part.as<ImagePart>() == nullptr && part.as<DocumentPart>() == nullptr && part.as<AudioPart>() == nullptr)
        continue;
      if (nested && !any) w_.key("parts").begin_array();
      any = true;
      w_.begin_object();
      TRACIA_TRY(write_media(part, where));
      w_.end_object();
    }
    if (nested && any) w_.end_array();
    return {};
  }

  // An object as it is; any other JSON value and plain text under "result", failures under "error".
  void write_response(const ToolResultPart& result) {
    std::string text;
    for (const Part& part : result.content) {
      const auto* piece = part.as<TextPart>();
      if (piece == nullptr) continue;
      if (!text.empty()) text.push_back('\n');
      text.append(piece->text);
    }
    json::Document document;
    const auto value = document.parse(text);
    if (value && value->is_object()) {
      w_.raw(text);
      return;
    }
    w_.begin_object().key(result.is_error ? "error" : "result");
    if (value)
      w_.raw(trim(text));
    else
      w_.value(text);
    w_.end_object();
  }

  json::Writer& w_;
  const ChatRequest& request_;
  const Endpoint& endpoint_;
  int version_;
  std::map<std::string, std::string, std::less<>> names_;  // call id -> tool name
  bool open_ = false, open_results_ = false;
  bool needs_signature_ = false;  // no call of this content was written yet
};

}  // namespace

Status write_contents(json::Writer& w, const ChatRequest& request, const Endpoint& endpoint) {
  return ContentsWriter(w, request, endpoint).run();
}

}  // namespace tracia::llm::google
