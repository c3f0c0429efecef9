// One event loop on one thread, with the connections that live on it.
#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>
#include <unordered_set>

#include "loop_reactor.h"
#include "response_format.h"
#include "tracia/http/server.h"

namespace tracia::http {

// Shared by all workers of a server.
struct Shared {
  ServerOptions options;
  Handler handler;
  std::unique_ptr<boost::asio::ssl::context> tls;  // nullptr: plain HTTP
  std::atomic<uint64_t> accepted{0}, refused{0}, requests{0}, malformed{0};
  std::atomic<size_t> open{0};
};

class Worker {
 public:
  explicit Worker(Shared& shared);
  ~Worker();  // after run() has returned
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void run();                  // until stop()
  void stop() { io_.stop(); }  // thread-safe
  void drain();                // thread-safe: closes idle connections, the others after their answer
  void close_all();            // thread-safe

  Shared& shared() { return shared_; }
  const ServerOptions& options() const { return shared_.options; }
  boost::asio::io_context& io() { return io_; }
  const std::shared_ptr<LoopReactor>& reactor() const { return reactor_; }  // null: out of descriptors
  std::string_view date() const { return date_; }

  // On the worker's thread only.
  void add(std::shared_ptr<Connection> connection);
  void remove(const std::shared_ptr<Connection>& connection);
  bool draining() const { return draining_; }

 private:
  void sweep();
  void refresh_date();

  Shared& shared_;
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::steady_timer sweeper_;
  std::shared_ptr<LoopReactor> reactor_;
  std::unordered_set<std::shared_ptr<Connection>> connections_;
  std::string date_;
  int64_t date_second_ = 0;
  bool draining_ = false;
};

}  // namespace tracia::http
