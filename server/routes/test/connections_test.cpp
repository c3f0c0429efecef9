// Connections over HTTP: what comes in, what never goes out, and the test of one.
#include "tracia/service/connections.h"

#include <gtest/gtest.h>

#include "../../service/test/fake_sealer.h"
#include "api_server.h"
#include "tracia/service/runs.h"
#include "tracia/simulate/simulator.h"

namespace tracia::routes {
namespace {

using nlohmann::json;

class ConnectionRoutesTest : public testing::Test {
 protected:
  ConnectionRoutesTest() {
    connections_ =
        std::make_unique<service::Connections>(api_.services, sealer_, [](std::string_view) { return std::nullopt; });
    api_.services.connections = connections_.get();
    runs_ = std::make_unique<service::Runs>(api_.services);
    api_.services.runs = runs_.get();
    add_connections(api_.router, api_.services);
    api_.start();
    const auto login = api_.access.set_up(api_.setup_token, "ada@example.com", "Ada", "a long enough password", {});
    EXPECT_TRUE(login) << login.error().message;
    owner_ = {{"Cookie", login->cookie.substr(0, login->cookie.find(';'))}, {"X-CSRF-Token", login->csrf_token}};
  }
  ~ConnectionRoutesTest() override {
    runs_.reset();
    if (api_.server) api_.server->stop(Millis(1000));
  }
  ApiAnswer send(const std::string& method, const std::string& path, const json& body = json::object()) {
    return api_.send(method, "/api/v1/connections" + path, body, owner_);
  }
  ApiAnswer create(const json& body) {
    ApiAnswer made = send("POST", "", body);
    EXPECT_EQ(made.status, 201) << made.body;
    return made;
  }

  ApiServer api_;
  service::FakeSealer sealer_;
  std::unique_ptr<service::Connections> connections_;
  std::unique_ptr<service::Runs> runs_;
  wire::Headers owner_;
};

TEST_F(ConnectionRoutesTest, a_connection_lives_from_create_to_delete_and_never_shows_its_secrets) {
  const ApiAnswer made = create({{"name", "azure"},
                                 {"protocol", "openai"},
                                 {"baseUrl", "https://x.openai.azure.com/openai/v1"},
                                 {"key", "sk-very-secret-key-Zk3Q"},
                                 {"headers", {{"api-key", "hidden-value"}}}});
  EXPECT_EQ(made.json["hasKey"], true);
  EXPECT_EQ(made.json["keyEnd"], "Zk3Q");
  EXPECT_EQ(made.json["headerNames"], json({"api-key"}));
  const std::string at = "/" + made.json["id"].get<std::string>();

  EXPECT_EQ(send("GET", at).json, made.json);
  EXPECT_EQ(send("GET", "").json["connections"], json::array({made.json}));
  const ApiAnswer renamed = send("PUT", at,
                                 {{"name", "azure-eu"},
                                  {"protocol", "openai"},
                                  {"baseUrl", "https://x.openai.azure.com/openai/v1"},
                                  {"headers", nullptr}});
  EXPECT_EQ(renamed.json["name"], "azure-eu") << renamed.body;
  EXPECT_EQ(renamed.json["hasKey"], true);
  EXPECT_EQ(renamed.json["headerNames"], json::array());
  for (const ApiAnswer& answer : {made, renamed, send("GET", "")}) {
    EXPECT_EQ(answer.body.find("very-secret"), std::string::npos);
    EXPECT_EQ(answer.body.find("hidden-value"), std::string::npos);
  }
  EXPECT_EQ(send("DELETE", at).json, json({{"success", true}}));
  EXPECT_EQ(send("GET", at).code(), "NOT_FOUND");
  EXPECT_EQ(send("DELETE", at).code(), "NOT_FOUND");
}

TEST_F(ConnectionRoutesTest, short_keys_show_nothing_of_themselves) {
  EXPECT_TRUE(create({{"name", "c"}, {"protocol", "openai"}, {"key", "short"}}).json["keyEnd"].is_null());
}

TEST_F(ConnectionRoutesTest, only_administrators_may_look_or_touch) {
  for (const char* method : {"GET", "POST"}) {
    const ApiAnswer by_key = api_.send(method, "/api/v1/connections", json::object(), ApiServer::with_key());
    EXPECT_EQ(by_key.code(), "FORBIDDEN") << method;
    EXPECT_EQ(api_.send(method, "/api/v1/connections", json::object()).code(), "UNAUTHORIZED") << method;
  }
}

TEST_F(ConnectionRoutesTest, wrong_bodies_name_the_member) {
  EXPECT_EQ(send("POST", "").message(), "Missing required field: name");
  EXPECT_EQ(send("POST", "", {{"name", 1}}).message(), "name must be a string");
  EXPECT_EQ(send("POST", "", {{"name", "c"}, {"protocol", "openai"}, {"headers", {{"a", 1}}}}).message(),
            "headers must be an object of strings");
  create({{"name", "c"}, {"protocol", "openai"}});
  EXPECT_EQ(send("POST", "", {{"name", "C"}, {"protocol", "openai"}}).code(), "CONFLICT");
}

TEST_F(ConnectionRoutesTest, a_test_tells_what_the_provider_says) {
  simulate::SimulatorOptions options;
  options.listen = "127.0.0.1:0";
  options.require_key = "sk-the-right-key";
  simulate::Simulator simulator(options);
  ASSERT_TRUE(simulator.start());
  api_.config.allow_private_upstreams = true;
  const json body{{"name", "sim"}, {"protocol", "openai"}, {"baseUrl", simulator.base_url() + "/v1"}};
  json right = body, wrong = body;
  right["key"] = "sk-the-right-key";
  wrong["key"] = "sk-the-wrong-key";
  wrong["name"] = "wrong";
  const auto test = [&](const json& made) { return "/" + made["id"].get<std::string>() + "/test"; };

  const std::string good = test(create(right).json), bad = test(create(wrong).json);
  const ApiAnswer chat = send("POST", good, {{"model", "gpt-4o"}});
  EXPECT_EQ(chat.json["ok"], true) << chat.body;
  EXPECT_TRUE(chat.json["latencyMs"].is_number());
  EXPECT_TRUE(chat.json["error"].is_null());
  const ApiAnswer refused = send("POST", bad, {{"model", "gpt-4o"}});
  EXPECT_EQ(refused.status, 200);
  EXPECT_EQ(refused.json["ok"], false) << refused.body;
  EXPECT_FALSE(refused.json["error"].get<std::string>().empty());
  EXPECT_EQ(refused.body.find("wrong-key"), std::string::npos) << "the key is not repeated";
}

TEST_F(ConnectionRoutesTest, a_test_without_a_model_lists_models_where_that_can_be_asked_for) {
  const json made = create({{"name", "v"}, {"protocol", "voyage"}, {"key", "pa-0123456789abcdef"}}).json;
  const ApiAnswer answer = send("POST", "/" + made["id"].get<std::string>() + "/test");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.code(), "INVALID_REQUEST");
}

}  // namespace
}  // namespace tracia::routes
