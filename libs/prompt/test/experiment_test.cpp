#include "tracia/prompt/experiment.h"

#include <gtest/gtest.h>

#include <map>

namespace tracia::prompt {
namespace {

Prompt prompt_with(int64_t versions) {
  Prompt prompt{.id = "prm_1", .project_id = "prj_1"};
  prompt.slug = "welcome";
  prompt.current_version = versions;
  return prompt;
}

Experiment experiment_of(const std::string& id, std::vector<int64_t> weights) {
  Experiment experiment{.id = id, .project_id = "prj_1", .prompt_id = "prm_1", .name = "Shorter", .variants = {}};
  for (const int64_t weight : weights) {
    experiment.variants.push_back({.key = "v" + std::to_string(experiment.variants.size()), .weight = weight});
  }
  return experiment;
}

Result<ExperimentDraft> read(const std::string& text) {
  json::Document document;
  return read_experiment(*document.parse(text), prompt_with(3));
}
std::string error_of(const std::string& text) {
  const auto draft = read(text);
  return draft ? "" : draft.error().message;
}

constexpr const char* kBody = R"({"name":"Shorter","primaryMetric":"cost","variants":[
  {"key":"control","version":2,"weight":90},{"key":"short","version":3,"weight":10,"provider":"OpenAI","model":"m"}]})";

TEST(Experiment, IsReadWithItsVariantsInOrder) {
  const auto draft = read(kBody);
  ASSERT_TRUE(draft) << draft.error().message;
  EXPECT_EQ(draft->name, "Shorter");
  EXPECT_EQ(draft->primary_metric, Metric::kCost);
  const std::vector<Variant> expected{{.key = "control", .version = 2, .weight = 90},
                                      {.key = "short", .version = 3, .weight = 10, .provider = "openai", .model = "m"}};
  EXPECT_EQ(draft->variants, expected);
}

TEST(Experiment, ErrorsNameTheField) {
  EXPECT_EQ(error_of("[]"), "Request body must be a JSON object");
  EXPECT_EQ(error_of("{}"), "Missing required field: name");
  EXPECT_EQ(error_of(R"({"name":"x"})"), "Missing required field: variants");
  EXPECT_EQ(error_of(R"({"name":"x","variants":[{"key":"a","version":1}]})"),
            "variants must be an array of 2 to 10 variants, the control first");
  EXPECT_EQ(error_of(R"({"name":"x","variants":[{"key":"a","version":1},7]})"), "variants[1] must be an object");
  EXPECT_EQ(error_of(R"({"name":"x","variants":[{"key":"a","version":1},{"key":"b"}]})"),
            "Missing required field: variants[1].version");
  EXPECT_EQ(error_of(R"({"name":"x","variants":[{"key":"a","version":4},{"key":"b","version":1}]})"),
            "variants[0].version must be a version of welcome: there is no version 4");
  EXPECT_EQ(error_of(R"({"name":"x","variants":[{"key":"a","version":1},{"key":"a","version":1}]})"),
            "variants[1].key must differ from the other variants' keys");
  EXPECT_EQ(error_of(R"({"name":"x","variants":[{"key":"a","version":1,"weight":1001},{"key":"b","version":1}]})"),
            "variants[0].weight must be a whole number from 1 to 1000");
  EXPECT_EQ(error_of(R"({"name":"x","variants":[{"key":"a","version":1,"weight":0},{"key":"b","version":1}]})"),
            "variants[0].weight must be a whole number of at least 1");
  EXPECT_EQ(error_of(R"({"name":"x","primaryMetric":"speed","variants":[{"key":"a","version":1},
                        {"key":"b","version":1}]})"),
            "primaryMetric must be cost, latency, tokens, errorRate or quality");
  EXPECT_NE(error_of(R"({"name":"x","variants":[{"key":"A b","version":1},{"key":"b","version":1}]})"), "");
}

TEST(Experiment, VariantsReadBackAsTheyWereWritten) {
  const auto draft = read(kBody);
  json::Writer w;
  write_variants(w, draft->variants);
  EXPECT_EQ(*stored_variants(w.str()), draft->variants);
  EXPECT_FALSE(stored_variants("[]"));
  EXPECT_FALSE(stored_variants("no json"));
}

TEST(Experiment, AStartedOneKeepsItsDefinition) {
  json::Document document;
  Experiment experiment = experiment_of("exp_1", {1, 1});
  const Timestamp later{100};
  const auto redefined =
      *document.parse(R"({"variants":[{"key":"a","version":1},{"key":"b","version":2}],"primaryMetric":"cost"})");
  const auto as_draft = edited(experiment, redefined, prompt_with(3), later);
  ASSERT_TRUE(as_draft) << as_draft.error().message;
  EXPECT_EQ(as_draft->variants[1].version, 2);
  EXPECT_EQ(as_draft->revision, 2);
  EXPECT_EQ(as_draft->updated, later);
  experiment.status = ExperimentStatus::kPaused;
  EXPECT_EQ(edited(experiment, redefined, prompt_with(3), later).error().code, ErrorCode::kConflict);
  const auto renamed = edited(experiment, *document.parse(R"({"name":"New"})"), prompt_with(3), later);
  EXPECT_EQ(renamed->name, "New");
  EXPECT_EQ(edited(*renamed, *document.parse(R"({"name":"New"})"), prompt_with(3), later)->revision, renamed->revision);
  EXPECT_EQ(edited(experiment, *document.parse(R"({"name":null})"), prompt_with(3), later).error().message,
            "Missing required field: name");
}

TEST(Experiment, MovesOnlyForward) {
  using S = ExperimentStatus;
  const std::map<std::pair<S, S>, bool> moves{
      {{S::kDraft, S::kRunning}, true},    {{S::kDraft, S::kPaused}, false},   {{S::kDraft, S::kStopped}, false},
      {{S::kRunning, S::kPaused}, true},   {{S::kRunning, S::kStopped}, true}, {{S::kRunning, S::kDraft}, false},
      {{S::kPaused, S::kRunning}, true},   {{S::kPaused, S::kStopped}, true},  {{S::kPaused, S::kDraft}, false},
      {{S::kStopped, S::kRunning}, false}, {{S::kStopped, S::kPaused}, false}, {{S::kStopped, S::kDraft}, false}};
  for (const auto& [move, allowed] : moves) {
    Experiment experiment = experiment_of("exp_1", {1, 1});
    experiment.status = move.first;
    const auto next = moved(experiment, move.second, {5});
    ASSERT_EQ(next.has_value(), allowed) << experiment_status_name(move.first) << experiment_status_name(move.second);
    if (allowed) {
      EXPECT_EQ(next->status, move.second);
      EXPECT_EQ(next->revision, 2);
      EXPECT_EQ(next->stopped.has_value(), move.second == S::kStopped);
    } else {
      EXPECT_EQ(next.error().code, ErrorCode::kConflict);
    }
    EXPECT_EQ(moved(experiment, experiment.status, {5})->revision, 1) << "the same status changes nothing";
  }
}

TEST(Experiment, StartedIsTheFirstStart) {
  const auto running = moved(experiment_of("exp_1", {1, 1}), ExperimentStatus::kRunning, {5});
  const auto paused = moved(*running, ExperimentStatus::kPaused, {6});
  EXPECT_EQ(moved(*paused, ExperimentStatus::kRunning, {7})->started, Timestamp{5});
}

// Pinned for ever: a change would move users between the variants of running experiments. Computed with another
// implementation of XXH3 as well (the Python package xxhash).
TEST(Assignment, BucketsAreTheseForEver) {
  EXPECT_EQ(bucket_of("exp_0123456789abcdef", "user-1"), 2778);
  EXPECT_EQ(bucket_of("exp_0123456789abcdef", "user-2"), 7662);
  EXPECT_EQ(bucket_of("exp_0123456789abcdef", ""), 850);
  EXPECT_EQ(bucket_of("exp_fedcba9876543210", "user-1"), 5569);
  EXPECT_EQ(bucket_of("exp_0123456789abcdef", "tr_00112233445566778899aabbccddeeff"), 9538);
  EXPECT_EQ(bucket_of("exp_0123456789abcdef", "Zo\xc3\xab"), 6705);
}

TEST(Assignment, SharesFollowTheWeights) {
  const Experiment experiment = experiment_of("exp_1", {70, 20, 10});
  EXPECT_EQ(bucket_ends(experiment.variants), (std::vector<int64_t>{7000, 9000, 10'000}));
  std::map<std::string, int> counts;
  for (int i = 0; i < 20'000; ++i) ++counts[assign(experiment, "user-" + std::to_string(i)).key];
  EXPECT_NEAR(counts["v0"], 14'000, 400);
  EXPECT_NEAR(counts["v1"], 4'000, 300);
  EXPECT_NEAR(counts["v2"], 2'000, 250);
}

TEST(Assignment, TheSmallestWeightStillGetsABucket) {
  const Experiment experiment = experiment_of("exp_1", {1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1});
  const std::vector<int64_t> ends = bucket_ends(experiment.variants);
  EXPECT_EQ(ends.back(), kBuckets);
  EXPECT_GT(ends[9], ends[8]);
}

TEST(Assignment, IsStickyAndDependsOnTheExperiment) {
  const Experiment one = experiment_of("exp_1", {1, 1}), other = experiment_of("exp_2", {1, 1});
  int differ = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::string unit = "user-" + std::to_string(i);
    EXPECT_EQ(assign(one, unit).key, assign(one, unit).key);
    differ += assign(one, unit).key != assign(other, unit).key ? 1 : 0;
  }
  EXPECT_NEAR(differ, 500, 100);  // experiments do not follow one another
}

TEST(Assignment, TheUnitIsTheUserElseTheSessionElseTheTrace) {
  EXPECT_EQ(unit_of("u", "s", "t"), "u");
  EXPECT_EQ(unit_of("", "s", "t"), "s");
  EXPECT_EQ(unit_of("", "", "t"), "t");
  EXPECT_EQ(unit_of("", "", ""), "");
}

TEST(Assignment, AVariantsModelStandsInPlaceOfTheVersions) {
  const Content version{.messages = {}, .provider = "azure", .model = "gpt-4o", .temperature = 0.5};
  EXPECT_EQ(content_of({.key = "a"}, version), version);
  const Content named = content_of({.key = "a", .model = "claude-sonnet-4-5"}, version);
  EXPECT_EQ(named.provider, "");  // a known model is looked for by its name
  EXPECT_EQ(named.model, "claude-sonnet-4-5");
  EXPECT_EQ(named.temperature, 0.5);
  EXPECT_EQ(content_of({.key = "a", .model = "my-own"}, version).provider, "azure");
  EXPECT_EQ(content_of({.key = "a", .provider = "ollama", .model = "my-own"}, version).provider, "ollama");
  EXPECT_EQ(content_of({.key = "a", .provider = "openai"}, version).model, "gpt-4o");
}

}  // namespace
}  // namespace tracia::prompt
