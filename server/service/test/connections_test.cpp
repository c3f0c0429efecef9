// Connections: what may be stored, how secrets are kept, and where a call of a project goes.
#include "tracia/service/connections.h"

#include <gtest/gtest.h>

#include <map>

#include "fake_control_store.h"
#include "fake_sealer.h"
#include "tracia/service/control_cache.h"

namespace tracia::service {
namespace {

using llm::Provider;
using Headers = std::vector<std::pair<std::string, std::string>>;

class ConnectionsTest : public testing::Test {
 protected:
  ConnectionsTest() {
    EXPECT_TRUE(store_.put_project({.id = "prj_1", .name = "First", .created = {1}}));
    EXPECT_TRUE(store_.put_project({.id = "prj_2", .name = "Second", .created = {2}}));
    services_.config = &config_;
    services_.control = &store_;
    services_.cache = &cache_;
    EXPECT_TRUE(cache_.load(Connections::unsealer(sealer_)));
    make();
  }
  void make() {
    connections_ = std::make_unique<Connections>(services_, sealer_, [this](std::string_view name) {
      const auto found = env_.find(std::string(name));
      return found == env_.end() ? std::nullopt : std::optional(found->second);
    });
  }
  static ConnectionDraft draft(std::string name, std::string protocol, std::string base_url = "",
                               std::optional<std::string> key = "sk-secret-0001") {
    return {.name = std::move(name), .protocol = std::move(protocol), .base_url = std::move(base_url), .key = key};
  }
  store::Connection create(const ConnectionDraft& given, std::string_view project = "prj_1") {
    const auto made = connections_->create(project, given);
    EXPECT_TRUE(made) << made.error().message;
    return made ? *made : store::Connection{};
  }
  Connections::Named resolve(std::string_view provider, std::string_view model, std::string_view project = "prj_1") {
    const auto named = connections_->resolve(project, provider, model);
    EXPECT_TRUE(named) << named.error().message;
    return named ? *named : Connections::Named{};
  }
  std::string refusal(const ConnectionDraft& given) {
    const auto made = connections_->create("prj_1", given);
    return made ? "" : made.error().message;
  }
  static std::string key_of(const llm::Target& target) {
    const auto* key = std::get_if<llm::ApiKey>(&target.auth);
    return key == nullptr ? "" : key->value;
  }

  config::Config config_;
  store::FakeControlStore store_;
  ControlCache cache_{store_};
  Services services_;
  FakeSealer sealer_;
  std::map<std::string, std::string> env_;
  std::unique_ptr<Connections> connections_;
};

TEST_F(ConnectionsTest, secrets_are_stored_sealed_and_read_back_at_the_next_start) {
  ConnectionDraft given = draft("azure", "openai", "https://x.openai.azure.com/openai/v1/");
  given.headers = Headers{{"api-key", "hidden-header"}};
  const store::Connection made = create(given);
  EXPECT_EQ(made.base_url, "https://x.openai.azure.com/openai/v1");
  EXPECT_EQ(made.sealed_secrets.find("sk-secret"), std::string::npos);
  EXPECT_EQ(made.headers_json, "");

  ControlCache next(store_);
  ASSERT_TRUE(next.load(Connections::unsealer(sealer_)));
  const auto live = next.connection("prj_1", "AZURE");
  ASSERT_NE(live, nullptr);
  EXPECT_EQ(live->key, "sk-secret-0001");
  ASSERT_EQ(live->headers.size(), 1u);
  EXPECT_EQ(live->headers[0].second, "hidden-header");
}

TEST_F(ConnectionsTest, a_secret_moved_to_another_connection_does_not_open) {
  store::Connection made = create(draft("openai", "openai"));
  made.id = "con_stolen";
  made.project_id = "prj_2";
  EXPECT_FALSE(Connections::unsealer(sealer_)(made));
}

TEST_F(ConnectionsTest, without_its_secret_key_a_connection_asks_for_its_key_and_uses_no_other) {
  env_["OPENAI_API_KEY"] = "sk-of-the-server";
  make();
  const store::Connection made = create(draft("openai", "openai"));
  ASSERT_TRUE(cache_.load([](const store::Connection&) -> Result<std::string> {
    return fail({.code = ErrorCode::kUnavailable, .message = "sealed with another secret.key"});
  }));
  const auto refused = connections_->resolve("prj_1", "openai", "gpt-4o");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kMissingProviderKey);
  EXPECT_NE(refused.error().message.find("again"), std::string::npos);
  EXPECT_FALSE(connections_->update("prj_1", made.id, draft("openai", "openai", "", std::nullopt)));
  ASSERT_TRUE(connections_->update("prj_1", made.id, draft("openai", "openai", "", "sk-given-again-1")));
  EXPECT_EQ(key_of(resolve("openai", "gpt-4o").target), "sk-given-again-1");
}

TEST_F(ConnectionsTest, a_connection_of_its_own_name_is_an_endpoint_that_only_speaks_the_dialect) {
  create(draft("my-vllm", "openai", "https://llm.example.com/v1", std::nullopt));
  const auto named = resolve("My-VLLM", "acme/chat-7b");
  EXPECT_EQ(named.name, "my-vllm");
  EXPECT_EQ(named.target.provider, Provider::kOpenAi);
  EXPECT_EQ(named.target.endpoint.base_url, "https://llm.example.com/v1");
  EXPECT_FALSE(named.target.endpoint.is_vendor);
  EXPECT_TRUE(named.target.public_addresses_only);
  EXPECT_EQ(named.target.model, "acme/chat-7b");
}

TEST_F(ConnectionsTest, the_connection_of_that_name_wins_then_one_of_the_protocol_then_the_environment) {
  env_["OPENAI_API_KEY"] = "sk-env";
  env_["OPENAI_BASE_URL"] = "http://127.0.0.1:9/v1";
  make();
  auto named = resolve("", "gpt-4o");
  EXPECT_EQ(key_of(named.target), "sk-env");
  EXPECT_EQ(named.target.endpoint.base_url, "http://127.0.0.1:9/v1");
  EXPECT_FALSE(named.target.public_addresses_only) << "the operator's own URL may be private";

  create(draft("team", "openai", "", "sk-team"));
  named = resolve("OPENAI", "gpt-4o");
  EXPECT_EQ(key_of(named.target), "sk-team");
  EXPECT_EQ(named.name, "team");
  EXPECT_TRUE(named.target.endpoint.is_vendor);

  create(draft("openai", "openai", "", "sk-own"));
  named = resolve("openai", "gpt-4o");
  EXPECT_EQ(key_of(named.target), "sk-own");
  EXPECT_EQ(named.name, "openai");
  EXPECT_EQ(named.target.endpoint.base_url, "https://api.openai.com/v1");
}

TEST_F(ConnectionsTest, the_environments_keys_serve_the_first_project_only) {
  env_["ANTHROPIC_API_KEY"] = "sk-ant";
  make();
  EXPECT_EQ(resolve("", "claude-sonnet-4-5").name, "anthropic");
  const auto other = connections_->resolve("prj_2", "", "claude-sonnet-4-5");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::kMissingProviderKey);
  EXPECT_EQ(other.error().message, "No Anthropic API key configured. Add one in Settings > Providers.");
}

TEST_F(ConnectionsTest, missing_keys_are_told_in_the_providers_own_name) {
  for (const auto& [provider, title] : std::map<std::string, std::string>{{"openai", "OpenAI"},
                                                                          {"anthropic", "Anthropic"},
                                                                          {"google", "Google"},
                                                                          {"amazon_bedrock", "Amazon Bedrock"},
                                                                          {"voyage", "Voyage"}}) {
    const auto named = connections_->resolve("prj_1", provider, "m");
    ASSERT_FALSE(named);
    EXPECT_EQ(named.error().message, "No " + title + " API key configured. Add one in Settings > Providers.");
  }
}

TEST_F(ConnectionsTest, unknown_providers_and_models_are_the_callers_mistake) {
  EXPECT_EQ(connections_->resolve("prj_1", "nobody", "m").error().code, ErrorCode::kInvalidRequest);
  EXPECT_EQ(connections_->resolve("prj_1", "", "acme-7b").error().code, ErrorCode::kInvalidRequest);
}

TEST_F(ConnectionsTest, connections_of_other_projects_are_not_seen) {
  const store::Connection made = create(draft("mine", "openai", "https://a.example.com"));
  EXPECT_FALSE(connections_->resolve("prj_2", "mine", "m"));
  EXPECT_EQ(connections_->update("prj_2", made.id, draft("mine", "openai")).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(connections_->remove("prj_2", made.id).error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(connections_->remove("prj_1", made.id));
  EXPECT_FALSE(connections_->resolve("prj_1", "mine", "m"));
}

TEST_F(ConnectionsTest, bedrock_never_borrows_the_servers_aws_credentials) {
  create(draft("bedrock", "amazon_bedrock", "https://proxy.example.com", ""));
  EXPECT_EQ(connections_->resolve("prj_1", "bedrock", "m").error().code, ErrorCode::kMissingProviderKey);
  create(draft("aws", "amazon_bedrock", "", "AKIAEXAMPLE:secret/with+chars:token"));
  const auto named = resolve("aws", "anthropic.claude-3-haiku-20240307-v1:0");
  const auto* aws = std::get_if<llm::AwsCredentials>(&named.target.auth);
  ASSERT_NE(aws, nullptr);
  EXPECT_EQ(aws->access_key_id, "AKIAEXAMPLE");
  EXPECT_EQ(aws->secret_access_key, "secret/with+chars");
  EXPECT_EQ(aws->session_token, "token");
  EXPECT_EQ(named.target.endpoint.base_url, "https://bedrock-runtime.us-east-1.amazonaws.com");
}

TEST_F(ConnectionsTest, private_hosts_are_refused_unless_the_operator_allows_them) {
  for (const char* url : {"http://localhost:11434/v1", "http://127.0.0.1", "https://10.0.0.8/v1", "http://[::1]:80",
                          "http://169.254.169.254", "http://db.internal", "http://nas.local.", "http://2130706433/",
                          "http://[::ffff:10.0.0.1]", "http://127.1"}) {
    EXPECT_NE(refusal(draft("c", "openai", url)).find("baseUrl must not lead to a private"), std::string::npos) << url;
  }
  config_.allow_private_upstreams = true;
  create(draft("ollama", "openai", "http://localhost:11434/v1"));
  EXPECT_FALSE(resolve("ollama", "llama3").target.public_addresses_only);
}

TEST_F(ConnectionsTest, drafts_are_refused_by_the_field_that_is_wrong) {
  const auto field = [&](const ConnectionDraft& given) {
    const std::string message = refusal(given);
    return message.substr(0, message.find(' '));
  };
  EXPECT_EQ(refusal(draft("", "openai")), "Missing required field: name");
  EXPECT_EQ(field(draft("a b", "openai")), "name");
  EXPECT_EQ(field(draft(std::string(65, 'a'), "openai")), "name");
  EXPECT_EQ(field(draft("anthropic", "openai")), "name");
  EXPECT_EQ(field(draft("c", "cohere")), "protocol");
  for (const char* url : {"ftp://h", "https://", "https://user:pw@h.example.com", "https://h.example.com?x=1",
                          "https://h.example.com/#f", "https://h.example.com:99999", "https://h.exa mple.com",
                          "https://h.example.com:80:80", "https://h.example.com\\@evil.com", "//h"}) {
    EXPECT_EQ(field(draft("c", "openai", url)), "baseUrl") << url;
  }
  EXPECT_EQ(field(draft("c", "openai", "", "line\nbreak")), "key");
  ConnectionDraft bad = draft("c", "openai");
  bad.headers = Headers{{"Host", "x"}};
  EXPECT_EQ(field(bad), "headers.Host");
  bad.headers = Headers{{"X-A", "a\r\nb: c"}};
  EXPECT_EQ(field(bad), "headers.X-A");
  bad = draft("c", "amazon_bedrock");
  bad.region = "us east";
  EXPECT_EQ(field(bad), "region");
}

TEST_F(ConnectionsTest, taken_names_conflict) {
  create(draft("one", "openai"));
  EXPECT_EQ(connections_->create("prj_1", draft("ONE", "openai")).error().code, ErrorCode::kConflict);
  create(draft("one", "openai"), "prj_2");
}

TEST_F(ConnectionsTest, an_update_keeps_the_key_unless_the_url_changes) {
  const store::Connection made = create(draft("c", "openai", "https://a.example.com"));
  ConnectionDraft change = draft("renamed", "openai", "https://a.example.com", std::nullopt);
  ASSERT_TRUE(connections_->update("prj_1", made.id, change));
  EXPECT_EQ(key_of(resolve("renamed", "m").target), "sk-secret-0001");
  change.base_url = "https://evil.example.com";
  EXPECT_EQ(connections_->update("prj_1", made.id, change).error().message,
            "key must be given again when baseUrl or protocol changes");
  change.key = "";
  ASSERT_TRUE(connections_->update("prj_1", made.id, change));
  EXPECT_EQ(key_of(resolve("renamed", "m").target), "");
}

}  // namespace
}  // namespace tracia::service
