#include "server_process.h"

#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#include "control_requests.h"
#include "periodic.h"
#include "tracia/http/router.h"
#include "tracia/http/server.h"
#include "tracia/routes/routes.h"
#include "tracia/service/access.h"
#include "tracia/service/audit.h"
#include "tracia/service/connections.h"
#include "tracia/service/control_cache.h"
#include "tracia/service/evaluators.h"
#include "tracia/service/experiments.h"
#include "tracia/service/gateway.h"
#include "tracia/service/log.h"
#include "tracia/service/masking_store.h"
#include "tracia/service/members.h"
#include "tracia/service/metrics.h"
#include "tracia/service/policies.h"
#include "tracia/service/prices.h"
#include "tracia/service/prompts.h"
#include "tracia/service/retention.h"
#include "tracia/service/runs.h"
#include "tracia/service/services.h"
#include "tracia/service/spend.h"
#include "tracia/service/workers.h"
#include "tracia/store_sqlite/control_socket.h"
#include "tracia/store_sqlite/data_directory.h"

namespace tracia::app {
namespace {

constexpr Millis kLastUsedEvery{60'000};
constexpr Millis kSpendEvery{1'000};  // what a crash may lose of a key's ledger, and the start makes up for
constexpr Millis kGiveBackEvery{60'000};
constexpr Millis kHousekeepingEvery{3'600'000};

// The directory's key, as the connections see it.
class DirectorySealer : public service::Sealer {
 public:
  explicit DirectorySealer(const store_sqlite::DataDirectory& directory) : directory_(directory) {}
  std::string seal(std::string_view plain, std::string_view context) const override {
    return directory_.seal(plain, context);
  }
  Result<std::string> unseal(std::string_view sealed, std::string_view context) const override {
    return directory_.unseal(sealed, context);
  }

 private:
  const store_sqlite::DataDirectory& directory_;
};

void add_routes(http::Router& router, service::Services& services) {
  routes::add_prompts(router, services);
  routes::add_experiments(router, services);
  routes::add_runs(router, services);
  routes::add_gateway(router, services);
  routes::add_span_writes(router, services);
  routes::add_span_reads(router, services);
  routes::add_otlp(router, services);
  routes::add_evaluations(router, services);
  routes::add_evaluators(router, services);
  routes::add_policies(router, services);
  routes::add_traces(router, services);
  routes::add_analytics(router, services);
  routes::add_auth(router, services);
  routes::add_settings(router, services);
  routes::add_members(router, services);
  routes::add_audit(router, services);
  routes::add_limits(router, services);
  routes::add_prices(router, services);
  routes::add_connections(router, services);
  routes::add_gateway_aliases(router, services);
  routes::add_operations(router, services);
}

}  // namespace

std::string reachable_address(std::string address) {
  for (const std::string_view any : {"0.0.0.0:", "[::]:"}) {
    if (address.starts_with(any)) return "127.0.0.1:" + address.substr(any.size());
  }
  return address;
}

// Members are in the order in which they need each other: each may use those above it, and goes before them.
struct ServerProcess::Impl {
  Impl(config::Config c, llm::EnvReader e)
      : config(std::move(c)),
        env(std::move(e)),
        log(service::level_from_name(config.log_level).value_or(service::Level::kInfo), config.log_format) {}

  const config::Config config;
  const llm::EnvReader env;
  service::Log log;
  service::Metrics metrics;
  std::unique_ptr<store_sqlite::DataDirectory> directory;
  std::optional<DirectorySealer> sealer;
  std::optional<service::ControlCache> cache;
  std::atomic<bool> stopping{false};
  service::Services services;
  std::optional<service::Prices> prices;
  std::optional<service::Spend> spend;
  std::optional<service::Policies> policies;
  std::optional<service::MaskingStore> masking_store;
  std::optional<service::Evaluators> evaluators;
  std::optional<service::Retention> retention;
  std::optional<service::Access> access;
  std::optional<service::Members> members;
  std::optional<service::Prompts> prompts;
  std::optional<service::Experiments> experiments;
  std::optional<service::Connections> connections;
  http::Router router;
  std::function<void(const http::Finished&)> observer;  // set before the server listens
  // The server's memory outlives what still answers through it; its threads end first (stop()).
  std::unique_ptr<http::Server> server;
  std::optional<service::Workers> workers;
  std::optional<service::Runs> runs;
  std::optional<service::Gateway> gateway;
  std::unique_ptr<store_sqlite::ControlSocket> control_socket;
  std::optional<Periodic> periodic;
  std::string setup_token;
  bool stopped = false;

  Status open_directory();
  void make_server();
  Status make_services();
  Status listen();
  Status open_control_socket();
  void keep_house();
};

// Of what the store reports: its failures, and its daily work.
static service::Level level_of(std::string_view event) {
  for (const std::string_view failure : {"segment_unreadable", "segment_damaged", "segment_not_closed", "seal_failed",
                                         "checkpoint_failed", "store_failing"}) {
    if (event == failure) return service::Level::kError;
  }
  return service::Level::kInfo;
}

Status ServerProcess::Impl::open_directory() {
  store_sqlite::Options options{.segment_spans_max = config.segment_spans_max,
                                .segment_age_max = config.segment_age_max,
                                .merged_spans_max = config.merged_spans_max,
                                .on_event = [this](std::string_view event, std::string_view detail) {
                                  log.write(level_of(event), event, {{"detail", detail}});
                                }};
  auto opened = store_sqlite::DataDirectory::open(config.data, std::move(options));
  if (!opened) return fail(opened.error());
  directory = std::move(*opened);
  return {};
}

void ServerProcess::Impl::make_server() {
  server = std::make_unique<http::Server>(
      http::ServerOptions{.listen = config.listen,
                          .threads = config.threads,
                          .tls_cert = config.tls_cert.string(),
                          .tls_key = config.tls_key.string(),
                          .on_refused =
                              [this](int status, std::string_view peer) {
                                observer({.method = "OTHER", .peer = peer, .status = status});
                              }},
      [this](http::Request& request, http::ResponseWriter writer) { router.handle(request, std::move(writer)); });
}

Status ServerProcess::Impl::make_services() {
  sealer.emplace(*directory);
  cache.emplace(directory->control());
  services.config = &config;
  services.stopping = &stopping;
  services.log = &log;
  services.metrics = &metrics;
  services.control = &directory->control();
  services.policies = &policies.emplace(directory->control());
  services.spans = &masking_store.emplace(directory->spans(), *policies, services);
  services.cache = &*cache;
  TRACIA_TRY(cache->load(service::Connections::unsealer(*sealer)));
  TRACIA_TRY(policies->load());
  services.evaluators = &evaluators.emplace(services);
  services.retention = &retention.emplace(services);
  for (const auto& project : cache->projects()) {
    for (const auto& live : cache->connections_of(project.id)) {
      if (!live->locked) continue;
      log.write(service::Level::kError, "connection_locked",
                {{"detail", live->connection.name + ": its key was sealed with another secret.key; give it again"}});
    }
  }
  services.access = &access.emplace(services);
  auto token = access->prepare(config.bootstrap_key);
  if (!token) return fail(token.error());
  setup_token = token->value_or("");
  services.members = &members.emplace(services, *access);
  services.prices = &prices.emplace(services);
  TRACIA_TRY(prices->load());
  services.spend = &spend.emplace(services);
  TRACIA_TRY(spend->load());
  services.prompts = &prompts.emplace(services);
  services.experiments = &experiments.emplace(services, &directory->span_parts());
  services.connections = &connections.emplace(services, *sealer, env);
  services.workers = &workers.emplace(config.workers);
  make_server();
  services.runs = &runs.emplace(services, server->reactors());
  services.gateway = &gateway.emplace(services, *runs);
  return {};
}

Status ServerProcess::Impl::listen() {
  add_routes(router, services);
  TRACIA_TRY(routes::add_page(router, services));
  observer = routes::make_observer(services);
  router.set_observer(observer);
  routes::add_server_gauges(services, *server);
  return server->start();
}

Status ServerProcess::Impl::open_control_socket() {
  const ControlCallbacks callbacks{.project_made = [this](const store::Project& p) { cache->put_project(p); },
                                   .key_changed = [this](const store::ApiKey& key) { access->adopt_key(key); }};
  auto opened = store_sqlite::ControlSocket::open(
      config.data,
      [this, callbacks](std::string_view request, const store_sqlite::ControlSocket::SendProgress& progress) {
        return handle_control(*directory, callbacks, request, progress);
      });
  if (!opened) return fail(opened.error());
  control_socket = std::move(*opened);
  return {};
}

void ServerProcess::Impl::keep_house() {
  periodic.emplace();
  periodic->add(kLastUsedEvery, [this] { access->flush_last_used(); });
  periodic->add(kSpendEvery, [this] { spend->flush(); });
  // Sealing and merging leave free pages in the middle of malloc's arenas, which it keeps.
  periodic->add(kGiveBackEvery, [] { ::malloc_trim(0); });
  periodic->add(kHousekeepingEvery, [this] {
    access->forget_expired_sessions();
    members->forget_expired();
    service::trim_audit(services);
  });
  // Also soon after a start: a server that is restarted often must not keep spans for ever.
  periodic->add(kHousekeepingEvery, [this] { retention->run(); });
  if (const Status taken = workers->submit([this] { retention->run(); }); !taken) {
    log.write(service::Level::kWarn, "retention waits for its next turn");
  }
  periodic->start();
}

ServerProcess::ServerProcess(config::Config config, llm::EnvReader env)
    : impl_(std::make_unique<Impl>(std::move(config), std::move(env))) {}

ServerProcess::~ServerProcess() { stop(Millis(0)); }

Status ServerProcess::start() {
  // Of its own accord malloc makes up to eight arenas a processor, and each keeps what sealing and merging once took of
  // it: a quarter of an hour of the soak left 78 MB free in 14 arenas, with 29 MB in use.
  ::mallopt(M_ARENA_MAX, static_cast<int>(std::thread::hardware_concurrency()) + 1);
  TRACIA_TRY(impl_->open_directory());
  TRACIA_TRY(impl_->make_services());
  TRACIA_TRY(impl_->listen());
  TRACIA_TRY(impl_->open_control_socket());
  impl_->keep_house();
  return {};
}

void ServerProcess::stop(Millis grace) {
  Impl& my = *impl_;
  if (std::exchange(my.stopped, true)) return;
  my.stopping = true;  // before the tasks below, of which one may have much to do
  my.periodic.reset();
  my.control_socket.reset();
  // The calls of peers that were cut off end on the server's loops; their spans are stored.
  const auto close_runs = [&my] {
    if (my.runs) my.runs->close();
  };
  if (my.server) my.server->stop(grace, close_runs);
  my.workers.reset();  // runs what is queued
  my.services.workers = nullptr;
  my.gateway.reset();
  my.runs.reset();
  if (my.access) my.access->flush_last_used();
  if (my.spend) my.spend->flush();
  my.directory.reset();  // calls back for every span that it had accepted, and those answer through the server
  my.server.reset();
}

std::string ServerProcess::url() const {
  if (!impl_->config.public_url.empty()) return impl_->config.public_url;
  return (impl_->config.tls_cert.empty() ? "http://" : "https://") + reachable_address(impl_->server->address());
}

std::string ServerProcess::setup_link() const {
  if (impl_->setup_token.empty()) return "";
  // In the fragment: browsers do not send it, so that no proxy's log holds the token.
  std::string link = url();
  while (link.ends_with('/')) link.pop_back();
  return link + "/#/setup?token=" + impl_->setup_token;
}

}  // namespace tracia::app
