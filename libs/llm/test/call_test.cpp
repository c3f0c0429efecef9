#include "tracia/llm/call.h"

#include <gtest/gtest.h>

namespace tracia::llm {
namespace {

TEST(Call, ForgetsKeysEndpointsAndBytesButNotWhatItGave) {
  const ChatRequest request{.model = "gpt-4o", .messages = {user("Hello")}};
  std::vector<Target> targets(2);
  for (Target& target : targets) {
    target.model = "gpt-4o";
    target.endpoint.base_url = "https://user:password@example.com/v1";
    target.endpoint.headers = {{"x-key", "endpoint-secret"}};
    target.auth = ApiKey{"sk-secret-key"};
  }
  ChatCall call(
      targets, {}, [&](const Target&) -> const ChatRequest& { return request; },
      [](const Target& target) -> const ChatCodec& { return chat_codec(target); }, false, nullptr);
  ASSERT_TRUE(call.next_request());
  call.on_head({.status = 200, .headers = {}});
  EXPECT_TRUE(call.on_body(R"({"choices":[{"message":{"content":"Hi there"},"finish_reason":"stop"}]})"));
  EXPECT_TRUE(call.end_attempt({}).done);
  call.forget_exchange();
  EXPECT_TRUE(std::holds_alternative<std::monostate>(call.target().auth));
  EXPECT_TRUE(call.target().endpoint.base_url.empty());
  EXPECT_TRUE(call.target().endpoint.headers.empty());
  EXPECT_EQ(call.target().model, "gpt-4o");
  EXPECT_EQ(call.result().text(), "Hi there");
  EXPECT_EQ(call.attempts().size(), 1u);
  EXPECT_EQ(call.attempts()[0].status, 200);
}

}  // namespace
}  // namespace tracia::llm
