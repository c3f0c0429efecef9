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
  void add_span(const std::string& experiment, const std::string& variant, const std::string& user, double cost) {
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
    spans_.append(std::move(one), [](const Result<std::vector<store::Appended>>&) {});
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

}  // namespace
}  // namespace tracia::service
