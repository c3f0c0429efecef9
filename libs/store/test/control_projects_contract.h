// Removing a project, in the contract of ControlStore: more tests of the suite in control_store_contract.h.
#pragma once

#include "control_experiments_contract.h"
#include "control_store_contract.h"

namespace tracia::store {

// One of everything that a project may have. Ids end in `mark`.
inline void fill_project(ControlStore& store, const std::string& mark, Timestamp time) {
  const std::string project = "prj_" + mark;
  ASSERT_TRUE(store.put_project({project, mark, time}));
  ASSERT_TRUE(store.put_api_key({.id = "key_" + mark, .project_id = project, .hash = std::string(32, mark[0])}));
  ASSERT_TRUE(store.put_connection({.id = "con_" + mark, .project_id = project, .name = mark}));
  ASSERT_TRUE(store.put_gateway_alias({.project_id = project, .name = mark, .targets = {{"", "gpt-4o"}}}));
  prompt::Prompt prompt{.id = "prm_" + mark, .project_id = project, .slug = mark, .name = mark};
  ASSERT_TRUE(store.create_prompt(prompt, {.prompt_id = prompt.id, .number = 1}));
  prompt::Experiment experiment = an_experiment("exp_" + mark, prompt.id);
  experiment.project_id = project;
  ASSERT_TRUE(store.put_experiment(experiment));
  ASSERT_TRUE(store.put_evaluator({.project_id = project, .key = mark, .name = mark}));
  for (const char* number : {"1", "2", "3"}) {
    ASSERT_TRUE(store.put_evaluation({.id = "evl_" + mark + number, .project_id = project, .span_id = "sp_1"}));
  }
  ASSERT_TRUE(store.put_project_settings({.project_id = project, .json = "{}", .revision = 1, .updated = time}));
  ASSERT_TRUE(store.put_spent({{"key_" + mark, "2026-11", "1"}, {project, "2026-11", "1"}}, "", ""));
  ASSERT_TRUE(store.put_model_price({project, "openai", mark, "{}", time}));
}

// What of `mark` there is, by kind; "" when there is nothing.
inline std::string found_of(ControlStore& store, const std::string& mark) {
  const std::string project = "prj_" + mark;
  std::string found;
  const auto note = [&](const char* kind, const auto& list, const auto& owner) {
    ASSERT_TRUE(list) << list.error().message;
    for (const auto& one : *list) {
      if (owner(one) == project) return void(found += std::string(kind) + " ");
    }
  };
  const auto of = [](const auto& one) { return one.project_id; };
  note("project", store.projects(), [](const Project& one) { return one.id; });
  note("key", store.api_keys(), of);
  note("connection", store.connections(), of);
  note("alias", store.gateway_aliases(), of);
  note("prompt", store.prompts(), of);
  note("experiment", store.experiments(), of);
  note("evaluator", store.evaluators(), of);
  note("settings", store.project_settings(), of);
  note("price", store.model_prices(), of);
  note("spent", store.spent(), [&](const Spent& one) { return one.scope == "key_" + mark ? project : one.scope; });
  if (*store.version("prm_" + mark, 1)) found += "version ";
  return found;
}

inline constexpr const char* kEverything =
    "project key connection alias prompt experiment evaluator settings price spent version ";

TEST_P(ControlStoreContract, AProjectIsRemovedWithAllThatBelongsToItAndNothingElse) {
  fill_project(store(), "a", at(1));
  fill_project(store(), "b", at(2));
  ASSERT_EQ(found_of(store(), "a"), kEverything);
  EXPECT_EQ(store().remove_project("prj_b", at(3)), true);
  EXPECT_EQ(store().remove_project("prj_b", at(4)), false);
  reopen();
  EXPECT_EQ(found_of(store(), "b"), "");
  EXPECT_EQ(found_of(store(), "a"), kEverything);
  const auto removed = store().removed_projects();
  ASSERT_EQ(ids_of(removed), Ids{"prj_b"});
  EXPECT_EQ(removed->front().removed, at(3));
}

TEST_P(ControlStoreContract, EvaluationsOfARemovedProjectGoInStepsAndWhatCameLateGoesAtTheEnd) {
  fill_project(store(), "a", at(1));
  fill_project(store(), "b", at(2));
  ASSERT_TRUE(store().remove_project("prj_b", at(3)));
  EXPECT_EQ(store().remove_evaluations_of_project("prj_b", 2), 2u);
  EXPECT_EQ(store().remove_evaluations_of_project("prj_b", 2), 1u);
  EXPECT_EQ(store().remove_evaluations_of_project("prj_b", 2), 0u);
  ASSERT_TRUE(store().put_evaluation(evaluation("evl_late", "prj_b", "sp_1", 4)));
  ASSERT_TRUE(store().put_connection(connection("con_late", "prj_b", "late")));
  ASSERT_TRUE(store().create_prompt(prompt("prm_late", "prj_b", "late"), version("prm_late", 1)));
  ASSERT_TRUE(store().forget_removed_project("prj_b"));
  reopen();
  EXPECT_TRUE(store().removed_projects()->empty());
  EXPECT_EQ(found_of(store(), "b"), "");
  EXPECT_FALSE(*store().version("prm_late", 1));
  EXPECT_EQ(ids_of(store().evaluations_after("", 10)), (Ids{"evl_a1", "evl_a2", "evl_a3"}));
  EXPECT_EQ(found_of(store(), "a"), kEverything);
}

TEST_P(ControlStoreContract, WhoMayEnterOnlyARemovedProjectMayEnterNoneAndNotAll) {
  for (const char* mark : {"a", "b", "c"}) fill_project(store(), mark, at(1));
  const auto put = [&](const std::string& id, std::vector<std::string> projects) {
    Member one = member("mem_" + id, id + "@example.com");
    one.project_ids = projects;
    ASSERT_TRUE(store().put_member(one));
    Invitation link{.id = "inv_" + id, .email = id + "@example.com", .project_ids = std::move(projects)};
    link.expires = at(100);
    ASSERT_TRUE(store().put_invitation(link));
  };
  put("all", {});
  put("both", {"prj_a", "prj_b"});
  put("only", {"prj_b"});
  put("other", {"prj_c"});
  ASSERT_TRUE(store().remove_project("prj_b", at(3)));
  reopen();
  std::map<std::string, Ids> members, invitations;
  const auto stored = store().members();
  for (const Member& one : *stored) members[one.id.substr(4)] = one.project_ids;
  const auto links = store().invitations();
  for (const Invitation& one : *links) invitations[one.id.substr(4)] = one.project_ids;
  EXPECT_EQ(members,
            (std::map<std::string, Ids>{{"all", {}}, {"both", {"prj_a"}}, {"only", {"prj_b"}}, {"other", {"prj_c"}}}));
  EXPECT_EQ(invitations, (std::map<std::string, Ids>{{"all", {}}, {"both", {"prj_a"}}, {"other", {"prj_c"}}}));
}

}  // namespace tracia::store
