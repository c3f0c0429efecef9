#include <sys/resource.h>

#include <atomic>
#include <stdexcept>
#include <thread>

#include "client_fixture.h"

namespace tracia {
namespace {

using BrokenProvider = ClientTest;

TEST_F(BrokenProvider, ARedirectIsNamedAndNotTriedAgain) {
  provider_.on("POST", kChatPath, {.status = 301, .body = "{}", .headers = {{"Location", "https://elsewhere/"}}});
  auto input = hello();
  input.max_retries = 2;
  const auto plain = client().run_local(input);
  ASSERT_FALSE(plain);
  EXPECT_EQ(plain.error().code, ErrorCode::kProviderError);
  EXPECT_EQ(plain.error().status, 301);
  EXPECT_NE(plain.error().message.find("redirect (HTTP 301)"), std::string::npos) << plain.error().message;
  auto stream = client().run_local_stream(input);
  ASSERT_TRUE(stream);
  const auto streamed = stream->result();
  ASSERT_FALSE(streamed);
  EXPECT_EQ(streamed.error().message, plain.error().message);
  EXPECT_EQ(provider_.requests().size(), 2u);
}

TEST_F(BrokenProvider, AWebPageIsNamedAndAStreamUnderThatNameIsStillRead) {
  provider_.on("POST", kChatPath, {.body = "<html>sign in</html>", .headers = {{"Content-Type", "text/html"}}});
  auto stream = client().run_local_stream(hello());
  ASSERT_TRUE(stream);
  const auto page = stream->result();
  ASSERT_FALSE(page);
  EXPECT_NE(page.error().message.find("web page"), std::string::npos) << page.error().message;
  FakeResponse mislabelled = chat_stream({"all ", "right"});
  mislabelled.headers = {{"Content-Type", "text/html; charset=utf-8"}};
  provider_.on("POST", kChatPath, mislabelled);
  auto again = client().run_local_stream(hello());
  ASSERT_TRUE(again);
  const auto text = again->result();
  ASSERT_TRUE(text) << text.error().to_string();
  EXPECT_EQ(text->text, "all right");
}

TEST_F(BrokenProvider, AKeyOfUnknownFormThatIsRepeatedShowsNeitherInErrorNorSpan) {
  const std::string key = "0f9e8d7c6b5a41322314a5b6c7d8e9f0";
  provider_.on("POST", kChatPath, vendor_error(401, "no such key: " + key));
  auto input = hello();
  input.provider_api_key = key;
  const auto result = client().run_local(input);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "no such key: [REDACTED]");
  EXPECT_EQ(only_span().dump().find(key), std::string::npos);
}

TEST_F(BrokenProvider, ATimeoutNamesTheWholeTimeAlsoAfterRetries) {
  provider_.on_sequence("POST", kChatPath, {vendor_error(500, "try again"), {.stall = true}});
  auto input = hello();
  input.max_retries = 1;
  input.timeout_ms = 1500;
  const auto result = client().run_local(input);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kTimeout);
  EXPECT_EQ(result.error().message, "Request timed out after 1500ms");
}

TEST_F(BrokenProvider, MaskAndSpanErrorMayUseTheStreamWhoseSpanItIs) {
  provider_.on("POST", kChatPath, chat_stream({"a", "b"}));
  std::atomic<LocalStream*> at{nullptr};
  std::atomic<int> asked{0};
  ClientOptions with = options();
  with.mask = [&](span::Span&) {
    while (at == nullptr) std::this_thread::sleep_for(Millis{1});
    (void)at.load()->partial();
    at.load()->abort();
    ++asked;
    throw std::runtime_error("no");  // so that on_span_error is called, on this thread
  };
  with.on_span_error = [&](const Error&, const std::string&) {
    (void)at.load()->partial();
    at.load()->abort();
    ++asked;
  };
  Client client(with);
  auto stream = client.run_local_stream(hello());
  ASSERT_TRUE(stream);
  at = &*stream;
  (void)stream->result();
  EXPECT_EQ(asked, 2);
}

TEST_F(BrokenProvider, WithoutDescriptorsForAThreadAnAsynchronousCallStillEnds) {
#if defined(__has_feature)
#if __has_feature(undefined_behavior_sanitizer) || __has_feature(address_sanitizer)  // tests run with both
  GTEST_SKIP() << "UBSan needs descriptors of its own to check a virtual call, and reports one when there are none";
#endif
#endif
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  Client client(options());
  const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  auto future = client.run_local_async(hello());
  auto stream = client.run_local_stream(hello());
  setrlimit(RLIMIT_NOFILE, &before);
  ASSERT_EQ(future.wait_for(Millis{5000}), std::future_status::ready);
  const auto result = future.get();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kNetworkError);
  ASSERT_TRUE(stream);
  EXPECT_FALSE(stream->result());
}

}  // namespace
}  // namespace tracia
