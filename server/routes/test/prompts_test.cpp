// The prompt operations over HTTP, held against api/examples.
#include "tracia/service/prompts.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "api_server.h"

namespace tracia::routes {
namespace {

using nlohmann::ordered_json;
using json = nlohmann::json;

std::string example_text(const std::string& name) {
  std::ifstream in(std::string(TRACIA_SOURCE_DIR) + "/api/examples/" + name + ".json");
  EXPECT_TRUE(in) << name;
  return {std::istreambuf_iterator<char>(in), {}};
}
json example(const std::string& name) { return json::parse(example_text(name)); }

std::vector<std::string> members(const ordered_json& object) {
  std::vector<std::string> names;
  for (const auto& [name, value] : object.items()) names.push_back(name);
  return names;
}

class PromptRoutes : public testing::Test {
 protected:
  void SetUp() override {
    api_.services.prompts = &prompts_;
    add_prompts(api_.router, api_.services);
    api_.start();
  }
  ApiAnswer get(const std::string& path) { return api_.send("GET", path, "", ApiServer::with_key()); }
  ApiAnswer send(const std::string& method, const std::string& path, const json& body) {
    api_.clock.advance(Millis(1));
    return api_.send(method, path, body, ApiServer::with_key());
  }
  // As the examples have it: three versions, production at 2, staging at 3.
  void make_welcome_email() {
    const json current = example("prompts_get.response.200");
    for (int number = 1; number <= 3; ++number) {
      const json& version = current["versions"][3 - number];
      json body = {{"note", version["note"]}};
      for (const char* name : {"provider", "model", "temperature", "maxOutputTokens"}) body[name] = version[name];
      body["content"] = version["messages"];
      body["name"] = current["name"];
      body["description"] = current["description"];
      const ApiAnswer answer =
          number == 1 ? send("POST", "/api/v1/prompts", body) : send("PUT", "/api/v1/prompts/welcome-email", body);
      ASSERT_EQ(answer.status, number == 1 ? 201 : 200) << answer.body;
    }
    ASSERT_EQ(send("PUT", kOne + "/labels/production", {{"version", 2}}).status, 200);
    ASSERT_EQ(send("PUT", kOne + "/labels/staging", {{"version", 3}}).status, 200);
    ASSERT_EQ(send("PUT", kOne, {{"defaultLabel", "production"}}).status, 200);
  }
  // Equal but for ids, times and the author, and with the members in the same order.
  static void expect_like(const ApiAnswer& answer, const std::string& name) {
    const std::string text = example_text(name);
    EXPECT_EQ(members(ordered_json::parse(answer.body)), members(ordered_json::parse(text)));
    EXPECT_EQ(without_chance(answer.json), without_chance(json::parse(text)));
  }
  static json without_chance(json value) {
    if (value.is_object()) {
      for (auto& [name, member] : value.items()) {
        const bool chance =
            (name == "id" && value.contains("slug")) || name == "author" || name == "createdAt" || name == "updatedAt";
        member = chance ? json(member.type_name()) : without_chance(member);
      }
    } else if (value.is_array()) {
      for (json& item : value) item = without_chance(item);
    }
    return value;
  }

  const std::string kOne = "/api/v1/prompts/welcome-email";
  ApiServer api_;
  service::Prompts prompts_{api_.services};
};

TEST_F(PromptRoutes, EveryOperationNeedsAKey) {
  for (const http::Route& route : api_.router.routes()) {
    std::string path = route.pattern;
    for (size_t at; (at = path.find('{')) != std::string::npos;) path.replace(at, path.find('}') - at + 1, "1");
    const ApiAnswer answer = api_.send(route.method, path);
    EXPECT_EQ(answer.status, 401) << route.method << " " << path;
  }
  EXPECT_EQ(api_.router.routes().size(), 12u);
}

TEST_F(PromptRoutes, CreatesTheExample) {
  const std::string text = example_text("prompts_create.request");
  const ApiAnswer answer = api_.send("POST", "/api/v1/prompts", text, ApiServer::with_key());
  ASSERT_EQ(answer.status, 201) << answer.body;
  expect_like(answer, "prompts_create.response.201");
  // The order of a schema's properties is kept.
  EXPECT_EQ(members(ordered_json::parse(answer.body)["outputSchema"]),
            members(ordered_json::parse(text)["outputSchema"]));
  EXPECT_EQ(send("POST", "/api/v1/prompts", example("prompts_create_minimal.request")).json["slug"], "assistant");
}

TEST_F(PromptRoutes, RefusesBadBodies) {
  ApiAnswer answer = send("POST", "/api/v1/prompts", {{"content", "x"}});
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.json, example("error.invalid_request.400"));
  for (const char* body : {"", "[]", "{", "null"}) {
    answer = api_.send("POST", "/api/v1/prompts", std::string(body), ApiServer::with_key());
    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(answer.message(), "Request body must be a JSON object");
  }
}

TEST_F(PromptRoutes, ATakenSlugIsAConflict) {
  make_welcome_email();
  const ApiAnswer answer =
      send("POST", "/api/v1/prompts", {{"name", "Welcome Email"}, {"content", {{{"role", "user"}, {"content", "x"}}}}});
  EXPECT_EQ(answer.status, 409);
  EXPECT_EQ(answer.json, example("error.conflict.409"));
}

TEST_F(PromptRoutes, AnswersAPromptWithItsVersions) {
  make_welcome_email();
  const ApiAnswer answer = get(kOne);
  ASSERT_EQ(answer.status, 200);
  expect_like(answer, "prompts_get.response.200");
  EXPECT_EQ(get("/api/v1/prompts/welcome-mail").json, example("error.not_found.404"));
}

TEST_F(PromptRoutes, ListsWithoutContent) {
  make_welcome_email();
  const ApiAnswer answer = get("/api/v1/prompts");
  json expected = example("prompts_list.response.200");
  expected["prompts"].erase(1);
  EXPECT_EQ(without_chance(answer.json), without_chance(expected));
  EXPECT_EQ(members(ordered_json::parse(answer.body)["prompts"][0]),
            members(ordered_json::parse(example_text("prompts_list.response.200"))["prompts"][0]));
}

TEST_F(PromptRoutes, PagesCoverTheListOnceMostRecentlyUpdatedFirst) {
  for (int i = 0; i < 7; ++i) {
    const json body = {{"name", "P" + std::to_string(i)}, {"content", {{{"role", "user"}, {"content", "x"}}}}};
    ASSERT_EQ(send("POST", "/api/v1/prompts", body).status, 201);
  }
  ASSERT_EQ(send("PUT", "/api/v1/prompts/p2", {{"name", "changed"}}).status, 200);
  std::string slugs, cursor;
  for (int page = 0; page < 4; ++page) {
    const ApiAnswer answer = get("/api/v1/prompts?limit=2" + (cursor.empty() ? "" : "&cursor=" + cursor));
    ASSERT_EQ(answer.status, 200) << answer.body;
    for (const json& prompt : answer.json["prompts"]) slugs += prompt["slug"].get<std::string>() + " ";
    EXPECT_EQ(answer.json["nextCursor"], answer.json["cursor"]);
    EXPECT_EQ(answer.json["hasMore"], page < 3);
    if (page < 3) cursor = answer.json["cursor"];
    EXPECT_EQ(answer.json["cursor"].is_null(), page == 3);
  }
  EXPECT_EQ(slugs, "p2 p6 p5 p4 p3 p1 p0 ");
}

TEST_F(PromptRoutes, BadLimitsAndCursorsAreRefused) {
  make_welcome_email();
  for (const std::string& path : {std::string("/api/v1/prompts"), kOne + "/versions"}) {
    for (const char* limit : {"0", "101", "-1", "x", "", "1.5", "1x", "99999999999999999999"}) {
      const ApiAnswer answer = get(path + "?limit=" + limit);
      EXPECT_EQ(answer.status, 400) << limit;
      EXPECT_EQ(answer.message(), "limit must be a whole number from 1 to 100");
    }
    for (const char* cursor : {"x", "!!", "djF4", "cA", "cHg", "dg", "cDEuMg%3D%3D", "dng"}) {
      const ApiAnswer answer = get(path + "?cursor=" + cursor);
      EXPECT_EQ(answer.status, 400) << path << " " << cursor;
    }
  }
}

TEST_F(PromptRoutes, UpdatesMakeAVersionOnce) {
  make_welcome_email();
  json edit = {{"model", "gpt-5"}, {"baseVersion", 3}};
  EXPECT_EQ(send("PUT", kOne, edit).json["currentVersion"], 4);
  edit["baseVersion"] = 4;
  EXPECT_EQ(send("PUT", kOne, edit).json["currentVersion"], 4);
  const ApiAnswer cleared = send("PUT", kOne, example("prompts_update_clear.request"));
  ASSERT_EQ(cleared.status, 200) << cleared.body;
  EXPECT_TRUE(cleared.json["description"].is_null());
  EXPECT_EQ(cleared.json["currentVersion"], 4);  // topP and tools were null already
}

TEST_F(PromptRoutes, AStaleEditIsToldTheNewestVersion) {
  make_welcome_email();
  const ApiAnswer answer = send("PUT", kOne, {{"name", "x"}, {"baseVersion", 2}});
  ASSERT_EQ(answer.status, 409);
  EXPECT_EQ(without_chance(answer.json), without_chance(example("error.conflict_stale_version.409")));
  EXPECT_EQ(send("POST", kOne + "/versions/1/restore", {{"baseVersion", 2}}).json["error"]["currentVersion"], 3);
}

TEST_F(PromptRoutes, ListsAndAnswersVersions) {
  make_welcome_email();
  const ApiAnswer page = get(kOne + "/versions?limit=2");
  EXPECT_EQ(without_chance(page.json), without_chance(example("prompts_versions_list.response.200")));
  const ApiAnswer last = get(kOne + "/versions?limit=2&cursor=" + page.json["cursor"].get<std::string>());
  ASSERT_EQ(last.json["versions"].size(), 1u);
  EXPECT_EQ(last.json["versions"][0]["version"], 1);
  EXPECT_EQ(last.json["hasMore"], false);
  expect_like(get(kOne + "/versions/2"), "prompts_versions_get.response.200");
  EXPECT_EQ(get(kOne + "/versions/9").json, example("error.not_found_version.404"));
  EXPECT_EQ(get(kOne + "/version").json["version"], 2);  // that of the default label
  EXPECT_EQ(get(kOne + "/version?label=staging").json["version"], 3);
  EXPECT_EQ(get(kOne + "/version?label=unheard-of").status, 404);
  EXPECT_EQ(get(kOne + "/version?label=No%20Label").status, 400);
  for (const char* bad : {"0", "x", "-1", "1.0"}) EXPECT_EQ(get(kOne + "/versions/" + bad).status, 400) << bad;
}

TEST_F(PromptRoutes, RestoresWithAndWithoutABody) {
  make_welcome_email();
  const ApiAnswer answer = send("POST", kOne + "/versions/2/restore", example("prompts_versions_restore.request"));
  expect_like(answer, "prompts_versions_restore.response.200");
  const ApiAnswer plain = api_.send("POST", kOne + "/versions/1/restore", "", ApiServer::with_key());
  EXPECT_EQ(plain.json["currentVersion"], 5);
  EXPECT_TRUE(plain.json["versions"][0]["note"].is_null());
  EXPECT_EQ(send("POST", kOne + "/versions/1/restore", json::object()).json["currentVersion"], 5);
}

TEST_F(PromptRoutes, LabelsMoveAndGo) {
  make_welcome_email();
  expect_like(send("PUT", kOne + "/labels/production", example("prompts_labels_put.request")),
              "prompts_labels_put.response.200");
  EXPECT_TRUE(send("PUT", kOne + "/labels/qa", {{"version", 1}}).json["previousVersion"].is_null());
  EXPECT_EQ(send("PUT", kOne + "/labels/qa", {{"version", 9}}).status, 404);
  EXPECT_EQ(send("PUT", kOne + "/labels/qa", {{"version", "1"}}).status, 400);
  EXPECT_EQ(send("PUT", kOne + "/labels/qa", json::object()).message(), "Missing required field: version");
  EXPECT_EQ(send("PUT", kOne + "/labels/QA", {{"version", 1}}).status, 400);
  EXPECT_EQ(send("DELETE", kOne + "/labels/qa", json::object()).json, example("prompts_labels_delete.response.200"));
  EXPECT_EQ(send("DELETE", kOne + "/labels/qa", json::object()).status, 404);
  EXPECT_EQ(send("DELETE", kOne + "/labels/production", json::object()).json,
            example("error.conflict_default_label.409"));
}

TEST_F(PromptRoutes, Renders) {
  make_welcome_email();
  const ApiAnswer answer = send("POST", kOne + "/render", example("prompts_render.request"));
  ASSERT_EQ(answer.status, 200) << answer.body;
  expect_like(answer, "prompts_render.response.200");
  const json values = {{"name", 1.5}, {"product", true}};
  const json by_version = send("POST", kOne + "/render", {{"version", 1}, {"variables", values}}).json;
  EXPECT_EQ(by_version["promptVersion"], 1);
  EXPECT_TRUE(by_version["label"].is_null());
  EXPECT_EQ(by_version["messages"][1]["content"], "Welcome 1.5 to true.");
  const json by_default = send("POST", kOne + "/render", {{"variables", values}}).json;
  EXPECT_EQ(by_default["label"], "production");
  EXPECT_EQ(by_default["promptVersion"], 2);
}

TEST_F(PromptRoutes, RenderSaysWhatIsMissingOrWrong) {
  make_welcome_email();
  const ApiAnswer missing = send("POST", kOne + "/render", {{"version", 1}});
  EXPECT_EQ(missing.status, 400);
  EXPECT_EQ(missing.json, example("error.missing_variables.400"));
  EXPECT_EQ(api_.send("POST", kOne + "/render", "", ApiServer::with_key()).code(), "MISSING_VARIABLES");
  EXPECT_EQ(send("POST", kOne + "/render", {{"variables", {{"name", json::array()}}}}).message(),
            "variables.name must be a string, a number or a boolean");
  EXPECT_EQ(send("POST", kOne + "/render", {{"variables", 1}}).message(), "variables must be an object");
  EXPECT_EQ(send("POST", kOne + "/render", {{"version", 0}}).status, 400);
  EXPECT_EQ(send("POST", kOne + "/render", {{"label", "Bad Label"}}).status, 400);
  EXPECT_EQ(send("POST", kOne + "/render", {{"label", "qa"}}).status, 404);
  EXPECT_EQ(send("POST", kOne + "/render", {{"version", 9}}).status, 404);
}

TEST_F(PromptRoutes, Deletes) {
  make_welcome_email();
  EXPECT_EQ(send("DELETE", kOne, json::object()).json, example("prompts_delete.response.200"));
  EXPECT_EQ(get(kOne).status, 404);
  EXPECT_TRUE(get("/api/v1/prompts").json["prompts"].empty());
}

TEST_F(PromptRoutes, ABrokenDiskIsUnavailable) {
  make_welcome_email();
  api_.control.fail_writes = true;
  EXPECT_EQ(send("PUT", kOne, {{"name", "x"}}).status, 503);
  EXPECT_EQ(get(kOne).json["name"], "Welcome Email");
  api_.control.fail_reads = true;
  EXPECT_EQ(get(kOne).status, 503);
}

}  // namespace
}  // namespace tracia::routes
