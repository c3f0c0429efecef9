#include "models_json.h"

#include <span>
#include <string_view>

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

void write_tier(json::Writer& w, const llm::PriceTier& tier) {
  w.begin_object().field("aboveTokens", tier.above_tokens);
  const auto rate = [&](std::string_view name, const std::optional<llm::Decimal>& usd) {
    if (usd) w.field_raw(name, usd->to_string());  // a JSON number, with every decimal it has
  };
  const llm::Rates& rates = tier.standard;
  rate("input", rates.input);
  rate("cachedRead", rates.cached_read);
  rate("cacheWrite", rates.cache_write);
  rate("cacheWrite1h", rates.cache_write_1h);
  rate("output", rates.output);
  rate("audioInput", rates.audio_input);
  rate("audioOutput", rates.audio_output);
  w.end_object();
}

void write_model(json::Writer& w, const llm::ModelInfo& model, Timestamp now) {
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
  for (const llm::PriceTier& tier : tiers_at(model, now)) write_tier(w, tier);
  w.end_array().end_object();
}

}  // namespace

std::string models_json(Timestamp now) {
  json::Writer w;
  w.begin_object().key("models").begin_array();
  for (const llm::ModelInfo& model : llm::all_models()) write_model(w, model, now);
  w.end_array().end_object();
  return w.take();
}

}  // namespace tracia::routes
