#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "tracia/llm/catalog.h"

namespace tracia::llm {
namespace {

using Json = nlohmann::json;

Timestamp at(std::string_view time) { return parse_rfc3339(time).value(); }
const Timestamp kNow = at("2026-09-20T12:00:00Z");

// "exact 0.0025+0.001=0.0035"
std::string text(const Cost& c) {
  return std::string(cost_status_name(c.status)) + " " + c.input.to_string() + "+" + c.output.to_string() + "=" +
         c.total.to_string();
}

std::string priced(const Usage& usage, std::string_view model, Timestamp time = kNow, bool batch = false) {
  return text(cost(usage, "", model, time, batch));
}

TEST(Cost, AddsEveryKindOfTokenAtItsOwnRate) {
  const Usage usage{.input_tokens = 1000,
                    .output_tokens = 100,
                    .cached_input_tokens = 500,
                    .cache_write_tokens = 300,
                    .cache_write_1h_tokens = 100,
                    .reasoning_tokens = 50};
  // 200 at 1, 500 at 0.1, 200 at 1.25, 100 at 2; output 100 at 5.
  EXPECT_EQ(priced(usage, "claude-haiku-4-5"), "exact 0.0007+0.0005=0.0012");
}

TEST(Cost, BillsAudioApart) {
  const Usage usage{.input_tokens = 1000, .output_tokens = 100, .input_audio_tokens = 400, .output_audio_tokens = 40};
  EXPECT_EQ(priced(usage, "gpt-audio"), "exact 0.0143+0.00316=0.01746");
  // gpt-4o has no audio rate: the text rate, and it says so.
  EXPECT_EQ(priced(usage, "gpt-4o"), "estimated 0.0025+0.001=0.0035");
}

TEST(Cost, TheTierIsDecidedByAllInputAndTakesTheWholeRequest) {
  EXPECT_EQ(priced({.input_tokens = 272'000, .output_tokens = 10}, "gpt-5.4"), "exact 0.68+0.00015=0.68015");
  EXPECT_EQ(priced({.input_tokens = 272'001, .output_tokens = 10}, "gpt-5.4"), "exact 1.360005+0.000225=1.36023");
  EXPECT_EQ(priced({.input_tokens = 272'001, .output_tokens = 0, .cached_input_tokens = 272'001}, "gpt-5.4"),
            "exact 0.1360005+0=0.1360005");
  EXPECT_EQ(priced({.input_tokens = 100'001, .output_tokens = 0}, "claude-haiku-5-5", at("2026-10-08")),
            "exact 0.0500005+0=0.0500005");
}

TEST(Cost, ThePriceInForceAtTheTimeCounts) {
  const Usage usage{.input_tokens = 1'000'000, .output_tokens = 0};
  EXPECT_EQ(priced(usage, "o3", at("2025-06-09T23:59:59Z")), "exact 10+0=10");
  EXPECT_EQ(priced(usage, "o3", at("2025-06-10T00:00:00Z")), "exact 2+0=2");
  EXPECT_EQ(priced(usage, "o3", Timestamp{INT64_MIN}), "exact 10+0=10");
  EXPECT_EQ(priced(usage, "gpt-4o", at("2024-09-01")), "exact 5+0=5");
  EXPECT_EQ(priced(usage, "gemini-3.8-flash", at("2027-01-01")), "exact 1.5+0=1.5");
  // The long-context beta of Sonnet 4.5 ended on 2026-04-30.
  EXPECT_EQ(priced(usage, "claude-sonnet-4-5", at("2026-04-30T23:00:00Z")), "exact 6+0=6");
  EXPECT_EQ(priced(usage, "claude-sonnet-4-5", at("2026-05-01")), "exact 3+0=3");
}

TEST(Cost, MissingCacheRatesCostTheInputRate) {
  EXPECT_EQ(priced({.input_tokens = 100, .output_tokens = 0, .cached_input_tokens = 100}, "gpt-4"),
            "exact 0.003+0=0.003");
  EXPECT_EQ(priced({.input_tokens = 100, .output_tokens = 0, .cache_write_tokens = 100}, "gpt-4o"),
            "exact 0.00025+0=0.00025");
}

TEST(Cost, OneHourWritesWithoutARateAreUnknownExceptWhereThereIsOneWriteRate) {
  const Usage usage{.input_tokens = 100, .output_tokens = 0, .cache_write_tokens = 100, .cache_write_1h_tokens = 100};
  EXPECT_EQ(priced(usage, "anthropic.claude-3-haiku-20240307-v1:0"), "unknown 0+0=0");
  EXPECT_EQ(priced(usage, "gpt-5.6"), "exact 0.0005+0=0.0005");
}

TEST(Cost, RegionalProfilesCostMoreFromClaude45On) {
  const Usage usage{.input_tokens = 1'000'000, .output_tokens = 1'000'000};
  for (const std::string prefix : {"us", "eu", "jp", "au", "apac", "us-gov"}) {
    EXPECT_EQ(priced(usage, prefix + ".anthropic.claude-haiku-4-5-20251001-v1:0"), "exact 1.1+5.5=6.6") << prefix;
    EXPECT_EQ(priced(usage, prefix + ".anthropic.claude-opus-4-7"), "exact 5.5+27.5=33") << prefix;
    EXPECT_EQ(priced(usage, prefix + ".anthropic.claude-3-5-haiku-20241022-v1:0"), "exact 0.8+4=4.8") << prefix;
  }
  EXPECT_EQ(priced(usage, "global.anthropic.claude-haiku-4-5-20251001-v1:0"), "exact 1+5=6");
  EXPECT_EQ(priced(usage, "anthropic.claude-haiku-4-5-20251001-v1:0"), "exact 1+5=6");
  EXPECT_EQ(priced(usage, "eu.amazon.nova-pro-v1:0"), "estimated 0.8+3.2=4");
  EXPECT_EQ(priced(usage, "global.amazon.nova-2-lite-v1:0"), "exact 0.3+2.5=2.8");
  EXPECT_EQ(priced(usage, "us.amazon.nova-2-lite-v1:0"), "exact 0.33+2.75=3.08");
}

TEST(Cost, BatchTakesBatchRatesAndElseEstimates) {
  const Usage usage{.input_tokens = 1'000'000, .output_tokens = 1'000'000};
  EXPECT_EQ(priced(usage, "gpt-4.1-mini", kNow, true), "exact 0.2+0.8=1");
  EXPECT_EQ(priced(usage, "gpt-4", kNow, true), "estimated 30+60=90");
  Usage cached = usage;
  cached.cached_input_tokens = 1'000'000;
  EXPECT_EQ(priced(cached, "claude-haiku-4-5", kNow, true), "exact 0.05+2.5=2.55");
  EXPECT_EQ(priced(cached, "gemini-2.5-flash-lite", kNow, true), "estimated 0.01+0.2=0.21");
}

TEST(Cost, UnlistedSnapshotsAreEstimates) {
  EXPECT_EQ(priced({.input_tokens = 100, .output_tokens = 0}, "gpt-4o-2031-01-01"), "estimated 0.00025+0=0.00025");
}

TEST(Cost, EmbeddingsAreBilledForTheirInput) {
  EXPECT_EQ(priced({.input_tokens = 1000}, "text-embedding-3-small"), "exact 0.00002+0=0.00002");
  EXPECT_EQ(priced({.total_tokens = 1000}, "text-embedding-3-small"), "exact 0.00002+0=0.00002");
  EXPECT_EQ(priced({.input_tokens = 1000, .output_tokens = 5}, "voyage-4"), "exact 0.00006+0=0.00006");
}

TEST(Cost, MissingTotalsAreDerivedOrUnknown) {
  EXPECT_EQ(priced({.input_tokens = 100, .total_tokens = 300}, "gpt-4o"), "estimated 0.00025+0.002=0.00225");
  EXPECT_EQ(priced({.output_tokens = 200, .total_tokens = 300}, "gpt-4o"), "estimated 0.00025+0.002=0.00225");
  EXPECT_EQ(priced({.input_tokens = 100}, "gpt-4o"), "unknown 0+0=0");
  EXPECT_EQ(priced({.total_tokens = 100}, "gpt-4o"), "unknown 0+0=0");
  EXPECT_EQ(priced({}, "gpt-4o"), "unknown 0+0=0");
  EXPECT_EQ(priced({}, "text-embedding-3-small"), "unknown 0+0=0");
  EXPECT_EQ(priced({.input_tokens = 0, .output_tokens = 0}, "gpt-4o"), "exact 0+0=0");
}

TEST(Cost, PartsLargerThanTheWholeRaiseIt) {
  // A client that reports Anthropic's own input_tokens, which leave the cache out.
  EXPECT_EQ(priced({.input_tokens = 10, .output_tokens = 0, .cached_input_tokens = 1000}, "claude-haiku-4-5"),
            "estimated 0.0001+0=0.0001");
  EXPECT_EQ(priced({.input_tokens = 100, .output_tokens = 10, .reasoning_tokens = 50}, "o3"),
            "estimated 0.0002+0.0004=0.0006");
  EXPECT_EQ(priced({.input_tokens = 100, .output_tokens = 0, .cache_write_tokens = 10, .cache_write_1h_tokens = 100},
                   "claude-haiku-4-5"),
            "estimated 0.0002+0=0.0002");
  // Audio that was read from the cache.
  EXPECT_EQ(priced({.input_tokens = 100, .output_tokens = 0, .cached_input_tokens = 90, .input_audio_tokens = 80},
                   "gemini-2.5-flash"),
            "estimated 0.0000127+0=0.0000127");
}

TEST(Cost, AbsurdCountsAreUnknown) {
  EXPECT_EQ(priced({.input_tokens = -1, .output_tokens = 1}, "gpt-4o"), "unknown 0+0=0");
  EXPECT_EQ(priced({.input_tokens = 1, .output_tokens = 1, .cached_input_tokens = -1}, "gpt-4o"), "unknown 0+0=0");
  EXPECT_EQ(priced({.input_tokens = kTokensMax + 1, .output_tokens = 1}, "gpt-4o"), "unknown 0+0=0");
  EXPECT_NE(priced({.input_tokens = kTokensMax, .output_tokens = 1}, "gpt-4o"), "unknown 0+0=0");
}

TEST(Cost, UnknownModelsAndConnectionsHaveNoCost) {
  const Usage usage{.input_tokens = 1, .output_tokens = 1};
  EXPECT_EQ(text(cost(usage, "openai", "no-such-model", kNow)), "unknown 0+0=0");
  EXPECT_EQ(text(cost(usage, "my-azure", "gpt-4o", kNow)), "unknown 0+0=0");
  EXPECT_EQ(text(cost(usage, "anthropic", "gpt-4o", kNow)), "unknown 0+0=0");
  EXPECT_EQ(text(cost(usage, "OPENAI", "gpt-4o", kNow)), "exact 0.0000025+0.00001=0.0000125");
  EXPECT_EQ(priced({.input_tokens = 1}, "amazon.nova-2-multimodal-embeddings-v1:0"), "unknown 0+0=0");
}

TEST(Cost, TakesPricesOfTheCaller) {
  const PriceTier tiers[] = {{0, {.input = Decimal::parse("3"), .output = Decimal::parse("6")}, {}}};
  const PricePeriod prices[] = {{at("2026-01-01"), tiers}};
  const Usage usage{.input_tokens = 1'000'000, .output_tokens = 1'000'000};
  EXPECT_EQ(text(cost(usage, ModelKind::kChat, prices, kNow)), "exact 3+6=9");
  EXPECT_EQ(text(cost(usage, ModelKind::kChat, prices, at("2025-12-31"))), "unknown 0+0=0");
  EXPECT_EQ(text(cost(usage, ModelKind::kChat, {}, kNow)), "unknown 0+0=0");
}

RC_GTEST_PROP(CostProperty, IsNeverNegativeAndTheTotalIsTheSum, ()) {
  const auto models = all_models();
  const auto& model = models[*rc::gen::inRange<size_t>(0, models.size())];
  const auto count = [] {
    return *rc::gen::maybe(rc::gen::oneOf(rc::gen::inRange<int64_t>(0, 2'000'000), rc::gen::arbitrary<int64_t>()));
  };
  const auto optional = [&count]() -> std::optional<int64_t> {
    const auto n = count();
    return n ? std::optional<int64_t>(*n) : std::nullopt;
  };
  Usage usage;
  for (auto* field : {&usage.input_tokens, &usage.output_tokens, &usage.total_tokens, &usage.cached_input_tokens,
                      &usage.cache_write_tokens, &usage.cache_write_1h_tokens, &usage.reasoning_tokens,
                      &usage.input_audio_tokens, &usage.output_audio_tokens}) {
    *field = optional();
  }
  const Cost c =
      cost(usage, model.provider, model.name, Timestamp{*rc::gen::arbitrary<int64_t>()}, *rc::gen::arbitrary<bool>());
  RC_ASSERT(c.input >= Decimal());
  RC_ASSERT(c.output >= Decimal());
  RC_ASSERT(c.total == c.input + c.output);
  if (c.status == CostStatus::kUnknown) RC_ASSERT(c.total.is_zero());
}

// --- The shared facts ---

std::optional<std::filesystem::path> prices_folder() {
  const char* set = std::getenv("TRACIA_SHARED");
  const std::filesystem::path shared = set != nullptr && *set != '\0'
                                           ? std::filesystem::path(set)
                                           : std::filesystem::path(TRACIA_SOURCE_DIR) / ".." / "shared";
  if (!std::filesystem::is_directory(shared / "prices")) return std::nullopt;
  return shared / "prices";
}

std::optional<int64_t> count_of(const Json& usage, const char* name) {
  return usage.contains(name) ? std::optional<int64_t>(usage.at(name).get<int64_t>()) : std::nullopt;
}

Usage usage_of(const Json& j) {
  return {.input_tokens = count_of(j, "inputTokens"),
          .output_tokens = count_of(j, "outputTokens"),
          .cached_input_tokens = count_of(j, "cachedInputTokens"),
          .cache_write_tokens = count_of(j, "cacheWriteTokens"),
          .cache_write_1h_tokens = count_of(j, "cacheWrite1hTokens"),
          .reasoning_tokens = count_of(j, "reasoningTokens"),
          .input_audio_tokens = count_of(j, "inputAudioTokens"),
          .output_audio_tokens = count_of(j, "outputAudioTokens")};
}

TEST(SharedPrices, EveryCaseIsMetToTheLastDigit) {
  const auto folder = prices_folder();
  if (!folder) GTEST_SKIP() << "no shared folder: set TRACIA_SHARED";
  for (const char* file : {"cases.json", "extra_cases.json"}) {
    std::ifstream in(*folder / file);
    for (const Json& one : Json::parse(in)) {
      const Cost c =
          cost(usage_of(one.at("usage")), one.at("provider").get<std::string>(), one.at("model").get<std::string>(),
               at(one.at("time").get<std::string>()), one.value("mode", "") == "batch");
      EXPECT_EQ(c.status, CostStatus::kExact) << one.at("id");
      EXPECT_EQ(c.input.to_string(), one.at("expected").at("inputCost").get<std::string>()) << one.at("id");
      EXPECT_EQ(c.output.to_string(), one.at("expected").at("outputCost").get<std::string>()) << one.at("id");
      EXPECT_EQ(c.total.to_string(), one.at("expected").at("totalCost").get<std::string>()) << one.at("id");
    }
  }
}

// Each current figure of the facts is in the catalog, unless a dated change since then is.
TEST(SharedPrices, EveryFigureOfTheFactsIsCarried) {
  const auto folder = prices_folder();
  if (!folder) GTEST_SKIP() << "no shared folder: set TRACIA_SHARED";
  std::ifstream in(*folder / "models.json");
  const Timestamp today = at("2026-11-20");
  const std::pair<const char*, std::optional<Decimal> Rates::*> rates[] = {
      {"input", &Rates::input},
      {"output", &Rates::output},
      {"cached_read", &Rates::cached_read},
      {"cache_write_5m", &Rates::cache_write},
      {"cache_write_1h", &Rates::cache_write_1h},
      {"audio_input", &Rates::audio_input},
      {"audio_output", &Rates::audio_output},
  };
  for (const Json& fact : Json::parse(in)) {
    const auto name = fact.at("model").get<std::string>();
    const ModelInfo* info = find_model(name, fact.at("provider").get<std::string>());
    ASSERT_NE(info, nullptr) << name;
    ASSERT_EQ(info->name, name);
    const PricePeriod* period = nullptr;
    for (const PricePeriod& p : info->prices) {
      if (p.from <= today) period = &p;
    }
    ASSERT_NE(period, nullptr) << name;
    const Json& prices = fact.at("prices");
    const auto tiers = prices.value("tiers", Json::array());
    ASSERT_EQ(period->tiers.size(), tiers.size() + 1) << name;
    for (size_t i = 0; i < period->tiers.size(); ++i) {
      const Json& want = i == 0 ? prices : tiers[i - 1];
      for (const auto& [key, rate] : rates) {
        if (!want.contains(key)) continue;
        ASSERT_TRUE(period->tiers[i].standard.*rate) << name << " " << key;
        EXPECT_EQ((period->tiers[i].standard.*rate)->to_string(), want.at(key).get<std::string>())
            << name << " " << key;
      }
    }
    const Rates& batch = period->tiers.front().batch;
    if (prices.contains("batch_input")) {
      EXPECT_EQ(batch.input->to_string(), prices.at("batch_input").get<std::string>()) << name;
    }
    if (prices.contains("batch_output") && batch.output) {
      EXPECT_EQ(batch.output->to_string(), prices.at("batch_output").get<std::string>()) << name;
    }
    if (fact.contains("dimensions")) {
      EXPECT_EQ(info->dimensions, fact.at("dimensions").get<int64_t>()) << name;
    }
    if (fact.contains("released")) {
      EXPECT_EQ(info->released, fact.at("released").get<std::string>()) << name;
    }
  }
}

}  // namespace
}  // namespace tracia::llm
