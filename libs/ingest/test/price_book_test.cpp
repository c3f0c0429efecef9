#include "tracia/ingest/price_book.h"

#include <gtest/gtest.h>

namespace tracia::ingest {
namespace {

using llm::Decimal;

constexpr Timestamp kNow{1'795'000'000'000'000};

PriceBook book_with(const std::string& provider, const std::string& model, const char* input, const char* output) {
  PriceBook book;
  llm::Rates rates;
  rates.input = *Decimal::parse(input);
  rates.output = *Decimal::parse(output);
  book.add("prj_1", {.provider = provider, .model = model, .rates = rates});
  return book;
}

llm::Usage usage_of(int64_t input, int64_t output) {
  llm::Usage usage;
  usage.input_tokens = input;
  usage.output_tokens = output;
  return usage;
}

llm::Cost priced(const PriceBook& book, const char* project, const char* provider, const char* model) {
  return cost_of(&book, project, usage_of(1'000'000, 500'000), llm::ModelKind::kChat, provider, model, kNow);
}

TEST(PriceBook, TheProjectsPriceWinsOverTheCatalogsForThatProjectOnly) {
  const PriceBook book = book_with("openai", "gpt-4o", "1", "3");
  EXPECT_EQ(priced(book, "prj_1", "openai", "gpt-4o").total.to_string(), "2.5");
  EXPECT_EQ(priced(book, "prj_1", "openai", "gpt-4o").status, llm::CostStatus::kExact);
  EXPECT_EQ(priced(book, "prj_2", "openai", "gpt-4o").total.to_string(), "7.5");
  EXPECT_EQ(priced(book, "prj_1", "openai", "gpt-4o-mini").total, priced({}, "prj_1", "openai", "gpt-4o-mini").total);
}

TEST(PriceBook, NamesAreFoundInAnyCaseAndByTheCatalogsName) {
  const PriceBook book = book_with("openai", "gpt-4o", "1", "3");
  EXPECT_EQ(priced(book, "prj_1", "OpenAI", "GPT-4o").total.to_string(), "2.5");
  EXPECT_EQ(priced(book, "prj_1", "openai", "gpt-4o-2031-01-01").total.to_string(), "2.5");  // a snapshot
  // The catalog knows this one by itself: it has a price of its own.
  EXPECT_EQ(priced(book, "prj_1", "openai", "gpt-4o-2024-08-06").total.to_string(), "7.5");
}

TEST(PriceBook, PricesWhatTheCatalogDoesNotKnow) {
  const PriceBook book = book_with("our-azure", "house-model", "0.000001", "0");
  EXPECT_EQ(priced(book, "prj_1", "our-azure", "house-model").total.to_string(), "0.000001");
  EXPECT_EQ(priced(book, "prj_2", "our-azure", "house-model").status, llm::CostStatus::kUnknown);
}

TEST(PriceBook, WithoutABookTheCatalogPrices) {
  const llm::Usage usage = usage_of(1'000'000, 0);
  EXPECT_EQ(cost_of(nullptr, "prj_1", usage, llm::ModelKind::kChat, "openai", "gpt-4o", kNow).total.to_string(), "2.5");
}

}  // namespace
}  // namespace tracia::ingest
