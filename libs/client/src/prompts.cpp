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
#include "tracia/prompt/prompt.h"
#include "tracia/wire/http.h"

namespace tracia {
inline namespace v0 {
namespace {

using client::call_api;
using client::prompt_path;
using client::read_prompt;
using client::write_texts;
using json::Value;
using json::Writer;

constexpr size_t kEchoedBytesMax = 80;

Status check_content(const std::vector<PromptMessage>& content) {
  size_t i = 0;
  for (const PromptMessage& message : content) {
    const std::string place = "content[" + std::to_string(i++) + "].role";
    if (llm::role_from_name(message.role)) continue;
    return fail(Error::invalid(place + " must be one of system, developer, user, assistant, tool, and not '" +
                               std::string(utf8_prefix(message.role, kEchoedBytesMax)) + "'"));
  }
  return {};
}

void write_content(Writer& w, const std::vector<PromptMessage>& content) {
  w.key("content").begin_array();
  for (const PromptMessage& message : content) client::write_prompt_message(w, message);
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
  TRACIA_TRY(check_content(o.content));
  Writer w;
  w.begin_object().field("name", o.name);
  write_content(w, o.content);
  w.field_if("slug", o.slug).field_if("description", o.description).field_if("model", o.model);
  if (!o.provider.empty()) w.field("provider", ascii_upper(o.provider));
  w.field("temperature", o.temperature).field("topP", o.top_p).field("maxOutputTokens", o.max_output_tokens);
  if (!o.stop_sequences.empty()) write_texts(w, "stopSequences", o.stop_sequences);
  if (!o.tools.empty()) w.field_raw("tools", span::tools_json(o.tools));
  client::write_tool_choice(w, o.tool_choice);
  if (!o.output_schema.empty()) w.field_raw("outputSchema", o.output_schema);
  w.field_if("note", o.note);
  return w.end_object().take();
}

Result<std::string> update_body(const UpdatePromptOptions& o) {
  if (o.output_schema && !o.output_schema->empty()) TRACIA_TRY(json::check_object(*o.output_schema, "output_schema"));
  if (o.content) TRACIA_TRY(check_content(*o.content));
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
  client::write_tool_choice(w, o.tool_choice);
  if (o.output_schema) w.field_raw("outputSchema", *o.output_schema);  // empty = null
  write_text(w, "defaultLabel", o.default_label);
  for (const std::string& name : o.clear) w.key(name).null();
  w.field("baseVersion", o.base_version).field_if("note", o.note);
  return w.end_object().take();
}

std::string run_body(const Variables& variables, const RunOptions& o, bool stream = false) {
  Writer w;
  w.begin_object();
  if (!variables.empty()) w.field_raw("variables", client::variables_json(variables));
  if (!o.provider.empty()) w.field("provider", ascii_upper(o.provider));
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

Status require_label(const std::string& label) {
  if (prompt::is_valid_label(label)) return {};
  return fail(Error::invalid("label must be lower-case letters, digits, '-' and '_'; at most 64 characters"));
}

Status require_version(const std::string& slug, int64_t version) {
  TRACIA_TRY(require_slug(slug));
  if (version < 1) return fail(Error::invalid("version must be at least 1"));
  return {};
}

// Appends what `read` makes of each member of a list.
template <typename T, typename Read>
Status append_all(const Value& list, std::vector<T>& out, Read read) {
  for (const Value item : list.items()) {
    auto value = read(item);
    if (!value) return fail(std::move(value).error());
    out.push_back(std::move(*value));
  }
  return {};
}

std::string label_path(const std::string& slug, const std::string& label) {
  return prompt_path(slug, "/labels/" + wire::percent_encode(label));
}

std::string version_path(const std::string& slug, int64_t version, std::string_view tail = "") {
  return prompt_path(slug, "/versions/" + std::to_string(version) + std::string(tail));
}

}  // namespace

Result<std::vector<Prompt>> Prompts::list() const {
  std::vector<Prompt> out;
  TRACIA_TRY(client::each_page(*core_, "/api/v1/prompts",
                               [&](const Value& page) { return append_all(page["prompts"], out, read_prompt); }));
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

Result<std::vector<PromptVersion>> Prompts::versions(const std::string& slug) const {
  TRACIA_TRY(require_slug(slug));
  std::vector<PromptVersion> out;
  TRACIA_TRY(client::each_page(*core_, prompt_path(slug, "/versions"), [&](const Value& page) {
    return append_all(page["versions"], out, client::read_version);
  }));
  return out;
}

Result<PromptVersion> Prompts::get_version(const std::string& slug, int64_t version) const {
  TRACIA_TRY(require_version(slug, version));
  const auto answer = call_api(*core_, {.path = version_path(slug, version)});
  if (!answer) return fail(answer.error());
  return client::read_version(answer->root);
}

Result<Prompt> Prompts::restore(const std::string& slug, int64_t version, const RestoreOptions& options) const {
  TRACIA_TRY(require_version(slug, version));
  Writer w;
  w.begin_object().field_if("note", options.note).field("baseVersion", options.base_version).end_object();
  const auto answer =
      call_api(*core_, {.method = "POST", .path = version_path(slug, version, "/restore"), .body = w.take()});
  if (!answer) return fail(answer.error());
  return read_prompt(answer->root);
}

Result<PromptLabel> Prompts::set_label(const std::string& slug, const std::string& label, int64_t version) const {
  TRACIA_TRY(require_version(slug, version));
  TRACIA_TRY(require_label(label));
  Writer w;
  w.begin_object().field("version", version).end_object();
  const auto answer = call_api(*core_, {.method = "PUT", .path = label_path(slug, label), .body = w.take()});
  if (!answer) return fail(answer.error());
  const Value& v = answer->root;
  return PromptLabel{.label = v["label"].text(),
                     .version = v["version"].integer().value_or(0),
                     .previous_version = v["previousVersion"].integer(),
                     .updated_at = v["updatedAt"].text()};
}

Status Prompts::delete_label(const std::string& slug, const std::string& label) const {
  TRACIA_TRY(require_slug(slug));
  TRACIA_TRY(require_label(label));
  const auto answer = call_api(*core_, {.method = "DELETE", .path = label_path(slug, label)});
  if (!answer) return fail(answer.error());
  return {};
}

}  // namespace v0
}  // namespace tracia
