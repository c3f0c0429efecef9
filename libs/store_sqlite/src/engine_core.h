// The parts of the span engine, shared by the files that implement it.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>

#include "deletions.h"
#include "group_parts.h"
#include "listeners.h"
#include "merge.h"
#include "reader_pool.h"
#include "sealer.h"
#include "segment_set.h"
#include "span_engine.h"
#include "writer.h"

namespace tracia::store_sqlite {

struct SpanEngine::Impl {
  Impl(const std::filesystem::path& dir, Options options)
      : folder(dir / "segments"),
        options(std::move(options)),
        pool(std::make_shared<ReaderPool>(this->options.vfs)),
        segments(this->options.on_event) {}

  const std::filesystem::path folder;
  const Options options;
  const std::shared_ptr<ReaderPool> pool;
  std::unique_ptr<Deletions> deletions;
  SegmentSet segments;
  Listeners listeners;
  std::function<Status()> beside;  // may be empty
  std::mutex dropping;             // held by a backup: what it copies must not lose its deletions meanwhile
  std::unique_ptr<Sealer> sealer;
  std::unique_ptr<Writer> writer;  // last: it uses all the others

  // span_reads.cpp; nullopt: no such trace.
  Result<std::optional<store::TraceSummary>> trace_summary(const std::shared_ptr<const SegmentSet::List>& list,
                                                           const std::string& project_id,
                                                           const std::string& trace_id) const;

  // span_recovery.cpp
  Status recover();
  Status clean_folder();
  Status open_sealed_files();
  Result<std::vector<std::shared_ptr<ActiveSegment>>> open_active_files();
  Status start(std::vector<std::shared_ptr<ActiveSegment>> active);
  void report(std::string_view event, std::string_view detail) const {
    if (options.on_event) options.on_event(event, detail);
  }

 private:
  uint64_t highest_number_ = 0;
  uint64_t highest_written_ = 0;  // of those that took spans: merged ones are numbered later than what is in them
};

}  // namespace tracia::store_sqlite
