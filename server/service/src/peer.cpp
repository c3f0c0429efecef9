#include "tracia/service/peer.h"

#include <algorithm>

#include "tracia/base/bytes.h"

namespace tracia::service {

std::string_view host_of_peer(std::string_view peer) {
  std::string_view host = peer.substr(0, std::min(peer.rfind(':'), peer.size()));
  if (host.size() > 1 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  return host;
}

bool from_trusted_proxy(const config::Config& config, const http::Request& request) {
  const auto& trusted = config.trusted_proxies;
  return std::find(trusted.begin(), trusted.end(), host_of_peer(request.peer)) != trusted.end();
}

std::string client_address(const config::Config& config, const http::Request& request) {
  if (!from_trusted_proxy(config, request)) return request.peer;
  const std::string_view chain = request.headers.get_or("x-forwarded-for", "");
  const size_t comma = chain.rfind(',');
  const std::string_view last = trim(comma == std::string_view::npos ? chain : chain.substr(comma + 1));
  return last.empty() ? request.peer : std::string(last);
}

}  // namespace tracia::service
