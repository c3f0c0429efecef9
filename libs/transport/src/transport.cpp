#include "tracia/transport/transport.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <utility>
#include <vector>

#include "curl_handles.h"
#include "epoll_reactor.h"
#include "fork_guard.h"
#include "loop.h"
#include "request_check.h"
#include "session_pool.h"

namespace tracia::transport {
namespace {

constexpr size_t kBodyReserveBytesMax = 1u << 20;  // a declared length is a claim: memory is taken as bytes come

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

HandleConfig handle_config(const Options& options) {
  HandleConfig config{.http2 = options.http2,
                      .use_proxy_env = options.use_proxy_env,
                      .user_agent = {},
                      .ca_file = options.ca_file,
                      .ca_path = {}};
  if (wire::is_valid_header("User-Agent", options.user_agent)) config.user_agent = options.user_agent;
  if (config.ca_file.empty()) {
    config.ca_file = environment("SSL_CERT_FILE");
    config.ca_path = environment("SSL_CERT_DIR");
  }
  return config;
}

}  // namespace

void ResponseCollector::on_head(wire::HttpResponseHead head) {
  response.status = head.status;
  response.headers = std::move(head.headers);
  size_t length = 0;
  for (const char c : response.headers.get_or("content-length", "")) {
    if (c < '0' || c > '9' || length > kBodyReserveBytesMax) break;
    length = length * 10 + static_cast<size_t>(c - '0');
  }
  response.body.reserve(std::min(length, kBodyReserveBytesMax));
}

bool ResponseCollector::on_body(std::string_view bytes) {
  response.body.append(bytes);
  return true;
}

struct Transport::Impl {
  // All that talks to the network. A forked child gets one of its own and leaves its parent's untouched.
  struct State {
    State(const Options& options, const HandleConfig& config)
        : common(config), pool(common, options.idle_connections_max) {}
    const uint64_t generation = fork_generation();
    HandleCommon common;
    SessionPool pool;
    std::mutex loop_mutex;
    std::shared_ptr<EpollReactor> own_reactor;  // when the host brought none
    std::shared_ptr<Loop> loop;
  };

  explicit Impl(Options given) : options(std::move(given)), config(handle_config(options)) {
    ensure_curl();
    states.push_back(std::make_unique<State>(options, config));
    current.store(states.back().get(), std::memory_order_release);
  }

  ~Impl() {
    for (auto& state : states) {
      if (state->generation != fork_generation()) {
        // The parent's: its threads are not here, its locks may be held, and closing its TLS connections would end
        // them for the parent too.
        [[maybe_unused]] const auto* kept = state.release();
      } else if (state->loop) {
        state->loop->close();
        if (state->own_reactor) state->own_reactor->stop();
      }
    }
  }

  State& state() {
    State* now = current.load(std::memory_order_acquire);
    if (now->generation == fork_generation()) return *now;
    auto fresh = std::make_unique<State>(options, config);
    const auto lock = fork_lock();
    now = current.load(std::memory_order_acquire);
    if (now->generation == fresh->generation) return *now;  // another thread of the child was first
    states.push_back(std::move(fresh));
    current.store(states.back().get(), std::memory_order_release);
    return *states.back();
  }

  Result<std::shared_ptr<Loop>> loop() {
    State& mine = state();
    const std::lock_guard lock(mine.loop_mutex);
    if (!mine.loop) {
      std::shared_ptr<Reactor> reactor = options.reactor;
      if (!reactor) {
        auto own = EpollReactor::create();
        if (!own) return fail(std::move(own).error());
        reactor = mine.own_reactor = std::move(*own);
      }
      mine.loop = std::make_shared<Loop>(std::move(reactor), mine.common, options.idle_connections_max);
    }
    return mine.loop;
  }

  const Options options;
  const HandleConfig config;
  std::vector<std::unique_ptr<State>> states;  // guarded by fork_lock(); the last is current
  std::atomic<State*> current{nullptr};
};

Transport::Transport(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}

Transport::~Transport() = default;

Outcome Transport::perform(const wire::HttpRequest& request, const ExchangeOptions& options, ResponseHandler& handler) {
  if (Status checked = check_request(request); !checked) return {.status = std::move(checked), .timings = {}};
  return impl_->state().pool.perform(request, options, handler);
}

Result<wire::HttpResponse> Transport::fetch(const wire::HttpRequest& request, const ExchangeOptions& options) {
  ResponseCollector collector;
  Outcome outcome = perform(request, options, collector);
  if (!outcome.status) return fail(std::move(outcome.status).error());
  return std::move(collector.response);
}

void Transport::start(wire::HttpRequest request, ExchangeOptions options, std::shared_ptr<ResponseHandler> handler,
                      DoneCallback done) {
  auto loop = impl_->loop();
  if (!loop) return done({.status = fail(std::move(loop).error()), .timings = {}});
  auto job = std::make_unique<Job>();
  job->refused = check_request(request);
  job->request = std::move(request);
  job->options = std::move(options);
  job->handler = std::move(handler);
  job->done = std::move(done);
  job->started = std::chrono::steady_clock::now();
  (*loop)->start(std::move(job));
}

void Transport::schedule(Millis delay, std::function<void()> task) {
  if (auto loop = impl_->loop()) (*loop)->schedule(delay, std::move(task));
}

}  // namespace tracia::transport
