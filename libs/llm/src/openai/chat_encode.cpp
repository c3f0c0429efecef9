// POST {base_url}/chat/completions. Source: OpenAI API reference, "Create chat completion".
#include "openai/chat.h"
#include "openai/common.h"
#include "tracia/base/bytes.h"
#include "tracia/llm/media.h"

namespace tracia::llm::openai {
namespace {

// Writes the `messages` array. One neutral message may become several: tool results go first, each as its own.
class MessageWriter {
 public:
  MessageWriter(json::Writer& w, const Dialect& dialect, bool is_vendor)
      : w_(w), dialect_(dialect), is_vendor_(is_vendor) {}

  Status write(const Message& message, size_t index) {
    place_ = message_name(index);
    if (message.role == Role::kAssistant) return assistant(message);
    size_t results = 0;
    for (const Part& part : message.parts) {
      const auto* result = part.as<ToolResultPart>();
      if (result == nullptr) continue;
      ++results;
      TRACIA_TRY(tool_result(*result));
    }
    if (message.role == Role::kTool) {
      if (results == 0) return fail(Error::invalid(place_ + ": Tool messages must have tool_call_id"));
      return {};
    }
    if (results != 0 && results == message.parts.size()) return {};
    return input(message);
  }

 private:
  std::string_view role_of(Role role) const {
    if (role == Role::kSystem) return dialect_.system_role;
    if (role == Role::kDeveloper) return dialect_.developer_role;
    return role_name(role);
  }

  void begin(std::string_view role, const Message& message) {
    w_.begin_object().field("role", role).field_if("name", message.name);
  }

  // system, developer and user messages.
  Status input(const Message& message) {
    begin(role_of(message.role), message);
    w_.key("content");
    const bool is_text =
        message.parts.empty() || (message.parts.size() == 1 && message.parts[0].as<TextPart>() != nullptr);
    if (is_text) {
      w_.value(message.parts.empty() ? std::string_view() : message.parts[0].as<TextPart>()->text);
    } else {
      w_.begin_array();
      for (const Part& part : message.parts) TRACIA_TRY(input_part(part));
      w_.end_array();
    }
    w_.end_object();
    return {};
  }

  void text(std::string_view text) { w_.begin_object().field("type", "text").field("text", text).end_object(); }

  Status input_part(const Part& part) {
    if (const auto* t = part.as<TextPart>()) {
      text(t->text);
    } else if (const auto* image = part.as<ImagePart>()) {
      if (image->source.kind == MediaSource::Kind::kFileId) {
        return fail(Error::invalid(place_ + ": chat completions take images as bytes or URLs, not file ids"));
      }
      w_.begin_object().field("type", "image_url").key("image_url").begin_object();
      w_.field("url", media_url(image->source, image->mime_type, "image/png")).field_if("detail", image->detail);
      w_.end_object().end_object();
    } else if (const auto* document = part.as<DocumentPart>()) {
      return file(*document);
    } else if (const auto* audio = part.as<AudioPart>()) {
      return write_input_audio(w_, *audio, is_vendor_, place_);
    }
    return {};  // reasoning and opaque parts have no place in input
  }

  Status file(const DocumentPart& document) {
    if (document.source.kind == MediaSource::Kind::kUrl) {
      return fail(Error::invalid(place_ + ": chat completions take documents as bytes or file ids, not URLs"));
    }
    if (document.source.kind == MediaSource::Kind::kFileId) {
      w_.begin_object().field("type", "file").key("file").begin_object();
      w_.field("file_id", document.source.value).end_object().end_object();
      return {};
    }
    const std::string mime = media_mime_type(document.source, document.mime_type, "text/plain");
    // The endpoint takes PDF files only; the text of a text file says the same.
    if (mime.starts_with("text/")) {
      const bool is_bytes = document.source.kind == MediaSource::Kind::kBytes;
      const auto content = is_bytes ? std::optional(document.source.value) : base64_decode(document.source.value);
      if (!content) return fail(Error::invalid(place_ + ": the document is not valid base64"));
      text(*content);
      return {};
    }
    w_.begin_object().field("type", "file").key("file").begin_object();
    w_.field("filename", file_name(document, mime)).field("file_data", media_url(document.source, mime, mime));
    w_.end_object().end_object();
    return {};
  }

  Status tool_result(const ToolResultPart& result) {
    const bool legacy = result.kind == ToolCallPart::Kind::kLegacyFunction;
    if (!legacy && result.tool_call_id.empty()) {
      return fail(Error::invalid(place_ + ": Tool messages must have tool_call_id"));
    }
    for (const Part& part : result.content) {
      if (part.as<TextPart>() == nullptr) {
        return fail(Error::invalid(
            place_ + ": chat completions take only text in tool results; the Responses API takes images and files"));
      }
    }
    w_.begin_object().field("role", legacy ? "function" : "tool");
    if (legacy) {
      w_.field("name", result.tool_name);
    } else {
      w_.field("tool_call_id", result.tool_call_id);
    }
    w_.key("content");
    if (result.content.size() > 1) {
      w_.begin_array();
      for (const Part& part : result.content) text(part.as<TextPart>()->text);
      w_.end_array();
    } else {
      w_.value(result.content.empty() ? std::string_view() : result.content[0].as<TextPart>()->text);
    }
    w_.end_object();
    return {};
  }

  // What an assistant message is made of, gathered before it is written: the protocol has one place for each kind.
  struct Turn {
    std::string text, refusal, reasoning_content;
    std::string_view audio_id;
    const ToolCallPart* legacy = nullptr;
    size_t calls = 0;
  };

  Result<Turn> gather(const Message& message) const {
    Turn turn;
    for (const Part& part : message.parts) {
      if (const auto* t = part.as<TextPart>()) {
        (t->refusal ? turn.refusal : turn.text).append(t->text);
      } else if (const auto* call = part.as<ToolCallPart>()) {
        if (call->kind == ToolCallPart::Kind::kLegacyFunction) {
          turn.legacy = call;
        } else {
          ++turn.calls;
        }
      } else if (const auto* audio = part.as<AudioPart>()) {
        turn.audio_id = audio->id;
        if (audio->id.empty()) turn.text.append(audio->transcript);
      } else if (const auto* reasoning = part.as<ReasoningPart>()) {
        if (!is_vendor_ && reasoning->id == "reasoning_content") turn.reasoning_content.append(reasoning->text);
      } else if (part.as<ImagePart>() != nullptr || part.as<DocumentPart>() != nullptr) {
        return fail(
            Error::invalid(place_ + ": assistant messages of chat completions cannot hold images or documents"));
      }
    }
    return turn;
  }

  Status assistant(const Message& message) {
    const auto turn = gather(message);
    if (!turn) return fail(turn.error());
    begin("assistant", message);
    const bool has_more =
        turn->calls != 0 || turn->legacy != nullptr || !turn->refusal.empty() || !turn->audio_id.empty();
    if (turn->text.empty() && has_more) {
      w_.key("content").null();
    } else {
      w_.field("content", turn->text);
    }
    w_.field_if("refusal", turn->refusal);
    if (turn->calls != 0) w_.field_if("reasoning_content", turn->reasoning_content);
    if (!turn->audio_id.empty()) w_.key("audio").begin_object().field("id", turn->audio_id).end_object();
    if (turn->legacy != nullptr) w_.key("function_call"), function(*turn->legacy);
    if (turn->calls != 0) {
      w_.key("tool_calls").begin_array();
      for (const Part& part : message.parts) {
        if (const auto* call = part.as<ToolCallPart>(); call != nullptr && call != turn->legacy) tool_call(*call);
      }
      w_.end_array();
    }
    w_.end_object();
    return {};
  }

  void function(const ToolCallPart& call) {
    const std::string_view arguments =
        call.arguments.empty() ? std::string_view("{}") : std::string_view(call.arguments);
    w_.begin_object().field("name", call.name).field("arguments", arguments).end_object();
  }

  void tool_call(const ToolCallPart& call) {
    w_.begin_object().field("id", call.id);
    if (call.kind == ToolCallPart::Kind::kCustom) {
      w_.field("type", "custom").key("custom").begin_object();
      w_.field("name", call.name).field("input", call.arguments).end_object();
    } else {
      w_.field("type", "function").key("function");
      function(call);
    }
    w_.end_object();
  }

  json::Writer& w_;
  const Dialect& dialect_;
  bool is_vendor_;
  std::string place_;
};

Status write_tools(json::Writer& w, const ChatRequest& request) {
  if (request.tools.empty()) return {};
  w.key("tools").begin_array();
  for (size_t i = 0; i < request.tools.size(); ++i) {
    const Tool& tool = request.tools[i];
    if (tool.kind == Tool::Kind::kVendor) {
      w.raw(tool.vendor_json);
      continue;
    }
    const std::string_view type = tool.kind == Tool::Kind::kCustom ? "custom" : "function";
    w.begin_object().field("type", type).key(type).begin_object();
    w.field("name", tool.name).field_if("description", tool.description);
    if (tool.kind == Tool::Kind::kCustom) {
      const auto format = custom_format(tool, i, true);
      if (!format) return fail(format.error());
      if (!format->empty()) w.field_raw("format", *format);
    } else {
      if (!tool.parameters.empty()) w.field_raw("parameters", tool.parameters);
      w.field("strict", tool.strict);
    }
    w.end_object().end_object();
  }
  w.end_array();
  return {};
}

void write_tool_choice(json::Writer& w, const ChatRequest& request) {
  switch (request.tool_choice.mode) {
    case ToolChoice::Mode::kUnset: break;
    case ToolChoice::Mode::kAuto: w.field("tool_choice", "auto"); break;
    case ToolChoice::Mode::kNone: w.field("tool_choice", "none"); break;
    case ToolChoice::Mode::kRequired: w.field("tool_choice", "required"); break;
    case ToolChoice::Mode::kTool: {
      const std::string_view type =
          tool_kind(request, request.tool_choice.tool) == Tool::Kind::kCustom ? "custom" : "function";
      w.key("tool_choice").begin_object().field("type", type).key(type);
      w.begin_object().field("name", request.tool_choice.tool).end_object().end_object();
      break;
    }
  }
}

void write_response_format(json::Writer& w, const ResponseFormat& format) {
  if (format.type == ResponseFormat::Type::kText) return;
  w.key("response_format").begin_object();
  if (format.type == ResponseFormat::Type::kJson) {
    w.field("type", "json_object");
  } else {
    w.field("type", "json_schema").key("json_schema").begin_object();
    w.field("name", format.name.empty() ? "response" : format.name).field_if("description", format.description);
    w.field_raw("schema", format.schema).field("strict", format.strict).end_object();
  }
  w.end_object();
}

void write_settings(json::Writer& w, const ChatRequest& request, const Dialect& dialect) {
  w.field("temperature", request.temperature).field("top_p", request.top_p);
  w.field(dialect.max_completion_tokens ? "max_completion_tokens" : "max_tokens", request.max_output_tokens);
  if (!request.stop_sequences.empty()) {
    w.key("stop").begin_array();
    for (const std::string& stop : request.stop_sequences) w.value(stop);
    w.end_array();
  }
  if (request.reasoning) w.field_if("reasoning_effort", request.reasoning->effort);
}

}  // namespace

Result<wire::HttpRequest> encode_chat(const ChatRequest& request, const Endpoint& endpoint, bool stream) {
  TRACIA_TRY(check_schemas(request));
  const Dialect words = dialect(request.model, endpoint.is_vendor);
  json::Writer w;
  w.begin_object();
  w.field_if("model", request.model);  // Azure's older paths name the deployment instead
  w.key("messages").begin_array();
  MessageWriter messages(w, words, endpoint.is_vendor);
  for (size_t i = 0; i < request.messages.size(); ++i) TRACIA_TRY(messages.write(request.messages[i], i));
  w.end_array();
  TRACIA_TRY(write_tools(w, request));
  write_tool_choice(w, request);
  w.field("parallel_tool_calls", request.parallel_tool_calls);
  write_response_format(w, request.response_format);
  write_settings(w, request, words);
  if (stream) w.field("stream", true).key("stream_options").begin_object().field("include_usage", true).end_object();
  w.end_object();
  auto body = with_extra_body(w.take(), request.extra_body);
  if (!body) return fail(body.error());
  return post(endpoint, "chat/completions", std::move(*body), stream);
}

}  // namespace tracia::llm::openai
