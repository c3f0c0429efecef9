// The whole server in this process, on a directory of its own: how it ends while it is used.
#include "server_process.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <filesystem>
#include <mutex>
#include <thread>
#include <vector>

#include "tracia/base/ids.h"
#include "tracia/store_sqlite/data_directory.h"
#include "tracia/transport/transport.h"

namespace tracia::app {
namespace {

namespace fs = std::filesystem;

constexpr const char* kKey = "tr_bootstrap-key-of-the-server-process-test";
constexpr int kClients = 4;

class ServerProcessTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "tracia_test_XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    config_.data = root_ / "data";
    config_.listen = "127.0.0.1:0";
    config_.log_level = "error";
    config_.bootstrap_key = kKey;
    start();
  }
  void TearDown() override {
    server_.reset();
    fs::remove_all(root_);
  }
  void start() {
    server_ = std::make_unique<ServerProcess>(config_, [](std::string_view) { return std::nullopt; });
    const Status started = server_->start();
    ASSERT_TRUE(started) << started.error().message;
  }
  int post_span(transport::Transport& client, const std::string& span_id) {
    wire::HttpRequest request{.method = "POST", .url = server_->url() + "/api/v1/spans"};
    request.headers.add("Authorization", std::string("Bearer ") + kKey);
    request.headers.add("Content-Type", "application/json");
    request.body = R"({"model":"gpt-4o","provider":"openai","status":"SUCCESS","latencyMs":5,)"
                   R"("input":{"messages":[{"role":"user","content":"Hi"}]},"output":"Hello","spanId":")" +
                   span_id + "\"}";
    const auto answer = client.fetch(request, {});
    return answer ? answer->status : 0;
  }

  fs::path root_;
  config::Config config_;
  std::unique_ptr<ServerProcess> server_;
};

TEST_F(ServerProcessTest, AnEndInTheMiddleOfRequestsLosesNothingThatWasAnswered) {
  std::mutex mutex;
  std::vector<std::string> stored;
  std::atomic<size_t> count{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back([&] {
      transport::Transport client;
      for (int left = 2'000; left > 0; --left) {
        const std::string id = new_span_id();
        if (post_span(client, id) != 201) return;  // the server is gone
        ++count;
        const std::lock_guard lock(mutex);
        stored.push_back(id);
      }
    });
  }
  const SteadyTime deadline = system_clock().steady() + Millis(30'000);
  while (count < 100 && system_clock().steady() < deadline) std::this_thread::yield();
  server_->stop(Millis(0));
  for (std::thread& client : clients) client.join();
  server_.reset();
  ASSERT_GE(stored.size(), 100u);
  const auto directory = store_sqlite::DataDirectory::open(config_.data, {});
  ASSERT_TRUE(directory) << directory.error().message;
  const std::string project = (*directory)->control().projects()->front().id;
  for (const std::string& id : stored) {
    const auto span = (*directory)->spans().get(project, id, "");
    EXPECT_TRUE(span && *span) << id;
  }
}

TEST_F(ServerProcessTest, RefusedRequestsAndConnectionsAreInTheMetrics) {
  transport::Transport client;
  wire::HttpRequest bad{.method = "GET", .url = server_->url() + "/healthz"};
  bad.headers.add("X-Large", std::string(80'000, 'x'));
  const auto refused = client.fetch(bad, {});
  ASSERT_TRUE(refused) << refused.error().message;
  EXPECT_EQ(refused->status, 431);
  const auto metrics = client.fetch({.method = "GET", .url = server_->url() + "/metrics"}, {});
  ASSERT_TRUE(metrics) << metrics.error().message;
  for (const char* line : {"tracia_http_requests_total{route=\"none\",method=\"OTHER\",status=\"431\"} 1\n",
                           "\ntracia_http_malformed_total 1\n", "\ntracia_connections_open "}) {
    EXPECT_NE(metrics->body.find(line), std::string::npos) << line;
  }
}

}  // namespace
}  // namespace tracia::app
