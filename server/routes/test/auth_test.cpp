// Accounts, sessions, keys and projects as a browser and a program meet them.
#include <gtest/gtest.h>

#include <future>
#include <set>

#include "api_server.h"
#include "tracia/service/digest.h"

namespace tracia::routes {
namespace {

using nlohmann::json;

constexpr const char* kPassword = "correct horse battery";

class AuthTest : public ::testing::Test {
 protected:
  void SetUp() override {
    add_auth(api.router, api.services);
    add_settings(api.router, api.services);
    api.start();
  }

  json owner() {
    return {{"token", api.setup_token}, {"email", "ada@example.com"}, {"name", "Ada"}, {"password", kPassword}};
  }
  ApiAnswer set_up() { return api.send("POST", "/api/v1/auth/setup", owner()); }
  ApiAnswer log_in(const std::string& password = kPassword, const std::string& email = "ada@example.com") {
    return api.send("POST", "/api/v1/auth/login", json{{"email", email}, {"password", password}});
  }
  static std::string cookie_of(const ApiAnswer& answer) {
    const std::string header = answer.header("set-cookie");
    return header.substr(0, header.find(';'));
  }
  // What a browser sends after that answer.
  static wire::Headers browser(const ApiAnswer& answer, bool with_csrf = true) {
    wire::Headers headers{{"Cookie", cookie_of(answer)}};
    if (with_csrf) headers.add("X-CSRF-Token", answer.json["csrfToken"].get<std::string>());
    return headers;
  }

  ApiServer api;
};

// --- Setup ---

TEST_F(AuthTest, TheSetupLinkMakesTheOwnerAndSignsIn) {
  const auto before = api.send("GET", "/api/v1/auth/session");
  EXPECT_EQ(before.status, 401);
  EXPECT_EQ(before.json["error"]["setupRequired"], true);

  const auto made = set_up();
  ASSERT_EQ(made.status, 200) << made.body;
  EXPECT_EQ(made.json["member"]["email"], "ada@example.com");
  EXPECT_EQ(made.json["member"]["role"], "owner");
  EXPECT_EQ(made.json["projects"].size(), 1u);
  EXPECT_EQ(made.json["projects"][0]["name"], "Default");

  const auto session = api.send("GET", "/api/v1/auth/session", "", browser(made));
  EXPECT_EQ(session.status, 200);
  EXPECT_EQ(session.json, made.json);
  EXPECT_FALSE(api.access.setup_required());
}

TEST_F(AuthTest, TheSetupLinkWorksOnce) {
  ASSERT_EQ(set_up().status, 200);
  const auto again = set_up();
  EXPECT_EQ(again.status, 403);
  EXPECT_EQ(api.control.members()->size(), 1u);
  EXPECT_EQ(api.send("GET", "/api/v1/auth/session").json["error"]["setupRequired"], false);
}

TEST_F(AuthTest, AWrongSetupTokenIsRefused) {
  for (const std::string& token : {std::string("x"), std::string(), api.setup_token + "x"}) {
    json body = owner();
    body["token"] = token;
    EXPECT_EQ(api.send("POST", "/api/v1/auth/setup", body).status, 403);
  }
  EXPECT_TRUE(api.control.members()->empty());
}

TEST_F(AuthTest, SetupNamesTheFieldThatIsWrong) {
  const std::pair<const char*, json> cases[] = {{"email", "nobody"},   {"name", " "},
                                                {"password", "short"}, {"password", std::string(257, 'x')},
                                                {"email", 5},          {"token", nullptr}};
  for (const auto& [field, value] : cases) {
    json body = owner();
    body[field] = value;
    const auto answer = api.send("POST", "/api/v1/auth/setup", body);
    EXPECT_EQ(answer.status, 400);
    EXPECT_NE(answer.message().find(field), std::string::npos) << answer.body;
  }
  EXPECT_EQ(set_up().status, 200);  // the link is still good
}

TEST_F(AuthTest, TwoSetupsAtOnceMakeOneOwner) {
  auto first = std::async(std::launch::async, [&] { return set_up().status; });
  const int second = set_up().status;
  EXPECT_EQ((std::multiset<int>{first.get(), second}), (std::multiset<int>{200, 403}));
  EXPECT_EQ(api.control.members()->size(), 1u);
}

TEST_F(AuthTest, SecretsAreStoredAsHashesOnly) {
  const auto made = set_up();
  const std::string cookie = cookie_of(made).substr(std::string("tracia_session=").size());
  EXPECT_GE(cookie.size(), 43u);
  EXPECT_EQ(api.control.members()->at(0).password_hash.substr(0, 9), "$argon2id");
  const auto sessions = api.control.login_sessions();
  ASSERT_EQ(sessions->size(), 1u);
  EXPECT_EQ(sessions->at(0).token_hash, service::sha256(cookie));
  EXPECT_EQ(api.control.api_keys()->at(0).hash, service::sha256(kTestKey));
  EXPECT_EQ(*api.control.setting("setup_token_hash"), std::nullopt);
}

// --- Sessions ---

TEST_F(AuthTest, TheCookieIsForThisSiteAndNoScript) {
  const std::string header = set_up().header("set-cookie");
  for (const char* part : {"; Path=/", "; HttpOnly", "; SameSite=Lax", "; Max-Age=2592000"}) {
    EXPECT_NE(header.find(part), std::string::npos) << part;
  }
  EXPECT_EQ(header.find("; Secure"), std::string::npos);  // plain HTTP: a Secure cookie would never come back
}

TEST_F(AuthTest, TheCookieIsSecureBehindHttps) {
  api.config.public_url = "https://tracia.example.com";
  EXPECT_NE(set_up().header("set-cookie").find("; Secure"), std::string::npos);
}

TEST_F(AuthTest, TheCookieIsSecureWhenATrustedProxySaysHttps) {
  ASSERT_EQ(set_up().status, 200);
  const json body{{"email", "ada@example.com"}, {"password", kPassword}};
  const wire::Headers forwarded{{"X-Forwarded-Proto", "https"}};
  EXPECT_EQ(api.send("POST", "/api/v1/auth/login", body, forwarded).header("set-cookie").find("; Secure"),
            std::string::npos);
  api.config.trusted_proxies = {"127.0.0.1"};
  EXPECT_NE(api.send("POST", "/api/v1/auth/login", body, forwarded).header("set-cookie").find("; Secure"),
            std::string::npos);
}

TEST_F(AuthTest, EachLoginHasANewSession) {
  const auto first = set_up();
  const auto second = log_in(kPassword, " ADA@example.com ");
  ASSERT_EQ(second.status, 200) << second.body;
  EXPECT_NE(cookie_of(first), cookie_of(second));
  EXPECT_NE(first.json["csrfToken"], second.json["csrfToken"]);
}

class SessionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    add_auth(api.router, api.services);
    add_settings(api.router, api.services);
    me = api.add_member(store::MemberRole::kOwner);
    other = api.add_member(store::MemberRole::kAdmin, "Bob");
    api.start();
  }
  int session_status(const wire::Headers& who) { return api.send("GET", "/api/v1/auth/session", "", who).status; }
  static wire::Headers without(wire::Headers headers, std::string_view name) {
    headers.remove(name);
    return headers;
  }

  ApiServer api;
  wire::Headers me, other;
};

TEST_F(SessionTest, UnsafeMethodsByCookieNeedTheCsrfToken) {
  const json body{{"name", "Other"}};
  const auto refused = api.send("POST", "/api/v1/projects", body, without(me, "X-CSRF-Token"));
  EXPECT_EQ(refused.status, 403);
  EXPECT_NE(refused.message().find("X-CSRF-Token"), std::string::npos);
  wire::Headers wrong = me;
  wrong.set("X-CSRF-Token", std::string(*other.get("x-csrf-token")));  // another session's
  EXPECT_EQ(api.send("POST", "/api/v1/projects", body, wrong).status, 403);
  EXPECT_EQ(api.send("POST", "/api/v1/projects", body, me).status, 201);
  EXPECT_EQ(api.send("GET", "/api/v1/projects", "", without(me, "X-CSRF-Token")).status, 200);
}

TEST_F(SessionTest, LogoutEndsThisSessionOnly) {
  EXPECT_EQ(api.send("POST", "/api/v1/auth/logout", "", without(me, "X-CSRF-Token")).status, 403);
  const auto out = api.send("POST", "/api/v1/auth/logout", "", me);
  EXPECT_EQ(out.status, 200);
  EXPECT_NE(out.header("set-cookie").find("Max-Age=0"), std::string::npos);
  EXPECT_EQ(session_status(me), 401);
  EXPECT_EQ(session_status(other), 200);
  EXPECT_EQ(api.control.login_sessions()->size(), 1u);
}

TEST_F(SessionTest, EndsAfter30Days) {
  api.clock.advance(Millis(30LL * 24 * 3600 * 1000 - 1000));
  EXPECT_EQ(session_status(me), 200);
  api.clock.advance(Millis(1000));
  EXPECT_EQ(session_status(me), 401);
  EXPECT_EQ(api.control.login_sessions()->size(), 2u);
  api.access.forget_expired_sessions();
  EXPECT_TRUE(api.control.login_sessions()->empty());
}

TEST_F(SessionTest, OutlivesARestart) {
  service::Access restarted(api.services);
  const auto token = restarted.prepare(std::nullopt);
  ASSERT_TRUE(token);
  EXPECT_EQ(*token, std::nullopt);
  EXPECT_FALSE(restarted.setup_required());
  api.services.access = &restarted;
  EXPECT_EQ(session_status(me), 200);
  api.services.access = &api.access;
}

TEST_F(SessionTest, ACookieThatIsNoSessionIsNobody) {
  for (const char* cookie : {"tracia_session=", "tracia_session=x", "other=session-of-Ada", "tracia_session=*"}) {
    EXPECT_EQ(session_status({{"Cookie", cookie}}), 401) << cookie;
  }
}

// --- Passwords ---

TEST_F(AuthTest, WrongPasswordsAndUnknownEmailsAnswerTheSame) {
  ASSERT_EQ(set_up().status, 200);
  const auto wrong = log_in("a wrong password");
  const auto unknown = log_in(kPassword, "bob@example.com");
  const auto malformed = log_in("x", "no address");
  EXPECT_EQ(wrong.status, 401);
  EXPECT_EQ(wrong.message(), "Wrong email or password");
  EXPECT_EQ(unknown.status, 401);
  EXPECT_EQ(unknown.body, wrong.body);
  EXPECT_EQ(malformed.body, wrong.body);
  EXPECT_EQ(wrong.header("set-cookie"), "");
}

TEST_F(AuthTest, GuessingIsSlowedDown) {
  ASSERT_EQ(set_up().status, 200);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(log_in("a wrong password").status, 401);
  const auto slowed = log_in();
  EXPECT_EQ(slowed.status, 429);
  EXPECT_EQ(slowed.header("retry-after"), "1");
  api.clock.advance(Millis(1000));
  EXPECT_EQ(log_in().status, 200);
}

TEST_F(AuthTest, ChangingThePasswordSignsOutEverywhereElse) {
  const auto here = set_up();
  const auto there = log_in();
  const json body{{"current", kPassword}, {"new", "staple battery horse"}};
  EXPECT_EQ(api.send("POST", "/api/v1/auth/password", body).status, 401);
  const auto changed = api.send("POST", "/api/v1/auth/password", body, browser(here));
  ASSERT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(api.send("GET", "/api/v1/auth/session", "", browser(here)).status, 401);
  EXPECT_EQ(api.send("GET", "/api/v1/auth/session", "", browser(there)).status, 401);
  EXPECT_EQ(api.send("GET", "/api/v1/auth/session", "", browser(changed)).status, 200);
  EXPECT_EQ(log_in().status, 401);
  EXPECT_EQ(log_in("staple battery horse").status, 200);
}

TEST_F(AuthTest, ChangingThePasswordNeedsTheCurrentOneAndAGoodNewOne) {
  const auto me = set_up();
  const auto wrong = api.send("POST", "/api/v1/auth/password",
                              json{{"current", "not my password"}, {"new", "staple battery horse"}}, browser(me));
  EXPECT_EQ(wrong.status, 400);
  EXPECT_NE(wrong.message().find("current"), std::string::npos);
  EXPECT_EQ(
      api.send("POST", "/api/v1/auth/password", json{{"current", kPassword}, {"new", "short"}}, browser(me)).status,
      400);
  EXPECT_EQ(log_in().status, 200);
}

TEST_F(AuthTest, BodiesThatAreNoFormsAreRefused) {
  for (const char* path : {"/api/v1/auth/login", "/api/v1/auth/setup"}) {
    for (const char* body : {"", "[]", "{", "\"x\"", "{\"email\":[]}"}) {
      EXPECT_EQ(api.send("POST", path, std::string(body)).status, 400) << path << " " << body;
    }
    EXPECT_EQ(api.send("POST", path, std::string(100'000, ' ')).status, 413);
  }
}

// --- Sessions of one's own ---

TEST_F(AuthTest, SessionsAreListedTheLastSeenFirstAndEnded) {
  const auto first = browser(set_up());
  api.clock.advance(Millis(1000));
  wire::Headers second{{"Content-Type", "application/json"}, {"User-Agent", "Phone\xff"}};
  const json form{{"email", "ada@example.com"}, {"password", kPassword}};
  const auto phone = browser(api.send("POST", "/api/v1/auth/login", form.dump(), second));
  api.clock.advance(Millis(1000));
  const auto list = api.send("GET", "/api/v1/auth/sessions", "", first).json["sessions"];
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0]["current"], true);
  EXPECT_EQ(list[1]["current"], false);
  EXPECT_EQ(list[1]["device"], "Phone\ufffd");
  EXPECT_GT(list[0]["lastSeenAt"], list[1]["lastSeenAt"]);
  const std::string one = "/api/v1/auth/sessions/" + list[1]["id"].get<std::string>();
  EXPECT_EQ(api.send("DELETE", one, "", {{"Cookie", std::string(*first.get("Cookie"))}}).status, 403);  // no CSRF token
  EXPECT_EQ(api.send("DELETE", one, "", first).status, 200);
  EXPECT_EQ(api.send("DELETE", one, "", first).status, 404);
  EXPECT_EQ(api.send("GET", "/api/v1/auth/session", "", phone).status, 401);
  EXPECT_EQ(api.control.login_sessions()->size(), 1u);
}

TEST_F(AuthTest, EverySessionButTheOneThatAsksIsEnded) {
  const auto first = browser(set_up());
  const auto second = browser(log_in()), third = browser(log_in());
  EXPECT_EQ(api.send("DELETE", "/api/v1/auth/sessions", "", second).json, (json{{"ended", 2}}));
  EXPECT_EQ(api.send("GET", "/api/v1/auth/session", "", first).status, 401);
  EXPECT_EQ(api.send("GET", "/api/v1/auth/session", "", third).status, 401);
  EXPECT_EQ(api.send("GET", "/api/v1/auth/session", "", second).status, 200);
  EXPECT_EQ(api.send("GET", "/api/v1/auth/sessions", "", ApiServer::with_key()).status, 403);
}

TEST_F(AuthTest, WhenASessionWasSeenIsKept) {
  const auto first = browser(set_up());
  api.clock.advance(Millis(5000));
  ASSERT_EQ(api.send("GET", "/api/v1/auth/session", "", first).status, 200);
  api.access.flush_last_used();
  EXPECT_EQ(api.control.login_sessions()->front().last_seen, api.clock.now());
}

}  // namespace
}  // namespace tracia::routes
