// The thread that turns full active segments into sealed ones, and small sealed ones into large ones (merge_plan.h).
// The old files serve reads until the new one is durable and in their place; a crash in between only means that it is
// done again. A merged file names those it replaces, so that what a crash left of them is never read beside it.
#pragma once

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "active_segment.h"
#include "reader_pool.h"
#include "segment_set.h"
#include "tracia/store_sqlite/data_directory.h"

namespace tracia::store_sqlite {

// Thread-safe. The destructor gives up the seal under way.
class Sealer {
 public:
  Sealer(std::filesystem::path folder, const Options& options, SegmentSet& segments, std::shared_ptr<ReaderPool> pool);
  ~Sealer();

  // `stored` is the entry in the set, `active` the same segment; nobody writes to it any more.
  void push(std::shared_ptr<StoredSegment> stored, std::shared_ptr<const ActiveSegment> active);
  // The words of what came into the segment that takes new spans are to be brought into memory.
  void index_words(std::shared_ptr<const ActiveSegment> active);
  Status wait();                   // until nothing is left to seal or merge; or, with the error, once a try has failed
  uint64_t spans_waiting() const;  // in segments that wait to be sealed, the one under way included
  int64_t lag_ms() const;          // since the oldest that waits was pushed
  bool idle() const;               // nothing is being sealed or merged

 private:
  struct Job {
    std::shared_ptr<StoredSegment> stored;
    std::shared_ptr<const ActiveSegment> active;
    SteadyTime since;
    uint64_t spans = 0;
  };
  void run();
  void index_growing();
  Status seal_waiting();
  Status seal_next();
  Status seal(const Job& job);
  Status build(const Job& job, const std::filesystem::path& file);
  SegmentSet::List due() const;
  Status merge(const SegmentSet::List& parts);
  Result<uint64_t> build_merged(const SegmentSet::List& parts, uint64_t number, const std::filesystem::path& file);
  Status stopping() const;  // an error, when it is
  void report(std::string_view event, std::string_view detail) const;

  const std::filesystem::path folder_;
  const Options& options_;
  SegmentSet& segments_;
  const std::shared_ptr<ReaderPool> pool_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  std::shared_ptr<const ActiveSegment> growing_;  // index_words() wants it
  std::optional<Error> failure_;                  // of the last try
  bool idle_ = false;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace tracia::store_sqlite
