#include "captured.h"

#include "process.h"

namespace tracia::native {

record::PostResult CapturedSpans::post(std::string_view path, std::string_view body, bool /*gzipped*/,
                                       Millis /*timeout*/) {
  // A server without batches is sent one span at a time, in plain JSON: just what captured() gives.
  if (path != "/api/v1/spans") return {.status = 404};
  const std::lock_guard lock(process_lock());
  if (spans_.size() >= kSpansMax || bytes_ + body.size() > kBytesMax) {
    return {.status = 422,
            .body = R"({"error":{"code":"PAYLOAD_TOO_LARGE","message":"Too many captured spans; a new client starts )"
                    R"(with none"}})"};
  }
  bytes_ += body.size();
  spans_.emplace_back(body);
  return {.status = 201};
}

std::vector<std::string> CapturedSpans::spans() const {
  const std::lock_guard lock(process_lock());
  return spans_;
}

}  // namespace tracia::native
