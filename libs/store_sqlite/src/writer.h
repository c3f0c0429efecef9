// The one thread that writes spans. It takes all that waits, gives receive stamps, finds duplicates and commits once:
// many requests share one fsync, and each is answered after it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "active_segment.h"
#include "deletions.h"
#include "listeners.h"
#include "record.h"
#include "sealer.h"
#include "segment_set.h"
#include "tracia/store_sqlite/data_directory.h"

namespace tracia::store_sqlite {

// A span as it waits: split and hashed on its caller's thread.
struct PendingSpan {
  std::string project_id;
  store::StoredSpan span;  // a summary; received is not set yet
  Split split;
  uint64_t key = 0;  // span_key()
};

// Thread-safe. The destructor commits and answers all that was accepted.
class Writer {
 public:
  struct Parts {
    std::filesystem::path folder;
    const Options& options;
    SegmentSet& segments;
    Deletions& deletions;
    Listeners& listeners;
    Sealer& sealer;
    std::function<Status()> beside;  // may be empty: what else is watched, and reported, while nothing is written
  };
  // Goes on with `stored`/`active`, the segment that takes new spans. Stamps come after `last_stamp`.
  Writer(Parts parts, std::shared_ptr<StoredSegment> stored, std::shared_ptr<ActiveSegment> active, int64_t last_stamp);
  ~Writer();

  // Room in the queue, to be asked for before the work of splitting; every true needs one push().
  bool reserve(size_t spans, size_t bytes);
  void push(std::vector<PendingSpan> spans, size_t bytes, store::AppendCallback done);
  // Tells `done`, on the writer's thread, that the queue is full.
  void refuse(size_t spans, store::AppendCallback done);

  // Closes the active segment, if it holds spans and `which` agrees, and hands it to the sealer. Waits for it.
  Status rotate(const std::function<bool(const SegmentInfo&)>& which);

  Status health() const;
  void fill(store::SpanStoreStats& stats) const;

 private:
  struct Request {
    std::vector<PendingSpan> spans;
    size_t bytes = 0;
    store::AppendCallback done;
    std::vector<store::Appended> results;
  };
  struct Rotation {
    const std::function<bool(const SegmentInfo&)>* which;
    std::optional<Status> outcome;
  };
  struct Work {
    std::vector<Request> requests;
    std::vector<store::AppendCallback> refused;
    std::vector<Rotation*> rotations;
    bool stop = false;
  };

  void run();
  Work wait_for_work();
  void gather(std::unique_lock<std::mutex>& lock);
  void take_requests(std::vector<Request>& out);
  void process(std::vector<Request>& requests);
  Status write(std::vector<Request>& requests, std::vector<PendingSpan*>& stored);
  Status place(PendingSpan& pending, bool& in_transaction, store::Appended& result, bool& stored);
  void derive_trace(PendingSpan& pending);
  std::optional<store::StoredSpan> find(const std::string& project_id, const std::string& span_id,
                                        const std::string& trace_id, uint64_t key) const;
  void answer(std::vector<Request>& requests, const Status& status, const std::vector<PendingSpan*>& stored);
  void look_after_files();
  void maintain(bool idle);
  bool segment_is_full() const;
  Status switch_segment();
  void set_health(const Status& status);
  void report(std::string_view event, std::string_view detail) const;

  const Parts parts_;

  // The writer thread's own.
  std::shared_ptr<StoredSegment> stored_;
  std::shared_ptr<ActiveSegment> active_;
  std::shared_ptr<const SegmentSet::List> segments_;  // during a batch
  int64_t last_stamp_;
  SteadyTime switch_again_{};  // after a failure
  SteadyTime look_again_{};    // at the sealed files
  bool beside_failed_ = false;
  SteadyTime commit_begun_{};  // the last one

  mutable std::mutex mutex_;
  std::condition_variable changed_;  // work for the thread
  std::condition_variable rotated_;
  Work work_;
  size_t queued_spans_ = 0, queued_bytes_ = 0;  // from reserve() to the answer
  size_t waiting_spans_ = 0;                    // in work_
  bool gathering_ = false;                      // the thread sleeps until a commit is due: few spans do not wake it
  std::optional<Error> failure_;                // why the last commit failed
  bool sealing_is_behind_ = false;

  std::atomic<uint64_t> appended_{0}, duplicates_{0}, refused_{0}, commits_{0};
  std::thread thread_;
};

}  // namespace tracia::store_sqlite
