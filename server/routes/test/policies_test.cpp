#include "spans_server.h"
#include "tracia/ingest/otlp.h"

namespace tracia::routes {
namespace {

const json kEmail{{"name", "mail"}, {"kind", "email"}};

class PoliciesTest : public SpansTest {
 protected:
  std::string masking() const { return "/api/v1/projects/" + project + "/masking"; }
  ApiAnswer admin(const std::string& method, const std::string& path, const json& body) {
    return api.send(method, path, body, owner);
  }
  void set_rules(const json& rules) {
    const ApiAnswer answer = admin("PUT", masking(), {{"rules", rules}});
    ASSERT_EQ(answer.status, 200) << answer.body;
  }
  size_t stored() const { return spans.all().size(); }
};

TEST_F(PoliciesTest, MaskingRulesAreKeptAndAnswered) {
  EXPECT_EQ(get(masking()).json, (json{{"rules", json::array()}}));
  const json body = example("masking.request.json");
  const ApiAnswer put = admin("PUT", masking(), body);
  EXPECT_EQ(put.status, 200);
  EXPECT_EQ(put.json, body);
  EXPECT_EQ(get(masking()).json, body);
  service::Policies again(api.control);
  ASSERT_TRUE(again.load());
  EXPECT_EQ(again.masker(project)->rules().size(), 3u);
  set_rules(json::array());
  EXPECT_EQ(api.policies.masker(project), nullptr);
}

TEST_F(PoliciesTest, SettingsOfOthersAreKept) {
  ASSERT_TRUE(api.control.put_project_settings({project, R"({"spendCap":{"usd":"5"}})", 1, {}}));
  set_rules(json::array({kEmail}));
  ASSERT_EQ(admin("PUT", "/api/v1/retention", {{"days", 7}}).status, 200);
  const auto settings = api.control.project_settings();
  ASSERT_EQ(settings->size(), 1u);
  EXPECT_EQ(json::parse(settings->front().json),
            (json{{"spendCap", {{"usd", "5"}}}, {"masking", json::array({kEmail})}, {"retentionDays", 7}}));
  EXPECT_EQ(settings->front().revision, 3);
}

TEST_F(PoliciesTest, SettingsThatCannotBeReadStopTheStart) {
  for (const char* bad : {"[", R"({"masking":[{"name":"a","kind":"new"}]})", R"({"masking":7})"}) {
    store::FakeControlStore control;
    ASSERT_TRUE(control.put_project_settings({"prj_x", bad, 1, {}}));
    const Status loaded = service::Policies(control).load();
    ASSERT_FALSE(loaded) << bad;
    EXPECT_NE(loaded.error().message.find("prj_x"), std::string::npos);
  }
}

TEST_F(PoliciesTest, OnlyAdministratorsChangeThem) {
  EXPECT_EQ(put(masking(), {{"rules", json::array()}}).status, 403);
  EXPECT_EQ(put("/api/v1/retention", {{"days", 1}}).status, 403);
  EXPECT_EQ(get("/api/v1/projects/prj_0000000000000000/masking").status, 404);
  EXPECT_EQ(admin("PUT", "/api/v1/projects/prj_0000000000000000/masking", {{"rules", json::array()}}).status, 404);
}

TEST_F(PoliciesTest, WhatIsWrongIsNamed) {
  const auto error = [&](const char* path, const json& body) {
    const ApiAnswer answer = admin("PUT", path, body);
    EXPECT_EQ(answer.status, 400) << body;
    return answer.message();
  };
  const std::string rules = masking();
  EXPECT_EQ(error(rules.c_str(), json::object()), "Missing required field: rules");
  EXPECT_EQ(error(rules.c_str(), {{"rules", {{{"name", "p"}, {"kind", "pattern"}, {"pattern", "("}}}}}).substr(0, 18),
            "rules[0].pattern: ");
  const std::string days = "days must be null or a whole number from 1 to 36500";
  EXPECT_EQ(error("/api/v1/retention", json::object()), "Missing required field: days");
  for (const json& value : {json(0), json(-1), json(1.5), json("7"), json(40'000)}) {
    EXPECT_EQ(error("/api/v1/retention", {{"days", value}}), days);
  }
}

TEST_F(PoliciesTest, RulesAreTriedOnAText) {
  const std::string path = masking() + "/test";
  EXPECT_EQ(admin("POST", path, {{"text", "a@b.io"}}).json["text"], "a@b.io");
  EXPECT_EQ(admin("POST", path, example("masking_test.request.json")).json, example("masking_test.response.200.json"));
  set_rules(json::array({kEmail}));
  EXPECT_EQ(admin("POST", path, {{"text", "a@b.io"}}).json["text"], "[EMAIL]");
  EXPECT_EQ(admin("POST", path, {{"text", 1}}).message(), "text must be a string");
}

TEST_F(PoliciesTest, SpansAreMaskedBeforeTheyAreStored) {
  set_rules(json::array({kEmail}));
  store(span(1, {{"output", "to a@b.io"}}));
  ASSERT_EQ(post("/api/v1/spans/batch", {span(2, {{"error", "a@b.io"}}), span(3, {{"attributes", {{"k", "a@b.io"}}}})})
                .status,
            200);
  for (const auto& one : spans.all()) {
    EXPECT_EQ(span::to_json(one.span).find('@'), std::string::npos) << span::to_json(one.span);
  }
  EXPECT_EQ(get("/api/v1/spans/" + span_id(1)).json["output"], "to [EMAIL]");
}

TEST_F(PoliciesTest, LargeSpansAreMaskedOnAWorker) {
  set_rules(json::array({kEmail}));
  store(span(1, {{"output", std::string(300'000, ' ') + "a@b.io"}}));
  EXPECT_EQ(spans.all()[0].span.output->find('@'), std::string::npos);
}

TEST_F(PoliciesTest, EventsOfOpenTelemetryAreMaskedAsTheirProject) {
  set_rules(json::array({kEmail}));
  EXPECT_NE(api.policies.masker(ingest::otlp::events_project(project)), nullptr);
  EXPECT_EQ(api.policies.masker("prj_0000000000000000"), nullptr);
}

json days_ago(const ApiServer& api, int64_t days) {
  return format_rfc3339_millis({api.clock.now().micros - days * 86'400'000'000});
}

TEST_F(PoliciesTest, SpansPastTheRetentionGoWithTheirEvaluations) {
  for (const int age : {10, 40}) {
    store(span(age, {{"startTime", days_ago(api, age)}}));
    post("/api/v1/spans/" + span_id(age) + "/evaluations", {{"evaluatorKey", "quality"}, {"value", 1}});
  }
  json state = get("/api/v1/retention").json;
  EXPECT_EQ(state["days"], nullptr);
  EXPECT_EQ(state["serverDays"], nullptr);
  EXPECT_EQ(state["oldestSpan"], days_ago(api, 40));
  EXPECT_EQ(state["spansPastRetention"], 0);
  ASSERT_TRUE(api.policies.set_retention_days(project, 30));
  EXPECT_EQ(get("/api/v1/retention").json["spansPastRetention"], 1);
  api.retention.run();
  EXPECT_EQ(stored(), 1u);
  EXPECT_EQ(api.control.evaluations_after("", 10)->size(), 1u);
  EXPECT_EQ(get("/api/v1/retention").json["spansPastRetention"], 0);
  EXPECT_EQ(get("/api/v1/retention").json["oldestSpan"], days_ago(api, 10));
}

TEST_F(PoliciesTest, TheRetentionOfOneProjectLeavesTheOthersAlone) {
  ASSERT_TRUE(api.control.put_project({"prj_other", "Other", api.clock.now()}));
  api.cache.put_project({"prj_other", "Other", api.clock.now()});
  store(span(1, {{"startTime", days_ago(api, 40)}}));
  ASSERT_TRUE(api.policies.set_retention_days("prj_other", 1));
  api.retention.run();
  EXPECT_EQ(stored(), 1u);
  api.config.retention_days = 30;  // the server's own holds for all
  EXPECT_EQ(get("/api/v1/retention").json["serverDays"], 30);
  EXPECT_EQ(get("/api/v1/retention").json["spansPastRetention"], 1);
  api.retention.run();
  EXPECT_EQ(stored(), 0u);
}

TEST_F(PoliciesTest, EvaluationsOfSpansThatWentWithTheirSegmentAreSwept) {
  ASSERT_TRUE(
      api.control.put_evaluation({.id = "evl_1", .project_id = project, .span_id = "sp_gone", .trace_id = "tr_1"}));
  ASSERT_TRUE(api.policies.set_retention_days(project, 30));
  api.retention.run();
  EXPECT_TRUE(api.control.evaluations_after("", 10)->empty());
}

TEST_F(PoliciesTest, AUsersSpansAreForgotten) {
  for (int i = 1; i <= 3; ++i) store(span(i, {{"userId", i == 3 ? "bob" : "ada/1 ü"}}));
  post("/api/v1/spans/" + span_id(1) + "/evaluations", {{"evaluatorKey", "quality"}, {"value", 1}});
  const ApiAnswer deleted = del("/api/v1/users/ada%2F1%20%C3%BC/spans");
  EXPECT_EQ(deleted.status, 200) << deleted.body;
  EXPECT_EQ(deleted.json, (json{{"deleted", 2}, {"complete", true}}));
  EXPECT_EQ(stored(), 1u);
  EXPECT_TRUE(api.control.evaluations_after("", 10)->empty());
  EXPECT_EQ(del("/api/v1/users/ada%2F1%20%C3%BC/spans").json, (json{{"deleted", 0}, {"complete", true}}));
}

TEST_F(PoliciesTest, WithoutTimeAUserIsForgottenStepByStep) {
  json batch = json::array();
  for (int i = 1; i <= 1100; ++i) batch.push_back(span(i, {{"userId", "ada"}}));
  for (size_t i = 0; i < batch.size(); i += 500) {
    json part(batch.begin() + static_cast<ptrdiff_t>(i),
              batch.begin() + static_cast<ptrdiff_t>(std::min(i + 500, batch.size())));
    ASSERT_EQ(post("/api/v1/spans/batch", part).status, 200);
  }
  std::vector<std::pair<uint64_t, bool>> steps;
  for (int i = 0; i < 3; ++i) {
    const auto deleted = api.retention.delete_user(project, "ada", Millis(0));
    steps.emplace_back(deleted->spans, deleted->complete);
  }
  EXPECT_EQ(steps, (std::vector<std::pair<uint64_t, bool>>{{500, false}, {500, false}, {100, true}}));
}

TEST_F(PoliciesTest, AFailingDiskLosesNothingAndARepeatFinishes) {
  store(span(1, {{"userId", "ada"}}));
  post("/api/v1/spans/" + span_id(1) + "/evaluations", {{"evaluatorKey", "quality"}, {"value", 1}});
  api.control.fail_writes = true;
  EXPECT_EQ(del("/api/v1/users/ada/spans").status, 503);
  EXPECT_EQ(stored(), 1u);
  api.control.fail_writes = false;
  EXPECT_EQ(del("/api/v1/users/ada/spans").json["deleted"], 1);
}

}  // namespace
}  // namespace tracia::routes
