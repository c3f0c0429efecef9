#include "tracia/service/control_cache.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "fake_control_store.h"
#include "version_cache.h"

namespace tracia::service {
namespace {

Result<std::string> no_secrets(const store::Connection&) { return fail(Error::invalid("wrong key")); }

store::ApiKey key(const std::string& id, char fill, int64_t created = 1) {
  store::ApiKey key{.id = id, .project_id = "prj_1", .name = id};
  key.hash = std::string(32, fill);
  key.created = Timestamp{created};
  return key;
}

store::Connection connection(const std::string& id, const std::string& name) {
  store::Connection connection{.id = id, .project_id = "prj_1", .name = name, .protocol = "openai"};
  return connection;
}

prompt::Prompt prompt(const std::string& id, const std::string& slug, const std::string& project = "prj_1") {
  return {.id = id, .project_id = project, .slug = slug, .name = slug};
}

prompt::Version version(const std::string& prompt_id, int64_t number, size_t bytes = 10) {
  prompt::Version version{.prompt_id = prompt_id, .number = number};
  version.content.messages = {{"msg_1", "user", "\"" + std::string(bytes, 'x') + "\""}};
  return version;
}

class ControlCacheTest : public testing::Test {
 protected:
  store::FakeControlStore store_;
  ControlCache cache_{store_};
};

TEST_F(ControlCacheTest, LoadsEverythingButVersions) {
  EXPECT_FALSE(cache_.is_first_project("prj_1"));  // nothing is loaded
  ASSERT_TRUE(store_.put_project({"prj_2", "Second", Timestamp{2}}));
  ASSERT_TRUE(store_.put_project({"prj_1", "First", Timestamp{1}}));
  ASSERT_TRUE(store_.put_api_key(key("key_1", 'a')));
  ASSERT_TRUE(store_.put_connection(connection("con_1", "Azure")));
  ASSERT_TRUE(store_.create_prompt(prompt("prm_1", "welcome"), version("prm_1", 1)));
  ASSERT_TRUE(cache_.load(no_secrets));
  ASSERT_EQ(cache_.projects().size(), 2u);
  EXPECT_EQ(cache_.projects()[0].id, "prj_1");
  EXPECT_TRUE(cache_.is_first_project("prj_1"));
  EXPECT_FALSE(cache_.is_first_project("prj_2"));
  EXPECT_EQ(cache_.project("prj_2")->name, "Second");
  EXPECT_FALSE(cache_.project("prj_3"));
  EXPECT_EQ(cache_.key_by_hash(std::string(32, 'a'))->id, "key_1");
  EXPECT_EQ(cache_.connection("prj_1", "AZURE")->connection.id, "con_1");
  EXPECT_EQ(cache_.prompt("prj_1", "welcome")->id, "prm_1");
  EXPECT_EQ(cache_.prompt_by_id("prm_1")->slug, "welcome");
  EXPECT_EQ(cache_.version("prm_1", 1), nullptr);
  EXPECT_EQ(store_.version_reads, 0);
}

TEST_F(ControlCacheTest, OfProjectsMadeAtTheSameTimeTheFirstPutStaysFirst) {
  cache_.put_project({"prj_b", "First", Timestamp{1}});
  cache_.put_project({"prj_a", "Second", Timestamp{1}});
  cache_.put_project({"prj_b", "Renamed", Timestamp{1}});
  ASSERT_EQ(cache_.projects().size(), 2u);
  EXPECT_EQ(cache_.projects()[0].name, "Renamed");
}

TEST_F(ControlCacheTest, ARemovedProjectTakesAllThatBelongsToItAlong) {
  for (const char* project : {"prj_1", "prj_2"}) cache_.put_project({project, project, Timestamp{1}});
  store::ApiKey other = key("key_2", 'b');
  other.project_id = "prj_2";
  cache_.put_key(key("key_1", 'a'));
  cache_.put_key(other);
  cache_.put_prompt(prompt("prm_1", "welcome"));
  cache_.put_prompt(prompt("prm_2", "welcome", "prj_2"));
  cache_.put_version(version("prm_1", 1));
  cache_.put_version(version("prm_2", 1));
  cache_.put_connection({.connection = connection("con_1", "azure")});
  cache_.put_gateway_alias({.project_id = "prj_1", .name = "fast", .targets = {{"", "gpt-4o"}}});
  cache_.put_evaluator({.project_id = "prj_1", .key = "tone"});
  cache_.remove_project("prj_1");
  EXPECT_FALSE(cache_.has_project("prj_1"));
  EXPECT_FALSE(cache_.project("prj_1"));
  EXPECT_EQ(cache_.key_by_hash(std::string(32, 'a')), nullptr);
  EXPECT_EQ(cache_.prompt("prj_1", "welcome"), nullptr);
  EXPECT_EQ(cache_.prompt_by_id("prm_1"), nullptr);
  EXPECT_EQ(cache_.version("prm_1", 1), nullptr);
  EXPECT_TRUE(cache_.connections_of("prj_1").empty());
  EXPECT_TRUE(cache_.gateway_aliases_of("prj_1").empty());
  EXPECT_TRUE(cache_.evaluators_of("prj_1").empty());
  EXPECT_TRUE(cache_.has_project("prj_2"));
  EXPECT_EQ(cache_.key_by_hash(std::string(32, 'b'))->id, "key_2");
  EXPECT_EQ(cache_.prompt("prj_2", "welcome")->id, "prm_2");
  EXPECT_NE(cache_.version("prm_2", 1), nullptr);
}

TEST_F(ControlCacheTest, ABrokenStoreFailsTheLoad) {
  store_.fail_reads = true;
  const Status loaded = cache_.load(no_secrets);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, ErrorCode::kUnavailable);
}

TEST_F(ControlCacheTest, OpensSecretsAndJoinsHeaders) {
  store::Connection azure = connection("con_1", "azure");
  azure.sealed_secrets = "sealed";
  azure.headers_json = R"({"X-Team":"core"})";
  ASSERT_TRUE(store_.put_connection(azure));
  ASSERT_TRUE(cache_.load([](const store::Connection& connection) -> Result<std::string> {
    EXPECT_EQ(connection.sealed_secrets, "sealed");
    return R"({"key":"sk-1","headers":{"api-key":"s"}})";
  }));
  const auto live = cache_.connection("prj_1", "azure");
  ASSERT_NE(live, nullptr);
  EXPECT_EQ(live->key, "sk-1");
  EXPECT_EQ(live->headers, (std::vector<std::pair<std::string, std::string>>{{"X-Team", "core"}, {"api-key", "s"}}));
}

TEST_F(ControlCacheTest, AConnectionWhoseSecretsCannotBeOpenedIsLockedAndTheRestIsLoaded) {
  store::Connection azure = connection("con_1", "azure");
  azure.sealed_secrets = "sealed";
  ASSERT_TRUE(store_.put_connection(azure));
  ASSERT_TRUE(cache_.load(no_secrets));
  const auto live = cache_.connection("prj_1", "azure");
  ASSERT_NE(live, nullptr);
  EXPECT_TRUE(live->locked);
  EXPECT_EQ(live->key, "");
}

TEST_F(ControlCacheTest, ARevokedKeyIsListedButOpensNothing) {
  cache_.put_key(key("key_2", 'b', 2));
  cache_.put_key(key("key_1", 'a', 1));
  ASSERT_NE(cache_.key_by_hash(std::string(32, 'a')), nullptr);
  store::ApiKey revoked = key("key_1", 'a', 1);
  revoked.revoked = Timestamp{5};
  cache_.put_key(revoked);
  EXPECT_EQ(cache_.key_by_hash(std::string(32, 'a')), nullptr);
  EXPECT_EQ(cache_.key_by_hash("short"), nullptr);
  EXPECT_EQ(cache_.key_by_hash(""), nullptr);
  const auto keys = cache_.keys_of("prj_1");
  ASSERT_EQ(keys.size(), 2u);
  EXPECT_EQ(keys[0].id, "key_1");
  EXPECT_TRUE(keys[0].revoked);
  EXPECT_TRUE(cache_.keys_of("prj_2").empty());
}

TEST_F(ControlCacheTest, ConnectionsAreReplacedById) {
  cache_.put_connection({connection("con_1", "azure"), "k1", {}});
  cache_.put_connection({connection("con_2", "local"), "", {}});
  cache_.put_connection({connection("con_1", "renamed"), "k2", {}});
  EXPECT_EQ(cache_.connection("prj_1", "azure"), nullptr);
  EXPECT_EQ(cache_.connection("prj_1", "Renamed")->key, "k2");
  EXPECT_EQ(cache_.connections_of("prj_1").size(), 2u);
  cache_.remove_connection("prj_2", "con_1");
  EXPECT_EQ(cache_.connections_of("prj_1").size(), 2u);
  cache_.remove_connection("prj_1", "con_1");
  EXPECT_EQ(cache_.connection("prj_1", "renamed"), nullptr);
  EXPECT_TRUE(cache_.connections_of("prj_9").empty());
}

TEST_F(ControlCacheTest, ARenamedPromptsOldSlugIsGone) {
  cache_.put_prompt(prompt("prm_1", "old"));
  cache_.put_prompt(prompt("prm_2", "other"));
  cache_.put_prompt(prompt("prm_1", "new"));
  EXPECT_EQ(cache_.prompt("prj_1", "old"), nullptr);
  EXPECT_EQ(cache_.prompt("prj_1", "new")->id, "prm_1");
  EXPECT_EQ(cache_.prompts_of("prj_1").size(), 2u);
  EXPECT_EQ(cache_.prompt("prj_2", "new"), nullptr);
  cache_.put_prompt(prompt("prm_2", "old"));  // the name is free again
  EXPECT_EQ(cache_.prompt("prj_1", "old")->id, "prm_2");
}

TEST_F(ControlCacheTest, ARemovedPromptTakesItsVersionsAlong) {
  cache_.put_prompt(prompt("prm_1", "welcome"));
  cache_.put_version(version("prm_1", 1));
  cache_.put_version(version("prm_2", 1));
  cache_.remove_prompt(cache_.prompt("prj_1", "welcome")->id);
  EXPECT_EQ(cache_.prompt("prj_1", "welcome"), nullptr);
  EXPECT_EQ(cache_.prompt_by_id("prm_1"), nullptr);
  EXPECT_EQ(cache_.version("prm_1", 1), nullptr);
  EXPECT_NE(cache_.version("prm_2", 1), nullptr);
  cache_.remove_prompt("prm_1");  // again is fine
}

TEST_F(ControlCacheTest, ReadsAVersionOnce) {
  ASSERT_TRUE(store_.create_prompt(prompt("prm_1", "welcome"), version("prm_1", 1)));
  for (int i = 0; i < 3; ++i) {
    const auto read = cache_.load_version("prm_1", 1);
    ASSERT_TRUE(read);
    EXPECT_EQ((*read)->content, version("prm_1", 1).content);
  }
  EXPECT_EQ(store_.version_reads, 1);
  EXPECT_NE(cache_.version("prm_1", 1), nullptr);
  const auto missing = cache_.load_version("prm_1", 2);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
}

TEST_F(ControlCacheTest, ReadersSeeWholePromptsWhileWritersChangeThem) {
  cache_.put_prompt(prompt("prm_1", "welcome"));
  std::atomic<bool> stop{false};
  std::thread reader([&] {
    while (!stop) {
      const auto seen = cache_.prompt("prj_1", "welcome");
      if (seen) EXPECT_EQ(seen->revision, seen->current_version);
      cache_.version("prm_1", 1);
      cache_.key_by_hash(std::string(32, 'a'));
    }
  });
  for (int64_t i = 1; i <= 2000; ++i) {
    prompt::Prompt next = prompt("prm_1", "welcome");
    next.revision = next.current_version = i;
    cache_.put_prompt(next);
    cache_.put_version(version("prm_1", i % 5));
    cache_.put_key(key("key_1", 'a'));
  }
  stop = true;
  reader.join();
  EXPECT_EQ(cache_.prompt("prj_1", "welcome")->revision, 2000);
}

std::shared_ptr<const prompt::Version> shared(prompt::Version value) {
  return std::make_shared<const prompt::Version>(std::move(value));
}

TEST(VersionCache, ForgetsTheLeastRecentlyUsedPastItsCount) {
  VersionCache cache(2, 1u << 20);
  cache.put(shared(version("p", 1)));
  cache.put(shared(version("p", 2)));
  EXPECT_NE(cache.find("p", 1), nullptr);  // used: now 2 is the oldest
  cache.put(shared(version("p", 3)));
  EXPECT_EQ(cache.find("p", 2), nullptr);
  EXPECT_NE(cache.find("p", 1), nullptr);
  EXPECT_NE(cache.find("p", 3), nullptr);
  EXPECT_EQ(cache.count(), 2u);
}

TEST(VersionCache, IsBoundedByBytes) {
  const size_t each = bytes_of(version("p", 1, 10'000));
  VersionCache cache(100, 3 * each);
  for (int64_t i = 1; i <= 10; ++i) cache.put(shared(version("p", i, 10'000)));
  EXPECT_EQ(cache.count(), 3u);
  EXPECT_EQ(cache.bytes(), 3 * each);
  cache.put(shared(version("p", 10, 10'000)));  // the same one again
  EXPECT_EQ(cache.bytes(), 3 * each);
  cache.put(shared(version("q", 1, 100'000)));  // never fits: nothing makes room for it
  EXPECT_EQ(cache.count(), 3u);
  cache.remove("p");
  EXPECT_EQ(cache.count(), 0u);
  EXPECT_EQ(cache.bytes(), 0u);
}

}  // namespace
}  // namespace tracia::service
