// GET /api/v1/analytics: measures of spans by time bucket and group.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "analytics_answer.h"
#include "on_worker.h"
#include "request_json.h"
#include "span_requests.h"
#include "tracia/base/bytes.h"
#include "tracia/routes/routes.h"

namespace tracia::routes {
namespace {

constexpr int64_t kGroupsDefault = 100;
constexpr int64_t kGroupsMax = 1000;
constexpr int64_t kBucketsMax = 2000;  // more than a screen has points
constexpr int64_t kOffsetMinutesMax = 24 * 60 - 1;
constexpr int64_t kDefaultRangeUs = 30ll * 24 * 3'600'000'000;
constexpr size_t kListCharsMax = 200;
constexpr size_t kEchoedBytesMax = 64;
// The newest ones of the time asked for: each costs a look at its span.
constexpr size_t kEvaluationsMax = 10'000;

struct AnalyticsRequest {
  std::string project_id;
  store::AnalyticsQuery query;
  MeasureSet measures;
  bool csv = false;
};

// The words of a parameter, separated by commas; empty when absent.
Result<std::vector<std::string>> read_words(const http::Exchange& exchange, std::string_view name) {
  const auto text = query_text(exchange, name, kListCharsMax);
  if (!text) return fail(text.error());
  std::vector<std::string> words;
  if (!*text) return words;
  std::string_view rest = **text;
  while (true) {
    const size_t comma = rest.find(',');
    words.emplace_back(rest.substr(0, comma));
    if (comma == std::string_view::npos) return words;
    rest.remove_prefix(comma + 1);
  }
}

Error unknown_word(std::string_view parameter, std::string_view word, const std::vector<std::string_view>& known) {
  std::string message =
      std::string(parameter) + " has no " + std::string(utf8_prefix(word, kEchoedBytesMax)) + ". Known: ";
  for (size_t i = 0; i < known.size(); ++i) message.append(i == 0 ? "" : ", ").append(known[i]);
  return Error::invalid(message);
}

Status read_groups(const http::Exchange& exchange, std::vector<store::Dimension>& group_by) {
  const auto words = read_words(exchange, "groupBy");
  if (!words) return fail(words.error());
  for (const std::string& word : *words) {
    const auto& names = dimension_names();
    const auto known = std::find_if(names.begin(), names.end(), [&](const auto& one) { return one.name == word; });
    if (known == names.end()) {
      std::vector<std::string_view> all;
      all.reserve(names.size());
      for (const DimensionName& one : names) all.push_back(one.name);
      return fail(unknown_word("groupBy", word, all));
    }
    if (std::count(group_by.begin(), group_by.end(), known->dimension) > 0) {
      return fail(Error::invalid("groupBy must name each thing once"));
    }
    if (group_by.size() == store::kGroupByMax) {
      return fail(Error::invalid("groupBy must name at most " + std::to_string(store::kGroupByMax) + " things"));
    }
    group_by.push_back(known->dimension);
  }
  return {};
}

Status read_measures(const http::Exchange& exchange, MeasureSet& measures) {
  static constexpr std::pair<std::string_view, bool MeasureSet::*> kMeasures[] = {
      {"requests", &MeasureSet::requests},
      {"errors", &MeasureSet::errors},
      {"cost", &MeasureSet::cost},
      {"tokens", &MeasureSet::tokens},
      {"latency", &MeasureSet::latency},
      {"timeToFirstToken", &MeasureSet::first_token},
      {"evaluations", &MeasureSet::evaluations},
  };
  const auto words = read_words(exchange, "measures");
  if (!words) return fail(words.error());
  if (words->empty()) return {};
  for (const auto& [name, member] : kMeasures) measures.*member = false;
  for (const std::string& word : *words) {
    const auto known =
        std::find_if(std::begin(kMeasures), std::end(kMeasures), [&](const auto& one) { return one.first == word; });
    if (known == std::end(kMeasures)) {
      std::vector<std::string_view> all;
      for (const auto& [name, member] : kMeasures) all.push_back(name);
      return fail(unknown_word("measures", word, all));
    }
    measures.*known->second = true;
  }
  return {};
}

Status read_bucket(const http::Exchange& exchange, store::TimeBucket& bucket) {
  const auto text = query_text(exchange, "bucket", kListCharsMax);
  if (!text) return fail(text.error());
  if (!*text) return {};
  if (**text == "minute") {
    bucket = store::TimeBucket::kMinute;
  } else if (**text == "hour") {
    bucket = store::TimeBucket::kHour;
  } else if (**text == "day") {
    bucket = store::TimeBucket::kDay;
  } else {
    return fail(Error::invalid("bucket must be minute, hour or day"));
  }
  return {};
}

// The time asked for; 30 days without a start. Buckets that nobody can look at are refused.
Status bound_time(Timestamp now, store::AnalyticsQuery& query) {
  store::SpanFilter& filter = query.filter;
  const Timestamp end = filter.start_before.value_or(now);
  if (!filter.start_from) filter.start_from = Timestamp{end.micros - kDefaultRangeUs};
  const int64_t bucket = store::bucket_length_us(query.bucket);
  // Stamps of RFC 3339 lie in the years 0 to 9999: no difference overflows.
  if (bucket == 0 || (end.micros - filter.start_from->micros) / bucket < kBucketsMax) return {};
  return fail(Error::invalid("startDate to endDate must be at most " + std::to_string(kBucketsMax) +
                             " buckets: ask for longer buckets or less time"));
}

Result<bool> wants_csv(const http::Exchange& exchange) {
  const auto format = query_text(exchange, "format", kListCharsMax);
  if (!format) return fail(format.error());
  if (*format && **format != "csv" && **format != "json") return fail(Error::invalid("format must be json or csv"));
  if (*format) return **format == "csv";
  const std::string accept = ascii_lower(exchange.request.headers.get_or("Accept", ""));
  return accept.find("text/csv") != std::string::npos && accept.find("application/json") == std::string::npos;
}

Result<AnalyticsRequest> read_request(service::Services& services, const http::Exchange& exchange,
                                      std::string project_id) {
  AnalyticsRequest request;
  auto filter = read_filter(exchange.request.query, FilterSet::kSpans, prompt_ids(services, project_id));
  if (!filter) return fail(std::move(filter).error());
  request.query.filter = std::move(*filter);
  request.project_id = std::move(project_id);
  TRACIA_TRY(read_groups(exchange, request.query.group_by));
  TRACIA_TRY(read_measures(exchange, request.measures));
  TRACIA_TRY(read_bucket(exchange, request.query.bucket));
  const auto offset = query_integer(exchange, "utcOffsetMinutes", -kOffsetMinutesMax, kOffsetMinutesMax);
  if (!offset) return fail(offset.error());
  request.query.utc_offset_minutes = static_cast<int32_t>(offset->value_or(0));
  const auto limit = query_integer(exchange, "limit", 1, kGroupsMax);
  if (!limit) return fail(limit.error());
  request.query.groups_max = static_cast<size_t>(limit->value_or(kGroupsDefault));
  TRACIA_TRY(bound_time(services.clock->now(), request.query));
  const auto csv = wants_csv(exchange);
  if (!csv) return fail(csv.error());
  request.csv = *csv;
  return request;
}

// Evaluations come after their spans, so those made since the time asked for begins are all that can matter.
Result<std::vector<store::SpanScore>> read_scores(service::Services& services, const AnalyticsRequest& request) {
  std::vector<store::SpanScore> scores;
  if (!request.measures.evaluations) return scores;
  auto evaluations =
      services.control->evaluations_since(request.project_id, *request.query.filter.start_from, kEvaluationsMax + 1);
  if (!evaluations) return fail(std::move(evaluations).error());
  for (store::Evaluation& one : *evaluations) {
    scores.push_back({.span_id = std::move(one.span_id),
                      .trace_id = std::move(one.trace_id),
                      .name = std::move(one.evaluator_key),
                      .value = one.value});
  }
  return scores;
}

Answer analytics(service::Services& services, const AnalyticsRequest& request) {
  auto scores = read_scores(services, request);
  if (!scores) return answer_error(scores.error());
  const bool all_scores = scores->size() <= kEvaluationsMax;
  if (!all_scores) scores->resize(kEvaluationsMax);
  const auto result = services.spans->analytics(request.project_id, request.query, *scores);
  if (!result) return answer_error(result.error());
  const AnalyticsAnswer answer{.project_id = request.project_id,
                               .query = request.query,
                               .measures = request.measures,
                               .result = *result,
                               .evaluations_complete = all_scores && result->scores_complete};
  if (!request.csv) return answer_json(200, analytics_json(answer, *services.cache));
  wire::Headers headers{{"Content-Type", "text/csv; charset=utf-8"},
                        {"Content-Disposition", "attachment; filename=\"analytics.csv\""}};
  if (result->scanned_from) headers.add("X-Tracia-Scanned-From", format_rfc3339_micros(*result->scanned_from));
  return answer_json(200, analytics_csv(answer, *services.cache), std::move(headers));
}

}  // namespace

void add_analytics(http::Router& router, service::Services& services) {
  router.add("GET", "/api/v1/analytics", [&services](const http::ExchangePtr& exchange) {
    auto who = admit(services, exchange);
    if (!who) return;
    auto request = read_request(services, *exchange, std::move(who->project_id));
    if (!request) return exchange->error(request.error());
    on_worker(services, exchange, [&services, request = std::move(*request)] { return analytics(services, request); });
  });
}

}  // namespace tracia::routes
