#include "files.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>

#include <cerrno>
#include <system_error>
#include <vector>

#include "tracia/base/bytes.h"

namespace tracia::store_sqlite {
namespace {

namespace fs = std::filesystem;

constexpr size_t kChunkBytes = 256u << 10;

class Sha256 {
 public:
  Sha256() { crypto_hash_sha256_init(&state_); }
  void update(std::string_view bytes) {
    crypto_hash_sha256_update(&state_, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  }
  std::string hex() {
    unsigned char digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_final(&state_, digest);
    return hex_encode({reinterpret_cast<const char*>(digest), sizeof digest});
  }

 private:
  crypto_hash_sha256_state state_;
};

// A regular file, not followed when it is a link: what is in a backup is not trusted.
Result<Fd> open_regular(const fs::path& file) {
  Fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd) return fail(file_error("cannot open", file));
  struct stat info{};
  if (::fstat(fd.get(), &info) != 0) return fail(file_error("cannot read", file));
  if (!S_ISREG(info.st_mode)) return fail(file_error("not a regular file:", file, 0));
  return fd;
}

// Reads to the end, giving each chunk to `take`.
template <typename Take>
Status read_through(int fd, const fs::path& file, const Take& take) {
  std::vector<char> buffer(kChunkBytes);
  while (true) {
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got == 0) return {};
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(file_error("cannot read", file));
    TRACIA_TRY(take(std::string_view(buffer.data(), static_cast<size_t>(got))));
  }
}

}  // namespace

Error file_error(std::string_view doing, const fs::path& file, int error_number) {
  std::string message = std::string(doing) + " " + file.string();
  if (error_number != 0) message += ": " + std::generic_category().message(error_number);
  const bool missing = error_number == ENOENT;
  return {.code = missing ? ErrorCode::kNotFound : ErrorCode::kUnavailable, .message = std::move(message)};
}

Error file_error(std::string_view doing, const fs::path& file) { return file_error(doing, file, errno); }

Status write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return fail(file_error("cannot write", "the file"));
    bytes.remove_prefix(static_cast<size_t>(put));
  }
  return {};
}

Status sync_folder(const fs::path& folder) {
  const Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0) return fail(file_error("cannot sync the folder", folder));
  return {};
}

Status write_file(const fs::path& file, std::string_view bytes, unsigned mode) {
  const fs::path unfinished = file.string() + ".tmp";
  ::unlink(unfinished.c_str());  // of a crash
  {
    const Fd fd(::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
    if (!fd) return fail(file_error("cannot make", unfinished));
    TRACIA_TRY(write_all(fd.get(), bytes));
    if (::fsync(fd.get()) != 0) return fail(file_error("cannot sync", unfinished));
  }
  if (::rename(unfinished.c_str(), file.c_str()) != 0) return fail(file_error("cannot name", file));
  return sync_folder(file.parent_path());
}

Result<std::string> read_file(const fs::path& file, size_t bytes_max) {
  auto fd = open_regular(file);
  if (!fd) return fail(std::move(fd).error());
  std::string text;
  TRACIA_TRY(read_through(fd->get(), file, [&](std::string_view chunk) -> Status {
    if (text.size() + chunk.size() > bytes_max) return fail(file_error("longer than it can be:", file, 0));
    text.append(chunk);
    return {};
  }));
  return text;
}

Status check_vacant(const fs::path& folder, std::string_view what) {
  std::error_code error;
  const fs::file_status status = fs::status(folder, error);
  if (status.type() == fs::file_type::not_found) return {};
  if (error) return fail(file_error("cannot read", folder, error.value()));
  if (!fs::is_directory(status)) {
    return fail(Error::invalid(std::string(what) + " " + folder.string() + " is not a folder"));
  }
  const bool empty = fs::is_empty(folder, error);
  if (error) return fail(file_error("cannot read", folder, error.value()));
  if (!empty) return fail(Error::invalid(std::string(what) + " " + folder.string() + " is not empty"));
  return {};
}

Status sync_file(const fs::path& file) {
  const auto fd = open_regular(file);
  if (!fd) return fail(fd.error());
  if (::fsync(fd->get()) != 0) return fail(file_error("cannot sync", file));
  return {};
}

Status make_folder(const fs::path& folder) {
  std::error_code error;
  if (fs::is_directory(folder, error)) return {};
  const fs::path parent = folder.parent_path();
  if (!parent.empty() && parent != folder) TRACIA_TRY(make_folder(parent));
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return fail(file_error("cannot make the folder", folder));
  if (!fs::is_directory(folder, error)) return fail(file_error("not a folder:", folder, 0));
  return parent.empty() ? Status{} : sync_folder(parent);
}

Result<Hashed> hash_file(const fs::path& file, const BytesDone& done) {
  auto fd = open_regular(file);
  if (!fd) return fail(std::move(fd).error());
  Sha256 hash;
  Hashed result;
  TRACIA_TRY(read_through(fd->get(), file, [&](std::string_view chunk) -> Status {
    hash.update(chunk);
    result.bytes += chunk.size();
    if (done) done(result.bytes);
    return {};
  }));
  result.sha256 = hash.hex();
  return result;
}

Result<Hashed> copy_file(const fs::path& file, const fs::path& copy_to, unsigned mode, const BytesDone& done) {
  auto from = open_regular(file);
  if (!from) return fail(std::move(from).error());
  const Fd to(::open(copy_to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!to) return fail(file_error("cannot make", copy_to));
  Sha256 hash;
  Hashed result;
  TRACIA_TRY(read_through(from->get(), file, [&](std::string_view chunk) -> Status {
    hash.update(chunk);
    TRACIA_TRY(write_all(to.get(), chunk));
    result.bytes += chunk.size();
    if (done) done(result.bytes);
    return {};
  }));
  if (::fsync(to.get()) != 0) return fail(file_error("cannot sync", copy_to));
  result.sha256 = hash.hex();
  return result;
}

std::string sha256_hex(std::string_view bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.hex();
}

}  // namespace tracia::store_sqlite
