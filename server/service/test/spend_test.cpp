#include "tracia/service/spend.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "fake_control_store.h"
#include "fake_span_store.h"
#include "spend_estimate.h"
#include "tracia/service/control_cache.h"
#include "tracia/service/prices.h"

namespace tracia::service {
namespace {

using llm::Decimal;

constexpr int64_t kDayUs = 86'400'000'000;

Decimal usd(std::string_view text) { return *Decimal::parse(text); }

class SetClock : public Clock {
 public:
  Timestamp now() const override { return {now_.load()}; }
  SteadyTime steady() const override { return {}; }
  void advance(int64_t micros) { now_ += micros; }

 private:
  std::atomic<int64_t> now_{1'795'000'000'000'000};  // 2026-11-18T11:06:40Z
};

class SpendTest : public testing::Test {
 protected:
  SpendTest() {
    services.clock = &clock;
    services.control = &control;
    services.spans = &spans;
    services.cache = &cache;
    EXPECT_TRUE(control.put_project({.id = "prj_1", .name = "Shop", .created = clock.now()}));
    EXPECT_TRUE(control.put_api_key({.id = "key_1",
                                     .project_id = "prj_1",
                                     .name = "Web",
                                     .hash = "h",
                                     .created = clock.now(),
                                     .limits_json = R"({"spendCap":{"usd":"1","period":"day"}})"}));
    EXPECT_TRUE(cache.load([](const auto&) -> Result<std::string> { return std::string("{}"); }));
    start();
  }
  // As after the start of a server.
  void start() {
    spend.emplace(services);
    services.spend = &*spend;
    ASSERT_TRUE(spend->load());
  }
  void pay(std::string_view amount) {
    auto hold = spend->reserve(web, Decimal());
    ASSERT_TRUE(hold) << hold.error().message;
    hold->settle(clock.now(), usd(amount));
  }
  store::NewSpan span(const std::string& id, std::string_view cost) {
    store::NewSpan span{.project_id = "prj_1"};
    span.span.span_id = id;
    span.span.start_time = clock.now();
    span.cost = usd(cost);
    span.cost_status = llm::CostStatus::kExact;
    return span;
  }

  SetClock clock;
  store::FakeControlStore control;
  store::FakeSpanStore spans{clock};
  ControlCache cache{control};
  Services services;
  std::optional<Spend> spend;
  const Principal web{.project_id = "prj_1", .name = "Web", .key_id = "key_1"};
  const Principal member{.project_id = "prj_1", .name = "Ada", .member_id = "mem_1"};
};

TEST_F(SpendTest, WhatIsSpentCountsForTheKeyAndItsProject) {
  pay("0.25");
  pay("0.000001");
  for (const char* scope : {"key_1", "prj_1"}) {
    EXPECT_EQ(spend->use(scope).day.to_string(), "0.250001");
    EXPECT_EQ(spend->use(scope).month.to_string(), "0.250001");
    EXPECT_TRUE(spend->use(scope).reserved.is_zero());
  }
}

TEST_F(SpendTest, ASpentCapRefusesAndSaysWhatWhenAndWho) {
  pay("1.25");
  const auto refused = spend->reserve(web, Decimal());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kRateLimited);
  EXPECT_EQ(refused.error().message,
            "The spend cap of the API key 'Web' is reached: $1.25 of $1.00 spent today. It resets at "
            "2026-11-19T00:00:00.000Z; an owner or admin can raise it in Settings > Usage and limits.");
  EXPECT_EQ(refused.error().retry_after, Millis(46'400'000));  // to midnight
  EXPECT_EQ(spend_refusal_extra(refused.error()), R"("reason":"spend_cap")");
  EXPECT_TRUE(spend->reserve(member, Decimal()));  // the project has no cap
}

TEST_F(SpendTest, ReservationsHoldTheCapUntilTheyAreGivenBack) {
  auto first = spend->reserve(web, usd("0.6"));
  auto second = spend->reserve(web, usd("0.6"));
  ASSERT_TRUE(first && second);
  const auto third = spend->reserve(web, Decimal());
  ASSERT_FALSE(third);
  EXPECT_NE(third.error().message.find("calls under way"), std::string::npos);
  EXPECT_EQ(third.error().retry_after, Millis(1'000));
  first->settle(clock.now(), usd("0.1"));
  first->settle(clock.now(), usd("0.1"));  // counts once
  EXPECT_TRUE(spend->reserve(web, Decimal()));
  second->release();
  EXPECT_EQ(spend->use("key_1").day.to_string(), "0.1");
  EXPECT_TRUE(spend->use("key_1").reserved.is_zero());
}

TEST_F(SpendTest, ManyAtOnceExceedTheCapByNoMoreThanOneCall) {
  std::atomic<int> let_in{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 500; ++n) {
        auto hold = spend->reserve(web, usd("0.01"));
        if (!hold) continue;
        ++let_in;
        hold->settle(clock.now(), usd("0.01"));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(let_in, 100);
  EXPECT_EQ(spend->use("key_1").day.to_string(), "1");
}

TEST_F(SpendTest, AProjectsCapHoldsForMembersTooAndOutlivesARestart) {
  ASSERT_TRUE(control.put_project_settings({.project_id = "prj_1", .json = R"({"masking":{"a":1}})", .revision = 1}));
  ASSERT_TRUE(spend->set_project_cap("prj_1", SpendCap{usd("0.5"), SpendPeriod::kMonth}));
  EXPECT_EQ(control.project_settings()->at(0).json, R"({"masking":{"a":1},"spendCap":{"usd":"0.5","period":"month"}})");
  pay("0.5");
  EXPECT_FALSE(spend->reserve(member, Decimal()));
  spend->flush();
  start();
  const auto refused = spend->reserve(member, Decimal());
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("project 'Shop'"), std::string::npos);
  ASSERT_TRUE(spend->set_project_cap("prj_1", std::nullopt));
  EXPECT_TRUE(spend->reserve(member, Decimal()));
  EXPECT_EQ(control.project_settings()->at(0).json, R"({"masking":{"a":1}})");
}

TEST_F(SpendTest, ANewDayBeginsAtNothingAndALateCallCountsWhereItBegan) {
  auto late = spend->reserve(web, usd("0.2"));
  const Timestamp began = clock.now();
  pay("1");
  clock.advance(kDayUs);
  EXPECT_TRUE(spend->use("key_1").day.is_zero());
  EXPECT_EQ(spend->use("key_1").month.to_string(), "1");
  EXPECT_TRUE(spend->reserve(web, Decimal()));
  late->settle(began, usd("0.2"));
  EXPECT_TRUE(spend->use("key_1").day.is_zero());
  EXPECT_EQ(spend->use("key_1").month.to_string(), "1.2");
  clock.advance(20 * kDayUs);
  EXPECT_TRUE(spend->use("key_1").month.is_zero());
}

TEST_F(SpendTest, SpansOfOthersCountOnceAndAreNeverRefused) {
  const auto send = [&] {
    std::vector<store::NewSpan> batch;
    batch.push_back(span("sp_0000000000000001", "3"));
    batch.push_back(span("sp_0000000000000002", "4"));
    batch.back().cost_status = llm::CostStatus::kIncluded;
    bool called = false;
    auto done = spend->counting(web, batch, [&](auto result) { called = result.has_value(); });
    spans.append(std::move(batch), std::move(done));
    EXPECT_TRUE(called);
  };
  send();
  send();  // duplicates
  EXPECT_EQ(spend->use("key_1").day.to_string(), "3");
  EXPECT_FALSE(spend->reserve(web, Decimal()));
}

TEST_F(SpendTest, ACrashLosesNothingThatHasASpan) {
  pay("0.2");
  spend->flush();
  std::vector<store::NewSpan> batch;
  batch.push_back(span("sp_0000000000000001", "0.2"));  // of the call above
  batch.push_back(span("sp_0000000000000002", "0.9"));  // of one that was answered, and not written to the ledger
  spans.append(std::move(batch), [](auto) {});
  start();
  EXPECT_EQ(spend->use("prj_1").day.to_string(), "1.1");
  EXPECT_EQ(spend->use("key_1").day.to_string(), "1.1");
  EXPECT_FALSE(spend->reserve(web, Decimal()));
  start();
  EXPECT_EQ(spend->use("key_1").day.to_string(), "1.1");
}

TEST_F(SpendTest, AWriteThatFailsIsMadeUpFor) {
  pay("0.2");
  control.fail_writes = true;
  spend->flush();
  control.fail_writes = false;
  EXPECT_TRUE(control.spent()->empty());
  spend->flush();
  EXPECT_EQ(control.spent()->size(), 4u);  // a day and a month, of a key and a project
}

TEST(SpendEstimate, IsNeverLessThanWhatTheCallMayCost) {
  const llm::Target target{.provider = llm::Provider::kOpenAi, .model = "gpt-4o"};
  llm::ChatRequest chat{.messages = {llm::user(std::string(4'000, 'x'))}};
  chat.max_output_tokens = 100;
  const Timestamp now{1'795'000'000'000'000};
  const Decimal limited = most_it_costs(nullptr, "prj_1", target, "openai", size_of(chat), now);
  EXPECT_GT(limited, usd("0.0035"));  // 1,000 tokens in, 100 out
  EXPECT_LT(limited, usd("0.01"));
  chat.max_output_tokens.reset();
  EXPECT_GT(most_it_costs(nullptr, "prj_1", target, "openai", size_of(chat), now), usd("0.16"));  // 16,384 out
  const llm::Target unknown{.provider = llm::Provider::kOpenAi, .model = "nobody-knows"};
  EXPECT_TRUE(most_it_costs(nullptr, "prj_1", unknown, "openai", size_of(chat), now).is_zero());
}

TEST(SpendEstimate, AnImageCountsByWhatModelsBillNotByItsBytes) {
  llm::ChatRequest chat{.messages = {llm::user("What is this?")}};
  chat.messages[0].parts.push_back(llm::image_bytes(std::string(5'000'000, 'x'), "image/png"));
  EXPECT_LT(size_of(chat).input_bytes, 20'000u);
}

TEST_F(SpendTest, PricesAreExactAndOneSnapshotStaysAsItWas) {
  Prices prices(services);
  services.prices = &prices;
  json::Document document;
  const auto book = prices.book();
  const auto put = prices.put("prj_1", "OpenAI", "GPT-4o", *document.parse(R"({"input":"1.5","output":"2"})"));
  ASSERT_TRUE(put) << put.error().message;
  EXPECT_EQ(book->find("prj_1", "openai", "gpt-4o"), nullptr);
  ASSERT_NE(prices.book()->find("prj_1", "openai", "gpt-4o"), nullptr);
  EXPECT_EQ(prices.book()->find("prj_1", "openai", "gpt-4o")->rates.input->to_string(), "1.5");
  Prices reopened(services);
  ASSERT_TRUE(reopened.load());
  EXPECT_NE(reopened.book()->find("prj_1", "openai", "gpt-4o"), nullptr);
  ASSERT_TRUE(prices.remove("prj_1", "openai", "gpt-4o"));
  EXPECT_EQ(prices.book()->find("prj_1", "openai", "gpt-4o"), nullptr);
  EXPECT_FALSE(prices.remove("prj_1", "openai", "gpt-4o"));
}

TEST_F(SpendTest, APriceNamesWhatIsWrong) {
  Prices prices(services);
  for (const auto& [text, member] : {std::pair(R"({"output":"1"})", "input"),
                                     {R"({"input":"1"})", "output"},
                                     {R"({"input":1,"output":"1"})", "input"},
                                     {R"({"input":"1","output":"-1"})", "output"},
                                     {R"({"input":"1","output":"1.0000000000001"})", "output"},
                                     {R"({"input":"1","output":"1","cachedInput":"x"})", "cachedInput"}}) {
    json::Document document;
    const auto put = prices.put("prj_1", "openai", "gpt-4o", *document.parse(text));
    ASSERT_FALSE(put) << text;
    EXPECT_EQ(put.error().code, ErrorCode::kInvalidRequest);
    EXPECT_NE(put.error().message.find(member), std::string::npos) << put.error().message;
  }
  json::Document document;
  const auto embedding = prices.put("prj_1", "openai", "text-embedding-3-small", *document.parse(R"({"input":"1"})"));
  EXPECT_TRUE(embedding);
}

}  // namespace
}  // namespace tracia::service
