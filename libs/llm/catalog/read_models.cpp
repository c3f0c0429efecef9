#include "read_models.h"

#include <algorithm>
#include <set>
#include <span>
#include <tuple>
#include <utility>

#include "tracia/base/clock.h"
#include "tracia/json/reader.h"
#include "tracia/llm/decimal.h"

namespace tracia::llm::catalog {
namespace {

using Words = std::span<const std::string_view>;

constexpr std::string_view kProviders[]{"amazon_bedrock", "anthropic", "google", "openai", "voyage"};
constexpr std::string_view kKinds[]{"chat", "embedding"};
constexpr std::string_view kModalities[]{"text", "image", "audio", "video", "pdf", "embedding"};
constexpr std::string_view kCapabilities[]{"tools",     "parallel_tools", "vision",     "structured_output",
                                           "reasoning", "prompt_caching", "web_search", "computer_use"};
constexpr std::string_view kFlags[]{"responses_only", "max_completion_tokens", "developer_role", "dimensions_override"};

constexpr Int128 kUnitsPerPico = 1'000'000;  // Decimal counts 1e-18

bool is_one_of(std::string_view word, Words words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// One line of the file. The first thing that is wrong is kept; reading goes on harmlessly.
class LineReader {
 public:
  explicit LineReader(json::Value line) : line_(line) {}

  Result<Model> read() {
    if (!line_.is_object()) return fail(Error::invalid("not an object"));
    for (const json::Member member : line_.members()) read_member(member.key, member.value);
    if (error_.empty()) check();
    if (!error_.empty()) return fail(Error::invalid(model_.name + ": " + error_));
    return std::move(model_);
  }

 private:
  void wrong(std::string_view key, std::string_view what) {
    if (error_.empty()) error_.append(key).append(" ").append(what);
  }

  void read_member(std::string_view key, json::Value value) {
    if (!seen_.insert(std::string(key)).second) return wrong(key, "appears twice");
    if (key == "provider") return word(key, value, kProviders, model_.provider);
    if (key == "kind") return word(key, value, kKinds, model_.kind);
    if (key == "name") return text(key, value, model_.name);
    if (key == "source") return text(key, value, model_.source);
    if (key == "released") return date(key, value, model_.released);
    if (key == "deprecated") return date(key, value, model_.deprecated);
    if (key == "context") return count(key, value, model_.context);
    if (key == "max_input") return count(key, value, model_.max_input);
    if (key == "max_output") return count(key, value, model_.max_output);
    if (key == "dimensions") return count(key, value, model_.dimensions);
    if (key == "regional_percent") return count(key, value, model_.regional_percent);
    if (key == "aliases") return texts(key, value, {}, model_.aliases);
    if (key == "in") return texts(key, value, kModalities, model_.in);
    if (key == "out") return texts(key, value, kModalities, model_.out);
    if (key == "can") return texts(key, value, kCapabilities, model_.can);
    if (key == "flags") return texts(key, value, kFlags, model_.flags);
    if (key == "prices") return prices(value);
    std::string note;
    if (key == "note") return text(key, value, note);  // for people; not compiled in
    wrong(key, "is not a key of a model");
  }

  void text(std::string_view key, json::Value value, std::string& out) {
    out = value.text();
    if (out.empty()) wrong(key, "must be a text");
  }

  void word(std::string_view key, json::Value value, Words words, std::string& out) {
    text(key, value, out);
    if (!is_one_of(out, words)) wrong(key, "has an unknown word");
  }

  void texts(std::string_view key, json::Value value, Words words, std::vector<std::string>& out) {
    if (!value.is_array() || value.size() == 0) return wrong(key, "must be a list");
    for (const json::Value item : value.items()) {
      out.emplace_back();
      if (words.empty()) {
        text(key, item, out.back());
      } else {
        word(key, item, words, out.back());
      }
    }
  }

  void date(std::string_view key, json::Value value, std::string& out) {
    out = value.text();
    if (out.size() != 10 || !parse_rfc3339(out)) wrong(key, "must be a date like 2026-01-31");
  }

  void count(std::string_view key, json::Value value, int64_t& out) {
    const auto number = value.integer();
    if (!number || *number < 0 || *number > 1'000'000'000) return wrong(key, "must be a count");
    out = *number;
  }

  void rate(std::string_view key, json::Value value, std::optional<int64_t>& out) {
    const auto price = Decimal::parse(value.string_or(""));
    const bool fits = price && *price >= Decimal() && price->units() % kUnitsPerPico == 0 &&
                      price->units() <= kUnitsPerPico * 1'000'000'000'000'000;  // 1,000 USD a million tokens
    if (!fits) return wrong(key, "must be a price like \"0.125\": up to 1000, at most 12 decimals");
    out = static_cast<int64_t>(price->units() / kUnitsPerPico);
  }

  bool rate_member(std::string_view key, json::Value value, RateSet& out) {
    const std::pair<std::string_view, std::optional<int64_t>*> members[] = {
        {"input", &out.input},
        {"output", &out.output},
        {"cached_read", &out.cached_read},
        {"cache_write", &out.cache_write},
        {"cache_write_1h", &out.cache_write_1h},
        {"audio_input", &out.audio_input},
        {"audio_output", &out.audio_output},
    };
    for (const auto& [name, member] : members) {
      if (name != key) continue;
      rate(key, value, *member);
      return true;
    }
    return false;
  }

  void batch(json::Value value, RateSet& out) {
    if (!value.is_object()) return wrong("batch", "must be an object");
    for (const json::Member member : value.members()) {
      if (!rate_member(member.key, member.value, out)) wrong(member.key, "is not a rate");
    }
  }

  void above(json::Value value, Period& period) {
    if (!value.is_array() || value.size() == 0) return wrong("above", "must be a list");
    for (const json::Value item : value.items()) {
      Tier tier;
      for (const json::Member member : item.members()) {
        if (member.key == "tokens") {
          count("tokens", member.value, tier.above_tokens);
        } else if (member.key == "batch") {
          batch(member.value, tier.batch);
        } else if (!rate_member(member.key, member.value, tier.standard)) {
          wrong(member.key, "is not a key of a tier");
        }
      }
      if (tier.above_tokens <= period.tiers.back().above_tokens) wrong("above", "must ascend");
      if (!tier.standard.input) wrong("above", "needs an input rate");
      period.tiers.push_back(tier);
    }
  }

  void prices(json::Value value) {
    if (!value.is_array() || value.size() == 0) return wrong("prices", "must be a list");
    for (const json::Value item : value.items()) {
      Period period;
      period.tiers.emplace_back();
      for (const json::Member member : item.members()) {
        if (member.key == "from") {
          const auto from = parse_rfc3339(member.value.string_or(""));
          if (!from) wrong("from", "must be a date");
          period.from_micros = from ? from->micros : 0;
        } else if (member.key == "above") {
          above(member.value, period);
        } else if (member.key == "batch") {
          batch(member.value, period.tiers.front().batch);
        } else if (!rate_member(member.key, member.value, period.tiers.front().standard)) {
          wrong(member.key, "is not a key of a price");
        }
      }
      if (!period.tiers.front().standard.input) wrong("prices", "needs an input rate");
      const bool is_first = model_.prices.empty();
      if (is_first == period.from_micros.has_value()) wrong("from", "belongs to every price but the first");
      if (!is_first && period.from_micros <= model_.prices.back().from_micros) wrong("from", "must ascend");
      model_.prices.push_back(std::move(period));
    }
  }

  void check() {
    for (const std::string_view key : {"provider", "name", "kind", "in", "out", "source"}) {
      if (!seen_.contains(std::string(key))) wrong(key, "is missing");
    }
    if (model_.kind == "embedding" && model_.dimensions == 0) wrong("dimensions", "is missing");
    for (const Period& period : model_.prices) {
      if (model_.kind == "chat" && !period.tiers.front().standard.output) wrong("prices", "needs an output rate");
    }
  }

  json::Value line_;
  Model model_;
  std::set<std::string> seen_;
  std::string error_;
};

}  // namespace

Result<std::vector<Model>> read_models(std::string_view json) {
  json::Document document;
  const auto root = document.parse(json);
  if (!root) return fail(root.error());
  if (!root->is_array() || root->size() == 0) return fail(Error::invalid("must be a list of models"));
  std::vector<Model> models;
  for (const json::Value line : root->items()) {
    auto model = LineReader(line).read();
    if (!model)
      return fail(Error::invalid("model " + std::to_string(models.size() + 1) + ": " + model.error().message));
    const auto key = std::tie(model->provider, model->name);
    if (!models.empty() && key <= std::tie(models.back().provider, models.back().name)) {
      return fail(Error::invalid(model->name + ": out of order or twice; sort by provider, then name"));
    }
    models.push_back(std::move(*model));
  }
  return models;
}

}  // namespace tracia::llm::catalog
