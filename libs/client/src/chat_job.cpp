#include "chat_job.h"

#include "responses_items.h"
#include "span_parts.h"
#include "tracia/base/bytes.h"
#include "tracia/json/reader.h"
#include "tracia/prompt/template.h"
#include "tracia/span/from_call.h"

namespace tracia::client {
namespace {

Status check_messages(const std::vector<llm::Message>& messages) {
  if (messages.empty()) return fail(invalid_field("messages is required and cannot be empty"));
  for (size_t i = 0; i < messages.size(); ++i) {
    const std::string place = "messages[" + std::to_string(i) + "]";
    for (const llm::Part& part : messages[i].parts) {
      const auto* result = part.as<llm::ToolResultPart>();
      if (messages[i].role == Role::kTool && result == nullptr) {
        return fail(invalid_field(place + ": a tool message holds tool results only"));
      }
      if (result != nullptr && result->tool_call_id.empty())
        return fail(invalid_field("Tool messages must have tool_call_id"));
    }
    if (messages[i].role == Role::kTool && messages[i].parts.empty()) {
      return fail(invalid_field("Tool messages must have tool_call_id"));
    }
  }
  return {};
}

// Only what the server would not take; whether it knows the prompt, it says itself.
Status check_prompt_link(const PromptLink& prompt) {
  if (prompt.slug.size() > span::limits::kSlugCharsMax) return fail(invalid_field("prompt.slug is too long"));
  if (prompt.label.size() > span::limits::kLabelCharsMax) return fail(invalid_field("prompt.label is too long"));
  if (prompt.version && *prompt.version < 1) return fail(invalid_field("prompt.version must be 1 or more"));
  if (prompt.slug.empty() && (prompt.version || !prompt.label.empty()))
    return fail(invalid_field("prompt.slug is required with prompt.version and prompt.label"));
  return {};
}

Status check_tools(const std::vector<llm::Tool>& tools, const llm::ToolChoice& choice) {
  bool found = choice.mode != llm::ToolChoice::Mode::kTool;
  for (size_t i = 0; i < tools.size(); ++i) {
    const std::string place = "tools[" + std::to_string(i) + "]";
    if (tools[i].kind == llm::Tool::Kind::kVendor) {
      TRACIA_TRY(json::check_object(tools[i].vendor_json, place + ".vendor_json"));
      continue;
    }
    if (trim(tools[i].name).empty()) return fail(invalid_field(place + ".name is required and cannot be empty"));
    if (!tools[i].parameters.empty()) TRACIA_TRY(json::check_object(tools[i].parameters, place + ".parameters"));
    found = found || tools[i].name == choice.tool;
  }
  if (!found) return fail(invalid_field("tool_choice names the tool '" + choice.tool + "', which is not in tools"));
  if (choice.mode == llm::ToolChoice::Mode::kRequired && tools.empty()) {
    return fail(invalid_field("tool_choice is 'required' but tools is empty"));
  }
  return {};
}

Status check_settings(const llm::ChatRequest& request) {
  if (request.max_output_tokens && *request.max_output_tokens < 1)
    return fail(invalid_field("max_output_tokens must be at least 1"));
  if (request.temperature && !(*request.temperature >= 0 && *request.temperature <= 2)) {
    return fail(invalid_field("temperature must be between 0 and 2"));
  }
  if (request.top_p && !(*request.top_p >= 0 && *request.top_p <= 1))
    return fail(invalid_field("top_p must be between 0 and 1"));
  if (request.response_format.type == llm::ResponseFormat::Type::kJsonSchema) {
    TRACIA_TRY(json::check_object(request.response_format.schema, "response_format.schema"));
  }
  return {};
}

size_t bytes_of(const std::vector<llm::Part>& parts);

struct PartBytes {
  size_t operator()(const llm::TextPart& p) const { return p.text.size() + p.annotations.size(); }
  size_t operator()(const llm::ImagePart& p) const { return p.source.value.size(); }
  size_t operator()(const llm::DocumentPart& p) const { return p.source.value.size() + p.context.size(); }
  size_t operator()(const llm::AudioPart& p) const { return p.source.value.size() + p.transcript.size(); }
  size_t operator()(const llm::ToolCallPart& p) const { return p.arguments.size() + p.signature.size(); }
  size_t operator()(const llm::ToolResultPart& p) const { return bytes_of(p.content); }
  size_t operator()(const llm::ReasoningPart& p) const { return p.text.size() + p.signature.size(); }
  size_t operator()(const llm::OpaquePart& p) const { return p.json.size(); }
};

size_t bytes_of(const std::vector<llm::Part>& parts) {
  size_t bytes = 0;
  for (const llm::Part& part : parts) bytes += sizeof part + std::visit(PartBytes(), part.body);
  return bytes;
}

}  // namespace

Result<std::unique_ptr<ChatJob>> ChatJob::make(ClientCore& core, RunLocalInput input, bool stream,
                                               llm::EventSink sink) {
  TRACIA_TRY(require_model(input.model));
  TRACIA_TRY(check_messages(input.messages));
  TRACIA_TRY(check_prompt_link(input.prompt));
  auto context = span_context(input);
  if (!context) return fail(std::move(context).error());
  TRACIA_TRY(check_custom_options(input.custom_options));
  auto options = call_options(core, input.timeout_ms, input.max_retries);
  if (!options) return fail(std::move(options).error());

  std::vector<llm::Target> targets;
  auto first = resolve_target(core, Operation::kChat, input.model, input.provider, input.provider_api_key);
  if (!first) return fail(std::move(first).error());
  targets.push_back(std::move(*first));
  for (const Fallback& fallback : input.fallbacks) {
    auto target = resolve_target(core, Operation::kChat, fallback.model, fallback.provider, fallback.provider_api_key);
    if (!target) return fail(std::move(target).error());
    targets.push_back(std::move(*target));
  }

  std::unique_ptr<ChatJob> job(new ChatJob());
  job->context_ = std::move(*context);
  job->tracing_ = core.tracing(input.send_trace);
  if (!input.variables.empty()) {
    job->variables_json_ = variables_json(input.variables);
    auto rendered = prompt::render(std::move(input.messages), input.variables);
    if (!rendered) return fail(std::move(rendered).error());
    input.messages = std::move(*rendered);
  }
  job->request_ = {.model = input.model,
                   .messages = std::move(input.messages),
                   .tools = std::move(input.tools),
                   .tool_choice = std::move(input.tool_choice),
                   .parallel_tool_calls = input.parallel_tool_calls,
                   .response_format = std::move(input.response_format),
                   .temperature = input.temperature,
                   .top_p = input.top_p,
                   .max_output_tokens = input.max_output_tokens,
                   .stop_sequences = std::move(input.stop_sequences),
                   .reasoning = std::move(input.reasoning)};
  TRACIA_TRY(check_tools(job->request_.tools, job->request_.tool_choice));
  TRACIA_TRY(check_settings(job->request_));
  job->model_ = std::move(input.model);
  job->prompt_ = std::move(input.prompt);
  job->custom_options_ = std::move(input.custom_options);
  job->cancel_ = input.cancel;
  job->build(core, std::move(targets), std::move(*options), stream, std::move(sink));
  return job;
}

Result<std::unique_ptr<ChatJob>> ChatJob::make(ClientCore& core, RunResponsesInput input, bool stream,
                                               llm::EventSink sink) {
  TRACIA_TRY(require_model(input.model));
  if (input.input.empty()) return fail(invalid_field("input array is required and cannot be empty"));
  auto context = span_context(input);
  if (!context) return fail(std::move(context).error());
  TRACIA_TRY(check_custom_options(input.custom_options));
  auto options = call_options(core, input.timeout_ms, input.max_retries);
  if (!options) return fail(std::move(options).error());
  auto target = resolve_target(core, Operation::kResponses, input.model, "openai", input.provider_api_key);
  if (!target) return fail(std::move(target).error());
  auto items = responses_items(input.input);
  if (!items) return fail(std::move(items).error());

  std::unique_ptr<ChatJob> job(new ChatJob());
  job->responses_ = true;
  job->context_ = std::move(*context);
  job->tracing_ = core.tracing(input.send_trace);
  job->request_ = {.model = input.model,
                   .messages = std::move(items->verbatim),
                   .tools = std::move(input.tools),
                   .tool_choice = std::move(input.tool_choice),
                   .response_format = std::move(input.response_format),
                   .temperature = input.temperature,
                   .top_p = input.top_p,
                   .max_output_tokens = input.max_output_tokens,
                   .reasoning = std::move(input.reasoning)};
  TRACIA_TRY(check_tools(job->request_.tools, job->request_.tool_choice));
  TRACIA_TRY(check_settings(job->request_));
  job->span_messages_ = std::move(items->readable);
  job->model_ = std::move(input.model);
  job->custom_options_ = std::move(input.custom_options);
  job->cancel_ = input.cancel;
  job->build(core, {std::move(*target)}, std::move(*options), stream, std::move(sink));
  return job;
}

void ChatJob::build(ClientCore& core, std::vector<llm::Target> targets, llm::Call::Options options, bool stream,
                    llm::EventSink sink) {
  started_ = core.clock->now();
  const auto request_for = [this](const llm::Target& target) -> const llm::ChatRequest& {
    request_.model = target.model;
    request_.extra_body = custom_options_for(custom_options_, target.provider);
    return request_;
  };
  const auto codec_for = [this](const llm::Target& target) -> const llm::ChatCodec& {
    return responses_ ? llm::openai_responses_codec() : llm::chat_codec(target);
  };
  call_ = std::make_unique<llm::ChatCall>(std::move(targets), std::move(options), request_for, codec_for, stream,
                                          std::move(sink));
}

RunLocalResult ChatJob::partial() const {
  const llm::ChatResult& chat = call_->result();
  RunLocalResult out;
  out.text = chat.text();
  out.span_id = context_.span_id;
  out.trace_id = context_.trace_id;
  out.latency_ms = call_->latency().count();
  out.usage = token_usage(chat.usage);
  out.provider = std::string(llm::provider_name(call_->target().provider));
  out.model = call_->target().model;
  out.tool_calls = chat.tool_calls();
  out.finish_reason = chat.finish_reason;
  out.provider_finish_reason = chat.provider_finish_reason;
  out.message = chat.message;
  out.reasoning_text = chat.reasoning_text();
  out.refusal = chat.refusal;
  if (request_.response_format.type != llm::ResponseFormat::Type::kText && json::is_valid(out.text))
    out.structured_output = out.text;
  if (const auto first = call_->time_to_first_event()) out.time_to_first_token_ms = first->count();
  out.attempts = static_cast<int>(call_->attempts().size());
  out.provider_model = chat.model;
  if (!call_->attempts().empty()) out.request_id = call_->attempts().back().request_id;
  if (!chat.output_items.empty()) {
    json::Document document;
    if (const auto items = document.parse(chat.output_items); items) {
      for (const json::Value item : items->items()) out.output_items.push_back(item.to_json());
    }
  }
  return out;
}

Result<RunLocalResult> ChatJob::result() const {
  if (call_->error()) return fail(*call_->error());
  return partial();
}

Result<RunResponsesResult> ChatJob::responses_result() const {
  if (call_->error()) return fail(*call_->error());
  RunResponsesResult out;
  static_cast<RunLocalResult&>(out) = partial();
  return out;
}

span::Span ChatJob::describe(std::string output) const {
  span::Span span = begin_span(context_, span::Kind::kLlm, started_, *call_);
  span.input_json = span::messages_input_json(responses_ ? span_messages_ : request_.messages);
  span.variables_json = variables_json_;
  span.prompt_slug = prompt_.slug;
  span.prompt_version = prompt_.version;
  span.label = prompt_.label;
  span::describe_chat(*call_, request_, std::move(output), span);
  return span;
}

void ChatJob::record(ClientCore& core, bool aborted, const std::string* delivered) {
  if (!is_traced()) return;
  span::Span span = describe(delivered != nullptr ? *delivered : call_->result().text());
  if (aborted) span::mark_aborted(span);
  core.recorder->record(std::move(span));
}

void ChatJob::hand_over(ClientCore& core, std::shared_ptr<ChatJob> job) {
  if (!job->is_traced()) return;
  job->call_->forget_exchange();
  const SpanContext& context = job->context_;
  const record::SpanIds ids{context.span_id, context.trace_id, context.parent_span_id};
  const size_t bytes = job->memory_bytes();
  core.recorder->record(ids, bytes, [job = std::move(job)] { return job->describe(job->call_->result().text()); });
}

// Near enough: what can be long is counted.
size_t ChatJob::memory_bytes() const {
  const llm::ChatResult& answer = call_->result();
  size_t bytes = sizeof *this + sizeof *call_ + sizeof(span::Span) + custom_options_.size() + variables_json_.size() +
                 request_.extra_body.size() + request_.response_format.schema.size() + bytes_of(answer.message.parts) +
                 answer.output_items.size() + answer.raw_usage.json.size();
  for (const auto* messages : {&request_.messages, &span_messages_}) {
    for (const llm::Message& message : *messages) bytes += sizeof message + bytes_of(message.parts);
  }
  for (const llm::Tool& tool : request_.tools) {
    bytes += sizeof tool + tool.description.size() + tool.parameters.size() + tool.vendor_json.size();
  }
  return bytes;
}

}  // namespace tracia::client
