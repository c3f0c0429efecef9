// One easy handle and the exchange that it carries now. Both ways of driving it (session.h, loop.h) set it up, hand its
// bytes over, watch its deadlines and word its outcome here, so that they cannot differ.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "curl_handles.h"
#include "failure.h"
#include "header_list.h"
#include "tracia/transport/transport.h"
#include "trust_store.h"

namespace tracia::transport {

struct HandleConfig {
  bool http2 = true;
  bool use_proxy_env = true;
  std::string user_agent;
  std::string ca_file;  // see TrustStore
  std::string ca_path;
};

// What all handles of one transport have in common; outlives them.
struct HandleCommon {
  explicit HandleCommon(const HandleConfig& given) : config(given), trust(given.ca_file, given.ca_path) {}
  const HandleConfig& config;
  SharedCaches caches;
  TrustStore trust;
};

class Exchange;

// Told of the sockets that exchanges open and close. libcurl 7.88 closes a socket that is still connecting without a
// word, and tells its watcher only later, or never when the next attempt gets the same number.
class SocketOwner {
 public:
  virtual ~SocketOwner() = default;
  virtual void opened(int fd, const Exchange& by) = 0;
  virtual void closes(int fd) = 0;
};

// Not thread-safe; not movable, for curl holds its address. Reused from exchange to exchange: setting a handle up costs
// more than an exchange over a warm connection.
class Exchange {
 public:
  // `owner` may be null; it outlives the connections that the handle makes.
  explicit Exchange(HandleCommon& common, SocketOwner* owner = nullptr);
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  CURL* easy() const { return easy_.get(); }  // nullptr when out of memory
  static Exchange* of(CURL* easy);            // the exchange that owns a handle

  // Arms the handle. `request` (checked) and `handler` must live until finish() or abandon().
  void begin(const wire::HttpRequest& request, const ExchangeOptions& options, ResponseHandler& handler,
             SteadyTime started);
  // When to ask overdue() next; SteadyTime::max() for never. Early rather than late, whatever arrives in between.
  SteadyTime next_deadline(SteadyTime now) const;
  // The error of a deadline that has passed. (The connect deadline is kept by curl itself.)
  std::optional<Error> overdue(SteadyTime now) const;
  bool cancelled() const { return cancel_.cancelled(); }

  // Sockets that may be connecting now: those it opened, as long as it is not connected. May name some that are closed.
  const std::vector<int>& connecting_sockets() const;

  // To be called before a handle that is not done leaves its multi handle: has its connection closed with it. Without
  // this curl keeps an HTTP/2 connection and may never send the stream's reset: the model would go on talking to
  // nobody. (A connection that carries other streams stays; the reset then leaves with their next bytes.)
  void give_up_connection();

  // curl ended the exchange with `code` / we end it with `error` (the handle must have left its multi handle).
  Outcome finish(CURLcode code);
  Outcome abandon(Error error);

 private:
  enum class Verdict { kNone, kEnded, kAborted, kBodyTooLarge, kHeadersTooLarge, kAddressRefused };
  enum class Verb { kUnset, kGet, kHead, kPost };

  static curl_socket_t open_socket(void* self, curlsocktype, curl_sockaddr* address) noexcept;
  static int before_request(void* self, char* peer, char* local, int peer_port, int local_port) noexcept;
  static size_t on_header(char* bytes, size_t size, size_t count, void* self) noexcept;
  static size_t on_write(char* bytes, size_t size, size_t count, void* self) noexcept;
  bool take_header_line(std::string_view line);
  bool take_body(std::string_view bytes);
  bool stop(Verdict verdict);
  void set_up(HandleCommon& common);
  void limit_addresses(bool public_only);
  void set_method(const wire::HttpRequest& request);
  Status status_of(CURLcode code);
  Failure failure_of(CURLcode code) const;
  Timings timings() const;
  void release();

  SocketOwner* const owner_;
  const bool use_proxy_env_;
  EasyPtr easy_;
  std::array<char, CURL_ERROR_SIZE> detail_{};

  // What the handle was last told, so as to tell it only what differs.
  std::string url_;
  std::string custom_method_;
  Verb verb_ = Verb::kUnset;
  long connect_ms_ = 0;
  bool reuse_forbidden_ = false;
  bool public_only_ = false;
  std::vector<int> opened_;
  HeaderList headers_;

  // The exchange at hand.
  ResponseHandler* handler_ = nullptr;
  CancelToken cancel_;
  Deadlines deadlines_;
  size_t body_bytes_max_ = 0;
  SteadyTime started_;
  SteadyTime head_at_;
  SteadyTime last_byte_at_;
  wire::HttpResponseHead head_;
  size_t header_bytes_ = 0;
  size_t body_bytes_ = 0;
  bool head_seen_ = false;
  Verdict verdict_ = Verdict::kNone;
};

}  // namespace tracia::transport
