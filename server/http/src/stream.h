// A connection's bytes, plain or through TLS: the difference ends here.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <memory>

namespace tracia::http {

// On its loop's thread only. At most one read and one write under way.
class Stream {
 public:
  using Socket = boost::asio::ip::tcp::socket;
  using ErrorCode = boost::system::error_code;

  // `tls` nullptr: plain.
  Stream(Socket socket, boost::asio::ssl::context* tls) : socket_(std::move(socket)) {
    if (tls) tls_ = std::make_unique<boost::asio::ssl::stream<Socket&>>(socket_, *tls);
  }

  Socket& socket() { return socket_; }
  auto get_executor() { return socket_.get_executor(); }
  bool needs_handshake() const { return tls_ != nullptr; }

  template <typename Handler>  // void(ErrorCode)
  void async_handshake(Handler&& handler) {
    tls_->async_handshake(boost::asio::ssl::stream_base::server, std::forward<Handler>(handler));
  }

  template <typename Buffer, typename Handler>  // void(ErrorCode, size_t)
  void async_read_some(const Buffer& buffer, Handler&& handler) {
    if (tls_) return tls_->async_read_some(buffer, std::forward<Handler>(handler));
    socket_.async_read_some(buffer, std::forward<Handler>(handler));
  }

  template <typename Buffer, typename Handler>  // void(ErrorCode, size_t)
  void async_write_some(const Buffer& buffer, Handler&& handler) {
    if (tls_) return tls_->async_write_some(buffer, std::forward<Handler>(handler));
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
    tls_->async_shutdown([this, done](const ErrorCode&) {
      ErrorCode ignored;
      socket_.shutdown(Socket::shutdown_send, ignored);
      done();
    });
  }

 private:
  Socket socket_;
  std::unique_ptr<boost::asio::ssl::stream<Socket&>> tls_;
};

}  // namespace tracia::http
