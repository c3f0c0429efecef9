// The certificates that are trusted, read once per transport. Left to itself curl reads the system's file (some 140
// certificates) anew for every TLS connection: 30 to 60 ms of CPU each, measured with OpenSSL 3.0 on Debian 12.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <mutex>
#include <span>
#include <string>

struct x509_store_st;

namespace tracia::transport {

// `preferred` when there is such a file, else the first of `others` that there is, else `preferred`. A libcurl that is
// carried to another distribution (in a tarball, in a wheel) looks where its own distribution keeps certificates.
std::string present_bundle(std::string preferred, std::span<const char* const> others);

// Thread-safe. Reads nothing before the first TLS connection.
class TrustStore {
 public:
  // PEM file and folder of hashed certificates; both empty = those that libcurl was built with, or where its file is
  // not on this system, the system's own.
  TrustStore(std::string ca_file, std::string ca_path);
  ~TrustStore();
  TrustStore(const TrustStore&) = delete;
  TrustStore& operator=(const TrustStore&) = delete;

  // Has `easy` trust this store. Where libcurl speaks TLS through something else than OpenSSL it is given the file and
  // folder instead. The store must outlive the handle's connections.
  void install(CURL* easy);

 private:
  static CURLcode on_context(CURL*, void* context, void* self) noexcept;
  x509_store_st* store();  // nullptr when it cannot be read

  std::string ca_file_;
  std::string ca_path_;
  std::mutex mutex_;
  x509_store_st* store_ = nullptr;
};

}  // namespace tracia::transport
