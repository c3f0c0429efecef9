#include "tracia/store/control_store.h"

#include <gtest/gtest.h>

#include <set>

namespace tracia::store {
namespace {

TEST(NewId, IsThePrefixAndSixteenLowerCaseHexDigits) {
  const std::string id = new_id("prj");
  ASSERT_EQ(id.size(), 20u);
  EXPECT_EQ(id.substr(0, 4), "prj_");
  EXPECT_EQ(id.find_first_not_of("0123456789abcdef", 4), std::string::npos) << id;
}

TEST(NewId, DoesNotRepeat) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(new_id("key"));
  EXPECT_EQ(seen.size(), 1000u);
}

TEST(MemberRoleName, NamesEachRole) {
  EXPECT_EQ(member_role_name(MemberRole::kOwner), "owner");
  EXPECT_EQ(member_role_name(MemberRole::kAdmin), "admin");
  EXPECT_EQ(member_role_name(MemberRole::kEditor), "editor");
  EXPECT_EQ(member_role_name(MemberRole::kViewer), "viewer");
}

}  // namespace
}  // namespace tracia::store
