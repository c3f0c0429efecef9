#include "segment_set.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace tracia::store_sqlite {
namespace {

constexpr std::string_view kActiveSuffix = ".active.db";
constexpr std::string_view kSealedSuffix = ".sealed.db";
constexpr size_t kDigitsMax = 18;

}  // namespace

std::filesystem::path segment_file(const std::filesystem::path& folder, uint64_t number, SegmentKind kind) {
  std::string digits = std::to_string(number);
  if (digits.size() < 6) digits.insert(0, 6 - digits.size(), '0');
  return folder / (digits + std::string(kind == SegmentKind::kActive ? kActiveSuffix : kSealedSuffix));
}

std::optional<SegmentName> parse_segment_name(const std::string& name) {
  SegmentName parsed;
  const size_t digits = std::min(name.find('.'), name.size());
  if (digits < 6 || digits > kDigitsMax) return std::nullopt;
  for (size_t i = 0; i < digits; ++i) {
    if (name[i] < '0' || name[i] > '9') return std::nullopt;
    parsed.number = parsed.number * 10 + static_cast<uint64_t>(name[i] - '0');
  }
  const std::string_view suffix = std::string_view(name).substr(digits);
  if (suffix != kActiveSuffix && suffix != kSealedSuffix) return std::nullopt;
  parsed.kind = suffix == kActiveSuffix ? SegmentKind::kActive : SegmentKind::kSealed;
  return parsed;
}

void remove_database(const std::filesystem::path& file) {
  std::error_code ignored;
  // The database first: a log without one is swept up at the next start, a database without its log has lost spans.
  std::filesystem::remove(file, ignored);
  std::filesystem::remove(file.string() + "-wal", ignored);
  std::filesystem::remove(file.string() + "-shm", ignored);
}

Status sync_path(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = fd >= 0 && ::fsync(fd) == 0;
  const int code = errno;
  if (fd >= 0) ::close(fd);
  if (synced) return {};
  return fail({.code = ErrorCode::kUnavailable,
               .message = "cannot sync " + path.filename().string() + ": " + std::strerror(code)});
}

uint64_t inode_of(const std::filesystem::path& file) {
  struct stat found{};
  return ::stat(file.c_str(), &found) == 0 ? found.st_ino : 0;
}

StoredSegment::~StoredSegment() {
  segment.reset();  // closes its connections
  if (doomed) remove_database(file);
}

std::shared_ptr<const SegmentSet::List> SegmentSet::list() const {
  const std::lock_guard lock(mutex_);
  return list_;
}

void SegmentSet::add(std::shared_ptr<StoredSegment> segment) {
  segment->damage = &damage_;
  const std::lock_guard lock(mutex_);
  auto next = std::make_shared<List>(*list_);
  next->push_back(std::move(segment));
  list_ = std::move(next);
}

void SegmentSet::note_missing_files() {
  const auto segments = list();
  for (const auto& stored : *segments) {
    if (stored->kind != SegmentKind::kSealed) continue;
    const uint64_t inode = inode_of(stored->file);
    if (inode == stored->inode) continue;
    // Merged or dropped since we asked: it went the right way.
    const auto now = list();
    if (std::find(now->begin(), now->end(), stored) == now->end()) continue;
    damage_.note(stored->file.filename().string(),
                 {.code = ErrorCode::kUnavailable,
                  .kind = kDamage,
                  .message = inode == 0 ? "the file is missing" : "the file was replaced"});
  }
}

bool SegmentSet::replace(const List& old, std::shared_ptr<StoredSegment> replacement) {
  if (replacement) replacement->damage = &damage_;
  std::shared_ptr<const List> last;  // freed outside the lock: it may hold the last use of a file
  const std::lock_guard lock(mutex_);
  auto next = std::make_shared<List>(*list_);
  for (const auto& one : old) {
    if (std::erase(*next, one) == 0) return false;
  }
  if (replacement) next->push_back(std::move(replacement));
  std::erase_if(replaced_, [](const auto& one) { return one.expired(); });
  for (const auto& one : old) {
    one->doomed = true;
    replaced_.emplace_back(one);
  }
  last = std::move(list_);
  list_ = std::move(next);
  return true;
}

std::shared_ptr<StoredSegment> SegmentSet::find(uint64_t number) const {
  std::vector<std::shared_ptr<StoredSegment>> looked_at;  // freed outside the lock, as above
  const std::lock_guard lock(mutex_);
  for (const auto& stored : *list_) {
    if (stored->number == number) return stored;
  }
  for (const auto& one : replaced_) {
    if (auto stored = one.lock()) looked_at.push_back(std::move(stored));
    if (!looked_at.empty() && looked_at.back()->number == number) return looked_at.back();
  }
  return nullptr;
}

}  // namespace tracia::store_sqlite
