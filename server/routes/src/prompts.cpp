// /api/v1/prompts: prompts, their versions and labels, render. Everything is done on a worker: bodies may be large.
#include "tracia/service/prompts.h"

#include <algorithm>
#include <tuple>

#include "on_worker.h"
#include "prompt_json.h"
#include "request_json.h"
#include "tracia/prompt/template.h"
#include "tracia/routes/routes.h"
#include "tracia/service/audit.h"
#include "tracia/span/limits.h"

namespace tracia::routes {
namespace {

using service::Principal;
using service::PromptAt;
using service::PromptPtr;
using service::record_audit;
using service::Services;

constexpr size_t kUnpagedMax = 1000;    // prompts of a list without a limit
constexpr size_t kShownVersions = 100;  // of one prompt
constexpr std::string_view kPromptCursor = "p", kVersionCursor = "v";

Result<int64_t> version_parameter(const http::Exchange& exchange) {
  const auto version = parse_integer(exchange.parameter("version"));
  if (version && *version >= 1) return *version;
  return fail(Error::invalid("version must be a whole number of at least 1"));
}

Result<Answer> answer_prompt(Services& services, int status, const PromptAt& at) {
  const auto versions = services.prompts->versions(at.prompt, 0, kShownVersions);
  if (!versions) return fail(versions.error());
  return answer_json(status, prompt_json(at, *versions));
}

// A change's answer; a stale one is told what the newest version is.
Result<Answer> answer_change(Services& services, const Result<PromptAt>& changed,
                             const std::optional<PromptAt>& conflict) {
  if (changed) return answer_prompt(services, 200, *changed);
  if (!conflict) return fail(changed.error());
  json::Writer w;
  w.begin_object().field("currentVersion", conflict->prompt->current_version).key("current");
  write_version(w, *conflict->prompt, *conflict->version);
  w.end_object();
  const std::string object = w.take();
  return answer_error(changed.error(), object.substr(1, object.size() - 2));
}

// For the audit log: which version a prompt is at now.
std::string version_detail(const PromptAt& at) {
  json::Writer w;
  return w.begin_object().field("version", at.prompt->current_version).end_object().take();
}

Answer answer_success() { return answer_json(200, R"({"success":true})"); }

// --- the list --------------------------------------------------------------------------------------------------------

// Most recently updated first; ids settle ties.
bool goes_before(const PromptPtr& a, const PromptPtr& b) {
  return std::tie(a->updated, a->id) > std::tie(b->updated, b->id);
}

// A position in the list: "<updated µs>.<id>".
std::string position_of(const prompt::Prompt& prompt) {
  return std::to_string(prompt.updated.micros) + "." + prompt.id;
}

// Drops what is at or before the position.
Status skip_to(std::string_view position, std::vector<PromptPtr>& prompts) {
  const size_t dot = position.find('.');
  const auto micros = parse_integer(position.substr(0, dot));
  if (dot == std::string_view::npos || !micros) return fail(Error::invalid("cursor is not one that this list made"));
  auto last = std::make_shared<prompt::Prompt>();
  last->updated.micros = *micros;
  last->id = position.substr(dot + 1);
  const auto next = std::upper_bound(prompts.begin(), prompts.end(), PromptPtr(last), goes_before);
  prompts.erase(prompts.begin(), next);
  return {};
}

Result<Answer> list_prompts(Services& services, const Principal& who, const http::Exchange& exchange) {
  const auto limit = query_limit(exchange);
  if (!limit) return fail(limit.error());
  const auto cursor = query_cursor(exchange, kPromptCursor);
  if (!cursor) return fail(cursor.error());
  std::vector<PromptPtr> prompts = services.cache->prompts_of(who.project_id);
  std::sort(prompts.begin(), prompts.end(), goes_before);
  if (*cursor) TRACIA_TRY(skip_to(**cursor, prompts));
  const size_t count = std::min(prompts.size(), limit->value_or(kUnpagedMax));
  json::Writer w;
  w.begin_object().key("prompts").begin_array();
  for (size_t i = 0; i < count; ++i) {
    const auto newest = services.cache->load_version(prompts[i]->id, prompts[i]->current_version);
    if (!newest && newest.error().code == ErrorCode::kNotFound) continue;  // deleted meanwhile
    if (!newest) return fail(newest.error());
    write_prompt_summary(w, *prompts[i], **newest);
  }
  w.end_array();
  write_page(w, count < prompts.size() ? make_cursor(kPromptCursor, position_of(*prompts[count - 1])) : "");
  w.end_object();
  return answer_json(200, w.take());
}

// --- one prompt ------------------------------------------------------------------------------------------------------

Result<Answer> create_prompt(Services& services, const Principal& who, const http::Exchange& exchange) {
  const auto body = read_object(exchange.request.body);
  if (!body) return fail(body.error());
  auto draft = prompt::read_draft(body->value);
  if (!draft) return fail(std::move(draft).error());
  const auto made = services.prompts->create(who.project_id, std::move(*draft), who.name);
  if (!made) return fail(made.error());
  record_audit(services, exchange, who, "prompt.create", made->prompt->slug, version_detail(*made));
  return answer_prompt(services, 201, *made);
}

Result<Answer> get_prompt(Services& services, const Principal& who, const http::Exchange& exchange) {
  const auto at = services.prompts->get(who.project_id, exchange.parameter("slug"));
  if (!at) return fail(at.error());
  return answer_prompt(services, 200, *at);
}

Result<Answer> update_prompt(Services& services, const Principal& who, const http::Exchange& exchange) {
  const auto body = read_object(exchange.request.body);
  if (!body) return fail(body.error());
  const auto edit = prompt::read_edit(body->value);
  if (!edit) return fail(edit.error());
  std::optional<PromptAt> conflict;
  const auto changed = services.prompts->update(who.project_id, exchange.parameter("slug"), *edit, who.name, conflict);
  if (changed) record_audit(services, exchange, who, "prompt.update", changed->prompt->slug, version_detail(*changed));
  return answer_change(services, changed, conflict);
}

Result<Answer> delete_prompt(Services& services, const Principal& who, const http::Exchange& exchange) {
  TRACIA_TRY(services.prompts->remove(who.project_id, exchange.parameter("slug")));
  record_audit(services, exchange, who, "prompt.delete", exchange.parameter("slug"));
  return answer_success();
}

// --- versions and labels ---------------------------------------------------------------------------------------------

Result<Answer> list_versions(Services& services, const Principal& who, const http::Exchange& exchange) {
  const auto limit = query_limit(exchange);
  if (!limit) return fail(limit.error());
  const auto cursor = query_cursor(exchange, kVersionCursor);
  if (!cursor) return fail(cursor.error());
  const auto before = *cursor ? parse_integer(**cursor) : 0;
  if (!before || *before < 0) return fail(Error::invalid("cursor is not one that this list made"));
  const auto at = services.prompts->get(who.project_id, exchange.parameter("slug"));
  if (!at) return fail(at.error());
  const auto versions = services.prompts->versions(at->prompt, *before, limit->value_or(kPageDefault));
  if (!versions) return fail(versions.error());
  json::Writer w;
  w.begin_object().key("versions").begin_array();
  for (const service::VersionPtr& version : *versions) write_version(w, *at->prompt, *version);
  w.end_array();
  const int64_t last = versions->empty() ? 1 : versions->back()->number;
  write_page(w, last > 1 ? make_cursor(kVersionCursor, std::to_string(last)) : "");
  w.end_object();
  return answer_json(200, w.take());
}

Result<Answer> get_version(Services& services, const Principal& who, const http::Exchange& exchange) {
  const auto number = version_parameter(exchange);
  if (!number) return fail(number.error());
  const auto at = services.prompts->at(who.project_id, exchange.parameter("slug"), *number, "");
  if (!at) return fail(at.error());
  json::Writer w;
  write_version(w, *at->prompt, *at->version);
  return answer_json(200, w.take());
}

// The version that a run would use.
Result<Answer> get_chosen_version(Services& services, const Principal& who, const http::Exchange& exchange) {
  const std::string label = exchange.query("label").value_or("");
  if (!label.empty()) TRACIA_TRY(check_label(label));
  const auto at = services.prompts->at(who.project_id, exchange.parameter("slug"), std::nullopt, label);
  if (!at) return fail(at.error());
  json::Writer w;
  write_version(w, *at->prompt, *at->version);
  return answer_json(200, w.take());
}

Result<Answer> restore_version(Services& services, const Principal& who, const http::Exchange& exchange) {
  const auto number = version_parameter(exchange);
  if (!number) return fail(number.error());
  const auto body = read_optional_object(exchange.request.body);
  if (!body) return fail(body.error());
  const auto options = prompt::read_restore(body->value);
  if (!options) return fail(options.error());
  std::optional<PromptAt> conflict;
  const auto changed = services.prompts->restore(who.project_id, exchange.parameter("slug"), *number, options->note,
                                                 options->base_version, who.name, conflict);
  if (changed) record_audit(services, exchange, who, "prompt.restore", changed->prompt->slug, version_detail(*changed));
  return answer_change(services, changed, conflict);
}

Result<Answer> set_label(Services& services, const Principal& who, const http::Exchange& exchange) {
  const auto body = read_object(exchange.request.body);
  if (!body) return fail(body.error());
  const auto version = read_version(body->value, "version");
  if (!version) return fail(version.error());
  if (!*version) return fail(Error::invalid("Missing required field: version"));
  const std::string_view label = exchange.parameter("label");
  const auto moved = services.prompts->set_label(who.project_id, exchange.parameter("slug"), label, **version);
  if (!moved) return fail(moved.error());
  json::Writer w;
  w.begin_object().field("label", label).field("version", **version).key("previousVersion");
  if (moved->previous) {
    w.value(*moved->previous);
  } else {
    w.null();
  }
  w.field("updatedAt", format_rfc3339_millis(moved->prompt->updated)).end_object();
  record_audit(services, exchange, who, "label.move", moved->prompt->slug, w.str());
  return answer_json(200, w.take());
}

Result<Answer> delete_label(Services& services, const Principal& who, const http::Exchange& exchange) {
  const std::string_view label = exchange.parameter("label");
  TRACIA_TRY(services.prompts->remove_label(who.project_id, exchange.parameter("slug"), label));
  json::Writer w;
  w.begin_object().field("label", label).end_object();
  record_audit(services, exchange, who, "label.delete", exchange.parameter("slug"), w.str());
  return answer_success();
}

// --- render ----------------------------------------------------------------------------------------------------------

std::string missing_variables(const std::vector<llm::Message>& messages, const prompt::Variables& variables) {
  json::Writer w;
  w.begin_array();
  for (const std::string& name : prompt::variable_names(messages)) {
    if (!variables.contains(name)) w.value(name);
  }
  w.end_array();
  return "\"missingVariables\":" + w.take();
}

// Whom an experiment assigns. None of the three: a look at the prompt, which must show the same every time.
Result<std::string> read_unit(const json::Value& body) {
  std::string user, session, trace;
  TRACIA_TRY(read_text(body, "userId", span::limits::kUserIdCharsMax, user));
  TRACIA_TRY(read_text(body, "sessionId", span::limits::kSessionIdCharsMax, session));
  TRACIA_TRY(read_trace_id(body, trace));
  return std::string(prompt::unit_of(user, session, trace));
}

Result<Answer> render_prompt(Services& services, const Principal& who, const http::Exchange& exchange) {
  const auto body = read_optional_object(exchange.request.body);
  if (!body) return fail(body.error());
  const auto version = read_version(body->value, "version");
  if (!version) return fail(version.error());
  const auto label = read_label(body->value);
  if (!label) return fail(label.error());
  const auto list = read_variables(body->value);
  if (!list) return fail(list.error());
  const auto unit = read_unit(body->value);
  if (!unit) return fail(unit.error());
  const auto at = services.prompts->at(who.project_id, exchange.parameter("slug"), *version, *label, *unit);
  if (!at) return fail(at.error());
  auto messages = prompt::template_messages(at->version->content);
  if (!messages) return fail(std::move(messages).error());
  const prompt::Variables variables(list->begin(), list->end());
  const auto rendered = prompt::render_strict(*messages, variables);
  if (rendered) return answer_json(200, rendered_json(*at, *rendered));
  if (rendered.error().code != ErrorCode::kMissingVariables) return fail(rendered.error());
  return answer_error(rendered.error(), missing_variables(*messages, variables));
}

}  // namespace

void add_prompts(http::Router& router, Services& services) {
  const std::string all = "/api/v1/prompts", one = all + "/{slug}";
  add_on_worker(router, services, "GET", all, list_prompts);
  add_on_worker(router, services, "POST", all, create_prompt);
  add_on_worker(router, services, "GET", one, get_prompt);
  add_on_worker(router, services, "PUT", one, update_prompt);
  add_on_worker(router, services, "DELETE", one, delete_prompt);
  add_on_worker(router, services, "POST", one + "/render", render_prompt);
  add_on_worker(router, services, "GET", one + "/versions", list_versions);
  add_on_worker(router, services, "GET", one + "/version", get_chosen_version);
  add_on_worker(router, services, "GET", one + "/versions/{version}", get_version);
  add_on_worker(router, services, "POST", one + "/versions/{version}/restore", restore_version);
  add_on_worker(router, services, "PUT", one + "/labels/{label}", set_label);
  add_on_worker(router, services, "DELETE", one + "/labels/{label}", delete_label);
}

}  // namespace tracia::routes
