#include "password.h"

#include <sodium.h>

#include <atomic>
#include <mutex>

#include "tracia/base/bytes.h"
#include "tracia/base/clock.h"

namespace tracia::service {
namespace {

// Interactive limits: 64 MiB and two passes, which OWASP's advice for argon2id lies below.
constexpr unsigned long long kOperations = crypto_pwhash_OPSLIMIT_INTERACTIVE;
constexpr size_t kMemoryBytes = crypto_pwhash_MEMLIMIT_INTERACTIVE;

// One hash at a time, so that a flood of logins costs 64 MiB and not the machine; few wait, so that it does not take
// every worker either.
constexpr int kAtOnceMax = 2;

class Turn {
 public:
  Turn() : taken_(waiting_.fetch_add(1) < kAtOnceMax) {
    if (taken_) lock_ = std::unique_lock(mutex_);
  }
  ~Turn() {
    if (lock_.owns_lock()) lock_.unlock();
    waiting_.fetch_sub(1);
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  Status status() const {
    if (taken_) return {};
    return fail({.code = ErrorCode::kRateLimited,
                 .message = "Too many people are signing in at once. Try again in a moment.",
                 .retry_after = Millis(1000)});
  }

 private:
  static inline std::atomic<int> waiting_{0};
  static inline std::mutex mutex_;
  bool taken_;
  std::unique_lock<std::mutex> lock_;
};

Result<std::string> make_hash(std::string_view password) {
  std::string out(crypto_pwhash_STRBYTES, '\0');
  if (sodium_init() < 0 ||
      crypto_pwhash_str(out.data(), password.data(), password.size(), kOperations, kMemoryBytes) != 0) {
    return fail({.code = ErrorCode::kUnavailable, .message = "Not enough memory to check a password (64 MiB)"});
  }
  out.resize(out.find('\0'));
  return out;
}

}  // namespace

Status check_password(std::string_view password) {
  if (!is_valid_utf8(password)) return fail(Error::invalid("password: not valid UTF-8"));
  const size_t characters = count_chars(password);
  if (characters < kPasswordCharactersMin || characters > kPasswordCharactersMax) {
    return fail(Error::invalid("password: must have 10 to 256 characters"));
  }
  return {};
}

Result<std::string> hash_password(std::string_view password) {
  const Turn turn;
  TRACIA_TRY(turn.status());
  return make_hash(password);
}

Result<bool> verify_password(std::string_view password, const std::string& hash) {
  const Turn turn;
  TRACIA_TRY(turn.status());
  if (hash.empty()) {
    // Making a hash costs what verifying one does: who asks cannot tell whether the account exists.
    if (const auto made = make_hash(password); !made) return fail(made.error());
    return false;
  }
  if (sodium_init() < 0) return fail({.code = ErrorCode::kUnavailable, .message = "libsodium does not start"});
  return crypto_pwhash_str_verify(hash.c_str(), password.data(), password.size()) == 0;
}

}  // namespace tracia::service
