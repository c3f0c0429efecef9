// What every engine of ControlStore must do, sentence by sentence of control_store.h. An engine's test includes this
// and instantiates it:
//
//   INSTANTIATE_TEST_SUITE_P(Sqlite, ControlStoreContract, testing::Values(MakeControlStore(make_fixture)));
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tracia/store/control_store.h"

namespace tracia::store {

// One store, empty at first.
class ControlStoreFixture {
 public:
  virtual ~ControlStoreFixture() = default;
  virtual ControlStore& store() = 0;
  virtual void reopen() = 0;  // closes the store and opens the same data again
};
using MakeControlStore = std::function<std::unique_ptr<ControlStoreFixture>()>;

class ControlStoreContract : public testing::TestWithParam<MakeControlStore> {
 protected:
  void SetUp() override {
    fixture_ = GetParam()();
    ASSERT_NE(fixture_, nullptr);
  }
  ControlStore& store() { return fixture_->store(); }
  void reopen() { fixture_->reopen(); }

  static Timestamp at(int64_t seconds) { return {1'800'000'000'000'000 + seconds * 1'000'000}; }

  static ApiKey api_key(const std::string& id, const std::string& project, int64_t second) {
    return {.id = id,
            .project_id = project,
            .name = "Name of " + id,
            .prefix = "tr_abcdefgh",
            .hash = std::string("\0\xff\x01", 3) + std::string(29, 'h'),
            .created_by = "command line",
            .created = at(second),
            .limits_json = R"({"requestsPerMinute":60})"};
  }

  static Member member(const std::string& id, const std::string& email) {
    return {.id = id, .email = email, .name = "Ada", .password_hash = "$argon2id$x", .created = at(1)};
  }

  static LoginSession login(const std::string& hash, const std::string& member_id, int64_t expires) {
    return {.token_hash = hash, .member_id = member_id, .csrf_token = "csrf", .created = at(0), .expires = at(expires)};
  }

  static Connection connection(const std::string& id, const std::string& project, const std::string& name) {
    return {.id = id,
            .project_id = project,
            .name = name,
            .protocol = "openai",
            .base_url = "http://127.0.0.1:11434/v1",
            .region = "eu-west-1",
            .sealed_secrets = std::string("\x01\0\xfe sealed", 10),
            .headers_json = R"({"x-a":"b"})",
            .created = at(1),
            .updated = at(2)};
  }

  static prompt::Prompt prompt(const std::string& id, const std::string& project, const std::string& slug) {
    return {.id = id, .project_id = project, .slug = slug, .name = "Name of " + id, .created = at(1), .updated = at(1)};
  }

  static prompt::Version version(const std::string& prompt_id, int64_t number, const std::string& text = "Hi") {
    prompt::Version version{.prompt_id = prompt_id, .number = number, .created = at(number)};
    version.content.messages.push_back({.id = "msg_1", .role = "user", .content_json = "\"" + text + "\""});
    version.content.model = "gpt-4o";
    return version;
  }

  // As an edit leaves it: the next revision, and the next version when `adds_version`.
  static prompt::Prompt changed(prompt::Prompt prompt, bool adds_version) {
    ++prompt.revision;
    if (adds_version) ++prompt.current_version;
    return prompt;
  }

  static Evaluation evaluation(const std::string& id, const std::string& project, const std::string& span,
                               int64_t second) {
    return {.id = id,
            .project_id = project,
            .span_id = span,
            .trace_id = "tr_1",
            .evaluator_key = "quality",
            .value = 0.25,
            .source = "api",
            .created = at(second)};
  }

  std::optional<prompt::Prompt> stored_prompt(const std::string& id) {
    const auto prompts = store().prompts();
    EXPECT_TRUE(prompts) << prompts.error().message;
    for (const prompt::Prompt& prompt : *prompts) {
      if (prompt.id == id) return prompt;
    }
    return std::nullopt;
  }

  std::vector<std::string> evaluation_ids(const std::string& project, const std::string& span, const std::string& trace,
                                          const std::string& after, size_t limit) {
    const auto found = store().evaluations(project, span, trace, after, limit);
    EXPECT_TRUE(found) << found.error().message;
    std::vector<std::string> ids;
    for (const Evaluation& evaluation : *found) ids.push_back(evaluation.id);
    return ids;
  }

 private:
  std::unique_ptr<ControlStoreFixture> fixture_;
};

using Ids = std::vector<std::string>;

template <typename T>
Ids ids_of(const Result<std::vector<T>>& values) {
  EXPECT_TRUE(values) << values.error().message;
  Ids ids;
  for (const T& value : *values) ids.push_back(value.id);
  return ids;
}

template <typename T>
void expect_error(const Result<T>& result, ErrorCode code) {
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, code) << result.error().message;
  EXPECT_FALSE(result.error().message.empty());
}

// --- Projects and keys

TEST_P(ControlStoreContract, AFreshStoreIsEmpty) {
  EXPECT_TRUE(store().projects()->empty());
  EXPECT_TRUE(store().api_keys()->empty());
  EXPECT_TRUE(store().members()->empty());
  EXPECT_TRUE(store().connections()->empty());
  EXPECT_TRUE(store().prompts()->empty());
  EXPECT_EQ(*store().setting("anything"), std::nullopt);
}

TEST_P(ControlStoreContract, ProjectsComeOldestFirstAndPutReplacesById) {
  ASSERT_TRUE(store().put_project({"prj_b", "Second", at(2)}));
  ASSERT_TRUE(store().put_project({"prj_a", "Third", at(3)}));
  ASSERT_TRUE(store().put_project({"prj_c", "First", at(1)}));
  ASSERT_TRUE(store().put_project({"prj_a", "Renamed \u00e9 'quoted'", at(3)}));
  const auto projects = store().projects();
  EXPECT_EQ(ids_of(projects), (Ids{"prj_c", "prj_b", "prj_a"}));
  ASSERT_TRUE(store().put_project({"prj_0", "As old as the first", at(1)}));
  EXPECT_EQ(ids_of(store().projects()), (Ids{"prj_c", "prj_0", "prj_b", "prj_a"})) << "the first put stays first";
  EXPECT_EQ(projects->at(2).name, "Renamed \u00e9 'quoted'");
  EXPECT_EQ(projects->at(2).created, at(3));
}

TEST_P(ControlStoreContract, ApiKeysKeepEveryMemberAndComeOldestFirstRevokedOnesToo) {
  ApiKey first = api_key("key_z", "prj_1", 1), second = api_key("key_a", "prj_2", 2);
  second.last_used = at(5);
  second.revoked = at(6);
  ASSERT_TRUE(store().put_api_key(second));
  ASSERT_TRUE(store().put_api_key(first));
  const auto keys = store().api_keys();
  ASSERT_EQ(ids_of(keys), (Ids{"key_z", "key_a"}));
  EXPECT_EQ(keys->at(0).project_id, "prj_1");
  EXPECT_EQ(keys->at(0).name, first.name);
  EXPECT_EQ(keys->at(0).prefix, first.prefix);
  EXPECT_EQ(keys->at(0).hash, first.hash);
  EXPECT_EQ(keys->at(0).created_by, "command line");
  EXPECT_EQ(keys->at(0).created, at(1));
  EXPECT_EQ(keys->at(0).last_used, std::nullopt);
  EXPECT_EQ(keys->at(0).revoked, std::nullopt);
  EXPECT_EQ(keys->at(1).last_used, at(5));
  EXPECT_EQ(keys->at(1).revoked, at(6));
}

TEST_P(ControlStoreContract, PuttingAnApiKeyAgainReplacesIt) {
  ApiKey key = api_key("key_1", "prj_1", 1);
  ASSERT_TRUE(store().put_api_key(key));
  key.revoked = at(9);
  ASSERT_TRUE(store().put_api_key(key));
  const auto keys = store().api_keys();
  ASSERT_EQ(keys->size(), 1u);
  EXPECT_EQ(keys->at(0).revoked, at(9));
}

TEST_P(ControlStoreContract, TouchSetsLastUsedOfTheNamedKeysOnly) {
  ASSERT_TRUE(store().put_api_key(api_key("key_1", "prj_1", 1)));
  ASSERT_TRUE(store().put_api_key(api_key("key_2", "prj_1", 2)));
  ASSERT_TRUE(store().touch_api_keys({}));
  ASSERT_TRUE(store().touch_api_keys({{"key_2", at(7)}, {"key_unknown", at(8)}}));
  const auto keys = store().api_keys();
  ASSERT_EQ(ids_of(keys), (Ids{"key_1", "key_2"}));
  EXPECT_EQ(keys->at(0).last_used, std::nullopt);
  EXPECT_EQ(keys->at(1).last_used, at(7));
}

// --- Accounts

TEST_P(ControlStoreContract, MembersKeepEveryMemberAndRole) {
  for (const MemberRole role : {MemberRole::kOwner, MemberRole::kAdmin, MemberRole::kEditor, MemberRole::kViewer}) {
    const std::string name(member_role_name(role));
    Member one = member("mem_" + name, name + "@example.com");
    one.role = role;
    ASSERT_TRUE(store().put_member(one));
  }
  const auto members = store().members();
  ASSERT_EQ(members->size(), 4u);
  for (const Member& one : *members) {
    EXPECT_EQ(one.id, "mem_" + std::string(member_role_name(one.role)));
    EXPECT_EQ(one.email, std::string(member_role_name(one.role)) + "@example.com");
    EXPECT_EQ(one.name, "Ada");
    EXPECT_EQ(one.password_hash, "$argon2id$x");
    EXPECT_EQ(one.created, at(1));
  }
}

TEST_P(ControlStoreContract, AnEmailBelongsToOneMemberWhateverItsCase) {
  ASSERT_TRUE(store().put_member(member("mem_1", "Ada@Example.com")));
  expect_error(store().put_member(member("mem_2", "ada@example.COM")), ErrorCode::kConflict);
  EXPECT_EQ(store().members()->size(), 1u);
  EXPECT_TRUE(store().put_member(member("mem_1", "ada@example.com")));  // its own may change
  EXPECT_EQ(store().members()->at(0).email, "ada@example.com");
}

TEST_P(ControlStoreContract, LoginSessionsAreFoundByTheirHashUntilRemoved) {
  const std::string hash = std::string("\0\x80", 2) + std::string(30, 's');
  ASSERT_TRUE(store().put_login_session(login(hash, "mem_1", 100)));
  const auto found = store().login_session(hash);
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->token_hash, hash);
  EXPECT_EQ((*found)->member_id, "mem_1");
  EXPECT_EQ((*found)->csrf_token, "csrf");
  EXPECT_EQ((*found)->created, at(0));
  EXPECT_EQ((*found)->expires, at(100));
  EXPECT_FALSE(*store().login_session("another"));
  EXPECT_TRUE(store().remove_login_session(hash));
  EXPECT_FALSE(*store().login_session(hash));
  EXPECT_TRUE(store().remove_login_session(hash));  // gone already: no error
}

TEST_P(ControlStoreContract, PuttingALoginSessionAgainReplacesIt) {
  ASSERT_TRUE(store().put_login_session(login("a", "mem_1", 100)));
  ASSERT_TRUE(store().put_login_session(login("a", "mem_1", 200)));
  EXPECT_EQ((*store().login_session("a"))->expires, at(200));
}

TEST_P(ControlStoreContract, EveryLoginSessionIsListedOldestFirst) {
  EXPECT_TRUE(store().login_sessions()->empty());
  store::LoginSession later = login("a", "mem_1", 100);
  later.created = at(5);
  ASSERT_TRUE(store().put_login_session(later));
  ASSERT_TRUE(store().put_login_session(login("b", "mem_2", 100)));
  const auto all = store().login_sessions();
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 2u);
  EXPECT_EQ(all->front().token_hash, "b");
  EXPECT_EQ(all->front().member_id, "mem_2");
  EXPECT_EQ(all->back().token_hash, "a");
}

TEST_P(ControlStoreContract, LoginSessionsOfAMemberGoTogether) {
  ASSERT_TRUE(store().put_login_session(login("a", "mem_1", 100)));
  ASSERT_TRUE(store().put_login_session(login("b", "mem_1", 100)));
  ASSERT_TRUE(store().put_login_session(login("c", "mem_2", 100)));
  ASSERT_TRUE(store().remove_login_sessions_of("mem_1"));
  EXPECT_FALSE(*store().login_session("a"));
  EXPECT_FALSE(*store().login_session("b"));
  EXPECT_TRUE(*store().login_session("c"));
}

TEST_P(ControlStoreContract, ExpiredLoginSessionsGoAndLiveOnesStay) {
  ASSERT_TRUE(store().put_login_session(login("old", "mem_1", 10)));
  ASSERT_TRUE(store().put_login_session(login("new", "mem_1", 30)));
  ASSERT_TRUE(store().remove_expired_login_sessions(at(20)));
  EXPECT_FALSE(*store().login_session("old"));
  EXPECT_TRUE(*store().login_session("new"));
}

// --- Connections

TEST_P(ControlStoreContract, ConnectionsKeepEveryMember) {
  const Connection given = connection("con_1", "prj_1", "Ollama");
  ASSERT_TRUE(store().put_connection(given));
  const auto found = store().connections();
  ASSERT_EQ(ids_of(found), (Ids{"con_1"}));
  EXPECT_EQ(found->at(0).project_id, "prj_1");
  EXPECT_EQ(found->at(0).name, "Ollama");
  EXPECT_EQ(found->at(0).protocol, "openai");
  EXPECT_EQ(found->at(0).base_url, given.base_url);
  EXPECT_EQ(found->at(0).region, "eu-west-1");
  EXPECT_EQ(found->at(0).sealed_secrets, given.sealed_secrets);
  EXPECT_EQ(found->at(0).headers_json, given.headers_json);
  EXPECT_EQ(found->at(0).created, at(1));
  EXPECT_EQ(found->at(0).updated, at(2));
}

TEST_P(ControlStoreContract, AConnectionsNameIsUniqueInItsProjectWhateverItsCase) {
  ASSERT_TRUE(store().put_connection(connection("con_1", "prj_1", "Ollama")));
  expect_error(store().put_connection(connection("con_2", "prj_1", "OLLAMA")), ErrorCode::kConflict);
  EXPECT_TRUE(store().put_connection(connection("con_3", "prj_2", "ollama")));  // another project's
  EXPECT_TRUE(store().put_connection(connection("con_1", "prj_1", "oLLaMa")));  // its own
  EXPECT_EQ(store().connections()->size(), 2u);
}

TEST_P(ControlStoreContract, AConnectionIsRemovedOnceAndOnlyByItsProject) {
  ASSERT_TRUE(store().put_connection(connection("con_1", "prj_1", "Ollama")));
  EXPECT_EQ(store().remove_connection("prj_2", "con_1"), false);
  EXPECT_EQ(store().connections()->size(), 1u);
  EXPECT_EQ(store().remove_connection("prj_1", "con_1"), true);
  EXPECT_EQ(store().remove_connection("prj_1", "con_1"), false);
  EXPECT_TRUE(store().connections()->empty());
}

// --- Prompts

TEST_P(ControlStoreContract, PromptsAndVersionsKeepEveryMember) {
  prompt::Prompt given = prompt("prm_1", "prj_1", "welcome");
  given.description = "";
  given.default_label = "production";
  given.labels = {{"production", 1}, {"staging", 1}};
  prompt::Version first = version("prm_1", 1);
  first.content = {.messages = {{"a", "system", R"("Be \"kind\" \u0000 to {{name}}")"},
                                {"b", "user", R"([{"type":"text","text":"1.0"},{"n":12345678901234567890.50}])"}},
                   .provider = "openai",
                   .model = "gpt-4o",
                   .temperature = 0.1,
                   .top_p = 1.0,
                   .max_output_tokens = 1 << 20,
                   .stop_sequences = {"\n\n", "END"},
                   .tools_json = R"([{"name":"f"}])",
                   .tool_choice_json = R"({"tool":"f"})",
                   .output_schema_json = R"({"type":"object"})"};
  first.note = "why";
  first.author = "Ada";
  ASSERT_TRUE(store().create_prompt(given, first));

  const auto found = stored_prompt("prm_1");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->project_id, "prj_1");
  EXPECT_EQ(found->slug, "welcome");
  EXPECT_EQ(found->name, given.name);
  EXPECT_EQ(found->description, "");
  EXPECT_EQ(found->default_label, "production");
  EXPECT_EQ(found->labels, given.labels);
  EXPECT_EQ(found->current_version, 1);
  EXPECT_EQ(found->revision, 1);
  EXPECT_EQ(found->created, at(1));
  EXPECT_EQ(found->updated, at(1));
  const auto stored = store().version("prm_1", 1);
  ASSERT_TRUE(stored && *stored);
  EXPECT_EQ((*stored)->prompt_id, "prm_1");
  EXPECT_EQ((*stored)->number, 1);
  EXPECT_TRUE((*stored)->content == first.content);
  EXPECT_EQ((*stored)->note, "why");
  EXPECT_EQ((*stored)->author, "Ada");
  EXPECT_EQ((*stored)->created, at(1));
}

TEST_P(ControlStoreContract, WhatAPromptLeavesOutStaysLeftOut) {
  ASSERT_TRUE(store().create_prompt(prompt("prm_1", "prj_1", "welcome"), {.prompt_id = "prm_1", .number = 1}));
  EXPECT_EQ(stored_prompt("prm_1")->description, std::nullopt);
  EXPECT_TRUE(stored_prompt("prm_1")->labels.empty());
  const auto stored = store().version("prm_1", 1);
  EXPECT_TRUE((*stored)->content == prompt::Content{});
  EXPECT_EQ((*stored)->note, std::nullopt);
}

TEST_P(ControlStoreContract, ASlugIsTakenOnceInAProject) {
  ASSERT_TRUE(store().create_prompt(prompt("prm_1", "prj_1", "welcome"), version("prm_1", 1)));
  expect_error(store().create_prompt(prompt("prm_2", "prj_1", "welcome"), version("prm_2", 1)), ErrorCode::kConflict);
  EXPECT_FALSE(stored_prompt("prm_2"));
  EXPECT_FALSE(*store().version("prm_2", 1));  // nothing of it was kept
  EXPECT_TRUE(store().create_prompt(prompt("prm_3", "prj_2", "welcome"), version("prm_3", 1)));
}

TEST_P(ControlStoreContract, AnUpdateReplacesThePromptAndAddsTheVersion) {
  const prompt::Prompt one = prompt("prm_1", "prj_1", "welcome");
  ASSERT_TRUE(store().create_prompt(one, version("prm_1", 1, "one")));
  prompt::Prompt two = changed(one, true);
  two.slug = "hello";
  two.name = "Hello";
  two.description = "d";
  two.labels = {{"production", 2}};
  two.default_label = "production";
  two.updated = at(9);
  const prompt::Version second = version("prm_1", 2, "two");
  ASSERT_TRUE(store().update_prompt(two, &second));
  const auto stored = stored_prompt("prm_1");
  EXPECT_EQ(stored->slug, "hello");
  EXPECT_EQ(stored->name, "Hello");
  EXPECT_EQ(stored->description, "d");
  EXPECT_EQ(stored->labels, two.labels);
  EXPECT_EQ(stored->default_label, "production");
  EXPECT_EQ(stored->current_version, 2);
  EXPECT_EQ(stored->revision, 2);
  EXPECT_EQ(stored->created, at(1));
  EXPECT_EQ(stored->updated, at(9));
  EXPECT_EQ((*store().version("prm_1", 1))->content.messages[0].content_json, "\"one\"");
  EXPECT_EQ((*store().version("prm_1", 2))->content.messages[0].content_json, "\"two\"");
}

TEST_P(ControlStoreContract, AnUpdateWithoutAVersionAddsNone) {
  const prompt::Prompt one = prompt("prm_1", "prj_1", "welcome");
  ASSERT_TRUE(store().create_prompt(one, version("prm_1", 1)));
  ASSERT_TRUE(store().update_prompt(changed(one, false), nullptr));
  EXPECT_EQ(store().versions("prm_1", 0, 10)->size(), 1u);
  EXPECT_EQ(stored_prompt("prm_1")->revision, 2);
}

TEST_P(ControlStoreContract, AStaleUpdateConflictsAndChangesNothing) {
  const prompt::Prompt one = prompt("prm_1", "prj_1", "welcome");
  ASSERT_TRUE(store().create_prompt(one, version("prm_1", 1)));
  const prompt::Prompt mine = changed(one, true);
  const prompt::Version second = version("prm_1", 2, "mine"), theirs = version("prm_1", 2, "theirs");
  ASSERT_TRUE(store().update_prompt(mine, &second));
  const auto refused = store().update_prompt(changed(one, true), &theirs);
  expect_error(refused, ErrorCode::kConflict);
  EXPECT_EQ(refused.error().kind, ErrorKind::kOther);
  prompt::Prompt ahead = mine;
  ahead.revision += 2;
  expect_error(store().update_prompt(ahead, nullptr), ErrorCode::kConflict);
  EXPECT_EQ((*store().version("prm_1", 2))->content.messages[0].content_json, "\"mine\"");
  EXPECT_EQ(stored_prompt("prm_1")->revision, 2);
}

TEST_P(ControlStoreContract, RenamingToATakenSlugConflictsInAnotherWayThanAStaleUpdate) {
  ASSERT_TRUE(store().create_prompt(prompt("prm_1", "prj_1", "one"), version("prm_1", 1)));
  ASSERT_TRUE(store().create_prompt(prompt("prm_2", "prj_1", "two"), version("prm_2", 1)));
  prompt::Prompt renamed = changed(prompt("prm_2", "prj_1", "one"), true);
  const prompt::Version second = version("prm_2", 2);
  const auto refused = store().update_prompt(renamed, &second);
  expect_error(refused, ErrorCode::kConflict);
  EXPECT_EQ(refused.error().kind, ErrorKind::kInvalidRequest);
  EXPECT_EQ(stored_prompt("prm_2")->slug, "two");
  EXPECT_FALSE(*store().version("prm_2", 2));
}

TEST_P(ControlStoreContract, AFreedSlugMayBeTakenAgain) {
  ASSERT_TRUE(store().create_prompt(prompt("prm_1", "prj_1", "one"), version("prm_1", 1)));
  prompt::Prompt renamed = changed(prompt("prm_1", "prj_1", "uno"), false);
  ASSERT_TRUE(store().update_prompt(renamed, nullptr));
  EXPECT_TRUE(store().create_prompt(prompt("prm_2", "prj_1", "one"), version("prm_2", 1)));
  EXPECT_EQ(store().remove_prompt("prj_1", "prm_1"), true);
  EXPECT_TRUE(store().create_prompt(prompt("prm_3", "prj_1", "uno"), version("prm_3", 1)));
}

TEST_P(ControlStoreContract, UpdatingAPromptThatIsNotThereIsNotFound) {
  expect_error(store().update_prompt(changed(prompt("prm_1", "prj_1", "one"), false), nullptr), ErrorCode::kNotFound);
}

TEST_P(ControlStoreContract, AProjectCannotTouchAnothersPrompt) {
  ASSERT_TRUE(store().create_prompt(prompt("prm_1", "prj_1", "one"), version("prm_1", 1)));
  expect_error(store().update_prompt(changed(prompt("prm_1", "prj_2", "one"), false), nullptr), ErrorCode::kNotFound);
  EXPECT_EQ(store().remove_prompt("prj_2", "prm_1"), false);
  EXPECT_EQ(stored_prompt("prm_1")->project_id, "prj_1");
}

TEST_P(ControlStoreContract, ARemovedPromptTakesItsVersionsAlong) {
  ASSERT_TRUE(store().create_prompt(prompt("prm_1", "prj_1", "one"), version("prm_1", 1)));
  ASSERT_TRUE(store().create_prompt(prompt("prm_2", "prj_1", "two"), version("prm_2", 1)));
  EXPECT_EQ(store().remove_prompt("prj_1", "prm_1"), true);
  EXPECT_EQ(store().remove_prompt("prj_1", "prm_1"), false);
  EXPECT_FALSE(stored_prompt("prm_1"));
  EXPECT_FALSE(*store().version("prm_1", 1));
  EXPECT_TRUE(store().versions("prm_1", 0, 10)->empty());
  EXPECT_TRUE(*store().version("prm_2", 1));
}

TEST_P(ControlStoreContract, VersionsComeNewestFirstInPages) {
  prompt::Prompt current = prompt("prm_1", "prj_1", "one");
  ASSERT_TRUE(store().create_prompt(current, version("prm_1", 1)));
  ASSERT_TRUE(store().create_prompt(prompt("prm_2", "prj_1", "two"), version("prm_2", 1)));
  for (int64_t number = 2; number <= 12; ++number) {
    current = changed(current, true);
    const prompt::Version next = version("prm_1", number);
    ASSERT_TRUE(store().update_prompt(current, &next));
  }
  const auto numbers = [&](int64_t before, size_t limit) {
    std::vector<int64_t> found;
    const auto page = store().versions("prm_1", before, limit);
    for (const prompt::Version& one : *page) found.push_back(one.number);
    return found;
  };
  EXPECT_EQ(numbers(0, 3), (std::vector<int64_t>{12, 11, 10}));
  EXPECT_EQ(numbers(10, 4), (std::vector<int64_t>{9, 8, 7, 6}));
  EXPECT_EQ(numbers(3, 100), (std::vector<int64_t>{2, 1}));
  EXPECT_TRUE(numbers(1, 10).empty());
  EXPECT_FALSE(*store().version("prm_1", 13));
  EXPECT_TRUE(store().versions("prm_unknown", 0, 10)->empty());
}

// --- Evaluations

TEST_P(ControlStoreContract, EvaluationsKeepEveryMemberAndPutReplacesById) {
  Evaluation given = evaluation("evl_1", "prj_1", "sp_1", 1);
  ASSERT_TRUE(store().put_evaluation(given));
  EXPECT_EQ((*store().evaluation("prj_1", "evl_1"))->note, std::nullopt);
  given.note = "good";
  given.value = -1e-9;
  ASSERT_TRUE(store().put_evaluation(given));
  const auto found = store().evaluation("prj_1", "evl_1");
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->id, "evl_1");
  EXPECT_EQ((*found)->project_id, "prj_1");
  EXPECT_EQ((*found)->span_id, "sp_1");
  EXPECT_EQ((*found)->trace_id, "tr_1");
  EXPECT_EQ((*found)->evaluator_key, "quality");
  EXPECT_EQ((*found)->value, -1e-9);
  EXPECT_EQ((*found)->source, "api");
  EXPECT_EQ((*found)->note, "good");
  EXPECT_EQ((*found)->created, at(1));
  EXPECT_EQ(store().evaluations("prj_1", "sp_1", "tr_1", "", 10)->size(), 1u);
}

TEST_P(ControlStoreContract, EvaluationsOfASpanComeNewestFirstInPagesThatMissAndRepeatNone) {
  for (int i = 1; i <= 5; ++i) {
    ASSERT_TRUE(store().put_evaluation(evaluation("evl_" + std::to_string(i), "prj_1", "sp_1", i)));
  }
  // Made at the same moment: still in one order.
  ASSERT_TRUE(store().put_evaluation(evaluation("evl_6", "prj_1", "sp_1", 5)));
  ASSERT_TRUE(store().put_evaluation(evaluation("evl_7", "prj_1", "sp_1", 5)));
  const Ids all = evaluation_ids("prj_1", "sp_1", "tr_1", "", 100);
  const auto newest = store().evaluations_of("prj_1", {{"sp_1", "tr_1"}}, 2);
  ASSERT_TRUE(newest && newest->size() == 1 && newest->front().size() == 2);
  EXPECT_EQ(newest->front()[1].id, all[1]);
  ASSERT_EQ(all.size(), 7u);
  EXPECT_EQ((Ids{all.end() - 4, all.end()}), (Ids{"evl_4", "evl_3", "evl_2", "evl_1"}));
  Ids paged;
  std::string after;
  for (int pages = 0; pages < 10; ++pages) {
    const Ids page = evaluation_ids("prj_1", "sp_1", "tr_1", after, 2);
    if (page.empty()) break;
    EXPECT_LE(page.size(), 2u);
    paged.insert(paged.end(), page.begin(), page.end());
    after = page.back();
  }
  EXPECT_EQ(paged, all);
}

TEST_P(ControlStoreContract, EvaluationsBelongToOneProjectSpanAndTrace) {
  ASSERT_TRUE(store().put_evaluation(evaluation("evl_1", "prj_1", "sp_1", 1)));
  ASSERT_TRUE(store().put_evaluation(evaluation("evl_2", "prj_2", "sp_1", 2)));
  ASSERT_TRUE(store().put_evaluation(evaluation("evl_3", "prj_1", "sp_2", 3)));
  Evaluation elsewhere = evaluation("evl_4", "prj_1", "sp_1", 4);
  elsewhere.trace_id = "tr_2";
  ASSERT_TRUE(store().put_evaluation(elsewhere));
  EXPECT_EQ(evaluation_ids("prj_1", "sp_1", "tr_1", "", 10), (Ids{"evl_1"}));
  EXPECT_EQ(evaluation_ids("prj_2", "sp_1", "tr_1", "", 10), (Ids{"evl_2"}));
  EXPECT_EQ(evaluation_ids("prj_1", "sp_1", "tr_2", "", 10), (Ids{"evl_4"}));
  const auto many =
      store().evaluations_of("prj_1", {{"sp_2", "tr_1"}, {"sp_9", "tr_1"}, {"sp_1", "tr_2"}, {"sp_1", "tr_1"}}, 10);
  ASSERT_TRUE(many) << many.error().message;
  std::vector<Ids> many_ids;
  for (const auto& list : *many) {
    many_ids.emplace_back();
    for (const Evaluation& one : list) many_ids.back().push_back(one.id);
  }
  EXPECT_EQ(many_ids, (std::vector<Ids>{{"evl_3"}, {}, {"evl_4"}, {"evl_1"}}));
  EXPECT_TRUE(store().evaluations_of("prj_1", {}, 10)->empty());
  EXPECT_FALSE(*store().evaluation("prj_2", "evl_1"));
  EXPECT_EQ(store().remove_evaluation("prj_2", "evl_1"), false);
  EXPECT_TRUE(*store().evaluation("prj_1", "evl_1"));
}

TEST_P(ControlStoreContract, EvaluationsOfAProjectAreFoundByTheirTime) {
  for (int i = 1; i <= 4; ++i) {
    ASSERT_TRUE(store().put_evaluation(evaluation("evl_" + std::to_string(i), "prj_1", "sp_" + std::to_string(i), i)));
  }
  ASSERT_TRUE(store().put_evaluation(evaluation("evl_5", "prj_2", "sp_1", 4)));
  const auto since = [&](const std::string& id, size_t limit) {
    const auto from = (*store().evaluation("prj_1", id))->created;
    const auto found = store().evaluations_since("prj_1", from, limit);
    Ids found_ids;
    for (const Evaluation& one : *found) found_ids.push_back(one.id);
    return found_ids;
  };
  EXPECT_EQ(since("evl_1", 10), (Ids{"evl_4", "evl_3", "evl_2", "evl_1"}));
  EXPECT_EQ(since("evl_3", 10), (Ids{"evl_4", "evl_3"}));
  EXPECT_EQ(since("evl_1", 2), (Ids{"evl_4", "evl_3"}));
}

TEST_P(ControlStoreContract, EvaluationsAreRemovedOneByOneOrWithTheirSpan) {
  for (int i = 1; i <= 3; ++i) {
    ASSERT_TRUE(store().put_evaluation(evaluation("evl_" + std::to_string(i), "prj_1", "sp_1", i)));
  }
  ASSERT_TRUE(store().put_evaluation(evaluation("evl_4", "prj_1", "sp_2", 4)));
  ASSERT_TRUE(store().put_evaluation(evaluation("evl_5", "prj_2", "sp_1", 5)));
  EXPECT_EQ(store().remove_evaluation("prj_1", "evl_2"), true);
  EXPECT_EQ(store().remove_evaluation("prj_1", "evl_2"), false);
  EXPECT_EQ(evaluation_ids("prj_1", "sp_1", "tr_1", "", 10), (Ids{"evl_3", "evl_1"}));
  ASSERT_TRUE(store().remove_evaluations_of("prj_1", "sp_1", "tr_1"));
  EXPECT_TRUE(evaluation_ids("prj_1", "sp_1", "tr_1", "", 10).empty());
  EXPECT_TRUE(*store().evaluation("prj_1", "evl_4"));
  EXPECT_TRUE(*store().evaluation("prj_2", "evl_5"));
}

// --- Settings, durability, threads

TEST_P(ControlStoreContract, EverythingIsThereAfterReopening) {
  ASSERT_TRUE(store().put_project({"prj_1", "Default", at(1)}));
  ASSERT_TRUE(store().put_api_key(api_key("key_1", "prj_1", 1)));
  ASSERT_TRUE(store().touch_api_keys({{"key_1", at(2)}}));
  ASSERT_TRUE(store().put_member(member("mem_1", "ada@example.com")));
  ASSERT_TRUE(store().put_login_session(login("hash", "mem_1", 100)));
  ASSERT_TRUE(store().put_connection(connection("con_1", "prj_1", "Ollama")));
  const prompt::Prompt one = prompt("prm_1", "prj_1", "one");
  ASSERT_TRUE(store().create_prompt(one, version("prm_1", 1)));
  const prompt::Version second = version("prm_1", 2, "two");
  ASSERT_TRUE(store().update_prompt(changed(one, true), &second));
  ASSERT_TRUE(store().put_evaluation(evaluation("evl_1", "prj_1", "sp_1", 1)));
  ASSERT_TRUE(store().put_setting("name", "value"));
  reopen();
  EXPECT_EQ(ids_of(store().projects()), (Ids{"prj_1"}));
  EXPECT_EQ(store().api_keys()->at(0).last_used, at(2));
  EXPECT_EQ(ids_of(store().members()), (Ids{"mem_1"}));
  EXPECT_TRUE(*store().login_session("hash"));
  EXPECT_EQ(ids_of(store().connections()), (Ids{"con_1"}));
  EXPECT_EQ(stored_prompt("prm_1")->current_version, 2);
  EXPECT_EQ((*store().version("prm_1", 2))->content.messages[0].content_json, "\"two\"");
  EXPECT_TRUE(*store().evaluation("prj_1", "evl_1"));
  EXPECT_EQ(*store().setting("name"), "value");
  reopen();
  EXPECT_EQ(store().versions("prm_1", 0, 10)->size(), 2u);
}

TEST_P(ControlStoreContract, OfWritersThatRaceForARevisionExactlyOneWins) {
  constexpr int kThreads = 8, kRounds = 5;
  prompt::Prompt current = prompt("prm_1", "prj_1", "one");
  ASSERT_TRUE(store().create_prompt(current, version("prm_1", 1)));
  for (int round = 0; round < kRounds; ++round) {
    current = changed(current, true);
    std::atomic<int> won{0}, conflicts{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] {
        const prompt::Version mine = version("prm_1", current.current_version, std::to_string(i));
        const auto done = store().update_prompt(current, &mine);
        if (done) ++won;
        if (!done && done.error().code == ErrorCode::kConflict) ++conflicts;
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(won, 1);
    EXPECT_EQ(conflicts, kThreads - 1);
  }
  EXPECT_EQ(store().versions("prm_1", 0, 100)->size(), 1u + kRounds);
}

TEST_P(ControlStoreContract, OfWritersThatRaceForASlugExactlyOneWinsWhileOthersRead) {
  constexpr int kThreads = 6;
  std::atomic<int> won{0};
  std::atomic<bool> done{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      const std::string id = "prm_" + std::to_string(i);
      if (store().create_prompt(prompt(id, "prj_1", "same"), version(id, 1))) ++won;
    });
  }
  std::thread reader([&] {
    while (!done) {
      const auto prompts = store().prompts();
      ASSERT_TRUE(prompts) << prompts.error().message;
      // A prompt is seen with its first version or not at all.
      for (const prompt::Prompt& one : *prompts) EXPECT_TRUE(*store().version(one.id, 1));
    }
  });
  for (std::thread& thread : threads) thread.join();
  done = true;
  reader.join();
  EXPECT_EQ(won, 1);
  EXPECT_EQ(store().prompts()->size(), 1u);
}

}  // namespace tracia::store

#include "control_accounts_contract.h"  // more tests of the same suite
#include "control_aliases_contract.h"   // and more
#include "control_evaluators_contract.h"
#include "control_experiments_contract.h"
#include "control_guards_contract.h"
#include "control_projects_contract.h"
