#include "tracia/service/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <memory>

namespace tracia::service {
namespace {

struct ContextFree {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

}  // namespace

std::string sha256(std::string_view text) {
  // Looked up by name once a process, and one context a thread: OpenSSL 3 is slow at both.
  static EVP_MD* const kSha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  thread_local const std::unique_ptr<EVP_MD_CTX, ContextFree> context(EVP_MD_CTX_new());
  std::string out(32, '\0');
  const bool ok = kSha256 != nullptr && context != nullptr &&
                  EVP_DigestInit_ex2(context.get(), kSha256, nullptr) == 1 &&
                  EVP_DigestUpdate(context.get(), text.data(), text.size()) == 1 &&
                  EVP_DigestFinal_ex(context.get(), reinterpret_cast<unsigned char*>(out.data()), nullptr) == 1;
  return ok ? out : std::string();
}

bool same_secret(std::string_view a, std::string_view b) {
  return !a.empty() && a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace tracia::service
