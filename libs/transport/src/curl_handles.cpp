#include "curl_handles.h"

namespace tracia::transport {

void ensure_curl() {
  static const CURLcode done = curl_global_init(CURL_GLOBAL_DEFAULT);
  (void)done;
}

SharedCaches::SharedCaches() : share_(curl_share_init()) {
  if (!share_) return;  // works without, only slower
  curl_share_setopt(share_.get(), CURLSHOPT_LOCKFUNC, &SharedCaches::lock);
  curl_share_setopt(share_.get(), CURLSHOPT_UNLOCKFUNC, &SharedCaches::unlock);
  curl_share_setopt(share_.get(), CURLSHOPT_USERDATA, this);
  curl_share_setopt(share_.get(), CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
  curl_share_setopt(share_.get(), CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
}

void SharedCaches::lock(CURL*, curl_lock_data data, curl_lock_access, void* self) {
  static_cast<SharedCaches*>(self)->mutexes_[data].lock();
}

void SharedCaches::unlock(CURL*, curl_lock_data data, void* self) {
  static_cast<SharedCaches*>(self)->mutexes_[data].unlock();
}

}  // namespace tracia::transport
