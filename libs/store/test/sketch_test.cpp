#include "tracia/store/sketch.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace tracia::store {
namespace {

constexpr double kQuantiles[] = {0, 0.01, 0.5, 0.9, 0.95, 0.99, 1};

Sketch sketch_of(const std::vector<int64_t>& values) {
  Sketch sketch;
  for (const int64_t value : values) sketch.add(value);
  return sketch;
}

double exact(std::vector<int64_t> values, double q) {
  std::sort(values.begin(), values.end());
  return static_cast<double>(values[static_cast<size_t>(q * static_cast<double>(values.size() - 1))]);
}

// Values of every magnitude, as times have: most small, some huge.
rc::Gen<std::vector<int64_t>> any_values() {
  return rc::gen::container<std::vector<int64_t>>(
      rc::gen::apply([](int64_t mantissa, int shift) { return mantissa >> shift; },
                     rc::gen::inRange<int64_t>(0, std::numeric_limits<int64_t>::max()), rc::gen::inRange(0, 63)));
}

std::vector<std::pair<size_t, uint64_t>> bins_of(const Sketch& sketch) {
  std::vector<std::pair<size_t, uint64_t>> bins;
  sketch.each_bin([&](size_t bin, uint64_t count) { bins.emplace_back(bin, count); });
  return bins;
}

RC_GTEST_PROP(Sketch, QuantilesAreWithinOnePercentOfTheExactOnes, ()) {
  const auto values = *any_values();
  const Sketch sketch = sketch_of(values);
  RC_ASSERT(sketch.count() == values.size());
  if (values.empty()) return;
  for (const double q : kQuantiles) {
    const double want = exact(values, q), got = *sketch.quantile(q);
    RC_ASSERT(std::abs(got - want) <= want * (Sketch::kRelativeError + 1e-9));
  }
}

RC_GTEST_PROP(Sketch, PartsMergedInAnyOrderAreTheWhole, ()) {
  const auto first = *any_values(), second = *any_values();
  auto all = first;
  all.insert(all.end(), second.begin(), second.end());
  Sketch forward = sketch_of(first), backward = sketch_of(second);
  forward.merge(sketch_of(second));
  backward.merge(sketch_of(first));
  RC_ASSERT(bins_of(forward) == bins_of(sketch_of(all)));
  RC_ASSERT(bins_of(backward) == bins_of(sketch_of(all)));
  RC_ASSERT(forward.count() == all.size());
}

RC_GTEST_PROP(Sketch, ItsBinsMakeItAgain, ()) {
  const Sketch sketch = sketch_of(*any_values());
  Sketch again;
  for (const auto& [bin, count] : bins_of(sketch)) again.add_bin(bin, count);
  RC_ASSERT(bins_of(again) == bins_of(sketch));
  RC_ASSERT(again.count() == sketch.count());
}

TEST(Sketch, AnEmptyOneHasNoQuantiles) { EXPECT_FALSE(Sketch().quantile(0.5)); }

TEST(Sketch, TheEndsOfTheRangeHaveBins) {
  EXPECT_EQ(Sketch::bin_of(0), 0u);
  EXPECT_EQ(Sketch::bin_of(-5), 0u);
  EXPECT_EQ(Sketch::bin_of(1), 1u);
  EXPECT_EQ(Sketch::bin_of(std::numeric_limits<int64_t>::max()), Sketch::kBinsMax - 1);
  EXPECT_DOUBLE_EQ(*sketch_of({0, 0, 0}).quantile(0.5), 0);
}

TEST(Sketch, BinsBeyondTheLastAreCountedInIt) {
  Sketch sketch;
  sketch.add_bin(SIZE_MAX, 3);
  EXPECT_EQ(bins_of(sketch), (std::vector<std::pair<size_t, uint64_t>>{{Sketch::kBinsMax - 1, 3}}));
}

}  // namespace
}  // namespace tracia::store
