// Deleting a project: what goes at once, what goes in the background, and what stays.
#include "spans_server.h"
#include "tracia/ingest/otlp.h"

namespace tracia::routes {
namespace {

class ProjectsTest : public SpansTest {
 protected:
  ProjectsTest() {
    second = api.send("POST", "/api/v1/projects", {{"name", "Second"}}, owner).json["id"];
    wire::Headers inside = owner;
    inside.add("X-Tracia-Project", second);
    key = api.send("POST", "/api/v1/api-keys", {{"name", "of it"}}, inside).json["key"];
  }
  ApiAnswer remove(const std::string& id, const std::string& name = "Second") {
    return api.send("DELETE", "/api/v1/projects/" + id + "?name=" + name, std::string(), owner);
  }
  ApiAnswer post_second(const json& body) { return api.send("POST", "/api/v1/spans", body, ApiServer::with_key(key)); }
  // The run that a deletion asks for may be under way on a worker; it looks again when it is asked meanwhile.
  void run_retention(size_t spans_left) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    do api.retention.run();
    while (spans.all().size() > spans_left && std::chrono::steady_clock::now() < deadline);
  }

  std::string second, key;
};

TEST_F(ProjectsTest, ADeletedProjectIsGoneAtOnceAndItsSpansAfterIt) {
  store(span(1));
  ASSERT_EQ(post_second(span(2)).status, 201);
  ASSERT_EQ(post_second(span(3)).status, 201);
  ASSERT_TRUE(api.control.put_evaluation({.id = "evl_1", .project_id = second, .span_id = span_id(2)}));
  ASSERT_TRUE(api.control.put_evaluation({.id = "evl_2", .project_id = project, .span_id = span_id(1)}));
  EXPECT_EQ(remove(second).json, (json{{"success", true}}));
  EXPECT_EQ(post_second(span(4)).status, 401);
  EXPECT_EQ(remove(second).status, 404);
  EXPECT_EQ(api.send("GET", "/api/v1/projects", std::string(), owner).json["projects"].size(), 1u);
  run_retention(1);
  EXPECT_EQ(ids(get("/api/v1/spans")), std::vector<std::string>{span_id(1)});
  EXPECT_EQ(spans.all().size(), 1u);
  const auto evaluations = api.control.evaluations_after("", 10);
  ASSERT_EQ(evaluations->size(), 1u);
  EXPECT_EQ(evaluations->front().id, "evl_2");
}

TEST_F(ProjectsTest, WhatAnUnderwayCallStoresLateIsRefusedAndWhatSlippedThroughGoesToo) {
  ASSERT_EQ(remove(second).status, 200);
  store::NewSpan late;
  late.project_id = second;
  late.span.span_id = span_id(1);
  late.span.trace_id = "tr_1";
  late.span.start_time = api.clock.now();
  std::optional<ErrorCode> refused;
  const auto note = [&](Result<std::vector<store::Appended>> result) {
    refused = result ? std::nullopt : std::optional(result.error().code);
  };
  masked.append({late}, note);
  EXPECT_EQ(refused, ErrorCode::kUnauthorized);
  store::NewSpan event = late;
  event.project_id = ingest::otlp::events_project(second);
  masked.append({event}, note);
  EXPECT_EQ(refused, ErrorCode::kUnauthorized);
  // Accepted before the deletion, written after it.
  spans.append({late, event}, [](auto) {});
  ASSERT_EQ(spans.all().size(), 2u);
  run_retention(0);
  EXPECT_TRUE(spans.all().empty());
  EXPECT_EQ(api.control.removed_projects()->size(), 1u);
  api.clock.advance(service::kRemovedProjectKeptFor + Millis(1));
  run_retention(0);
  EXPECT_TRUE(api.control.removed_projects()->empty());
}

TEST_F(ProjectsTest, ADiskThatFailsLeavesTheProjectAsItWas) {
  api.control.fail_writes = true;
  EXPECT_EQ(remove(second).status, 503);
  api.control.fail_writes = false;
  EXPECT_EQ(post_second(span(1)).status, 201);
  EXPECT_EQ(remove(second).status, 200);
}

TEST_F(ProjectsTest, TheNameConfirmsAndTheFirstProjectStays) {
  EXPECT_EQ(remove(second, "second").status, 400);
  EXPECT_EQ(api.send("DELETE", "/api/v1/projects/" + second, std::string(), owner).status, 400);
  const ApiAnswer first = remove(project, api.cache.project(project)->name);
  EXPECT_EQ(first.status, 409);
  EXPECT_NE(first.message().find("first project"), std::string::npos);
  EXPECT_EQ(
      api.send("DELETE", "/api/v1/projects/" + second + "?name=Second", std::string(), ApiServer::with_key(key)).status,
      403);
  EXPECT_EQ(post_second(span(1)).status, 201);
}

}  // namespace
}  // namespace tracia::routes
