#include "span_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "control_requests.h"
#include "tracia/base/compress.h"

namespace tracia::app {
namespace {

namespace fs = std::filesystem;

// Compressed at once, each piece a gzip member of its own; readers take them as one file.
constexpr size_t kMemberBytes = 4u << 20;
constexpr int kGzipLevel = 6;
constexpr Millis kProgressEvery{200};

Error cannot_write(const std::string& path, int error) {
  return Error::invalid("cannot write " + (path.empty() ? "the output" : printable(path)) + ": " +
                        std::strerror(error));
}

}  // namespace

Result<std::unique_ptr<SpanFile>> SpanFile::open(const std::string& path, bool gzip) {
  if (path.empty()) return std::unique_ptr<SpanFile>(new SpanFile(STDOUT_FILENO, "", "", gzip));
  std::error_code ignored;
  // A link stays one: what it leads to is replaced.
  const fs::path target = fs::is_symlink(path, ignored) ? fs::weakly_canonical(path, ignored) : fs::path(path);
  if (fs::exists(target, ignored) && !fs::is_regular_file(target, ignored)) {
    return fail(Error::invalid("--output must be a file, which " + printable(path) +
                               " is not; without --output the spans go to standard output"));
  }
  const std::string fresh = target.string() + ".tmp" + std::to_string(::getpid());
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (fd < 0) return fail(cannot_write(path, errno));
  return std::unique_ptr<SpanFile>(new SpanFile(fd, target.string(), fresh, gzip));
}

SpanFile::SpanFile(int fd, std::string path, std::string fresh, bool gzip)
    : fd_(fd),
      path_(std::move(path)),
      fresh_(std::move(fresh)),
      gzip_(gzip),
      progress_(::isatty(STDERR_FILENO) != 0 && ::isatty(fd) == 0) {}

SpanFile::~SpanFile() {
  if (fresh_.empty()) return;
  ::close(fd_);
  if (!finished_) ::unlink(fresh_.c_str());
}

Status SpanFile::write(std::string_view lines) {
  lines_ += static_cast<uint64_t>(std::count(lines.begin(), lines.end(), '\n'));
  bytes_ += lines.size();
  show_progress();
  if (!gzip_) return put(lines);
  pending_ += lines;
  if (pending_.size() < kMemberBytes) return {};
  TRACIA_TRY(put(tracia::gzip(pending_, kGzipLevel)));
  pending_.clear();
  return {};
}

Status SpanFile::finish() {
  // An export without spans is a gzip file too.
  if (gzip_ && (!pending_.empty() || bytes_ == 0)) TRACIA_TRY(put(tracia::gzip(pending_, kGzipLevel)));
  if (!fresh_.empty()) {
    if (::fsync(fd_) != 0) return fail(cannot_write(path_, errno));
    std::error_code error;
    fs::rename(fresh_, path_, error);
    if (error) return fail(cannot_write(path_, error.value()));
  }
  finished_ = true;
  return {};
}

void SpanFile::end_progress() const {
  if (progress_) std::fputs("\r\033[K", stderr);
}

Status SpanFile::put(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t done = ::write(fd_, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0 && errno == EPIPE) return fail({.code = ErrorCode::kAborted, .message = "the reader left"});
    if (done < 0) return fail(cannot_write(path_, errno));
    bytes.remove_prefix(static_cast<size_t>(done));
  }
  return {};
}

void SpanFile::show_progress() {
  if (!progress_) return;
  const SteadyTime now = system_clock().steady();
  if (now - shown_ < kProgressEvery) return;
  shown_ = now;
  std::fprintf(stderr, "\r\033[K%llu spans, %s", static_cast<unsigned long long>(lines_), human_bytes(bytes_).c_str());
}

}  // namespace tracia::app
