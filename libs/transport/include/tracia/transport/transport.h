// The only door to the network for clients: HTTP/1.1 and HTTP/2 over libcurl, with keep-alive, TLS verification,
// deadlines, bounded bodies and cancellation that closes the connection. Nothing here knows of providers or retries.
//
// Two ways to run one exchange, the same semantics: perform() drives it on the caller's thread (no hand-over, so a
// blocking call costs little more than curl itself); start() runs it on a Reactor, the transport's own loop thread or
// one that a host supplies. Transfers are never paused: a handler that cannot take more bytes ends the exchange.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "tracia/base/clock.h"
#include "tracia/base/limits.h"
#include "tracia/base/result.h"
#include "tracia/transport/cancel_token.h"
#include "tracia/wire/http.h"

namespace tracia::transport {

// Zero means "no such deadline". All count from the start of the exchange except idle. Kept to the millisecond; when
// two have passed, the error names the total one.
struct Deadlines {
  Millis connect{limits::kConnectTimeoutMsDefault};  // name lookup, TCP, proxy and TLS together
  Millis first_byte{0};                              // until the response head
  Millis idle{0};                                    // between two pieces of the body
  Millis total{limits::kCallTimeoutMsDefault};
};

struct ExchangeOptions {
  Deadlines deadlines;
  // A longer body fails the exchange (kProviderError, kTooLarge); what fitted has been handed over.
  size_t body_bytes_max = limits::kResponseBytesMax;
  CancelToken cancel;
  // Connects to globally reachable addresses only (is_public_address), for URLs that strangers gave: decided by the
  // address that the name led to, before anything is sent, and for kept connections too. No proxy is used, since it
  // would resolve the name itself.
  bool public_addresses_only = false;
  // perform() only: asked on the calling thread at least every kInterruptCheck while it waits, and at once when a
  // signal ended the wait; true ends the exchange as the token does.
  std::function<bool()> interrupted = {};
};

inline constexpr Millis kInterruptCheck{100};

// Whether a numeric address, as inet_pton() reads it, is one of the public Internet: not loopback, private, link-local,
// shared (CGNAT), multicast, documentation or reserved, nor an IPv6 form that leads to such an IPv4 address.
// False for anything else than an address. Source: the IANA special-purpose address registries (RFC 6890).
bool is_public_address(std::string_view address);

// Receives one response. Called in order, never concurrently: on_head once, on_body any number of times. Must not
// throw, and must not destroy the transport. May start other exchanges and cancel any token.
class ResponseHandler {
 public:
  virtual ~ResponseHandler() = default;
  // The final response: 1xx are skipped, a proxy's own answers too; redirects are handed over, NOT followed. Bodies
  // come as sent: no content encoding is asked for (it would delay events) and none is undone.
  virtual void on_head(wire::HttpResponseHead head) = 0;
  // False ends the exchange at once and closes the connection; it then counts as complete (no error).
  virtual bool on_body(std::string_view bytes) = 0;
};

struct Timings {
  Micros connect{0};     // name lookup, TCP and TLS; 0 when a kept connection was reused
  Micros first_byte{0};  // from start to the response head; 0 when there was none
  Micros total{0};
  bool reused_connection = false;
  int http_version = 11;  // 10, 11 or 2
};

// Errors:
//   kInvalidRequest          not an http(s) URL, a header that would break the request, no method: before any I/O
//   kForbidden               (kPermission) the host leads to an address that public_addresses_only refuses: nothing
//   sent kPayloadTooLarge         body over limits::kRequestBytesMax (kind kTooLarge): before any I/O kNetworkError
//   kConnect: DNS, refused, unreachable, proxy, connect deadline: the message says which
//                            kTls: names what failed verification; not worth a retry
//                            kConnectionLost: broken after it was sent, or a body shorter than declared
//   kTimeout                 "Request timed out after 120000ms" (total); first_byte and idle are named behind it
//   kAborted                 the token was cancelled, `interrupted` said so, or the transport destroyed
//   kProviderError           kTooLarge: body over body_bytes_max, or headers over limits::kHeaderBytesMax
//                            kMalformedResponse: what came is not HTTP
// Messages carry host and port, never the path, the query, headers or body.
// A kept connection that the peer closed before a byte of the answer is replaced once more by a fresh one, the request
// sent again whole; that is no error.
struct Outcome {
  Status status;
  Timings timings;
};
using DoneCallback = std::function<void(Outcome)>;

// Keeps the whole of one response: head and body, as far as they came.
class ResponseCollector final : public ResponseHandler {
 public:
  void on_head(wire::HttpResponseHead head) override;
  bool on_body(std::string_view bytes) override;
  wire::HttpResponse response;
};

// Where asynchronous exchanges live. A host (the server's Asio loop, say) may supply its own; otherwise the transport
// makes an epoll thread on first use. All callbacks run on the reactor's thread, one at a time, and never inside the
// call that registered them.
class Reactor {
 public:
  virtual ~Reactor() = default;
  enum Interest { kNone = 0, kRead = 1, kWrite = 2 };
  // Watches a descriptor (level-triggered), changes its interest, or (kNone) stops. Reactor thread only. A callback may
  // stop its own watch; errors and hang-ups count as readable and writable. When an attempt to connect has failed, the
  // descriptor may be closed already by the time its watch is stopped: that the system then refuses is no error.
  virtual void watch(int fd, int interest, std::function<void(int ready)> callback) = 0;
  virtual uint64_t add_timer(Millis delay, std::function<void()> callback) = 0;  // any thread
  virtual void cancel_timer(uint64_t id) = 0;                                    // any thread; unknown ids are ignored
  virtual void post(std::function<void()> task) = 0;                             // any thread
  virtual bool on_reactor_thread() const = 0;  // any thread: do callbacks run on this very thread?
};

struct Options {
  bool http2 = true;          // offered by ALPN over TLS; false forces HTTP/1.1
  std::string user_agent;     // e.g. "tracia-cpp/0.1.0"; a request's own header wins
  std::string ca_file;        // PEM; "" = SSL_CERT_FILE and SSL_CERT_DIR when set, else the system's store
  bool use_proxy_env = true;  // http_proxy (lower case only: CGI sets HTTP_PROXY), HTTPS_PROXY, ALL_PROXY, NO_PROXY
  size_t idle_connections_max = 64;  // kept for reuse, per loop and for all perform() callers together
  std::shared_ptr<Reactor> reactor;  // nullptr = an own thread, started on first start()
};

// Thread-safe. The destructor cancels what is in flight, waits until every callback has run, and closes all
// connections; it must not run inside a ResponseHandler (inside `done` or a scheduled task it may). A host's reactor
// must be running until then, or the destructor be called on its thread. After fork() the child may go on using it:
// connections and the loop thread are made anew and exchanges that were in flight in the parent are not continued in
// the child (a host's reactor must be remade by the host).
class Transport {
 public:
  // Reads SSL_CERT_FILE and SSL_CERT_DIR; proxies are read from the environment at each exchange. Makes no thread.
  explicit Transport(Options options = {});
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  // Runs one exchange on this thread. `handler` is called on this thread. `request` is not copied.
  Outcome perform(const wire::HttpRequest& request, const ExchangeOptions& options, ResponseHandler& handler);

  // The same, whole: head and body in one. Any HTTP status is a success here.
  Result<wire::HttpResponse> fetch(const wire::HttpRequest& request, const ExchangeOptions& options);

  // Starts one exchange; returns at once. `handler` and `done` are called on the reactor's thread; `done` exactly once,
  // last, even when the transport is destroyed; both are released after it. Only when no thread could be made is `done`
  // called on this one.
  void start(wire::HttpRequest request, ExchangeOptions options, std::shared_ptr<ResponseHandler> handler,
             DoneCallback done);

  // Runs `task` on the reactor's thread after `delay`. Dropped (but destroyed) when the transport goes first.
  void schedule(Millis delay, std::function<void()> task);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tracia::transport
