#include "control_requests.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include <filesystem>
#include <nlohmann/json.hpp>

namespace tracia::app {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

std::string sha256(const std::string& text) {
  unsigned char digest[32];
  EVP_Digest(text.data(), text.size(), digest, nullptr, EVP_sha256(), nullptr);
  return {reinterpret_cast<const char*>(digest), sizeof digest};
}

class ControlRequests : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "tracia_test_XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    open();
    callbacks_.project_made = [this](const store::Project& project) { projects_.push_back(project); };
    callbacks_.key_changed = [this](const store::ApiKey& key) { changed_.push_back(key); };
  }
  void TearDown() override {
    directory_.reset();
    fs::remove_all(root_);
  }
  void open() { directory_ = std::move(*store_sqlite::DataDirectory::open(data(), {})); }
  Json ask(const Json& request) { return ask_text(request.dump()); }
  Json ask_text(const std::string& request) { return Json::parse(handle_control(*directory_, callbacks_, request)); }
  void expect_error(const Json& answer, const std::string& code, const std::string& part) {
    EXPECT_EQ(answer["ok"], false) << answer;
    EXPECT_EQ(answer["error"]["code"], code) << answer;
    EXPECT_NE(answer["error"]["message"].get<std::string>().find(part), std::string::npos) << answer;
  }
  fs::path data() const { return root_ / "data"; }

  fs::path root_;
  std::unique_ptr<store_sqlite::DataDirectory> directory_;
  ControlCallbacks callbacks_;
  std::vector<store::Project> projects_;
  std::vector<store::ApiKey> changed_;
};

TEST_F(ControlRequests, AFirstKeyMakesTheFirstProject) {
  const Json answer = ask({{"op", "keys.create"}, {"name", "ci"}});
  ASSERT_EQ(answer["ok"], true) << answer;
  EXPECT_EQ(answer["project"], "Default");
  EXPECT_EQ(answer["name"], "ci");
  ASSERT_EQ(projects_.size(), 1u);
  EXPECT_EQ(projects_[0].name, "Default");
  EXPECT_EQ(directory_->control().projects()->at(0).id, projects_[0].id);
  ask({{"op", "keys.create"}});
  EXPECT_EQ(directory_->control().projects()->size(), 1u);
}

TEST_F(ControlRequests, AKeyIsSeenOnceAndKeptAsItsHash) {
  const std::string secret = ask({{"op", "keys.create"}, {"name", "ci"}})["key"];
  EXPECT_EQ(secret.substr(0, 3), "tr_");
  EXPECT_EQ(secret.size(), 46u);
  const auto keys = directory_->control().api_keys();
  ASSERT_EQ(keys->size(), 1u);
  EXPECT_EQ(keys->at(0).hash, sha256(secret));
  EXPECT_EQ(keys->at(0).prefix, secret.substr(0, 11));
  EXPECT_EQ(keys->at(0).created_by, "command line");
  EXPECT_EQ(ask({{"op", "keys.list"}}).dump().find(secret), std::string::npos);
  ASSERT_EQ(changed_.size(), 1u);  // the server's memory learns of it
  EXPECT_EQ(changed_[0].hash, keys->at(0).hash);
}

TEST_F(ControlRequests, KeysThatAreMadeAndRevokedAreInTheAuditLog) {
  const Json made = ask({{"op", "keys.create"}, {"name", "ci"}});
  ask({{"op", "keys.revoke"}, {"id", made["id"]}});
  ask({{"op", "keys.revoke"}, {"id", made["id"]}});  // changes nothing
  const auto events = directory_->control().audit({});
  ASSERT_EQ(events->size(), 2u);
  EXPECT_EQ(events->at(0).action, "key.revoke");
  EXPECT_EQ(events->at(1).action, "key.create");
  EXPECT_EQ(events->at(1).actor_kind, "system");
  EXPECT_EQ(events->at(1).target, made["id"].get<std::string>());
  EXPECT_EQ(events->at(1).detail_json, R"({"name":"ci"})");
}

TEST_F(ControlRequests, TheProjectIsNamedByIdOrName) {
  ASSERT_TRUE(directory_->control().put_project({"prj_1", "One", {1}}));
  ASSERT_TRUE(directory_->control().put_project({"prj_2", "Two", {2}}));
  ASSERT_TRUE(directory_->control().put_project({"prj_3", "Two", {3}}));
  EXPECT_EQ(ask({{"op", "keys.create"}})["project"], "One");
  EXPECT_EQ(ask({{"op", "keys.create"}, {"project", "prj_2"}})["project"], "Two");
  EXPECT_EQ(ask({{"op", "keys.create"}, {"project", "One"}})["project"], "One");
  expect_error(ask({{"op", "keys.create"}, {"project", "Two"}}), "INVALID_REQUEST", "several");
  expect_error(ask({{"op", "keys.create"}, {"project", "prj_9"}}), "NOT_FOUND", "prj_9");
  EXPECT_EQ(directory_->control().api_keys()->size(), 3u);
}

TEST_F(ControlRequests, NamesAreChecked) {
  for (const std::string& name : {std::string(), std::string("  "), std::string("a\nb"), std::string(201, 'x')}) {
    expect_error(ask({{"op", "keys.create"}, {"name", name}}), "INVALID_REQUEST", "name");
  }
  expect_error(ask({{"op", "keys.create"}, {"name", 7}}), "INVALID_REQUEST", "name");
  EXPECT_TRUE(directory_->control().api_keys()->empty());
  EXPECT_TRUE(projects_.empty());
}

TEST_F(ControlRequests, KeysAreListedWithTheirProjectsAndTimes) {
  const std::string id = ask({{"op", "keys.create"}, {"name", "ci"}})["id"];
  ASSERT_TRUE(directory_->control().touch_api_keys({{id, {1'800'000'000'000'000}}}));
  const Json key = ask({{"op", "keys.list"}})["keys"][0];
  EXPECT_EQ(key["id"], id);
  EXPECT_EQ(key["name"], "ci");
  EXPECT_EQ(key["project"], "Default");
  EXPECT_EQ(key["lastUsed"], "2027-01-15T08:00:00.000Z");
  EXPECT_FALSE(key.contains("revoked"));
  EXPECT_FALSE(key.contains("hash"));
}

TEST_F(ControlRequests, RevokingSaysSoOnceAndForAll) {
  const std::string id = ask({{"op", "keys.create"}})["id"];
  const Json first = ask({{"op", "keys.revoke"}, {"id", id}});
  ASSERT_EQ(first["ok"], true) << first;
  EXPECT_TRUE(changed_.back().revoked);
  EXPECT_TRUE(directory_->control().api_keys()->at(0).revoked);
  const Json again = ask({{"op", "keys.revoke"}, {"id", id}});
  EXPECT_EQ(again["revoked"], first["revoked"]);
  expect_error(ask({{"op", "keys.revoke"}, {"id", "key_unknown"}}), "NOT_FOUND", "key_unknown");
  expect_error(ask({{"op", "keys.revoke"}}), "INVALID_REQUEST", "id");
}

TEST_F(ControlRequests, ABackupIsMadeWithProgress) {
  std::vector<std::string> lines;
  const Json request{{"op", "backup"}, {"to", (root_ / "copy").string()}, {"withKey", true}};
  const Json answer = Json::parse(handle_control(*directory_, {}, request.dump(), [&](std::string_view line) {
    lines.emplace_back(line);
    return false;  // nobody watches: it goes on
  }));
  ASSERT_EQ(answer["ok"], true) << answer;
  EXPECT_GE(answer["files"], 3);
  EXPECT_TRUE(fs::exists(root_ / "copy" / "secret.key"));
  ASSERT_FALSE(lines.empty());
  EXPECT_TRUE(Json::parse(lines[0]).contains("file"));
  expect_error(ask({{"op", "backup"}, {"to", "copy"}}), "INVALID_REQUEST", "absolute");
  expect_error(ask(request), "INVALID_REQUEST", "not empty");
}

TEST_F(ControlRequests, WhatIsNotUnderstoodIsAnAnswerToo) {
  expect_error(ask_text("{"), "INVALID_REQUEST", "");
  expect_error(ask_text("[1]"), "INVALID_REQUEST", "object");
  expect_error(ask({{"op", "format.disk"}}), "INVALID_REQUEST", "op");
  expect_error(ask(Json::object()), "INVALID_REQUEST", "op");
}

TEST_F(ControlRequests, ACallGoesToTheServerThatRunsElseIsAnsweredHere) {
  {
    const auto server = store_sqlite::ControlSocket::open(data(), [&](std::string_view request, const auto& progress) {
      return handle_control(*directory_, callbacks_, request, progress);
    });
    const auto made = call_control(data(), R"({"op":"keys.create","name":"served"})", false);
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(changed_.size(), 1u);
    const auto refused = call_control(data(), R"({"op":"keys.revoke","id":"key_x"})", false);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kNotFound);
  }
  // It holds the directory but does not listen.
  EXPECT_NE(call_control(data(), R"({"op":"keys.list"})", false).error().message.find("in use by process"),
            std::string::npos);
  directory_.reset();
  const auto listed = call_control(data(), R"({"op":"keys.list"})", false);
  ASSERT_TRUE(listed) << listed.error().message;
  EXPECT_EQ(listed->value["keys"].at(0)["name"].text(), "served");
}

TEST_F(ControlRequests, OnlyWhatMayMakeADirectoryMakesOne) {
  const fs::path other = root_ / "other";
  EXPECT_EQ(call_control(other, R"({"op":"keys.list"})", false).error().code, ErrorCode::kNotFound);
  EXPECT_FALSE(fs::exists(other));
  EXPECT_TRUE(call_control(other, R"({"op":"keys.create"})", true));
  EXPECT_TRUE(fs::exists(other / "VERSION"));
}

TEST(Printable, LeavesNothingThatATerminalObeys) {
  EXPECT_EQ(printable("a\x1b[2Jb\nc\x7f"), "a?[2Jb?c?");
  EXPECT_EQ(printable("caf\u00e9"), "caf\u00e9");
}

TEST_F(ControlRequests, ALinkForAForgottenPasswordIsStoredByItsHash) {
  ASSERT_TRUE(directory_->control().put_member(
      {.id = "mem_0123456789abcdef", .email = "Ada@example.com", .name = "Ada", .password_hash = "x"}));
  const Json listed = ask({{"op", "members.list"}});
  ASSERT_EQ(listed["members"].size(), 1u) << listed;
  EXPECT_EQ(listed["members"][0]["role"], "owner");
  EXPECT_EQ(listed.dump().find("password"), std::string::npos) << listed;

  const Json answer = ask({{"op", "members.password_link"}, {"email", "ada@example.com"}});
  ASSERT_EQ(answer["ok"], true) << answer;
  const auto links = directory_->control().invitations();
  ASSERT_TRUE(links);
  ASSERT_EQ(links->size(), 1u);
  EXPECT_EQ(links->front().member_id, "mem_0123456789abcdef");
  EXPECT_EQ(links->front().token_hash, sha256(answer["token"].get<std::string>()));

  expect_error(ask({{"op", "members.password_link"}, {"email", "bo@example.com"}}), "NOT_FOUND", "bo@example.com");
  expect_error(ask({{"op", "members.password_link"}}), "NOT_FOUND", "no member");
}

}  // namespace
}  // namespace tracia::app
