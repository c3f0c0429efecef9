#include "tracia/service/limits.h"

#include <gtest/gtest.h>

#include "rate_limiter.h"

namespace tracia::service {
namespace {

constexpr Timestamp kNow{1'795'000'000'000'000};  // 2026-11-18T11:06:40Z
constexpr Timestamp kDecember{1'796'083'200'000'000};

Result<std::optional<SpendCap>> cap_of(std::string_view text) {
  json::Document document;
  const auto value = document.parse(text);
  return value ? read_spend_cap(*value) : fail(value.error());
}

TEST(SpendPeriods, AreDaysAndMonthsInUtc) {
  EXPECT_EQ(spend_period_of(SpendPeriod::kDay, kNow), "2026-11-18");
  EXPECT_EQ(spend_period_of(SpendPeriod::kMonth, kNow), "2026-11");
  EXPECT_EQ(format_rfc3339_millis(spend_period_begin(SpendPeriod::kDay, kNow)), "2026-11-18T00:00:00.000Z");
  EXPECT_EQ(format_rfc3339_millis(spend_period_end(SpendPeriod::kDay, kNow)), "2026-11-19T00:00:00.000Z");
  EXPECT_EQ(format_rfc3339_millis(spend_period_begin(SpendPeriod::kMonth, kNow)), "2026-11-01T00:00:00.000Z");
  EXPECT_EQ(format_rfc3339_millis(spend_period_end(SpendPeriod::kMonth, kNow)), "2026-12-01T00:00:00.000Z");
  EXPECT_EQ(format_rfc3339_millis(spend_period_end(SpendPeriod::kMonth, kDecember)), "2027-01-01T00:00:00.000Z");
}

TEST(SpendCaps, AreReadExactlyAndNullIsNone) {
  EXPECT_EQ(*cap_of(R"({"usd":"12.50","period":"day"})"), (SpendCap{*llm::Decimal::parse("12.5"), SpendPeriod::kDay}));
  EXPECT_EQ((*cap_of(R"({"usd":"0","period":"month"})"))->period, SpendPeriod::kMonth);
  EXPECT_EQ(*cap_of("null"), std::nullopt);
}

TEST(SpendCaps, NameWhatIsWrong) {
  for (const auto& [text, member] : {std::pair(R"({"usd":12.5,"period":"day"})", "spendCap.usd"),
                                     {R"({"usd":"-1","period":"day"})", "spendCap.usd"},
                                     {R"({"usd":"1000000001","period":"day"})", "spendCap.usd"},
                                     {R"({"usd":"1e3","period":"day"})", "spendCap.usd"},
                                     {R"({"period":"day"})", "spendCap.usd"},
                                     {R"({"usd":"1","period":"week"})", "spendCap.period"},
                                     {R"({"usd":"1"})", "spendCap.period"},
                                     {R"("12")", "spendCap"}}) {
    const auto cap = cap_of(text);
    ASSERT_FALSE(cap) << text;
    EXPECT_TRUE(cap.error().message.starts_with(member)) << text << ": " << cap.error().message;
  }
}

TEST(KeyLimits, ComeBackAsTheyWereStored) {
  const KeyLimits limits{.requests_per_minute = 60,
                         .spend_cap = SpendCap{*llm::Decimal::parse("0.1"), SpendPeriod::kDay}};
  const KeyLimits read = read_key_limits(key_limits_json(limits));
  EXPECT_EQ(read.requests_per_minute, 60);
  EXPECT_EQ(read.spend_cap, limits.spend_cap);
  EXPECT_EQ(key_limits_json({}), "");
  EXPECT_EQ(read_key_limits("not JSON").requests_per_minute, std::nullopt);
}

store::ApiKey key_with(const std::string& limits) { return {.id = "key_1", .limits_json = limits}; }

TEST(RateLimiter, AKeyWithoutALimitIsNeverLimited) {
  RateLimiter limiter;
  EXPECT_FALSE(limiter.take(key_with(""), {}).limited);
  EXPECT_FALSE(limiter.take(key_with(R"({"spendCap":{"usd":"1","period":"day"}})"), {}).limited);
}

TEST(RateLimiter, AMinutesWorthMayComeAtOnceAndThenOneAtATime) {
  RateLimiter limiter;
  const store::ApiKey key = key_with(R"({"requestsPerMinute":30})");
  SteadyTime now{};
  for (int i = 0; i < 30; ++i) {
    const auto taken = limiter.take(key, now);
    ASSERT_TRUE(taken.allowed) << i;
    EXPECT_EQ(taken.remaining, 29 - i);
    EXPECT_EQ(taken.full_in, Millis(2'000 * (i + 1)));
  }
  const auto refused = limiter.take(key, now);
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.retry_after, Millis(2'000));
  EXPECT_EQ(refused.limit, 30);
  now += Millis(1'999);
  EXPECT_FALSE(limiter.take(key, now).allowed);
  now += Millis(1);
  EXPECT_TRUE(limiter.take(key, now).allowed);
  EXPECT_FALSE(limiter.take(key, now).allowed);
  now += std::chrono::minutes(5);
  EXPECT_EQ(limiter.take(key, now).remaining, 29);  // no more than a full bucket
}

TEST(RateLimiter, ABurstIsAtMostAThousand) {
  RateLimiter limiter;
  const store::ApiKey key = key_with(R"({"requestsPerMinute":60000})");
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(limiter.take(key, {}).allowed) << i;
  EXPECT_FALSE(limiter.take(key, {}).allowed);
  EXPECT_TRUE(limiter.take(key, SteadyTime{} + Millis(1)).allowed);
}

TEST(RateLimiter, AChangedLimitHoldsAtOnce) {
  RateLimiter limiter;
  EXPECT_TRUE(limiter.take(key_with(R"({"requestsPerMinute":1})"), {}).allowed);
  EXPECT_FALSE(limiter.take(key_with(R"({"requestsPerMinute":1})"), {}).allowed);
  EXPECT_TRUE(limiter.take(key_with(R"({"requestsPerMinute":2})"), {}).allowed);
  EXPECT_FALSE(limiter.take(key_with(""), {}).limited);
}

}  // namespace
}  // namespace tracia::service
