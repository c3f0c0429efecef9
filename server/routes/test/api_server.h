// A server in this process with a control store in memory, and a client that speaks to it: for tests of routes over
// real HTTP. Fill `services` with more before start() where a route needs it.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "../../service/test/fake_control_store.h"
#include "tracia/base/bytes.h"
#include "tracia/http/router.h"
#include "tracia/http/server.h"
#include "tracia/routes/routes.h"
#include "tracia/service/access.h"
#include "tracia/service/control_cache.h"
#include "tracia/service/digest.h"
#include "tracia/service/evaluators.h"
#include "tracia/service/members.h"
#include "tracia/service/policies.h"
#include "tracia/service/retention.h"
#include "tracia/service/services.h"
#include "tracia/service/workers.h"
#include "tracia/transport/transport.h"

namespace tracia::routes {

inline constexpr const char* kTestKey = "tr_test-key-with-more-than-32-characters";

// Both clocks stand still until they are moved.
class ManualClock : public Clock {
 public:
  Timestamp now() const override { return {start_.micros + elapsed_.load()}; }
  SteadyTime steady() const override { return SteadyTime(Micros(elapsed_.load())); }
  void advance(Millis by) { elapsed_ += std::chrono::duration_cast<Micros>(by).count(); }

 private:
  Timestamp start_{1'795'000'000'000'000};
  std::atomic<int64_t> elapsed_{0};
};

struct ApiAnswer {
  int status = 0;
  wire::Headers headers;
  std::string body;
  nlohmann::json json;  // discarded (is_discarded()) when the body is not JSON
  std::string code() const { return json["error"]["code"].get<std::string>(); }
  std::string message() const { return json["error"]["message"].get<std::string>(); }
  std::string header(std::string_view name) const { return std::string(headers.get_or(name, "")); }
};

class ApiServer {
 public:
  ApiServer() {
    services.config = &config;
    services.clock = &clock;
    services.control = &control;
    services.cache = &cache;
    services.workers = &workers;
    services.access = &access;
    services.members = &members;
    services.policies = &policies;
    services.evaluators = &evaluators;
    services.retention = &retention;
  }
  ~ApiServer() {
    if (server) server->stop(Millis(1000));
  }

  // Before start(): a member who is signed in already, without the cost of a password. Answers their headers.
  wire::Headers add_member(store::MemberRole role, const std::string& name = "Ada") {
    const std::string token = "session-of-" + name;
    const Timestamp now = clock.now();
    const store::Member member{.id = store::new_id("mem"),
                               .email = ascii_lower(name) + "@example.com",
                               .name = name,
                               .password_hash = "*",
                               .role = role,
                               .created = now};
    EXPECT_TRUE(control.put_member(member));
    EXPECT_TRUE(control.put_login_session({.token_hash = service::sha256(token),
                                           .member_id = member.id,
                                           .csrf_token = "csrf-of-" + name,
                                           .created = now,
                                           .expires = {now.micros + 30LL * 24 * 3600 * 1'000'000}}));
    return {{"Cookie", "tracia_session=" + token}, {"X-CSRF-Token", "csrf-of-" + name}};
  }

  // Loads the cache, prepares access with kTestKey, and serves the routes that were added to `router`.
  void start() {
    ASSERT_TRUE(cache.load([](const store::Connection&) -> Result<std::string> { return std::string("{}"); }));
    ASSERT_TRUE(policies.load());
    auto prepared = access.prepare(std::string(kTestKey));
    ASSERT_TRUE(prepared) << prepared.error().message;
    setup_token = prepared->value_or("");
    server = std::make_unique<http::Server>(
        http::ServerOptions{},
        [this](http::Request& request, http::ResponseWriter writer) { router.handle(request, std::move(writer)); });
    const Status started = server->start();
    ASSERT_TRUE(started) << started.error().message;
  }

  ApiAnswer send(const std::string& method, const std::string& path, const std::string& body = "",
                 wire::Headers headers = {}) {
    const wire::HttpRequest request{
        .method = method, .url = "http://" + server->address() + path, .headers = std::move(headers), .body = body};
    const auto response = client.fetch(request, {});
    if (!response) {
      ADD_FAILURE() << method << " " << path << ": " << response.error().message;
      return {};
    }
    return {.status = response->status,
            .headers = response->headers,
            .body = response->body,
            .json = nlohmann::json::parse(response->body, nullptr, false)};
  }
  ApiAnswer send(const std::string& method, const std::string& path, const char* body, wire::Headers headers = {}) {
    return send(method, path, std::string(body), std::move(headers));
  }
  ApiAnswer send(const std::string& method, const std::string& path, const nlohmann::json& body,
                 wire::Headers headers = {}) {
    headers.add("Content-Type", "application/json");
    return send(method, path, body.dump(), std::move(headers));
  }
  static wire::Headers with_key(const std::string& key = kTestKey) { return {{"Authorization", "Bearer " + key}}; }

  config::Config config;
  ManualClock clock;
  store::FakeControlStore control;
  service::ControlCache cache{control};
  service::Services services;
  service::Policies policies{control, clock};
  service::Evaluators evaluators{services};
  service::Retention retention{services};
  service::Workers workers{2};
  service::Access access{prepared_services()};
  service::Members members{services, access};
  http::Router router;
  std::unique_ptr<http::Server> server;
  transport::Transport client;
  std::string setup_token;  // "" when there is an owner

 private:
  // Access reads the clock when it is made.
  service::Services& prepared_services() {
    services.clock = &clock;
    return services;
  }
};

}  // namespace tracia::routes
