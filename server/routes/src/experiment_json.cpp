#include "experiment_json.h"

#include "request_json.h"

namespace tracia::routes {
namespace {

using prompt::Experiment;

void write_time_or_null(json::Writer& w, std::string_view name, const std::optional<Timestamp>& time) {
  write_or_null(w, name, time ? std::optional(format_rfc3339_millis(*time)) : std::nullopt);
}

void write_comparison(json::Writer& w, const prompt::Comparison& comparison) {
  w.begin_object().field("metric", prompt::metric_name(comparison.metric));
  w.field("finding", prompt::finding_name(comparison.finding));
  w.field("confidence", 1 - comparison.alpha).key("difference");
  if (comparison.difference) {
    const prompt::Interval& interval = *comparison.difference;
    w.begin_object().field("low", interval.low).field("estimate", interval.estimate);
    w.field("high", interval.high).end_object();
  } else {
    w.null();
  }
  w.end_object();
}

void write_variant(json::Writer& w, const prompt::VariantReport& variant) {
  w.begin_object().field("key", variant.key).field("expectedShare", variant.expected_share);
  w.field("units", variant.units).field("runs", variant.runs).field("errors", variant.errors);
  write_or_null(w, "errorRate", variant.error_rate);
  write_or_null(w, "latencyMsP50", variant.latency_ms_p50);
  write_or_null(w, "latencyMsP95", variant.latency_ms_p95);
  write_or_null(w, "latencyMsMean", variant.latency_mean);
  w.field("tokens", variant.tokens);
  write_or_null(w, "tokensMean", variant.tokens_mean);
  w.field("cost", variant.cost.to_double());
  write_or_null(w, "costMean", variant.cost_mean);
  w.field("pricedRuns", variant.priced_runs).field("evaluatedRuns", variant.evaluated_runs);
  write_or_null(w, "qualityMean", variant.quality_mean);
  w.key("comparisons").begin_array();
  for (const prompt::Comparison& comparison : variant.comparisons) write_comparison(w, comparison);
  w.end_array().end_object();
}

}  // namespace

void write_experiment(json::Writer& w, const Experiment& experiment) {
  w.begin_object().field("id", experiment.id).field("name", experiment.name);
  w.field("status", prompt::experiment_status_name(experiment.status)).key("variants");
  prompt::write_variants(w, experiment.variants);
  write_text_or_null(w, "primaryMetric",
                     experiment.primary_metric ? prompt::metric_name(*experiment.primary_metric) : "");
  write_text_or_null(w, "promotedVariant", experiment.promoted);
  write_text_or_null(w, "author", experiment.author);
  w.field("createdAt", format_rfc3339_millis(experiment.created));
  w.field("updatedAt", format_rfc3339_millis(experiment.updated));
  write_time_or_null(w, "startedAt", experiment.started);
  write_time_or_null(w, "stoppedAt", experiment.stopped);
  w.end_object();
}

std::string experiment_json(const Experiment& experiment) {
  json::Writer w;
  write_experiment(w, experiment);
  return w.take();
}

std::string results_json(const service::ExperimentResults& results) {
  const prompt::Report& report = results.report;
  json::Writer w;
  w.begin_object().key("experiment");
  write_experiment(w, *results.experiment);
  w.field("verdict", prompt::verdict_name(report.verdict));
  write_text_or_null(w, "winner", report.winner);
  w.field("summary", report.text).key("variants").begin_array();
  for (const prompt::VariantReport& variant : report.variants) write_variant(w, variant);
  w.end_array().key("sampleRatio").begin_object();
  w.field("pValue", report.sample_ratio.p_value).field("mismatch", report.sample_ratio.mismatch).end_object();
  w.field("crossedUnits", report.crossed_units).field("unknownVariantRuns", results.unknown_variant_runs);
  w.field("scannedRuns", results.scanned_runs).field("complete", results.complete);
  write_time_or_null(w, "scannedTo", results.scanned_to);
  w.field("computedAt", format_rfc3339_millis(results.computed)).end_object();
  return w.take();
}

}  // namespace tracia::routes
