#include "exchange.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "fork_guard.h"
#include "request_check.h"
#include "tracia/base/bytes.h"

namespace tracia::transport {
namespace {

constexpr long kNoConnectDeadlineMs = 0x7FFFFFFF;  // curl reads 0 as its own default, five minutes
constexpr long kKeepAliveSeconds = 60;             // a model may think for minutes; NATs forget a silent connection

int close_socket(void* owner, curl_socket_t fd) {
  if (owner != nullptr) static_cast<SocketOwner*>(owner)->closes(fd);
  forget_in_forked_child(fd);
  return ::close(fd);
}

// The status of "HTTP/1.1 200 OK" or "HTTP/2 200", 0 when there is none.
int status_of_line(std::string_view line) {
  const size_t space = line.find(' ');
  if (space == std::string_view::npos) return 0;
  line.remove_prefix(space + 1);
  int status = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), status);
  return error == std::errc{} ? status : 0;
}

// The address of a socket in text; "" when it is neither IPv4 nor IPv6.
std::string numeric(const sockaddr& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* bytes = nullptr;
  if (address.sa_family == AF_INET) bytes = &reinterpret_cast<const sockaddr_in&>(address).sin_addr;
  if (address.sa_family == AF_INET6) bytes = &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  if (bytes == nullptr || ::inet_ntop(address.sa_family, bytes, text.data(), text.size()) == nullptr) return "";
  return text.data();
}

Micros since(SteadyTime start, SteadyTime end) { return std::chrono::duration_cast<Micros>(end - start); }

// `start` + `delay` that cannot overflow; no deadline when the delay is zero or less.
SteadyTime due(SteadyTime start, Millis delay) {
  if (delay <= Millis{0} || delay > std::chrono::hours{24 * 365}) return SteadyTime::max();
  return start + delay;
}

}  // namespace

Exchange::Exchange(HandleCommon& common, SocketOwner* owner)
    : owner_(owner), use_proxy_env_(common.config.use_proxy_env), easy_(curl_easy_init()) {
  if (easy_) set_up(common);
}

void Exchange::set_up(HandleCommon& common) {
  CURL* easy = easy_.get();
  const HandleConfig& config = common.config;
  set_pointer(easy, CURLOPT_PRIVATE, this);
  set_pointer(easy, CURLOPT_ERRORBUFFER, detail_.data());
  set_pointer(easy, CURLOPT_WRITEDATA, this);
  set_function(easy, CURLOPT_WRITEFUNCTION, &Exchange::on_write);
  set_pointer(easy, CURLOPT_HEADERDATA, this);
  set_function(easy, CURLOPT_HEADERFUNCTION, &Exchange::on_header);
  set_function(easy, CURLOPT_OPENSOCKETFUNCTION, &Exchange::open_socket);
  set_pointer(easy, CURLOPT_OPENSOCKETDATA, this);
  set_function(easy, CURLOPT_CLOSESOCKETFUNCTION, &close_socket);
  set_pointer(easy, CURLOPT_CLOSESOCKETDATA, owner_);
  if (common.caches.get() != nullptr) set_pointer(easy, CURLOPT_SHARE, common.caches.get());
  common.trust.install(easy);

  set_pointer(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  set_long(easy, CURLOPT_NOSIGNAL, 1);
  set_long(easy, CURLOPT_NOPROGRESS, 1);
  set_long(easy, CURLOPT_FOLLOWLOCATION, 0);
  set_long(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1);
  set_long(easy, CURLOPT_PATH_AS_IS, 1);  // signatures cover the path as given
  set_long(easy, CURLOPT_TCP_NODELAY, 1);
  set_long(easy, CURLOPT_TCP_KEEPALIVE, 1);
  set_long(easy, CURLOPT_TCP_KEEPIDLE, kKeepAliveSeconds);
  set_long(easy, CURLOPT_TCP_KEEPINTVL, kKeepAliveSeconds);
  // An exchange that is cancelled while its host name is looked up does not wait for the lookup: the resolver's thread
  // cleans up after itself.
  set_long(easy, CURLOPT_QUICK_EXIT, 1);
  set_long(easy, CURLOPT_HTTP_VERSION, config.http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1);
  set_long(easy, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
  set_long(easy, CURLOPT_SSL_VERIFYPEER, 1);
  set_long(easy, CURLOPT_SSL_VERIFYHOST, 2);
  if (!config.user_agent.empty()) set_pointer(easy, CURLOPT_USERAGENT, config.user_agent.c_str());
  if (!config.use_proxy_env) set_pointer(easy, CURLOPT_PROXY, "");
}

// Sockets that an exec'ed or forked child does not keep open: otherwise a cancelled connection would not be closed for
// the peer while such a child lives.
curl_socket_t Exchange::open_socket(void* self, curlsocktype, curl_sockaddr* address) noexcept {
  Exchange& exchange = *static_cast<Exchange*>(self);
  if (exchange.public_only_ && !is_public_address(numeric(address->addr))) {
    exchange.verdict_ = Verdict::kAddressRefused;  // unless a later address of the name will do
    return CURL_SOCKET_BAD;
  }
  exchange.verdict_ = Verdict::kNone;
  const int fd = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (fd < 0) return CURL_SOCKET_BAD;
  close_in_forked_child(fd);
  if (exchange.owner_ != nullptr) {
    exchange.opened_.push_back(fd);
    exchange.owner_->opened(fd, exchange);
  }
  return fd;
}

// Also asked for a connection that was kept, which another exchange may have opened.
int Exchange::before_request(void* self, char* peer, char*, int, int) noexcept {
  Exchange& exchange = *static_cast<Exchange*>(self);
  if (peer != nullptr && is_public_address(peer)) return CURL_PREREQFUNC_OK;
  exchange.verdict_ = Verdict::kAddressRefused;
  return CURL_PREREQFUNC_ABORT;
}

void Exchange::limit_addresses(bool public_only) {
  if (public_only_ == public_only) return;
  public_only_ = public_only;
  CURL* easy = easy_.get();
  set_function(easy, CURLOPT_PREREQFUNCTION, public_only ? &Exchange::before_request : nullptr);
  set_pointer(easy, CURLOPT_PREREQDATA, this);
  if (use_proxy_env_) set_pointer(easy, CURLOPT_PROXY, public_only ? "" : nullptr);
}

const std::vector<int>& Exchange::connecting_sockets() const {
  static const std::vector<int> none;
  return get_offset(easy(), CURLINFO_CONNECT_TIME_T) == 0 ? opened_ : none;
}

Exchange* Exchange::of(CURL* easy) {
  char* self = nullptr;  // the type that curl stores private pointers under
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, &self);
  return reinterpret_cast<Exchange*>(self);
}

void Exchange::begin(const wire::HttpRequest& request, const ExchangeOptions& options, ResponseHandler& handler,
                     SteadyTime started) {
  CURL* easy = easy_.get();
  if (url_ != request.url) {
    url_ = request.url;
    set_pointer(easy, CURLOPT_URL, url_.c_str());
  }
  limit_addresses(options.public_addresses_only);
  set_method(request);
  set_pointer(easy, CURLOPT_HTTPHEADER, headers_.build(request));
  const int64_t connect = options.deadlines.connect.count();
  const long connect_ms =
      connect > 0 && connect < kNoConnectDeadlineMs ? static_cast<long>(connect) : kNoConnectDeadlineMs;
  if (connect_ms_ != connect_ms) {
    connect_ms_ = connect_ms;
    set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
  }

  if (std::exchange(reuse_forbidden_, false)) set_long(easy, CURLOPT_FORBID_REUSE, 0);

  handler_ = &handler;
  cancel_ = options.cancel;
  deadlines_ = options.deadlines;
  body_bytes_max_ = options.body_bytes_max;
  started_ = last_byte_at_ = started;
  header_bytes_ = body_bytes_ = 0;
  head_seen_ = false;
  opened_.clear();
  verdict_ = Verdict::kNone;
  detail_[0] = '\0';
}

void Exchange::set_method(const wire::HttpRequest& request) {
  CURL* easy = easy_.get();
  const bool sends_body =
      !request.body.empty() || request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
  const Verb verb = request.method == "HEAD" ? Verb::kHead : sends_body ? Verb::kPost : Verb::kGet;
  if (verb != verb_) {
    verb_ = verb;
    set_long(easy, CURLOPT_NOBODY, verb == Verb::kHead ? 1 : 0);
    if (verb != Verb::kHead) set_long(easy, verb == Verb::kPost ? CURLOPT_POST : CURLOPT_HTTPGET, 1);
  }
  if (verb == Verb::kPost) {  // the caller's own bytes: not copied
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set_pointer(easy, CURLOPT_POSTFIELDS, request.body.data());
  }
  const bool plain = verb == Verb::kHead || request.method == (verb == Verb::kPost ? "POST" : "GET");
  const std::string_view custom = plain ? std::string_view{} : std::string_view(request.method);
  if (custom_method_ != custom) {
    custom_method_ = custom;
    set_pointer(easy, CURLOPT_CUSTOMREQUEST, custom.empty() ? nullptr : custom_method_.c_str());
  }
}

size_t Exchange::on_header(char* bytes, size_t size, size_t count, void* self) noexcept {
  return static_cast<Exchange*>(self)->take_header_line({bytes, size * count}) ? size * count : CURL_WRITEFUNC_ERROR;
}

size_t Exchange::on_write(char* bytes, size_t size, size_t count, void* self) noexcept {
  return static_cast<Exchange*>(self)->take_body({bytes, size * count}) ? size * count : CURL_WRITEFUNC_ERROR;
}

bool Exchange::take_header_line(std::string_view line) {
  header_bytes_ += line.size();
  if (header_bytes_ > limits::kHeaderBytesMax) return stop(Verdict::kHeadersTooLarge);
  if (head_seen_) return true;  // trailers
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
  if (line.empty()) {
    if (head_.status < 200 && head_.status != 101) return true;  // an interim answer: the final one follows
    if (cancel_.cancelled()) return stop(Verdict::kAborted);
    head_seen_ = true;
    head_at_ = last_byte_at_ = std::chrono::steady_clock::now();
    handler_->on_head(std::exchange(head_, {}));
  } else if (line.starts_with("HTTP/")) {
    head_ = {.status = status_of_line(line), .headers = {}};
  } else if (const size_t colon = line.find(':'); colon != std::string_view::npos) {
    head_.headers.add(std::string(trim(line.substr(0, colon))), std::string(trim(line.substr(colon + 1))));
  }
  return true;
}

bool Exchange::take_body(std::string_view bytes) {
  if (cancel_.cancelled()) return stop(Verdict::kAborted);
  if (bytes.size() > body_bytes_max_ - body_bytes_) return stop(Verdict::kBodyTooLarge);
  body_bytes_ += bytes.size();
  if (deadlines_.idle > Millis{0}) last_byte_at_ = std::chrono::steady_clock::now();
  return handler_->on_body(bytes) || stop(Verdict::kEnded);
}

bool Exchange::stop(Verdict verdict) {
  verdict_ = verdict;
  give_up_connection();
  return false;
}

void Exchange::give_up_connection() {
  reuse_forbidden_ = true;
  set_long(easy(), CURLOPT_FORBID_REUSE, 1);
}

SteadyTime Exchange::next_deadline(SteadyTime now) const {
  const SteadyTime total = due(started_, deadlines_.total);
  if (head_seen_) return std::min(total, due(last_byte_at_, deadlines_.idle));
  // The head may come at any time from now and starts the idle clock.
  return std::min({total, due(started_, deadlines_.first_byte), due(now, deadlines_.idle)});
}

std::optional<Error> Exchange::overdue(SteadyTime now) const {
  if (now >= due(started_, deadlines_.total)) return timeout(deadlines_.total, "");
  if (!head_seen_ && now >= due(started_, deadlines_.first_byte)) return timeout(deadlines_.first_byte, "first byte");
  if (head_seen_ && now >= due(last_byte_at_, deadlines_.idle)) return timeout(deadlines_.idle, "idle");
  return std::nullopt;
}

Outcome Exchange::finish(CURLcode code) {
  Outcome outcome{.status = status_of(code), .timings = timings()};
  release();
  return outcome;
}

Outcome Exchange::abandon(Error error) {
  Outcome outcome{.status = fail(std::move(error)), .timings = timings()};
  release();
  return outcome;
}

Status Exchange::status_of(CURLcode code) {
  switch (verdict_) {
    case Verdict::kEnded: return {};
    case Verdict::kAborted: return fail(aborted());
    case Verdict::kBodyTooLarge: return fail(body_too_large(host_and_port(url_), body_bytes_max_));
    case Verdict::kHeadersTooLarge: return fail(headers_too_large(host_and_port(url_)));
    case Verdict::kAddressRefused:
      // One of several addresses; another one may have served.
      if (code != CURLE_COULDNT_CONNECT && code != CURLE_ABORTED_BY_CALLBACK) break;
      return fail(address_refused(host_and_port(url_)));
    case Verdict::kNone: break;
  }
  // curl takes a head that ends with the connection, mid-line, as a complete answer.
  if (code == CURLE_OK) return head_seen_ ? Status{} : fail(connection_cut(host_and_port(url_), false));
  if (code == CURLE_OPERATION_TIMEDOUT) {
    if (auto late = overdue(std::chrono::steady_clock::now())) return fail(std::move(*late));
  }
  return fail(describe(failure_of(code)));
}

Failure Exchange::failure_of(CURLcode code) const {
  return {.code = code,
          .host = host_and_port(url_),
          .detail = std::string_view(detail_.data()),
          .os_errno = get_long(easy(), CURLINFO_OS_ERRNO),
          .verify_result = get_long(easy(), CURLINFO_SSL_VERIFYRESULT),
          .proxy_status = head_seen_ ? 0 : get_long(easy(), CURLINFO_HTTP_CONNECTCODE),
          .head_seen = head_seen_,
          .connect_deadline = deadlines_.connect};
}

Timings Exchange::timings() const {
  Timings out;
  out.total = since(started_, std::chrono::steady_clock::now());
  if (head_seen_) out.first_byte = since(started_, head_at_);
  if (get_long(easy(), CURLINFO_NUM_CONNECTS) == 0) {
    out.reused_connection = head_seen_;
  } else {
    const curl_off_t tls = get_offset(easy(), CURLINFO_APPCONNECT_TIME_T);
    out.connect = Micros{tls > 0 ? tls : get_offset(easy(), CURLINFO_CONNECT_TIME_T)};
  }
  switch (get_long(easy(), CURLINFO_HTTP_VERSION)) {
    case CURL_HTTP_VERSION_1_0: out.http_version = 10; break;
    case CURL_HTTP_VERSION_2_0: out.http_version = 2; break;
    default: break;
  }
  return out;
}

void Exchange::release() {
  handler_ = nullptr;
  head_ = {};
}

}  // namespace tracia::transport
