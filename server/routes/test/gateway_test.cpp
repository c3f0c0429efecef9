// The gateway over HTTP, against the provider simulator and stores in memory.
#include "tracia/service/gateway.h"

#include <gtest/gtest.h>

#include <map>
#include <thread>

#include "../../service/test/fake_sealer.h"
#include "../../service/test/fake_span_store.h"
#include "api_server.h"
#include "raw_client.h"
#include "tracia/service/connections.h"
#include "tracia/service/runs.h"
#include "tracia/simulate/simulator.h"

namespace tracia::routes {
namespace {

using nlohmann::json;

constexpr int kPollMsMax = 30'000;

// The JSON of each data line; "[DONE]" is a string.
std::vector<json> events_of(const std::string& body) {
  std::vector<json> events;
  std::istringstream lines(body);
  std::string line;
  while (std::getline(lines, line)) {
    if (!line.starts_with("data: ")) continue;
    events.push_back(line == "data: [DONE]" ? json("[DONE]") : json::parse(line.substr(6)));
  }
  return events;
}

std::string text_of(const std::vector<json>& chunks) {
  std::string text;
  for (const json& chunk : chunks) {
    if (!chunk.is_object() || chunk["choices"].empty()) continue;
    text += chunk["choices"][0]["delta"].value("content", "");
  }
  return text;
}

json chat_body(const std::string& model, const json& more = json::object()) {
  json body{{"model", model}, {"messages", {{{"role", "user"}, {"content", "Tell me about glass."}}}}};
  body.update(more);
  return body;
}

class GatewayTest : public testing::Test {
 protected:
  // Everything is served by one simulator, which the environment points to.
  void start(simulate::SimulatorOptions options = {}) {
    options.listen = "127.0.0.1:0";
    simulator_ = std::make_unique<simulate::Simulator>(std::move(options));
    ASSERT_TRUE(simulator_->start());
    const std::string base = simulator_->base_url();
    env_ = {{"OPENAI_API_KEY", "sk-simulated-key"},    {"OPENAI_BASE_URL", base + "/v1"},
            {"ANTHROPIC_API_KEY", "sk-simulated-key"}, {"ANTHROPIC_BASE_URL", base},
            {"GOOGLE_API_KEY", "AIzaSimulated"},       {"GOOGLE_GEMINI_BASE_URL", base},
            {"VOYAGE_API_KEY", "pa-simulated"},        {"VOYAGE_BASE_URL", base + "/v1"}};
    api_.config.allow_private_upstreams = true;
    api_.services.spans = &spans_;
    connections_ = std::make_unique<service::Connections>(api_.services, sealer_, [this](std::string_view name) {
      const auto found = env_.find(std::string(name));
      return found == env_.end() ? std::nullopt : std::optional(found->second);
    });
    api_.services.connections = connections_.get();
    runs_ = std::make_unique<service::Runs>(api_.services);
    api_.services.runs = runs_.get();
    gateway_ = std::make_unique<service::Gateway>(api_.services, *runs_);
    api_.services.gateway = gateway_.get();
    add_gateway(api_.router, api_.services);
    add_gateway_aliases(api_.router, api_.services);
    api_.start();
    project_ = api_.cache.projects().front().id;
  }
  ~GatewayTest() override {
    runs_.reset();
    if (api_.server) api_.server->stop(Millis(1000));
  }

  void connect(const std::string& name, const std::string& protocol, const std::string& path = "") {
    const auto made = connections_->create(project_, {.name = name,
                                                      .protocol = protocol,
                                                      .base_url = simulator_->base_url() + path,
                                                      .region = "",
                                                      .key = "sk-other-key"});
    ASSERT_TRUE(made) << made.error().message;
  }
  ApiAnswer post(const std::string& path, const json& body, wire::Headers headers = ApiServer::with_key()) {
    return api_.send("POST", path, body, std::move(headers));
  }
  ApiAnswer chat(const json& body, wire::Headers more = {}) {
    more.add("Authorization", std::string("Bearer ") + kTestKey);
    return post("/v1/chat/completions", body, std::move(more));
  }
  // What the simulator received, newest last.
  json received() {
    const auto answer =
        api_.client.fetch({.method = "GET", .url = simulator_->base_url() + "/_simulator/requests"}, {});
    return json::parse(answer->body)["requests"];
  }
  store::StoredSpan only_span() {
    const auto all = spans_.all();
    EXPECT_EQ(all.size(), 1u);
    return all.empty() ? store::StoredSpan{} : all.front();
  }

  std::unique_ptr<simulate::Simulator> simulator_;
  std::map<std::string, std::string> env_;
  ApiServer api_;
  store::FakeSpanStore spans_;
  service::FakeSealer sealer_;
  std::unique_ptr<service::Connections> connections_;
  std::unique_ptr<service::Runs> runs_;
  std::unique_ptr<service::Gateway> gateway_;
  std::string project_;
};

TEST_F(GatewayTest, an_openai_model_is_relayed_and_leaves_a_priced_span) {
  start();
  const ApiAnswer answer = chat(chat_body("gpt-4o", {{"user", "u1"}, {"temperature", 0.5}, {"metadata", {{"k", "v"}}}}),
                                {{"x-tracia-tags", "a, b"}, {"x-tracia-session", "s1"}, {"x-tracia-name", "Glass"}});
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.json["object"], "chat.completion");
  const std::string text = answer.json["choices"][0]["message"]["content"];
  EXPECT_NE(text.find("glass"), std::string::npos);
  const store::StoredSpan stored = only_span();
  EXPECT_EQ(answer.header("x-tracia-span-id"), stored.span.span_id);
  EXPECT_EQ(answer.header("x-tracia-trace-id"), stored.span.trace_id);
  EXPECT_FALSE(answer.header("x-request-id").empty());
  EXPECT_EQ(stored.span.output, text);
  EXPECT_EQ(stored.span.provider, "openai");
  EXPECT_EQ(stored.span.model, "gpt-4o");
  EXPECT_EQ(stored.span.temperature, 0.5);
  EXPECT_EQ(stored.span.user_id, "u1");
  EXPECT_EQ(stored.span.session_id, "s1");
  EXPECT_EQ(stored.span.name, "Glass");
  EXPECT_EQ(stored.span.tags, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(stored.span.usage.input_tokens, answer.json["usage"]["prompt_tokens"].get<int>());
  EXPECT_EQ(stored.cost_status, llm::CostStatus::kExact);
  EXPECT_EQ(json::parse(stored.span.input_json)["messages"][0]["content"], "Tell me about glass.");
  EXPECT_EQ(json::parse(stored.span.attributes_json),
            (json{{"tracia.gateway", "chat.completions"}, {"metadata", {{"k", "v"}}}}));
}

TEST_F(GatewayTest, members_that_are_not_known_here_reach_an_openai_upstream) {
  start();
  ASSERT_EQ(chat(chat_body("openai/gpt-4o", {{"seed", 7}, {"x_new", {{"deep", 1.50}}}})).status, 200);
  const json sent = received().back();
  const json body = sent["body"];
  EXPECT_EQ(body["x_new"]["deep"], 1.5);
  EXPECT_EQ(body["seed"], 7);
  EXPECT_EQ(body["model"], "gpt-4o");
}

TEST_F(GatewayTest, a_model_of_another_protocol_answers_in_openais_form) {
  start();
  const ApiAnswer answer = chat(chat_body("claude-sonnet-4-5", {{"max_tokens", 200}}));
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.json["object"], "chat.completion");
  EXPECT_EQ(answer.json["choices"][0]["finish_reason"], "stop");
  EXPECT_TRUE(answer.json["id"].get<std::string>().starts_with("chatcmpl-"));
  EXPECT_GT(answer.json["usage"]["completion_tokens"], 0);
  EXPECT_EQ(answer.json["created"], 1'795'000'000);
  EXPECT_EQ(only_span().span.provider, "anthropic");
  EXPECT_EQ(only_span().span.max_output_tokens, 200);
}

TEST_F(GatewayTest, a_relayed_stream_shows_usage_only_to_who_asked) {
  start();
  const ApiAnswer plain = chat(chat_body("gpt-4o", {{"stream", true}}));
  ASSERT_EQ(plain.status, 200) << plain.body;
  EXPECT_EQ(plain.header("content-type"), "text/event-stream");
  EXPECT_FALSE(plain.header("x-tracia-span-id").empty());
  const auto chunks = events_of(plain.body);
  EXPECT_EQ(chunks.back(), "[DONE]");
  EXPECT_FALSE(chunks[chunks.size() - 2]["choices"].empty());
  EXPECT_EQ(text_of(chunks), only_span().span.output);
  EXPECT_GT(only_span().span.usage.output_tokens.value_or(0), 0);
  EXPECT_TRUE(only_span().span.time_to_first_token_ms);

  const auto asked =
      events_of(chat(chat_body("gpt-4o", {{"stream", true}, {"stream_options", {{"include_usage", true}}}})).body);
  EXPECT_TRUE(asked[asked.size() - 2]["choices"].empty());
  EXPECT_GT(asked[asked.size() - 2]["usage"]["completion_tokens"], 0);
}

TEST_F(GatewayTest, a_translated_stream_is_chunks_of_openais_form) {
  start();
  for (const char* model : {"claude-sonnet-4-5", "gemini-2.5-flash"}) {
    const ApiAnswer answer = chat(chat_body(model, {{"stream", true}, {"stream_options", {{"include_usage", true}}}}));
    ASSERT_EQ(answer.status, 200) << answer.body;
    const auto chunks = events_of(answer.body);
    ASSERT_GT(chunks.size(), 4u);
    EXPECT_EQ(chunks.front()["choices"][0]["delta"]["role"], "assistant");
    EXPECT_EQ(chunks.back(), "[DONE]");
    EXPECT_GT(chunks[chunks.size() - 2]["usage"]["completion_tokens"], 0);
    EXPECT_EQ(chunks[chunks.size() - 3]["choices"][0]["finish_reason"], "stop");
    EXPECT_EQ(text_of(chunks), spans_.all().back().span.output);
    EXPECT_EQ(chunks.front()["id"], chunks[2]["id"]);
  }
}

TEST_F(GatewayTest, tools_are_called_through_every_protocol) {
  start();
  const json tool = json::parse(R"({"type":"function","function":{"name":"get_weather","parameters":
      {"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}})");
  for (const char* model : {"gpt-4o", "claude-sonnet-4-5", "gemini-2.5-flash"}) {
    json body = chat_body(model, {{"tools", {tool}}, {"tool_choice", "required"}});
    const ApiAnswer first = chat(body);
    ASSERT_EQ(first.status, 200) << first.body;
    const json message = first.json["choices"][0]["message"];
    EXPECT_EQ(first.json["choices"][0]["finish_reason"], "tool_calls") << model;
    ASSERT_EQ(message["tool_calls"].size(), 1u) << model;
    EXPECT_EQ(message["tool_calls"][0]["function"]["name"], "get_weather");
    EXPECT_TRUE(json::parse(message["tool_calls"][0]["function"]["arguments"].get<std::string>()).is_object());
    body["messages"].push_back(message);
    body["messages"].push_back(
        {{"role", "tool"}, {"tool_call_id", message["tool_calls"][0]["id"]}, {"content", "Sunny"}});
    body["tool_choice"] = "auto";
    const ApiAnswer second = chat(body);
    ASSERT_EQ(second.status, 200) << model << second.body;
    EXPECT_EQ(second.json["choices"][0]["finish_reason"], "stop") << model;
  }
}

TEST_F(GatewayTest, a_streamed_tool_call_keeps_its_index_and_its_arguments) {
  start();
  const json tool = json::parse(R"({"type":"function","function":{"name":"get_weather","parameters":
      {"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}})");
  const auto chunks = events_of(
      chat(chat_body("claude-sonnet-4-5", {{"tools", {tool}}, {"tool_choice", "required"}, {"stream", true}})).body);
  std::string arguments, name;
  for (const json& chunk : chunks) {
    if (!chunk.is_object() || chunk["choices"].empty()) continue;
    for (const json& call : chunk["choices"][0]["delta"].value("tool_calls", json::array())) {
      EXPECT_EQ(call["index"], 0);
      name += call["function"].value("name", "");
      arguments += call["function"].value("arguments", "");
    }
  }
  EXPECT_EQ(name, "get_weather");
  EXPECT_TRUE(json::parse(arguments).is_object());
}

TEST_F(GatewayTest, what_only_openai_can_do_is_refused_elsewhere) {
  start();
  const std::vector<std::pair<json, std::string>> cases{
      {{{"n", 2}}, "n"},
      {{{"logprobs", true}}, "logprobs"},
      {{{"functions", json::array()}}, "functions"},
      {{{"tools", {{{"type", "web_search"}}}}}, "tools[0].type"},
      {{{"messages", "hi"}}, "messages"},
      {{{"temperature", "hot"}}, "temperature"},
      {{{"max_tokens", 0}}, "max_tokens"},
      {{{"stop", 3}}, "stop"},
      {{{"response_format", {{"type", "xml"}}}}, "response_format.type"}};
  for (const auto& [more, param] : cases) {
    const ApiAnswer answer = chat(chat_body("claude-sonnet-4-5", more));
    EXPECT_EQ(answer.status, 400) << answer.body;
    EXPECT_EQ(answer.json["error"]["param"], param) << answer.body;
    EXPECT_EQ(answer.json["error"]["type"], "invalid_request_error");
  }
  EXPECT_TRUE(spans_.all().empty());
}

TEST_F(GatewayTest, refusals_have_openais_statuses_and_shape) {
  start();
  EXPECT_EQ(post("/v1/chat/completions", chat_body("gpt-4o"), {}).status, 401);
  const ApiAnswer wrong_key = post("/v1/chat/completions", chat_body("gpt-4o"), ApiServer::with_key("tr_wrong"));
  EXPECT_EQ(wrong_key.status, 401);
  EXPECT_EQ(wrong_key.json["error"]["code"], "invalid_api_key");
  const ApiAnswer no_model = chat(chat_body("nobody-knows-it"));
  EXPECT_EQ(no_model.status, 404);
  EXPECT_EQ(no_model.json["error"]["code"], "model_not_found");
  EXPECT_EQ(no_model.json["error"]["param"], "model");
  EXPECT_EQ(chat(json{{"messages", json::array()}}).json["error"]["param"], "model");
  EXPECT_EQ(chat(chat_body("gpt-4o", {{"stream", "yes"}})).json["error"]["param"], "stream");
  EXPECT_EQ(chat(chat_body("voyage-3.5")).status, 400);
  const ApiAnswer no_key = chat(chat_body("amazon_bedrock/anthropic.claude-sonnet-4-5-20250929-v1:0"));
  EXPECT_EQ(no_key.status, 400);
  EXPECT_EQ(no_key.json["error"]["code"], "missing_provider_key");
  EXPECT_EQ(chat(chat_body("gpt-4o"), {{"x-tracia-retries", "11"}}).json["error"]["param"], "x-tracia-retries");
  EXPECT_EQ(chat(chat_body("gpt-4o"), {{"x-tracia-parent", "x"}}).json["error"]["param"], "x-tracia-parent");
  EXPECT_EQ(chat(chat_body("gpt-4o"), {{"x-tracia-prompt", "a@0"}}).json["error"]["param"], "x-tracia-prompt");
  EXPECT_EQ(api_.send("POST", "/v1/chat/completions", "[]", ApiServer::with_key()).status, 400);
  EXPECT_EQ(api_.send("POST", "/v1/chat/completions", "{", ApiServer::with_key()).status, 400);
  EXPECT_TRUE(spans_.all().empty());
}

TEST_F(GatewayTest, the_key_may_come_in_the_headers_of_other_clients) {
  start();
  for (const char* name : {"api-key", "X-Api-Key"}) {
    EXPECT_EQ(post("/v1/chat/completions", chat_body("gpt-4o"), {{name, kTestKey}}).status, 200);
  }
}

TEST_F(GatewayTest, a_providers_error_keeps_its_status_and_leaves_an_error_span) {
  start({.fail_status = {{429, 1.0}}, .retry_after = Millis(7'000)});
  for (const char* model : {"gpt-4o", "claude-sonnet-4-5"}) {
    const ApiAnswer answer = chat(chat_body(model, {{"stream", true}}));
    EXPECT_EQ(answer.status, 429) << answer.body;
    EXPECT_EQ(answer.header("retry-after"), "7");
    EXPECT_TRUE(answer.json["error"]["message"].is_string());
    EXPECT_FALSE(answer.header("x-tracia-span-id").empty());
    EXPECT_EQ(spans_.all().back().span.status, span::SpanStatus::kError);
    EXPECT_EQ(spans_.all().back().span.attempts.size(), 1u);
  }
}

TEST_F(GatewayTest, a_fallback_answers_when_the_first_model_fails) {
  start();
  // The first is a server that only answers with errors.
  simulate::SimulatorOptions broken{.listen = "127.0.0.1:0", .fail_status = {{503, 1.0}}};
  simulate::Simulator other(std::move(broken));
  ASSERT_TRUE(other.start());
  ASSERT_TRUE(connections_->create(
      project_,
      {.name = "Broken", .protocol = "openai", .base_url = other.base_url() + "/v1", .region = "", .key = "sk-x-key"}));
  const ApiAnswer answer =
      chat(chat_body("broken/gpt-4o", {{"stream", true}}), {{"x-tracia-fallbacks", "claude-sonnet-4-5, gpt-4o"}});
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(events_of(answer.body).back(), "[DONE]");
  const store::StoredSpan stored = only_span();
  EXPECT_EQ(stored.span.provider, "anthropic");
  ASSERT_EQ(stored.span.attempts.size(), 2u);
  EXPECT_EQ(stored.span.attempts[0].status, 503);
}

TEST_F(GatewayTest, retries_are_made_when_a_header_asks_for_them) {
  start({.retry_after = Millis(0), .fail_first = 1});
  EXPECT_EQ(chat(chat_body("gpt-4o")).status, 503);
  EXPECT_EQ(chat(chat_body("gpt-4o", {{"seed", 1}}), {{"x-tracia-retries", "2"}}).status, 200);
  EXPECT_EQ(spans_.all().back().span.attempts.size(), 2u);
}

TEST_F(GatewayTest, an_alias_stands_for_its_first_target_and_falls_back_to_the_others) {
  start();
  simulate::Simulator broken({.listen = "127.0.0.1:0", .fail_status = {{503, 1.0}}, .retry_after = Millis(0)});
  ASSERT_TRUE(broken.start());
  ASSERT_TRUE(connections_->create(project_, {.name = "broken",
                                              .protocol = "openai",
                                              .base_url = broken.base_url() + "/v1",
                                              .region = "",
                                              .key = "sk-x-key"}));
  const json targets =
      json::array({json{{"provider", "broken"}, {"model", "gpt-4o"}}, json{{"model", "claude-sonnet-4-5"}}});
  const ApiAnswer made = api_.send("PUT", "/api/v1/gateway/aliases/Fast", json{{"targets", targets}, {"retries", 1}},
                                   ApiServer::with_key());
  ASSERT_EQ(made.status, 200) << made.body;
  EXPECT_EQ(made.json["name"], "fast");
  EXPECT_EQ(made.json["targets"][1], (json{{"provider", nullptr}, {"model", "claude-sonnet-4-5"}}));
  const ApiAnswer answer = chat(chat_body("FAST", {{"stream", true}}));
  ASSERT_EQ(answer.status, 200) << answer.body;
  const store::StoredSpan stored = only_span();
  EXPECT_EQ(stored.span.model, "claude-sonnet-4-5");
  ASSERT_EQ(stored.span.attempts.size(), 3u) << "two tries of the first";
  EXPECT_EQ(stored.span.attempts[1].status, 503);
  EXPECT_EQ(json::parse(stored.span.attributes_json)["tracia.alias"], "fast");
  // What a header says wins.
  ASSERT_EQ(chat(chat_body("fast"), {{"x-tracia-retries", "0"}}).status, 200);
  EXPECT_EQ(spans_.all().back().span.attempts.size(), 2u);
}

TEST_F(GatewayTest, an_alias_may_hide_a_model_and_lead_to_it) {
  start();
  connect("local", "openai", "/v1");
  const auto put = [&](const json& targets) {
    return api_.send("PUT", "/api/v1/gateway/aliases/gpt-4o", json{{"targets", targets}}, ApiServer::with_key());
  };
  ASSERT_EQ(put(json::array({json{{"model", "local/gpt-4o"}}, json{{"model", "gpt-4o"}}})).status, 200);
  ASSERT_EQ(chat(chat_body("gpt-4o")).status, 200);
  EXPECT_EQ(only_span().span.provider, "local");
  const json models = api_.send("GET", "/v1/models", json::object(), ApiServer::with_key()).json["data"];
  EXPECT_EQ(models[0]["owned_by"], "alias");
  EXPECT_EQ(std::count_if(models.begin(), models.end(), [](const json& m) { return m["id"] == "gpt-4o"; }), 1);
  EXPECT_EQ(api_.send("DELETE", "/api/v1/gateway/aliases/gpt-4o", json::object(), ApiServer::with_key()).status, 200);
  ASSERT_EQ(chat(chat_body("gpt-4o")).status, 200);
  EXPECT_EQ(spans_.all().back().span.provider, "openai");
}

TEST_F(GatewayTest, an_alias_that_leads_nowhere_is_refused) {
  start();
  const auto refused = [&](const std::string& name, const json& body) {
    const ApiAnswer answer = api_.send("PUT", "/api/v1/gateway/aliases/" + name, body, ApiServer::with_key());
    EXPECT_EQ(answer.status, 400) << answer.body;
    return answer.json["error"]["message"].get<std::string>();
  };
  const json target{{"model", "gpt-4o"}};
  EXPECT_NE(refused("a%20b", {{"targets", {target}}}).find("name must"), std::string::npos);
  EXPECT_NE(refused("fast", json::object()).find("targets must"), std::string::npos);
  EXPECT_NE(refused("fast", {{"targets", json::array()}}).find("targets must"), std::string::npos);
  EXPECT_NE(refused("fast", {{"targets", json(9, target)}}).find("targets must"), std::string::npos);
  EXPECT_NE(refused("fast", {{"targets", {{{"model", 1}}}}}).find("model"), std::string::npos);
  EXPECT_NE(refused("fast", {{"targets", {target}}, {"retries", 11}}).find("retries"), std::string::npos);
  EXPECT_NE(refused("fast", {{"targets", {target, {{"model", "nobody"}}}}}).find("targets[1]"), std::string::npos);
  EXPECT_NE(refused("fast", {{"targets", {{{"provider", "nowhere"}, {"model", "m"}}}}}).find("targets[0]"),
            std::string::npos);
}

TEST_F(GatewayTest, an_alias_and_fallbacks_together_are_bounded) {
  start();
  const json eight(8, json{{"model", "gpt-4o"}});
  ASSERT_EQ(api_.send("PUT", "/api/v1/gateway/aliases/fast", {{"targets", eight}}, ApiServer::with_key()).status, 200);
  EXPECT_EQ(chat(chat_body("fast"), {{"x-tracia-fallbacks", "fast"}}).status, 200);
  const ApiAnswer answer = chat(chat_body("fast"), {{"x-tracia-fallbacks", "fast,gpt-4o"}});
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.json["error"]["param"], "model");
}

TEST_F(GatewayTest, a_connection_of_its_own_name_leads_to_its_models) {
  start();
  connect("Local", "openai", "/v1");
  const ApiAnswer answer = chat(chat_body("local/gpt-4o"));
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(only_span().span.provider, "local");
  EXPECT_EQ(only_span().cost_status, llm::CostStatus::kUnknown);
}

TEST_F(GatewayTest, a_timeout_is_an_error_of_its_own_and_an_abort_is_none) {
  start({.fail_stall = 1.0});
  const ApiAnswer answer = chat(chat_body("gpt-4o"), {{"x-tracia-timeout-ms", "300"}});
  EXPECT_EQ(answer.status, 504) << answer.body;
  EXPECT_EQ(answer.json["error"]["code"], "timeout");
}

TEST_F(GatewayTest, a_stream_that_breaks_ends_with_an_error_event) {
  start({.fail_cut = 1.0});
  for (const char* model : {"gpt-4o", "claude-sonnet-4-5"}) {
    const ApiAnswer answer = chat(chat_body(model, {{"stream", true}}));
    if (answer.status != 200) continue;  // cut before the first byte
    const auto events = events_of(answer.body);
    EXPECT_TRUE(events.back().is_object() && events.back().contains("error")) << answer.body;
  }
  for (const auto& stored : spans_.all()) EXPECT_EQ(stored.span.status, span::SpanStatus::kError);
}

TEST_F(GatewayTest, the_end_of_an_answer_waits_for_the_span) {
  start();
  spans_.hold(true);
  for (const bool stream : {false, true}) {
    std::atomic<bool> answered{false};
    const size_t before = spans_.all().size();
    std::thread caller([&] {
      EXPECT_EQ(chat(chat_body("gpt-4o", {{"stream", stream}})).status, 200);
      answered = true;
    });
    for (int i = 0; i < kPollMsMax && spans_.all().size() == before; ++i) std::this_thread::sleep_for(Millis(1));
    EXPECT_FALSE(answered);
    spans_.release();
    caller.join();
  }
}

TEST_F(GatewayTest, a_span_that_cannot_be_stored_does_not_cost_the_answer) {
  start();
  spans_.fail_with(Error{.code = ErrorCode::kUnavailable, .message = "disk full"});
  EXPECT_EQ(chat(chat_body("gpt-4o")).status, 200);
  EXPECT_EQ(events_of(chat(chat_body("claude-sonnet-4-5", {{"stream", true}})).body).back(), "[DONE]");
}

TEST_F(GatewayTest, a_child_joins_its_parents_trace) {
  start();
  ASSERT_EQ(chat(chat_body("gpt-4o"), {{"x-tracia-trace", "trace-1"}}).status, 200);
  const std::string parent = only_span().span.span_id;
  const ApiAnswer child = chat(chat_body("gpt-4o", {{"metadata", {{"tracia_parent", parent}}}}));
  EXPECT_EQ(child.header("x-tracia-trace-id"), "trace-1");
  EXPECT_EQ(spans_.all().back().span.parent_span_id, parent);
}

TEST_F(GatewayTest, a_prompt_may_be_named) {
  start();
  ASSERT_EQ(chat(chat_body("gpt-4o"), {{"x-tracia-prompt", "greet@3"}}).status, 200);
  EXPECT_EQ(only_span().span.prompt_slug, "greet");
  EXPECT_EQ(only_span().span.prompt_version, 3);
}

TEST_F(GatewayTest, embeddings_come_as_asked_from_every_protocol) {
  start();
  for (const char* model : {"text-embedding-3-small", "gemini-embedding-001", "voyage-3.5"}) {
    const json body{{"model", model}, {"input", {"one", "two"}}};
    const ApiAnswer floats = post("/v1/embeddings", body);
    ASSERT_EQ(floats.status, 200) << floats.body;
    ASSERT_EQ(floats.json["data"].size(), 2u);
    EXPECT_TRUE(floats.json["data"][1]["embedding"][0].is_number());
    json base64 = body;
    base64["encoding_format"] = "base64";
    const ApiAnswer packed = post("/v1/embeddings", base64);
    const auto bytes = base64_decode(packed.json["data"][1]["embedding"].get<std::string>());
    ASSERT_TRUE(bytes);
    EXPECT_EQ(bytes->size() / 4, floats.json["data"][1]["embedding"].size()) << model;
    EXPECT_EQ(spans_.all().back().span.kind, span::Kind::kEmbedding);
  }
  EXPECT_EQ(post("/v1/embeddings", {{"model", "text-embedding-3-small"}, {"input", {1, 2, 3}}}).status, 200);
  const ApiAnswer tokens = post("/v1/embeddings", {{"model", "voyage-3.5"}, {"input", {1, 2, 3}}});
  EXPECT_EQ(tokens.status, 400);
  EXPECT_EQ(tokens.json["error"]["param"], "input");
  EXPECT_EQ(post("/v1/embeddings", {{"model", "claude-sonnet-4-5"}, {"input", "x"}}).status, 400);
}

TEST_F(GatewayTest, models_are_those_that_a_key_is_there_for) {
  start();
  connect("Claudes", "anthropic");
  const ApiAnswer answer = api_.send("GET", "/v1/models", "", ApiServer::with_key());
  ASSERT_EQ(answer.status, 200);
  EXPECT_EQ(answer.json["object"], "list");
  std::map<std::string, json> found;
  for (const json& model : answer.json["data"]) found[model["id"]] = model;
  EXPECT_EQ(found["gpt-4o"]["owned_by"], "openai");
  EXPECT_GT(found["gpt-4o"]["created"], 1'600'000'000);
  EXPECT_TRUE(found.contains("claudes/claude-sonnet-4-5"));
  EXPECT_FALSE(found.contains("amazon.nova-lite-v1:0"));
}

}  // namespace
}  // namespace tracia::routes
