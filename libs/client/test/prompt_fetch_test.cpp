// Prompts fetched for this process: from the server, and from copies while it is away.
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <future>

#include "client_fixture.h"

namespace tracia {
namespace {

namespace fs = std::filesystem;

constexpr const char* kChosen = "/api/v1/prompts/{slug}/version";
constexpr const char* kNumbered = "/api/v1/prompts/{slug}/versions/{version}";

class PromptFetch : public ClientTest {
 protected:
  PromptFetch() {
    cache_ = fs::temp_directory_path() / ("tracia-copies-" + std::to_string(::getpid()) + "-" +
                                          ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(cache_);
    server_.on("GET", kChosen, [](const FakeRequest& request) {
      return FakeResponse{.body = version(request.query("label") == "production" ? 2 : 3).dump()};
    });
  }
  ~PromptFetch() override { fs::remove_all(cache_); }

  static Json version(int number) {
    return {{"version", number},
            {"messages",
             {{{"id", "msg_1"}, {"role", "system"}, {"content", "You help {{who}}."}},
              {{"id", "msg_2"},
               {"role", "user"},
               {"content", {{{"type", "text"}, {"text", "{{question}}"}}, {{"type", "image"}, {"data", "aGk="}}}}}}},
            {"model", "gpt-4o"},
            {"provider", "OPENAI"},
            {"temperature", 0.5},
            {"stopSequences", {"END"}},
            {"tools", {{{"name", "f"}, {"parameters", {{"type", "object"}}}}}},
            {"toolChoice", {{"tool", "f"}}},
            {"outputSchema", {{"type", "object"}}},
            {"variables", {"who", "question"}},
            {"createdAt", "2026-11-10T14:02:09.871Z"}};
  }
  static FetchOptions always() { return {.max_age = Millis{0}}; }
  std::unique_ptr<Client> with_cache() {
    ClientOptions with = options();
    with.cache_dir = cache_.string();
    return std::make_unique<Client>(std::move(with));
  }
  fs::path only_file() const {
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(cache_)) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
    EXPECT_EQ(files.size(), 1u);
    return files.empty() ? fs::path() : files.front();
  }
  static unsigned mode(const fs::path& path) {
    struct stat info{};
    EXPECT_EQ(::stat(path.c_str(), &info), 0);
    return info.st_mode & 0777;
  }

  fs::path cache_;
};

TEST_F(PromptFetch, AsksForTheVersionTheLabelOrTheDefault) {
  server_.on("GET", kNumbered, FakeResponse{.body = version(1).dump()});
  const auto& prompts = client().prompts();
  EXPECT_EQ(prompts.fetch("greet")->version.version, 3);
  EXPECT_EQ(prompts.fetch("greet", {.label = "production"})->version.version, 2);
  EXPECT_EQ(prompts.fetch("greet", {.version = 1})->version.version, 1);
  EXPECT_EQ(server_.requests().at(0).target, "/api/v1/prompts/greet/version");
  EXPECT_EQ(server_.requests().at(1).target, "/api/v1/prompts/greet/version?label=production");
  EXPECT_EQ(server_.requests().at(2).target, "/api/v1/prompts/greet/versions/1");
  EXPECT_EQ(prompts.fetch(" ").error().message, "slug is required and cannot be empty");
  EXPECT_EQ(prompts.fetch("x", {.label = "A b"}).error().code, ErrorCode::kInvalidRequest);
  EXPECT_EQ(prompts.fetch("x", {.version = 0}).error().message, "version must be at least 1");
}

TEST_F(PromptFetch, AYoungCopyIsGivenWithoutAsking) {
  const auto& prompts = client().prompts();
  const auto first = prompts.fetch("greet");
  const auto second = prompts.fetch("greet");
  ASSERT_TRUE(second);
  EXPECT_FALSE(second->stale);
  EXPECT_EQ(second->fetched_at, first->fetched_at);
  EXPECT_EQ(server_.request_count(), 1u);
  EXPECT_TRUE(prompts.fetch("greet", always()));
  EXPECT_EQ(server_.request_count(), 2u);
}

TEST_F(PromptFetch, WhatIsCompiledIsTheVersionRendered) {
  const auto prompt = client().prompts().fetch("greet", {.label = "production"});
  ASSERT_TRUE(prompt);
  const auto input = prompt->compile({{"who", "cooks"}, {"question", "Salt?"}});
  ASSERT_TRUE(input) << input.error().message;
  EXPECT_EQ(input->model, "gpt-4o");
  EXPECT_EQ(input->temperature, 0.5);
  EXPECT_EQ(input->messages.at(0).text(), "You help cooks.");
  EXPECT_EQ(input->messages.at(1).text(), "Salt?");
  ASSERT_EQ(input->messages.at(1).parts.size(), 2u);
  EXPECT_TRUE(input->messages.at(0).id.empty());
  EXPECT_EQ(input->tools.at(0).name, "f");
  EXPECT_EQ(input->tool_choice.tool, "f");
  EXPECT_EQ(input->response_format.type, ResponseFormat::Type::kJsonSchema);
  EXPECT_EQ(input->prompt.slug, "greet");
  EXPECT_EQ(input->prompt.version, 2);
  const auto missing = prompt->compile({{"who", "cooks"}});
  EXPECT_EQ(missing.error().code, ErrorCode::kMissingVariables);
  EXPECT_EQ(missing.error().message, "Missing required variables: question");
  FetchedPrompt without = *prompt;
  without.version.model.clear();
  EXPECT_EQ(without.compile({}).error().code, ErrorCode::kInvalidRequest);
}

TEST_F(PromptFetch, AFailingServerIsReplacedByTheLastGoodCopyAndLeftAloneForAWhile) {
  const auto& prompts = client().prompts();
  ASSERT_TRUE(prompts.fetch("greet"));
  server_.on("GET", kChosen, FakeResponse{.status = 503});
  const auto copy = prompts.fetch("greet", always());
  ASSERT_TRUE(copy) << copy.error().message;
  EXPECT_TRUE(copy->stale);
  EXPECT_EQ(copy->version.version, 3);
  const size_t asked = server_.request_count();
  EXPECT_TRUE(prompts.fetch("greet", always())->stale);
  EXPECT_EQ(server_.request_count(), asked);
  // What there is no copy of is asked for all the same.
  EXPECT_EQ(prompts.fetch("other", always()).error().status, 503);
  EXPECT_EQ(server_.request_count(), asked + 1);
}

TEST_F(PromptFetch, ABrokenConnectionOrAnswerIsAFailureToo) {
  for (const FakeResponse& broken : {FakeResponse{.close_before_response = true}, FakeResponse{.body = "<html>"},
                                     FakeResponse{.body = R"({"hello":1})"}}) {
    client_.reset();
    server_.on("GET", kChosen, FakeResponse{.body = version(3).dump()});
    const auto& fresh = client().prompts();
    ASSERT_TRUE(fresh.fetch("greet"));
    server_.on("GET", kChosen, broken);
    const auto copy = fresh.fetch("greet", always());
    ASSERT_TRUE(copy) << copy.error().message;
    EXPECT_TRUE(copy->stale);
  }
}

TEST_F(PromptFetch, ACopyOnDiskServesTheNextProcess) {
  const auto fetched = with_cache()->prompts().fetch("greet", {.label = "production"});
  ASSERT_TRUE(fetched);
  const fs::path file = only_file();
  EXPECT_EQ(mode(file), 0600u);
  EXPECT_EQ(mode(file.parent_path()), 0700u);
  EXPECT_EQ(mode(cache_), 0700u);
  EXPECT_TRUE(file.filename().string().starts_with("greet-"));
  server_.on("GET", kChosen, FakeResponse{.status = 500});
  auto next = with_cache();
  const auto copy = next->prompts().fetch("greet", {.label = "production"});
  ASSERT_TRUE(copy) << copy.error().message;
  EXPECT_TRUE(copy->stale);
  EXPECT_EQ(copy->label, "production");
  EXPECT_EQ(copy->version.tools, fetched->version.tools);
  EXPECT_EQ(copy->version.variables, fetched->version.variables);
  EXPECT_EQ(copy->version.messages.at(1).parts.size(), 2u);
  ASSERT_TRUE(copy->compile({{"who", "a"}, {"question", "b"}}));
  // Another version, or another key, has no copy there.
  EXPECT_FALSE(next->prompts().fetch("greet"));
  ClientOptions other = options();
  other.cache_dir = cache_.string();
  other.api_key = "tr_another_0123456789abcdefghijklmnopqrstu";
  EXPECT_FALSE(Client(other).prompts().fetch("greet", {.label = "production"}));
}

TEST_F(PromptFetch, ADamagedCopyIsIgnored) {
  ASSERT_TRUE(with_cache()->prompts().fetch("greet"));
  const fs::path file = only_file();
  server_.on("GET", kChosen, FakeResponse{.status = 500});
  for (const std::string& damage :
       {std::string("{\"slug\":\"gre"), std::string(), std::string(R"({"slug":"other"})")}) {
    std::ofstream(file, std::ios::trunc) << damage;
    EXPECT_EQ(with_cache()->prompts().fetch("greet").error().status, 500);
  }
}

TEST_F(PromptFetch, APromptThatIsGoneLosesItsCopies) {
  auto caching = with_cache();
  ASSERT_TRUE(caching->prompts().fetch("greet"));
  EXPECT_TRUE(fs::exists(only_file()));
  const fs::path file = only_file();
  server_.on("GET", kChosen, FakeResponse{.status = 404, .body = R"({"error":{"code":"NOT_FOUND","message":"no"}})"});
  EXPECT_EQ(caching->prompts().fetch("greet", always()).error().code, ErrorCode::kNotFound);
  EXPECT_FALSE(fs::exists(file));
  server_.on("GET", kChosen, FakeResponse{.status = 500});
  EXPECT_FALSE(caching->prompts().fetch("greet", always()));
}

TEST_F(PromptFetch, ARefusalIsAnErrorAndKeepsTheCopy) {
  const auto& prompts = client().prompts();
  ASSERT_TRUE(prompts.fetch("greet"));
  server_.on("GET", kChosen, FakeResponse{.status = 401});
  EXPECT_EQ(prompts.fetch("greet", always()).error().code, ErrorCode::kUnauthorized);
  EXPECT_TRUE(prompts.fetch("greet"));
}

TEST_F(PromptFetch, AnUnusableCacheFolderIsNoError) {
  std::ofstream(cache_) << "a file";
  EXPECT_TRUE(with_cache()->prompts().fetch("greet"));
}

TEST_F(PromptFetch, TheAsynchronousFormAnswersOnce) {
  const auto fetched = [&](FetchOptions options) {
    std::promise<Result<FetchedPrompt>> promise;
    auto future = promise.get_future();
    client().prompts().fetch_async("greet", std::move(options),
                                   [&](Result<FetchedPrompt> result) { promise.set_value(std::move(result)); });
    EXPECT_EQ(future.wait_for(std::chrono::seconds(30)), std::future_status::ready);
    return future.get();
  };
  EXPECT_FALSE(fetched({})->stale);
  EXPECT_FALSE(fetched({})->stale);
  EXPECT_EQ(server_.request_count(), 1u);
  EXPECT_EQ(fetched({.version = -1}).error().code, ErrorCode::kInvalidRequest);
  server_.on("GET", kChosen, FakeResponse{.status = 502});
  EXPECT_TRUE(fetched(always())->stale);
}

TEST_F(PromptFetch, TheEnvironmentSaysWhereCopiesAre) {
  env_["XDG_CACHE_HOME"] = cache_.string();
  ASSERT_TRUE(client().prompts().fetch("greet"));
  EXPECT_TRUE(fs::exists(cache_ / "tracia" / "prompts"));
}

}  // namespace
}  // namespace tracia
