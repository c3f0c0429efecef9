// The segments there are, as a list that readers take whole: a seal or a drop changes the list, never what a reader
// holds. Files go when the last reader lets go of them.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "damage.h"
#include "db.h"
#include "segment.h"

namespace tracia::store_sqlite {

enum class SegmentKind { kActive, kSealed };

std::filesystem::path segment_file(const std::filesystem::path& folder, uint64_t number, SegmentKind kind);
struct SegmentName {
  uint64_t number = 0;
  SegmentKind kind = SegmentKind::kActive;
};
std::optional<SegmentName> parse_segment_name(const std::string& name);  // of a file in DIR/segments

// Removes a database and its log. What is not there is no error.
void remove_database(const std::filesystem::path& file);
Status sync_path(const std::filesystem::path& path);  // fsync of a file or a folder

uint64_t inode_of(const std::filesystem::path& file);  // 0: there is none

// A segment and its file.
struct StoredSegment {
  StoredSegment(std::shared_ptr<const Segment> opened, std::filesystem::path path, SegmentKind what)
      : segment(std::move(opened)),
        file(std::move(path)),
        kind(what),
        number(segment->info().number),
        inode(inode_of(file)) {}
  ~StoredSegment();
  StoredSegment(const StoredSegment&) = delete;
  StoredSegment& operator=(const StoredSegment&) = delete;

  // Whether to go on without what could not be read; then it is noted. Other errors may pass, and fail the call.
  bool skips(const Error& error) const {
    if (damage == nullptr || !is_damage(error)) return false;
    damage->note(file.filename().string(), error);
    return true;
  }

  std::shared_ptr<const Segment> segment;
  const std::filesystem::path file;
  const SegmentKind kind;
  const uint64_t number;
  const uint64_t inode;             // of the file when it was opened; another one has taken its place when it differs
  Damage* damage = nullptr;         // the set's, once it is in one
  std::atomic<bool> taking{false};  // new spans: retention leaves it alone
  std::atomic<bool> doomed{false};  // its file goes with it
};

// Thread-safe.
class SegmentSet {
 public:
  using List = std::vector<std::shared_ptr<StoredSegment>>;

  explicit SegmentSet(Damage::Report report) : damage_(std::move(report)) {}
  Damage& damage() { return damage_; }
  std::shared_ptr<const List> list() const;
  void add(std::shared_ptr<StoredSegment> segment);
  // Notes sealed files that somebody has removed or replaced as damage: they are read while they are open, and gone
  // after that.
  void note_missing_files();
  // `old` leave, their files with them; `replacement` may be null. False: one of them was no longer there; then nothing
  // is done.
  bool replace(const List& old, std::shared_ptr<StoredSegment> replacement);
  // The segment of that number, also when it has been replaced but somebody still holds it; null: it is gone.
  std::shared_ptr<StoredSegment> find(uint64_t number) const;

  // Numbers for new segments: each once, all after `last`.
  void set_last_number(uint64_t last) { last_number_ = last; }
  uint64_t next_number() { return ++last_number_; }

 private:
  Damage damage_;
  std::atomic<uint64_t> last_number_{0};
  mutable std::mutex mutex_;
  std::shared_ptr<const List> list_ = std::make_shared<const List>();
  std::vector<std::weak_ptr<StoredSegment>> replaced_;  // as long as somebody holds them
};

}  // namespace tracia::store_sqlite
