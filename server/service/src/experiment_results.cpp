// What an experiment came to: its runs are read from the span store, newest first, within a budget.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "results_cache.h"
#include "tracia/service/experiments.h"

namespace tracia::service {
namespace {

constexpr size_t kPageSpans = 1000;
constexpr size_t kCacheBytesMax = 64u << 20;
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

// Counts runs, with their evaluations.
Status add_page(store::ControlStore& control, const std::string& project, const std::vector<store::StoredSpan>& spans,
                const prompt::Experiment& experiment, ResultsPart& out) {
  store::ControlStore::SpanKeys keys;
  for (const store::StoredSpan& one : spans) keys.emplace_back(one.span.span_id, one.span.trace_id);
  const auto evaluations = control.evaluations_of(project, keys, kEvaluationsEach);
  if (!evaluations) return fail(evaluations.error());
  for (size_t i = 0; i < spans.size(); ++i) {
    if (const auto variant = variant_of(experiment, spans[i].span)) {
      out.tally.add(*variant, observation(spans[i], (*evaluations)[i]));
    } else {
      ++out.unknown_variant_runs;
    }
  }
  out.runs += static_cast<int64_t>(spans.size());
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

// One look: which runs it has counted, and how far it may still go.
class Look {
 public:
  Look(Services& services, store::SpanParts* parts, const prompt::Experiment& experiment, const ResultsBudget& budget)
      : services_(services),
        parts_(parts),
        experiment_(experiment),
        filter_(filter_of(experiment)),
        runs_left_(budget.runs_max),
        deadline_(services.clock->steady() + budget.time) {}

  bool may_go_on() const { return !began_ || (runs_left_ > 0 && services_.clock->steady() < deadline_); }

  // Reads one part into `out`; where it stopped, when it could not read all.
  Result<std::optional<store::Position>> read(const store::SpanPart& part, ResultsPart& out) {
    store::ListOptions options{.after = {}, .limit = kPageSpans};
    while (true) {
      const auto page = parts_ ? parts_->list_part(part.id, experiment_.project_id, filter_, options)
                               : services_.spans->list(experiment_.project_id, filter_, options);
      if (!page) return fail(page.error());
      began_ = true;
      runs_left_ -= static_cast<int64_t>(page->spans.size());
      TRACIA_TRY(add_page(*services_.control, experiment_.project_id, page->spans, experiment_, out));
      if (!page->next || !may_go_on()) return page->next;
      options.after = page->next;
    }
  }

 private:
  Services& services_;
  store::SpanParts* const parts_;
  const prompt::Experiment& experiment_;
  const store::SpanFilter filter_;
  int64_t runs_left_;
  const SteadyTime deadline_;
  bool began_ = false;  // a look that finds nothing to keep would otherwise never come further
};

// All runs that started at `from` or later were looked at, of this part too.
void complete_from(Timestamp from, ExperimentResults& out) {
  out.complete = false;
  out.scanned_to = std::max(out.scanned_to.value_or(from), from);
}

}  // namespace

Experiments::Experiments(Services& services, store::SpanParts* parts)
    : services_(services), parts_(parts), cache_(std::make_unique<ResultsCache>(kCacheBytesMax)) {}
Experiments::~Experiments() = default;

void Experiments::evaluated(const store::StoredSpan& run) { cache_->evaluated(run); }
void Experiments::evaluated(std::string_view project_id) { cache_->evaluated(project_id); }

Result<ExperimentResults> Experiments::results(std::string_view project_id, std::string_view slug, std::string_view id,
                                               const ResultsBudget& budget) {
  auto experiment = get(project_id, slug, id);
  if (!experiment) return fail(std::move(experiment).error());
  const Turn turn(scans_);
  TRACIA_TRY(turn.status());
  ExperimentResults out{.experiment = *experiment, .report = {}, .computed = services_.clock->now(), .scanned_to = {}};
  const size_t variants = (*experiment)->variants.size();
  prompt::Tally tally(variants);
  Look look(services_, parts_, **experiment, budget);
  const std::vector<store::SpanPart> parts = parts_ ? parts_->parts() : std::vector<store::SpanPart>(1);
  const uint64_t number = cache_->begin(**experiment, parts);
  for (const store::SpanPart& part : parts) {
    ResultsPartPtr sums = cache_->find(**experiment, part);
    if (!sums && !look.may_go_on()) {
      complete_from(Timestamp{part.max_start.micros + 1}, out);
      continue;  // what is known of older parts is counted all the same
    }
    if (!sums) {
      const auto fresh = std::make_shared<ResultsPart>(ResultsPart{.tally = prompt::Tally(variants)});
      const auto stopped = look.read(part, *fresh);
      if (!stopped) return fail(stopped.error());
      if (*stopped) {
        complete_from(Timestamp{(*stopped)->start_us}, out);
      } else {
        cache_->put(**experiment, part, number, fresh);
      }
      sums = fresh;
    }
    tally.add(sums->tally);
    out.scanned_runs += sums->runs;
    out.unknown_variant_runs += sums->unknown_variant_runs;
  }
  out.report = prompt::report(**experiment, tally);
  return out;
}

}  // namespace tracia::service
