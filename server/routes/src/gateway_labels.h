// What a client of the gateway says to Tracia beside OpenAI's dialect: x-tracia-* headers, and members of `metadata` of
// the same names with underscores. Pure.
#pragma once

#include "tracia/base/result.h"
#include "tracia/service/gateway.h"
#include "tracia/wire/http.h"

namespace tracia::routes {

//   x-tracia-tags       a,b            x-tracia-trace      a trace id
//   x-tracia-user       a user's id    x-tracia-parent     sp_…: the parent span
//   x-tracia-session    a session's id x-tracia-name       the span's name
//   x-tracia-prompt     slug, slug@version or slug:label
//   x-tracia-fallbacks  model,model    x-tracia-retries    0 to 10
//   x-tracia-timeout-ms 1 to 600000
//
// Headers win over metadata ("tracia_tags", …), and both over the request's `user`; only headers say how the call is
// made (the last three). Errors: kInvalidRequest naming the header or the member.
Status read_gateway_labels(const wire::Headers& headers, service::GatewayRequest& out);

}  // namespace tracia::routes
