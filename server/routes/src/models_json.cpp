#include "models_json.h"

#include <algorithm>
#include <span>
#include <string_view>
#include <tuple>

#include "tracia/json/writer.h"
#include "tracia/llm/catalog.h"

namespace tracia::routes {
namespace {

void write_count_or_null(json::Writer& w, std::string_view name, int64_t count) {
  w.key(name);
  count == 0 ? w.null() : w.value(count);
}

void write_texts(json::Writer& w, std::string_view name, std::span<const std::string_view> texts) {
  w.key(name).begin_array();
  for (const std::string_view text : texts) w.value(text);
  w.end_array();
}

// The tiers in force at `now`; empty when the catalog has no price.
std::span<const llm::PriceTier> tiers_at(const llm::ModelInfo& model, Timestamp now) {
  std::span<const llm::PriceTier> tiers;
  for (const llm::PricePeriod& period : model.prices) {
    if (period.from <= now) tiers = period.tiers;
  }
  return tiers;
}

void write_tier(json::Writer& w, int64_t above_tokens, const llm::Rates& rates) {
  w.begin_object().field("aboveTokens", above_tokens);
  const auto rate = [&](std::string_view name, const std::optional<llm::Decimal>& usd) {
    if (usd) w.field_raw(name, usd->to_string());  // a JSON number, with every decimal it has
  };
  rate("input", rates.input);
  rate("cachedRead", rates.cached_read);
  rate("cacheWrite", rates.cache_write);
  rate("cacheWrite1h", rates.cache_write_1h);
  rate("output", rates.output);
  rate("audioInput", rates.audio_input);
  rate("audioOutput", rates.audio_output);
  w.end_object();
}

// `own`: the project's price, which wins.
void write_model(json::Writer& w, const llm::ModelInfo& model, Timestamp now, const ingest::OwnPrice* own) {
  w.begin_object().field("provider", model.provider).field("model", model.name);
  w.field("kind", model.kind == llm::ModelKind::kChat ? "chat" : "embedding");
  write_texts(w, "aliases", model.aliases);
  write_count_or_null(w, "contextTokens", model.context_tokens);
  write_count_or_null(w, "maxOutputTokens", model.max_output_tokens);
  write_count_or_null(w, "dimensions", model.dimensions);
  write_texts(w, "inputModalities", model.input_modalities);
  write_texts(w, "capabilities", model.capabilities);
  w.key("deprecated");
  model.deprecated.empty() ? w.null() : w.value(model.deprecated);
  w.key("prices").begin_array();
  if (own != nullptr) {
    write_tier(w, 0, own->rates);
  } else {
    for (const llm::PriceTier& tier : tiers_at(model, now)) write_tier(w, tier.above_tokens, tier.standard);
  }
  w.end_array().field("source", own != nullptr ? "project" : "catalog").end_object();
}

// A model that only the project knows a price of, such as one behind a connection of its own.
void write_unlisted(json::Writer& w, const ingest::OwnPrice& own) {
  const llm::ModelInfo model{.provider = own.provider, .name = own.model};
  write_model(w, model, {}, &own);
}

bool is_listed(const ingest::OwnPrice& own) {
  const llm::ModelInfo* known = llm::find_model(own.model, own.provider);
  return known != nullptr && known->name == own.model;
}

}  // namespace

std::string models_json(Timestamp now, std::string_view project_id, const ingest::PriceBook* own) {
  json::Writer w;
  w.begin_object().key("models").begin_array();
  for (const llm::ModelInfo& model : llm::all_models()) {
    write_model(w, model, now, own != nullptr ? own->find(project_id, model.provider, model.name) : nullptr);
  }
  if (own != nullptr) {
    auto prices = own->of(project_id);
    std::erase_if(prices, [](const ingest::OwnPrice* price) { return is_listed(*price); });
    std::sort(prices.begin(), prices.end(), [](const auto* a, const auto* b) {
      return std::tie(a->provider, a->model) < std::tie(b->provider, b->model);
    });
    for (const ingest::OwnPrice* price : prices) write_unlisted(w, *price);
  }
  w.end_array().end_object();
  return w.take();
}

}  // namespace tracia::routes
