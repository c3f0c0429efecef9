// Getting one batch to the server: gzip, retries, halving, single posts. No thread, no queue; the worker drives it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "batch.h"
#include "tracia/record/recorder.h"

namespace tracia::record {

// How far to go for a batch.
struct Patience {
  int tries = 1;
  // Time for one post; nullopt when there is none left and the batch is to be given up.
  std::function<std::optional<Millis>()> post_timeout;
  // Waits between tries; false when waiting makes no sense any more.
  std::function<bool(Millis)> pause;
};

struct Report {
  uint64_t sent = 0, duplicates = 0;
  struct Rejection {
    size_t index;  // in the batch
    Error error;
  };
  std::vector<Rejection> rejected;  // the server refused them for good
  std::vector<size_t> undelivered;  // in order; might be taken another time
  Error undelivered_error;          // why, when there are any
  bool answered = false;            // the server took something: it is there and lets us in
};

// A server without a batch endpoint is asked for it again after this time: it may have been upgraded.
inline constexpr Millis kSingleModeTime{60'000};

// Not thread-safe. Remembers for kSingleModeTime that a server has no batch endpoint.
class Exporter {
 public:
  Exporter(std::shared_ptr<Sender> sender, const Options& options, std::function<double()> uniform, const Clock& clock)
      : sender_(std::move(sender)), options_(options), uniform_(std::move(uniform)), clock_(clock) {}

  // Every span of the batch ends in exactly one of sent, duplicates, rejected and undelivered.
  // 408, 429, 5xx and network errors are tried again with full jitter; after the last try, and after 401 or 403 at
  // once, all that is left is undelivered. 413 halves. Any other 4xx rejects.
  Report deliver(const Batch& batch, const Patience& patience);

 private:
  struct Range {
    size_t begin, end;
  };
  struct Work;

  PostResult post(const Batch& batch, Range range, Millis timeout);
  // One range with its retries; nullopt when it is to be given up (the reason is in the report).
  std::optional<PostResult> post_with_retries(Work& work, Range range);
  void settle(Work& work, Range range, const PostResult& result);

  const std::shared_ptr<Sender> sender_;
  const Options& options_;
  const std::function<double()> uniform_;
  const Clock& clock_;
  bool single_mode_ = false;
  SteadyTime single_mode_since_;
};

}  // namespace tracia::record
