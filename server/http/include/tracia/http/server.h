// The HTTP/1.1 shell: sockets, timeouts, limits and framing, so that a handler sees whole requests and writes answers.
// No Boost type appears here. Sources: RFC 9110 (semantics), RFC 9112 (HTTP/1.1 framing).
//
// Threads: `threads` event loops; a connection stays on the loop it was given to. The handler and every callback of one
// connection run on that loop's thread, one at a time, and must not block. Only ResponseWriter::post() may be called
// from other threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tracia/base/clock.h"
#include "tracia/base/result.h"
#include "tracia/wire/http.h"

namespace tracia::transport {
class Reactor;
}

namespace tracia::http {

class Connection;

struct Request {
  std::string method;     // as sent: "GET"
  std::string target;     // as sent: "/v1/x?y=1"
  std::string path;       // "/v1/x", still percent-encoded
  std::string query;      // "y=1", still percent-encoded; "" when there is none
  wire::Headers headers;  // without trailers
  std::string body;       // chunked framing undone; content codings (gzip) are not
  std::string peer;       // "127.0.0.1:50122", "[::1]:50122"
};

// The value of a query parameter, percent-decoded ('+' is a space); nullopt when absent. The first of duplicates. O(n).
std::optional<std::string> query_parameter(std::string_view query, std::string_view name);

// The answer to one request: either send(), or begin() - write()* - end(). A copyable handle; it keeps the connection's
// memory alive but not its socket. Calls after the answer is complete, or after the peer left, do nothing. A handler
// that never answers holds its connection open until the peer leaves or the server stops.
class ResponseWriter {
 public:
  // A whole answer. Content-Length, Date, Connection and X-Content-Type-Options are added; header names or values that
  // could split the head are dropped. HEAD requests get the head only.
  void send(int status, const wire::Headers& headers, std::string_view body);

  // Adds a header to the answer, whoever makes it. Before send() or begin() only.
  void add_header(std::string_view name, std::string_view value);

  // Starts a streamed answer: chunked, or of the length given (fewer bytes before end() closes the connection), or
  // until close for an HTTP/1.0 peer.
  void begin(int status, const wire::Headers& headers, std::optional<size_t> content_length = std::nullopt);
  // Queues bytes. Those of one callback leave in one write. A peer that lets more than
  // ServerOptions::stream_buffer_bytes_max pile up is cut off (on_close() runs soon after).
  void write(std::string_view bytes);
  void end();
  // Closes at once with a TCP reset: what was not read by the peer is lost.
  void abort();

  // Runs `fn` once after `delay`, on the connection's thread, unless the answer is complete or the peer gone by then.
  void after(Millis delay, std::function<void()> fn);
  // Bytes queued and not yet taken by the kernel.
  size_t queued_bytes() const;
  // Runs `fn` once, when queued_bytes() has fallen below 64 KiB (soon, if it is already so). Replaces an earlier one.
  void on_drain(std::function<void()> fn);
  // Runs `fn` if the peer leaves before the answer is complete. A peer that shuts down only its sending half counts as
  // gone, as with nginx: proxied work must not go on for nobody.
  void on_close(std::function<void()> fn);
  // Runs `fn` once when the server begins to stop while the answer is under way (soon, if it stops already): for
  // answers that would else go on for as long as the peer stays.
  void on_stop(std::function<void()> fn);
  // Runs `fn` once when it is over: with the status answered, also when the peer left in the middle of a streamed
  // answer; with 0 when the peer left before the answer began. Replaces an earlier one.
  void on_end(std::function<void(int status)> fn);
  // False once the answer is complete or the connection closed.
  bool open() const;
  // Thread-safe: runs `fn` on the connection's thread, also after the peer left (ask open()).
  void post(std::function<void()> fn);

 private:
  friend class Connection;
  ResponseWriter(std::shared_ptr<Connection> connection, uint64_t exchange)
      : connection_(std::move(connection)), exchange_(exchange) {}

  std::shared_ptr<Connection> connection_;
  uint64_t exchange_;
};

// Called once per request. `request` stays valid, and may be moved from, until the answer is complete.
using Handler = std::function<void(Request& request, ResponseWriter writer)>;

struct ServerOptions {
  std::string listen = "127.0.0.1:0";   // HOST:PORT, [V6]:PORT; port 0 takes a free one
  int threads = 1;                      // event loops, 1 to 64
  std::string tls_cert, tls_key;        // PEM files, both or none: HTTPS (TLS 1.2, 1.3) instead of HTTP
  size_t connections_max = 16'384;      // one more gets 503 and is closed
  size_t header_bytes_max = 64u << 10;  // request line and headers; 431 beyond
  size_t body_bytes_max = 64u << 20;    // 413 beyond
  // Asked with method and path once a head is complete: a smaller bound for that body, before a byte of it is kept.
  std::function<size_t(std::string_view method, std::string_view path)> body_limit = {};
  // Told of each request that the shell refuses itself, before any handler: 400, 408, 413, 431, 505. On its loop.
  std::function<void(int status, std::string_view peer)> on_refused = {};
  size_t stream_buffer_bytes_max = 16u << 20;
  Millis header_timeout{10'000};      // from the first byte of a request to the end of its head; 408
  Millis body_timeout{30'000};        // longest pause inside a body; 408
  Millis request_timeout{300'000};    // first byte to last byte of a request; 408
  Millis keep_alive_timeout{75'000};  // idle between requests; closed silently
  Millis buffer_keep_time{1'000};     // idle for longer, a connection gives its buffers back
  Millis write_timeout{60'000};       // a peer that takes no byte for so long is reset
};

struct ServerStats {
  uint64_t accepted = 0;   // connections since start
  uint64_t refused = 0;    // over connections_max
  uint64_t requests = 0;   // handed to the handler
  uint64_t malformed = 0;  // answered 4xx by the shell itself
  size_t open = 0;         // connections now
};

// Owns the listener and its threads. start() once; stop() is idempotent and thread-safe. The destructor stops with no
// grace: requests in flight are cut. After stop() no callback runs and post() runs nothing; every ResponseWriter must
// be gone before the Server is: stop it, end what works for it (thread pools), then destroy it.
class Server {
 public:
  Server(ServerOptions options, Handler handler);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Binds and listens (SO_REUSEADDR; TCP_NODELAY on connections), and raises the process's soft limit of open files to
  // its hard limit. Errors: kInvalidRequest for a malformed address, or a certificate or key that cannot be used;
  // kNetworkError when the address cannot be bound; the message says what to do.
  Status start();
  // Stops accepting, closes idle connections, lets answers in flight finish for at most `grace` (those that asked with
  // on_stop() are told), then cuts the rest. Blocks until all threads ended. Never call it from a handler.
  // `before_loops_end` is called on this thread when all connections are closed and the loops still run: who works on
  // reactors() ends there.
  void stop(Millis grace, const std::function<void()>& before_loops_end = {});

  // The loops as places for outgoing calls (transport::Options::reactor), also before start(), when nothing runs there
  // yet: a call that a request makes on its own loop saves two hand-overs between threads. Transports on them go before
  // the loops do. Empty when there were no descriptors left for them.
  std::vector<std::shared_ptr<transport::Reactor>> reactors() const;

  uint16_t port() const;        // the bound port; 0 before start()
  std::string address() const;  // "127.0.0.1:7071", "[::1]:7071"
  ServerStats stats() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// "OK" for 200; "Unknown" for codes without a registered phrase.
std::string_view reason_phrase(int status);

}  // namespace tracia::http
