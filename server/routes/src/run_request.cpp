#include "run_request.h"

#include "request_json.h"
#include "tracia/base/bytes.h"
#include "tracia/base/ids.h"
#include "tracia/prompt/prompt.h"
#include "tracia/span/limits.h"
#include "tracia/span/messages.h"

namespace tracia::routes {
namespace {

using service::RunRequest;

constexpr size_t kMessagesMax = 2000;
constexpr int64_t kTimeoutMsMax = 600'000;

Error must(std::string_view name, std::string_view what) {
  return Error::invalid(std::string(name).append(" must ").append(what));
}

// The member; missing when null.
json::Value member(const json::Value& body, std::string_view name) {
  const json::Value value = body[name];
  return value.is_null() ? json::Value() : value;
}

Status read_integer(const json::Value& body, std::string_view name, int64_t max, std::optional<int64_t>& out) {
  const json::Value value = member(body, name);
  if (!value) return {};
  out = value.integer();
  if (out && *out >= 1 && *out <= max) return {};
  return fail(must(name, "be a whole number from 1 to " + std::to_string(max)));
}

Status read_tags(const json::Value& body, std::vector<std::string>& out) {
  const json::Value list = member(body, "tags");
  if (!list) return {};
  if (!list.is_array() || list.size() > span::limits::kTagsMax) {
    return fail(must("tags", "be an array of at most " + std::to_string(span::limits::kTagsMax) + " strings"));
  }
  for (const json::Value item : list.items()) {
    const auto tag = item.string();
    if (!tag || tag->empty() || count_chars(*tag) > span::limits::kTagCharsMax) {
      return fail(must("tags[" + std::to_string(out.size()) + "]",
                       "be a string of 1 to " + std::to_string(span::limits::kTagCharsMax) + " characters"));
    }
    out.emplace_back(*tag);
  }
  return {};
}

Status read_ids(const json::Value& body, RunRequest& out) {
  TRACIA_TRY(read_trace_id(body, out.trace_id));
  const json::Value parent = member(body, "parentSpanId");
  if (parent && !is_valid_span_id(parent.string_or(""))) {
    return fail(must("parentSpanId", "be sp_ and 16 hexadecimal digits"));
  }
  out.parent_span_id = parent.text();
  return {};
}

Status read_messages(const json::Value& body, RunRequest& out) {
  const json::Value list = member(body, "messages");
  if (!list) return {};
  if (!list.is_array() || list.size() == 0 || list.size() > kMessagesMax) {
    return fail(must("messages", "be an array of 1 to " + std::to_string(kMessagesMax) + " messages"));
  }
  auto messages = span::messages_from_json(list);
  if (!messages) return fail(std::move(messages).error());
  out.messages = std::move(*messages);
  return {};
}

// What every run takes: RunOptions.
Status read_options(const json::Value& body, RunRequest& out) {
  auto variables = read_variables(body);
  if (!variables) return fail(std::move(variables).error());
  out.variables = std::move(*variables);
  if (!out.variables.empty()) out.variables_json = body["variables"].to_json();
  TRACIA_TRY(read_messages(body, out));
  TRACIA_TRY(read_tags(body, out.tags));
  TRACIA_TRY(read_text(body, "userId", span::limits::kUserIdCharsMax, out.user_id));
  TRACIA_TRY(read_text(body, "sessionId", span::limits::kSessionIdCharsMax, out.session_id));
  TRACIA_TRY(read_ids(body, out));
  const json::Value stream = member(body, "stream");
  if (stream && !stream.boolean()) return fail(must("stream", "be true or false"));
  out.stream = stream.boolean_or(false);
  std::optional<int64_t> timeout;
  TRACIA_TRY(read_integer(body, "timeoutMs", kTimeoutMsMax, timeout));
  if (timeout) out.timeout_ms = *timeout;
  return {};
}

}  // namespace

Result<RunRequest> read_prompt_run(std::string_view text, VersionChoice& choice) {
  const auto read = read_optional_object(text);
  if (!read) return fail(read.error());
  const json::Value& body = read->value;
  RunRequest request;
  TRACIA_TRY(read_options(body, request));
  const auto version = read_version(body, "version");
  if (!version) return fail(version.error());
  choice.version = *version;
  auto label = read_label(body);
  if (!label) return fail(std::move(label).error());
  choice.label = std::move(*label);
  TRACIA_TRY(read_text(body, "model", span::limits::kModelCharsMax, request.model));
  TRACIA_TRY(read_text(body, "provider", span::limits::kProviderCharsMax, request.provider));
  return request;
}

Result<RunRequest> read_unsaved_run(std::string_view text) {
  const auto read = read_object(text);
  if (!read) return fail(read.error());
  const json::Value& body = read->value;
  if (!member(body, "model")) return fail(Error::invalid("Missing required field: model"));
  if (!member(body, "content") && !member(body, "messages")) {
    return fail(Error::invalid("Missing required field: content (or messages)"));
  }
  RunRequest request;
  TRACIA_TRY(read_options(body, request));
  auto content = prompt::read_content(body);
  if (!content) return fail(std::move(content).error());
  request.content = std::move(*content);
  TRACIA_TRY(read_text(body, "promptSlug", span::limits::kSlugCharsMax, request.prompt_slug));
  if (!request.prompt_slug.empty() && !prompt::is_valid_slug(request.prompt_slug)) {
    return fail(must("promptSlug", "be a prompt's slug"));
  }
  return request;
}

}  // namespace tracia::routes
