// libcurl's handles with owners, typed setters, and the global initialisation.
#pragma once

#include <curl/curl.h>

#include <array>
#include <memory>
#include <mutex>

namespace tracia::transport {

struct EasyCleanup {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct MultiCleanup {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
struct ShareCleanup {
  void operator()(CURLSH* share) const { curl_share_cleanup(share); }
};
using EasyPtr = std::unique_ptr<CURL, EasyCleanup>;
using MultiPtr = std::unique_ptr<CURLM, MultiCleanup>;
using SharePtr = std::unique_ptr<CURLSH, ShareCleanup>;

// curl's setters are variadic: the argument must have exactly the type that the option reads.
inline void set_long(CURL* easy, CURLoption option, long value) { curl_easy_setopt(easy, option, value); }
inline void set_pointer(CURL* easy, CURLoption option, const void* value) { curl_easy_setopt(easy, option, value); }
template <typename Function>
void set_function(CURL* easy, CURLoption option, Function* function) {
  curl_easy_setopt(easy, option, function);
}
inline long get_long(CURL* easy, CURLINFO info) {
  long value = 0;
  curl_easy_getinfo(easy, info, &value);
  return value;
}
inline curl_off_t get_offset(CURL* easy, CURLINFO info) {
  curl_off_t value = 0;
  curl_easy_getinfo(easy, info, &value);
  return value;
}

// Initialises libcurl once per process, from any thread; never undone, since others in the process may use curl too.
void ensure_curl();

// DNS answers and TLS sessions shared by all handles of one transport, so that a second connection to a host needs
// neither a lookup nor a full handshake. Connections are not shared: curl's connection cache is not safe across
// threads.
class SharedCaches {
 public:
  SharedCaches();
  CURLSH* get() const { return share_.get(); }

 private:
  static void lock(CURL*, curl_lock_data data, curl_lock_access, void* self);
  static void unlock(CURL*, curl_lock_data data, void* self);

  std::array<std::mutex, CURL_LOCK_DATA_LAST> mutexes_;
  SharePtr share_;
};

}  // namespace tracia::transport
