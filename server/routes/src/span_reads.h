// The two reads of spans that stream: the export and the live tail. Each answers for as long as its reader stays.
#pragma once

#include "tracia/http/router.h"
#include "tracia/service/services.h"

namespace tracia::routes {

// GET /api/v1/spans/export: NDJSON, read page by page on a worker, at the pace of the reader.
void export_spans(service::Services& services, const http::ExchangePtr& exchange);

// GET /api/v1/spans/tail: server-sent events, as spans are stored.
void tail_spans(service::Services& services, const http::ExchangePtr& exchange);

// Readers of the live tail at one time; one more is kUnavailable. Each is asked about every span that is stored.
inline constexpr int kTailsMax = 256;

}  // namespace tracia::routes
