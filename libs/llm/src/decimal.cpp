#include "tracia/llm/decimal.h"

#include <algorithm>
#include <charconv>

namespace tracia::llm {
namespace {

__extension__ using UInt128 = unsigned __int128;

constexpr int kScale = 18;              // decimals
constexpr size_t kWholeDigitsMax = 19;  // with the decimals 37 digits, which 127 bits hold
constexpr Int128 kTokensPerPrice = 1'000'000;

bool append_digits(std::string_view text, Int128& units) {
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    units = units * 10 + (c - '0');
  }
  return true;
}

}  // namespace

std::optional<Decimal> Decimal::parse(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  const std::string_view fraction = point == std::string_view::npos ? "" : text.substr(point + 1);
  if (whole.empty() || whole.size() > kWholeDigitsMax || fraction.size() > kScale) return std::nullopt;
  if (point != std::string_view::npos && fraction.empty()) return std::nullopt;
  Int128 units = 0;
  if (!append_digits(whole, units) || !append_digits(fraction, units)) return std::nullopt;
  for (size_t i = fraction.size(); i < kScale; ++i) units *= 10;
  return from_units(negative ? -units : units);
}

std::string Decimal::to_string() const {
  const bool negative = units_ < 0;
  UInt128 rest = negative ? UInt128{0} - static_cast<UInt128>(units_) : static_cast<UInt128>(units_);
  std::string digits;  // last digit first
  while (rest != 0 || digits.size() <= kScale) {
    digits.push_back(static_cast<char>('0' + static_cast<int>(rest % 10)));
    rest /= 10;
  }
  std::reverse(digits.begin(), digits.end());
  const size_t whole = digits.size() - kScale;
  std::string fraction = digits.substr(whole);
  fraction.erase(fraction.find_last_not_of('0') + 1);
  std::string out = negative ? "-" : "";
  out.append(digits, 0, whole);
  if (!fraction.empty()) out.append(".").append(fraction);
  return out;
}

// By way of text: from_chars rounds to the nearest double, which no cast and division of a 128-bit integer does.
double Decimal::to_double() const {
  const std::string text = to_string();
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

Decimal token_cost(int64_t tokens, Decimal usd_per_million) {
  const Int128 units = usd_per_million.units();
  // Two parts, so that a price with many decimals neither overflows nor loses more than one unit.
  const Decimal whole = Decimal::from_units(units / kTokensPerPrice) * tokens;
  return whole + Decimal::from_units(units % kTokensPerPrice * tokens / kTokensPerPrice);
}

}  // namespace tracia::llm
