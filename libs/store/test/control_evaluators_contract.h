// Evaluators, and what evaluations have of them, in the contract of ControlStore: more tests of the suite in
// control_store_contract.h, which includes this.
#pragma once

#include "control_store_contract.h"

namespace tracia::store {

TEST_P(ControlStoreContract, EvaluatorsKeepEveryMemberAndAreReplacedByProjectAndKey) {
  EXPECT_TRUE(store().evaluators()->empty());
  const Evaluator tone{.project_id = "prj_1",
                       .key = "tone",
                       .name = "Tone \"of voice\"",
                       .type = EvaluatorType::kCategorical,
                       .categories = {"kind", "a,b", "\"x\""},
                       .created = at(2),
                       .updated = at(3)};
  ASSERT_TRUE(store().put_evaluator(tone));
  ASSERT_TRUE(store().put_evaluator({.project_id = "prj_1",
                                     .key = "score",
                                     .name = "Score",
                                     .minimum = 0.5,
                                     .maximum = 10,
                                     .created = at(1),
                                     .updated = at(1)}));
  ASSERT_TRUE(store().put_evaluator({.project_id = "prj_2", .key = "tone", .name = "Other", .created = at(4)}));
  reopen();
  const auto all = store().evaluators();
  ASSERT_EQ(all->size(), 3u);
  EXPECT_EQ(all->at(0).key, "score");
  EXPECT_EQ(all->at(0).minimum, 0.5);
  EXPECT_EQ(all->at(0).maximum, 10);
  EXPECT_EQ(all->at(0).type, EvaluatorType::kNumeric);
  EXPECT_EQ(all->at(1).name, tone.name);
  EXPECT_EQ(all->at(1).type, tone.type);
  EXPECT_EQ(all->at(1).categories, tone.categories);
  EXPECT_EQ(all->at(1).minimum, std::nullopt);
  EXPECT_EQ(all->at(1).created, at(2));
  EXPECT_EQ(all->at(1).updated, at(3));
  EXPECT_EQ(all->at(2).project_id, "prj_2");
  Evaluator renamed = tone;
  renamed.name = "Tone";
  ASSERT_TRUE(store().put_evaluator(renamed));
  EXPECT_EQ(store().evaluators()->size(), 3u);
  EXPECT_EQ(store().evaluators()->at(1).name, "Tone");
}

TEST_P(ControlStoreContract, ARemovedEvaluatorLeavesItsEvaluations) {
  ASSERT_TRUE(store().put_evaluator({.project_id = "prj_1", .key = "quality2", .name = "Q"}));
  Evaluation one = evaluation("evl_1", "prj_1", "sp_1", 1);
  one.category = "kind";
  ASSERT_TRUE(store().put_evaluation(one));
  EXPECT_FALSE(*store().remove_evaluator("prj_2", "quality2"));
  EXPECT_TRUE(*store().remove_evaluator("prj_1", "quality2"));
  EXPECT_FALSE(*store().remove_evaluator("prj_1", "quality2"));
  EXPECT_TRUE(store().evaluators()->empty());
  reopen();
  EXPECT_EQ((*store().evaluation("prj_1", "evl_1"))->category, "kind");
}

TEST_P(ControlStoreContract, EvaluationsOfManySpansAreRemovedAtOnce) {
  for (const char* id : {"evl_1", "evl_2", "evl_3"}) {
    ASSERT_TRUE(store().put_evaluation(evaluation(id, "prj_1", "sp_" + std::string(id), 1)));
  }
  ASSERT_TRUE(store().put_evaluation(evaluation("evl_4", "prj_2", "sp_evl_1", 1)));
  ASSERT_TRUE(store().remove_evaluations_of("prj_1", ControlStore::SpanKeys{}));
  ASSERT_TRUE(store().remove_evaluations_of(
      "prj_1", ControlStore::SpanKeys{{"sp_evl_1", "tr_1"}, {"sp_evl_2", "tr_1"}, {"sp_evl_3", "tr_2"}}));
  EXPECT_EQ(ids_of(store().evaluations_after("", 10)), (Ids{"evl_3", "evl_4"}));
}

TEST_P(ControlStoreContract, EvaluationsOfAllProjectsAreWalkedById) {
  for (const char* id : {"evl_3", "evl_1", "evl_2"}) {
    ASSERT_TRUE(store().put_evaluation(evaluation(id, std::string("prj_") + id, "sp_1", 1)));
  }
  EXPECT_EQ(ids_of(store().evaluations_after("", 2)), (Ids{"evl_1", "evl_2"}));
  EXPECT_EQ(ids_of(store().evaluations_after("evl_2", 2)), (Ids{"evl_3"}));
  EXPECT_TRUE(store().evaluations_after("evl_3", 2)->empty());
}

}  // namespace tracia::store
