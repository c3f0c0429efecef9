// Tokens times rates. What each rule rests on is in docs/decisions/0005-prices.md.

#include <algorithm>
#include <initializer_list>
#include <optional>

#include "catalog_data.h"
#include "tracia/llm/catalog.h"

namespace tracia::llm {
namespace {

// Token counts that do not overlap: each token is billed once.
struct Billable {
  int64_t input_total = 0;  // decides the tier
  int64_t input = 0, cached = 0, write = 0, write_1h = 0, audio_input = 0;
  int64_t output = 0, audio_output = 0;
  bool estimated = false;  // the counts were completed or did not fit together
};

bool is_credible(const std::optional<int64_t>& count) { return !count || (*count >= 0 && *count <= kTokensMax); }

bool is_credible(const Usage& u) {
  for (const auto* count :
       {&u.input_tokens, &u.output_tokens, &u.total_tokens, &u.cached_input_tokens, &u.cache_write_tokens,
        &u.cache_write_1h_tokens, &u.reasoning_tokens, &u.input_audio_tokens, &u.output_audio_tokens}) {
    if (!is_credible(*count)) return false;
  }
  return true;
}

// The whole of input and output: as reported, else derived; false when it cannot be known.
bool complete_totals(const Usage& usage, ModelKind kind, Billable& bill) {
  const auto &in = usage.input_tokens, &out = usage.output_tokens, &total = usage.total_tokens;
  if (kind == ModelKind::kEmbedding) {
    if (!in && !total) return false;
    bill.input_total = in ? *in : *total;
    bill.output = out.value_or(0);
    return true;
  }
  if (in && out) {
    bill.input_total = *in;
    bill.output = *out;
    return true;
  }
  if (!total || (!in && !out)) return false;
  bill.estimated = true;
  bill.input_total = in ? *in : std::max<int64_t>(*total - *out, 0);
  bill.output = out ? *out : std::max<int64_t>(*total - *in, 0);
  return true;
}

std::optional<Billable> split_tokens(const Usage& usage, ModelKind kind) {
  Billable bill;
  if (!is_credible(usage) || !complete_totals(usage, kind, bill)) return std::nullopt;
  const auto raise = [&bill](int64_t& whole, int64_t parts) {
    if (whole >= parts) return;
    whole = parts;  // a vendor that counts parts beside the whole: bill what was reported rather than less
    bill.estimated = true;
  };
  bill.cached = usage.cached_input_tokens.value_or(0);
  bill.write_1h = usage.cache_write_1h_tokens.value_or(0);
  int64_t writes = usage.cache_write_tokens.value_or(bill.write_1h);
  raise(writes, bill.write_1h);
  bill.write = writes - bill.write_1h;
  raise(bill.input_total, bill.cached + writes);
  const int64_t fresh = bill.input_total - bill.cached - writes;
  const int64_t audio = usage.input_audio_tokens.value_or(0);
  bill.audio_input = std::min(audio, fresh);
  if (audio > fresh) bill.estimated = true;
  bill.input = fresh - bill.audio_input;

  bill.audio_output = usage.output_audio_tokens.value_or(0);
  raise(bill.output, std::max(usage.reasoning_tokens.value_or(0), bill.audio_output));
  bill.output -= bill.audio_output;
  return bill;
}

// The rates of one request and the sum of its lines.
class Bill {
 public:
  using Rate = std::optional<Decimal> Rates::*;

  Bill(const PriceTier& tier, bool batch, int percent) : tier_(tier), batch_(batch), percent_(percent) {}

  // The amount for `tokens` at the first of `choices` that has a rate. Without one the bill is unknown.
  Decimal line(int64_t tokens, std::initializer_list<Rate> choices) {
    if (tokens == 0) return {};
    for (const Rate rate : choices) {
      if (const auto price = price_of(rate)) return token_cost(tokens, with_premium(*price));
    }
    known_ = false;
    return {};
  }
  bool has(Rate rate) const { return (tier_.standard.*rate).has_value(); }
  bool known() const { return known_; }
  bool estimated() const { return estimated_; }
  void estimate() { estimated_ = true; }

 private:
  std::optional<Decimal> price_of(Rate rate) {
    if (batch_ && tier_.batch.*rate) return tier_.batch.*rate;
    if (batch_ && tier_.standard.*rate) estimated_ = true;  // no batch rate is published for this kind of token
    return tier_.standard.*rate;
  }
  // Exact: published prices have at most 12 decimals, and 18 are kept.
  Decimal with_premium(Decimal price) const {
    return percent_ == 0 ? price : Decimal::from_units(price.units() / 100 * (100 + percent_));
  }

  const PriceTier& tier_;
  bool batch_;
  int percent_;
  bool known_ = true, estimated_ = false;
};

const PriceTier* tier_in_force(std::span<const PricePeriod> prices, Timestamp time, int64_t input_tokens) {
  const PricePeriod* period = nullptr;
  for (const PricePeriod& candidate : prices) {
    if (candidate.from <= time) period = &candidate;
  }
  if (period == nullptr) return nullptr;
  const PriceTier* tier = nullptr;
  for (const PriceTier& candidate : period->tiers) {
    if (tier == nullptr || input_tokens > candidate.above_tokens) tier = &candidate;
  }
  return tier;
}

Decimal input_cost(Bill& bill, const Billable& tokens, bool one_write_rate) {
  Decimal sum = bill.line(tokens.input, {&Rates::input});
  sum = sum + bill.line(tokens.cached, {&Rates::cached_read, &Rates::input});
  sum = sum + bill.line(tokens.write, {&Rates::cache_write, &Rates::input});
  sum = sum + (one_write_rate ? bill.line(tokens.write_1h, {&Rates::cache_write_1h, &Rates::cache_write, &Rates::input})
                              : bill.line(tokens.write_1h, {&Rates::cache_write_1h}));
  if (tokens.audio_input > 0 && !bill.has(&Rates::audio_input)) bill.estimate();
  return sum + bill.line(tokens.audio_input, {&Rates::audio_input, &Rates::input});
}

Decimal output_cost(Bill& bill, const Billable& tokens) {
  if (tokens.audio_output > 0 && !bill.has(&Rates::audio_output)) bill.estimate();
  return bill.line(tokens.output, {&Rates::output}) +
         bill.line(tokens.audio_output, {&Rates::audio_output, &Rates::output});
}

struct Terms {
  bool batch = false;
  bool one_write_rate = false;  // cache writes of every lifetime cost the same
  int percent = 0;              // premium of a regional profile
  bool estimated = false;       // the model was inferred
};

Cost price_usage(const Usage& usage, ModelKind kind, std::span<const PricePeriod> prices, Timestamp time,
                 const Terms& terms) {
  const auto tokens = split_tokens(usage, kind);
  if (!tokens) return {};
  const PriceTier* tier = tier_in_force(prices, time, tokens->input_total);
  if (tier == nullptr) return {};
  Bill bill(*tier, terms.batch, terms.percent);
  if (terms.estimated || tokens->estimated) bill.estimate();
  const Decimal input = input_cost(bill, *tokens, terms.one_write_rate);
  // Embeddings have no output to bill, whatever a proxy reports.
  const Decimal output = kind == ModelKind::kEmbedding ? Decimal() : output_cost(bill, *tokens);
  if (!bill.known()) return {};
  return {.status = bill.estimated() ? CostStatus::kEstimated : CostStatus::kExact,
          .input = input,
          .output = output,
          .total = input + output};
}

}  // namespace

std::string_view cost_status_name(CostStatus status) {
  switch (status) {
    case CostStatus::kExact: return "exact";
    case CostStatus::kEstimated: return "estimated";
    case CostStatus::kIncluded: return "included";
    case CostStatus::kUnknown: break;
  }
  return "unknown";
}

Cost cost(const Usage& usage, std::string_view provider, std::string_view model, Timestamp time, bool batch) {
  const detail::ModelMatch match = detail::match_model(model, provider);
  if (match.info == nullptr) return {};
  const bool is_regional = !match.region.empty() && match.region != "global";
  const int percent = match.info->regional_percent;
  return price_usage(usage, match.info->kind, match.info->prices, time,
                     {.batch = batch,
                      .one_write_rate = match.info->provider == provider_name(Provider::kOpenAi),
                      .percent = is_regional ? std::max(percent, 0) : 0,
                      .estimated = match.is_snapshot || (is_regional && percent < 0)});
}

Cost cost(const Usage& usage, ModelKind kind, std::span<const PricePeriod> prices, Timestamp time, bool batch) {
  return price_usage(usage, kind, prices, time, {.batch = batch});
}

}  // namespace tracia::llm
