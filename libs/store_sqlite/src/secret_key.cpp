#include "secret_key.h"

#include <sodium.h>
#include <sys/stat.h>

#include <algorithm>

#include "files.h"
#include "tracia/base/ids.h"

namespace tracia::store_sqlite {
namespace {

namespace fs = std::filesystem;

constexpr char kSealVersion = 1;
constexpr size_t kNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
static_assert(SecretKey::kBytes == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

Error cannot_open() {
  return {.code = ErrorCode::kUnavailable,
          .message = "a sealed value cannot be opened: it was sealed with another secret.key, or is damaged"};
}

Status make_private(const fs::path& file) {
  struct stat info{};
  if (::stat(file.c_str(), &info) != 0) return fail(file_error("cannot read", file));
  if ((info.st_mode & 077) == 0) return {};
  if (::chmod(file.c_str(), 0600) != 0)
    return fail(file_error("others may read it, and that cannot be changed:", file));
  return {};
}

}  // namespace

Result<std::unique_ptr<SecretKey>> SecretKey::load_or_make(const fs::path& file) {
  auto bytes = read_file(file, kBytes);
  if (!bytes && bytes.error().code == ErrorCode::kNotFound) {
    bytes = random_bytes(kBytes);
    TRACIA_TRY(write_file(file, *bytes, 0600));
  }
  if (!bytes) return fail(std::move(bytes).error());
  if (bytes->size() != kBytes) {
    return fail({.code = ErrorCode::kUnavailable,
                 .message = file.string() + " is damaged: it must hold 32 bytes. Put back its copy; without it the "
                                            "keys of connections have to be given again (remove the file)"});
  }
  TRACIA_TRY(make_private(file));
  std::unique_ptr<SecretKey> key(new SecretKey());
  std::copy(bytes->begin(), bytes->end(), key->bytes_.begin());
  sodium_memzero(bytes->data(), bytes->size());
  return key;
}

SecretKey::~SecretKey() { sodium_memzero(bytes_.data(), bytes_.size()); }

std::string SecretKey::seal(std::string_view plain, std::string_view context) const {
  const std::string nonce = random_bytes(kNonceBytes);
  std::string sealed = kSealVersion + nonce;
  const size_t head = sealed.size();
  sealed.resize(head + plain.size() + kTagBytes);
  crypto_aead_xchacha20poly1305_ietf_encrypt(bytes_of(sealed) + head, nullptr, bytes_of(plain), plain.size(),
                                             bytes_of(context), context.size(), nullptr, bytes_of(nonce),
                                             bytes_.data());
  return sealed;
}

Result<std::string> SecretKey::unseal(std::string_view sealed, std::string_view context) const {
  constexpr size_t kHeadBytes = 1 + kNonceBytes;
  if (sealed.size() < kHeadBytes + kTagBytes || sealed[0] != kSealVersion) return fail(cannot_open());
  std::string plain(sealed.size() - kHeadBytes - kTagBytes, '\0');
  const int opened = crypto_aead_xchacha20poly1305_ietf_decrypt(
      bytes_of(plain), nullptr, nullptr, bytes_of(sealed) + kHeadBytes, sealed.size() - kHeadBytes, bytes_of(context),
      context.size(), bytes_of(sealed) + 1, bytes_.data());
  if (opened != 0) return fail(cannot_open());
  return plain;
}

}  // namespace tracia::store_sqlite
