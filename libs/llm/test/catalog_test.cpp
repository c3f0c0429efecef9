#include "tracia/llm/catalog.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cctype>
#include <set>
#include <sstream>
#include <string>
#include <tuple>

#include "catalog_data.h"
#include "read_models.h"

namespace tracia::llm {
namespace {

std::string name_of(const ModelInfo* info) {
  return info == nullptr ? "-" : std::string(info->provider).append(":").append(info->name);
}

// Every model that the hosted product documents.
struct Documented {
  Provider provider;
  std::string_view names;
};
constexpr Documented kDocumented[] = {
    {Provider::kOpenAi,
     "chatgpt-4o-latest gpt-3.5-turbo gpt-3.5-turbo-0125 gpt-3.5-turbo-1106 gpt-3.5-turbo-16k gpt-4 gpt-4-0125-preview "
     "gpt-4-1106-preview gpt-4-turbo gpt-4-turbo-2024-04-09 gpt-4-turbo-preview gpt-4.1 gpt-4.1-2025-04-14 "
     "gpt-4.1-mini "
     "gpt-4.1-mini-2025-04-14 gpt-4.1-nano gpt-4.1-nano-2025-04-14 gpt-4o gpt-4o-2024-05-13 gpt-4o-2024-08-06 "
     "gpt-4o-2024-11-20 gpt-4o-mini gpt-4o-mini-2024-07-18 gpt-4o-mini-search-preview "
     "gpt-4o-mini-search-preview-2025-03-11 gpt-4o-search-preview gpt-4o-search-preview-2025-03-11 gpt-5 "
     "gpt-5-2025-08-07 gpt-5-chat-latest gpt-5-codex gpt-5-mini gpt-5-mini-2025-08-07 gpt-5-nano gpt-5-nano-2025-08-07 "
     "gpt-5-pro gpt-5-pro-2025-10-06 gpt-5.1 gpt-5.1-2025-11-13 gpt-5.1-chat-latest gpt-5.1-codex gpt-5.1-codex-max "
     "gpt-5.1-codex-mini gpt-5.2 gpt-5.2-2025-12-11 gpt-5.2-chat-latest gpt-5.2-pro gpt-5.2-pro-2025-12-11 o1 "
     "o1-2024-12-17 o1-pro o1-pro-2025-03-19 o3 o3-2025-04-16 o3-mini o3-mini-2025-01-31 o4-mini o4-mini-2025-04-16 "
     "gpt-4.5-preview o1-mini o1-preview text-embedding-3-small text-embedding-3-large text-embedding-ada-002"},
    {Provider::kAnthropic,
     "claude-3-haiku-20240307 claude-3-opus-20240229 claude-3-7-sonnet-20250219 claude-4-opus-20250514 "
     "claude-4-sonnet-20250514 claude-opus-4-20250514 claude-sonnet-4-20250514 claude-opus-4-1 "
     "claude-opus-4-1-20250805 claude-haiku-4-5 claude-haiku-4-5-20251001 claude-sonnet-4-5 "
     "claude-sonnet-4-5-20250929 claude-opus-4-5 claude-opus-4-5-20251101 claude-3-5-haiku-20241022 "
     "claude-3-5-sonnet-20241022 claude-3-sonnet-20240229"},
    {Provider::kGoogle,
     "gemini-2.0-flash gemini-2.0-flash-001 gemini-2.0-flash-exp gemini-2.0-flash-lite gemini-2.0-flash-lite-001 "
     "gemini-2.5-flash gemini-2.5-flash-lite gemini-2.5-flash-lite-preview-09-2025 gemini-2.5-flash-preview-09-2025 "
     "gemini-2.5-pro gemini-3-pro-preview gemini-3-flash-preview text-embedding-004"},
    {Provider::kAmazonBedrock,
     "amazon.nova-micro-v1:0 amazon.nova-lite-v1:0 amazon.nova-pro-v1:0 anthropic.claude-haiku-4-5-20251001-v1:0 "
     "anthropic.claude-sonnet-4-20250514-v1:0 anthropic.claude-sonnet-4-5-20250929-v1:0 "
     "anthropic.claude-opus-4-5-20251101-v1:0 anthropic.claude-opus-4-6-v1 mistral.pixtral-large-2502-v1:0 "
     "meta.llama4-scout-17b-instruct-v1:0 mistral.mistral-large-3-675b-instruct deepseek.v3-v1:0 "
     "cohere.command-r-plus-v1:0 amazon.titan-embed-text-v2:0 cohere.embed-english-v3"},
    {Provider::kVoyage, "voyage-3 voyage-3-large voyage-code-3 voyage-finance-2 voyage-law-2 voyage-3-lite"},
};

TEST(Catalog, KnowsEveryModelThatTheHostedProductDocuments) {
  for (const auto& [provider, names] : kDocumented) {
    std::istringstream in{std::string(names)};
    for (std::string name; in >> name;) {
      const ModelInfo* info = find_model(name);
      ASSERT_NE(info, nullptr) << name;
      EXPECT_EQ(info->name, name);
      EXPECT_EQ(info->provider, provider_name(provider)) << name;
      EXPECT_EQ(resolve_provider(name).value(), provider) << name;
      EXPECT_GT(info->context_tokens, 0) << name;
      EXPECT_FALSE(info->prices.empty()) << name;
    }
  }
}

TEST(Catalog, TablesAreSortedAndConsistent) {
  const auto models = all_models();
  ASSERT_GE(models.size(), 222u);
  std::set<std::string_view> own_names;
  for (size_t i = 0; i < models.size(); ++i) {
    const ModelInfo& m = models[i];
    own_names.insert(m.name);
    if (i > 0) {
      EXPECT_LT(std::tie(models[i - 1].provider, models[i - 1].name), std::tie(m.provider, m.name));
    }
    EXPECT_EQ(find_model(m.name, m.provider), &m) << m.name;
    EXPECT_EQ(m.kind == ModelKind::kEmbedding, m.dimensions > 0) << m.name;
    EXPECT_LE(m.max_input_tokens, m.context_tokens) << m.name;
    EXPECT_FALSE(m.source.empty()) << m.name;
    for (size_t p = 0; p < m.prices.size(); ++p) {
      ASSERT_FALSE(m.prices[p].tiers.empty());
      EXPECT_EQ(m.prices[p].from.micros == INT64_MIN, p == 0) << m.name;
      EXPECT_EQ(m.prices[p].tiers.front().above_tokens, 0) << m.name;
      for (const PriceTier& tier : m.prices[p].tiers) EXPECT_TRUE(tier.standard.input) << m.name;
    }
  }
  std::set<std::string_view> aliases;
  for (const auto& entry : detail::catalog_names()) {
    if (!entry.is_alias || own_names.contains(entry.name)) continue;
    EXPECT_TRUE(aliases.insert(entry.name).second) << entry.name << " is the alias of two models";
    EXPECT_NE(find_model(entry.name), nullptr);
  }
}

TEST(Catalog, FindsNamesAliasesAndDatedSnapshotsButNoMerePrefix) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"gpt-4o", "openai:gpt-4o"},
      {"gpt-4o-2024-05-13", "openai:gpt-4o-2024-05-13"},  // listed: not the alias's price
      {"gpt-4o-2031-01-01", "openai:gpt-4o"},
      {"gpt-4o-20310101", "openai:gpt-4o"},
      {"claude-sonnet-4-5@20310101", "anthropic:claude-sonnet-4-5"},
      {"claude-opus-4-0", "anthropic:claude-opus-4-20250514"},
      {"claude-3-7-sonnet-latest", "anthropic:claude-3-7-sonnet-20250219"},
      {"models/gemini-2.5-pro", "google:gemini-2.5-pro"},
      {"claude-sonnet-5-5", "anthropic:claude-sonnet-5-5"},
      {"claude-sonnet-5-6", "-"},
      {"gpt-4o-2031-13-01", "-"},
      {"gpt-4o-1234567", "-"},
      {"gpt-4o-realtime-preview", "-"},
      {"gpt-4o-", "-"},
      {"-20310101", "-"},
      {"ft:gpt-4o-mini-2024-07-18:acme::abc", "-"},
      {"GPT-4o", "-"},
      {"", "-"},
      // Bedrock
      {"us.anthropic.claude-haiku-4-5-20251001-v1:0", "amazon_bedrock:us.anthropic.claude-haiku-4-5-20251001-v1:0"},
      {"jp.anthropic.claude-haiku-4-5-20251001-v1:0", "amazon_bedrock:anthropic.claude-haiku-4-5-20251001-v1:0"},
      {"us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0", "amazon_bedrock:anthropic.claude-sonnet-4-5-20250929-v1:0"},
      {"apac.amazon.nova-pro-v1:0", "amazon_bedrock:amazon.nova-pro-v1:0"},
      {"anthropic.claude-opus-4-7-20260416-v1:0", "amazon_bedrock:anthropic.claude-opus-4-7"},
      {"eu.anthropic.claude-opus-4-7", "amazon_bedrock:anthropic.claude-opus-4-7"},
      {"arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-lite-v1:0",
       "amazon_bedrock:us.amazon.nova-lite-v1:0"},
      {"arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0", "amazon_bedrock:amazon.nova-lite-v1:0"},
      {"arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123", "-"},
      {"amazon.nova-lite-v9:0", "-"},
      {"eu.gpt-4o", "-"},
  };
  for (const auto& [name, want] : cases) EXPECT_EQ(name_of(find_model(name)), want) << name;
  EXPECT_EQ(find_model(std::string(100'000, 'a')), nullptr);
}

TEST(Catalog, ProviderNarrowsTheSearchInAnyCase) {
  EXPECT_NE(find_model("gpt-4o", "OpenAI"), nullptr);
  EXPECT_NE(find_model("amazon.nova-pro-v1:0", "AMAZON_BEDROCK"), nullptr);
  EXPECT_EQ(find_model("gpt-4o", "anthropic"), nullptr);
  EXPECT_EQ(find_model("gpt-4o", "my-azure"), nullptr);
}

TEST(Catalog, ResolvesProviders) {
  using enum Provider;
  const std::pair<std::string_view, Provider> cases[] = {
      {"chatgpt-4o-latest", kOpenAi},
      {"chatgpt-9", kOpenAi},
      {"gpt-99", kOpenAi},
      {"o1", kOpenAi},
      {"o9-mini", kOpenAi},
      {"ft:gpt-4o-mini-2024-07-18:acme::abc", kOpenAi},
      {"ft:gpt-4o:my-org", kOpenAi},
      {"text-embedding-4-huge", kOpenAi},
      {"text-embedding-005", kGoogle},
      {"claude-zephyr-9", kAnthropic},
      {"gemini-9-ultra", kGoogle},
      {"models/gemini-9-ultra", kGoogle},
      {"gemini-embedding-001", kGoogle},
      {"voyage-9", kVoyage},
      {"anthropic.claude-zephyr-v9:0", kAmazonBedrock},
      {"us.meta.llama9-v1:0", kAmazonBedrock},
      {"eu.amazon.nova-micro-v1:0", kAmazonBedrock},
      {"apac.anthropic.claude-x", kAmazonBedrock},
      {"jp.anthropic.claude-x", kAmazonBedrock},
      {"au.anthropic.claude-x", kAmazonBedrock},
      {"us-gov.anthropic.claude-x", kAmazonBedrock},
      {"global.anthropic.claude-x", kAmazonBedrock},
      {"openai.gpt-oss-120b-1:0", kAmazonBedrock},
      {"amazon.titan-embed-text-v1", kAmazonBedrock},
      {"arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/abc123", kAmazonBedrock},
      {"arn:aws-us-gov:bedrock:us-gov-west-1::foundation-model/x", kAmazonBedrock},
  };
  for (const auto& [name, want] : cases) {
    const auto got = resolve_provider(name);
    ASSERT_TRUE(got) << name;
    EXPECT_EQ(*got, want) << name;
  }
}

TEST(Catalog, UnknownFamiliesAskForAProvider) {
  for (const std::string_view name :
       {"llama-3", "mistral-large", "", "o", "oscar", "o1x", "usa.anthropic.claude-x", "foo.bar"}) {
    const auto got = resolve_provider(name);
    ASSERT_FALSE(got) << name;
    EXPECT_EQ(got.error().code, ErrorCode::kUnsupportedModel);
    EXPECT_EQ(got.error().message, "Cannot determine provider for model '" + std::string(name) +
                                       "'. Please specify the provider explicitly.");
  }
  EXPECT_LT(resolve_provider(std::string(1u << 20, 'x')).error().message.size(), 1000u);
}

TEST(Catalog, SaysHowOpenAiModelsWantToBeSpokenTo) {
  const auto flags = [](std::string_view name) {
    const ModelInfo* m = find_model(name);
    return std::tuple(m->responses_only, m->max_completion_tokens, m->developer_role);
  };
  EXPECT_EQ(flags("gpt-4o"), std::tuple(false, false, false));
  EXPECT_EQ(flags("o1"), std::tuple(false, true, true));
  EXPECT_EQ(flags("o1-mini"), std::tuple(false, true, false));
  EXPECT_EQ(flags("gpt-5.2"), std::tuple(false, true, true));
  for (const std::string_view name : {"o1-pro", "o3-pro", "gpt-5-pro", "gpt-5.2-pro-2025-12-11", "gpt-5-codex",
                                      "gpt-5.1-codex-max", "o3-deep-research"}) {
    EXPECT_EQ(flags(name), std::tuple(true, true, true)) << name;
  }
}

TEST(Catalog, KnowsCapabilitiesAndDimensions) {
  EXPECT_TRUE(find_model("gpt-4o")->has("tools"));
  EXPECT_FALSE(find_model("gpt-4o")->has("reasoning"));
  EXPECT_TRUE(find_model("o3")->has("reasoning"));
  const std::tuple<std::string_view, int64_t, bool> cases[] = {
      {"text-embedding-3-small", 1536, true},
      {"text-embedding-3-large", 3072, true},
      {"text-embedding-ada-002", 1536, false},
      {"text-embedding-004", 768, true},
      {"gemini-embedding-001", 3072, true},
      {"amazon.titan-embed-text-v1", 1536, false},
      {"amazon.titan-embed-text-v2:0", 1024, true},
      {"cohere.embed-english-v3", 1024, false},
      {"cohere.embed-v4:0", 1536, true},
      {"amazon.nova-2-multimodal-embeddings-v1:0", 3072, true},
      {"voyage-3-lite", 512, false},
      {"voyage-law-2", 1024, false},
      {"voyage-3-large", 1024, true},
      {"voyage-code-2", 1536, false},
  };
  for (const auto& [name, dimensions, is_override] : cases) {
    ASSERT_NE(find_model(name), nullptr) << name;
    EXPECT_EQ(find_model(name)->dimensions, dimensions) << name;
    EXPECT_EQ(find_model(name)->dimensions_override, is_override) << name;
  }
}

RC_GTEST_PROP(CatalogProperty, AnyNameIsHarmless, (const std::string& name, const std::string& provider)) {
  find_model(name, provider);
  (void)resolve_provider(name);
  (void)find_model("us." + name);
  (void)find_model(name + "-20310101");
}

// --- The data file's reader: a mistake in the data is a build error. ---

std::string line(std::string_view prices, std::string_view more = "") {
  return std::string(R"([{"provider":"openai","name":"x","kind":"chat","in":["text"],"out":["text"],"source":"s",)")
      .append(R"("prices":)")
      .append(prices)
      .append(more)
      .append("}]");
}

TEST(CatalogReader, ReadsPricesExactly) {
  const auto models = catalog::read_models(line(
      R"([{"input":"0.000000000001","output":"0"},{"from":"2026-01-01","input":"2","output":"8","above":[{"tokens":5,"input":"4"}]}])"));
  ASSERT_TRUE(models) << models.error().message;
  const auto& prices = models->front().prices;
  EXPECT_EQ(prices[0].tiers[0].standard.input, 1);
  EXPECT_EQ(prices[1].from_micros, parse_rfc3339("2026-01-01T00:00:00Z")->micros);
  EXPECT_EQ(prices[1].tiers[1].above_tokens, 5);
}

TEST(CatalogReader, RefusesWhatItDoesNotUnderstand) {
  const std::string good = R"([{"input":"1","output":"2"}])";
  ASSERT_TRUE(catalog::read_models(line(good)));
  const std::string bad[] = {
      "{}",
      "[]",
      "[1]",
      "not json",
      line(good, R"(,"contxt":1)"),
      line(good, R"(,"context":-1)"),
      line(good, R"(,"context":"1")"),
      line(good, R"(,"can":["fly"])"),
      line(good, R"(,"flags":["fast"])"),
      line(good, R"(,"released":"soon")"),
      line(good, R"(,"aliases":[])"),
      line("[]"),
      line("[3]"),
      line(R"([{"input":1,"output":"2"}])"),
      line(R"([{"input":"1"}])"),
      line(R"([{"input":"-1","output":"2"}])"),
      line(R"([{"input":"1e3","output":"2"}])"),
      line(R"([{"input":"1001","output":"2"}])"),
      line(R"([{"input":"0.0000000000001","output":"2"}])"),
      line(R"([{"input":"1","output":"2","cached":"1"}])"),
      line(R"([{"from":"2026-01-01","input":"1","output":"2"}])"),
      line(R"([{"input":"1","output":"2"},{"input":"1","output":"2"}])"),
      line(R"([{"input":"1","output":"2","above":[{"tokens":0,"input":"1"}]}])"),
      line(R"([{"input":"1","output":"2","above":[{"tokens":9}]}])"),
      line(R"([{"input":"1","output":"2","batch":{"tokens":"1"}}])"),
      R"([{"provider":"acme","name":"x","kind":"chat","in":["text"],"out":["text"],"source":"s"}])",
      R"([{"provider":"openai","name":"x","kind":"chat","in":["text"],"out":["text"]}])",
      R"([{"provider":"openai","name":"x","kind":"embedding","in":["text"],"out":["embedding"],"source":"s"}])",
  };
  for (const std::string& text : bad) EXPECT_FALSE(catalog::read_models(text)) << text;
  const std::string one = line(good).substr(1, line(good).size() - 2);
  EXPECT_FALSE(catalog::read_models("[" + one + "," + one + "]")) << "twice";
}

}  // namespace
}  // namespace tracia::llm
