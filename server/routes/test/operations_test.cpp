#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "raw_client.h"
#include "tracia/routes/routes.h"
#include "tracia/service/log.h"
#include "tracia/service/metrics.h"
#include "tracia/store/analytics.h"

namespace tracia::routes {
namespace {

using testing::HasSubstr;

// A store of which only the figures and the health matter.
class FiguresStore : public store::SpanStore {
 public:
  void append(std::vector<store::NewSpan>, store::AppendCallback done) override { done(fail(Error())); }
  Result<store::SpanPage> list(const std::string&, const store::SpanFilter&, const store::ListOptions&) override {
    return store::SpanPage();
  }
  Result<std::optional<store::StoredSpan>> get(const std::string&, const std::string&, const std::string&) override {
    return std::optional<store::StoredSpan>();
  }
  Result<bool> remove(const std::string&, const std::string&, const std::string&) override { return false; }
  Result<std::vector<store::StoredSpan>> trace(const std::string&, const std::string&, size_t) override {
    return std::vector<store::StoredSpan>();
  }
  Result<store::TracePage> traces(const std::string&, const store::SpanFilter&, const store::ListOptions&) override {
    return store::TracePage();
  }
  Result<store::GroupPage> groups(const std::string&, store::GroupBy, const store::SpanFilter&,
                                  const store::ListOptions&) override {
    return store::GroupPage();
  }
  Result<store::AnalyticsResult> analytics(const std::string&, const store::AnalyticsQuery&,
                                           const std::vector<store::SpanScore>&) override {
    return store::AnalyticsResult();
  }
  Result<std::vector<store::StoredSpan>> received_after(const std::string&, Timestamp, size_t) override {
    return std::vector<store::StoredSpan>();
  }
  std::shared_ptr<void> listen(Listener) override { return nullptr; }
  Result<uint64_t> drop_before(Timestamp) override { return 0; }
  store::SpanStoreStats stats() const override { return figures; }
  Status health() const override { return state; }

  store::SpanStoreStats figures;
  Status state;
};

class OperationsTest : public testing::Test {
 protected:
  OperationsTest() {
    services_.metrics = &metrics_;
    services_.workers = &workers_;
    services_.spans = &spans_;
    services_.log = &log_;
    router_.set_observer(make_observer(services_));
  }
  ~OperationsTest() override { server_.reset(); }

  std::string get(const std::string& path, const std::string& method = "GET") {
    if (!server_) {
      add_operations(router_, services_);
      server_ = std::make_unique<http::Server>(
          http::ServerOptions(),
          [this](http::Request& request, http::ResponseWriter writer) { router_.handle(request, std::move(writer)); });
      EXPECT_TRUE(server_->start().has_value());
      add_server_gauges(services_, *server_);
    }
    http::RawClient client(server_->port());
    client.send(method + " " + path + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    return client.read_all();
  }
  static nlohmann::json body(const std::string& answer) {
    return nlohmann::json::parse(answer.substr(answer.find("\r\n\r\n") + 4), nullptr, false);
  }

  service::Metrics metrics_;
  std::vector<std::string> lines_;
  service::Log log_{service::Level::kInfo, config::LogFormat::kJson,
                    [this](std::string_view line) { lines_.emplace_back(line); }};
  FiguresStore spans_;
  service::Services services_;
  http::Router router_;
  std::unique_ptr<http::Server> server_;
  service::Workers workers_{1};  // ends first: its tasks answer through the server
};

TEST_F(OperationsTest, healthz_says_ok) {
  const std::string answer = get("/healthz");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 "));
  EXPECT_EQ(body(answer), (nlohmann::json{{"status", "ok"}}));
}

TEST_F(OperationsTest, readyz_follows_the_stores_health) {
  std::string answer = get("/readyz");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 "));
  EXPECT_EQ(body(answer), (nlohmann::json{{"status", "ready"}, {"reason", nullptr}}));
  spans_.state = fail(Error{.code = ErrorCode::kUnavailable, .message = "The disk is full."});
  answer = get("/readyz");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 "));
  EXPECT_THAT(answer, HasSubstr("\r\nRetry-After: 1\r\n"));
  EXPECT_EQ(body(answer), (nlohmann::json{{"status", "degraded"}, {"reason", "The disk is full."}}));
}

TEST_F(OperationsTest, readyz_names_a_segment_that_cannot_be_read_and_goes_on_serving) {
  spans_.figures = {.unreadable_segments = 1, .unreadable = "000001.sealed.db: damaged"};
  const std::string answer = get("/readyz");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 "));
  EXPECT_EQ(body(answer)["status"], "degraded");
  EXPECT_THAT(std::string(body(answer)["reason"]), HasSubstr("000001.sealed.db"));
}

TEST_F(OperationsTest, readyz_says_starting_before_there_is_a_store) {
  services_.spans = nullptr;
  EXPECT_EQ(body(get("/readyz"))["status"], "starting");
}

TEST_F(OperationsTest, readyz_says_stopping_once_the_server_ends) {
  std::atomic<bool> stopping{false};
  services_.stopping = &stopping;
  EXPECT_TRUE(get("/readyz").starts_with("HTTP/1.1 200 "));
  stopping = true;
  const std::string answer = get("/readyz");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 "));
  EXPECT_EQ(body(answer)["status"], "stopping");
}

TEST_F(OperationsTest, metrics_show_requests_the_store_and_the_process) {
  spans_.figures = {.segments = 3, .disk_bytes = 4096, .queued_spans = 7, .appended = 12, .seal_lag_ms = 1500};
  spans_.figures.unindexed_spans = 9;
  spans_.figures.index_lag_ms = 2500;
  get("/healthz");
  get("/healthz", "PUT");
  get("/healthz");
  get("/nothing", "BREW");
  const std::string answer = get("/metrics");
  EXPECT_THAT(answer, HasSubstr("Content-Type: text/plain; version=0.0.4\r\n"));
  for (const char* line :
       {"tracia_http_requests_total{route=\"/healthz\",method=\"GET\",status=\"200\"} 2\n",
        "tracia_http_requests_total{route=\"none\",method=\"PUT\",status=\"405\"} 1\n",
        "tracia_http_requests_total{route=\"none\",method=\"OTHER\",status=\"404\"} 1\n",
        "tracia_http_request_seconds_count{route=\"/healthz\"} 2\n", "# TYPE tracia_spans_appended_total counter\n",
        "\ntracia_spans_appended_total 12\n", "\ntracia_spans_queued 7\n", "\ntracia_segments 3\n",
        "\ntracia_disk_bytes 4096\n", "\ntracia_seal_lag_seconds 1.5\n", "\ntracia_index_lag_seconds 2.5\n",
        "\ntracia_unindexed_spans 9\n", "\nprocess_resident_memory_bytes ", "\nprocess_open_fds ",
        "\ntracia_connections_open 1\n", "# TYPE tracia_http_malformed_total counter\n",
        "tracia_build_info{version=\""}) {
    EXPECT_THAT(answer, HasSubstr(line));
  }
}

TEST_F(OperationsTest, the_contract_is_served_as_it_is_in_the_source_tree) {
  const std::string answer = get("/openapi.yaml");
  EXPECT_THAT(answer, HasSubstr("Content-Type: application/yaml\r\n"));
  std::ostringstream file;
  file << std::ifstream(TRACIA_SOURCE_DIR "/api/openapi.yaml").rdbuf();
  EXPECT_EQ(answer.substr(answer.find("\r\n\r\n") + 4), file.str());
}

TEST_F(OperationsTest, the_access_log_names_routes_and_never_targets) {
  get("/healthz?token=tr_secret");
  get("/nothing/secret-path?key=secret");
  server_.reset();
  ASSERT_EQ(lines_.size(), 2u);
  const auto line = nlohmann::json::parse(lines_[1]);
  EXPECT_EQ(line["event"], "request");
  EXPECT_EQ(line["status"], 404);
  EXPECT_EQ(line["level"], "info");
  for (const std::string& each : lines_) EXPECT_EQ(each.find("secret"), std::string::npos);
}

}  // namespace
}  // namespace tracia::routes
