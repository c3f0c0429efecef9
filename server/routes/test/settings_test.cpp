// Projects, API keys and the model catalog.
#include <gtest/gtest.h>

#include <fstream>

#include "api_server.h"

namespace tracia::routes {
namespace {

using nlohmann::json;

class SettingsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    add_settings(api.router, api.services);
    add_prices(api.router, api.services);
    me = api.add_member(store::MemberRole::kOwner);
    api.start();
  }
  wire::Headers me_in(const std::string& project_id) const {
    wire::Headers headers = me;
    headers.add("X-Tracia-Project", project_id);
    return headers;
  }
  std::string make_project(const std::string& name) {
    return api.send("POST", "/api/v1/projects", json{{"name", name}}, me).json["id"];
  }
  // Every member of the example is in the answer, and no other.
  static void expect_members_of(const json& answer, const std::string& example) {
    std::ifstream file(std::string(TRACIA_SOURCE_DIR "/api/examples/") + example);
    const json wanted = json::parse(file);
    ASSERT_EQ(answer.size(), wanted.size()) << answer;
    for (const auto& [name, value] : wanted.items()) EXPECT_TRUE(answer.contains(name)) << name;
  }

  ApiServer api;
  wire::Headers me;
};

// --- API keys ---

TEST_F(SettingsTest, ANewKeyWorksAtOnceAndIsSeenOnce) {
  const auto made = api.send("POST", "/api/v1/api-keys", json{{"name", "Production"}}, me);
  ASSERT_EQ(made.status, 201) << made.body;
  expect_members_of(made.json, "api_key_create.response.201.json");
  const std::string key = made.json["key"];
  EXPECT_EQ(key.size(), 46u);
  EXPECT_EQ(made.json["prefix"], key.substr(0, 11));
  EXPECT_EQ(made.json["createdBy"], "ada@example.com");
  EXPECT_EQ(api.send("GET", "/api/v1/projects", "", ApiServer::with_key(key)).status, 200);

  const auto list = api.send("GET", "/api/v1/api-keys", "", me);
  EXPECT_EQ(list.status, 200);
  EXPECT_EQ(list.body.find(key), std::string::npos);
  ASSERT_EQ(list.json["apiKeys"].size(), 2u);
}

TEST_F(SettingsTest, ARevokedKeyStopsWorkingAtOnce) {
  const auto made = api.send("POST", "/api/v1/api-keys", json{{"name", "Laptop"}}, me);
  const std::string path = "/api/v1/api-keys/" + made.json["id"].get<std::string>();
  const auto with_key = ApiServer::with_key(made.json["key"]);
  EXPECT_EQ(api.send("DELETE", path, "", me).json, (json{{"success", true}}));
  const auto refused = api.send("GET", "/api/v1/projects", "", with_key);
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(refused.message(), "Invalid or missing API key");
  EXPECT_EQ(refused.header("www-authenticate"), "Bearer");
  EXPECT_EQ(api.send("DELETE", path, "", me).status, 200);  // again: no change
  EXPECT_EQ(api.send("DELETE", "/api/v1/api-keys/key_0000000000000000", "", me).status, 404);
}

TEST_F(SettingsTest, AKeyOfAnotherProjectCannotBeSeenOrRevoked) {
  const std::string other = make_project("Other");  // at the same instant as the first: the first stays it
  const auto made = api.send("POST", "/api/v1/api-keys", json{{"name", "Other's"}}, me_in(other));
  ASSERT_EQ(made.status, 201);
  const std::string path = "/api/v1/api-keys/" + made.json["id"].get<std::string>();
  EXPECT_EQ(api.send("GET", "/api/v1/api-keys", "", me).json["apiKeys"].size(), 1u);  // the bootstrap key
  EXPECT_EQ(api.send("DELETE", path, "", me).status, 404);
  EXPECT_EQ(api.send("GET", "/api/v1/api-keys", "", me_in(other)).json["apiKeys"].size(), 1u);
  EXPECT_EQ(api.send("DELETE", path, "", me_in(other)).status, 200);
}

TEST_F(SettingsTest, KeysCannotAdministrate) {
  const auto key = ApiServer::with_key();
  EXPECT_EQ(api.send("GET", "/api/v1/api-keys", "", key).status, 403);
  EXPECT_EQ(api.send("POST", "/api/v1/api-keys", json{{"name", "x"}}, key).status, 403);
  EXPECT_EQ(api.send("DELETE", "/api/v1/api-keys/key_0000000000000000", "", key).status, 403);
  EXPECT_EQ(api.send("POST", "/api/v1/projects", json{{"name", "x"}}, key).status, 403);
  EXPECT_EQ(api.send("PUT", "/api/v1/projects/prj_0000000000000000", json{{"name", "x"}}, key).status, 403);
}

TEST_F(SettingsTest, OnlyAWholeKeyLetsIn) {
  const std::string key = kTestKey;
  for (const std::string& wrong :
       {std::string(), key.substr(0, key.size() - 1), key + "x", std::string("tr_"), std::string(10'000, 'x')}) {
    EXPECT_EQ(api.send("GET", "/api/v1/projects", "", ApiServer::with_key(wrong)).status, 401) << wrong.size();
  }
  EXPECT_EQ(api.send("GET", "/api/v1/projects").status, 401);
  EXPECT_EQ(api.send("GET", "/api/v1/projects", "", {{"Authorization", "Basic " + key}}).status, 401);
  EXPECT_EQ(api.send("GET", "/api/v1/projects", "", ApiServer::with_key()).status, 200);
}

TEST_F(SettingsTest, AWrongKeyIsNotForgivenForAGoodCookie) {
  wire::Headers both = me;
  both.add("Authorization", "Bearer tr_wrong");
  EXPECT_EQ(api.send("GET", "/api/v1/projects", "", both).status, 401);
}

TEST_F(SettingsTest, LastUsedIsWrittenByTheTimer) {
  EXPECT_EQ(api.send("GET", "/api/v1/projects", "", ApiServer::with_key()).status, 200);
  EXPECT_TRUE(api.send("GET", "/api/v1/api-keys", "", me).json["apiKeys"][0]["lastUsedAt"].is_null());
  api.access.flush_last_used();
  const std::string now = format_rfc3339_millis(api.clock.now());
  EXPECT_EQ(api.send("GET", "/api/v1/api-keys", "", me).json["apiKeys"][0]["lastUsedAt"], now);
  EXPECT_TRUE(api.control.api_keys()->at(0).last_used);
}

TEST_F(SettingsTest, LastUsedDoesNotBringARevokedKeyBack) {
  const auto made = api.send("POST", "/api/v1/api-keys", json{{"name", "Laptop"}}, me);
  const auto with_key = ApiServer::with_key(made.json["key"]);
  EXPECT_EQ(api.send("GET", "/api/v1/projects", "", with_key).status, 200);
  api.send("DELETE", "/api/v1/api-keys/" + made.json["id"].get<std::string>(), "", me);
  api.access.flush_last_used();
  EXPECT_EQ(api.send("GET", "/api/v1/projects", "", with_key).status, 401);
}

TEST_F(SettingsTest, AFailingDiskMakesNoKey) {
  api.control.fail_writes = true;
  EXPECT_EQ(api.send("POST", "/api/v1/api-keys", json{{"name", "x"}}, me).status, 503);
  api.control.fail_writes = false;
  EXPECT_EQ(api.send("GET", "/api/v1/api-keys", "", me).json["apiKeys"].size(), 1u);
}

TEST_F(SettingsTest, TheBootstrapKeyIsMadeOnceAndStaysRevoked) {
  service::Access again(api.services);
  ASSERT_TRUE(again.prepare(std::string(kTestKey)));
  ASSERT_EQ(api.control.api_keys()->size(), 1u);
  ASSERT_TRUE(api.access.revoke_key(api.cache.projects().front().id, api.control.api_keys()->at(0).id));
  ASSERT_TRUE(again.prepare(std::string(kTestKey)));
  EXPECT_EQ(api.control.api_keys()->size(), 1u);
  EXPECT_EQ(api.send("GET", "/api/v1/projects", "", ApiServer::with_key()).status, 401);
}

TEST_F(SettingsTest, AWeakBootstrapKeyRefusesTheStart) {
  service::Access fresh(api.services);
  const auto refused = fresh.prepare(std::string("tr_too-short"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidRequest);
  EXPECT_EQ(refused.error().message.find("tr_too-short"), std::string::npos);
}

TEST_F(SettingsTest, EachStartWithoutAnOwnerMakesANewSetupToken) {
  store::FakeControlStore control;
  service::ControlCache cache(control);
  service::Services services = api.services;
  services.control = &control;
  services.cache = &cache;
  ASSERT_TRUE(cache.load([](const store::Connection&) -> Result<std::string> { return std::string("{}"); }));
  const auto first = service::Access(services).prepare(std::nullopt);
  service::Access last(services);
  const auto second = last.prepare(std::nullopt);
  ASSERT_TRUE(first && *first && second && *second);
  EXPECT_NE(**first, **second);
  EXPECT_EQ(control.projects()->size(), 1u);
  EXPECT_FALSE(last.set_up(**first, "ada@example.com", "Ada", "correct horse battery", {}));
  EXPECT_TRUE(last.set_up(**second, "ada@example.com", "Ada", "correct horse battery", {}));
}

// --- Projects ---

TEST_F(SettingsTest, MembersMakeAndRenameProjects) {
  const auto made = api.send("POST", "/api/v1/projects", json{{"name", " Support bot "}}, me);
  ASSERT_EQ(made.status, 201) << made.body;
  expect_members_of(made.json, "project_create.response.201.json");
  EXPECT_EQ(made.json["name"], "Support bot");
  const auto renamed =
      api.send("PUT", "/api/v1/projects/" + made.json["id"].get<std::string>(), json{{"name", "Bot"}}, me);
  EXPECT_EQ(renamed.status, 200);
  EXPECT_EQ(renamed.json["name"], "Bot");
  EXPECT_EQ(renamed.json["createdAt"], made.json["createdAt"]);
  const auto list = api.send("GET", "/api/v1/projects", "", me);
  ASSERT_EQ(list.json["projects"].size(), 2u);
  EXPECT_EQ(list.json["projects"][1]["name"], "Bot");
}

TEST_F(SettingsTest, ProjectNamesAreUniqueWhateverTheirCase) {
  make_project("Bot");
  const auto again = api.send("POST", "/api/v1/projects", json{{"name", "BOT"}}, me);
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(again.code(), "CONFLICT");
  EXPECT_EQ(api.send("PUT", "/api/v1/projects/prj_0000000000000000", json{{"name", "X"}}, me).status, 404);
}

TEST_F(SettingsTest, AProjectNeedsAName) {
  EXPECT_EQ(api.send("POST", "/api/v1/projects", json::object(), me).message(), "Missing required field: name");
  EXPECT_EQ(api.send("POST", "/api/v1/projects", json{{"name", 7}}, me).message(), "name: must be a string");
  EXPECT_EQ(api.send("POST", "/api/v1/projects", json{{"name", ""}}, me).status, 400);
}

TEST_F(SettingsTest, AKeySeesItsOwnProjectOnly) {
  make_project("Other");
  const auto seen = api.send("GET", "/api/v1/projects", "", ApiServer::with_key());
  ASSERT_EQ(seen.json["projects"].size(), 1u);
  EXPECT_EQ(seen.json["projects"][0]["name"], "Default");
}

TEST_F(SettingsTest, AnUnknownProjectIsRefused) {
  const auto answer = api.send("GET", "/api/v1/api-keys", "", me_in("prj_none"));
  EXPECT_EQ(answer.status, 403);
  EXPECT_NE(answer.message().find("X-Tracia-Project"), std::string::npos);
}

TEST(SettingsRoles, BoundWhatAMemberDoes) {
  ApiServer api;
  add_settings(api.router, api.services);
  const auto viewer = api.add_member(store::MemberRole::kViewer, "Vera");
  const auto editor = api.add_member(store::MemberRole::kEditor, "Ed");
  const auto admin = api.add_member(store::MemberRole::kAdmin, "Ann");
  // What needs the right to write, but not to administrate.
  api.router.add("POST", "/api/v1/run", [&](const http::ExchangePtr& exchange) {
    const auto who = api.access.authenticate(*exchange);
    who ? exchange->json(200, "{}") : exchange->error(who.error());
  });
  api.start();
  for (const auto& anyone : {viewer, editor, admin}) {
    EXPECT_EQ(api.send("GET", "/api/v1/projects", "", anyone).status, 200);
  }
  EXPECT_EQ(api.send("POST", "/api/v1/run", "", viewer).status, 403);
  EXPECT_EQ(api.send("POST", "/api/v1/run", "", editor).status, 200);
  EXPECT_EQ(api.send("GET", "/api/v1/api-keys", "", viewer).status, 403);
  const auto refused = api.send("GET", "/api/v1/api-keys", "", editor);
  EXPECT_EQ(refused.status, 403);
  EXPECT_NE(refused.message().find("editor"), std::string::npos);
  EXPECT_EQ(api.send("GET", "/api/v1/api-keys", "", admin).status, 200);
}

// --- Models ---

TEST_F(SettingsTest, TheCatalogAnswersPricesInForce) {
  const auto answer = api.send("GET", "/api/v1/models", "", ApiServer::with_key());
  ASSERT_EQ(answer.status, 200);
  bool found = false;
  for (const json& model : answer.json["models"]) {
    for (const char* name : {"provider", "model", "kind", "aliases", "contextTokens", "maxOutputTokens", "dimensions",
                             "inputModalities", "capabilities", "deprecated", "prices"}) {
      EXPECT_TRUE(model.contains(name)) << name;
    }
    if (model["model"] != "gpt-4o" || model["provider"] != "openai") continue;
    found = true;
    EXPECT_EQ(model["prices"][0]["input"], 2.5);
    EXPECT_EQ(model["prices"][0]["output"], 10);
  }
  EXPECT_TRUE(found);
}

}  // namespace
}  // namespace tracia::routes
