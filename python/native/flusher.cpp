#include "flusher.h"

#include <chrono>
#include <iterator>
#include <string>
#include <utility>

#include "tracia/base/error.h"

namespace tracia::native {
namespace {

constexpr Millis kSlice{50};  // how soon a cancelled flush answers

}  // namespace

Flusher::Flusher(std::function<bool(SteadyTime)> flush) : flush_(std::move(flush)) {}

Flusher::~Flusher() { stop(); }

CallHandle Flusher::start(SteadyTime deadline, std::shared_ptr<CompletionQueue> queue, uint64_t id) {
  Request request{.deadline = deadline, .queue = std::move(queue), .id = id, .cancel = {}};
  CallHandle handle(request.cancel);
  const std::lock_guard lock(process_lock());
  State& state = state_.get();
  if (state.stopping) {
    request.queue->push({.id = id, .value = "false"});
    return handle;
  }
  state.waiting.push_back(std::move(request));
  if (!state.runs) {
    if (state.thread.joinable()) state.thread.join();  // it has seen that nothing is left, and is gone or about to go
    state.runs = true;
    state.thread = std::thread([this] { run(); });
  }
  return handle;
}

void Flusher::stop() {
  std::thread thread;
  {
    const std::lock_guard lock(process_lock());
    State& state = state_.get();
    state.stopping = true;
    thread = std::move(state.thread);
  }
  if (thread.joinable()) thread.join();
}

bool Flusher::settle(const Request& request, bool flushed, bool stopping) {
  if (request.cancel.cancelled()) {
    Error error{.code = ErrorCode::kAborted, .kind = ErrorKind::kAborted, .message = "The flush was cancelled"};
    request.queue->push({.id = request.id, .value = fail(std::move(error))});
    return true;
  }
  if (!flushed && !stopping && std::chrono::steady_clock::now() < request.deadline) return false;
  request.queue->push({.id = request.id, .value = flushed ? "true" : "false"});
  return true;
}

void Flusher::run() {
  for (;;) {
    std::vector<Request> asked;
    bool stopping = false;
    {
      const std::lock_guard lock(process_lock());
      State& state = state_.get();
      stopping = state.stopping;
      asked = std::exchange(state.waiting, {});
      if (asked.empty()) {
        state.runs = false;
        return;
      }
    }
    const bool flushed = !stopping && flush_(std::chrono::steady_clock::now() + kSlice);
    std::erase_if(asked, [&](const Request& request) { return settle(request, flushed, stopping); });
    const std::lock_guard lock(process_lock());
    std::vector<Request>& waiting = state_.get().waiting;
    waiting.insert(waiting.end(), std::make_move_iterator(asked.begin()), std::make_move_iterator(asked.end()));
  }
}

}  // namespace tracia::native
