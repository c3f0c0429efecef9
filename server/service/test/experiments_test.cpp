#include "tracia/service/experiments.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "fake_control_store.h"
#include "fake_span_store.h"

namespace tracia::service {
namespace {

class FakeClock final : public Clock {
 public:
  Timestamp now() const override { return {micros}; }
  SteadyTime steady() const override { return SteadyTime(Micros(steady_us)); }
  int64_t micros = 1'000'000;
  mutable int64_t steady_us = 0;
};

constexpr std::string_view kProject = "prj_1";

// Lets a test look in while results are being computed.
class WatchedStore final : public store::FakeControlStore {
 public:
  std::function<void()> on_evaluations_of;
  Result<std::vector<std::vector<store::Evaluation>>> evaluations_of(std::string_view project_id, const SpanKeys& spans,
                                                                     size_t limit_each) override {
    if (on_evaluations_of) on_evaluations_of();
    return FakeControlStore::evaluations_of(project_id, spans, limit_each);
  }
};

class ExperimentsTest : public testing::Test {
 protected:
  ExperimentsTest() {
    services_.clock = &clock_;
    services_.control = &store_;
    services_.spans = &spans_;
    services_.cache = &cache_;
    services_.prompts = &prompts_;
  }
  void SetUp() override {
    prompt::Draft draft{.name = "Welcome", .slug = "welcome"};
    draft.content.messages = {{"msg_1", "user", "\"Hi\""}};
    draft.content.model = "gpt-4o";
    ASSERT_TRUE(prompts_.create(kProject, draft, "ci"));
    set_temperature(0.25);
  }
  void set_temperature(double value) {
    prompt::Edit edit;
    edit.temperature = std::optional(value);
    std::optional<PromptAt> conflict;
    ASSERT_TRUE(prompts_.update(kProject, "welcome", edit, "ci", conflict));
  }
  ExperimentPtr make(const std::string& second = R"({"key":"b","version":2})") {
    json::Document document;
    const auto body = document.parse(R"({"name":"E","variants":[{"key":"a","version":1},)" + second + "]}");
    const auto made = experiments_.create(kProject, "welcome", *body, "ada");
    EXPECT_TRUE(made) << made.error().message;
    return *made;
  }
  Result<ExperimentPtr> move(const ExperimentPtr& experiment, prompt::ExperimentStatus to) {
    return experiments_.move(kProject, "welcome", experiment->id, to);
  }
  ExperimentPtr running(const std::string& second = R"({"key":"b","version":2})") {
    return *move(make(second), prompt::ExperimentStatus::kRunning);
  }
  PromptAt at(const std::string& unit, std::optional<int64_t> version = {}, const std::string& label = "") {
    const auto read = prompts_.at(kProject, "welcome", version, label, unit);
    EXPECT_TRUE(read) << read.error().message;
    const auto at_once = prompts_.at_once(kProject, "welcome", version, label, unit);
    EXPECT_TRUE(at_once && *at_once);
    EXPECT_EQ((*at_once)->version, read->version) << "from memory as from the store";
    EXPECT_EQ((*at_once)->variant, read->variant);
    return *read;
  }
  void add_span(const std::string& experiment, const std::string& variant, const std::string& user, double cost,
                store::FakeSpanStore* to = nullptr) {
    store::NewSpan span{.project_id = std::string(kProject)};
    span.span.span_id = "sp_" + std::to_string(++last_span_);
    span.span.trace_id = "tr_" + std::to_string(last_span_);
    span.span.start_time = Timestamp{clock_.micros + last_span_};
    span.span.experiment_id = experiment;
    span.span.variant = variant;
    span.span.user_id = user;
    span.span.latency_ms = 100;
    span.cost = llm::Decimal::from_units(static_cast<llm::Int128>(cost * 1e18));
    span.cost_status = llm::CostStatus::kExact;
    std::vector<store::NewSpan> one;
    one.push_back(std::move(span));
    (to != nullptr ? *to : spans_).append(std::move(one), [](const Result<std::vector<store::Appended>>&) {});
  }

  FakeClock clock_;
  WatchedStore store_;
  store::FakeSpanStore spans_;
  ControlCache cache_{store_};
  Services services_;
  Prompts prompts_{services_};
  Experiments experiments_{services_};
  int last_span_ = 0;
};

TEST_F(ExperimentsTest, OnlyARunningOneDecides) {
  const ExperimentPtr experiment = make();
  EXPECT_EQ(at("user-1").experiment, nullptr);
  ASSERT_TRUE(move(experiment, prompt::ExperimentStatus::kRunning));
  EXPECT_EQ(at("user-1").experiment->id, experiment->id);
  EXPECT_EQ(at("").experiment, nullptr) << "nobody to assign";
  ASSERT_TRUE(move(experiment, prompt::ExperimentStatus::kPaused));
  EXPECT_EQ(at("user-1").experiment, nullptr);
}

TEST_F(ExperimentsTest, AVersionOrALabelThatWasAskedForComesFirstAndTheDefaultLabelLater) {
  const ExperimentPtr experiment = running();
  ASSERT_TRUE(prompts_.set_label(kProject, "welcome", "production", 1));
  prompt::Edit edit;
  edit.default_label = "production";
  std::optional<PromptAt> conflict;
  ASSERT_TRUE(prompts_.update(kProject, "welcome", edit, "ci", conflict));
  EXPECT_EQ(at("user-1", 2).variant, nullptr);
  EXPECT_EQ(at("user-1", {}, "production").variant, nullptr);
  std::map<std::string, int64_t> versions;
  for (int i = 0; i < 50; ++i) {
    const PromptAt chosen = at("user-" + std::to_string(i));
    ASSERT_NE(chosen.variant, nullptr);
    EXPECT_EQ(chosen.label, "");
    EXPECT_EQ(chosen.variant->key, prompt::assign(*experiment, "user-" + std::to_string(i)).key);
    versions[chosen.variant->key] = chosen.version->number;
  }
  EXPECT_EQ(versions, (std::map<std::string, int64_t>{{"a", 1}, {"b", 2}}));
}

TEST_F(ExperimentsTest, AServerStartedAnewAssignsAlike) {
  const ExperimentPtr experiment = running();
  ControlCache cache(store_);
  ASSERT_TRUE(cache.load([](const store::Connection&) -> Result<std::string> { return std::string("{}"); }));
  Services services = services_;
  services.cache = &cache;
  Prompts other(services);
  for (int i = 0; i < 50; ++i) {
    const std::string unit = "user-" + std::to_string(i);
    EXPECT_EQ(other.at(kProject, "welcome", {}, "", unit)->variant->key, at(unit).variant->key);
  }
}

TEST_F(ExperimentsTest, AVariantsModelIsTheTarget) {
  running(R"({"key":"b","version":2,"model":"claude-sonnet-4-5","weight":1000})");
  for (int i = 0; i < 50; ++i) {
    const PromptAt chosen = at("user-" + std::to_string(i));
    EXPECT_EQ(chosen.target().model, chosen.variant->key == "b" ? "claude-sonnet-4-5" : "gpt-4o");
  }
}

TEST_F(ExperimentsTest, OneOfAPromptRunsAndARefusedOneChangesNothing) {
  const ExperimentPtr first = running(), second = make();
  const auto refused = move(second, prompt::ExperimentStatus::kRunning);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kConflict);
  EXPECT_EQ(refused.error().message, "Another experiment of this prompt is running. Pause or stop it first.");
  EXPECT_EQ(cache_.running_experiment(first->prompt_id)->id, first->id);
  ASSERT_TRUE(move(first, prompt::ExperimentStatus::kStopped));
  ASSERT_TRUE(move(second, prompt::ExperimentStatus::kRunning));
  EXPECT_EQ(cache_.running_experiment(first->prompt_id)->id, second->id);
  EXPECT_EQ(experiments_.remove(kProject, "welcome", second->id).error().code, ErrorCode::kConflict);
  ASSERT_TRUE(experiments_.remove(kProject, "welcome", first->id));
  EXPECT_EQ(experiments_.get(kProject, "welcome", first->id).error().code, ErrorCode::kNotFound);
}

TEST_F(ExperimentsTest, ADiskThatFailsLeavesEverythingAsItWas) {
  const ExperimentPtr experiment = make();
  store_.fail_writes = true;
  EXPECT_EQ(move(experiment, prompt::ExperimentStatus::kRunning).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(cache_.running_experiment(experiment->prompt_id), nullptr);
  EXPECT_EQ((*experiments_.get(kProject, "welcome", experiment->id))->status, prompt::ExperimentStatus::kDraft);
}

TEST_F(ExperimentsTest, APromptTakesABoundedNumber) {
  for (size_t i = 0; i < kExperimentsMax; ++i) make();
  json::Document document;
  const auto body = document.parse(R"({"name":"E","variants":[{"key":"a","version":1},{"key":"b","version":2}]})");
  EXPECT_EQ(experiments_.create(kProject, "welcome", *body, "ada").error().code, ErrorCode::kConflict);
}

TEST_F(ExperimentsTest, ADeletedPromptTakesItsExperimentsAlong) {
  const ExperimentPtr experiment = running();
  ASSERT_TRUE(prompts_.remove(kProject, "welcome"));
  EXPECT_EQ(cache_.running_experiment(experiment->prompt_id), nullptr);
  EXPECT_TRUE(store_.experiments()->empty());
  EXPECT_EQ(experiments_.get(kProject, "welcome", experiment->id).error().message, "Prompt not found: welcome");
}

TEST_F(ExperimentsTest, PromotingTheNewestVersionMakesNoOther) {
  const ExperimentPtr experiment = running();
  const auto promoted = experiments_.promote(kProject, "welcome", experiment->id, "b", "ada");
  ASSERT_TRUE(promoted) << promoted.error().message;
  EXPECT_EQ((*promoted)->promoted, "b");
  EXPECT_EQ((*promoted)->status, prompt::ExperimentStatus::kStopped);
  EXPECT_EQ(cache_.running_experiment(experiment->prompt_id), nullptr);
  EXPECT_EQ(prompts_.get(kProject, "welcome")->prompt->current_version, 2);
}

TEST_F(ExperimentsTest, PromotingAStoppedOneWorksAndASecondVariantDoesNot) {
  const ExperimentPtr experiment = running();
  ASSERT_TRUE(move(experiment, prompt::ExperimentStatus::kStopped));
  const auto promoted = experiments_.promote(kProject, "welcome", experiment->id, "a", "ada");
  ASSERT_TRUE(promoted) << promoted.error().message;
  EXPECT_EQ(prompts_.get(kProject, "welcome")->prompt->current_version, 3);  // version 1's content, the newest now
  EXPECT_EQ(experiments_.promote(kProject, "welcome", experiment->id, "a", "ada").value()->revision,
            (*promoted)->revision);
  EXPECT_EQ(prompts_.get(kProject, "welcome")->prompt->current_version, 3);
  EXPECT_EQ(experiments_.promote(kProject, "welcome", experiment->id, "b", "ada").error().code, ErrorCode::kConflict);
}

TEST_F(ExperimentsTest, PromotingAVariantWithAModelMakesAVersionThatTheDefaultLabelFollows) {
  const ExperimentPtr experiment = running(R"({"key":"b","version":1,"model":"gpt-4o-mini"})");
  ASSERT_TRUE(prompts_.set_label(kProject, "welcome", "production", 2));
  prompt::Edit edit;
  edit.default_label = "production";
  std::optional<PromptAt> conflict;
  ASSERT_TRUE(prompts_.update(kProject, "welcome", edit, "ci", conflict));
  ASSERT_TRUE(experiments_.promote(kProject, "welcome", experiment->id, "b", "ada"));
  const PromptAt now = *prompts_.get(kProject, "welcome");
  EXPECT_EQ(now.prompt->labels.at("production"), 3);
  EXPECT_EQ(now.version->content.model, "gpt-4o-mini");
  EXPECT_FALSE(now.version->content.temperature);
}

TEST_F(ExperimentsTest, ResultsAreOfItsOwnRunsByVariant) {
  const ExperimentPtr experiment = running();
  for (int i = 0; i < 3; ++i) add_span(experiment->id, "a", "u" + std::to_string(i), 0.5);
  add_span(experiment->id, "b", "v", 0.25);
  add_span(experiment->id, "nobody", "w", 9);
  add_span("exp_other", "a", "x", 9);
  ASSERT_TRUE(store_.put_evaluation({.id = "evl_1",
                                     .project_id = std::string(kProject),
                                     .span_id = "sp_1",
                                     .trace_id = "tr_1",
                                     .evaluator_key = "quality",
                                     .value = 4}));
  const auto results = experiments_.results(kProject, "welcome", experiment->id, {});
  ASSERT_TRUE(results) << results.error().message;
  EXPECT_TRUE(results->complete);
  EXPECT_EQ(results->scanned_runs, 5);
  EXPECT_EQ(results->unknown_variant_runs, 1);
  EXPECT_EQ(results->report.variants[0].units, 3);
  EXPECT_EQ(results->report.variants[0].cost.to_string(), "1.5");
  EXPECT_EQ(results->report.variants[0].evaluated_runs, 1);
  EXPECT_EQ(results->report.variants[1].runs, 1);
}

TEST_F(ExperimentsTest, FewLookAtResultsAtTheSameTime) {
  const ExperimentPtr experiment = running();
  add_span(experiment->id, "a", "u", 0.5);
  int depth = 0;
  std::vector<Status> seen;  // innermost first
  store_.on_evaluations_of = [&] {
    if (++depth > kScansMax) return;
    const auto results = experiments_.results(kProject, "welcome", experiment->id, {});
    seen.push_back(results ? Status() : fail(results.error()));
  };
  ASSERT_TRUE(experiments_.results(kProject, "welcome", experiment->id, {}));
  ASSERT_EQ(seen.size(), static_cast<size_t>(kScansMax));
  EXPECT_EQ(seen[0].error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(seen[0].error().retry_after);
  EXPECT_TRUE(seen[1]);
  store_.on_evaluations_of = nullptr;
  EXPECT_TRUE(experiments_.results(kProject, "welcome", experiment->id, {}));
}

TEST_F(ExperimentsTest, AnExhaustedBudgetSaysHowFarItLooked) {
  const ExperimentPtr experiment = running();
  for (int i = 0; i < 1500; ++i) add_span(experiment->id, "a", "u" + std::to_string(i), 0.5);
  const auto results = experiments_.results(kProject, "welcome", experiment->id, {.runs_max = 1000});
  ASSERT_TRUE(results) << results.error().message;
  EXPECT_FALSE(results->complete);
  EXPECT_EQ(results->scanned_runs, 1000);
  EXPECT_EQ(results->scanned_to, Timestamp{clock_.micros + 501});  // the newest thousand of 1,500
  EXPECT_TRUE(experiments_.results(kProject, "welcome", experiment->id, {})->complete);
}

// A store in pieces, each a store of its own; the last one takes new spans.
class Pieces final : public store::SpanParts {
 public:
  explicit Pieces(size_t count) {
    for (size_t i = 0; i < count; ++i) pieces_.push_back(std::make_unique<store::FakeSpanStore>());
  }
  store::FakeSpanStore& operator[](size_t i) { return *pieces_[i]; }
  std::vector<uint64_t> deletions;
  int reads = 0;  // of pieces that are closed

  std::vector<store::SpanPart> parts() const override {
    std::vector<store::SpanPart> parts;
    for (size_t i = pieces_.size(); i-- > 0;) {
      const auto spans = pieces_[i]->all();
      if (spans.empty()) continue;
      store::SpanPart part{.id = i, .state = {}, .max_start = spans.back().start()};
      part.min_received = spans.front().received;
      part.max_received = spans.back().received;
      if (i + 1 < pieces_.size()) part.state = i < deletions.size() ? deletions[i] : 0;
      parts.push_back(part);
    }
    return parts;
  }
  Result<store::SpanPage> list_part(uint64_t part, const std::string& project_id, const store::SpanFilter& filter,
                                    const store::ListOptions& options) override {
    if (part + 1 < pieces_.size()) ++reads;
    return pieces_[part]->list(project_id, filter, options);
  }

 private:
  std::vector<std::unique_ptr<store::FakeSpanStore>> pieces_;
};

class ResultsInPieces : public ExperimentsTest {
 protected:
  void add(size_t piece, const std::string& variant, const std::string& user, double cost) {
    add_span(experiment_->id, variant, user, cost, &pieces_[piece]);
  }
  ExperimentResults look(Experiments& experiments, const ResultsBudget& budget = {}) {
    auto results = experiments.results(kProject, "welcome", experiment_->id, budget);
    EXPECT_TRUE(results) << results.error().message;
    return std::move(*results);
  }
  // What is kept gives what a look without a memory gives.
  void expect_as_fresh() {
    Experiments forgetful(services_, &pieces_);
    const ExperimentResults kept = look(watched_), fresh = look(forgetful);
    EXPECT_EQ(kept.scanned_runs, fresh.scanned_runs);
    EXPECT_EQ(kept.unknown_variant_runs, fresh.unknown_variant_runs);
    EXPECT_EQ(kept.report.crossed_units, fresh.report.crossed_units);
    EXPECT_EQ(kept.report.text, fresh.report.text);
    for (size_t i = 0; i < 2; ++i) {
      const prompt::VariantReport &a = kept.report.variants[i], &b = fresh.report.variants[i];
      EXPECT_EQ(a.units, b.units);
      EXPECT_EQ(a.runs, b.runs);
      EXPECT_EQ(a.cost.to_string(), b.cost.to_string());
      EXPECT_EQ(a.cost_mean, b.cost_mean);
      EXPECT_EQ(a.quality_mean, b.quality_mean);
      EXPECT_EQ(a.evaluated_runs, b.evaluated_runs);
      EXPECT_EQ(a.latency_ms_p95, b.latency_ms_p95);
    }
  }
  int reads_of(const std::function<void()>& work) {
    const int before = pieces_.reads;
    work();
    return pieces_.reads - before;
  }

  void SetUp() override {
    ExperimentsTest::SetUp();
    experiment_ = running();
    for (int i = 0; i < 300; ++i) add(i % 3, i % 2 == 0 ? "a" : "b", "u" + std::to_string(i % 70), 0.1 * i);
    add(0, "nobody", "w", 9);
  }
  Pieces pieces_{3};
  Experiments watched_{services_, &pieces_};
  ExperimentPtr experiment_;
};

TEST_F(ResultsInPieces, OnlyWhatTakesNewRunsIsReadAgain) {
  EXPECT_EQ(reads_of([&] { look(watched_); }), 2);
  expect_as_fresh();
  add(2, "b", "late", 3);
  EXPECT_EQ(reads_of([&] { EXPECT_EQ(look(watched_).scanned_runs, 302); }), 0);
  expect_as_fresh();
}

TEST_F(ResultsInPieces, SumsOfPiecesAreThoseOfTheWhole) {
  add(1, "a", "u1", 2);  // u1 has runs of b in every piece
  add(2, "a", "late", 2);
  for (size_t piece = 0; piece < 3; ++piece) {
    for (const store::StoredSpan& run : pieces_[piece].all()) {
      add_span(run.span.experiment_id, run.span.variant, run.span.user_id, run.cost->to_double());
    }
  }
  look(watched_);
  const ExperimentResults pieces = look(watched_), whole = look(experiments_);
  EXPECT_EQ(pieces.scanned_runs, whole.scanned_runs);
  EXPECT_EQ(pieces.unknown_variant_runs, whole.unknown_variant_runs);
  EXPECT_EQ(pieces.report.crossed_units, whole.report.crossed_units);
  EXPECT_GT(pieces.report.crossed_units, 0);
  for (size_t i = 0; i < 2; ++i) {
    const prompt::VariantReport &a = pieces.report.variants[i], &b = whole.report.variants[i];
    EXPECT_EQ(std::pair(a.units, a.runs), std::pair(b.units, b.runs));
    EXPECT_EQ(a.latency_ms_p50, b.latency_ms_p50);
    EXPECT_NEAR(*a.cost_mean, *b.cost_mean, 1e-9);
  }
}

TEST_F(ResultsInPieces, APieceThatLostRunsIsReadAgain) {
  look(watched_);
  const store::StoredSpan gone = pieces_[0].all().front();
  ASSERT_TRUE(*pieces_[0].remove(std::string(kProject), gone.span.span_id, gone.span.trace_id));
  pieces_.deletions = {1};
  EXPECT_EQ(reads_of([&] { EXPECT_EQ(look(watched_).scanned_runs, 300); }), 1);
  expect_as_fresh();
}

TEST_F(ResultsInPieces, EvaluationsOfKeptRunsCount) {
  look(watched_);
  const store::StoredSpan run = pieces_[1].all().front();
  store::Evaluation evaluation{.id = "evl_1",
                               .project_id = std::string(kProject),
                               .span_id = run.span.span_id,
                               .trace_id = run.span.trace_id,
                               .evaluator_key = "quality",
                               .value = 4};
  ASSERT_TRUE(store_.put_evaluation(evaluation));
  watched_.evaluated(run);
  expect_as_fresh();
  evaluation.value = 1;
  ASSERT_TRUE(store_.put_evaluation(evaluation));
  watched_.evaluated(kProject);
  expect_as_fresh();
  EXPECT_EQ(look(watched_).report.variants[0].evaluated_runs + look(watched_).report.variants[1].evaluated_runs, 1);
}

TEST_F(ResultsInPieces, AnEvaluationThatComesDuringALookIsNotForgotten) {
  const store::StoredSpan run = pieces_[0].all().front();
  store_.on_evaluations_of = [&] { watched_.evaluated(run); };
  look(watched_);
  store_.on_evaluations_of = nullptr;
  EXPECT_GT(reads_of([&] { look(watched_); }), 0);
}

TEST_F(ResultsInPieces, LooksThatAreCutShortComeFurtherOneByOne) {
  const ExperimentResults first = look(watched_, {.runs_max = 100});
  EXPECT_FALSE(first.complete);
  EXPECT_TRUE(first.scanned_to);
  // The open piece is read each time, so a look must have something left for another.
  for (int i = 0; i < 3 && !look(watched_, {.runs_max = 150}).complete; ++i) continue;
  EXPECT_TRUE(look(watched_, {.runs_max = 150}).complete);
}

TEST_F(ResultsInPieces, AChangedExperimentBeginsAnew) {
  look(watched_);
  experiment_ = *move(experiment_, prompt::ExperimentStatus::kPaused);
  EXPECT_EQ(reads_of([&] { look(watched_); }), 2);
}

}  // namespace
}  // namespace tracia::service
