// The fake server as the Tracia API, and the examples that it answers from.
#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>

#include "fake_server.h"
#include "test_client.h"
#include "tracia/json/reader.h"

namespace tracia::testing {
namespace {

const std::string kExamples = std::string(TRACIA_SOURCE_DIR) + "/api/examples";

// Rows of `text` that begin with `prefix`, without it.
std::vector<std::string> rows(const std::string& text, std::string_view prefix) {
  std::vector<std::string> found;
  std::stringstream stream(text);
  for (std::string row; std::getline(stream, row);) {
    if (row.starts_with(prefix)) found.push_back(row.substr(prefix.size()));
  }
  return found;
}

TEST(ApiExamples, EveryFileIsValidJson) {
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kExamples)) {
    const std::string name = entry.path().filename().string();
    const std::string ending = entry.path().extension().string();
    SCOPED_TRACE(name);
    const std::string text = read_example(kExamples, name);
    ++files;
    if (ending == ".json") {
      EXPECT_TRUE(json::is_valid(text));
      continue;
    }
    if (ending == ".txt" || ending == ".yaml" || ending == ".csv") continue;  // not JSON, and not said to be
    ASSERT_TRUE(ending == ".sse" || ending == ".ndjson");
    const auto values = rows(text, ending == ".sse" ? "data: " : "");
    EXPECT_FALSE(values.empty());
    // OpenAI's streams end with a word that is no JSON.
    for (const std::string& value : values) EXPECT_TRUE(value == "[DONE]" || json::is_valid(value)) << value;
  }
  EXPECT_GT(files, 50u);
}

class FakeApiTest : public ::testing::Test {
 protected:
  FakeApiTest() { server_.serve_api_examples(kExamples); }

  // The status; the body is in body_.
  int call(std::string_view method, std::string_view target, std::string_view body = "",
           std::string_view headers = "Authorization: Bearer tr_test\r\n") {
    answer_ = TestClient(server_.port()).request(method, target, body, headers).read_response();
    body_ = body_of(answer_);
    return answer_.size() > 12 ? std::stoi(answer_.substr(9, 3)) : 0;
  }
  json::Value json() {
    auto value = document_.parse(body_);
    EXPECT_TRUE(value) << body_;
    return value ? *value : json::Value();
  }
  std::string example(const std::string& name) { return read_example(kExamples, name); }
  std::string error_code() { return json()["error"]["code"].text(); }

  FakeServer server_;
  json::Document document_;
  std::string answer_, body_;
};

TEST_F(FakeApiTest, NeedsAnApiKey) {
  EXPECT_EQ(call("GET", "/api/v1/prompts", "", ""), 401);
  EXPECT_EQ(error_code(), "UNAUTHORIZED");
  EXPECT_EQ(call("GET", "/api/v1/prompts", "", "authorization: Bearer sk-1\r\n"), 401);
  EXPECT_EQ(call("GET", "/healthz", "", ""), 200);
  EXPECT_EQ(call("GET", "/readyz", "", ""), 200);
}

TEST_F(FakeApiTest, AnswersExamples) {
  const std::pair<const char*, const char*> gets[] = {
      {"/api/v1/prompts", "prompts_list.response.200.json"},
      {"/api/v1/prompts/welcome-email", "prompts_get.response.200.json"},
      {"/api/v1/prompts/welcome-email/versions", "prompts_versions_list.response.200.json"},
      {"/api/v1/prompts/welcome-email/version", "prompts_versions_get.response.200.json"},
      {"/api/v1/spans", "spans_list.response.200.json"},
      {"/api/v1/spans?cursor=x", "spans_list_last_page.response.200.json"},
      {"/api/v1/spans/sp_8a21f6c04be9d375", "span_get.response.200.json"},
      {"/api/v1/spans/sp_8a21f6c04be9d375/evaluations", "evaluations_list.response.200.json"},
      {"/api/v1/traces", "traces_list.response.200.json"},
      {"/api/v1/traces/tr_a3c5e7f90b1d2846", "trace_get.response.200.json"},
      {"/api/v1/sessions", "sessions_list.response.200.json"},
      {"/api/v1/users", "users_list.response.200.json"},
  };
  for (const auto& [path, name] : gets) {
    EXPECT_EQ(call("GET", path), 200) << path;
    EXPECT_EQ(body_, example(name)) << path;
  }
}

TEST_F(FakeApiTest, ChangesPrompts) {
  EXPECT_EQ(call("POST", "/api/v1/prompts", example("prompts_create.request.json")), 201);
  EXPECT_EQ(call("POST", "/api/v1/prompts", R"({"content":[]})"), 400);
  EXPECT_EQ(call("POST", "/api/v1/prompts", R"({"name":"a","slug":"welcome-email","content":[{}]})"), 409);
  EXPECT_EQ(call("PUT", "/api/v1/prompts/welcome-email", example("prompts_update.request.json")), 200);
  EXPECT_EQ(call("PUT", "/api/v1/prompts/welcome-email", R"({"baseVersion":1})"), 409);
  EXPECT_EQ(json()["error"]["currentVersion"].integer(), 3);
  EXPECT_EQ(call("PUT", "/api/v1/prompts/none", "{}"), 404);
  EXPECT_EQ(call("DELETE", "/api/v1/prompts/welcome-email"), 200);
  EXPECT_EQ(call("GET", "/api/v1/prompts/welcome-email/versions/1"), 200);
  EXPECT_EQ(json()["version"].integer(), 1);
  EXPECT_EQ(call("GET", "/api/v1/prompts/welcome-email/versions/9"), 404);
  EXPECT_EQ(call("POST", "/api/v1/prompts/welcome-email/versions/2/restore", "{}"), 200);
  EXPECT_EQ(call("PUT", "/api/v1/prompts/welcome-email/labels/production", R"({"version":3})"), 200);
  EXPECT_EQ(call("DELETE", "/api/v1/prompts/welcome-email/labels/production"), 409);
  EXPECT_EQ(call("DELETE", "/api/v1/prompts/welcome-email/labels/staging"), 200);
  EXPECT_EQ(call("POST", "/api/v1/prompts/welcome-email/render", "{}"), 200);
}

TEST_F(FakeApiTest, RunsPrompts) {
  EXPECT_EQ(call("POST", "/api/v1/prompts/welcome-email/run", example("prompts_run.request.json")), 200);
  EXPECT_EQ(json()["finishReason"].text(), "stop");
  EXPECT_EQ(call("POST", "/api/v1/prompts/assistant/run", R"({"variables":{"question":"?"}})"), 200);
  EXPECT_EQ(json()["finishReason"].text(), "tool_calls");
  EXPECT_EQ(call("POST", "/api/v1/prompts/ticket-triage/run", "{}"), 200);
  EXPECT_TRUE(json()["structuredOutput"].is_object());
  EXPECT_EQ(call("POST", "/api/v1/prompts/welcome-email/run", "{}"), 400);
  EXPECT_EQ(error_code(), "MISSING_VARIABLES");
  EXPECT_EQ(call("POST", "/api/v1/prompts/assistant/run", R"({"version":9})"), 404);
  EXPECT_EQ(call("POST", "/api/v1/prompts/none/run"), 404);
  EXPECT_EQ(call("POST", "/api/v1/run", example("run.request.json")), 200);
  EXPECT_EQ(call("POST", "/api/v1/run", "{}"), 400);
}

TEST_F(FakeApiTest, StreamsRuns) {
  TestClient client(server_.port());
  client.request("POST", "/api/v1/prompts/welcome-email/run", example("prompts_run_stream.request.json"));
  const std::string answer = client.read("0\r\n\r\n");
  EXPECT_NE(answer.find("Content-Type: text/event-stream\r\n"), std::string::npos);
  EXPECT_NE(answer.find("event: delta\n"), std::string::npos);
  EXPECT_NE(answer.find("event: done\n"), std::string::npos);
}

TEST_F(FakeApiTest, KeepsSpans) {
  const std::string span = example("span_create_minimal.request.json");
  EXPECT_EQ(call("POST", "/api/v1/spans", span), 201);
  EXPECT_EQ(json()["spanId"].text(), "sp_1b7e05d9c3a8f462");
  EXPECT_EQ(json()["traceId"].text(), "tr_1b7e05d9c3a8f462");  // from the span's own digits
  EXPECT_EQ(call("POST", "/api/v1/spans", span), 200);
  ASSERT_EQ(server_.stored_spans().size(), 1u);

  EXPECT_EQ(call("GET", "/api/v1/spans/SP_1B7E05D9C3A8F462"), 200);
  EXPECT_EQ(json()["output"].text(), "Hello! How can I help?");
  EXPECT_EQ(json()["spanKind"].text(), "LLM");
  EXPECT_TRUE(json()["userId"].is_null());
  EXPECT_TRUE(json()["tags"].is_array());
  EXPECT_EQ(call("DELETE", "/api/v1/spans/sp_1b7e05d9c3a8f462"), 200);
  EXPECT_EQ(call("GET", "/api/v1/spans/sp_1b7e05d9c3a8f462"), 404);
  EXPECT_EQ(call("DELETE", "/api/v1/spans/sp_1b7e05d9c3a8f462"), 404);
}

TEST_F(FakeApiTest, RefusesInvalidSpans) {
  EXPECT_EQ(call("POST", "/api/v1/spans", "[]"), 400);
  EXPECT_EQ(call("POST", "/api/v1/spans", R"({"model":"gpt-4o"})"), 400);
  EXPECT_EQ(json()["error"]["message"].text(), "Missing required field: spanId");
  EXPECT_EQ(
      call("POST", "/api/v1/spans", R"({"spanId":"x","spanKind":"TOOL","input":{},"status":"SUCCESS","latencyMs":1})"),
      400);
  EXPECT_TRUE(server_.stored_spans().empty());
}

TEST_F(FakeApiTest, CountsABatch) {
  EXPECT_EQ(call("POST", "/api/v1/spans/batch", example("spans_batch.request.json")), 200);
  EXPECT_EQ(json()["accepted"].integer(), 3);
  EXPECT_EQ(call("POST", "/api/v1/spans/batch", example("spans_batch.request.ndjson"),
                 "Authorization: Bearer tr_x\r\nContent-Type: application/x-ndjson\r\n"),
            200);
  EXPECT_EQ(json()["accepted"].integer(), 1);
  EXPECT_EQ(json()["duplicates"].integer(), 2);
  EXPECT_EQ(json()["rejected"].size(), 0u);
  EXPECT_EQ(server_.stored_spans().size(), 4u);
}

TEST_F(FakeApiTest, RejectsSinglyInABatch) {
  EXPECT_EQ(call("POST", "/api/v1/spans/batch", example("spans_batch_partly_invalid.request.json")), 200);
  EXPECT_EQ(json::canonical(body_).value(),
            json::canonical(example("spans_batch_partly_invalid.response.200.json")).value());
  EXPECT_EQ(call("POST", "/api/v1/spans/batch", R"({"spans":[]})"), 400);
  std::string many = "[";
  for (int i = 0; i < 1001; ++i) many += i == 0 ? "1" : ",1";
  EXPECT_EQ(call("POST", "/api/v1/spans/batch", many + "]"), 413);
}

TEST_F(FakeApiTest, EvaluatesSpans) {
  const std::string path = "/api/v1/spans/sp_8a21f6c04be9d375/evaluations";
  EXPECT_EQ(call("POST", path, R"({"evaluatorKey":"quality","value":0})"), 201);
  EXPECT_EQ(json()["value"].integer(), 0);
  EXPECT_TRUE(json()["note"].is_null());
  EXPECT_EQ(call("POST", path, R"({"evaluatorKey":"quality","value":"good"})"), 400);
  EXPECT_EQ(call("POST", "/api/v1/spans/sp_0000000000000000/evaluations", R"({"evaluatorKey":"quality","value":1})"),
            404);
}

TEST_F(FakeApiTest, ChecksTheLimit) {
  for (const char* limit : {"0", "101", "ten", "", "-1"}) {
    EXPECT_EQ(call("GET", std::string("/api/v1/spans?limit=") + limit), 400) << limit;
  }
  EXPECT_EQ(call("GET", "/api/v1/spans?limit=100"), 200);
}

TEST_F(FakeApiTest, TailStaysOpen) {
  TestClient client(server_.port());
  const std::string answer = client.request("GET", "/api/v1/spans/tail").read("", std::chrono::milliseconds(80));
  EXPECT_NE(answer.find("event: span\n"), std::string::npos);
  EXPECT_FALSE(client.ended());
}

TEST_F(FakeApiTest, IsOverridden) {
  server_.on_sequence("POST", "/api/v1/spans",
                      {example_response(kExamples, "error.rate_limited.429.json"),
                       example_response(kExamples, "span_create.response.201.json")});
  EXPECT_EQ(call("POST", "/api/v1/spans", "{}"), 429);
  EXPECT_NE(answer_.find("Retry-After: 2\r\n"), std::string::npos);
  EXPECT_EQ(call("POST", "/api/v1/spans", "{}"), 201);
}

TEST(FakeApi, NamesAMissingExample) {
  FakeServer server;
  EXPECT_THROW(server.serve_api_examples("/nonexistent"), std::runtime_error);
  EXPECT_THROW(example_response(kExamples, "none.json"), std::runtime_error);
}

}  // namespace
}  // namespace tracia::testing
