// A connection's bytes, plain or through TLS: the difference ends here.
#pragma once

#include <algorithm>
#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <cstring>
#include <memory>
#include <utility>

namespace tracia::http {

// On its loop's thread only. At most one read and one write under way.
class Stream {
 public:
  using Socket = boost::asio::ip::tcp::socket;
  using ErrorCode = boost::system::error_code;

  // `tls` nullptr: plain.
  Stream(Socket socket, boost::asio::ssl::context* tls) : socket_(std::move(socket)) {
    if (tls) tls_ = std::make_unique<Tls>(socket_, *tls);
  }

  Socket& socket() { return socket_; }
  auto get_executor() { return socket_.get_executor(); }
  bool needs_handshake() const { return tls_ != nullptr; }

  template <typename Handler>  // void(ErrorCode)
  void async_handshake(Handler&& handler) {
    tls_->stream.async_handshake(boost::asio::ssl::stream_base::server, std::forward<Handler>(handler));
  }

  // Waits until take_input() has something to give: an idle plain connection keeps no buffer for what may come.
  template <typename Handler>  // void(ErrorCode)
  void async_wait_input(Handler&& handler) {
    if (!tls_) return socket_.async_wait(Socket::wait_read, std::forward<Handler>(handler));
    tls_->stream.async_read_some(boost::asio::buffer(tls_->input),
                                 [this, handler = std::forward<Handler>(handler)](const ErrorCode& ec, size_t bytes) {
                                   tls_->held = bytes;
                                   handler(ec);
                                 });
  }

  // At most `room` bytes to `to`; would_block when there were none after all. A TLS stream asks for kInputBytesMax of
  // room, and gives all it holds.
  static constexpr size_t kInputBytesMax = 16384;
  size_t take_input(void* to, size_t room, ErrorCode& ec) {
    if (!tls_) return socket_.read_some(boost::asio::buffer(to, room), ec);
    const size_t bytes = std::min(room, std::exchange(tls_->held, 0));
    std::memcpy(to, tls_->input.data(), bytes);
    return bytes;
  }

  template <typename Buffer, typename Handler>  // void(ErrorCode, size_t)
  void async_write_some(const Buffer& buffer, Handler&& handler) {
    if (tls_) return tls_->stream.async_write_some(buffer, std::forward<Handler>(handler));
    socket_.async_write_some(buffer, std::forward<Handler>(handler));
  }

  // What the kernel takes at once. TLS takes nothing here: a record that only half fits would be lost.
  template <typename Buffer>
  size_t write_now(const Buffer& buffer, ErrorCode& ec) {
    if (!tls_) return socket_.write_some(buffer, ec);
    ec = boost::asio::error::would_block;
    return 0;
  }

  // Says that nothing more will be sent; reads go on. `done` keeps the owner alive meanwhile.
  template <typename Done>
  void finish_sending(ErrorCode& ec, Done done) {
    if (!tls_) {
      socket_.shutdown(Socket::shutdown_send, ec);
      return;
    }
    // Sends close_notify, then waits for the peer's; who never answers is closed by the lingering deadline.
    tls_->stream.async_shutdown([this, done = std::move(done)](const ErrorCode&) {
      ErrorCode ignored;
      socket_.shutdown(Socket::shutdown_send, ignored);
      done();
    });
  }

 private:
  struct Tls {
    Tls(Socket& socket, boost::asio::ssl::context& context) : stream(socket, context) {}
    boost::asio::ssl::stream<Socket&> stream;
    std::array<char, kInputBytesMax> input;  // decrypted by the pending read; `held` bytes of it wait to be taken
    size_t held = 0;
  };

  Socket socket_;
  std::unique_ptr<Tls> tls_;
};

}  // namespace tracia::http
