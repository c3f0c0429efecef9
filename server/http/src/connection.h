// One connection: read, parse, hand over, write. Everything here runs on its worker's thread.
//
//   handshaking (TLS only) --> idle
//   idle --first byte--> receiving --whole request--> answering --answer complete--> idle
//     any of them --error or Connection: close, once all is written--> lingering --peer closed or 2 s--> closed
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "request_parser.h"
#include "stream.h"
#include "tracia/http/server.h"
#include "worker.h"

namespace tracia::http {

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Socket = Stream::Socket;
  using ErrorCode = Stream::ErrorCode;

  Connection(Worker& worker, Socket socket, std::string peer);

  void start();
  void drain();  // close when idle, else after the answer
  void check_deadlines(SteadyTime now);
  void close();

  // The answering side; see ResponseWriter. Each names its exchange, and a stale one does nothing.
  void send(uint64_t exchange, int status, const wire::Headers& headers, std::string_view body);
  void begin(uint64_t exchange, int status, const wire::Headers& headers, std::optional<size_t> content_length);
  void write(uint64_t exchange, std::string_view bytes);
  void end(uint64_t exchange);
  void add_header(uint64_t exchange, std::string_view name, std::string_view value);
  void abort(uint64_t exchange);
  void after(uint64_t exchange, Millis delay, std::function<void()> fn);
  void on_drain(uint64_t exchange, std::function<void()> fn);
  void on_close(uint64_t exchange, std::function<void()> fn);
  void on_stop(uint64_t exchange, std::function<void()> fn);
  void on_end(uint64_t exchange, std::function<void(int status)> fn);
  void post(std::function<void()> fn);
  bool is_open(uint64_t exchange) const { return phase_ == Phase::kAnswering && exchange == exchange_; }
  size_t queued_bytes() const { return out_.size() + inflight_.size() - inflight_offset_; }

 private:
  enum class Phase { kHandshaking, kIdle, kReceiving, kAnswering, kLingering, kClosed };
  struct Timer {
    explicit Timer(const Socket::executor_type& executor) : timer(executor) {}
    boost::asio::steady_timer timer;
    bool busy = false;
  };

  // Runs `fn`, then does what it left to do: parse on, write, read. Every event enters through here.
  template <typename F>
  void enter(F&& fn);
  void settle();
  void notify_stop();   // soon, from the loop
  void notify_drain();  // soon, from the loop: never from inside on_drain()

  void handshake();
  void read();
  void on_readable(ErrorCode ec);
  void parse_input();
  bool parse_some();  // false when more bytes are needed or the connection is closing
  void dispatch();
  void reject(const Rejection& rejection);
  void finish_answer();
  void reset_peer();  // the next close() sends a TCP reset

  Framing framing() const;
  void flush();
  void wait_writable();
  void forget_written();
  void on_written();
  void close_when_written();
  void release_memory();
  void linger();
  Timer& idle_timer();

  Worker& worker_;
  Stream stream_;
  std::string peer_;
  Phase phase_ = Phase::kIdle;
  int depth_ = 0;
  bool reading_ = false;
  bool writing_ = false;
  bool close_after_write_ = false;
  bool draining_ = false;

  boost::beast::flat_buffer input_;  // received and not yet parsed
  Request request_;
  std::optional<RequestParser> parser_;
  bool continue_handled_ = false;
  bool parse_paused_ = false;  // there is input, but too much output is queued

  uint64_t exchange_ = 0;  // counts answers; ResponseWriter handles name one
  bool head_request_ = false;
  bool http_11_ = true;
  bool keep_alive_ = true;
  bool began_ = false;
  int status_ = 0;          // of the answer, once it began
  std::string extra_head_;  // header lines for the answer, whoever makes it
  bool chunked_ = false;
  std::optional<size_t> body_left_;  // of a streamed answer with a length
  std::function<void()> drain_fn_, close_fn_, stop_fn_;
  std::function<void(int)> end_fn_;
  std::vector<std::unique_ptr<Timer>> timers_;

  std::string out_;       // queued
  std::string inflight_;  // being written, from inflight_offset_
  size_t inflight_offset_ = 0;

  SteadyTime request_start_, last_read_, last_write_, linger_until_;
};

}  // namespace tracia::http
