#include "request_log.h"

#include <cerrno>
#include <cstring>

#include "tracia/base/bytes.h"
#include "tracia/base/redact.h"
#include "tracia/json/reader.h"
#include "tracia/json/writer.h"

namespace tracia::simulate {
namespace {

constexpr size_t kBodyBytesMax = 64u << 10;

bool is_secret_header(std::string_view name) {
  for (const std::string_view secret : {"authorization", "x-api-key", "api-key", "x-goog-api-key",
                                        "x-amz-security-token", "cookie", "proxy-authorization"}) {
    if (ascii_iequals(name, secret)) return true;
  }
  return false;
}

// The scheme stays, so that a test can tell Bearer from a signature.
std::string masked(std::string_view value) {
  for (const std::string_view scheme : {"Bearer ", "AWS4-HMAC-SHA256 ", "Basic "}) {
    if (value.starts_with(scheme)) return std::string(scheme) + "[REDACTED]";
  }
  return "[REDACTED]";
}

}  // namespace

Status RequestLog::open(size_t capacity, const std::string& file) {
  const std::lock_guard lock(mutex_);
  ring_.resize(capacity);
  if (file.empty()) return {};
  file_.reset(std::fopen(file.c_str(), "a"));
  if (!file_) return fail(Error::invalid("cannot open the log file \"" + file + "\": " + std::strerror(errno)));
  return {};
}

void RequestLog::fill(Entry& entry, const http::Request& request, int status, std::string_view fault) {
  entry.method = request.method;
  entry.path = request.path;
  entry.query = request.query;
  entry.headers = request.headers;
  entry.body_bytes = request.body.size();
  entry.body.assign(request.body, 0, kBodyBytesMax);
  entry.fault.assign(fault);
  entry.status = status;
}

void RequestLog::add(const http::Request& request, int status, std::string_view fault) {
  const std::lock_guard lock(mutex_);
  const uint64_t sequence = received_++;
  if (!ring_.empty()) {
    Entry& slot = ring_[sequence % ring_.size()];
    slot.sequence = sequence;
    fill(slot, request, status, fault);
    held_ = std::min(held_ + 1, ring_.size());
  }
  if (!file_) return;
  Entry entry;
  entry.sequence = sequence;
  fill(entry, request, status, fault);
  const std::string line = entry_json(entry) + "\n";
  std::fwrite(line.data(), 1, line.size(), file_.get());
  std::fflush(file_.get());
}

void RequestLog::clear() {
  const std::lock_guard lock(mutex_);
  held_ = 0;
  for (Entry& entry : ring_) entry = Entry{};
}

uint64_t RequestLog::received() const {
  const std::lock_guard lock(mutex_);
  return received_;
}

std::string RequestLog::entry_json(const Entry& entry) {
  json::Writer w;
  w.begin_object().field("sequence", entry.sequence).field("method", entry.method).field("path", entry.path);
  w.field("query", redact_secrets(entry.query)).key("headers").begin_object();
  for (const auto& [name, value] : entry.headers) {
    w.field(ascii_lower(name), is_secret_header(name) ? masked(value) : redact_secrets(value));
  }
  w.end_object().field("bodyBytes", static_cast<uint64_t>(entry.body_bytes)).key("body");
  json::Document document;
  const Result<json::Value> body = document.parse(entry.body);
  if (body)
    w.raw(body->to_json());
  else
    w.value(to_valid_utf8(entry.body));
  w.field("status", entry.status).field_if("fault", entry.fault).end_object();
  return w.take();
}

std::string RequestLog::to_json() const {
  std::vector<Entry> entries;
  uint64_t received = 0;
  {
    const std::lock_guard lock(mutex_);
    received = received_;
    for (uint64_t n = received_ - held_; n < received_; ++n) entries.push_back(ring_[n % ring_.size()]);
  }
  std::string out = "{\"received\":" + std::to_string(received) + ",\"requests\":[";
  for (size_t i = 0; i < entries.size(); ++i) out.append(i > 0 ? "," : "").append(entry_json(entries[i]));
  return out + "]}";
}

}  // namespace tracia::simulate
