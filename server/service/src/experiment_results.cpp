// What an experiment came to: its runs are read from the span store, newest first, within a budget.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "tracia/service/experiments.h"

namespace tracia::service {
namespace {

constexpr size_t kPageSpans = 1000;
constexpr size_t kEvaluationsEach = 20;  // the newest of one run; nobody rates an answer more often

store::SpanFilter filter_of(const prompt::Experiment& experiment) {
  store::SpanFilter filter;
  filter.experiment_id = experiment.id;
  filter.kind = span::Kind::kLlm;  // a span around the call would count it twice
  return filter;
}

// The position of a span's variant among the experiment's.
std::optional<size_t> variant_of(const prompt::Experiment& experiment, const span::Span& span) {
  const prompt::Variant* variant = experiment.variant(span.variant);
  if (variant == nullptr) return std::nullopt;
  return static_cast<size_t>(variant - experiment.variants.data());
}

std::optional<double> quality_of(const std::vector<store::Evaluation>& evaluations) {
  prompt::Tally::Mean mean;
  for (const store::Evaluation& one : evaluations) {
    if (one.evaluator_key == store::kQualityEvaluator) mean.add(one.value);
  }
  if (mean.count == 0) return std::nullopt;
  return mean.sum / static_cast<double>(mean.count);
}

std::string_view unit_kind(const span::Span& span) {
  if (!span.user_id.empty()) return "user";
  return span.session_id.empty() ? "trace" : "session";
}

prompt::Observation observation(const store::StoredSpan& stored, const std::vector<store::Evaluation>& evaluations) {
  const span::Span& span = stored.span;
  prompt::Observation run{.unit_kind = unit_kind(span),
                          .unit = prompt::unit_of(span.user_id, span.session_id, span.trace_id),
                          .error = span.status == span::SpanStatus::kError,
                          .latency_ms = span.latency_ms,
                          .tokens = span.usage.total_tokens,
                          .cost = {},
                          .quality = quality_of(evaluations)};
  if (!run.tokens && (span.usage.input_tokens || span.usage.output_tokens)) {
    run.tokens = span.usage.input_tokens.value_or(0) + span.usage.output_tokens.value_or(0);
  }
  if (stored.cost_status != llm::CostStatus::kUnknown) run.cost = stored.cost;
  return run;
}

// Counts runs, with their evaluations, into the tally.
Status add_page(store::ControlStore& control, const std::string& project, const std::vector<store::StoredSpan>& spans,
                prompt::Tally& tally, ExperimentResults& out) {
  store::ControlStore::SpanKeys keys;
  for (const store::StoredSpan& one : spans) keys.emplace_back(one.span.span_id, one.span.trace_id);
  const auto evaluations = control.evaluations_of(project, keys, kEvaluationsEach);
  if (!evaluations) return fail(evaluations.error());
  for (size_t i = 0; i < spans.size(); ++i) {
    if (const auto variant = variant_of(*out.experiment, spans[i].span)) {
      tally.add(*variant, observation(spans[i], (*evaluations)[i]));
    } else {
      ++out.unknown_variant_runs;
    }
  }
  out.scanned_runs += static_cast<int64_t>(spans.size());
  return {};
}

// One of the few looks that may be under way; they say "busy" otherwise.
class Turn {
 public:
  explicit Turn(std::atomic<int>& scans) : scans_(scans), taken_(++scans <= kScansMax) {}
  ~Turn() { --scans_; }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  Status status() const {
    if (taken_) return {};
    return fail({.code = ErrorCode::kUnavailable,
                 .message = "Results of other experiments are being computed. Try again in a moment.",
                 .retry_after = Millis(1000)});
  }

 private:
  std::atomic<int>& scans_;
  const bool taken_;
};

}  // namespace

Result<ExperimentResults> Experiments::results(std::string_view project_id, std::string_view slug, std::string_view id,
                                               const ResultsBudget& budget) {
  auto experiment = get(project_id, slug, id);
  if (!experiment) return fail(std::move(experiment).error());
  const Turn turn(scans_);
  TRACIA_TRY(turn.status());
  const SteadyTime deadline = services_.clock->steady() + budget.time;
  const std::string project(project_id);
  ExperimentResults out{.experiment = *experiment, .report = {}, .computed = services_.clock->now(), .scanned_to = {}};
  prompt::Tally tally((*experiment)->variants.size());
  store::ListOptions options{.after = {}, .limit = kPageSpans};
  while (true) {
    const auto page = services_.spans->list(project, filter_of(**experiment), options);
    if (!page) return fail(page.error());
    TRACIA_TRY(add_page(*services_.control, project, page->spans, tally, out));
    if (!page->next) break;
    options.after = page->next;
    if (out.scanned_runs < budget.runs_max && services_.clock->steady() < deadline) continue;
    out.complete = false;
    out.scanned_to = Timestamp{page->next->start_us};
    break;
  }
  out.report = prompt::report(**experiment, tally);
  return out;
}

}  // namespace tracia::service
