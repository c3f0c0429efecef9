// What was summed up of experiments' runs, kept by part of the span store for as long as the part stays as it was: a
// page of results that is watched then reads only what is new. Private to the service.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tracia/prompt/experiment.h"
#include "tracia/prompt/statistics.h"
#include "tracia/store/span_parts.h"

namespace tracia::service {

// The runs of one experiment in one part of the store.
struct ResultsPart {
  prompt::Tally tally;
  int64_t runs = 0, unknown_variant_runs = 0;
};
using ResultsPartPtr = std::shared_ptr<const ResultsPart>;

// Thread-safe. Holds at most `bytes_max`; the experiment that was looked at longest ago goes first.
class ResultsCache {
 public:
  explicit ResultsCache(size_t bytes_max) : bytes_max_(bytes_max) {}

  // A look begins: forgets what is no longer as it was. The number says, at put(), whether runs that were read
  // meanwhile are still as they were read.
  uint64_t begin(const prompt::Experiment& experiment, const std::vector<store::SpanPart>& parts);
  // nullptr: not known, or of a part that still takes spans.
  ResultsPartPtr find(const prompt::Experiment& experiment, const store::SpanPart& part) const;
  void put(const prompt::Experiment& experiment, const store::SpanPart& part, uint64_t look, ResultsPartPtr sums);

  // Evaluations changed: of one run, or of an unknown one of the project.
  void evaluated(const store::StoredSpan& run);
  void evaluated(std::string_view project_id);

 private:
  struct Kept {
    uint64_t state = 0;
    Timestamp min_received, max_received;
    ResultsPartPtr sums;
    size_t bytes = 0;
  };
  struct Entry {
    std::string project_id;
    int64_t revision = 0;
    uint64_t look = 0;  // changes with each evaluation of a run that may be kept
    uint64_t last_used = 0;
    Timestamp closed_until;  // no part that can be kept has received later
    std::map<uint64_t, Kept> parts;
  };
  void drop(Entry& entry, std::map<uint64_t, Kept>::iterator at);
  void drop_all(Entry& entry);
  void make_room(const Entry& keep);

  const size_t bytes_max_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Entry> entries_;  // by experiment id
  size_t bytes_ = 0;
  uint64_t counter_ = 0;
};

}  // namespace tracia::service
