// The thread that turns full active segments into sealed ones. The old file serves reads until the new one is durable
// and in its place; a crash in between only means that it is done again.
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
  Status wait();           // until nothing waits; or, with the error, once a try has failed
  size_t waiting() const;  // the one under way included
  int64_t lag_ms() const;  // since the oldest that waits was pushed

 private:
  struct Job {
    std::shared_ptr<StoredSegment> stored;
    std::shared_ptr<const ActiveSegment> active;
    SteadyTime since;
  };
  void run();
  Status seal(const Job& job);
  Status build(const Job& job, const std::filesystem::path& file);
  bool stopping() const;
  void report(std::string_view event, std::string_view detail) const;

  const std::filesystem::path folder_;
  const Options& options_;
  SegmentSet& segments_;
  const std::shared_ptr<ReaderPool> pool_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  std::optional<Error> failure_;  // of the last try
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace tracia::store_sqlite
