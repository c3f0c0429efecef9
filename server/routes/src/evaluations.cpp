// GET and POST /api/v1/spans/{spanId}/evaluations, PUT and DELETE /api/v1/spans/{spanId}/evaluations/{evaluationId}.
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "on_worker.h"
#include "request_json.h"
#include "span_json.h"
#include "span_requests.h"
#include "tracia/base/bytes.h"
#include "tracia/routes/routes.h"
#include "tracia/service/evaluators.h"
#include "tracia/service/experiments.h"
#include "tracia/service/policies.h"

namespace tracia::routes {
namespace {

constexpr std::string_view kCursorTag = "evaluations:";
constexpr size_t kBodyBytesMax = 64u << 10;
constexpr size_t kNoteCharsMax = 4000;
constexpr size_t kEchoedBytesMax = 64;  // of a key or an id that nobody knows

// What a request says of an evaluation; members that it does not have are nullopt.
struct Draft {
  std::optional<store::Evaluator> evaluator;
  std::optional<service::SentValue> value;
  std::optional<std::optional<std::string>> note;  // null clears
};

Result<std::optional<std::string>> read_note(const json::Value& note) {
  if (note.is_null()) return std::optional<std::string>();
  const auto text = note.string();
  if (!text) return fail(Error::invalid("note must be a string"));
  if (count_chars(*text) > kNoteCharsMax) {
    return fail(Error::invalid("note must have at most " + std::to_string(kNoteCharsMax) + " characters"));
  }
  return std::optional<std::string>(*text);
}

Result<store::Evaluator> read_evaluator(const service::Services& services, const std::string& project,
                                        const json::Value& key) {
  const auto text = key.string();
  if (!text) return fail(Error::invalid("evaluatorKey must be a string"));
  auto evaluator = services.evaluators->find(project, *text);
  if (evaluator) return std::move(*evaluator);
  std::string known;
  for (const store::Evaluator& one : services.evaluators->list(project)) known += (known.empty() ? "" : ", ") + one.key;
  return fail(Error::invalid("evaluatorKey names no evaluator: " + std::string(utf8_prefix(*text, kEchoedBytesMax)) +
                             ". Known evaluators: " + known + "."));
}

// Which of these an evaluator takes, service::rate() says.
Result<service::SentValue> read_value_sent(const json::Value& value) {
  if (const auto number = value.number()) return service::SentValue(*number);
  if (const auto truth = value.boolean()) return service::SentValue(*truth);
  if (const auto text = value.string()) return service::SentValue(std::string(*text));
  return fail(Error::invalid("Invalid evaluation value. Must be a number."));
}

Result<Draft> read_draft(const service::Services& services, const std::string& project, std::string_view body) {
  const auto object = read_object(body);
  if (!object) return fail(object.error());
  Draft draft;
  if (const json::Value key = object->value["evaluatorKey"]; !key.is_missing_or_null()) {
    auto evaluator = read_evaluator(services, project, key);
    if (!evaluator) return fail(std::move(evaluator).error());
    draft.evaluator = std::move(*evaluator);
  }
  if (const json::Value value = object->value["value"]) {
    auto sent = read_value_sent(value);
    if (!sent) return fail(std::move(sent).error());
    draft.value = std::move(*sent);
  }
  if (const json::Value note = object->value["note"]) {
    auto text = read_note(note);
    if (!text) return fail(std::move(text).error());
    const auto masker = services.policies->masker(project);
    draft.note = masker && *text ? std::optional(masker->text(**text)) : std::move(*text);
  }
  return draft;
}

Result<Draft> read_new(const service::Services& services, const std::string& project, std::string_view body) {
  auto draft = read_draft(services, project, body);
  if (!draft) return draft;
  if (!draft->evaluator) return fail(Error::invalid("Missing required field: evaluatorKey"));
  if (!draft->value) return fail(Error::invalid("Missing required field: value"));
  return draft;
}

// Where an evaluation comes from: a person at the dashboard, one of the client libraries, or anything else with a key.
std::string source_of(const service::Principal& who, const http::Request& request) {
  if (who.is_member()) return "dashboard";
  const std::string_view agent = request.headers.get_or("User-Agent", "");
  for (const std::string_view ours : {"tracia-sdk", "tracia-cpp", "tracia-python"}) {
    if (agent.substr(0, ours.size()) == ours) return "sdk";
  }
  return "api";
}

Answer create_evaluation(service::Services& services, const http::Exchange& exchange, const service::Principal& who,
                         const SpanAddress& address) {
  auto draft = read_new(services, who.project_id, exchange.request.body);
  if (!draft) return answer_error(draft.error());
  const auto rating = service::rate(*draft->evaluator, *draft->value);
  if (!rating) return answer_error(rating.error());
  const auto span = find_span(services, who.project_id, address);
  if (!span) return answer_error(span.error());
  const store::Evaluation evaluation{.id = store::new_id("evl"),
                                     .project_id = who.project_id,
                                     .span_id = address.span_id,
                                     .trace_id = span->span.trace_id,
                                     .evaluator_key = draft->evaluator->key,
                                     .value = rating->value,
                                     .source = source_of(who, exchange.request),
                                     .note = draft->note.value_or(std::nullopt),
                                     .created = services.clock->now(),
                                     .category = rating->category};
  const Status put = services.control->put_evaluation(evaluation);
  if (services.experiments) services.experiments->evaluated(*span);
  return put ? answer_json(201, evaluation_json(evaluation, *services.cache)) : answer_error(put.error());
}

Answer list_evaluations(service::Services& services, const http::Exchange& exchange, const std::string& project,
                        const SpanAddress& address) {
  const auto limit = query_limit(exchange);
  if (!limit) return answer_error(limit.error());
  const auto cursor = query_cursor(exchange, kCursorTag);
  if (!cursor) return answer_error(cursor.error());
  const auto span = find_span(services, project, address);
  if (!span) return answer_error(span.error());
  const size_t count = limit->value_or(kPageDefault);
  auto page = services.control->evaluations(project, address.span_id, span->span.trace_id, cursor->value_or(""),
                                            count + 1);  // one more tells whether there is a next page
  if (!page) return answer_error(page.error());
  const bool more = page->size() > count;
  if (more) page->resize(count);
  json::Writer w;
  w.begin_object().key("evaluations").begin_array();
  for (const store::Evaluation& evaluation : *page) write_evaluation(w, evaluation, *services.cache);
  w.end_array();
  write_page(w, more ? make_cursor(kCursorTag, page->back().id) : "");
  w.end_object();
  return answer_json(200, w.take());
}

Error evaluation_not_found(std::string_view id) {
  return {.code = ErrorCode::kNotFound,
          .kind = ErrorKind::kNotFound,
          .message = "Evaluation not found: " + std::string(utf8_prefix(id, kEchoedBytesMax))};
}

// The evaluation that the path names: of that span, in that trace when one is given.
Result<store::Evaluation> find_evaluation(service::Services& services, const http::Exchange& exchange,
                                          const std::string& project, const SpanAddress& address) {
  const std::string_view id = exchange.parameter("evaluationId");
  auto evaluation = services.control->evaluation(project, id);
  if (!evaluation) return fail(std::move(evaluation).error());
  const bool found = *evaluation && (*evaluation)->span_id == address.span_id &&
                     (address.trace_id.empty() || (*evaluation)->trace_id == address.trace_id);
  if (!found) return fail(evaluation_not_found(id));
  return std::move(**evaluation);
}

Answer update_evaluation(service::Services& services, const http::Exchange& exchange, const std::string& project,
                         const SpanAddress& address) {
  auto draft = read_draft(services, project, exchange.request.body);
  if (!draft) return answer_error(draft.error());
  auto evaluation = find_evaluation(services, exchange, project, address);
  if (!evaluation) return answer_error(evaluation.error());
  if (draft->value) {
    // One whose evaluator is gone takes any number.
    const auto evaluator = services.evaluators->find(project, evaluation->evaluator_key);
    auto rating = service::rate(evaluator.value_or(store::Evaluator()), *draft->value);
    if (!rating) return answer_error(rating.error());
    evaluation->value = rating->value;
    evaluation->category = std::move(rating->category);
  }
  if (draft->note) evaluation->note = std::move(*draft->note);
  const Status put = services.control->put_evaluation(*evaluation);
  if (services.experiments) services.experiments->evaluated(project);
  return put ? answer_json(200, evaluation_json(*evaluation, *services.cache)) : answer_error(put.error());
}

Answer delete_evaluation(service::Services& services, const http::Exchange& exchange, const std::string& project,
                         const SpanAddress& address) {
  const auto evaluation = find_evaluation(services, exchange, project, address);
  if (!evaluation) return answer_error(evaluation.error());
  const auto removed = services.control->remove_evaluation(project, evaluation->id);
  if (services.experiments) services.experiments->evaluated(project);
  if (!removed) return answer_error(removed.error());
  return *removed ? answer_json(200, R"({"success":true})") : answer_error(evaluation_not_found(evaluation->id));
}

}  // namespace

void add_evaluations(http::Router& router, service::Services& services) {
  constexpr const char* kAll = "/api/v1/spans/{spanId}/evaluations";
  constexpr const char* kOne = "/api/v1/spans/{spanId}/evaluations/{evaluationId}";
  router.add("GET", kAll, [&services](const http::ExchangePtr& exchange) {
    on_span(services, exchange, [&services, exchange](const auto& who, const auto& address) {
      return list_evaluations(services, *exchange, who.project_id, address);
    });
  });
  const auto write = [&](const char* method, const char* pattern, auto work) {
    router.add(
        method, pattern,
        [&services, work](const http::ExchangePtr& exchange) {
          on_span(services, exchange, [&services, exchange, work](const auto& who, const auto& address) {
            return work(services, *exchange, who, address);
          });
        },
        kBodyBytesMax);
  };
  write("POST", kAll, create_evaluation);
  write("PUT", kOne, [](service::Services& all, const http::Exchange& exchange, const auto& who, const auto& address) {
    return update_evaluation(all, exchange, who.project_id, address);
  });
  write("DELETE", kOne,
        [](service::Services& all, const http::Exchange& exchange, const auto& who, const auto& address) {
          return delete_evaluation(all, exchange, who.project_id, address);
        });
}

}  // namespace tracia::routes
