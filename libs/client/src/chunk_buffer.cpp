#include "chunk_buffer.h"

#include <iterator>
#include <utility>

#include "tracia/transport/transport.h"

namespace tracia::client {
namespace {

// A reader that lags behind gets longer pieces instead of ever more small ones, each of which costs memory of its own.
constexpr size_t kSeparateChunksMax = 4096;

bool continues(const StreamChunk& last, const StreamChunk& chunk) {
  return last.type == chunk.type && last.tool_index == chunk.tool_index && chunk.tool_id.empty() &&
         chunk.tool_name.empty();
}

void call(const std::function<void()>& callback) {
  if (callback) callback();
}

}  // namespace

void ChunkBuffer::push(StreamChunk chunk) {
  std::function<void()> ready;
  {
    const std::lock_guard lock(mutex_);
    if (aborted_) return;
    if (chunks_.size() >= kSeparateChunksMax && continues(chunks_.back(), chunk)) {
      chunks_.back().text.append(chunk.text);
    } else {
      chunks_.push_back(std::move(chunk));
    }
    ready = std::exchange(on_ready_, nullptr);
  }
  changed_.notify_all();
  call(ready);
}

std::optional<std::string> ChunkBuffer::stop(bool by_cancel) {
  const std::lock_guard lock(mutex_);
  if (by_cancel && !aborted_) {
    aborted_ = true;
    chunks_.clear();
  }
  if (!aborted_) return std::nullopt;
  return delivered_;
}

void ChunkBuffer::finish() {
  std::function<void()> ready, finished;
  {
    const std::lock_guard lock(mutex_);
    finished_ = true;
    ready = std::exchange(on_ready_, nullptr);
    finished = std::exchange(on_finished_, nullptr);
  }
  changed_.notify_all();
  call(ready);
  call(finished);
}

// Waits for `predicate`; an interruption aborts the stream, and the wait goes on for its end, which is near.
template <typename Predicate>
void ChunkBuffer::wait(std::unique_lock<std::mutex>& lock, Predicate predicate) {
  while (interrupted_ && !aborted_) {
    if (changed_.wait_for(lock, transport::kInterruptCheck, predicate)) return;
    lock.unlock();  // the application's function
    const bool stop = interrupted_();
    lock.lock();
    if (stop) mark_aborted(lock);
  }
  changed_.wait(lock, predicate);
}

std::optional<StreamChunk> ChunkBuffer::next() {
  std::unique_lock lock(mutex_);
  wait(lock, [&] { return !chunks_.empty() || finished_ || aborted_; });
  if (aborted_) return std::nullopt;
  if (chunks_.empty()) {
    end_seen_ = true;
    return std::nullopt;
  }
  StreamChunk chunk = std::move(chunks_.front());
  chunks_.pop_front();
  if (chunk.type == StreamChunk::Type::kText) delivered_.append(chunk.text);
  return chunk;
}

std::vector<StreamChunk> ChunkBuffer::take() {
  const std::lock_guard lock(mutex_);
  std::vector<StreamChunk> out(std::make_move_iterator(chunks_.begin()), std::make_move_iterator(chunks_.end()));
  chunks_.clear();
  for (const StreamChunk& chunk : out) {
    if (chunk.type == StreamChunk::Type::kText) delivered_.append(chunk.text);
  }
  return out;
}

bool ChunkBuffer::ended() const {
  const std::lock_guard lock(mutex_);
  if (!finished_ || !chunks_.empty()) return false;
  end_seen_ = true;
  return true;
}

void ChunkBuffer::on_ready(std::function<void()> ready) {
  {
    const std::lock_guard lock(mutex_);
    if (chunks_.empty() && !finished_) {
      on_ready_.swap(ready);  // one that is replaced is destroyed outside the mutex
      return;
    }
  }
  call(ready);
}

void ChunkBuffer::on_finished(std::function<void()> finished) {
  {
    const std::lock_guard lock(mutex_);
    if (!finished_) {
      on_finished_.swap(finished);
      return;
    }
  }
  call(finished);
}

// Under the lock, which it lets go of while the call is cancelled.
void ChunkBuffer::mark_aborted(std::unique_lock<std::mutex>& lock) {
  if (end_seen_ || aborted_) return;
  aborted_ = true;
  chunks_.clear();
  lock.unlock();
  cancel_.cancel();
  changed_.notify_all();
  lock.lock();
}

void ChunkBuffer::abort() {
  std::unique_lock lock(mutex_);
  mark_aborted(lock);
}

bool ChunkBuffer::wait_finished() {
  std::unique_lock lock(mutex_);
  wait(lock, [&] { return finished_; });
  if (!aborted_) end_seen_ = true;
  return aborted_;
}

void ChunkBuffer::leave() {
  std::function<void()> ready, finished;  // destroyed outside the mutex
  {
    const std::lock_guard lock(mutex_);
    on_ready_.swap(ready);
    on_finished_.swap(finished);
  }
  abort();
}

bool ChunkBuffer::is_finished() const {
  const std::lock_guard lock(mutex_);
  return finished_;
}

bool ChunkBuffer::is_aborted() const {
  const std::lock_guard lock(mutex_);
  return aborted_;
}

std::string ChunkBuffer::delivered() const {
  const std::lock_guard lock(mutex_);
  return delivered_;
}

std::string ChunkBuffer::text_so_far() const {
  const std::lock_guard lock(mutex_);
  std::string text = delivered_;
  for (const StreamChunk& chunk : chunks_) {
    if (chunk.type == StreamChunk::Type::kText) text.append(chunk.text);
  }
  return text;
}

}  // namespace tracia::client
