// Bytes that go by while the ordinary codec reads along.
#include "tracia/llm/relay.h"

#include <gtest/gtest.h>

namespace tracia::llm {
namespace {

const std::string kText = R"(data: {"id":"c","choices":[{"index":0,"delta":{"content":"Hel"}}],"usage":null}

: a comment
data: {"id":"c","choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":"stop"}]}

)";
const std::string kUsage = R"(data: {"id":"c","choices": [],"usage":{"prompt_tokens":3,"completion_tokens":2}}

)";
const std::string kDone = "data: [DONE]\n\n";

struct World {
  explicit World(bool hide_usage, RelayProtocol protocol = RelayProtocol::kChatCompletions)
      : codec({.protocol = protocol,
               .body =
                   [](std::string_view model) {
                     return Result<std::string>("{\"model\":\"" + std::string(model) + "\"}");
                   },
               .hide_usage = hide_usage,
               .out = [this](std::string_view events) { out.append(events); }}) {}
  std::string out;
  RelayCodec codec;
  std::unique_ptr<StreamDecoder> decoder = codec.stream_decoder({200, {}});
  std::string text;
  EventSink sink = [this](const StreamEvent& event) {
    if (const auto* delta = std::get_if<TextDelta>(&event)) text.append(delta->text);
  };
};

TEST(Relay, a_stream_passes_byte_for_byte_however_it_is_cut) {
  const std::string all = kText + kUsage + kDone;
  for (size_t size = 1; size <= all.size(); ++size) {
    World world(false);
    for (size_t at = 0; at < all.size(); at += size) {
      ASSERT_TRUE(world.decoder->feed(std::string_view(all).substr(at, size), world.sink));
    }
    EXPECT_TRUE(world.decoder->done());
    EXPECT_EQ(world.out, kText + kUsage) << size;
    EXPECT_EQ(world.codec.ending(), kDone);
    EXPECT_EQ(world.decoder->result().text(), "Hello");
    EXPECT_EQ(world.decoder->result().usage.output_tokens, 2);
    EXPECT_TRUE(world.codec.streams());
  }
}

TEST(Relay, the_usage_that_only_we_asked_for_is_kept_back_and_read) {
  World world(true);
  ASSERT_TRUE(world.decoder->feed(kText + kUsage + kDone, world.sink));
  EXPECT_EQ(world.out, kText);
  EXPECT_EQ(world.decoder->result().usage.input_tokens, 3);
}

TEST(Relay, lines_may_end_as_in_http) {
  std::string all = kText + kUsage + kDone;
  for (size_t at = 0; (at = all.find('\n', at)) != std::string::npos; at += 2) all.insert(at, "\r");
  for (const size_t size : {size_t{1}, size_t{7}, all.size()}) {
    World world(true);
    for (size_t at = 0; at < all.size(); at += size) {
      ASSERT_TRUE(world.decoder->feed(std::string_view(all).substr(at, size), world.sink));
    }
    EXPECT_TRUE(world.decoder->done());
    EXPECT_EQ(world.decoder->result().text(), "Hello");
    EXPECT_EQ(world.codec.ending(), "data: [DONE]\r\n\r\n");
    EXPECT_EQ(world.out.find("prompt_tokens"), std::string::npos);
  }
}

TEST(Relay, an_error_in_the_stream_is_not_handed_on) {
  World world(true);
  const Status fed = world.decoder->feed(
      kText.substr(0, kText.find(": a")) + "data: {\"error\":{\"message\":\"broke\"}}\n\n", world.sink);
  ASSERT_FALSE(fed);
  EXPECT_EQ(world.out.find("broke"), std::string::npos);
  EXPECT_NE(world.out.find("Hel"), std::string::npos);
}

TEST(Relay, a_stream_that_ends_early_is_an_error) {
  World world(true);
  ASSERT_TRUE(world.decoder->feed(kText.substr(0, 40), world.sink));
  EXPECT_FALSE(world.decoder->finish(world.sink));
  EXPECT_EQ(world.out, "");
}

TEST(Relay, a_whole_answer_in_place_of_a_stream_becomes_events) {
  World world(true);
  ASSERT_TRUE(world.decoder->feed(R"( {"id":"c","choices":[{"message":{"content":"Hello"},"finish_reason":"stop"}]})",
                                  world.sink));
  ASSERT_TRUE(world.decoder->finish(world.sink));
  EXPECT_FALSE(world.codec.streams());
  EXPECT_EQ(world.text, "Hello");
}

TEST(Relay, a_whole_answer_is_kept_as_it_came) {
  World world(true);
  const std::string body = "\n{\"id\":\"c\" ,\"choices\":[{\"message\":{\"content\":\"Hello\"}}],\"new\":1.50}";
  ASSERT_TRUE(world.codec.decode({200, {}, body}));
  EXPECT_EQ(world.codec.answer(), body);
  EXPECT_FALSE(world.codec.decode({429, {}, "{}"}));
}

TEST(Relay, a_stream_in_place_of_a_whole_answer_is_read_and_not_handed_on) {
  World world(true);
  const auto result = world.codec.decode({200, {}, kText + kDone});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->text(), "Hello");
  EXPECT_EQ(world.codec.answer(), "");
}

TEST(Relay, the_event_that_completes_a_response_is_kept_back) {
  World world(false, RelayProtocol::kResponses);
  const std::string begun =
      "event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"id\":\"r\"}}\n\n";
  const std::string done =
      "event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"id\":\"r\",\"output\":[],"
      "\"status\":\"completed\"}}\n\n";
  ASSERT_TRUE(world.decoder->feed(begun + done, world.sink));
  EXPECT_EQ(world.out, begun);
  EXPECT_EQ(world.codec.ending(), done);
}

TEST(Relay, requests_are_the_callers_bytes) {
  World world(true);
  const auto request = world.codec.encode({.model = "m"}, {.base_url = "https://x/v1?api-version=2"}, true);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->body, R"({"model":"m"})");
  EXPECT_EQ(request->url, "https://x/v1/chat/completions?api-version=2");
}

}  // namespace
}  // namespace tracia::llm
