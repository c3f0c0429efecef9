// The embedded SpanStore: time segments in DIR/segments (docs/formats), of which one, the active one, takes what
// is new. DataDirectory holds the directory's lock and constructs the engine; nobody else opens these files to write.
//
//   append() ─ split and encode on the caller's thread ─► queue ─► Writer: stamp, find duplicates, one transaction for
//   all that waits, one fsync ─► memory ─► callbacks ─► listeners
//   active segment full or old ─► a new active one; the Sealer turns the old one into a sealed file in the background
//
// Recovery, at open(): *.tmp goes; a sealed file beats the active one of its number; what is left active is indexed by
// one scan, and sealed unless it is the newest.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tracia/base/result.h"
#include "tracia/store/analytics.h"
#include "tracia/store/span_parts.h"
#include "tracia/store/span_store.h"
#include "tracia/store_sqlite/data_directory.h"

namespace tracia::store_sqlite {

// Thread-safe but for open and destruction. The destructor writes what was accepted; a seal under way is given up, and
// done again by the next open().
class SpanEngine final : public store::SpanStore, public store::SpanParts {
 public:
  // Makes DIR/segments and DIR/deletions.db when missing; DIR itself must exist. Errors: kUnavailable with the file.
  // `beside`: the health of what lies beside the spans, which must outlive the engine; it is part of health(), and its
  // failures are reported, but it stops no writing of spans.
  static Result<std::unique_ptr<SpanEngine>> open(const std::filesystem::path& dir, const Options& options,
                                                  std::function<Status()> beside = {});
  ~SpanEngine() override;

  void append(std::vector<store::NewSpan> spans, store::AppendCallback done) override;
  Result<store::SpanPage> list(const std::string& project_id, const store::SpanFilter& filter,
                               const store::ListOptions& options) override;
  Result<std::optional<store::StoredSpan>> get(const std::string& project_id, const std::string& span_id,
                                               const std::string& trace_id) override;
  Result<bool> remove(const std::string& project_id, const std::string& span_id, const std::string& trace_id) override;
  Result<uint64_t> remove_all(const std::string& project_id, const std::vector<store::StoredSpan>& spans) override;
  Result<std::vector<store::StoredSpan>> trace(const std::string& project_id, const std::string& trace_id,
                                               size_t limit) override;
  Result<store::TracePage> traces(const std::string& project_id, const store::SpanFilter& filter,
                                  const store::ListOptions& options) override;
  Result<store::GroupPage> groups(const std::string& project_id, store::GroupBy by, const store::SpanFilter& filter,
                                  const store::ListOptions& options) override;
  Result<store::AnalyticsResult> analytics(const std::string& project_id, const store::AnalyticsQuery& query,
                                           const std::vector<store::SpanScore>& scores) override;
  Result<std::vector<store::StoredSpan>> received_after(const std::string& project_id, Timestamp stamp,
                                                        size_t limit) override;
  std::shared_ptr<void> listen(Listener listener) override;
  Result<uint64_t> drop_before(Timestamp before) override;
  std::vector<store::SpanPart> parts() const override;  // the segments
  Result<store::SpanPage> list_part(uint64_t part, const std::string& project_id, const store::SpanFilter& filter,
                                    const store::ListOptions& options) override;
  store::SpanStoreStats stats() const override;
  Status health() const override;

  // Copies deletions.db and segments/ to `to` (an existing, empty directory), synced, while serving goes on:
  // everything acknowledged before the call is in the copy, and perhaps some of what came after. `copied` is told each
  // file, relative to `to`, and its size. Segments are not dropped meanwhile.
  using Copied = std::function<void(const std::filesystem::path& file, uint64_t bytes)>;
  Status backup_to(const std::filesystem::path& to, const Copied& copied);

  // Closes the active segment, if it holds a span, and waits until all closed ones are sealed. For tools and tests.
  Status seal();

 private:
  struct Impl;
  explicit SpanEngine(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tracia::store_sqlite
