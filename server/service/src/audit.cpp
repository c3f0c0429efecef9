#include "tracia/service/audit.h"

#include "tracia/base/bytes.h"
#include "tracia/service/log.h"
#include "tracia/service/peer.h"

namespace tracia::service {
namespace {

constexpr int64_t kKeptDays = 400;
// A year of a busy server; failed logins cannot fill the disk.
constexpr size_t kEventsMax = 1'000'000;
constexpr size_t kTargetBytesMax = 512;
constexpr size_t kDetailBytesMax = 4096;
constexpr size_t kPeerBytesMax = 64;

// A peer has a port, which says nothing later; what a proxy forwards may have none.
std::string address_of(const Services& services, const http::Request& request) {
  const std::string address = client_address(*services.config, request);
  const std::string_view host = address == request.peer ? host_of_peer(address) : std::string_view(address);
  return std::string(utf8_prefix(to_valid_utf8(host), kPeerBytesMax));
}

AuditActor actor_of(const Principal& who) {
  const bool member = who.is_member();
  return {.kind = member ? "member" : "key",
          .id = member ? who.member_id : who.key_id,
          .name = who.name,
          .project_id = who.project_id};
}

}  // namespace

void record_audit(Services& services, const http::Exchange& exchange, const AuditActor& who, std::string_view action,
                  std::string_view target, std::string_view detail_json) {
  const store::AuditEvent event{.time = services.clock->now(),
                                .project_id = who.project_id,
                                .actor_kind = who.kind,
                                .actor_id = who.id,
                                .actor_name = who.name,
                                .action = std::string(action),
                                .target = std::string(utf8_prefix(target, kTargetBytesMax)),
                                .detail_json = std::string(detail_json.size() <= kDetailBytesMax ? detail_json : ""),
                                .request_id = exchange.request_id,
                                .peer = address_of(services, exchange.request)};
  const Status written = services.control->append_audit(event);
  if (written || services.log == nullptr) return;
  services.log->write(Level::kError, "audit_failed",
                      {{"action", event.action}, {"requestId", event.request_id}, {"error", written.error().message}});
}

void record_audit(Services& services, const http::Exchange& exchange, const Principal& who, std::string_view action,
                  std::string_view target, std::string_view detail_json) {
  record_audit(services, exchange, actor_of(who), action, target, detail_json);
}

void trim_audit(Services& services) {
  const int64_t now = services.clock->now().micros;
  // What stays goes the next time.
  (void)services.control->trim_audit({now - kKeptDays * 24 * 3600 * 1'000'000}, kEventsMax);
}

}  // namespace tracia::service
