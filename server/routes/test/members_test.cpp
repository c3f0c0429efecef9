// What tests/server/test_members.py and test_audit.py cannot show from outside: time passing, races, failing disks; and
// that no route is without a rule.
#include <algorithm>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "api_server.h"
#include "tracia/service/audit.h"
#include "tracia/service/permissions.h"

namespace tracia::routes {
namespace {

constexpr int64_t kDayMs = 24 * 3600 * 1000;

TEST(Routes, EachHasARuleOrNeedsNoSignIn) {
  ApiServer api;
  for (const auto add :
       {add_prompts, add_experiments, add_runs, add_gateway, add_gateway_aliases, add_span_writes, add_span_reads,
        add_otlp, add_evaluations, add_evaluators, add_policies, add_traces, add_analytics, add_settings, add_limits,
        add_prices, add_members, add_audit, add_connections}) {
    add(api.router, api.services);
  }
  std::set<std::string> served;
  for (const http::Route& route : api.router.routes()) {
    EXPECT_FALSE(service::permission_of(route.method, route.pattern).pattern.empty()) << route.method << route.pattern;
    served.insert(route.method + route.pattern);
  }
  for (const service::Permission& one : service::permissions()) {
    EXPECT_TRUE(served.contains(std::string(one.method) + std::string(one.pattern))) << one.method << one.pattern;
  }
}

class MembersTest : public testing::Test {
 protected:
  void SetUp() override {
    add_auth(api_.router, api_.services);
    add_members(api_.router, api_.services);
    add_audit(api_.router, api_.services);
    owner_ = api_.add_member(store::MemberRole::kOwner, "Olga");
    api_.start();
  }

  std::string invite(const std::string& email = "ed@example.com") {
    const auto made =
        api_.send("POST", "/api/v1/members/invitations", nlohmann::json{{"email", email}, {"role", "editor"}}, owner_);
    EXPECT_EQ(made.status, 201) << made.body;
    const std::string link = made.json["link"];
    return link.substr(link.find("token=") + 6);
  }
  ApiAnswer accept(const std::string& token) {
    return api_.send("POST", "/api/v1/auth/accept-invitation",
                     nlohmann::json{{"token", token}, {"name", "Ed"}, {"password", "correct horse battery"}});
  }

  ApiServer api_;
  wire::Headers owner_;
};

TEST_F(MembersTest, AnInvitationExpiresAfterSevenDays) {
  const std::string token = invite();
  api_.clock.advance(Millis(7 * kDayMs - 1000));
  EXPECT_EQ(api_.send("POST", "/api/v1/auth/invitation", nlohmann::json{{"token", token}}).status, 200);
  api_.clock.advance(Millis(1000));
  EXPECT_EQ(accept(token).status, 403);
  EXPECT_TRUE(api_.send("GET", "/api/v1/members/invitations", "", owner_).json["invitations"].empty());
  EXPECT_EQ(api_.control.invitations()->size(), 1u);
  api_.members.forget_expired();
  EXPECT_TRUE(api_.control.invitations()->empty());
}

TEST_F(MembersTest, OfTwoWhoFollowALinkOneBecomesAMember) {
  const std::string token = invite();
  std::vector<int> statuses(2);
  {
    std::vector<std::jthread> threads;
    for (int& status : statuses) threads.emplace_back([&] { status = accept(token).status; });
  }
  std::sort(statuses.begin(), statuses.end());
  EXPECT_EQ(statuses, (std::vector<int>{200, 403}));
  EXPECT_EQ(api_.control.members()->size(), 2u);
}

TEST_F(MembersTest, TheLinkNamesThePublicAddress) {
  api_.config.public_url = "https://tracia.example.com/";
  const auto made = api_.send("POST", "/api/v1/members/invitations",
                              nlohmann::json{{"email", "ed@example.com"}, {"role", "viewer"}}, owner_);
  EXPECT_TRUE(made.json["link"].get<std::string>().starts_with("https://tracia.example.com/invite#token="));
}

TEST_F(MembersTest, AFailingDiskChangesNothing) {
  const std::string token = invite();
  const std::string id = api_.control.members()->front().id;
  api_.control.fail_writes = true;
  EXPECT_EQ(accept(token).status, 503);
  EXPECT_EQ(api_.send("PUT", "/api/v1/members/" + id, R"({"name":"Other"})", owner_).status, 503);
  EXPECT_EQ(api_.send("DELETE", "/api/v1/members/" + id, "", owner_).status, 409);
  api_.control.fail_writes = false;
  const auto members = api_.send("GET", "/api/v1/members", "", owner_).json["members"];
  ASSERT_EQ(members.size(), 1u);
  EXPECT_EQ(members[0]["name"], "Olga");
  EXPECT_EQ(accept(token).status, 200);
}

TEST_F(MembersTest, TheAuditLogIsKeptFor400Days) {
  invite();
  api_.clock.advance(Millis(399 * kDayMs));
  service::trim_audit(api_.services);
  EXPECT_EQ(api_.control.audit({})->size(), 1u);
  api_.clock.advance(Millis(2 * kDayMs));
  service::trim_audit(api_.services);
  EXPECT_TRUE(api_.control.audit({})->empty());
}

TEST_F(MembersTest, TheAuditLogNamesTheClientBehindATrustedProxyOnly) {
  auto headers = owner_;
  headers.add("X-Forwarded-For", "203.0.113.7, 198.51.100.1");
  const auto invite_as = [&](const char* email) {
    api_.send("POST", "/api/v1/members/invitations", nlohmann::json{{"email", email}, {"role", "viewer"}}, headers);
    return api_.control.audit({})->front().peer;
  };
  EXPECT_EQ(invite_as("a@example.com"), "127.0.0.1");
  api_.config.trusted_proxies = {"127.0.0.1"};
  EXPECT_EQ(invite_as("b@example.com"), "198.51.100.1");
}

}  // namespace
}  // namespace tracia::routes
