// The audit log: who changed what, when, from where. Append only; routes call record_audit() on the worker that made
// the change, after it was stored:
//
//   record_audit(services, *exchange, who, "prompt.update", slug, R"({"version":3})");
//
// Actions are "<thing>.<verb>" in lower case; docs/operating/access.md lists them.
#pragma once

#include <string>
#include <string_view>

#include "tracia/base/clock.h"
#include "tracia/http/router.h"
#include "tracia/service/access.h"
#include "tracia/service/services.h"

namespace tracia::service {

// Who did it, when it is no Principal: one who signs in, or the server itself.
struct AuditActor {
  std::string kind = "system";  // "member" | "key" | "system"
  std::string id;               // "" when unknown, and for "system"
  std::string name;             // for people
  std::string project_id;       // "" = the whole server
};

// Writes one event. `detail_json` is a small JSON object of what changed: never a secret, never a prompt's text; "" =
// none. Blocks. An event that cannot be written is logged as an error: what it tells of has happened already.
void record_audit(Services& services, const http::Exchange& exchange, const Principal& who, std::string_view action,
                  std::string_view target, std::string_view detail_json = "");
void record_audit(Services& services, const http::Exchange& exchange, const AuditActor& who, std::string_view action,
                  std::string_view target, std::string_view detail_json = "");

// Removes events older than 400 days; called by a timer. Blocks.
void trim_audit(Services& services);

}  // namespace tracia::service
