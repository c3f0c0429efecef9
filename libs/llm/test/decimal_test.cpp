#include "tracia/llm/decimal.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

namespace tracia::llm {
namespace {

Decimal dec(std::string_view text) { return Decimal::parse(text).value(); }

// Schoolbook arithmetic on strings of digits: nothing in common with the code under test.
std::string strip(std::string digits) {
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
  return digits;
}

std::string add_digits(std::string a, std::string b) {
  const size_t size = std::max(a.size(), b.size()) + 1;
  a.insert(0, size - a.size(), '0');
  b.insert(0, size - b.size(), '0');
  std::string sum(size, '0');
  int carry = 0;
  for (size_t i = size; i-- > 0;) {
    const int digit = a[i] - '0' + b[i] - '0' + carry;
    sum[i] = static_cast<char>('0' + digit % 10);
    carry = digit / 10;
  }
  return strip(sum);
}

std::string multiply_digits(const std::string& a, const std::string& b) {
  std::string product = "0", shifted = a;
  for (size_t i = b.size(); i-- > 0; shifted.push_back('0')) {
    for (int n = b[i] - '0'; n > 0; --n) product = add_digits(product, shifted);
  }
  return strip(product);
}

// Digits counted in 10^-scale as plain text.
std::string with_point(std::string digits, size_t scale) {
  if (digits.size() <= scale) digits.insert(0, scale + 1 - digits.size(), '0');
  std::string fraction = digits.substr(digits.size() - scale);
  digits.resize(digits.size() - scale);
  fraction.erase(fraction.find_last_not_of('0') + 1);
  return fraction.empty() ? digits : digits + "." + fraction;
}

TEST(Decimal, ReadsAndWritesExactly) {
  for (const char* text : {"0", "1", "12.5", "-0.000001", "0.000435", "9999999999999999999.999999999999999999",
                           "-9999999999999999999.999999999999999999", "0.000000000000000001", "1000000"}) {
    EXPECT_EQ(dec(text).to_string(), text);
  }
  EXPECT_EQ(dec("007.500").to_string(), "7.5");
  EXPECT_EQ(dec("-0").to_string(), "0");
}

TEST(Decimal, RefusesWhatIsNotAPlainDecimal) {
  for (const char* text : {"", "-", ".", "1.", ".5", "+1", "1e3", "1,5", " 1", "1 ", "0x1", "--1", "1.2.3", "nan",
                           "inf", "10000000000000000000", "0.0000000000000000001", "1-2", "1.-2"}) {
    EXPECT_EQ(Decimal::parse(text), std::nullopt) << text;
  }
  EXPECT_EQ(Decimal::parse(std::string_view("1\0", 2)), std::nullopt);
}

TEST(Decimal, ToDoubleIsTheNearest) {
  EXPECT_EQ(dec("0.1").to_double(), 0.1);
  EXPECT_EQ(dec("-0.00043548").to_double(), -0.00043548);
  EXPECT_EQ(dec("9999999999999999999").to_double(), 9999999999999999999.0);
}

TEST(Decimal, StaysAtTheEndOfItsRange) {
  const Decimal most = Decimal::from_units(~(Int128{1} << 127));
  const Decimal least = Decimal() - most;
  EXPECT_EQ(most + most, most);
  EXPECT_EQ(least + least, least);
  EXPECT_EQ(least - most, least);
  EXPECT_EQ(most * 2, most);
  EXPECT_EQ(most * -2, least);
  EXPECT_EQ(least * std::numeric_limits<int64_t>::min(), most);
  EXPECT_EQ(Decimal::from_units(Int128{1} << 127).to_string(), "-170141183460469231731.687303715884105728");
}

TEST(Decimal, TokenCostIsExact) {
  EXPECT_EQ(token_cost(598, dec("0.06")).to_string(), "0.00003588");
  EXPECT_EQ(token_cost(1, dec("0.000000000001")).to_string(), "0.000000000000000001");
  EXPECT_EQ(token_cost(0, dec("15")), Decimal());
  EXPECT_EQ(token_cost(std::numeric_limits<int64_t>::max(), dec("0.000000000001")).to_string(), "9.223372036854775807");
}

RC_GTEST_PROP(DecimalProperty, SumsAreThoseOfStringArithmetic, ()) {
  const auto a = *rc::gen::inRange<int64_t>(0, std::numeric_limits<int64_t>::max());
  const auto b = *rc::gen::inRange<int64_t>(0, std::numeric_limits<int64_t>::max());
  const auto scale = static_cast<size_t>(*rc::gen::inRange(0, 19));
  const Decimal x = dec(with_point(std::to_string(a), scale)), y = dec(with_point(std::to_string(b), scale));
  RC_ASSERT((x + y).to_string() == with_point(add_digits(std::to_string(a), std::to_string(b)), scale));
  RC_ASSERT((x + y) - y == x);
}

RC_GTEST_PROP(DecimalProperty, TokenCostsAreThoseOfStringArithmetic, ()) {
  const auto tokens = *rc::gen::inRange<int64_t>(0, 1'000'000'000'000);
  const auto picos = *rc::gen::inRange<int64_t>(0, 1'000'000'000'000'000);  // up to 1,000 USD, 12 decimals
  const Decimal price = dec(with_point(std::to_string(picos), 12));
  // tokens * picos are in 10^-12 USD for a million times a token: 10^-18.
  const std::string expected = with_point(multiply_digits(std::to_string(picos), std::to_string(tokens)), 18);
  RC_ASSERT(token_cost(tokens, price).to_string() == expected);
}

RC_GTEST_PROP(DecimalProperty, AnyTextIsReadOrRefusedWithoutHarm, (const std::string& text)) {
  if (const auto value = Decimal::parse(text)) RC_ASSERT(dec(value->to_string()) == *value);
}

}  // namespace
}  // namespace tracia::llm
