#include "tracia/base/ids.h"

#include <pthread.h>
#include <sys/random.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "tracia/base/bytes.h"

namespace tracia {
namespace {

// Ids of spans and traces are drawn from a small buffer per thread: two system calls fewer for each call to a model. A
// forked child throws away what it inherited, or it would repeat its parent's ids.
std::atomic<unsigned> forks{0};

std::string buffered_random_bytes(size_t count) {
  static const int registered = pthread_atfork(nullptr, nullptr, [] { forks.fetch_add(1, std::memory_order_relaxed); });
  (void)registered;
  struct Buffer {
    std::array<char, 256> bytes;
    size_t left = 0;
    unsigned forks = 0;
  };
  thread_local Buffer buffer;
  const unsigned now = forks.load(std::memory_order_relaxed);
  if (buffer.left < count || buffer.forks != now) {
    const std::string fresh = random_bytes(buffer.bytes.size());
    std::memcpy(buffer.bytes.data(), fresh.data(), fresh.size());
    buffer.left = buffer.bytes.size();
    buffer.forks = now;
  }
  buffer.left -= count;
  return {buffer.bytes.data() + buffer.left, count};
}

}  // namespace

std::string random_bytes(size_t count) {
  std::string bytes(count, '\0');
  size_t filled = 0;
  while (filled < count) {
    const ssize_t got = getrandom(bytes.data() + filled, count - filled, 0);
    if (got > 0) {
      filled += static_cast<size_t>(got);
    } else if (got < 0 && errno != EINTR) {
      std::abort();  // no random source: going on would make guessable keys
    }
  }
  return bytes;
}

std::string new_span_id() { return "sp_" + hex_encode(buffered_random_bytes(8)); }
std::string new_trace_id() { return "tr_" + hex_encode(buffered_random_bytes(8)); }
std::string new_api_key() { return "tr_" + base64url_encode(random_bytes(32)); }

bool is_valid_span_id(std::string_view id) {
  if (id.size() != 19) return false;
  const std::string_view prefix = id.substr(0, 3);
  if (!ascii_iequals(prefix, "sp_") && !ascii_iequals(prefix, "tr_")) return false;
  for (const char c : id.substr(3)) {
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (!hex) return false;
  }
  return true;
}

bool is_valid_trace_id(std::string_view id) {
  if (id.empty() || id.size() > 128) return false;
  for (const char c : id) {
    if (c < 0x20 || c > 0x7E) return false;
  }
  return true;
}

}  // namespace tracia
