// Quantiles of a stream of durations in constant space, mergeable: a DDSketch (Masson, Rim, Lee: "DDSketch: a fast and
// fully-mergeable quantile sketch with relative-error guarantees", VLDB 2019). Values fall into bins whose bounds grow
// by a factor, so that a quantile read from them is wrong by at most a fixed share of itself. Merging adds the bins:
// the sketch of two parts is the sketch of the whole, in whatever order it was made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace tracia::store {

// Of whole numbers from 0 to 2^63 - 1 (milliseconds here); less counts as 0. A value type, not thread-safe.
// Memory: 8 bytes for each bin between the least and the largest value; at most 18 KB, some 1.5 KB for times that vary
// by a factor of 20.
class Sketch {
 public:
  // How far quantile() may be from the exact value, as a share of it.
  static constexpr double kRelativeError = 0.01;
  // Bins are numbered from 0 (the value 0) to kBinsMax - 1.
  static constexpr size_t kBinsMax = 2186;

  void add(int64_t value) { add_bin(bin_of(value), 1); }
  void merge(const Sketch& other);

  uint64_t count() const { return count_; }
  // The value below which a share `q` of all values lies: within kRelativeError of the value in place
  // floor(q * (count - 1)) of the sorted list. nullopt: empty. `q` outside 0 ... 1 is read as the nearer end.
  std::optional<double> quantile(double q) const;

  // The bins that hold something, in order; and a way to put them back, for those who store sketches. Bins past the
  // last are counted in the last.
  static size_t bin_of(int64_t value);
  void add_bin(size_t bin, uint64_t count);
  template <typename Visit>
  void each_bin(const Visit& visit) const {  // visit(bin, count)
    for (size_t i = 0; i < counts_.size(); ++i) {
      if (counts_[i] != 0) visit(first_ + i, counts_[i]);
    }
  }

 private:
  void make_room(size_t first, size_t last);

  size_t first_ = 0;              // the bin of counts_[0]
  std::vector<uint64_t> counts_;  // from the least bin in use to the largest
  uint64_t count_ = 0;
};

}  // namespace tracia::store
