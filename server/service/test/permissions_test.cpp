#include "tracia/service/permissions.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>

namespace tracia::service {
namespace {

using store::MemberRole;

TEST(Permissions, EachOperationIsInTheTableOnce) {
  std::set<std::pair<std::string, std::string>> seen;
  for (const Permission& one : permissions()) {
    EXPECT_TRUE(seen.emplace(one.method, one.pattern).second) << one.method << " " << one.pattern;
  }
}

TEST(Permissions, ARoleMayWhatTheRolesBelowItMay) {
  const Permission& write = permission_of("POST", "/api/v1/prompts");
  EXPECT_TRUE(check_permission(write, MemberRole::kOwner, true));
  EXPECT_TRUE(check_permission(write, MemberRole::kEditor, true));
  const Status refused = check_permission(write, MemberRole::kViewer, true);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kForbidden);
  EXPECT_EQ(refused.error().message, "This needs the role editor or above; yours is viewer");
}

TEST(Permissions, AKeyIsAnEditorAndNoMember) {
  EXPECT_TRUE(check_permission(permission_of("POST", "/api/v1/prompts"), MemberRole::kEditor, false));
  for (const auto& [method, pattern] : {std::pair{"GET", "/api/v1/api-keys"}, {"PUT", "/api/v1/members/{memberId}"}}) {
    EXPECT_FALSE(check_permission(permission_of(method, pattern), MemberRole::kEditor, false)) << pattern;
  }
}

TEST(Permissions, HeadIsGet) { EXPECT_EQ(permission_of("HEAD", "/api/v1/audit").pattern, "/api/v1/audit"); }

TEST(Permissions, AnOperationThatIsNotInTheTableIsForNobody) {
  const Permission& unknown = permission_of("PATCH", "/api/v1/prompts");
  EXPECT_FALSE(check_permission(unknown, MemberRole::kOwner, true));
  EXPECT_FALSE(check_permission(unknown, MemberRole::kEditor, false));
}

TEST(Permissions, OwnersAndWhoWasGivenNoProjectInParticularEnterAll) {
  EXPECT_TRUE(may_enter({.role = MemberRole::kViewer}, "prj_1"));
  EXPECT_TRUE(may_enter({.role = MemberRole::kAdmin, .project_ids = {"prj_1"}}, "prj_1"));
  EXPECT_FALSE(may_enter({.role = MemberRole::kAdmin, .project_ids = {"prj_1"}}, "prj_2"));
  EXPECT_TRUE(may_enter({.role = MemberRole::kOwner, .project_ids = {"prj_1"}}, "prj_2"));
}

}  // namespace
}  // namespace tracia::service
