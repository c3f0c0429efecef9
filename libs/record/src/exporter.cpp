#include "exporter.h"

#include <algorithm>

#include "tracia/base/bytes.h"
#include "tracia/base/compress.h"
#include "tracia/base/redact.h"
#include "tracia/wire/retry.h"

namespace tracia::record {
namespace {

bool is_success(int status) { return status >= 200 && status < 300; }
bool is_worth_another_try(int status) { return status == 0 || status == 408 || status == 429 || status >= 500; }
bool is_refused_at_the_door(int status) { return status == 401 || status == 403; }

Error describe(const PostResult& result) {
  if (result.status != 0) return error_from_answer(result.status, result.body);
  return {.code = ErrorCode::kNetworkError,
          .kind = ErrorKind::kConnect,
          .message = result.message.empty()
                         ? "The Tracia server did not answer"
                         : redact_secrets(utf8_prefix(result.message, limits::kErrorMessageBytesMax))};
}

Error too_large() {
  return {
      .code = ErrorCode::kPayloadTooLarge, .kind = ErrorKind::kTooLarge, .message = "The span is too large to be sent"};
}

}  // namespace

struct Exporter::Work {
  const Batch& batch;
  const Patience& patience;
  Report report = {};
  std::vector<Range> todo = {};  // a stack, first range on top
  bool given_up = false;

  void undelivered(Range range) {
    for (size_t i = range.begin; i < range.end; ++i) report.undelivered.push_back(i);
  }
  void rejected(Range range, const Error& error) {
    for (size_t i = range.begin; i < range.end; ++i) report.rejected.push_back({i, error});
  }
  void split(Range range, size_t at) {
    todo.push_back({at, range.end});
    todo.push_back({range.begin, at});
  }
};

PostResult Exporter::post(const Batch& batch, Range range, Millis timeout) {
  try {
    if (!sender_) return {.message = "no sender"};
    if (single_mode_) return sender_->post("/api/v1/spans", batch.json(range.begin), false, timeout);
    const std::string body = batch.array(range.begin, range.end);
    if (!options_.gzip) return sender_->post("/api/v1/spans/batch", body, false, timeout);
    return sender_->post("/api/v1/spans/batch", gzip(body), true, timeout);
  } catch (...) {
    return {.message = "the sender failed"};  // a sender must not throw; a broken one must not end the process
  }
}

std::optional<PostResult> Exporter::post_with_retries(Work& work, Range range) {
  const wire::RetryPolicy policy{
      .retries = work.patience.tries - 1, .base = options_.backoff_base, .cap = options_.backoff_cap};
  for (int retry = 1;; ++retry) {
    const auto timeout = work.patience.post_timeout();
    if (!timeout) {
      work.report.undelivered_error = {
          .code = ErrorCode::kAborted, .kind = ErrorKind::kAborted, .message = "Shut down before the span was sent"};
      return std::nullopt;
    }
    PostResult result = post(work.batch, range, *timeout);
    if (!is_worth_another_try(result.status) && !is_refused_at_the_door(result.status)) return result;
    work.report.undelivered_error = describe(result);
    if (is_refused_at_the_door(result.status)) return std::nullopt;
    // What is retried was decided above, by status alone; the policy only says how long to wait.
    Error reason{.kind = ErrorKind::kServer};
    if (result.retry_after) reason.retry_after = std::min(*result.retry_after, Millis{limits::kRetryAfterMsMax});
    const auto delay = wire::retry_delay(policy, reason, retry, uniform_);
    if (!delay || !work.patience.pause(*delay)) return std::nullopt;
  }
}

void Exporter::settle(Work& work, Range range, const PostResult& result) {
  const size_t count = range.end - range.begin;
  if (is_success(result.status)) {
    work.report.answered = true;
    if (single_mode_) {
      ++work.report.sent;
      return;
    }
    const BatchReply reply = parse_batch_reply(result.body, work.batch, range.begin, range.end);
    for (const auto& [index, error] : reply.rejected) work.report.rejected.push_back({range.begin + index, error});
    work.report.duplicates += reply.duplicates;
    work.report.sent += count - reply.duplicates - reply.rejected.size();
    return;
  }
  if (!single_mode_ && (result.status == 404 || result.status == 405)) {
    single_mode_ = true;
    single_mode_since_ = clock_.steady();
    work.todo.push_back(range);
    return;
  }
  if (result.status == 413 && count > 1) return work.split(range, range.begin + count / 2);
  work.rejected(range, result.status == 413 ? too_large() : error_from_answer(result.status, result.body));
}

Report Exporter::deliver(const Batch& batch, const Patience& patience) {
  if (clock_.steady() - single_mode_since_ >= kSingleModeTime) single_mode_ = false;
  Work work{.batch = batch, .patience = patience};
  if (!batch.empty()) work.todo.push_back({0, batch.size()});
  while (!work.todo.empty()) {
    const Range range = work.todo.back();
    work.todo.pop_back();
    const size_t count = range.end - range.begin;
    if (work.given_up) {
      work.undelivered(range);
      continue;
    }
    const size_t bytes = batch.array_bytes(range.begin, range.end);
    if (count == 1 && bytes > limits::kBatchBytesMax) {
      work.rejected(range, too_large());
      continue;
    }
    if (count > 1 && (single_mode_ || count > options_.batch_spans_max || bytes > options_.batch_bytes_max)) {
      work.split(range, single_mode_ ? range.begin + 1 : range.begin + count / 2);
      continue;
    }
    const auto result = post_with_retries(work, range);
    if (result) {
      settle(work, range, *result);
    } else {
      work.given_up = true;
      work.undelivered(range);
    }
  }
  return std::move(work.report);
}

}  // namespace tracia::record
