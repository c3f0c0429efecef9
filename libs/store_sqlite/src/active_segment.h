// The active segment: what is being written. Append-only, so that a commit touches the last pages of two tables and
// nothing else; every lookup is in memory, rebuilt at open by one scan of `spans`.
//
//   NNNNNN.active.db, SQLite in WAL mode, user_version 1:
//     spans(seq INTEGER PRIMARY KEY, record BLOB)    seq = the receive stamp in microseconds
//     payloads(seq INTEGER PRIMARY KEY, data BLOB)   read only when a span is opened, and at seal
//
//   record   project id: varint length, text
//            row: varint length, encode_row()
//            fresh contents: varint count, then of each its BLAKE2b-128 (16 bytes) and its length (varint)
//   data     detail: varint length, encode_detail()
//            the fresh contents, one after another
//
// A content is fresh in the first span that brings it; later spans of the project name it by its number. Contents are
// numbered from 0 over the segment, in the order of `spans`.
#pragma once

#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "active_words.h"
#include "db.h"
#include "key_index.h"
#include "record.h"
#include "segment.h"
#include "signature.h"

namespace tracia::store_sqlite {

struct ActiveOptions {
  std::string vfs;
  bool synchronous_off = false;  // tests
};

// Reads: as Segment says. Writes: one thread at a time (the Writer's), beside any number of readers.
class ActiveSegment final : public Segment {
 public:
  // Made when missing. `damage` gets what could not be read of an existing file: the rest of it is served, but it must
  // be neither written nor sealed. Errors: kUnavailable with the file's name.
  static Result<std::shared_ptr<ActiveSegment>> open(const std::filesystem::path& file, uint64_t number,
                                                     const ActiveOptions& options, std::optional<Error>* damage);
  ~ActiveSegment() override;

  // Writing: begin, insert…, commit; after an error, rollback. Spans become visible when commit() is through, and it
  // returns when they are durable. Receive stamps must grow.
  Status begin();
  Status insert(const std::string& project_id, const store::StoredSpan& span, uint64_t key, const Split& split);
  Status commit();
  void rollback();
  // Among what is written, the open transaction included. trace_id "" = the newest of that id. Writer's thread only.
  std::optional<store::StoredSpan> find_written(const std::string& project_id, const std::string& span_id,
                                                const std::string& trace_id, uint64_t key) const;
  // Moves what the log holds into the file; the log is used again from its start once no reader needs it.
  Status checkpoint();
  uint64_t log_bytes() const;                                // written since the last checkpoint
  void make_room_in_log();                                   // so that the next commits find the file long enough
  uint64_t payload_bytes() const { return payload_bytes_; }  // records and payloads. Writer's thread only
  uint64_t spans() const { return entries_.size(); }         // visible ones. Writer's thread only
  Timestamp first_received() const;                          // of a segment with spans. Writer's thread only
  Status probe();                                            // writes a page, to see whether the disk takes it
  Status in_place() const { return db_.in_place(); }         // as Db::in_place
  // Spans that index_words() would come to. Writer's thread only.
  uint64_t spans_to_index() const { return words_.full() ? 0 : entries_.size() - words_.spans(); }

  // Brings the words of the spans that came since into memory, where searches find them. It may take long, is ended by
  // an error of `pause`, which is called now and then, and goes on where it ended. Beside the writer and readers; one
  // thread at a time.
  Status index_words(const std::function<Status()>& pause) const;

  // Reading.
  SegmentInfo info() const override;
  uint64_t unindexed_spans() const override;
  Result<std::unique_ptr<SegmentCursor>> query(const std::string& project_id, const store::SpanFilter& filter,
                                               const std::optional<store::Position>& after) const override;
  Result<std::vector<store::StoredSpan>> trace(const std::string& project_id, const std::string& trace_id,
                                               size_t limit) const override;
  Result<std::optional<store::StoredSpan>> find(const std::string& project_id, const std::string& span_id,
                                                const std::string& trace_id, Load what) const override;
  Result<std::vector<store::StoredSpan>> received_after(const std::string& project_id, Timestamp stamp,
                                                        size_t limit) const override;
  bool may_have(uint64_t) const override { return true; }  // find() is as quick
  Result<std::unique_ptr<GroupCursor>> groups(const std::string& project_id, store::GroupBy by) const override;
  Result<std::optional<GroupPart>> group(const std::string& project_id, store::GroupBy by,
                                         const std::string& key) const override;

  // A span by its place in the order of sealed segments: by project, then newest first.
  struct Placed {
    std::string_view project_id, row;
    int64_t seq;
  };
  std::vector<Placed> sorted() const;  // of a segment that nobody writes any more
  // One read connection; one thread at a time. What it gives stays valid until its next call.
  class Reader {
   public:
    Reader(const ActiveSegment* segment, Db db, Statement payload)
        : segment_(segment), db_(std::move(db)), payload_(std::move(payload)) {}
    // From here on all reads share one look at the file, which saves locking it for each. For one who reads a lot.
    Status hold() { return db_.exec("BEGIN"); }
    Status release() { return db_.exec("COMMIT"); }
    Result<std::string_view> detail(int64_t seq);
    Result<std::string_view> content(uint64_t number);

   private:
    Status read(int64_t seq);
    const ActiveSegment* segment_;
    Db db_;
    Statement payload_;
    std::optional<int64_t> seq_;  // whose payload data_ is
    std::string data_;
  };
  Result<std::unique_ptr<Reader>> reader() const;
  // A copy as one file, with all that was committed before the call.
  Status copy_to(const std::filesystem::path& file) const;

 private:
  Status add_words(Reader& reader, std::string_view row) const;
  Status add_words(Reader& reader, const std::vector<std::string_view>& rows) const;
  friend class ActiveCursor;
  friend class ActiveGroups;
  struct Entry {
    store::Position position;
    std::string_view row;  // in rows_
    Signature signature;
    uint32_t project = 0;
  };
  struct ContentPlace {
    uint32_t span = 0;    // whose payload holds it
    uint32_t offset = 0;  // from the end of the detail
    uint32_t length = 0;
  };
  // A span on its way: in the transaction, not yet visible.
  struct Staged {
    Entry entry;
    std::string row;
    uint64_t key = 0, trace_key = 0, session_key = 0, user_key = 0;
  };

  ActiveSegment(std::filesystem::path file, uint64_t number, ActiveOptions options, Db db);
  Status create_tables();
  Status prepare();
  Status scan();
  Status load_record(std::string_view record);
  uint32_t project_number(const std::string& project_id);
  std::optional<uint32_t> known_project(const std::string& project_id) const;
  std::optional<uint64_t> known_content(uint32_t project, const ContentHash& hash) const;
  void add_content(uint32_t project, const ContentHash& hash);
  Result<Staged> stage(uint32_t project, std::string row) const;
  std::string_view keep_row(std::string_view row);
  void add_entry(Staged& staged);
  void publish();
  // Newest first; `span_key` is that of the project and the span id.
  std::optional<std::string_view> find_row(uint32_t project, uint64_t key, const std::string& span_id,
                                           const std::string& trace_id) const;
  Result<store::StoredSpan> load(const Row& row, Load what) const;
  Result<std::string> error_text(Reader& reader, int64_t seq) const;

  const std::filesystem::path file_;
  const uint64_t number_;
  const ActiveOptions options_;

  // The writer's own.
  Db db_;
  std::optional<Statement> insert_span_, insert_payload_, begin_, commit_;
  std::vector<Staged> staged_;
  std::vector<ContentPlace> staged_places_;
  std::unordered_multimap<uint64_t, uint32_t> staged_keys_;  // span key -> number in staged_
  KeyIndex content_index_;
  std::vector<ContentHash> content_hashes_;
  std::vector<uint32_t> content_projects_;
  uint64_t checkpointed_bytes_ = 0;  // of the log, by the last checkpoint
  uint64_t log_seen_bytes_ = 0;      // by the last make_room_in_log()
  uint64_t payload_bytes_ = 0, staged_bytes_ = 0;
  std::string record_, data_;  // buffers

  // Shared with readers; the writer alone changes it, so it may read without the lock.
  mutable std::shared_mutex mutex_;
  std::vector<std::string> projects_;
  std::unordered_map<std::string, uint32_t> project_numbers_;
  std::deque<Entry> entries_;    // by receive stamp
  std::vector<uint32_t> order_;  // by position, oldest first
  KeyIndex span_index_, trace_index_, session_index_, user_index_;
  std::vector<ContentPlace> places_;
  std::vector<std::unique_ptr<char[]>> rows_;  // chunks that never move
  char* rows_at_ = nullptr;                    // free space of the last one
  size_t rows_left_ = 0;

  mutable ActiveWords words_;  // of the first entries_; only a help to find what the file holds

  // Borrowed read connections. Few: as many as there are threads that read.
  class Lease {
   public:
    Lease(const ActiveSegment* segment, std::unique_ptr<Reader> reader)
        : segment_(segment), reader_(std::move(reader)) {}
    Lease(Lease&&) noexcept = default;
    ~Lease();
    Reader& operator*() const { return *reader_; }

   private:
    const ActiveSegment* segment_;
    std::unique_ptr<Reader> reader_;
  };
  Result<Lease> borrow() const;
  mutable std::mutex readers_mutex_;
  mutable std::vector<std::unique_ptr<Reader>> idle_readers_;
};

}  // namespace tracia::store_sqlite
