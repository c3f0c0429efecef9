#include "tracia/http/server.h"

#include <pthread.h>
#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <charconv>
#include <mutex>
#include <thread>
#include <vector>

#include "connection.h"
#include "response_format.h"
#include "tls.h"
#include "worker.h"

namespace tracia::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

struct HostPort {
  std::string host;
  uint16_t port;
};

std::optional<HostPort> split_listen(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return std::nullopt;  // an IPv6 address without brackets is ambiguous
  }
  unsigned port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size() || port > 65535) return std::nullopt;
  if (host.empty()) host = "0.0.0.0";
  return HostPort{std::string(host), static_cast<uint16_t>(port)};
}

std::string print_endpoint(const tcp::endpoint& endpoint) {
  const std::string host = endpoint.address().to_string();
  const std::string port = std::to_string(endpoint.port());
  return endpoint.address().is_v6() ? "[" + host + "]:" + port : host + ":" + port;
}

constexpr Millis kAcceptRetryDelay{50};

// Each connection is a descriptor, and the usual soft limit of 1,024 is for programs that use select().
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

struct Server::Impl {
  Shared shared;
  std::vector<std::unique_ptr<Worker>> workers;
  std::vector<std::thread> threads;
  std::unique_ptr<tcp::acceptor> acceptor;  // on the first worker's loop
  std::unique_ptr<asio::steady_timer> accept_retry;
  std::string address;
  uint16_t port = 0;
  size_t next_worker = 0;
  std::mutex mutex;  // start and stop
  bool running = false;

  Result<tcp::endpoint> resolve() {
    const auto parts = split_listen(shared.options.listen);
    if (!parts) {
      return fail(Error::invalid(
          "\"" + shared.options.listen +
          "\" is not an address to listen on; write HOST:PORT or [IPV6]:PORT, for example 127.0.0.1:7070"));
    }
    boost::system::error_code ec;
    const auto literal = asio::ip::make_address(parts->host, ec);
    if (!ec) return tcp::endpoint(literal, parts->port);
    tcp::resolver resolver(workers.front()->io());
    const auto found = resolver.resolve(parts->host, std::to_string(parts->port), ec);
    if (ec || found.empty())
      return fail(Error::invalid("the host \"" + parts->host + "\" of the listen address is unknown"));
    return found.begin()->endpoint();
  }

  Status listen() {
    const Result<tcp::endpoint> endpoint = resolve();
    if (!endpoint) return fail(endpoint.error());
    acceptor = std::make_unique<tcp::acceptor>(workers.front()->io());
    accept_retry = std::make_unique<asio::steady_timer>(workers.front()->io());
    boost::system::error_code ec;
    acceptor->open(endpoint->protocol(), ec);
    if (!ec) acceptor->set_option(tcp::acceptor::reuse_address(true), ec);
    if (!ec) acceptor->bind(*endpoint, ec);
    if (!ec) acceptor->listen(asio::socket_base::max_listen_connections, ec);
    if (ec) {
      std::string message = "cannot listen on " + print_endpoint(*endpoint) + ": " + ec.message();
      if (ec == asio::error::address_in_use)
        message += "; stop the other process or choose another port (0 takes a free one)";
      return fail(Error{.code = ErrorCode::kNetworkError, .kind = ErrorKind::kConnect, .message = std::move(message)});
    }
    address = print_endpoint(acceptor->local_endpoint(ec));
    port = acceptor->local_endpoint(ec).port();
    return {};
  }

  void accept() {
    Worker& worker = *workers[next_worker];
    next_worker = (next_worker + 1) % workers.size();
    acceptor->async_accept(worker.io(), [this, &worker](const boost::system::error_code& ec, tcp::socket socket) {
      if (ec == asio::error::operation_aborted || !acceptor->is_open()) return;
      if (!ec) {
        adopt(worker, std::move(socket));
        return accept();
      }
      // Out of descriptors: without a pause this would spin until one is free.
      accept_retry->expires_after(kAcceptRetryDelay);
      accept_retry->async_wait([this](const boost::system::error_code& stopped) {
        if (!stopped) accept();
      });
    });
  }

  void adopt(Worker& worker, tcp::socket socket) {
    if (shared.open.load(std::memory_order_relaxed) >= shared.options.connections_max) return refuse(std::move(socket));
    boost::system::error_code ec;
    const tcp::endpoint remote = socket.remote_endpoint(ec);
    if (ec) return;  // gone already
    shared.accepted.fetch_add(1, std::memory_order_relaxed);
    shared.open.fetch_add(1, std::memory_order_relaxed);
    auto connection = std::make_shared<Connection>(worker, std::move(socket), print_endpoint(remote));
    asio::post(worker.io(), [&worker, connection = std::move(connection)] {
      worker.add(connection);
      connection->start();
      if (worker.draining()) connection->drain();  // accepted just before the server began to stop
    });
  }

  void refuse(tcp::socket socket) {
    shared.refused.fetch_add(1, std::memory_order_relaxed);
    const std::string body = error_body("UNAVAILABLE", "Too many connections; try again in a moment.");
    std::string answer;
    append_head(answer, 503, {{"Content-Type", "application/json"}, {"Retry-After", "1"}},
                {.content_length = body.size(), .close = true, .date = workers.front()->date()});
    answer += body;
    boost::system::error_code ignored;
    if (shared.tls) return;  // a handshake costs more than what is refused
    socket.non_blocking(true, ignored);
    socket.write_some(asio::buffer(answer), ignored);
    socket.shutdown(tcp::socket::shutdown_send, ignored);
  }

  void wait_until_empty(Millis grace) const {
    const SteadyTime deadline = system_clock().steady() + grace;
    while (shared.open.load() > 0 && system_clock().steady() < deadline) std::this_thread::sleep_for(Millis(2));
  }
};

Server::Server(ServerOptions options, Handler handler) : impl_(std::make_unique<Impl>()) {
  impl_->shared.options = std::move(options);
  impl_->shared.handler = std::move(handler);
  const int count = std::clamp(impl_->shared.options.threads, 1, 64);
  for (int i = 0; i < count; ++i) impl_->workers.push_back(std::make_unique<Worker>(impl_->shared));
}

Server::~Server() { stop(Millis(0)); }

Status Server::start() {
  const std::lock_guard lock(impl_->mutex);
  if (impl_->running) return fail(Error::invalid("the server is running already"));
  const ServerOptions& options = impl_->shared.options;
  if (!options.tls_cert.empty() || !options.tls_key.empty()) {
    auto tls = make_tls_context(options.tls_cert, options.tls_key);
    if (!tls) return fail(std::move(tls).error());
    impl_->shared.tls = std::move(*tls);
  }
  raise_descriptor_limit();
  if (const Status listening = impl_->listen(); !listening) return listening;
  impl_->accept();
  for (const auto& worker : impl_->workers) {
    impl_->threads.emplace_back([w = worker.get()] {
      ::pthread_setname_np(::pthread_self(), "tracia-http");
      w->run();
    });
  }
  impl_->running = true;
  return {};
}

std::vector<std::shared_ptr<transport::Reactor>> Server::reactors() const {
  std::vector<std::shared_ptr<transport::Reactor>> all;
  for (const auto& worker : impl_->workers) {
    if (worker->reactor()) all.push_back(worker->reactor());
  }
  return all;
}

void Server::stop(Millis grace, const std::function<void()>& before_loops_end) {
  const std::lock_guard lock(impl_->mutex);
  if (!impl_->running) return;
  impl_->running = false;
  asio::post(impl_->workers.front()->io(), [impl = impl_.get()] {
    boost::system::error_code ignored;
    impl->acceptor->close(ignored);
    impl->accept_retry->cancel();
  });
  for (const auto& worker : impl_->workers) worker->drain();
  impl_->wait_until_empty(grace);
  for (const auto& worker : impl_->workers) worker->close_all();
  impl_->wait_until_empty(Millis(1000));
  if (before_loops_end) before_loops_end();
  for (const auto& worker : impl_->workers) worker->stop();
  for (std::thread& thread : impl_->threads) thread.join();
  impl_->threads.clear();
}

uint16_t Server::port() const { return impl_->port; }
std::string Server::address() const { return impl_->address; }

ServerStats Server::stats() const {
  const Shared& shared = impl_->shared;
  return {.accepted = shared.accepted.load(),
          .refused = shared.refused.load(),
          .requests = shared.requests.load(),
          .malformed = shared.malformed.load(),
          .open = shared.open.load()};
}

}  // namespace tracia::http
