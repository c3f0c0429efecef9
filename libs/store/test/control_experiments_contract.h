// Experiments in the contract of ControlStore: more tests of the suite in control_store_contract.h, which includes
// this.
#pragma once

#include "control_store_contract.h"

namespace tracia::store {

inline prompt::Experiment an_experiment(const std::string& id, const std::string& prompt_id, int64_t second = 1) {
  const Timestamp time{1'800'000'000'000'000 + second * 1'000'000};
  return {.id = id,
          .project_id = "prj_1",
          .prompt_id = prompt_id,
          .name = "Shorter, \"please\"",
          .variants = {{.key = "control", .version = 1, .weight = 90},
                       {.key = "short", .version = 2, .weight = 10, .provider = "ollama", .model = "llama3"}},
          .author = "ada@example.com",
          .created = time,
          .updated = time};
}

inline prompt::Experiment next_of(prompt::Experiment experiment, prompt::ExperimentStatus status) {
  ++experiment.revision;
  experiment.status = status;
  return experiment;
}

TEST_P(ControlStoreContract, ExperimentsKeepEveryMemberAndComeOldestFirst) {
  ASSERT_TRUE(store().create_prompt(prompt("prm_1", "prj_1", "one"), version("prm_1", 1)));
  EXPECT_TRUE(store().experiments()->empty());
  ASSERT_TRUE(store().put_experiment(an_experiment("exp_b", "prm_1", 2)));
  const prompt::Experiment first = an_experiment("exp_a", "prm_1", 1);
  ASSERT_TRUE(store().put_experiment(first));
  EXPECT_EQ(ids_of(store().experiments()), (Ids{"exp_a", "exp_b"}));
  EXPECT_EQ(store().experiments()->at(0), first);
  prompt::Experiment full = next_of(first, prompt::ExperimentStatus::kStopped);
  full.name = "Renamed";
  full.primary_metric = prompt::Metric::kErrorRate;
  full.promoted = "short";
  full.updated = at(9);
  full.started = at(3);
  full.stopped = at(8);
  ASSERT_TRUE(store().put_experiment(full));
  EXPECT_EQ(store().experiments()->at(0), full);
  reopen();
  EXPECT_EQ(store().experiments()->at(0), full);
}

TEST_P(ControlStoreContract, OfAPromptsExperimentsAtMostOneRuns) {
  ASSERT_TRUE(store().create_prompt(prompt("prm_1", "prj_1", "one"), version("prm_1", 1)));
  ASSERT_TRUE(store().create_prompt(prompt("prm_2", "prj_1", "two"), version("prm_2", 1)));
  for (const char* id : {"exp_1", "exp_2"}) ASSERT_TRUE(store().put_experiment(an_experiment(id, "prm_1")));
  ASSERT_TRUE(store().put_experiment(an_experiment("exp_3", "prm_2")));
  const auto running = prompt::ExperimentStatus::kRunning;
  const prompt::Experiment one = next_of(an_experiment("exp_1", "prm_1"), running);
  ASSERT_TRUE(store().put_experiment(one));
  EXPECT_TRUE(store().put_experiment(next_of(an_experiment("exp_3", "prm_2"), running))) << "another prompt's";
  const Status refused = store().put_experiment(next_of(an_experiment("exp_2", "prm_1"), running));
  expect_error(refused, ErrorCode::kConflict);
  EXPECT_EQ(refused.error().kind, ErrorKind::kInvalidRequest);
  EXPECT_TRUE(store().put_experiment(next_of(one, running))) << "it may change while it runs";
  ASSERT_TRUE(store().put_experiment(next_of(next_of(one, running), prompt::ExperimentStatus::kPaused)));
  EXPECT_TRUE(store().put_experiment(next_of(an_experiment("exp_2", "prm_1"), running)));
}

TEST_P(ControlStoreContract, AStaleExperimentConflictsAndChangesNothing) {
  ASSERT_TRUE(store().create_prompt(prompt("prm_1", "prj_1", "one"), version("prm_1", 1)));
  const prompt::Experiment first = an_experiment("exp_1", "prm_1");
  ASSERT_TRUE(store().put_experiment(first));
  const Status again = store().put_experiment(first);
  expect_error(again, ErrorCode::kConflict);
  EXPECT_EQ(again.error().kind, ErrorKind::kOther);
  ASSERT_TRUE(store().put_experiment(next_of(first, prompt::ExperimentStatus::kRunning)));
  expect_error(store().put_experiment(next_of(first, prompt::ExperimentStatus::kStopped)), ErrorCode::kConflict);
  EXPECT_EQ(store().experiments()->at(0).status, prompt::ExperimentStatus::kRunning);
}

TEST_P(ControlStoreContract, AnExperimentNeedsItsPromptAndGoesWithIt) {
  expect_error(store().put_experiment(an_experiment("exp_1", "prm_1")), ErrorCode::kNotFound);
  ASSERT_TRUE(store().create_prompt(prompt("prm_1", "prj_1", "one"), version("prm_1", 1)));
  ASSERT_TRUE(store().create_prompt(prompt("prm_2", "prj_1", "two"), version("prm_2", 1)));
  prompt::Experiment of_another = an_experiment("exp_1", "prm_1");
  of_another.project_id = "prj_2";
  expect_error(store().put_experiment(of_another), ErrorCode::kNotFound);
  ASSERT_TRUE(store().put_experiment(an_experiment("exp_1", "prm_1")));
  ASSERT_TRUE(store().put_experiment(an_experiment("exp_2", "prm_2")));
  EXPECT_TRUE(*store().remove_prompt("prj_1", "prm_1"));
  EXPECT_EQ(ids_of(store().experiments()), (Ids{"exp_2"}));
}

TEST_P(ControlStoreContract, AnExperimentIsRemovedOnceAndOnlyByItsProject) {
  ASSERT_TRUE(store().create_prompt(prompt("prm_1", "prj_1", "one"), version("prm_1", 1)));
  const prompt::Experiment first = an_experiment("exp_1", "prm_1");
  ASSERT_TRUE(store().put_experiment(first));
  EXPECT_FALSE(*store().remove_experiment("prj_2", "exp_1"));
  EXPECT_TRUE(*store().remove_experiment("prj_1", "exp_1"));
  EXPECT_FALSE(*store().remove_experiment("prj_1", "exp_1"));
  expect_error(store().put_experiment(next_of(first, prompt::ExperimentStatus::kRunning)), ErrorCode::kNotFound);
  EXPECT_TRUE(store().experiments()->empty());
}

}  // namespace tracia::store
