// Members, invitations and the audit log in the contract of ControlStore: more tests of the suite in
// control_store_contract.h, which includes this.
#pragma once

#include "control_store_contract.h"

namespace tracia::store {

inline Invitation an_invitation(const std::string& id, const std::string& email, int64_t second = 1) {
  const int64_t created = 1'800'000'000'000'000 + second * 1'000'000;
  return {.id = id,
          .email = email,
          .role = MemberRole::kEditor,
          .project_ids = {"prj_1", "prj_2"},
          .token_hash = std::string("\0\xff", 2) + std::string(30, 'h'),
          .invited_by = "mem_9",
          .created = {created},
          .expires = {created + 1'000'000}};
}

inline AuditEvent an_event(const std::string& action, int64_t second, const std::string& actor = "mem_1") {
  return {.time = {1'800'000'000'000'000 + second * 1'000'000},
          .project_id = "prj_1",
          .actor_kind = "member",
          .actor_id = actor,
          .actor_name = "Ada",
          .action = action,
          .target = "greeting",
          .detail_json = R"({"version":2})",
          .request_id = "req_1",
          .peer = "127.0.0.1:9"};
}

inline std::vector<std::string> actions_of(const Result<std::vector<AuditEvent>>& events) {
  EXPECT_TRUE(events) << events.error().message;
  std::vector<std::string> actions;
  for (const AuditEvent& event : *events) actions.push_back(event.action);
  return actions;
}

TEST_P(ControlStoreContract, MembersKeepWhetherTheyAreDisabledAndTheirProjects) {
  Member one = member("mem_1", "ada@example.com");
  one.disabled = true;
  one.project_ids = {"prj_1", "prj_2"};
  ASSERT_TRUE(store().put_member(one));
  reopen();
  EXPECT_TRUE(store().members()->at(0).disabled);
  EXPECT_EQ(store().members()->at(0).project_ids, one.project_ids);
  one.disabled = false;
  one.project_ids.clear();
  ASSERT_TRUE(store().put_member(one));
  EXPECT_FALSE(store().members()->at(0).disabled);
  EXPECT_TRUE(store().members()->at(0).project_ids.empty());
}

TEST_P(ControlStoreContract, ARemovedMemberTakesTheirSessionsAndLinksAlong) {
  ASSERT_TRUE(store().put_member(member("mem_1", "ada@example.com")));
  ASSERT_TRUE(store().put_member(member("mem_2", "bob@example.com")));
  ASSERT_TRUE(store().put_login_session(login("h1", "mem_1", 9)));
  ASSERT_TRUE(store().put_login_session(login("h2", "mem_2", 9)));
  Invitation reset = an_invitation("inv_1", "ada@example.com");
  reset.member_id = "mem_1";
  ASSERT_TRUE(store().put_invitation(reset));
  ASSERT_TRUE(store().put_invitation(an_invitation("inv_2", "eve@example.com")));
  Invitation made = an_invitation("inv_3", "joe@example.com");
  made.invited_by = "mem_1";
  ASSERT_TRUE(store().put_invitation(made));
  EXPECT_TRUE(*store().remove_member("mem_1"));
  EXPECT_FALSE(*store().remove_member("mem_1"));
  EXPECT_EQ(ids_of(store().members()), (Ids{"mem_2"}));
  EXPECT_EQ(store().login_sessions()->size(), 1u);
  EXPECT_EQ(ids_of(store().invitations()), (Ids{"inv_2"}));
}

TEST_P(ControlStoreContract, InvitationsKeepEveryMember) {
  const Invitation put = an_invitation("inv_1", "Ada@example.com");
  ASSERT_TRUE(store().put_invitation(put));
  reopen();
  const auto all = store().invitations();
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 1u);
  const Invitation& got = all->front();
  EXPECT_EQ(std::tie(got.id, got.email, got.member_id, got.role, got.project_ids, got.token_hash, got.invited_by),
            std::tie(put.id, put.email, put.member_id, put.role, put.project_ids, put.token_hash, put.invited_by));
  EXPECT_EQ(got.created, put.created);
  EXPECT_EQ(got.expires, put.expires);
}

TEST_P(ControlStoreContract, ANewInvitationReplacesTheOneOfTheSameEmailAndPurpose) {
  ASSERT_TRUE(store().put_invitation(an_invitation("inv_1", "ada@example.com")));
  Invitation reset = an_invitation("inv_2", "ada@example.com", 2);
  reset.member_id = "mem_1";
  ASSERT_TRUE(store().put_invitation(reset));
  ASSERT_TRUE(store().put_invitation(an_invitation("inv_3", "ADA@example.com", 3)));
  EXPECT_EQ(ids_of(store().invitations()), (Ids{"inv_2", "inv_3"}));
  EXPECT_TRUE(*store().remove_invitation("inv_2"));
  EXPECT_FALSE(*store().remove_invitation("inv_2"));
}

TEST_P(ControlStoreContract, ExpiredInvitationsGo) {
  ASSERT_TRUE(store().put_invitation(an_invitation("inv_1", "a@example.com", 1)));
  ASSERT_TRUE(store().put_invitation(an_invitation("inv_2", "b@example.com", 5)));
  ASSERT_TRUE(store().remove_expired_invitations(at(2)));
  EXPECT_EQ(ids_of(store().invitations()), (Ids{"inv_2"}));
}

TEST_P(ControlStoreContract, AnInvitationIsAcceptedOnceWithItsMemberOrNotAtAll) {
  ASSERT_TRUE(store().put_member(member("mem_1", "ada@example.com")));
  ASSERT_TRUE(store().put_invitation(an_invitation("inv_1", "bob@example.com")));
  expect_error(store().accept_invitation("inv_1", member("mem_2", "ADA@example.com")), ErrorCode::kConflict);
  EXPECT_EQ(ids_of(store().invitations()), (Ids{"inv_1"}));
  ASSERT_TRUE(store().accept_invitation("inv_1", member("mem_2", "bob@example.com")));
  EXPECT_EQ(ids_of(store().members()), (Ids{"mem_1", "mem_2"}));
  EXPECT_TRUE(store().invitations()->empty());
  expect_error(store().accept_invitation("inv_1", member("mem_3", "eve@example.com")), ErrorCode::kNotFound);
  EXPECT_EQ(store().members()->size(), 2u);
}

TEST_P(ControlStoreContract, AuditEventsKeepEveryMemberAndComeNewestFirst) {
  ASSERT_TRUE(store().append_audit(an_event("prompt.update", 1)));
  ASSERT_TRUE(store().append_audit(an_event("label.move", 2)));
  reopen();
  const auto events = store().audit({});
  ASSERT_EQ(actions_of(events), (Ids{"label.move", "prompt.update"}));
  const AuditEvent& got = events->back();
  const AuditEvent put = an_event("prompt.update", 1);
  EXPECT_EQ(std::tie(got.project_id, got.actor_kind, got.actor_id, got.actor_name, got.target, got.detail_json,
                     got.request_id, got.peer),
            std::tie(put.project_id, put.actor_kind, put.actor_id, put.actor_name, put.target, put.detail_json,
                     put.request_id, put.peer));
  EXPECT_EQ(got.time, put.time);
  EXPECT_GT(events->front().number, got.number);
}

TEST_P(ControlStoreContract, AuditEventsAreFoundByActorActionTimeAndPage) {
  ASSERT_TRUE(store().append_audit(an_event("a", 1, "mem_1")));
  ASSERT_TRUE(store().append_audit(an_event("b", 2, "mem_2")));
  ASSERT_TRUE(store().append_audit(an_event("a", 3, "mem_2")));
  EXPECT_EQ(store().audit({.actor = "mem_2"})->size(), 2u);
  EXPECT_EQ(store().audit({.action = "a"})->size(), 2u);
  EXPECT_EQ(store().audit({.actor = "mem_2", .action = "a"})->size(), 1u);
  EXPECT_EQ(actions_of(store().audit({.from = at(2), .to = at(3)})), (Ids{"b"}));
  const auto page = store().audit({.limit = 2});
  ASSERT_EQ(actions_of(page), (Ids{"a", "b"}));
  EXPECT_EQ(store().audit({.before = page->back().number, .limit = 2})->size(), 1u);
}

TEST_P(ControlStoreContract, OldAuditEventsGoAndNumbersAreNeverUsedAgain) {
  for (int64_t second = 1; second <= 4; ++second) ASSERT_TRUE(store().append_audit(an_event("a", second)));
  const int64_t newest = store().audit({})->front().number;
  ASSERT_TRUE(store().trim_audit(at(2), 100));
  EXPECT_EQ(store().audit({})->size(), 3u);
  ASSERT_TRUE(store().trim_audit(at(0), 2));
  EXPECT_EQ(store().audit({})->size(), 2u);
  ASSERT_TRUE(store().trim_audit(at(100), 2));
  EXPECT_TRUE(store().audit({})->empty());
  ASSERT_TRUE(store().append_audit(an_event("a", 9)));
  EXPECT_GT(store().audit({})->front().number, newest);
}

TEST_P(ControlStoreContract, ALoginSessionKeepsItsDeviceAndWhenItWasSeen) {
  LoginSession one = login("a", "mem_1", 100);
  one.device = "Browser/1.0 (\"quoted\")";
  one.last_seen = at(1);
  ASSERT_TRUE(store().put_login_session(one));
  ASSERT_TRUE(store().put_login_session(login("b", "mem_1", 100)));
  ASSERT_TRUE(store().touch_login_sessions({{"a", at(7)}, {"gone", at(8)}}));
  ASSERT_TRUE(store().touch_login_sessions({}));
  reopen();
  EXPECT_EQ((*store().login_session("a"))->device, one.device);
  EXPECT_EQ((*store().login_session("a"))->last_seen, at(7));
  EXPECT_EQ((*store().login_session("b"))->device, "");
  EXPECT_EQ((*store().login_session("b"))->last_seen, Timestamp{});
  EXPECT_EQ(store().login_sessions()->size(), 2u);
}

}  // namespace tracia::store
