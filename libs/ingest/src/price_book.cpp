#include "tracia/ingest/price_book.h"

#include <cstdint>
#include <limits>
#include <span>
#include <utility>

#include "tracia/base/bytes.h"

namespace tracia::ingest {
namespace {

// No provider's name has a line feed.
std::string key_of(std::string_view provider, std::string_view model) {
  std::string key = ascii_lower(provider);
  key.push_back('\n');
  return key.append(ascii_lower(model));
}

}  // namespace

void PriceBook::add(const std::string& project_id, OwnPrice price) {
  std::string key = key_of(price.provider, price.model);
  projects_[project_id].insert_or_assign(std::move(key), std::move(price));
}

const OwnPrice* PriceBook::find(std::string_view project_id, std::string_view provider, std::string_view model) const {
  const auto project = projects_.find(project_id);
  if (project == projects_.end()) return nullptr;
  const auto& prices = project->second;
  auto found = prices.find(key_of(provider, model));
  if (found == prices.end()) {
    const llm::ModelInfo* known = llm::find_model(model, provider);
    if (known == nullptr) return nullptr;
    found = prices.find(key_of(provider, known->name));
  }
  return found == prices.end() ? nullptr : &found->second;
}

std::vector<const OwnPrice*> PriceBook::of(std::string_view project_id) const {
  std::vector<const OwnPrice*> all;
  const auto project = projects_.find(project_id);
  if (project == projects_.end()) return all;
  for (const auto& [key, price] : project->second) all.push_back(&price);
  return all;
}

llm::Cost cost_of(const PriceBook* own, std::string_view project_id, const llm::Usage& usage, llm::ModelKind kind,
                  std::string_view provider, std::string_view model, Timestamp time) {
  const OwnPrice* price = own != nullptr ? own->find(project_id, provider, model) : nullptr;
  if (price == nullptr) return llm::cost(usage, provider, model, time);
  const llm::PriceTier tier{.above_tokens = 0, .standard = price->rates, .batch = {}};
  const llm::PricePeriod always{.from = {std::numeric_limits<int64_t>::min()}, .tiers = std::span(&tier, 1)};
  return llm::cost(usage, kind, std::span(&always, 1), time);
}

}  // namespace tracia::ingest
