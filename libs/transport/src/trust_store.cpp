#include "trust_store.h"

#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <array>
#include <filesystem>
#include <string_view>
#include <utility>

#include "curl_handles.h"

namespace tracia::transport {
namespace {

bool curl_uses_openssl() {
  const curl_version_info_data* info = curl_version_info(CURLVERSION_NOW);
  return info->ssl_version != nullptr && std::string_view(info->ssl_version).starts_with("OpenSSL/3");
}

// Where distributions keep their bundle of authorities.
constexpr std::array kSystemBundles = {
    "/etc/ssl/certs/ca-certificates.crt",                 // Debian, Ubuntu, Arch, Gentoo
    "/etc/pki/tls/certs/ca-bundle.crt",                   // Fedora, RHEL and kin
    "/etc/ssl/ca-bundle.pem",                             // openSUSE
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // RHEL 7 and later
};

struct StoreFree {
  void operator()(X509_STORE* store) const { X509_STORE_free(store); }
};

}  // namespace

std::string present_bundle(std::string preferred, std::span<const char* const> others) {
  std::error_code ignored;
  if (std::filesystem::exists(preferred, ignored)) return preferred;
  for (const char* other : others) {
    if (std::filesystem::exists(other, ignored)) return other;
  }
  return preferred;
}

TrustStore::TrustStore(std::string ca_file, std::string ca_path)
    : ca_file_(std::move(ca_file)), ca_path_(std::move(ca_path)) {
  if (!ca_file_.empty() || !ca_path_.empty()) return;
  const EasyPtr easy(curl_easy_init());  // a handle knows what libcurl was built with
  char* file = nullptr;
  char* path = nullptr;
  if (!easy) return;
  curl_easy_getinfo(easy.get(), CURLINFO_CAINFO, &file);
  curl_easy_getinfo(easy.get(), CURLINFO_CAPATH, &path);
  if (file != nullptr) ca_file_ = present_bundle(file, kSystemBundles);
  if (path != nullptr) ca_path_ = path;
}

TrustStore::~TrustStore() { X509_STORE_free(store_); }

void TrustStore::install(CURL* easy) {
  const bool own = curl_uses_openssl() && (!ca_file_.empty() || !ca_path_.empty());
  if (!own) {
    if (!ca_file_.empty()) set_pointer(easy, CURLOPT_CAINFO, ca_file_.c_str());
    if (!ca_path_.empty()) set_pointer(easy, CURLOPT_CAPATH, ca_path_.c_str());
    return;
  }
  set_pointer(easy, CURLOPT_CAINFO, nullptr);
  set_pointer(easy, CURLOPT_CAPATH, nullptr);
  set_function(easy, CURLOPT_SSL_CTX_FUNCTION, &TrustStore::on_context);
  set_pointer(easy, CURLOPT_SSL_CTX_DATA, this);
}

CURLcode TrustStore::on_context(CURL*, void* context, void* self) noexcept {
  X509_STORE* store = static_cast<TrustStore*>(self)->store();
  if (store == nullptr) return CURLE_SSL_CACERT_BADFILE;
  SSL_CTX_set1_cert_store(static_cast<SSL_CTX*>(context), store);
  return CURLE_OK;
}

X509_STORE* TrustStore::store() {
  const std::lock_guard lock(mutex_);
  if (store_ != nullptr) return store_;
  std::unique_ptr<X509_STORE, StoreFree> fresh(X509_STORE_new());
  if (!fresh) return nullptr;
  // A file that is named must be readable; the folder is searched as needed.
  if (!ca_file_.empty() && X509_STORE_load_file(fresh.get(), ca_file_.c_str()) != 1) return nullptr;
  if (!ca_path_.empty()) X509_STORE_load_path(fresh.get(), ca_path_.c_str());
  // As curl sets them: a shorter chain to a trusted certificate wins, and an intermediate may itself be trusted.
  X509_STORE_set_flags(fresh.get(), X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN);
  store_ = fresh.release();
  return store_;
}

}  // namespace tracia::transport
