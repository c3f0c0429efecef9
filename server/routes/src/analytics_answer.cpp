#include "analytics_answer.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "request_json.h"
#include "span_json.h"
#include "tracia/base/clock.h"
#include "tracia/service/evaluators.h"

namespace tracia::routes {
namespace {

using store::Dimension;

struct Percentile {
  std::string_view name, csv_name;
  double share;
};
constexpr std::array<Percentile, 3> kPercentiles = {{{"p50", "P50", 0.5}, {"p95", "P95", 0.95}, {"p99", "P99", 0.99}}};

// A tenth of a millisecond is finer than what a percentile is known to.
double rounded(double ms) { return std::round(ms * 10) / 10; }

std::string_view name_of(Dimension dimension) {
  for (const DimensionName& one : dimension_names()) {
    if (one.dimension == dimension) return one.name;
  }
  return "";
}

// A prompt's key: what it is called, and its id when it is known.
struct PromptNames {
  std::string slug, id;
};
PromptNames prompt_of(const std::string& key, const service::ControlCache& cache) {
  if (key.empty()) return {};
  if (key.front() == '/') return {.slug = key.substr(1), .id = ""};
  const auto prompt = cache.prompt_by_id(key);
  return {.slug = prompt ? prompt->slug : "", .id = key};
}

void write_group(json::Writer& w, const AnalyticsAnswer& answer, const store::AnalyticsRow& row,
                 const service::ControlCache& cache) {
  w.key("group");
  if (row.rest) {
    w.null();
    return;
  }
  w.begin_object();
  for (size_t i = 0; i < row.keys.size(); ++i) {
    const Dimension dimension = answer.query.group_by[i];
    if (dimension == Dimension::kPrompt) {
      const PromptNames prompt = prompt_of(row.keys[i], cache);
      write_text_or_null(w, "prompt", prompt.slug);
      write_text_or_null(w, "promptId", prompt.id);
    } else if (dimension == Dimension::kVersion) {
      write_or_null(w, "version", parse_integer(row.keys[i]));
    } else {
      write_text_or_null(w, name_of(dimension), row.keys[i]);
    }
  }
  w.end_object();
}

void write_percentiles(json::Writer& w, std::string_view name, const store::Sketch& sketch) {
  w.key(name);
  if (sketch.count() == 0) {
    w.null();
    return;
  }
  w.begin_object();
  for (const Percentile& percentile : kPercentiles) {
    w.field(percentile.name, rounded(*sketch.quantile(percentile.share)));
  }
  w.end_object();
}

void write_measures(json::Writer& w, const AnalyticsAnswer& answer, const store::Measures& measures,
                    const service::ControlCache& cache) {
  const MeasureSet& wanted = answer.measures;
  const store::Totals& totals = measures.totals;
  if (wanted.requests) w.field("requests", totals.span_count);
  if (wanted.errors) w.field("errors", totals.error_count);
  if (wanted.cost) {
    write_cost(w, totals.any_cost ? std::optional(totals.cost) : std::nullopt);
    w.field("costStatus", llm::cost_status_name(totals.cost_status));
  }
  if (wanted.tokens) {
    w.field("inputTokens", totals.usage.input_tokens.value_or(0));
    w.field("outputTokens", totals.usage.output_tokens.value_or(0));
    w.field("totalTokens", totals.usage.total_tokens.value_or(0));
  }
  if (wanted.latency) write_percentiles(w, "latencyMs", measures.latency_ms);
  if (wanted.first_token) write_percentiles(w, "timeToFirstTokenMs", measures.first_token_ms);
  if (!wanted.evaluations) return;
  w.key("evaluations").begin_array();
  for (const auto& [key, mean] : measures.scores) {
    w.begin_object().field("evaluatorKey", key);
    w.field("evaluatorName", service::evaluator_name(cache, answer.project_id, key));
    w.field("count", mean.count).field("mean", mean.sum / static_cast<double>(mean.count));
    w.end_object();
  }
  w.end_array();
}

// ---- CSV

void append_cell(std::string& out, std::string_view text) {
  if (!out.empty() && out.back() != '\n') out += ',';
  const bool formula = !text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos;
  if (!formula && text.find_first_of(",\"\r\n") == std::string_view::npos) {
    // A first cell that is empty must still be told from no cell.
    out += text.empty() && (out.empty() || out.back() == '\n') ? "\"\"" : text;
    return;
  }
  out += '"';
  if (formula) out += '\'';
  for (const char c : text) out.append(c == '"' ? 2 : 1, c);
  out += '"';
}
void append_number(std::string& out, int64_t number) { append_cell(out, std::to_string(number)); }

std::string number_text(double number) {
  json::Writer w;
  return w.value(number).take();
}

// The evaluators that a row may have a mean of: every line has the same cells.
std::vector<std::string> evaluators_of(const AnalyticsAnswer& answer) {
  std::vector<std::string> keys;
  if (!answer.measures.evaluations) return keys;
  for (const auto& [key, mean] : answer.result.total.scores) keys.push_back(key);
  return keys;
}

void append_names(std::string& out, const AnalyticsAnswer& answer, const std::vector<std::string>& evaluators) {
  const MeasureSet& wanted = answer.measures;
  const auto add = [&](std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) append_cell(out, name);
  };
  if (answer.query.bucket != store::TimeBucket::kNone) add({"bucket"});
  for (const Dimension dimension : answer.query.group_by) {
    add({name_of(dimension)});
    if (dimension == Dimension::kPrompt) add({"promptId"});
  }
  if (!answer.query.group_by.empty()) add({"rest"});
  if (wanted.requests) add({"requests"});
  if (wanted.errors) add({"errors"});
  if (wanted.cost) add({"cost", "costStatus"});
  if (wanted.tokens) add({"inputTokens", "outputTokens", "totalTokens"});
  for (const auto& [is_wanted, name] :
       {std::pair(wanted.latency, "latencyMs"), std::pair(wanted.first_token, "timeToFirstTokenMs")}) {
    for (const Percentile& percentile : kPercentiles) {
      if (is_wanted) append_cell(out, std::string(name) + std::string(percentile.csv_name));
    }
  }
  for (const std::string& key : evaluators) {
    append_cell(out, "evaluation:" + key + ":count");
    append_cell(out, "evaluation:" + key + ":mean");
  }
  out += "\r\n";
}

void append_percentiles(std::string& out, const store::Sketch& sketch) {
  for (const Percentile& percentile : kPercentiles) {
    const auto value = sketch.quantile(percentile.share);
    append_cell(out, value ? number_text(rounded(*value)) : "");
  }
}

void append_group(std::string& out, const AnalyticsAnswer& answer, const store::AnalyticsRow& row,
                  const service::ControlCache& cache) {
  for (size_t i = 0; i < answer.query.group_by.size(); ++i) {
    const std::string key = row.rest ? std::string() : row.keys[i];
    if (answer.query.group_by[i] == Dimension::kPrompt) {
      const PromptNames prompt = prompt_of(key, cache);
      append_cell(out, prompt.slug);
      append_cell(out, prompt.id);
    } else {
      append_cell(out, key);
    }
  }
  if (!answer.query.group_by.empty()) append_cell(out, row.rest ? "true" : "false");
}

void append_measures(std::string& out, const MeasureSet& wanted, const store::Measures& measures,
                     const std::vector<std::string>& evaluators) {
  const store::Totals& totals = measures.totals;
  if (wanted.requests) append_number(out, totals.span_count);
  if (wanted.errors) append_number(out, totals.error_count);
  if (wanted.cost) {
    append_cell(out, totals.any_cost ? totals.cost.to_string() : "");
    append_cell(out, llm::cost_status_name(totals.cost_status));
  }
  if (wanted.tokens) {
    append_number(out, totals.usage.input_tokens.value_or(0));
    append_number(out, totals.usage.output_tokens.value_or(0));
    append_number(out, totals.usage.total_tokens.value_or(0));
  }
  if (wanted.latency) append_percentiles(out, measures.latency_ms);
  if (wanted.first_token) append_percentiles(out, measures.first_token_ms);
  for (const std::string& key : evaluators) {
    const auto mean = measures.scores.find(key);
    const bool there = mean != measures.scores.end();
    append_number(out, there ? mean->second.count : 0);
    append_cell(out, there ? number_text(mean->second.sum / static_cast<double>(mean->second.count)) : "");
  }
  out += "\r\n";
}

}  // namespace

const std::vector<DimensionName>& dimension_names() {
  static const std::vector<DimensionName> names = {
      {"model", Dimension::kModel},     {"provider", Dimension::kProvider}, {"prompt", Dimension::kPrompt},
      {"version", Dimension::kVersion}, {"label", Dimension::kLabel},       {"experiment", Dimension::kExperiment},
      {"variant", Dimension::kVariant}, {"user", Dimension::kUser},         {"session", Dimension::kSession},
      {"tag", Dimension::kTag},         {"kind", Dimension::kKind},         {"status", Dimension::kStatus},
  };
  return names;
}

std::string analytics_json(const AnalyticsAnswer& answer, const service::ControlCache& cache) {
  json::Writer w;
  const auto time_or_null = [&](std::string_view name, const std::optional<Timestamp>& time) {
    write_text_or_null(w, name, time ? format_rfc3339_micros(*time) : "");
  };
  w.begin_object();
  time_or_null("startDate", answer.query.filter.start_from);
  time_or_null("endDate", answer.query.filter.start_before);
  w.key("rows").begin_array();
  for (const store::AnalyticsRow& row : answer.result.rows) {
    w.begin_object();
    time_or_null("bucket", row.bucket);
    write_group(w, answer, row, cache);
    w.field("rest", row.rest);
    write_measures(w, answer, row.measures, cache);
    w.end_object();
  }
  w.end_array();
  w.key("total").begin_object();
  write_measures(w, answer, answer.result.total, cache);
  w.end_object();
  w.field("groupsRest", static_cast<int64_t>(answer.result.groups_rest));
  w.field("complete", !answer.result.scanned_from);
  time_or_null("scannedFrom", answer.result.scanned_from);
  w.field("evaluationsComplete", answer.evaluations_complete);
  w.end_object();
  return w.take();
}

std::string analytics_csv(const AnalyticsAnswer& answer, const service::ControlCache& cache) {
  const std::vector<std::string> evaluators = evaluators_of(answer);
  std::string out;
  append_names(out, answer, evaluators);
  for (const store::AnalyticsRow& row : answer.result.rows) {
    if (row.bucket) append_cell(out, format_rfc3339_micros(*row.bucket));
    append_group(out, answer, row, cache);
    append_measures(out, answer.measures, row.measures, evaluators);
  }
  return out;
}

}  // namespace tracia::routes
