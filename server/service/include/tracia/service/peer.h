// Where a request comes from: the peer, or whom a proxy that the operator named speaks for.
#pragma once

#include <string>
#include <string_view>

#include "tracia/config/config.h"
#include "tracia/http/server.h"

namespace tracia::service {

// "10.0.0.1" of "10.0.0.1:4711", "::1" of "[::1]:4711".
std::string_view host_of_peer(std::string_view peer);
// Whether the X-Forwarded-* headers of the request are believed.
bool from_trusted_proxy(const config::Config& config, const http::Request& request);
// The peer, or the last address that a trusted proxy added to X-Forwarded-For.
std::string client_address(const config::Config& config, const http::Request& request);

}  // namespace tracia::service
