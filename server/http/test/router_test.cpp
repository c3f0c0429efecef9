#include "tracia/http/router.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>
#include <vector>

#include "raw_client.h"
#include "tracia/base/compress.h"

namespace tracia::http {
namespace {

class RouterTest : public testing::Test {
 protected:
  struct Seen {
    std::string method, route, request_id;
    int status = -1;
    size_t bytes_in = 0;
  };

  RouterTest() {
    router_.set_observer([this](const Finished& finished) {
      const std::lock_guard lock(mutex_);
      seen_.push_back({std::string(finished.method), std::string(finished.route), std::string(finished.request_id),
                       finished.status, finished.bytes_in});
    });
    add("GET", "/things");
    add("POST", "/things");
    add("GET", "/things/{id}");
    add("POST", "/things/batch");
    add("GET", "/things/{id}/parts/{part}");
    router_.add(
        "POST", "/small", [](const ExchangePtr& e) { e->json(200, e->request.body, {{"Content-Type", "text/plain"}}); },
        1000);
  }
  ~RouterTest() override { server_.reset(); }

  void add(const std::string& method, const std::string& pattern) {
    router_.add(method, pattern, [](const ExchangePtr& e) {
      nlohmann::json out{{"route", e->route}, {"method", e->request.method}, {"body", e->request.body.size()}};
      for (const auto& [name, value] : e->parameters) out["parameters"][std::string(name)] = value;
      e->json(200, out.dump());
    });
  }
  uint16_t port() {
    if (!server_) {
      ServerOptions options;
      options.body_limit = [this](std::string_view method, std::string_view path) {
        return router_.body_limit(method, path);
      };
      options.stream_buffer_bytes_max = 1u << 20;
      server_ = std::make_unique<Server>(
          options, [this](Request& request, ResponseWriter writer) { router_.handle(request, std::move(writer)); });
      EXPECT_TRUE(server_->start().has_value());
    }
    return server_->port();
  }
  // One request on a connection of its own.
  std::string ask(const std::string& method, const std::string& path, const std::string& headers = "",
                  const std::string& body = "") {
    RawClient client(port());
    client.send(method + " " + path + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n" + headers +
                (body.empty() ? "" : "Content-Length: " + std::to_string(body.size()) + "\r\n") + "\r\n" + body);
    return client.read_all();
  }
  static int status(const std::string& answer) { return answer.size() < 12 ? 0 : std::stoi(answer.substr(9, 3)); }
  static nlohmann::json body(const std::string& answer) {
    return nlohmann::json::parse(answer.substr(answer.find("\r\n\r\n") + 4), nullptr, false);
  }
  // The observer's word on the n-th exchange, once it is there.
  Seen seen(size_t n) {
    for (const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
         std::chrono::steady_clock::now() < deadline; std::this_thread::sleep_for(std::chrono::milliseconds(1))) {
      const std::lock_guard lock(mutex_);
      if (seen_.size() > n) return seen_[n];
    }
    return {};
  }

  std::mutex mutex_;
  std::vector<Seen> seen_;
  Router router_;
  std::unique_ptr<Server> server_;
};

TEST_F(RouterTest, finds_the_route_and_its_parameters) {
  EXPECT_EQ(body(ask("GET", "/things"))["route"], "/things");
  const auto part = body(ask("GET", "/things/a%20b/parts/%C3%A9?x=1"));
  EXPECT_EQ(part["route"], "/things/{id}/parts/{part}");
  EXPECT_EQ(part["parameters"], (nlohmann::json{{"id", "a b"}, {"part", "é"}}));
}

TEST_F(RouterTest, prefers_literals_but_falls_back_to_parameters_for_another_method) {
  EXPECT_EQ(body(ask("POST", "/things/batch"))["route"], "/things/batch");
  EXPECT_EQ(body(ask("GET", "/things/batch"))["route"], "/things/{id}");
}

TEST_F(RouterTest, head_is_get_without_a_body) {
  const std::string answer = ask("HEAD", "/things/7");
  EXPECT_EQ(status(answer), 200);
  EXPECT_NE(answer.find("Content-Length: "), std::string::npos);
  EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
}

TEST_F(RouterTest, unknown_paths_are_404_in_the_errors_shape) {
  for (const char* path : {"/", "/nothing", "/things/", "/things//parts/x", "//things", "/things/1/parts",
                           "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u"}) {
    const std::string answer = ask("GET", path);
    EXPECT_EQ(status(answer), 404) << path;
    EXPECT_EQ(body(answer)["error"]["code"], "NOT_FOUND") << path;
  }
}

TEST_F(RouterTest, other_methods_are_405_with_allow) {
  const std::string answer = ask("DELETE", "/things");
  EXPECT_EQ(status(answer), 405);
  EXPECT_NE(answer.find("\r\nAllow: GET, HEAD, POST, OPTIONS\r\n"), std::string::npos) << answer;
  EXPECT_EQ(body(answer)["error"]["code"], "INVALID_REQUEST");
  EXPECT_EQ(status(ask("BREW", "/things")), 405);
}

TEST_F(RouterTest, options_is_204_with_allow_and_no_cors) {
  const std::string answer = ask("OPTIONS", "/things/batch", "Origin: http://evil.example\r\n");
  EXPECT_EQ(status(answer), 204);
  EXPECT_NE(answer.find("\r\nAllow: GET, HEAD, POST, OPTIONS\r\n"), std::string::npos) << answer;
  EXPECT_EQ(answer.find("Access-Control"), std::string::npos);
  EXPECT_EQ(status(ask("OPTIONS", "*")), 204);
  EXPECT_EQ(status(ask("OPTIONS", "/nothing")), 404);
}

TEST_F(RouterTest, an_encoded_slash_stays_inside_its_segment) {
  EXPECT_EQ(body(ask("GET", "/things/a%2Fb"))["parameters"]["id"], "a/b");
  EXPECT_EQ(status(ask("GET", "/things%2F7")), 404);
}

TEST_F(RouterTest, path_tricks_are_400) {
  for (const char* path : {"/things/%00", "/things/a%00b", "/things/%", "/things/%4", "/things/%zz", "/things/%ff",
                           "/things/%C3", "/things/..", "/things/%2e%2E/parts/1", "/./things", "/things/%0a",
                           "/nothing/%7F", "/nothing/%c0%af", "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/%20/%20/%20/%00"}) {
    const std::string answer = ask("GET", path);
    EXPECT_EQ(status(answer), 400) << path;
    EXPECT_EQ(body(answer)["error"]["code"], "INVALID_REQUEST") << path;
  }
}

TEST_F(RouterTest, overlong_paths_are_refused) {
  EXPECT_EQ(status(ask("GET", "/things/" + std::string(1024, 'a'))), 200);
  EXPECT_EQ(status(ask("GET", "/things/" + std::string(1025, 'a'))), 400);
  EXPECT_EQ(status(ask("GET", "/" + std::string(9000, 'a'))), 414);
}

TEST_F(RouterTest, two_authorization_headers_or_two_hosts_are_400) {
  EXPECT_EQ(status(ask("GET", "/things", "Authorization: Bearer a\r\nauthorization: Bearer b\r\n")), 400);
  EXPECT_EQ(status(ask("GET", "/things", "Host: other\r\n")), 400);
}

TEST_F(RouterTest, gzip_and_zstd_bodies_are_unpacked) {
  const std::string text(900, 'x');
  std::string zstd(ZSTD_compressBound(text.size()), '\0');
  zstd.resize(ZSTD_compress(zstd.data(), zstd.size(), text.data(), text.size(), 1));
  EXPECT_TRUE(ask("POST", "/small", "Content-Encoding: gzip\r\n", gzip(text)).ends_with("\r\n\r\n" + text));
  EXPECT_TRUE(ask("POST", "/small", "content-encoding: ZSTD\r\n", zstd).ends_with("\r\n\r\n" + text));
  // Frames in a row are one body, as gzip's members are; these two pass the route's bound together.
  EXPECT_EQ(status(ask("POST", "/small", "Content-Encoding: zstd\r\n", zstd + zstd)), 413);
  EXPECT_TRUE(ask("POST", "/small", "Content-Encoding: identity\r\n", text).ends_with("\r\n\r\n" + text));
}

TEST_F(RouterTest, damaged_or_foreign_codings_are_refused) {
  std::string zstd(ZSTD_compressBound(100), '\0');
  zstd.resize(ZSTD_compress(zstd.data(), zstd.size(), std::string(100, 'y').data(), 100, 1));
  for (const char* coding : {"gzip", "zstd"}) {
    const std::string header = std::string("Content-Encoding: ") + coding + "\r\n";
    EXPECT_EQ(status(ask("POST", "/small", header, "not packed")), 400) << coding;
  }
  EXPECT_EQ(status(ask("POST", "/small", "Content-Encoding: zstd\r\n", zstd.substr(0, zstd.size() - 3))), 400);
  EXPECT_EQ(status(ask("POST", "/small", "Content-Encoding: gzip\r\n", gzip("whole").substr(0, 12))), 400);
  EXPECT_EQ(status(ask("POST", "/small", "Content-Encoding: br\r\n", "x")), 415);
  EXPECT_EQ(status(ask("POST", "/small", "Content-Encoding: gzip, gzip\r\n", gzip(gzip("x")))), 415);
  EXPECT_EQ(status(ask("POST", "/small", "Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n", "x")), 415);
}

TEST_F(RouterTest, bombs_are_413) {
  const std::string text(40u << 20, '\0');
  std::string zstd(ZSTD_compressBound(text.size()), '\0');
  zstd.resize(ZSTD_compress(zstd.data(), zstd.size(), text.data(), text.size(), 1));
  for (const auto& [coding, packed] :
       {std::pair<std::string, std::string>{"gzip", gzip(text, 9)}, {"zstd", std::move(zstd)}}) {
    const std::string answer = ask("POST", "/things", "Content-Encoding: " + coding + "\r\n", packed);
    EXPECT_EQ(status(answer), 413) << coding;
    EXPECT_EQ(body(answer)["error"]["code"], "PAYLOAD_TOO_LARGE") << coding;
  }
}

TEST_F(RouterTest, a_body_over_the_routes_bound_is_refused_before_it_is_sent) {
  RawClient client(port());
  client.send("POST /small HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1001\r\n\r\n");
  EXPECT_TRUE(client.read_answer().starts_with("HTTP/1.1 413 "));
  RawClient chunked(port());
  chunked.send("POST /small HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1f4\r\n" + std::string(500, 'a') +
               "\r\n1f5\r\n" + std::string(501, 'a') + "\r\n");
  EXPECT_TRUE(chunked.read_answer().starts_with("HTTP/1.1 413 "));
  EXPECT_EQ(status(ask("POST", "/small", "", std::string(1000, 'a'))), 200);
}

TEST_F(RouterTest, request_ids_are_kept_or_made_and_answered) {
  EXPECT_NE(ask("GET", "/things", "X-Request-Id: a.b_c-1\r\n").find("\r\nX-Request-Id: a.b_c-1\r\n"),
            std::string::npos);
  for (const std::string& bad : {std::string("has space"), std::string(129, 'x'), std::string("<script>")}) {
    const std::string answer = ask("GET", "/nothing", "X-Request-Id: " + bad + "\r\n");
    EXPECT_NE(answer.find("\r\nX-Request-Id: req_"), std::string::npos) << answer;
  }
  EXPECT_EQ(seen(0).request_id, "a.b_c-1");
}

TEST_F(RouterTest, every_answer_forbids_sniffing_and_storing) {
  for (const std::string& answer : {ask("GET", "/things"), ask("GET", "/nothing")}) {
    EXPECT_NE(answer.find("\r\nX-Content-Type-Options: nosniff\r\n"), std::string::npos) << answer;
    EXPECT_NE(answer.find("\r\nCache-Control: no-store\r\n"), std::string::npos) << answer;
  }
}

TEST_F(RouterTest, the_fallback_answers_reads_of_unknown_paths_only) {
  router_.set_fallback([](const ExchangePtr& e) { e->json(200, "{}"); });
  EXPECT_EQ(status(ask("GET", "/index.html")), 200);
  EXPECT_EQ(status(ask("POST", "/index.html")), 404);
  EXPECT_EQ(status(ask("DELETE", "/things")), 405);
  EXPECT_EQ(status(ask("GET", "/../etc/passwd")), 400);
  EXPECT_EQ(seen(0).route, "*");
}

TEST_F(RouterTest, the_observer_hears_of_each_exchange_once) {
  ask("POST", "/things", "", "12345");
  ask("BREW", "/nothing");
  EXPECT_EQ(seen(0).route, "/things");
  EXPECT_EQ(seen(0).status, 200);
  EXPECT_EQ(seen(0).bytes_in, 5u);
  EXPECT_EQ(seen(1).method, "OTHER");
  EXPECT_EQ(seen(1).route, "");
  EXPECT_EQ(seen(1).status, 404);
}

TEST_F(RouterTest, the_observer_hears_of_peers_that_leave) {
  std::atomic<int> waiting{0};
  router_.add("GET", "/never", [&](const ExchangePtr& e) {
    e->writer.on_close([] {});
    ++waiting;
  });
  router_.add("GET", "/events", [&](const ExchangePtr& e) {
    SseStream stream(e);
    stream.begin();
    stream.event("hello", "1");
  });
  {
    RawClient client(port());
    client.send("GET /never HTTP/1.1\r\nHost: h\r\n\r\n");
    while (waiting == 0) std::this_thread::yield();
  }
  EXPECT_EQ(seen(0).status, 0);
  {
    RawClient client(port());
    client.send("GET /events HTTP/1.1\r\nHost: h\r\n\r\n");
    client.read_until("event: hello\n");
  }
  EXPECT_EQ(seen(1).status, 200);
}

TEST_F(RouterTest, an_exception_is_500_and_the_server_goes_on) {
  router_.add("GET", "/throws", [](const ExchangePtr&) { throw std::runtime_error("secret"); });
  router_.add("GET", "/throws-late", [](const ExchangePtr& e) {
    SseStream(e).begin();
    throw std::runtime_error("secret");
  });
  const std::string answer = ask("GET", "/throws");
  EXPECT_EQ(status(answer), 500);
  EXPECT_EQ(body(answer)["error"]["code"], "INTERNAL_ERROR");
  EXPECT_EQ(answer.find("secret"), std::string::npos);
  ask("GET", "/throws-late");
  EXPECT_EQ(status(ask("GET", "/things")), 200);
  EXPECT_EQ(seen(0).status, 500);
}

TEST_F(RouterTest, events_are_framed_and_kept_alive) {
  router_.add("GET", "/events", [](const ExchangePtr& e) {
    auto stream = std::make_shared<SseStream>(e, Millis(5));
    stream->begin();
    stream->event("delta", "{\"a\":1}", "7");
    stream->event("", "two\nlines\r\nthree");
    stream->event("bad\nname", "", "bad\rid");
    e->writer.after(Millis(40), [stream] { stream->end(); });
  });
  const std::string answer = ask("GET", "/events");
  EXPECT_NE(answer.find("Content-Type: text/event-stream\r\n"), std::string::npos);
  EXPECT_NE(answer.find("X-Request-Id: "), std::string::npos);
  EXPECT_NE(answer.find("id: 7\nevent: delta\ndata: {\"a\":1}\n\n"), std::string::npos) << answer;
  EXPECT_NE(answer.find("data: two\ndata: lines\ndata: three\n\n"), std::string::npos) << answer;
  EXPECT_NE(answer.find("id: bad\nevent: bad\ndata: \n\n"), std::string::npos) << answer;
  EXPECT_NE(answer.find(":\n\n"), std::string::npos) << answer;
  EXPECT_TRUE(answer.ends_with("0\r\n\r\n"));
  EXPECT_TRUE(ask("HEAD", "/events").ends_with("\r\n\r\n"));
}

TEST_F(RouterTest, a_peer_too_slow_for_its_stream_is_cut_and_the_handler_told) {
  std::atomic<bool> told{false};
  router_.add("GET", "/flood", [&](const ExchangePtr& e) {
    e->writer.on_close([&] { told = true; });
    SseStream stream(e);
    stream.begin();
    for (int i = 0; i < 64 && e->writer.open(); ++i) stream.event("", std::string(1u << 20, 'x'));
  });
  RawClient client(port());
  client.send("GET /flood HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(seen(0).status, 200);
  for (const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
       !told && std::chrono::steady_clock::now() < deadline;) {
    std::this_thread::yield();
  }
  EXPECT_TRUE(told);
}

TEST(ErrorAnswer, statuses_follow_the_contract) {
  const auto status = [](ErrorCode code, int http = 0, ErrorKind kind = ErrorKind::kOther) {
    return status_of({.code = code, .kind = kind, .status = http});
  };
  EXPECT_EQ(status(ErrorCode::kInvalidRequest), 400);
  EXPECT_EQ(status(ErrorCode::kMissingVariables), 400);
  EXPECT_EQ(status(ErrorCode::kMissingProviderKey), 400);
  EXPECT_EQ(status(ErrorCode::kUnauthorized), 401);
  EXPECT_EQ(status(ErrorCode::kForbidden), 403);
  EXPECT_EQ(status(ErrorCode::kNotFound), 404);
  EXPECT_EQ(status(ErrorCode::kConflict), 409);
  EXPECT_EQ(status(ErrorCode::kPayloadTooLarge), 413);
  EXPECT_EQ(status(ErrorCode::kRateLimited), 429);
  EXPECT_EQ(status(ErrorCode::kUnavailable), 503);
  EXPECT_EQ(status(ErrorCode::kUnknown), 500);
  EXPECT_EQ(status(ErrorCode::kProviderError, 429), 429);
  EXPECT_EQ(status(ErrorCode::kProviderError, 401, ErrorKind::kAuthentication), 400);
  EXPECT_EQ(status(ErrorCode::kProviderError, 0, ErrorKind::kTimeout), 504);
  EXPECT_EQ(status(ErrorCode::kProviderError, 529, ErrorKind::kOverloaded), 502);
  EXPECT_EQ(status(ErrorCode::kProviderError, 0, ErrorKind::kStreamTruncated), 502);
  EXPECT_EQ(status(ErrorCode::kTimeout), 504);
  EXPECT_EQ(status(ErrorCode::kNetworkError), 502);
  EXPECT_EQ(status(ErrorCode::kInvalidRequest, 415), 415);
}

TEST(ErrorAnswer, carries_its_extra_members_and_escapes) {
  const auto parsed =
      nlohmann::json::parse(error_json(Error::invalid("say \"x\"\n"), "\"missingVariables\":[\"a\"],\"spanId\":\"s\""));
  EXPECT_EQ(parsed["error"]["message"], "say \"x\"\n");
  EXPECT_EQ(parsed["error"]["missingVariables"][0], "a");
  EXPECT_EQ(nlohmann::json::parse(error_json({.code = ErrorCode::kTimeout}))["error"]["code"], "PROVIDER_ERROR");
}

TEST_F(RouterTest, a_path_that_no_route_takes_answers_in_the_form_of_those_beside_it) {
  const auto nothing = [](const ExchangePtr& e) { e->json(200, "{}"); };
  const auto chat = [](Exchange& e, const Error& error) { e.json(status_of(error), R"({"form":"chat"})"); };
  const auto traces = [](Exchange& e, const Error& error) { e.json(status_of(error), R"({"form":"traces"})"); };
  router_.add("POST", "/v1/chat/completions", nothing, 1000, chat);
  router_.add("GET", "/v1/models", nothing, 1000, chat);
  router_.add("POST", "/v1/traces", nothing, 1000, traces);
  router_.add("GET", "/api/things", nothing);
  const auto form = [&](const char* method, const char* path, const char* status) -> std::string {
    const std::string answer = ask(method, path);
    EXPECT_NE(answer.find(status), std::string::npos) << answer;
    const size_t at = answer.find("\"form\":\"");
    return at == std::string::npos ? "" : answer.substr(at + 8, answer.find('"', at + 8) - at - 8);
  };
  EXPECT_EQ(form("GET", "/v1/chat/completions", " 405 "), "chat");
  EXPECT_EQ(form("POST", "/v1/chat/other", " 404 "), "chat");
  EXPECT_EQ(form("POST", "/v1/other", " 404 "), "chat");
  EXPECT_EQ(form("GET", "/v1/traces", " 405 "), "traces");
  EXPECT_EQ(form("POST", "/v1/traces/more", " 404 "), "traces");
  EXPECT_EQ(form("GET", "/api/other", " 404 "), "");
  EXPECT_EQ(form("POST", "/other", " 404 "), "");
}

TEST_F(RouterTest, retry_after_is_whole_seconds_rounded_up) {
  router_.add("GET", "/busy", [](const ExchangePtr& e) {
    e->error({.code = ErrorCode::kUnavailable, .message = "full", .retry_after = Millis(1200)});
  });
  EXPECT_NE(ask("GET", "/busy").find("\r\nRetry-After: 2\r\n"), std::string::npos);
}

}  // namespace
}  // namespace tracia::http
