// Settings of projects, what was spent, and own prices in the contract of ControlStore: more tests of the suite in
// control_store_contract.h.
#pragma once

#include "control_store_contract.h"

namespace tracia::store {

TEST_P(ControlStoreContract, ApiKeysKeepTheirLimits) {
  ASSERT_TRUE(store().put_api_key(api_key("key_1", "prj_1", 1)));
  reopen();
  EXPECT_EQ(store().api_keys()->at(0).limits_json, R"({"requestsPerMinute":60})");
  ApiKey key = api_key("key_1", "prj_1", 1);
  key.limits_json.clear();
  ASSERT_TRUE(store().put_api_key(key));
  EXPECT_EQ(store().api_keys()->at(0).limits_json, "");
}

TEST_P(ControlStoreContract, SettingsOfAProjectFollowTheirRevision) {
  EXPECT_TRUE(store().project_settings()->empty());
  ProjectSettings settings{.project_id = "prj_1", .json = R"({"a":1})", .revision = 1, .updated = at(1)};
  ASSERT_TRUE(store().put_project_settings(settings));
  expect_error(store().put_project_settings(settings), ErrorCode::kConflict);
  settings.json = R"({"a":2})";
  settings.revision = 2;
  settings.updated = at(2);
  ASSERT_TRUE(store().put_project_settings(settings));
  ProjectSettings stale{.project_id = "prj_2", .json = "{}", .revision = 2, .updated = at(3)};
  expect_error(store().put_project_settings(stale), ErrorCode::kConflict);
  reopen();
  const auto all = store().project_settings();
  ASSERT_EQ(all->size(), 1u);
  EXPECT_EQ(all->at(0).project_id, "prj_1");
  EXPECT_EQ(all->at(0).json, R"({"a":2})");
  EXPECT_EQ(all->at(0).revision, 2);
  EXPECT_EQ(all->at(0).updated, at(2));
}

TEST_P(ControlStoreContract, WhatWasSpentIsReplacedByScopeAndPeriodAndOldPeriodsGo) {
  ASSERT_TRUE(store().put_spent(
      {{"key_1", "2026-10", "3"}, {"key_1", "2026-10-31", "1"}, {"key_1", "2026-11", "0.1"}, {"prj_1", "2026-11", "7"}},
      "", ""));
  EXPECT_EQ(store().spent()->size(), 4u);
  ASSERT_TRUE(
      store().put_spent({{"key_1", "2026-11", "0.25"}, {"key_1", "2026-11-01", "0.25"}}, "2026-11-01", "2026-11"));
  reopen();
  std::vector<std::string> lines;
  const auto all = store().spent();
  for (const Spent& one : *all) lines.push_back(one.scope + " " + one.period + " " + one.usd);
  std::sort(lines.begin(), lines.end());
  EXPECT_EQ(lines, (std::vector<std::string>{"key_1 2026-11 0.25", "key_1 2026-11-01 0.25", "prj_1 2026-11 7"}));
}

TEST_P(ControlStoreContract, PricesAreReplacedAndRemovedByProjectProviderAndModel) {
  const ModelPrice price{"prj_1", "openai", "gpt-4o", R"({"input":"1"})", at(1)};
  ASSERT_TRUE(store().put_model_price(price));
  ASSERT_TRUE(store().put_model_price({"prj_1", "openai", "gpt-4o", R"({"input":"2"})", at(2)}));
  ASSERT_TRUE(store().put_model_price({"prj_2", "openai", "gpt-4o", R"({"input":"3"})", at(3)}));
  reopen();
  ASSERT_EQ(store().model_prices()->size(), 2u);
  const auto all = store().model_prices();
  const bool first = all->at(0).project_id == "prj_1";
  EXPECT_EQ(all->at(first ? 0 : 1).json, R"({"input":"2"})");
  EXPECT_EQ(all->at(first ? 0 : 1).updated, at(2));
  EXPECT_FALSE(*store().remove_model_price("prj_1", "openai", "gpt-5"));
  EXPECT_TRUE(*store().remove_model_price("prj_1", "openai", "gpt-4o"));
  EXPECT_FALSE(*store().remove_model_price("prj_1", "openai", "gpt-4o"));
  ASSERT_EQ(store().model_prices()->size(), 1u);
  EXPECT_EQ(store().model_prices()->at(0).project_id, "prj_2");
}

TEST_P(ControlStoreContract, SettingsAreSetReplacedAndRemoved) {
  ASSERT_TRUE(store().put_setting("setup_token_hash", "one"));
  ASSERT_TRUE(store().put_setting("setup_token_hash", "two"));
  ASSERT_TRUE(store().put_setting("empty", ""));
  EXPECT_EQ(*store().setting("setup_token_hash"), "two");
  EXPECT_EQ(*store().setting("empty"), "");
  ASSERT_TRUE(store().put_setting("setup_token_hash", std::nullopt));
  EXPECT_EQ(*store().setting("setup_token_hash"), std::nullopt);
  ASSERT_TRUE(store().put_setting("setup_token_hash", std::nullopt));
}

}  // namespace tracia::store
