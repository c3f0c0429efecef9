// perform(): exchanges that run on the caller's thread, each over a session of its own.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "exchange.h"

namespace tracia::transport {

// An easy and a multi handle whose cache holds one connection: a session stands for a connection. One thread at a time;
// only wake() may come from others.
class Session {
 public:
  explicit Session(HandleCommon& common);
  bool ok() const { return exchange_.easy() != nullptr && multi_ != nullptr; }
  Outcome run(const wire::HttpRequest& request, const ExchangeOptions& options, ResponseHandler& handler);
  // Any thread: makes run() end with transport_closed().
  void close();

  std::string origin;  // of its last exchange
  SteadyTime idle_since;
  size_t active_index = 0;  // the pool's

 private:
  Outcome drive(const ExchangeOptions& options);
  CURLcode result();

  MultiPtr multi_;  // outlives the exchange, whose handle may be its member
  Exchange exchange_;
  std::atomic<bool> closed_{false};
};

// Sessions of one transport. Last in, first out, so that a caller who works in sequence always gets the same warm
// connection; a session whose exchange failed is not kept. Thread-safe. The destructor ends what runs and waits for it.
class SessionPool {
 public:
  SessionPool(HandleCommon& common, size_t idle_max);
  ~SessionPool();
  Outcome perform(const wire::HttpRequest& request, const ExchangeOptions& options, ResponseHandler& handler);

 private:
  std::unique_ptr<Session> borrow(std::string_view origin);
  void give_back(std::unique_ptr<Session> session, bool keep);
  void leave_locked();

  HandleCommon& common_;
  const size_t idle_max_;
  std::mutex mutex_;
  std::condition_variable unused_;
  std::vector<std::unique_ptr<Session>> idle_;  // oldest first
  std::vector<Session*> active_;
  size_t users_ = 0;  // calls that hold a session, or one that they still have to destroy
  bool closing_ = false;
};

}  // namespace tracia::transport
