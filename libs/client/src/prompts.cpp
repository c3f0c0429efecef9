#include "api.h"
#include "json_writers.h"
#include "plan.h"
#include "prompt_json.h"
#include "prompt_stream.h"
#include "run_result.h"
#include "span_parts.h"
#include "tracia/base/bytes.h"
#include "tracia/client/client.h"
#include "tracia/json/writer.h"
#include "tracia/wire/http.h"

namespace tracia {
inline namespace v0 {
namespace {

using client::call_api;
using client::json_or_empty;
using client::prompt_path;
using client::read_prompt;
using client::write_texts;
using json::Value;
using json::Writer;

void write_content(Writer& w, const std::vector<PromptMessage>& content) {
  w.key("content").begin_array();
  for (const PromptMessage& message : content) {
    w.begin_object().field("id", message.id).field("role", message.role).field("content", message.content).end_object();
  }
  w.end_array();
}

void write_text(Writer& w, std::string_view name, const std::optional<std::string>& value) {
  if (!value) return;
  w.key(name);
  // Description is cleared by an empty string, as on the hosted product; other fields by null.
  if (value->empty() && name != "description")
    w.null();
  else
    w.value(*value);
}

Result<std::string> create_body(const CreatePromptOptions& o) {
  if (trim(o.name).empty()) return fail(Error::invalid("name is required and cannot be empty"));
  if (!o.output_schema.empty()) TRACIA_TRY(json::check_object(o.output_schema, "output_schema"));
  Writer w;
  w.begin_object().field("name", o.name);
  write_content(w, o.content);
  w.field_if("slug", o.slug).field_if("description", o.description).field_if("model", o.model);
  if (!o.provider.empty()) w.field("provider", ascii_upper(o.provider));
  w.field("temperature", o.temperature).field("topP", o.top_p).field("maxOutputTokens", o.max_output_tokens);
  if (!o.stop_sequences.empty()) write_texts(w, "stopSequences", o.stop_sequences);
  if (!o.tools.empty()) w.field_raw("tools", span::tools_json(o.tools));
  if (!o.output_schema.empty()) w.field_raw("outputSchema", o.output_schema);
  w.field_if("note", o.note);
  return w.end_object().take();
}

Result<std::string> update_body(const UpdatePromptOptions& o) {
  if (o.output_schema && !o.output_schema->empty()) TRACIA_TRY(json::check_object(*o.output_schema, "output_schema"));
  Writer w;
  w.begin_object();
  write_text(w, "name", o.name);
  write_text(w, "slug", o.slug);
  write_text(w, "description", o.description);
  write_text(w, "model", o.model);
  if (o.provider) write_text(w, "provider", ascii_upper(*o.provider));
  if (o.content) write_content(w, *o.content);
  w.field("temperature", o.temperature).field("topP", o.top_p).field("maxOutputTokens", o.max_output_tokens);
  if (o.stop_sequences) write_texts(w, "stopSequences", *o.stop_sequences);
  if (o.tools) w.field_raw("tools", span::tools_json(*o.tools));
  if (o.output_schema) w.field_raw("outputSchema", *o.output_schema);  // empty = null
  for (const std::string& name : o.clear) w.key(name).null();
  w.field("baseVersion", o.base_version).field_if("note", o.note);
  return w.end_object().take();
}

std::string run_body(const Variables& variables, const RunOptions& o, bool stream = false) {
  Writer w;
  w.begin_object();
  if (!variables.empty()) w.field_raw("variables", client::variables_json(variables));
  w.field_if("model", o.model).field("version", o.version).field_if("label", o.label);
  if (!o.tags.empty()) write_texts(w, "tags", o.tags);
  w.field_if("userId", o.user_id).field_if("sessionId", o.session_id);
  w.field_if("traceId", o.trace_id).field_if("parentSpanId", o.parent_span_id);
  if (!o.messages.empty()) w.field_raw("messages", span::messages_json(o.messages));
  if (stream) w.field("stream", true);
  return w.end_object().take();
}

Status require_slug(const std::string& slug) {
  if (trim(slug).empty()) return fail(Error::invalid("slug is required and cannot be empty"));
  return {};
}

}  // namespace

Result<std::vector<Prompt>> Prompts::list() const {
  const auto answer = call_api(*core_, {.method = "GET", .path = "/api/v1/prompts"});
  if (!answer) return fail(answer.error());
  std::vector<Prompt> out;
  for (const Value prompt : answer->root["prompts"].items()) out.push_back(read_prompt(prompt));
  return out;
}

Result<Prompt> Prompts::get(const std::string& slug) const {
  TRACIA_TRY(require_slug(slug));
  const auto answer = call_api(*core_, {.method = "GET", .path = prompt_path(slug)});
  if (!answer) return fail(answer.error());
  return read_prompt(answer->root);
}

Result<Prompt> Prompts::create(const CreatePromptOptions& options) const {
  auto body = create_body(options);
  if (!body) return fail(std::move(body).error());
  const auto answer = call_api(*core_, {.method = "POST", .path = "/api/v1/prompts", .body = std::move(*body)});
  if (!answer) return fail(answer.error());
  return read_prompt(answer->root);
}

Result<Prompt> Prompts::update(const std::string& slug, const UpdatePromptOptions& options) const {
  TRACIA_TRY(require_slug(slug));
  auto body = update_body(options);
  if (!body) return fail(std::move(body).error());
  const auto answer = call_api(*core_, {.method = "PUT", .path = prompt_path(slug), .body = std::move(*body)});
  if (!answer) return fail(answer.error());
  return read_prompt(answer->root);
}

Status Prompts::remove(const std::string& slug) const {
  TRACIA_TRY(require_slug(slug));
  const auto answer = call_api(*core_, {.method = "DELETE", .path = prompt_path(slug)});
  if (!answer) return fail(answer.error());
  return {};
}

Result<RunResult> Prompts::run(const std::string& slug, const Variables& variables, const RunOptions& options) const {
  TRACIA_TRY(require_slug(slug));
  const auto answer = call_api(*core_, {.method = "POST",
                                        .path = prompt_path(slug, "/run"),
                                        .body = run_body(variables, options),
                                        .timeout_ms = options.timeout_ms,
                                        .cancel = options.cancel});
  if (!answer) return fail(answer.error());
  return client::read_run(answer->root);
}

Result<PromptStream> Prompts::run_stream(const std::string& slug, const Variables& variables,
                                         const RunOptions& options) const {
  TRACIA_TRY(require_slug(slug));
  return PromptStream::State::start(core_,
                                    {.method = "POST",
                                     .path = prompt_path(slug, "/run"),
                                     .body = run_body(variables, options, true),
                                     .timeout_ms = options.timeout_ms,
                                     .cancel = options.cancel},
                                    {.trace_id = options.trace_id, .prompt_version = options.version.value_or(0)});
}

Result<RenderResult> Prompts::render(const std::string& slug, const Variables& variables,
                                     const RunOptions& options) const {
  TRACIA_TRY(require_slug(slug));
  const auto answer = call_api(*core_, {.method = "POST",
                                        .path = prompt_path(slug, "/render"),
                                        .body = run_body(variables, options),
                                        .timeout_ms = options.timeout_ms,
                                        .cancel = options.cancel});
  if (!answer) return fail(answer.error());
  auto messages = span::messages_from_json(answer->root["messages"]);
  if (!messages) return fail(std::move(messages).error());
  return RenderResult{.messages = std::move(*messages),
                      .prompt_version = answer->root["promptVersion"].integer().value_or(0)};
}

}  // namespace v0
}  // namespace tracia
