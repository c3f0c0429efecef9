// POST {base_url}/responses. Source: OpenAI API reference, "Create a model response". The conversation goes as input
// items in order; system and developer messages keep their place and role instead of moving to `instructions`.
#include "openai/common.h"
#include "openai/responses.h"
#include "tracia/base/bytes.h"
#include "tracia/llm/media.h"

namespace tracia::llm::openai {
namespace {

class ItemWriter {
 public:
  ItemWriter(json::Writer& w, bool is_vendor) : w_(w), is_vendor_(is_vendor) {}

  Status write(const Message& message, size_t index) {
    place_ = message_name(index);
    if (message.role == Role::kAssistant) return assistant(message);
    size_t others = 0;
    for (const Part& part : message.parts) {
      if (const auto* result = part.as<ToolResultPart>()) {
        TRACIA_TRY(tool_result(*result));
      } else if (const auto* opaque = part.as<OpaquePart>()) {
        TRACIA_TRY(item(*opaque));
      } else {
        ++others;
      }
    }
    if (message.role == Role::kTool) {
      if (message.parts.empty() || others != 0)
        return fail(Error::invalid(place_ + ": Tool messages must have tool_call_id"));
      return {};
    }
    if (others == 0 && !message.parts.empty()) return {};
    return input(message);
  }

 private:
  Status input(const Message& message) {
    w_.begin_object().field("role", role_name(message.role)).key("content");
    if (message.parts.empty() || (message.parts.size() == 1 && message.parts[0].as<TextPart>() != nullptr)) {
      w_.value(message.parts.empty() ? std::string_view() : message.parts[0].as<TextPart>()->text);
    } else {
      w_.begin_array();
      for (const Part& part : message.parts) TRACIA_TRY(input_part(part));
      w_.end_array();
    }
    w_.end_object();
    return {};
  }

  Status input_part(const Part& part) {
    if (const auto* text = part.as<TextPart>()) {
      w_.begin_object().field("type", "input_text").field("text", text->text).end_object();
    } else if (const auto* image = part.as<ImagePart>()) {
      w_.begin_object().field("type", "input_image");
      if (image->source.kind == MediaSource::Kind::kFileId) {
        w_.field("file_id", image->source.value);
      } else {
        w_.field("image_url", media_url(image->source, image->mime_type, "image/png"));
      }
      w_.field_if("detail", image->detail).end_object();
    } else if (const auto* document = part.as<DocumentPart>()) {
      file(*document);
    } else if (const auto* audio = part.as<AudioPart>()) {
      return write_input_audio(w_, *audio, is_vendor_, place_);
    }
    return {};  // results and items of their own were written before; reasoning of others has no place here
  }

  void file(const DocumentPart& document) {
    w_.begin_object().field("type", "input_file");
    if (document.source.kind == MediaSource::Kind::kFileId) {
      w_.field("file_id", document.source.value);
    } else if (document.source.kind == MediaSource::Kind::kUrl) {
      w_.field("file_url", document.source.value);
    } else {
      const std::string mime = media_mime_type(document.source, document.mime_type, "text/plain");
      w_.field("filename", file_name(document, mime)).field("file_data", media_url(document.source, mime, mime));
    }
    w_.end_object();
  }

  Status tool_result(const ToolResultPart& result) {
    if (result.tool_call_id.empty()) return fail(Error::invalid(place_ + ": Tool messages must have tool_call_id"));
    w_.begin_object().field(
        "type", result.kind == ToolCallPart::Kind::kCustom ? "custom_tool_call_output" : "function_call_output");
    w_.field("call_id", result.tool_call_id).key("output");
    const bool is_text = result.content.size() == 1 && result.content[0].as<TextPart>() != nullptr;
    if (result.content.empty() || is_text) {
      w_.value(is_text ? std::string_view(result.content[0].as<TextPart>()->text) : std::string_view());
    } else {
      w_.begin_array();
      for (const Part& part : result.content) TRACIA_TRY(input_part(part));
      w_.end_array();
    }
    w_.end_object();
    return {};
  }

  // An item of OpenAI's own (web search, computer use, a whole `output` sent back, …), verbatim.
  Status item(const OpaquePart& opaque) {
    if (opaque.provider != Provider::kOpenAi) return {};
    TRACIA_TRY(json::check_object(opaque.json, place_ + ": an opaque part"));
    w_.raw(opaque.json);
    return {};
  }

  Status assistant(const Message& message) {
    bool is_first_text = true;
    for (size_t i = 0; i < message.parts.size();) {
      const Part& part = message.parts[i];
      if (part.as<TextPart>() != nullptr) {
        i = output_message(message, i, is_first_text);
        is_first_text = false;
        continue;
      }
      if (part.as<ReasoningPart>() != nullptr) {
        i = reasoning(message, i);
        continue;
      }
      if (const auto* call = part.as<ToolCallPart>()) {
        tool_call(*call);
      } else if (const auto* opaque = part.as<OpaquePart>()) {
        TRACIA_TRY(item(*opaque));
      } else if (const auto* audio = part.as<AudioPart>()) {
        if (!audio->transcript.empty())
          w_.begin_object().field("role", "assistant").field("content", audio->transcript).end_object();
      } else {
        return fail(
            Error::invalid(place_ + ": assistant messages of the Responses API cannot hold images or documents"));
      }
      ++i;
    }
    return {};
  }

  // The run of text parts from `begin` that stood in one message item; gives the index after it. With an id the item
  // must be complete, as the API made it; without, the short form for messages is enough.
  size_t output_message(const Message& message, size_t begin, bool is_first) {
    const TextPart& first = *message.parts[begin].as<TextPart>();
    size_t end = begin + 1;
    while (end < message.parts.size()) {
      const auto* next = message.parts[end].as<TextPart>();
      if (next == nullptr || next->item_id != first.item_id) break;
      ++end;
    }
    const std::string_view id = first.item_id.empty() && is_first ? message.id : first.item_id;
    w_.begin_object();
    if (!id.empty()) w_.field("type", "message").field("id", id).field("status", "completed");
    w_.field("role", "assistant").field_if("phase", first.phase).key("content");
    if (id.empty() && end == begin + 1 && !first.refusal && first.annotations.empty()) {
      w_.value(first.text);
    } else {
      w_.begin_array();
      for (size_t i = begin; i < end; ++i) output_text(*message.parts[i].as<TextPart>());
      w_.end_array();
    }
    w_.end_object();
    return end;
  }

  void output_text(const TextPart& text) {
    if (text.refusal) {
      w_.begin_object().field("type", "refusal").field("refusal", text.text).end_object();
      return;
    }
    w_.begin_object().field("type", "output_text").field("text", text.text);
    w_.field_raw("annotations",
                 !text.annotations.empty() && json::is_valid(text.annotations) ? text.annotations : "[]");
    w_.end_object();
  }

  static bool is_ours(const ReasoningPart& part) {
    return part.provider.value_or(Provider::kOpenAi) == Provider::kOpenAi && part.id.starts_with("rs_");
  }

  // The run of reasoning parts with one id is one item with several summaries.
  size_t reasoning(const Message& message, size_t begin) {
    const ReasoningPart& first = *message.parts[begin].as<ReasoningPart>();
    size_t end = begin + 1;
    std::string_view encrypted = first.signature;
    while (end < message.parts.size()) {
      const auto* next = message.parts[end].as<ReasoningPart>();
      if (next == nullptr || next->id != first.id) break;
      if (encrypted.empty()) encrypted = next->signature;
      ++end;
    }
    if (!is_ours(first)) return end;
    w_.begin_object().field("type", "reasoning").field("id", first.id).key("summary").begin_array();
    for (size_t i = begin; i < end; ++i) {
      const std::string& text = message.parts[i].as<ReasoningPart>()->text;
      if (!text.empty()) w_.begin_object().field("type", "summary_text").field("text", text).end_object();
    }
    w_.end_array().field_if("encrypted_content", encrypted).end_object();
    return end;
  }

  void tool_call(const ToolCallPart& call) {
    const bool is_custom = call.kind == ToolCallPart::Kind::kCustom;
    w_.begin_object().field("type", is_custom ? "custom_tool_call" : "function_call").field_if("id", call.item_id);
    w_.field("call_id", call.id).field("name", call.name);
    if (is_custom) {
      w_.field("input", call.arguments);
    } else {
      w_.field("arguments", call.arguments.empty() ? std::string_view("{}") : std::string_view(call.arguments));
    }
    w_.end_object();
  }

  json::Writer& w_;
  bool is_vendor_;
  std::string place_;
};

// The API's own default for `strict` is true, which rejects schemas that were fine for chat completions; a tool that
// does not say so gets false here, so that one ChatRequest means the same to both endpoints.
Status write_tools(json::Writer& w, const ChatRequest& request) {
  if (request.tools.empty()) return {};
  w.key("tools").begin_array();
  for (size_t i = 0; i < request.tools.size(); ++i) {
    const Tool& tool = request.tools[i];
    if (tool.kind == Tool::Kind::kVendor) {
      w.raw(tool.vendor_json);
      continue;
    }
    const bool is_custom = tool.kind == Tool::Kind::kCustom;
    w.begin_object().field("type", is_custom ? "custom" : "function").field("name", tool.name);
    w.field_if("description", tool.description);
    if (is_custom) {
      const auto format = custom_format(tool, i, false);
      if (!format) return fail(format.error());
      if (!format->empty()) w.field_raw("format", *format);
    } else {
      w.field_raw("parameters", tool.parameters.empty() ? R"({"type":"object","properties":{}})" : tool.parameters);
      w.field("strict", tool.strict.value_or(false));
    }
    w.end_object();
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
      const bool is_custom = tool_kind(request, request.tool_choice.tool) == Tool::Kind::kCustom;
      w.key("tool_choice").begin_object().field("type", is_custom ? "custom" : "function");
      w.field("name", request.tool_choice.tool).end_object();
      break;
    }
  }
}

void write_text_format(json::Writer& w, const ResponseFormat& format) {
  if (format.type == ResponseFormat::Type::kText) return;
  w.key("text").begin_object().key("format").begin_object();
  if (format.type == ResponseFormat::Type::kJson) {
    w.field("type", "json_object");
  } else {
    w.field("type", "json_schema").field("name", format.name.empty() ? "response" : format.name);
    w.field_if("description", format.description).field_raw("schema", format.schema).field("strict", format.strict);
  }
  w.end_object().end_object();
}

void write_reasoning(json::Writer& w, const std::optional<ReasoningOptions>& reasoning) {
  if (!reasoning || (reasoning->effort.empty() && !reasoning->include_text)) return;
  w.key("reasoning").begin_object().field_if("effort", reasoning->effort);
  if (reasoning->include_text) w.field("summary", "auto");
  w.end_object();
}

}  // namespace

Result<wire::HttpRequest> encode_responses(const ChatRequest& request, const Endpoint& endpoint, bool stream) {
  if (!request.stop_sequences.empty()) return fail(Error::invalid("stop_sequences: OpenAI's Responses API has none"));
  TRACIA_TRY(check_schemas(request));
  json::Writer w;
  w.begin_object().field_if("model", request.model).key("input").begin_array();
  ItemWriter items(w, endpoint.is_vendor);
  for (size_t i = 0; i < request.messages.size(); ++i) TRACIA_TRY(items.write(request.messages[i], i));
  w.end_array();
  TRACIA_TRY(write_tools(w, request));
  write_tool_choice(w, request);
  w.field("parallel_tool_calls", request.parallel_tool_calls);
  write_text_format(w, request.response_format);
  w.field("temperature", request.temperature).field("top_p", request.top_p);
  w.field("max_output_tokens", request.max_output_tokens);
  write_reasoning(w, request.reasoning);
  if (stream) w.field("stream", true);
  w.end_object();
  auto body = with_extra_body(w.take(), request.extra_body);
  if (!body) return fail(body.error());
  return post(endpoint, "responses", std::move(*body), stream);
}

}  // namespace tracia::llm::openai
