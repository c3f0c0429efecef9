// Exact decimal amounts of money: an integer count of 1e-18 units. Sums and products of prices and token counts never
// round: a price has at most 12 decimals per million tokens, so one token's cost is a whole number of units.
// The range is about ±1.7e20; arithmetic beyond it stays at the nearest end instead of wrapping.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tracia::llm {

__extension__ using Int128 = __int128;

class Decimal {
 public:
  constexpr Decimal() = default;
  static constexpr Decimal from_units(Int128 units) {
    Decimal d;
    d.units_ = units;
    return d;
  }
  // "12.5", "-0.000001", "3": up to 18 decimals and 19 digits before the point; nullopt otherwise.
  static std::optional<Decimal> parse(std::string_view text);

  constexpr Int128 units() const { return units_; }
  constexpr bool is_zero() const { return units_ == 0; }
  double to_double() const;       // the nearest
  std::string to_string() const;  // shortest exact text, no exponent: "0.000435"

  constexpr Decimal operator+(Decimal o) const {
    Int128 sum = 0;
    return from_units(__builtin_add_overflow(units_, o.units_, &sum) ? end(units_ < 0) : sum);
  }
  constexpr Decimal operator-(Decimal o) const {
    Int128 difference = 0;
    return from_units(__builtin_sub_overflow(units_, o.units_, &difference) ? end(units_ < 0) : difference);
  }
  constexpr Decimal operator*(int64_t n) const {
    Int128 product = 0;
    return from_units(__builtin_mul_overflow(units_, Int128{n}, &product) ? end((units_ < 0) != (n < 0)) : product);
  }
  friend constexpr auto operator<=>(Decimal, Decimal) = default;

 private:
  static constexpr Int128 end(bool negative) {
    constexpr Int128 kMost = ~(Int128{1} << 127);
    return negative ? -kMost : kMost;
  }
  Int128 units_ = 0;
};

// `tokens` at `usd_per_million`: exact as long as the price has at most 12 decimals, else cut to whole units.
Decimal token_cost(int64_t tokens, Decimal usd_per_million);

}  // namespace tracia::llm
