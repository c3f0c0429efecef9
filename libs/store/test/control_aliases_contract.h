// Aliases of the gateway's models in the contract of ControlStore: more tests of the suite in
// control_store_contract.h, which includes this.
#pragma once

#include "control_store_contract.h"

namespace tracia::store {

TEST_P(ControlStoreContract, GatewayAliasesKeepEveryMemberAndAreReplacedByName) {
  GatewayAlias fast{.project_id = "prj_1",
                    .name = "fast",
                    .targets = {{.provider = "", .model = "gpt-4o-mini"}, {.provider = "ollama", .model = "ll\"a:3"}},
                    .retries = 2,
                    .created = at(1),
                    .updated = at(2)};
  const GatewayAlias other{.project_id = "prj_2",
                           .name = "fast",
                           .targets = {{"", "gpt-4o"}},
                           .retries = {},
                           .created = at(1),
                           .updated = at(1)};
  ASSERT_TRUE(store().put_gateway_alias(other));
  ASSERT_TRUE(store().put_gateway_alias(fast));
  EXPECT_EQ(*store().gateway_aliases(), (std::vector{fast, other}));
  fast.targets.pop_back();
  fast.retries = 0;
  ASSERT_TRUE(store().put_gateway_alias(fast));
  reopen();
  EXPECT_EQ(*store().gateway_aliases(), (std::vector{fast, other}));
}

TEST_P(ControlStoreContract, AGatewayAliasIsRemovedOnceAndOnlyFromItsProject) {
  const GatewayAlias alias{.project_id = "prj_1",
                           .name = "fast",
                           .targets = {{"", "gpt-4o"}},
                           .retries = {},
                           .created = at(1),
                           .updated = at(1)};
  ASSERT_TRUE(store().put_gateway_alias(alias));
  EXPECT_EQ(store().remove_gateway_alias("prj_2", "fast"), false);
  EXPECT_EQ(store().remove_gateway_alias("prj_1", "fast"), true);
  EXPECT_EQ(store().remove_gateway_alias("prj_1", "fast"), false);
  EXPECT_TRUE(store().gateway_aliases()->empty());
}

}  // namespace tracia::store
