#include "analytics_answer.h"
#include "spans_server.h"

namespace tracia::routes {
namespace {

using Analytics = SpansTest;

json timed(const std::string& start) { return {{"startTime", start}}; }

TEST_F(Analytics, RowsGoByBucketAndGroup) {
  put_prompt("prm_1", "welcome");
  store(span(1, {{"startTime", "2026-11-18T20:00:00Z"}, {"promptSlug", "welcome"}, {"promptVersion", 2}}));
  store(span(2, {{"startTime", "2026-11-18T22:00:00Z"}, {"promptSlug", "mine"}}));
  store(span(3, {{"startTime", "2026-11-18T18:00:00Z"}, {"promptSlug", "welcome"}, {"promptVersion", 2}}));
  const json answer = get("/api/v1/analytics?groupBy=prompt,version&bucket=day&utcOffsetMinutes=330&measures=requests"
                          "&startDate=2026-11-01&endDate=2026-11-30")
                          .json;
  const json known = {{"prompt", "welcome"}, {"promptId", "prm_1"}, {"version", 2}};
  const json given = {{"prompt", "mine"}, {"promptId", nullptr}, {"version", nullptr}};
  const auto row = [](const char* bucket, const json& group, int requests) {
    return json{{"bucket", bucket}, {"group", group}, {"rest", false}, {"requests", requests}};
  };
  EXPECT_EQ(answer["rows"],
            json::array({row("2026-11-17T18:30:00.000000Z", known, 1), row("2026-11-18T18:30:00.000000Z", known, 1),
                         row("2026-11-18T18:30:00.000000Z", given, 1)}));
  EXPECT_EQ(answer["total"], json({{"requests", 3}}));
  EXPECT_EQ(answer["complete"], true);
}

TEST_F(Analytics, TheExamplesHaveTheMembersThatAreAnswered) {
  store(span(1, timed("2026-11-20T10:00:00Z")));
  const json wanted = example("analytics.response.200.json");
  const json answer = get("/api/v1/analytics?groupBy=model&startDate=2026-11-20&endDate=2026-11-21").json;
  EXPECT_EQ(names(answer), names(wanted));
  EXPECT_EQ(names(answer["rows"][0]), names(wanted["rows"][0]));
  EXPECT_EQ(names(answer["total"]), names(wanted["total"]));
}

TEST_F(Analytics, CsvHasTheLinesOfTheExample) {
  store(span(1, timed("2026-11-20T10:00:00Z")));
  const auto head = [](const std::string& text) { return text.substr(0, text.find("\r\n")); };
  const std::string wanted = head(example_text("analytics.response.200.csv"));
  const ApiAnswer answer =
      get("/api/v1/analytics?groupBy=model&bucket=day&format=csv&startDate=2026-11-20&endDate=2026-11-21");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(head(answer.body), wanted.substr(0, wanted.find(",evaluation:")));
}

TEST_F(Analytics, TheRestIsOneRowOfEachBucket) {
  for (int i = 1; i <= 3; ++i) store(span(i, {{"model", "m" + std::to_string(i)}}));
  const json answer = get("/api/v1/analytics?groupBy=model&limit=1&startDate=2000-01-01").json;
  ASSERT_EQ(answer["rows"].size(), 2u);
  EXPECT_EQ(answer["rows"][1]["group"], nullptr);
  EXPECT_EQ(answer["rows"][1]["requests"], 2);
  EXPECT_EQ(answer["groupsRest"], 2);
}

TEST_F(Analytics, WhatMakesNoSenseIsRefused) {
  for (const char* query : {"groupBy=colour", "groupBy=model,,user", "groupBy=model,model", "bucket=year", "measures=x",
                            "limit=0", "format=xml", "utcOffsetMinutes=x", "bucket=minute", "startDate=x"}) {
    EXPECT_EQ(get(std::string("/api/v1/analytics?") + query).status, 400) << query;
  }
}

}  // namespace
}  // namespace tracia::routes
