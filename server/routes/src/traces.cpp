// GET /api/v1/traces, /api/v1/traces/{traceId}, /api/v1/sessions, /api/v1/users.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "on_worker.h"
#include "request_json.h"
#include "span_json.h"
#include "span_requests.h"
#include "trace_tree.h"
#include "tracia/base/bytes.h"
#include "tracia/base/ids.h"
#include "tracia/routes/routes.h"

namespace tracia::routes {
namespace {

constexpr std::string_view kTracesTag = "traces:";
constexpr std::string_view kSessionsTag = "sessions:";
constexpr std::string_view kUsersTag = "users:";

// The first root's name; else what its prompt is called now (summaries name a prompt only when there is no name).
std::string trace_name(const store::TraceSummary& trace, const service::ControlCache& cache) {
  if (!trace.name.empty() || trace.prompt_id.empty()) return trace.name;
  const auto prompt = cache.prompt_by_id(trace.prompt_id);
  return prompt ? prompt->slug : std::string();
}

void write_trace_members(json::Writer& w, const store::TraceSummary& trace, const service::ControlCache& cache) {
  w.field("traceId", trace.trace_id);
  write_text_or_null(w, "name", trace_name(trace, cache));
  w.field("status", trace.status == span::SpanStatus::kSuccess ? "SUCCESS" : "ERROR");
  w.field("startTime", format_rfc3339_micros(trace.start));
  w.field("latencyMs", std::max(int64_t{0}, (trace.end.micros - trace.start.micros) / 1000));
  write_text_or_null(w, "userId", trace.user_id);
  write_text_or_null(w, "sessionId", trace.session_id);
  w.key("tags").begin_array();
  for (const std::string& tag : trace.tags) w.value(tag);
  w.end_array();
  write_totals_members(w, trace.totals);
}

Answer list_traces(service::Services& services, const ListRequest& request) {
  const auto page = services.spans->traces(request.project_id, request.filter, request.options);
  if (!page) return answer_error(page.error());
  json::Writer w;
  w.begin_object().key("traces").begin_array();
  for (const store::TraceSummary& trace : page->traces) {
    w.begin_object();
    write_trace_members(w, trace, *services.cache);
    w.end_object();
  }
  w.end_array();
  write_page(w, next_cursor(kTracesTag, page->next));
  w.end_object();
  return answer_json(200, w.take());
}

void open_trace_span(json::Writer& w, const store::StoredSpan& span, const service::ControlCache& cache) {
  w.begin_object();
  write_summary_members(w, span, cache);
  write_text_or_null(w, "error", span.span.error);
  w.key("children").begin_array();
}

// The roots and all below them.
void write_tree(json::Writer& w, const std::vector<store::StoredSpan>& spans, const service::ControlCache& cache) {
  const TraceTree tree = make_tree(spans);
  struct Level {
    const std::vector<size_t>* list;
    size_t next;
  };
  std::vector<Level> levels{{&tree.roots, 0}};
  w.begin_array();
  while (!levels.empty()) {
    Level& level = levels.back();
    if (level.next < level.list->size()) {
      const size_t span = (*level.list)[level.next++];
      open_trace_span(w, spans[span], cache);
      levels.push_back({&tree.children[span], 0});
      continue;
    }
    levels.pop_back();
    w.end_array();
    if (!levels.empty()) w.end_object();
  }
}

Answer get_trace(service::Services& services, const std::string& project, const std::string& trace_id) {
  const auto not_found = [&] {
    return answer_error({.code = ErrorCode::kNotFound,
                         .kind = ErrorKind::kNotFound,
                         .message = "Trace not found: " + std::string(utf8_prefix(trace_id, 128))});
  };
  if (!is_valid_trace_id(trace_id)) return not_found();
  auto spans = services.spans->trace(project, trace_id, kTraceSpansMax + 1);
  if (!spans) return answer_error(spans.error());
  if (spans->empty()) return not_found();
  return answer_json(200, trace_json(std::move(*spans), *services.cache));
}

void write_group_members(json::Writer& w, const store::Group& group) {
  w.field("firstSpanAt", format_rfc3339_millis(group.first)).field("lastSpanAt", format_rfc3339_millis(group.last));
  w.field("traceCount", group.trace_count);
  write_totals_members(w, group.totals);
}

Answer list_sessions(service::Services& services, const ListRequest& request) {
  const auto page =
      services.spans->groups(request.project_id, store::GroupBy::kSession, request.filter, request.options);
  if (!page) return answer_error(page.error());
  json::Writer w;
  w.begin_object().key("sessions").begin_array();
  for (const store::Group& group : page->groups) {
    w.begin_object().field("sessionId", group.key);
    write_text_or_null(w, "userId", group.user_id);
    write_group_members(w, group);
    w.end_object();
  }
  w.end_array();
  write_page(w, next_cursor(kSessionsTag, page->next));
  w.end_object();
  return answer_json(200, w.take());
}

Answer list_users(service::Services& services, const ListRequest& request) {
  const auto page = services.spans->groups(request.project_id, store::GroupBy::kUser, request.filter, request.options);
  if (!page) return answer_error(page.error());
  json::Writer w;
  w.begin_object().key("users").begin_array();
  for (const store::Group& group : page->groups) {
    w.begin_object().field("userId", group.key).field("sessionCount", group.session_count);
    write_group_members(w, group);
    w.end_object();
  }
  w.end_array();
  write_page(w, next_cursor(kUsersTag, page->next));
  w.end_object();
  return answer_json(200, w.take());
}

}  // namespace

std::string trace_json(std::vector<store::StoredSpan> spans, const service::ControlCache& cache) {
  const bool truncated = spans.size() > kTraceSpansMax;
  if (truncated) spans.resize(kTraceSpansMax);
  json::Writer w;
  w.begin_object();
  write_trace_members(w, store::summarise(spans), cache);
  w.key("spans");
  write_tree(w, spans, cache);
  w.field("truncated", truncated);
  w.end_object();
  return w.take();
}

void add_traces(http::Router& router, service::Services& services) {
  const auto add_list = [&](const char* pattern, FilterSet set, std::string_view tag, auto work) {
    router.add("GET", pattern, [&services, set, tag, work](const http::ExchangePtr& exchange) {
      on_list(services, exchange, set, tag,
              [&services, work](const ListRequest& request) { return work(services, request); });
    });
  };
  add_list("/api/v1/traces", FilterSet::kTraces, kTracesTag, list_traces);
  add_list("/api/v1/sessions", FilterSet::kSessions, kSessionsTag, list_sessions);
  add_list("/api/v1/users", FilterSet::kUsers, kUsersTag, list_users);
  router.add("GET", "/api/v1/traces/{traceId}", [&services](const http::ExchangePtr& exchange) {
    const auto who = admit(services, exchange);
    if (!who) return;
    on_worker(services, exchange,
              [&services, project = who->project_id, trace_id = std::string(exchange->parameter("traceId"))] {
                return get_trace(services, project, trace_id);
              });
  });
}

}  // namespace tracia::routes
