// The simulator over its socket: protocols, refusals, faults, the request log.
#include "tracia/simulate/simulator.h"

#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "../../http/test/raw_client.h"

namespace tracia::simulate {
namespace {

using nlohmann::json;

struct Answer {
  int status = 0;
  std::string head, body;
  bool reset = false;
  json parsed() const { return json::parse(body, nullptr, false); }
};

class SimulatorTest : public testing::Test {
 protected:
  void start(SimulatorOptions options = {}) {
    options.listen = "127.0.0.1:0";
    simulator_ = std::make_unique<Simulator>(std::move(options));
    ASSERT_TRUE(simulator_->start().has_value());
    const std::string url = simulator_->base_url();
    port_ = static_cast<uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
  }
  // One request on its own connection. Chunked bodies are joined roughly: chunk sizes stay in the text.
  Answer call(std::string_view method, std::string_view path, std::string_view headers, std::string_view body) {
    http::RawClient client(port_);
    std::string request = std::string(method) + " " + std::string(path) +
                          " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n" + std::string(headers);
    request += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
    client.send(request);
    const std::string all = client.read_all();
    Answer answer;
    const size_t end = all.find("\r\n\r\n");
    answer.head = all.substr(0, end);
    answer.body = end == std::string::npos ? "" : all.substr(end + 4);
    answer.status = all.size() > 12 ? std::stoi(all.substr(9, 3)) : 0;
    answer.reset = client.reset();
    return answer;
  }
  Answer openai(std::string_view body, std::string_view headers = "") {
    return call("POST", "/v1/chat/completions", "Authorization: Bearer k\r\n" + std::string(headers), body);
  }
  std::unique_ptr<Simulator> simulator_;
  uint16_t port_ = 0;
};

constexpr std::string_view kHello =
    R"({"model":"gpt-4o","messages":[{"role":"user","content":"Tell me about old bridges"}]})";
constexpr std::string_view kHelloStream =
    R"({"model":"gpt-4o","stream":true,"messages":[{"role":"user","content":"Tell me about old bridges"}]})";

TEST_F(SimulatorTest, the_seed_and_the_request_decide_the_answer) {
  start({.seed = 1});
  const Answer first = openai(kHello), again = openai(kHello);
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.body, again.body);
  start({.seed = 2});
  EXPECT_NE(openai(kHello).body, first.body);
  EXPECT_NE(first.parsed()["choices"][0]["message"]["content"].get<std::string>().find("old bridges"),
            std::string::npos);
}

TEST_F(SimulatorTest, refuses_in_each_vendors_shape) {
  start();
  const Answer no_key = call("POST", "/v1/chat/completions", "", kHello);
  EXPECT_EQ(no_key.status, 401);
  EXPECT_EQ(no_key.parsed()["error"]["type"], "invalid_request_error");
  const Answer claude =
      call("POST", "/v1/messages", "x-api-key: k\r\n", R"({"model":"claude","max_tokens":5,"messages":[]})");
  EXPECT_EQ(claude.status, 400);
  EXPECT_EQ(claude.parsed()["error"]["message"], "anthropic-version: header is required");
  const Answer gemini = call("POST", "/v1beta/models/gemini-nonexistent:generateContent?key=k", "",
                             R"({"contents":[{"parts":[{"text":"x"}]}]})");
  EXPECT_EQ(gemini.status, 404);
  EXPECT_EQ(gemini.parsed()["error"]["status"], "NOT_FOUND");
  const Answer aws = call("POST", "/model/m/converse", "", "{}");
  EXPECT_EQ(aws.status, 403);
  EXPECT_NE(aws.head.find("x-amzn-ErrorType: MissingAuthenticationTokenException"), std::string::npos);
  const Answer voyage =
      call("POST", "/v1/embeddings", "Authorization: Bearer k\r\n", R"({"model":"voyage-nonexistent","input":"x"})");
  EXPECT_EQ(voyage.status, 400);
  EXPECT_TRUE(voyage.parsed()["detail"].is_string());
  EXPECT_EQ(openai("{").status, 400);
  EXPECT_EQ(call("GET", "/v1/chat/completions", "Authorization: Bearer k\r\n", "").status, 405);
  EXPECT_EQ(call("POST", "/v1/unknown", "Authorization: Bearer k\r\n", "{}").status, 404);
}

TEST_F(SimulatorTest, only_the_required_key_is_let_in) {
  start({.require_key = "good"});
  EXPECT_EQ(openai(kHello).status, 401);
  EXPECT_EQ(call("POST", "/v1/chat/completions", "Authorization: Bearer good\r\n", kHello).status, 200);
}

TEST_F(SimulatorTest, gemini_streams_sse_with_crlf_or_one_json_array) {
  start();
  const std::string body = R"({"contents":[{"parts":[{"text":"Tell me of tea"}]}]})";
  const Answer sse =
      call("POST", "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse", "x-goog-api-key: k\r\n", body);
  EXPECT_NE(sse.body.find("}\r\n\r\n"), std::string::npos);
  const Answer array =
      call("POST", "/v1beta/models/gemini-2.5-flash:streamGenerateContent", "x-goog-api-key: k\r\n", body);
  EXPECT_EQ(array.body.find("data: "), std::string::npos);
  const Answer unknown = call("POST", "/v1beta/models/gemini-2.5-flash:generateContent", "x-goog-api-key: k\r\n",
                              R"({"contents":[{"parts":[{"text":"x"}]}],"max_tokens":5})");
  EXPECT_EQ(unknown.status, 400);
  EXPECT_NE(unknown.body.find("Unknown name \\\"max_tokens\\\""), std::string::npos) << unknown.body;
}

TEST_F(SimulatorTest, the_header_asks_for_faults) {
  start();
  const Answer limited = openai(kHello, "x-simulate: status=429;retry-after=7\r\n");
  EXPECT_EQ(limited.status, 429);
  EXPECT_NE(limited.head.find("retry-after: 7"), std::string::npos) << limited.head;
  const Answer cut = openai(kHello, "x-simulate: cut\r\n");
  EXPECT_TRUE(cut.reset);
  EXPECT_FALSE(cut.body.empty());
  const Answer cut_stream = openai(kHelloStream, "x-simulate: cut\r\n");
  EXPECT_TRUE(cut_stream.reset);
  EXPECT_EQ(cut_stream.body.find("[DONE]"), std::string::npos);
  EXPECT_TRUE(openai(kHello, "x-simulate: malformed\r\n").parsed().is_discarded());
  EXPECT_NE(openai(kHelloStream, "x-simulate: malformed\r\n").body.find("<html>"), std::string::npos);
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(openai(kHello, "x-simulate: slow=150ms\r\n").status, 200);
  EXPECT_GE(std::chrono::steady_clock::now() - before, Millis(150));
  const Answer typo = openai(kHello, "x-simulate: statsu=429\r\n");
  EXPECT_EQ(typo.status, 400);
  EXPECT_NE(typo.body.find("statsu"), std::string::npos);
}

TEST_F(SimulatorTest, a_stall_sends_half_and_keeps_the_connection) {
  start();
  http::RawClient client(port_);
  client.send(
      "POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer k\r\nx-simulate: "
      "stall\r\nContent-Length: " +
      std::to_string(kHelloStream.size()) + "\r\n\r\n" + std::string(kHelloStream));
  EXPECT_NE(client.read_until("data: ").find("200 OK"), std::string::npos);
  simulator_->stop();
  EXPECT_EQ(client.read_all().find("[DONE]"), std::string::npos);
}

TEST_F(SimulatorTest, rates_are_met_and_fall_on_the_same_requests) {
  start({.seed = 3, .fail_status = {{500, 0.3}}});
  int failed = 0;
  for (int i = 0; i < 200; ++i) {
    const std::string body =
        R"({"model":"gpt-4o","messages":[{"role":"user","content":"n )" + std::to_string(i) + "\"}]}";
    const int status = openai(body).status;
    EXPECT_EQ(openai(body).status, status);
    failed += status == 500 ? 1 : 0;
  }
  EXPECT_GT(failed, 35);
  EXPECT_LT(failed, 85);
}

TEST_F(SimulatorTest, fail_first_counts_by_body) {
  start({.fail_first = 2});
  EXPECT_EQ(openai(kHello).status, 503);
  EXPECT_EQ(openai(kHello).status, 503);
  EXPECT_EQ(openai(kHello).status, 200);
  EXPECT_EQ(openai(R"({"model":"gpt-4o","messages":[{"role":"user","content":"other"}]})").status, 503);
}

TEST_F(SimulatorTest, what_was_received_can_be_read_with_credentials_masked) {
  start({.ring_requests = 2});
  openai(kHello);
  openai(kHello, "X-Trace: 1\r\n");
  call("POST", "/v1beta/models/gemini-2.5-flash:generateContent?key=AIzaSecretSecretSecretSecretSecretSecret1",
       "x-api-key: sk-secret\r\n", "{}");
  const Answer log = call("GET", "/_simulator/requests", "", "");
  const json entries = log.parsed();
  EXPECT_EQ(entries["received"], 3);
  ASSERT_EQ(entries["requests"].size(), 2u);
  EXPECT_EQ(entries["requests"][0]["headers"]["authorization"], "Bearer [REDACTED]");
  EXPECT_EQ(entries["requests"][0]["headers"]["x-trace"], "1");
  EXPECT_EQ(entries["requests"][0]["body"]["model"], "gpt-4o");
  EXPECT_EQ(log.body.find("ecret"), std::string::npos) << log.body;
  EXPECT_EQ(call("DELETE", "/_simulator/requests", "", "").status, 204);
  EXPECT_TRUE(call("GET", "/_simulator/requests", "", "").parsed()["requests"].empty());
}

TEST_F(SimulatorTest, long_prompts_report_cached_tokens_when_asked) {
  start({.cache = true});
  const std::string body =
      R"({"model":"gpt-4o","messages":[{"role":"user","content":")" + std::string(8000, 'x') + "\"}]}";
  const json usage = openai(body).parsed()["usage"];
  EXPECT_GE(usage["prompt_tokens_details"]["cached_tokens"], 1024);
  EXPECT_EQ(openai(kHello).parsed()["usage"]["prompt_tokens_details"]["cached_tokens"], 0);
}

TEST_F(SimulatorTest, no_body_makes_it_fall) {
  start();
  for (const std::string_view path :
       {"/v1/chat/completions", "/v1/responses", "/v1/embeddings", "/v1/messages", "/v1/messages/count_tokens",
        "/v1beta/models/g:generateContent", "/v1beta/models/g:streamGenerateContent", "/v1beta/models/g:embedContent",
        "/v1beta/models/g:batchEmbedContents", "/v1beta/models/:x", "/v1/models/", "/model/m/converse",
        "/model/m/converse-stream", "/model/amazon.titan-embed-text-v2:0/invoke", "/model/cohere.embed-v4:0/invoke",
        "/model//", "/model/", "/%ff%zz"}) {
    for (
        const std::string_view body :
        {"", "null", "[]", "{}", R"({"model":5,"messages":5,"input":5,"contents":5,"tools":5})",
         R"({"model":"m","max_tokens":9,"messages":[null,5,{"role":null},{"role":"user","content":[null,5,{"type":5}]}],"input":[null,5,{"type":5}],"contents":[null],"requests":[null],"texts":[null]})",
         R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":""}],"input":[{"role":"user","content":[{}]}],"tools":[null,{"type":"function"},{"type":"function","function":{"name":""}}]})",
         R"({"model":"m","max_tokens":-1,"messages":[{"role":"user","content":"x"}],"input":[[],{}],"contents":[{"parts":[null,{"inlineData":5}]}]})"}) {
      const Answer answer = call(
          "POST", path,
          "Authorization: Bearer k\r\nx-api-key: k\r\nx-goog-api-key: k\r\nanthropic-version: 2023-06-01\r\n", body);
      EXPECT_GE(answer.status, 200) << path << " " << body;
      EXPECT_LT(answer.status, 500) << path << " " << body;
    }
  }
}

}  // namespace
}  // namespace tracia::simulate
