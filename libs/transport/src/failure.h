// From curl's result codes to errors that a person can act on.
#pragma once

#include <curl/curl.h>

#include <string>
#include <string_view>

#include "tracia/base/clock.h"
#include "tracia/base/error.h"

namespace tracia::transport {

// What is known about an exchange that curl gave up.
struct Failure {
  CURLcode code = CURLE_OK;
  std::string host;         // "api.openai.com:443"
  std::string_view detail;  // curl's own words; may hold anything, so it is never passed on unfiltered
  long os_errno = 0;        // of the last connect or send
  long verify_result = 0;   // OpenSSL's X509_V_ERR_*; 0 = not the certificate chain
  long proxy_status = 0;    // the proxy's answer to CONNECT; 0 = none
  bool head_seen = false;   // the response head had come
  Millis connect_deadline{0};
};
Error describe(const Failure& failure);
// The host leads to an address that ExchangeOptions::public_addresses_only refuses.
Error address_refused(std::string_view host);

Error connect_timeout(std::string_view host, Millis deadline);
// `which` is "" for the total deadline, as the hosted SDKs word it.
Error timeout(Millis deadline, std::string_view which);
Error aborted();
Error transport_closed();
Error body_too_large(std::string_view host, size_t bytes_max);
Error headers_too_large(std::string_view host);
Error connection_cut(std::string_view host, bool head_seen);

}  // namespace tracia::transport
