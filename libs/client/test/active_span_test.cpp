// Spans by scope: what is recorded, when, and what cannot go wrong.
#include <cmath>
#include <limits>
#include <stdexcept>
#include <type_traits>

#include "client_fixture.h"

namespace tracia {
namespace {

using ActiveSpanTest = ClientTest;

static_assert(!std::is_copy_constructible_v<ActiveSpan> && !std::is_copy_assignable_v<ActiveSpan>);
static_assert(std::is_nothrow_move_constructible_v<ActiveSpan> && std::is_nothrow_destructible_v<ActiveSpan>);

TEST_F(ActiveSpanTest, IsRecordedWhenItGoesOutOfScope) {
  std::string span_id, trace_id;
  {
    auto step = client().span("retrieve", {.kind = span::Kind::kRetrieval,
                                           .input = R"({"question": "Why?"})",
                                           .tags = {"docs"},
                                           .user_id = "ada",
                                           .session_id = "s1"});
    span_id = step.span_id();
    trace_id = step.trace_id();
    step.set_output("because");
    step.set_attribute("rows", 2);
    step.set_attribute("rows", size_t{3});
    step.set_attribute("share", 0.5);
    step.set_attribute("cached", true);
    step.set_attribute("index", "faq");
    step.add_tag("more");
    EXPECT_TRUE(spans().empty());
  }
  const Json sent = only_span();
  EXPECT_EQ(sent.at("spanId"), span_id);
  EXPECT_EQ(sent.at("traceId"), trace_id);
  EXPECT_EQ(sent.at("spanKind"), "RETRIEVAL");
  EXPECT_EQ(sent.at("name"), "retrieve");
  EXPECT_EQ(sent.at("input"), Json({{"question", "Why?"}}));
  EXPECT_EQ(sent.at("output"), "because");
  EXPECT_EQ(sent.at("status"), "SUCCESS");
  EXPECT_EQ(sent.at("tags"), Json({"docs", "more"}));
  EXPECT_EQ(sent.at("userId"), "ada");
  EXPECT_EQ(sent.at("sessionId"), "s1");
  EXPECT_EQ(sent.at("attributes"), Json({{"rows", 3}, {"share", 0.5}, {"cached", true}, {"index", "faq"}}));
  EXPECT_GE(sent.at("latencyMs").get<int64_t>(), 0);
  EXPECT_TRUE(sent.contains("startTime"));
}

TEST_F(ActiveSpanTest, IsTheParentOfCallsAndOfOtherSpans) {
  provider_.on("POST", kChatPath, chat_answer("ok"));
  {
    auto outer = client().span("answer");
    auto inner = client().span("look up", {.trace_id = outer.trace_id(), .parent_span_id = outer.span_id()});
    auto input = hello();
    input.trace_id = inner.trace_id();
    input.parent_span_id = inner.span_id();
    ASSERT_TRUE(client().run_local(input));
  }
  const auto sent = spans();  // in the order of their ends
  ASSERT_EQ(sent.size(), 3u);
  EXPECT_EQ(sent[0].at("parentSpanId"), sent[1].at("spanId"));
  EXPECT_EQ(sent[1].at("parentSpanId"), sent[2].at("spanId"));
  EXPECT_FALSE(sent[2].contains("parentSpanId"));
  for (const Json& each : sent) EXPECT_EQ(each.at("traceId"), sent[2].at("traceId"));
}

TEST_F(ActiveSpanTest, AnErrorIsGivenBackToBeReturned) {
  const auto work = [&]() -> Result<int> {
    auto step = client().span("work");
    return step.fail(Error::invalid("no rows"));
  };
  const auto result = work();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "no rows");
  EXPECT_EQ(only_span().at("status"), "ERROR");
  EXPECT_EQ(only_span().at("error"), "[INVALID_REQUEST] no rows");
}

TEST_F(ActiveSpanTest, AnExceptionThatLeavesItsScopeMakesItAnError) {
  const auto work = [&] {
    auto step = client().span("work");
    throw std::runtime_error("no rows");
  };
  EXPECT_THROW(work(), std::runtime_error);
  EXPECT_EQ(only_span().at("status"), "ERROR");
}

// A destructor that runs because of an exception may do work of its own that goes well.
TEST_F(ActiveSpanTest, ASpanOfACleanUpIsNoErrorOfItsOwn) {
  struct CleanUp {
    Client& client;
    ~CleanUp() { auto step = client.span("clean up"); }
  };
  const auto work = [&] {
    const CleanUp clean_up{client()};
    throw std::runtime_error("no rows");
  };
  EXPECT_THROW(work(), std::runtime_error);
  EXPECT_EQ(only_span().at("status"), "SUCCESS");
}

TEST_F(ActiveSpanTest, EndsOnceHoweverOftenItIsMovedOrEnded) {
  auto step = client().span("first");
  const std::string id = step.span_id();
  auto moved = std::move(step);
  EXPECT_EQ(moved.span_id(), id);
  moved.end();
  moved.end();
  moved.set_output("too late");
  EXPECT_EQ(moved.span_id(), id);
  EXPECT_FALSE(only_span().contains("output"));
  moved = client().span("second");  // the first has ended already; the second goes with the test
  ASSERT_EQ(spans().size(), 1u);
  moved = client().span("third");  // ends the second
  EXPECT_EQ(spans().at(1).at("name"), "second");
}

TEST_F(ActiveSpanTest, TakesAnyInputAndSendsWhatParses) {
  const std::pair<std::string, Json> cases[] = {{"", Json::object()},
                                                {"plain words", {{"value", "plain words"}}},
                                                {"[1, 2]", {{"value", {1, 2}}}},
                                                {"{\"open\": ", {{"value", "{\"open\": "}}},
                                                {"7", {{"value", 7}}}};
  for (const auto& [input, expected] : cases) {
    client().span("step").set_input(input);
    EXPECT_EQ(spans().back().at("input"), expected) << input;
  }
  {
    auto step = client().span("\xff", {.trace_id = "no trace", .parent_span_id = "no span"});
    EXPECT_TRUE(is_valid_trace_id(step.trace_id()));
    step.set_input("\xff");
    step.set_output("\xff");
    step.set_attribute("\xff", "\xff");
    step.set_attribute("nan", std::nan(""));
    step.set_attribute("huge", std::numeric_limits<uint64_t>::max());
    for (int i = 0; i < 2'000; ++i) step.set_attribute("a" + std::to_string(i), i);
  }
  ASSERT_EQ(spans().size(), 6u) << client().span_stats().dropped_rejected;
  EXPECT_EQ(spans().back().at("attributes").size(), 1'000u);
  EXPECT_FALSE(spans().back().contains("parentSpanId"));
}

TEST_F(ActiveSpanTest, GoesNowhereWithoutAKeyOrAfterItsClient) {
  auto without = options();
  without.api_key = "";
  auto short_lived = std::make_unique<Client>(without);
  {
    auto step = short_lived->span("unsent");
  }
  auto orphan = client().span("orphan");
  auto quiet = short_lived->span("quiet");
  short_lived.reset();
  client_.reset();
  orphan.end();
  EXPECT_TRUE(server_.stored_spans().empty());
}

}  // namespace
}  // namespace tracia
