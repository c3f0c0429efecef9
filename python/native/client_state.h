// The client behind Python's: who is inside it, and an orderly end whatever state the process is in. No Python here.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "events.h"
#include "flusher.h"
#include "process.h"
#include "tracia/client/client.h"

namespace tracia::native {

// Thread-safe. Whatever waits (flush, close, the destructor) is to be called without the GIL.
class ClientState {
 public:
  ClientState(ClientOptions options, std::shared_ptr<EventQueue> events);
  ~ClientState();  // closes
  ClientState(const ClientState&) = delete;
  ClientState& operator=(const ClientState&) = delete;

  // Keeps the client alive for a scope. Empty once it is closed.
  class Entry {
   public:
    // `late`: also while it closes, for what still belongs to its spans.
    explicit Entry(ClientState& state, bool late = false);
    ~Entry();
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    explicit operator bool() const { return entered_; }
    Client* operator->() const { return state_.client_.get(); }
    Client& operator*() const { return *state_.client_; }

   private:
    friend class ClientState;
    ClientState& state_;
    Entry* const outer_;  // on this thread
    bool entered_ = false;
    uint64_t epoch_ = 0;
  };

  // False at the deadline, and once the client closes.
  bool flush(SteadyTime deadline);
  // Also of a closed client: what had become of its spans before the last flush.
  record::Stats stats();
  // Ends what runs, lets diverted spans go on, then destroys the client, which sends what it can. Idempotent; the
  // second of two threads waits for the first. Inside an Entry of this very thread (a signal handler, run while a call
  // waits) it ends what runs, and the rest follows when the thread leaves.
  void close();

  EventQueue& events() { return *events_; }
  Flusher& flusher() { return flusher_; }

 private:
  enum class Stage { kOpen, kClosing, kClosed };
  struct Users {
    int inside = 0;
    bool closing = false;  // by a thread of this process
  };
  bool is_open() const { return stage_.load(std::memory_order_relaxed) == Stage::kOpen; }
  bool begin_to_close();
  void end_calls();
  bool is_inside() const;  // this thread

  const std::shared_ptr<EventQueue> events_;
  const Millis exit_flush_;
  std::unique_ptr<Client> client_;
  std::atomic<Stage> stage_{Stage::kOpen};  // changed under process_lock()
  std::atomic<bool> closes_later_{false};
  PerProcess<Users> users_;
  record::Stats last_stats_;  // of a closed client
  Flusher flusher_;
};

// Remembers a client for close_all_clients().
void register_client(const std::shared_ptr<ClientState>& state);
// Closes every client, for the end of the interpreter. Without the GIL.
void close_all_clients();

}  // namespace tracia::native
