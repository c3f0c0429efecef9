// The C++ client against the real server: what one writes, the other reads. The server is the executable, in a process
// of its own; the providers are the simulator, in this one.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <set>
#include <thread>

#include "tracia/json/reader.h"
#include "tracia/simulate/simulator.h"
#include "tracia/tracia.h"

namespace tracia {
namespace {

namespace fs = std::filesystem;
constexpr std::chrono::seconds kPatience{60};

class ClientServerTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    simulator_ = new simulate::Simulator({.listen = "127.0.0.1:0"});
    ASSERT_TRUE(simulator_->start());
    char name[] = "/tmp/tracia-e2e-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    folder_ = new fs::path(name);
    start_server();
  }
  static void TearDownTestSuite() {
    if (server_ > 0) {
      ::kill(server_, SIGTERM);
      int status = 0;
      ::waitpid(server_, &status, 0);
      EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    delete simulator_;
    fs::remove_all(*folder_);
    delete folder_;
  }

  // Its address is in what it prints, which goes to a pipe.
  static void start_server() {
    int out[2];
    ASSERT_EQ(::pipe(out), 0);
    const std::string data = (*folder_ / "data").string(), upstream = simulator_->base_url();
    server_ = ::fork();
    if (server_ == 0) {
      ::dup2(out[1], 1);
      ::dup2(out[1], 2);
      ::close(out[0]);
      ::setenv("OPENAI_BASE_URL", (upstream + "/v1").c_str(), 1);
      ::setenv("OPENAI_API_KEY", "sk-sim-0123456789abcdef", 1);
      ::setenv("TRACIA_BOOTSTRAP_API_KEY", key().c_str(), 1);
      ::execl(TRACIA_BINARY, TRACIA_BINARY, "serve", "--data", data.c_str(), "--listen", "127.0.0.1:0", "--log-level",
              "error", nullptr);
      ::_exit(127);
    }
    ::close(out[1]);
    std::string text;
    char byte = 0;
    while (text.find('\n') == std::string::npos && ::read(out[0], &byte, 1) == 1) text.push_back(byte);
    const size_t at = text.find("http://");
    ASSERT_NE(at, std::string::npos) << text;
    *url_ = text.substr(at, text.find_first_of(" \n", at) - at);
    // The rest is little; the pipe holds it. It stays open so that the server can go on writing.
  }
  static std::string key() { return "tr_" + std::string(43, 'e'); }

  static Client make_client() {
    const std::string upstream = simulator_->base_url();
    return Client({.api_key = key(), .base_url = *url_, .env = [upstream](std::string_view name) {
                     std::optional<std::string> value;
                     if (name == "OPENAI_BASE_URL") value = upstream + "/v1";
                     if (name == "OPENAI_API_KEY") value = "sk-sim-0123456789abcdef";
                     return value;
                   }});
  }

  // Spans are sent in the background.
  template <typename Condition>
  static void wait_for(const Condition& condition) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (!condition() && std::chrono::steady_clock::now() < end)
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }

  static inline simulate::Simulator* simulator_ = nullptr;
  static inline fs::path* folder_ = nullptr;
  static inline std::string* url_ = new std::string;
  static inline pid_t server_ = -1;
};

TEST_F(ClientServerTest, PromptsAreStoredVersionedRenderedAndRun) {
  Client client = make_client();
  const auto made = client.prompts().create({.name = "Hello There",
                                             .content = {{"msg_1", "user", "Say hello to {{name}}"}},
                                             .model = "gpt-4o",
                                             .temperature = 0.25,
                                             .stop_sequences = {"END"},
                                             .note = "first"});
  ASSERT_TRUE(made) << made.error().to_string();
  EXPECT_EQ(made->slug, "hello-there");
  EXPECT_EQ(made->current_version, 1);
  EXPECT_EQ(made->variables, std::vector<std::string>{"name"});
  const auto changed = client.prompts().update(
      "hello-there", {.content = {{{"msg_1", "user", "Greet {{name}}"}}}, .clear = {"temperature"}, .base_version = 1});
  ASSERT_TRUE(changed) << changed.error().to_string();
  EXPECT_EQ(changed->current_version, 2);
  EXPECT_FALSE(changed->temperature);
  const auto stale = client.prompts().update("hello-there", {.model = "gpt-4o-mini", .base_version = 1});
  ASSERT_FALSE(stale);
  EXPECT_EQ(stale.error().code, ErrorCode::kConflict);
  const auto got = client.prompts().get("hello-there");
  ASSERT_TRUE(got) << got.error().to_string();
  ASSERT_EQ(got->versions.size(), 2u);
  EXPECT_EQ(got->versions[1].note, "first");
  const auto listed = client.prompts().list();
  ASSERT_TRUE(listed);
  EXPECT_EQ(listed->size(), 1u);
  const auto rendered = client.prompts().render("hello-there", {{"name", "Ada"}});
  ASSERT_TRUE(rendered) << rendered.error().to_string();
  EXPECT_EQ(rendered->messages.front().text(), "Greet Ada");
  const auto run = client.prompts().run("hello-there", {{"name", "Ada"}}, {.version = 1, .tags = {"e2e"}});
  ASSERT_TRUE(run) << run.error().to_string();
  EXPECT_EQ(run->prompt_version, 1);
  EXPECT_TRUE(run->span_stored);
  EXPECT_GT(run->cost, 0);
  const auto span = client.spans().get(run->span_id);
  ASSERT_TRUE(span) << span.error().to_string();
  EXPECT_EQ(span->prompt_slug, "hello-there");
  EXPECT_EQ(span->output, run->text);
  auto again = run->messages;
  again.push_back(user("And now in French"));
  const auto next = client.prompts().run("hello-there", {}, {.trace_id = run->trace_id, .messages = again});
  ASSERT_TRUE(next) << next.error().to_string();
  EXPECT_EQ(next->trace_id, run->trace_id);
  const auto missing = client.prompts().run("hello-there");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kMissingVariables);
  ASSERT_TRUE(client.prompts().remove("hello-there"));
  const auto gone = client.prompts().get("hello-there");
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, ErrorCode::kNotFound);
}

TEST_F(ClientServerTest, LocalCallsLeaveSpansThatCanBeListedAndJudged) {
  Client client = make_client();
  std::string trace, last;
  {
    Session session = client.create_session();
    for (int turn = 0; turn < 3; ++turn) {
      const auto result = session.run_local({.model = "gpt-4o", .messages = {user("turn")}, .user_id = "e2e-user"});
      ASSERT_TRUE(result) << result.error().to_string();
      trace = result->trace_id;
      last = result->span_id;
    }
  }
  const auto judged = client.spans().evaluate(last, {.value = 1, .note = "good"});
  ASSERT_TRUE(judged) << judged.error().to_string();
  Result<ListSpansResult> listed = client.spans().list({.user_id = "e2e-user"});
  wait_for([&] {
    listed = client.spans().list({.user_id = "e2e-user"});
    return listed && listed->spans.size() == 3;
  });
  ASSERT_TRUE(listed) << listed.error().to_string();
  ASSERT_EQ(listed->spans.size(), 3u);
  for (const SpanListItem& span : listed->spans) {
    EXPECT_EQ(span.trace_id, trace);
    EXPECT_TRUE(span.cost);
  }
  EXPECT_EQ(listed->spans.front().span_id, last);
  const auto page = client.spans().list({.user_id = "e2e-user", .limit = 2});
  ASSERT_TRUE(page);
  EXPECT_TRUE(page->has_more);
  const auto rest = client.spans().list({.user_id = "e2e-user", .limit = 2, .cursor = page->cursor});
  ASSERT_TRUE(rest);
  EXPECT_EQ(rest->spans.size(), 1u);
  EXPECT_FALSE(rest->has_more);
  const auto span = client.spans().get(last);
  ASSERT_TRUE(span);
  json::Document document;
  EXPECT_EQ((*document.parse(span->json))["evaluations"].at(0)["note"].text(), "good");
}

TEST_F(ClientServerTest, AThousandSpansFromManyThreadsAllArriveOnce) {
  constexpr int kThreads = 8, kCalls = 125;
  {
    Client client = make_client();
    std::vector<std::thread> threads;
    for (int n = 0; n < kThreads; ++n) {
      threads.emplace_back([&] {
        for (int i = 0; i < kCalls; ++i) {
          const auto result = client.run_local({.model = "gpt-4o", .messages = {user("hi")}, .user_id = "many"});
          ASSERT_TRUE(result) << result.error().to_string();
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    ASSERT_TRUE(client.flush(Millis(60'000)));
  }
  Client reader = make_client();
  std::set<std::string> seen;
  std::string cursor;
  do {
    const auto page = reader.spans().list({.user_id = "many", .limit = 100, .cursor = cursor});
    ASSERT_TRUE(page) << page.error().to_string();
    for (const SpanListItem& span : page->spans) EXPECT_TRUE(seen.insert(span.span_id).second);
    cursor = page->cursor;
  } while (!cursor.empty());
  EXPECT_EQ(seen.size(), static_cast<size_t>(kThreads * kCalls));
}

}  // namespace
}  // namespace tracia
