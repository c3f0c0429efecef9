#include "tracia/store/sketch.h"

#include <algorithm>
#include <cmath>

namespace tracia::store {
namespace {

// Bin 0 holds the value 0, bin i > 0 the values in (gamma^(i-2), gamma^(i-1)]: bin 1 is the value 1.
constexpr double kGamma = (1 + Sketch::kRelativeError) / (1 - Sketch::kRelativeError);

// Small values, the ones most often seen, without a logarithm.
constexpr size_t kSmallMax = 4096;

size_t computed_bin(int64_t value) {
  if (value <= 0) return 0;
  static const double scale = 1 / std::log(kGamma);
  const auto bin = static_cast<size_t>(std::max(0.0, std::ceil(std::log(static_cast<double>(value)) * scale))) + 1;
  return std::min(bin, Sketch::kBinsMax - 1);
}

// The value that is equally far, as a share, from both ends of a bin.
double value_of(size_t bin) {
  if (bin == 0) return 0;
  return 2 * std::pow(kGamma, static_cast<double>(bin) - 1) / (kGamma + 1);
}

}  // namespace

size_t Sketch::bin_of(int64_t value) {
  static const std::vector<uint16_t> small = [] {
    std::vector<uint16_t> bins(kSmallMax);
    for (size_t i = 0; i < bins.size(); ++i) bins[i] = static_cast<uint16_t>(computed_bin(static_cast<int64_t>(i)));
    return bins;
  }();
  if (value >= 0 && value < static_cast<int64_t>(small.size())) return small[static_cast<size_t>(value)];
  return computed_bin(value);
}

void Sketch::make_room(size_t first, size_t last) {
  if (counts_.empty()) {
    first_ = first;
    counts_.resize(last - first + 1);
    return;
  }
  if (first < first_) {
    counts_.insert(counts_.begin(), first_ - first, 0);
    first_ = first;
  }
  if (last >= first_ + counts_.size()) counts_.resize(last - first_ + 1);
}

void Sketch::add_bin(size_t bin, uint64_t count) {
  if (count == 0) return;
  bin = std::min(bin, kBinsMax - 1);
  if (bin < first_ || bin >= first_ + counts_.size()) make_room(bin, bin);
  counts_[bin - first_] += count;
  count_ += count;
}

void Sketch::merge(const Sketch& other) {
  if (other.count_ == 0) return;
  make_room(other.first_, other.first_ + other.counts_.size() - 1);
  for (size_t i = 0; i < other.counts_.size(); ++i) counts_[other.first_ - first_ + i] += other.counts_[i];
  count_ += other.count_;
}

std::optional<double> Sketch::quantile(double q) const {
  if (count_ == 0) return std::nullopt;
  const double place = std::clamp(q, 0.0, 1.0) * static_cast<double>(count_ - 1);
  const auto rank = std::min(static_cast<uint64_t>(place), count_ - 1);
  uint64_t seen = 0;
  for (size_t i = 0; i < counts_.size(); ++i) {
    seen += counts_[i];
    if (seen > rank) return value_of(first_ + i);
  }
  return value_of(first_ + counts_.size() - 1);
}

}  // namespace tracia::store
