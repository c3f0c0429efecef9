#include "connection.h"

#include <boost/asio/post.hpp>
#include <boost/beast/http/error.hpp>

#include "response_format.h"

namespace tracia::http {
namespace {

namespace asio = boost::asio;

// Pipelined input held while an answer is under way; beyond it the socket is not read.
constexpr size_t kPipelineBytesMax = 64u << 10;
// Output queued before the next pipelined request is looked at.
constexpr size_t kOutputBytesHigh = 1u << 20;
constexpr size_t kOutputBytesLow = 64u << 10;
constexpr size_t kOutputBytesKept = 64u << 10;  // capacity that waits for the next answer
constexpr Millis kLingerTime{2000};
// Room for one read: a head, or a good piece of a body.
constexpr size_t kReadBytes = Stream::kInputBytesMax;
constexpr size_t kBodyReadBytes = 64u << 10;

}  // namespace

Connection::Connection(Worker& worker, Socket socket, std::string peer)
    : worker_(worker), stream_(std::move(socket), worker.shared().tls.get()), peer_(std::move(peer)) {}

template <typename F>
void Connection::enter(F&& fn) {
  const auto self = shared_from_this();  // `fn` may drop the last other reference
  ++depth_;
  fn();
  --depth_;
  if (depth_ == 0) settle();
}

void Connection::settle() {
  do {
    if (phase_ == Phase::kClosed) return;
    parse_paused_ = false;
    ++depth_;
    parse_input();
    --depth_;
    flush();
    // What the kernel took at once made room for requests that were waiting: no event will come to say so.
  } while (parse_paused_ && !writing_);
  if (drain_fn_ && !writing_) notify_drain();
  read();
}

void Connection::notify_drain() {
  asio::post(stream_.get_executor(), [self = shared_from_this()] { self->on_written(); });
}

void Connection::notify_stop() {
  asio::post(stream_.get_executor(), [self = shared_from_this()] {
    self->enter([&] {
      if (auto stop = std::exchange(self->stop_fn_, nullptr)) stop();
    });
  });
}

void Connection::start() {
  ErrorCode ec;
  stream_.socket().set_option(asio::ip::tcp::no_delay(true), ec);
  stream_.socket().non_blocking(true, ec);
  if (ec) return close();
  last_read_ = last_write_ = system_clock().steady();
  if (stream_.needs_handshake()) return handshake();
  read();
}

void Connection::handshake() {
  phase_ = Phase::kHandshaking;
  stream_.async_handshake([self = shared_from_this()](const ErrorCode& ec) {
    if (self->phase_ == Phase::kClosed) return;
    if (ec || self->draining_) return self->close();
    self->phase_ = Phase::kIdle;
    self->last_read_ = system_clock().steady();
    self->read();
  });
}

void Connection::drain() {
  draining_ = true;
  if (phase_ == Phase::kIdle && queued_bytes() == 0) return close();
  if (phase_ == Phase::kIdle) close_after_write_ = true;
  if (stop_fn_) notify_stop();
}

// --- reading ---------------------------------------------------------------------------------------------------------

void Connection::read() {
  if (reading_ || phase_ == Phase::kClosed) return;
  if (phase_ == Phase::kAnswering && input_.size() >= kPipelineBytesMax) return;
  if (phase_ == Phase::kIdle && input_.size() >= kPipelineBytesMax) return;  // waiting for the peer to read
  reading_ = true;
  stream_.async_wait_input([self = shared_from_this()](const ErrorCode& ec) { self->on_readable(ec); });
}

void Connection::on_readable(ErrorCode ec) {
  reading_ = false;
  if (phase_ == Phase::kClosed) return;
  size_t bytes = 0;
  if (!ec) {
    const size_t room = phase_ == Phase::kReceiving && parser_->is_header_done() ? kBodyReadBytes : kReadBytes;
    bytes = stream_.take_input(input_.prepare(room).data(), room, ec);
    if (ec == asio::error::would_block || ec == asio::error::try_again) return read();
  }
  if (ec) {
    // The answer is complete but not yet with the kernel: a peer that only closed its sending half still wants it.
    if (phase_ != Phase::kAnswering && phase_ != Phase::kLingering && queued_bytes() > 0) {
      close_after_write_ = true;
      return;
    }
    return close();
  }
  last_read_ = system_clock().steady();
  if (phase_ == Phase::kLingering) {  // what a refused peer still sends is thrown away
    return read();
  }
  input_.commit(bytes);
  enter([] {});
}

void Connection::parse_input() {
  while (phase_ == Phase::kIdle || phase_ == Phase::kReceiving) {
    if (close_after_write_ || input_.size() == 0) return;
    parse_paused_ = queued_bytes() > kOutputBytesHigh;
    if (parse_paused_) return;
    if (!parse_some()) return;
  }
}

bool Connection::parse_some() {
  if (phase_ == Phase::kIdle) {
    // Old clients send an empty line after a body (RFC 9112 section 2.2).
    const std::string_view pending(static_cast<const char*>(input_.data().data()), input_.size());
    const size_t first = pending.find_first_not_of("\r\n");
    input_.consume(first == std::string_view::npos ? pending.size() : first);
    if (input_.size() == 0) return false;
    phase_ = Phase::kReceiving;
    request_start_ = last_read_;
    request_ = Request{};
    request_.peer = peer_;
    parser_.emplace(request_, worker_.options());
    continue_handled_ = false;
  }
  RequestParser::ErrorCode ec;
  const size_t used = parser_->put(input_.data(), ec);
  input_.consume(used);
  const bool need_more = ec == boost::beast::http::error::need_more;
  if (ec && !need_more) {
    reject(rejection_for(ec));
    return false;
  }
  if (parser_->is_done()) {
    dispatch();
    return true;
  }
  if (parser_->is_header_done() && !continue_handled_) {
    continue_handled_ = true;
    if (parser_->expects_continue() && parser_->http_11()) out_.append("HTTP/1.1 100 Continue\r\n\r\n");
  }
  return !need_more && used > 0;
}

void Connection::dispatch() {
  if (parser_->http_11() && !parser_->has_host()) {
    return reject({400, "INVALID_REQUEST", "An HTTP/1.1 request needs a Host header."});
  }
  http_11_ = parser_->http_11();
  keep_alive_ = parser_->keep_alive();
  head_request_ = request_.method == "HEAD";
  began_ = false;
  status_ = 0;
  extra_head_.clear();
  chunked_ = false;
  body_left_.reset();
  phase_ = Phase::kAnswering;
  ++exchange_;
  worker_.shared().requests.fetch_add(1, std::memory_order_relaxed);
  worker_.shared().handler(request_, ResponseWriter(shared_from_this(), exchange_));
}

void Connection::reject(const Rejection& rejection) {
  worker_.shared().malformed.fetch_add(1, std::memory_order_relaxed);
  if (worker_.options().on_refused) worker_.options().on_refused(rejection.status, peer_);
  const std::string body = error_body(rejection.code, rejection.message);
  keep_alive_ = false;
  http_11_ = true;
  append_head(out_, rejection.status, {{"Content-Type", "application/json"}},
              {.content_length = body.size(), .close = true, .date = worker_.date()});
  if (request_.method != "HEAD") out_.append(body);
  phase_ = Phase::kIdle;
  close_after_write_ = true;
}

// --- answering -------------------------------------------------------------------------------------------------------

Framing Connection::framing() const {
  const bool close = !keep_alive_ || draining_ || worker_.draining();
  return {.close = close, .say_keep_alive = !http_11_ && !close, .date = worker_.date(), .extra = extra_head_};
}

void Connection::send(uint64_t exchange, int status, const wire::Headers& headers, std::string_view body) {
  if (!is_open(exchange) || began_) return;
  enter([&] {
    status_ = status;
    Framing frame = framing();
    keep_alive_ = !frame.close;
    const bool bodiless = status == 204 || status == 304;
    if (!bodiless) frame.content_length = body.size();
    append_head(out_, status, headers, frame);
    if (!bodiless && !head_request_) out_.append(body);
    finish_answer();
  });
}

void Connection::begin(uint64_t exchange, int status, const wire::Headers& headers,
                       std::optional<size_t> content_length) {
  if (!is_open(exchange) || began_) return;
  enter([&] {
    began_ = true;
    status_ = status;
    Framing frame = framing();
    frame.content_length = content_length;
    chunked_ = !content_length && http_11_;
    frame.chunked = chunked_;
    if (!content_length && !http_11_) {  // the end of the body is the end of the connection
      frame.close = true;
      frame.say_keep_alive = false;
    }
    keep_alive_ = !frame.close;
    body_left_ = content_length;
    append_head(out_, status, headers, frame);
  });
}

void Connection::write(uint64_t exchange, std::string_view bytes) {
  if (!is_open(exchange) || !began_ || head_request_ || bytes.empty()) return;
  if (queued_bytes() + bytes.size() > worker_.options().stream_buffer_bytes_max) {
    // Not from inside the caller's write(): what it works with may end with on_close().
    if (close_fn_) asio::post(stream_.get_executor(), std::exchange(close_fn_, nullptr));
    return abort(exchange);
  }
  enter([&] {
    if (body_left_) {
      bytes = bytes.substr(0, *body_left_);
      *body_left_ -= bytes.size();
    }
    if (chunked_) {
      append_chunk(out_, bytes);
    } else {
      out_.append(bytes);
    }
  });
}

void Connection::end(uint64_t exchange) {
  if (!is_open(exchange) || !began_) return;
  enter([&] {
    if (chunked_ && !head_request_) out_.append(kLastChunk);
    if (body_left_.value_or(0) > 0 && !head_request_) keep_alive_ = false;
    finish_answer();
  });
}

void Connection::add_header(uint64_t exchange, std::string_view name, std::string_view value) {
  if (is_open(exchange) && !began_) append_header(extra_head_, name, value);
}

void Connection::finish_answer() {
  phase_ = Phase::kIdle;
  drain_fn_ = nullptr;
  close_fn_ = nullptr;
  stop_fn_ = nullptr;
  for (const auto& timer : timers_) {
    if (timer->busy) timer->timer.cancel();
  }
  if (!keep_alive_ || draining_) close_after_write_ = true;
  last_read_ = system_clock().steady();  // the idle time starts now
  if (end_fn_) std::exchange(end_fn_, nullptr)(status_);
}

void Connection::reset_peer() {
  ErrorCode ignored;
  stream_.socket().set_option(asio::socket_base::linger(true, 0), ignored);
}

void Connection::abort(uint64_t exchange) {
  if (!is_open(exchange)) return;
  reset_peer();
  close_fn_ = nullptr;
  close();
}

Connection::Timer& Connection::idle_timer() {
  for (const auto& timer : timers_) {
    if (!timer->busy) return *timer;
  }
  timers_.push_back(std::make_unique<Timer>(stream_.get_executor()));
  return *timers_.back();
}

void Connection::after(uint64_t exchange, Millis delay, std::function<void()> fn) {
  if (!is_open(exchange)) return;
  Timer& timer = idle_timer();
  timer.busy = true;
  timer.timer.expires_after(delay);
  timer.timer.async_wait([self = shared_from_this(), &timer, exchange, fn = std::move(fn)](const ErrorCode& ec) {
    timer.busy = false;
    if (!ec && self->is_open(exchange)) self->enter(fn);
  });
}

void Connection::on_drain(uint64_t exchange, std::function<void()> fn) {
  if (!is_open(exchange)) return;
  drain_fn_ = std::move(fn);
  if (depth_ == 0 && !writing_) notify_drain();  // else settle() or the write's end does
}

void Connection::on_close(uint64_t exchange, std::function<void()> fn) {
  if (is_open(exchange)) close_fn_ = std::move(fn);
}

void Connection::on_stop(uint64_t exchange, std::function<void()> fn) {
  if (!is_open(exchange)) return;
  stop_fn_ = std::move(fn);
  if (draining_ || worker_.draining()) notify_stop();
}

void Connection::on_end(uint64_t exchange, std::function<void(int status)> fn) {
  if (is_open(exchange)) end_fn_ = std::move(fn);
}

void Connection::post(std::function<void()> fn) {
  asio::post(stream_.get_executor(), [self = shared_from_this(), fn = std::move(fn)] { self->enter(fn); });
}

// --- writing and closing ---------------------------------------------------------------------------------------------

void Connection::flush() {
  if (writing_ || phase_ == Phase::kClosed) return;
  if (!out_.empty()) {
    inflight_.swap(out_);
    inflight_offset_ = 0;
    // Most answers fit the socket's buffer: try now, wait only when the kernel says so.
    ErrorCode ec;
    inflight_offset_ = stream_.write_now(asio::buffer(inflight_), ec);
    last_write_ = last_read_;
    if (ec && ec != asio::error::would_block && ec != asio::error::try_again) return close();
    if (inflight_offset_ < inflight_.size()) return wait_writable();
    forget_written();
  }
  if (close_after_write_) close_when_written();
}

void Connection::wait_writable() {
  writing_ = true;
  last_write_ = system_clock().steady();
  stream_.async_write_some(asio::buffer(inflight_.data() + inflight_offset_, inflight_.size() - inflight_offset_),
                           [self = shared_from_this()](const ErrorCode& ec, size_t bytes) {
                             self->writing_ = false;
                             if (self->phase_ == Phase::kClosed) return;
                             if (ec) return self->close();
                             self->inflight_offset_ += bytes;
                             if (self->inflight_offset_ < self->inflight_.size()) return self->wait_writable();
                             self->forget_written();
                             self->on_written();
                           });
}

// The buffer serves the next answer, unless it was a large one: every busy connection would hold as much as the largest
// page that it ever sent, twice.
void Connection::forget_written() {
  inflight_.clear();
  if (inflight_.capacity() > kOutputBytesKept) inflight_.shrink_to_fit();
  inflight_offset_ = 0;
}

void Connection::on_written() {
  if (phase_ == Phase::kClosed) return;
  enter([this] {
    if (drain_fn_ && queued_bytes() < kOutputBytesLow) std::exchange(drain_fn_, nullptr)();
  });
}

void Connection::close_when_written() {
  if (phase_ == Phase::kLingering) return;
  // Closing with unread input would reset the connection and could destroy the answer on its way (RFC 9112
  // section 9.6).
  ErrorCode ec;
  stream_.finish_sending(ec, [self = shared_from_this()] {});
  if (ec) return close();
  phase_ = Phase::kLingering;
  input_.clear();
  linger_until_ = system_clock().steady() + kLingerTime;
}

void Connection::close() {
  if (phase_ == Phase::kClosed) return;
  const bool was_answering = phase_ == Phase::kAnswering;
  const auto self = shared_from_this();
  phase_ = Phase::kClosed;
  for (const auto& timer : timers_) {
    if (timer->busy) timer->timer.cancel();
  }
  ErrorCode ignored;
  stream_.socket().close(ignored);
  drain_fn_ = nullptr;
  worker_.remove(self);
  if (was_answering && close_fn_) std::exchange(close_fn_, nullptr)();
  if (was_answering && end_fn_) std::exchange(end_fn_, nullptr)(status_);
  close_fn_ = nullptr;
  stop_fn_ = nullptr;
  end_fn_ = nullptr;
}

void Connection::release_memory() {
  if (input_.size() == 0) input_.shrink_to_fit();
  out_.shrink_to_fit();
  inflight_.shrink_to_fit();
  request_ = Request{};
  parser_.reset();
}

void Connection::check_deadlines(SteadyTime now) {
  const ServerOptions& options = worker_.options();
  if (writing_ && now - last_write_ > options.write_timeout) return close();
  if (phase_ == Phase::kLingering && now > linger_until_) return close();
  if (phase_ == Phase::kHandshaking && now - last_read_ > options.header_timeout) return close();
  if (phase_ == Phase::kIdle && !writing_) {
    if (now - last_read_ > options.keep_alive_timeout) return close();
    if (now - last_read_ > options.buffer_keep_time && queued_bytes() == 0) release_memory();
  }
  if (phase_ != Phase::kReceiving) return;
  const bool in_body = parser_->is_header_done();
  const bool late = in_body ? now - last_read_ > options.body_timeout : now - request_start_ > options.header_timeout;
  if (late || now - request_start_ > options.request_timeout) {
    enter([this] { reject({408, "INVALID_REQUEST", "The request did not arrive in time."}); });
  }
}

// --- the public handle -----------------------------------------------------------------------------------------------

void ResponseWriter::send(int status, const wire::Headers& headers, std::string_view body) {
  connection_->send(exchange_, status, headers, body);
}
void ResponseWriter::begin(int status, const wire::Headers& headers, std::optional<size_t> content_length) {
  connection_->begin(exchange_, status, headers, content_length);
}
void ResponseWriter::write(std::string_view bytes) { connection_->write(exchange_, bytes); }
void ResponseWriter::end() { connection_->end(exchange_); }
void ResponseWriter::abort() { connection_->abort(exchange_); }
void ResponseWriter::after(Millis delay, std::function<void()> fn) {
  connection_->after(exchange_, delay, std::move(fn));
}
size_t ResponseWriter::queued_bytes() const { return connection_->queued_bytes(); }
void ResponseWriter::on_drain(std::function<void()> fn) { connection_->on_drain(exchange_, std::move(fn)); }
void ResponseWriter::on_close(std::function<void()> fn) { connection_->on_close(exchange_, std::move(fn)); }
void ResponseWriter::on_stop(std::function<void()> fn) { connection_->on_stop(exchange_, std::move(fn)); }
void ResponseWriter::on_end(std::function<void(int)> fn) { connection_->on_end(exchange_, std::move(fn)); }
void ResponseWriter::add_header(std::string_view name, std::string_view value) {
  connection_->add_header(exchange_, name, value);
}
bool ResponseWriter::open() const { return connection_->is_open(exchange_); }
void ResponseWriter::post(std::function<void()> fn) { connection_->post(std::move(fn)); }

}  // namespace tracia::http
