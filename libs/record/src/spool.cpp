#include "spool.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <system_error>

#include "tracia/base/bytes.h"
#include "tracia/base/ids.h"

namespace tracia::record {
namespace {

constexpr std::string_view kSuffix = ".ndjson";
constexpr std::string_view kTmp = ".tmp";
constexpr std::string_view kClaimed = ".claimed-";

Error system_error(std::string_view what) {
  return {.message = std::string(what) + ": " + std::generic_category().message(errno)};
}

// "<…>.ndjson" of any of its three forms; "" for names that are not ours.
std::string_view free_name(std::string_view name) {
  const size_t at = name.find(kSuffix);
  if (at == std::string_view::npos || at < 20 || name[0] < '0' || name[0] > '9') return {};
  const std::string_view rest = name.substr(at + kSuffix.size());
  const bool known = rest.empty() || rest == kTmp || rest.substr(0, kClaimed.size()) == kClaimed;
  return known ? name.substr(0, at + kSuffix.size()) : std::string_view{};
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

// Only regular files of our own user: in a folder open to others, nobody may hand us files to send with our key.
bool is_ours(int fd, struct stat& info) {
  return ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_uid == ::geteuid();
}

}  // namespace

FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) ::close(fd_);
}

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

SpoolClaim::SpoolClaim(SpoolClaim&& other) noexcept
    : dir_(other.dir_),
      file_(std::move(other.file_)),
      claimed_name_(std::exchange(other.claimed_name_, {})),
      free_name_(std::exchange(other.free_name_, {})) {}

SpoolClaim::~SpoolClaim() {
  // A failure leaves a claim without a living owner, which the next process takes over.
  if (!claimed_name_.empty()) ::renameat(dir_, claimed_name_.c_str(), dir_, free_name_.c_str());
}

std::string SpoolClaim::read() const {
  std::string out;
  struct stat info{};
  if (!is_ours(file_.get(), info)) return out;
  out.resize(std::min<size_t>(static_cast<size_t>(std::max<off_t>(info.st_size, 0)), kSpoolFileBytesMax));
  size_t filled = 0;
  while (filled < out.size()) {
    const ssize_t got = ::pread(file_.get(), out.data() + filled, out.size() - filled, static_cast<off_t>(filled));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    filled += static_cast<size_t>(got);
  }
  out.resize(filled);
  return out;
}

void SpoolClaim::remove() {
  if (!claimed_name_.empty()) ::unlinkat(dir_, claimed_name_.c_str(), 0);
  claimed_name_.clear();
}

Result<Spool> Spool::open(const std::string& dir, size_t bytes_max, const Clock& clock) {
  std::error_code ignored;
  const auto parent = std::filesystem::path(dir).parent_path();
  if (!parent.empty()) std::filesystem::create_directories(parent, ignored);
  if (::mkdir(dir.c_str(), 0700) != 0 && errno != EEXIST) return fail(system_error("The spool folder cannot be made"));
  FileDescriptor fd(::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return fail(system_error("The spool folder cannot be opened"));
  return Spool(std::move(fd), bytes_max, clock);
}

std::vector<Spool::Entry> Spool::list() const {
  std::vector<Entry> entries;
  // A descriptor of its own: fdopendir() takes it over, and its position is shared with dup()s.
  const int fd = ::openat(dir_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return entries;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::fdopendir(fd), ::closedir);
  if (!dir) {
    ::close(fd);
    return entries;
  }
  while (const dirent* item = ::readdir(dir.get())) {
    const std::string_view name = item->d_name;
    if (free_name(name).empty()) continue;
    struct stat info{};
    if (::fstatat(dir_.get(), item->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (!S_ISREG(info.st_mode) || info.st_uid != ::geteuid()) continue;
    entries.push_back({.name = std::string(name),
                       .bytes = static_cast<size_t>(info.st_size),
                       .tmp = name.ends_with(kTmp),
                       .modified_micros = int64_t{info.st_mtim.tv_sec} * 1'000'000 + info.st_mtim.tv_nsec / 1000});
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.name < b.name; });
  return entries;
}

std::optional<SpoolClaim> Spool::claim(const Entry& entry) {
  if (entry.tmp && clock_->now().micros - entry.modified_micros < Micros(kSpoolTmpAge).count()) return std::nullopt;
  FileDescriptor file(::openat(dir_.get(), entry.name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat info{};
  if (!file || !is_ours(file.get(), info)) return std::nullopt;
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) return std::nullopt;
  std::string free(free_name(entry.name));
  std::string claimed = free + std::string(kClaimed) + std::to_string(::getpid());
  // Between listing and locking another process may have sent or renamed the file; then this rename fails.
  if (::renameat(dir_.get(), entry.name.c_str(), dir_.get(), claimed.c_str()) != 0) return std::nullopt;
  return SpoolClaim(dir_.get(), std::move(file), std::move(claimed), std::move(free));
}

std::optional<SpoolClaim> Spool::claim_oldest() {
  for (const Entry& entry : list()) {
    if (auto taken = claim(entry)) return taken;
  }
  return std::nullopt;
}

void Spool::make_room(size_t bytes, std::vector<std::string>& evicted) {
  const std::vector<Entry> entries = list();
  size_t total = 0;
  for (const Entry& entry : entries) total += entry.bytes;
  size_t files = entries.size();
  for (const Entry& entry : entries) {
    if (total + bytes <= bytes_max_ && files < kSpoolFilesMax) return;
    auto taken = claim(entry);  // files that others work on are on their way out anyway
    if (!taken) continue;
    evicted.push_back(taken->read());
    taken->remove();
    total -= std::min(total, entry.bytes);
    --files;
  }
}

Status Spool::append(std::string_view lines, std::vector<std::string>& evicted) {
  if (lines.size() > bytes_max_) return fail({.message = "The batch is larger than the spool may be"});
  make_room(lines.size(), evicted);
  char stamp[32];
  std::snprintf(stamp, sizeof stamp, "%020" PRId64, std::max<int64_t>(clock_->now().micros, 0));
  const std::string name =
      std::string(stamp) + "-" + std::to_string(::getpid()) + "-" + hex_encode(random_bytes(8)) + std::string(kSuffix);
  const std::string tmp = name + std::string(kTmp);
  const FileDescriptor file(
      ::openat(dir_.get(), tmp.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return fail(system_error("A spool file cannot be made"));
  ::flock(file.get(), LOCK_EX | LOCK_NB);
  if (!write_all(file.get(), lines) || ::fsync(file.get()) != 0 ||
      ::renameat(dir_.get(), tmp.c_str(), dir_.get(), name.c_str()) != 0) {
    Error error = system_error("A spool file cannot be written");
    ::unlinkat(dir_.get(), tmp.c_str(), 0);
    return fail(std::move(error));
  }
  ::fsync(dir_.get());
  return {};
}

}  // namespace tracia::record
