// DIR/secret.key: what connection keys are sealed with. Never logged, never in an error, wiped from memory at the end.
//
//   sealed = 0x01 | nonce (24 random bytes) | XChaCha20-Poly1305 of the text, with the context as associated data
#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "tracia/base/result.h"

namespace tracia::store_sqlite {

// Immutable and thread-safe.
class SecretKey {
 public:
  static constexpr size_t kBytes = 32;

  // Reads the file, or makes it (mode 0600, synced). A file that others may read is made private first. Errors:
  // kUnavailable when it is damaged: 32 bytes or nothing.
  static Result<std::unique_ptr<SecretKey>> load_or_make(const std::filesystem::path& file);
  ~SecretKey();
  SecretKey(const SecretKey&) = delete;
  SecretKey& operator=(const SecretKey&) = delete;

  std::string seal(std::string_view plain, std::string_view context) const;
  // kUnavailable for what was sealed with another key or context, or was changed.
  Result<std::string> unseal(std::string_view sealed, std::string_view context) const;

 private:
  SecretKey() = default;
  std::array<unsigned char, kBytes> bytes_{};
};

}  // namespace tracia::store_sqlite
