#include "client_state.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>
#include <vector>

#include "gil.h"

namespace tracia::native {
namespace {

using Steady = std::chrono::steady_clock;

constexpr Millis kPoll{2};
constexpr Millis kReportWait{2'000};  // how long callbacks may take to hear of spans that were given up at the end
constexpr Millis kSlice{100};         // how soon a flush hears that the client closes, or a signal

// Every client, for the end of the interpreter. Under process_lock(); never destroyed.
std::vector<std::weak_ptr<ClientState>>& all_clients() {
  static auto* const list = new std::vector<std::weak_ptr<ClientState>>;
  return *list;
}

}  // namespace

// The entries of this thread, innermost first.
static thread_local ClientState::Entry* innermost = nullptr;

ClientState::ClientState(ClientOptions options, std::shared_ptr<EventQueue> events)
    : events_(std::move(events)),
      exit_flush_(options.exit_flush),
      client_(std::make_unique<Client>(std::move(options))),
      flusher_([this](SteadyTime deadline) { return flush(deadline); }) {}

ClientState::~ClientState() {
  close();
  // Another process was closing it when it forked this one: what is left has that one's threads.
  if (stage_ != Stage::kClosed) (void)client_.release();
}

ClientState::Entry::Entry(ClientState& state, bool late) : state_(state), outer_(std::exchange(innermost, this)) {
  const std::lock_guard lock(process_lock());
  const Stage stage = state.stage_;
  entered_ = stage == Stage::kOpen || (late && stage == Stage::kClosing && state.users_.get().closing);
  epoch_ = process_epoch();
  if (entered_) ++state.users_.get().inside;
}

ClientState::Entry::~Entry() {
  innermost = outer_;
  {
    const std::lock_guard lock(process_lock());
    if (entered_ && epoch_ == process_epoch()) --state_.users_.get().inside;
  }
  if (state_.closes_later_ && !state_.is_inside()) state_.close();
}

bool ClientState::is_inside() const {
  for (const Entry* entry = innermost; entry != nullptr; entry = entry->outer_) {
    if (&entry->state_ == this && entry->entered_) return true;
  }
  return false;
}

bool ClientState::flush(SteadyTime deadline) {
  const Entry client(*this);
  if (!client) return false;
  for (;;) {
    const SteadyTime slice = std::min(deadline, Steady::now() + kSlice);
    if (events_->wait_handled(slice)) {
      const auto left = std::chrono::ceil<Millis>(slice - Steady::now());
      if (client->flush(std::max(left, Millis{0}))) return true;
    }
    if (Steady::now() >= deadline || !is_open() || interrupted()) return false;
  }
}

record::Stats ClientState::stats() {
  record::Stats stats;
  if (const Entry client(*this, true); client) {
    stats = client->span_stats();
  } else {
    const std::lock_guard lock(process_lock());
    stats = last_stats_;
  }
  events_->add_to(stats);
  return stats;
}

bool ClientState::begin_to_close() {
  std::unique_lock lock(process_lock());
  if (is_open()) {
    stage_ = Stage::kClosing;
    users_.get().closing = true;
    return true;
  }
  while (users_.get().closing) {
    lock.unlock();
    std::this_thread::sleep_for(kPoll);
    lock.lock();
  }
  return false;
}

// A call that entered just before the client began to close may start after one cancel_all(): hence the loop.
void ClientState::end_calls() {
  for (;;) {
    client_->cancel_all();
    {
      const std::lock_guard lock(process_lock());
      if (users_.get().inside == 0) return;
    }
    std::this_thread::sleep_for(kPoll);
  }
}

void ClientState::close() {
  if (is_inside()) {
    closes_later_ = true;
    client_->cancel_all();
    return;
  }
  if (!begin_to_close()) return;
  flusher_.stop();
  end_calls();
  events_->close_spans(Steady::now() + exit_flush_);
  record::Stats stats = client_->span_stats();
  {
    const std::lock_guard lock(process_lock());
    last_stats_ = stats;
    stage_ = Stage::kClosed;
  }
  end_calls();  // those that came in late
  client_.reset();
  events_->close(Steady::now() + kReportWait);
  const std::lock_guard lock(process_lock());
  users_.get().closing = false;
}

void register_client(const std::shared_ptr<ClientState>& state) {
  const std::lock_guard lock(process_lock());
  std::erase_if(all_clients(), [](const std::weak_ptr<ClientState>& client) { return client.expired(); });
  all_clients().push_back(state);
}

void close_all_clients() {
  std::vector<std::shared_ptr<ClientState>> clients;
  {
    const std::lock_guard lock(process_lock());
    for (const auto& client : all_clients()) {
      if (auto alive = client.lock()) clients.push_back(std::move(alive));
    }
  }
  for (const auto& client : clients) client->close();
}

}  // namespace tracia::native
