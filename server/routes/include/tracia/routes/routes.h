// Adds the operations of api/openapi.yaml to a router, one function per resource. `services` must outlive the router.
#pragma once

#include <functional>
#include <string_view>

#include "tracia/http/router.h"
#include "tracia/service/services.h"

namespace tracia::routes {

void add_prompts(http::Router& router, service::Services& services);      // /api/v1/prompts…, versions, labels, render
void add_experiments(http::Router& router, service::Services& services);  // /api/v1/prompts/{slug}/experiments…
void add_runs(http::Router& router, service::Services& services);         // …/run, /api/v1/run
void add_gateway(http::Router& router, service::Services& services);      // /v1/…: OpenAI's dialect
void add_gateway_aliases(http::Router& router, service::Services& services);  // /api/v1/gateway/aliases
void add_span_writes(http::Router& router, service::Services& services);      // POST spans, batch; DELETE
void add_span_reads(http::Router& router, service::Services& services);       // list, get, export, tail
void add_otlp(http::Router& router, service::Services& services);             // OpenTelemetry: /v1/traces, /v1/logs
void add_evaluations(http::Router& router, service::Services& services);
void add_evaluators(http::Router& router, service::Services& services);
void add_policies(http::Router& router, service::Services& services);     // masking, retention, forgetting a user
void add_traces(http::Router& router, service::Services& services);       // traces, sessions, users
void add_analytics(http::Router& router, service::Services& services);    // GET /api/v1/analytics
void add_auth(http::Router& router, service::Services& services);         // /api/v1/auth/*
void add_settings(http::Router& router, service::Services& services);     // projects, api-keys
void add_members(http::Router& router, service::Services& services);      // members, invitations
void add_audit(http::Router& router, service::Services& services);        // GET /api/v1/audit
void add_limits(http::Router& router, service::Services& services);       // limits, spend caps, usage
void add_prices(http::Router& router, service::Services& services);       // models, and their prices
void add_connections(http::Router& router, service::Services& services);  // connections, and testing one
void add_operations(http::Router& router, service::Services& services);   // healthz, readyz, metrics, openapi.yaml
// The dashboard at /, as the router's fallback. Errors: kInvalidRequest when --dashboard names no dashboard.
Status add_page(http::Router& router, service::Services& services);

// For Router::set_observer(): counts and times each request, and logs it (at info, 5xx at warn). Needs services.metrics
// and services.log, which may be nullptr.
std::function<void(const http::Finished&)> make_observer(service::Services& services);

// Gauges of the server's connections, for /metrics; the page may be made for as long as `server` lives.
void add_server_gauges(service::Services& services, const http::Server& server);

}  // namespace tracia::routes
