// tracia models: what the catalog knows.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "command.h"
#include "tracia/base/bytes.h"
#include "tracia/base/clock.h"
#include "tracia/json/writer.h"
#include "tracia/llm/catalog.h"

namespace tracia::app {
namespace {

struct ModelsFlags {
  std::string provider, kind, search;
  bool json = false;
};

// The rates in force now, for requests of ordinary length; nullptr when the catalog has no price.
const llm::Rates* current_rates(const llm::ModelInfo& model) {
  const Timestamp now = system_clock().now();
  const llm::Rates* rates = nullptr;
  for (const llm::PricePeriod& period : model.prices) {
    if (period.from <= now && !period.tiers.empty()) rates = &period.tiers.front().standard;
  }
  return rates;
}

bool wanted(const llm::ModelInfo& model, const ModelsFlags& flags) {
  if (!flags.provider.empty() && !ascii_iequals(flags.provider, model.provider)) return false;
  if (flags.kind == "chat" && model.kind != llm::ModelKind::kChat) return false;
  if (flags.kind == "embedding" && model.kind != llm::ModelKind::kEmbedding) return false;
  return flags.search.empty() || ascii_lower(model.name).find(ascii_lower(flags.search)) != std::string::npos;
}

std::string price(const std::optional<llm::Decimal>& rate) { return rate ? rate->to_string() : "-"; }

std::string count(int64_t n) { return n == 0 ? "-" : std::to_string(n); }

void write_json(json::Writer& w, const llm::ModelInfo& model) {
  w.begin_object().field("provider", model.provider).field("model", model.name);
  w.field("kind", model.kind == llm::ModelKind::kChat ? "chat" : "embedding");
  w.key("aliases").begin_array();
  for (const std::string_view alias : model.aliases) w.value(alias);
  w.end_array();
  if (model.context_tokens != 0) w.field("contextTokens", model.context_tokens);
  if (model.max_output_tokens != 0) w.field("maxOutputTokens", model.max_output_tokens);
  if (model.dimensions != 0) w.field("dimensions", model.dimensions);
  w.key("capabilities").begin_array();
  for (const std::string_view capability : model.capabilities) w.value(capability);
  w.end_array();
  if (const llm::Rates* rates = current_rates(model)) {
    const auto rate = [&](std::string_view name, const std::optional<llm::Decimal>& value) {
      if (value) w.field(name, value->to_string());
    };
    w.key("usdPerMillionTokens").begin_object();
    rate("input", rates->input);
    rate("output", rates->output);
    rate("cachedRead", rates->cached_read);
    rate("cacheWrite", rates->cache_write);
    rate("cacheWrite1h", rates->cache_write_1h);
    rate("audioInput", rates->audio_input);
    rate("audioOutput", rates->audio_output);
    w.end_object();
  }
  w.field_if("deprecated", model.deprecated).end_object();
}

int models(const ModelsFlags& flags) {
  json::Writer w;
  w.begin_array();
  size_t shown = 0;
  for (const llm::ModelInfo& model : llm::all_models()) {
    if (!wanted(model, flags)) continue;
    if (flags.json) {
      write_json(w, model);
    } else {
      if (shown == 0)
        std::printf("%-15s %-46s %9s %8s %10s %10s %10s\n", "PROVIDER", "MODEL", "CONTEXT", "OUTPUT", "$IN/M",
                    "$CACHED/M", "$OUT/M");
      const llm::Rates none;
      const llm::Rates* rates = current_rates(model);
      if (rates == nullptr) rates = &none;
      std::printf("%-15.*s %-46.*s %9s %8s %10s %10s %10s\n", static_cast<int>(model.provider.size()),
                  model.provider.data(), static_cast<int>(model.name.size()), model.name.data(),
                  count(model.context_tokens).c_str(),
                  model.kind == llm::ModelKind::kChat ? count(model.max_output_tokens).c_str()
                                                      : (count(model.dimensions) + "d").c_str(),
                  price(rates->input).c_str(), price(rates->cached_read).c_str(), price(rates->output).c_str());
    }
    ++shown;
  }
  if (flags.json) std::printf("%s\n", w.end_array().take().c_str());
  if (shown == 0) {
    std::fprintf(stderr, "tracia: no model matches. Other names work too when --provider is given to `tracia run`.\n");
    return 1;
  }
  return 0;
}

}  // namespace

void add_models(CLI::App& app, int& exit_code) {
  auto flags = std::make_shared<ModelsFlags>();
  CLI::App* command = app.add_subcommand("models", "List the models known here, with limits and current prices");
  command->add_option("search", flags->search, "Only names that contain this");
  command->add_option("--provider", flags->provider, "Only this provider's");
  command->add_option("--kind", flags->kind, "chat or embedding")->check(CLI::IsMember({"chat", "embedding"}));
  command->add_flag("--json", flags->json, "As JSON, with capabilities and all rates");
  command->callback([flags, &exit_code] { exit_code = models(*flags); });
}

}  // namespace tracia::app
