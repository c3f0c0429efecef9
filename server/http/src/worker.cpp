#include "worker.h"

#include <boost/asio/post.hpp>
#include <vector>

#include "connection.h"

namespace tracia::http {
namespace {

// Deadlines are checked by one timer per loop, not re-armed per request: a timeout may come so much late.
constexpr Millis kSweepPeriod{200};

}  // namespace

Worker::Worker(Shared& shared)
    : shared_(shared), work_(io_.get_executor()), sweeper_(io_), reactor_(LoopReactor::create(io_)) {
  refresh_date();
}

Worker::~Worker() {
  if (reactor_) reactor_->shut();
}

void Worker::run() {
  sweep();
  io_.run();
  // Connections hold sockets and callbacks that refer to this loop: they end before it does.
  for (const auto& connection : std::vector(connections_.begin(), connections_.end())) connection->close();
}

void Worker::drain() {
  boost::asio::post(io_, [this] {
    draining_ = true;
    for (const auto& connection : std::vector(connections_.begin(), connections_.end())) connection->drain();
  });
}

void Worker::close_all() {
  boost::asio::post(io_, [this] {
    for (const auto& connection : std::vector(connections_.begin(), connections_.end())) connection->close();
  });
}

void Worker::add(std::shared_ptr<Connection> connection) { connections_.insert(std::move(connection)); }

void Worker::remove(const std::shared_ptr<Connection>& connection) {
  if (connections_.erase(connection) > 0) shared_.open.fetch_sub(1, std::memory_order_relaxed);
}

void Worker::refresh_date() {
  const int64_t second = system_clock().now().micros / 1'000'000;
  if (second == date_second_) return;
  date_second_ = second;
  date_ = http_date(second);
}

void Worker::sweep() {
  refresh_date();
  const SteadyTime now = system_clock().steady();
  for (const auto& connection : std::vector(connections_.begin(), connections_.end())) connection->check_deadlines(now);
  sweeper_.expires_after(kSweepPeriod);
  sweeper_.async_wait([this](const boost::system::error_code& ec) {
    if (!ec) sweep();
  });
}

}  // namespace tracia::http
