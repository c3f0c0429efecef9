// A client whose provider and whose Tracia server are both fakes on loopback.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "fake_server.h"
#include "tracia/tracia.h"

namespace tracia {

using Json = nlohmann::json;
using testing::FakeRequest;
using testing::FakeResponse;
using testing::FakeServer;

inline constexpr const char* kExamples = TRACIA_SOURCE_DIR "/api/examples";
inline constexpr const char* kChatPath = "/v1/chat/completions";

inline FakeResponse chat_answer(const std::string& text, const std::string& finish = "stop") {
  const Json body{
      {"id", "chatcmpl-1"},
      {"object", "chat.completion"},
      {"model", "gpt-4o-2024-08-06"},
      {"choices", {{{"index", 0}, {"message", {{"role", "assistant"}, {"content", text}}}, {"finish_reason", finish}}}},
      {"usage", {{"prompt_tokens", 9}, {"completion_tokens", 3}, {"total_tokens", 12}}}};
  return {.body = body.dump(), .headers = {{"Content-Type", "application/json"}, {"x-request-id", "req_1"}}};
}

inline std::string chat_chunk(const std::string& text) {
  const Json chunk{{"id", "chatcmpl-1"},
                   {"object", "chat.completion.chunk"},
                   {"model", "gpt-4o"},
                   {"choices", {{{"index", 0}, {"delta", {{"content", text}}}, {"finish_reason", nullptr}}}}};
  return "data: " + chunk.dump() + "\n\n";
}

inline std::string chat_stream_end() {
  const Json finish{{"id", "chatcmpl-1"},
                    {"choices", {{{"index", 0}, {"delta", Json::object()}, {"finish_reason", "stop"}}}}};
  const Json usage{{"id", "chatcmpl-1"},
                   {"choices", Json::array()},
                   {"usage", {{"prompt_tokens", 9}, {"completion_tokens", 3}, {"total_tokens", 12}}}};
  return "data: " + finish.dump() + "\n\ndata: " + usage.dump() + "\n\ndata: [DONE]\n\n";
}

inline FakeResponse chat_stream(const std::vector<std::string>& texts) {
  std::string body;
  for (const auto& text : texts) body += chat_chunk(text);
  return {.body = body + chat_stream_end(), .headers = {{"Content-Type", "text/event-stream"}}, .chunked = true};
}

inline FakeResponse vendor_error(int status, const std::string& message, testing::Headers headers = {}) {
  const Json body{{"error", {{"message", message}, {"type", "some_error"}, {"param", nullptr}, {"code", nullptr}}}};
  return {.status = status, .body = body.dump(), .headers = std::move(headers)};
}

class ClientTest : public ::testing::Test {
 protected:
  ClientTest() {
    server_.serve_api_examples(kExamples);
    env_["OPENAI_API_KEY"] = "sk-test-0123456789abcdefghij";
    env_["OPENAI_BASE_URL"] = provider_.url() + "/v1";
    env_["ANTHROPIC_API_KEY"] = "sk-ant-test-0123456789abcdefghij";
    env_["ANTHROPIC_BASE_URL"] = provider_.url();
    env_["VOYAGE_API_KEY"] = "pa-test";
    env_["VOYAGE_BASE_URL"] = provider_.url() + "/v1";
  }

  ClientOptions options() {
    ClientOptions options{.api_key = "tr_0123456789abcdefghijklmnopqrstuvwxyz", .base_url = server_.url()};
    options.env = [this](std::string_view name) -> std::optional<std::string> {
      const auto it = env_.find(std::string(name));
      if (it == env_.end()) return std::nullopt;
      return it->second;
    };
    return options;
  }

  Client& client() {
    if (!client_) client_ = std::make_unique<Client>(options());
    return *client_;
  }

  static RunLocalInput hello() { return {.model = "gpt-4o", .messages = {user("Hello!")}, .max_retries = 0}; }

  // Spans that reached the server, after a flush.
  std::vector<Json> spans() {
    EXPECT_TRUE(client().flush(Millis{5000}));
    std::vector<Json> out;
    for (const auto& text : server_.stored_spans()) out.push_back(Json::parse(text));
    return out;
  }
  Json only_span() {
    const auto all = spans();
    EXPECT_EQ(all.size(), 1u);
    return all.empty() ? Json::object() : all.front();
  }

  std::map<std::string, std::string> env_;
  FakeServer provider_, server_;
  std::unique_ptr<Client> client_;
};

}  // namespace tracia
