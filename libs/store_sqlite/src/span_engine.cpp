#include "span_engine.h"

#include <algorithm>

#include "engine_core.h"
#include "files.h"

namespace tracia::store_sqlite {
namespace {

size_t bytes_of(const span::Span& span) {
  size_t bytes = sizeof(PendingSpan) + span.input_json.size() + span.variables_json.size() + span.tools_json.size() +
                 span.tool_calls_json.size() + span.structured_output_json.size() + span.attributes_json.size() +
                 span.usage_raw_json.size() + span.error.size() + (span.output ? span.output->size() : 0);
  for (const auto& attempt : span.attempts) bytes += attempt.message.size();
  return bytes;
}

// Frees what the split has taken over. `error` stays: the row says whether there is one.
void drop_payload(span::Span& span) {
  span.input_json = {};
  span.variables_json = {};
  span.output.reset();
  span.structured_output_json = {};
  span.tools_json = {};
  span.tool_calls_json = {};
  span.usage_raw_json = {};
  span.attempts = {};
  span.attributes_json = {};
}

PendingSpan pending_of(store::NewSpan&& given) {
  PendingSpan pending;
  pending.project_id = std::move(given.project_id);
  pending.split = split(given.span);
  pending.key = span_key(pending.project_id, given.span.span_id);
  drop_payload(given.span);
  pending.span.span = std::move(given.span);
  pending.span.prompt_id = std::move(given.prompt_id);
  pending.span.cost = given.cost;
  pending.span.cost_status = given.cost_status;
  return pending;
}

}  // namespace

SpanEngine::SpanEngine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SpanEngine::~SpanEngine() = default;

Result<std::unique_ptr<SpanEngine>> SpanEngine::open(const std::filesystem::path& dir, const Options& options,
                                                     std::function<Status()> beside) {
  auto impl = std::make_unique<Impl>(dir, options);
  impl->beside = std::move(beside);
  TRACIA_TRY(impl->recover());
  return std::unique_ptr<SpanEngine>(new SpanEngine(std::move(impl)));
}

void SpanEngine::append(std::vector<store::NewSpan> spans, store::AppendCallback done) {
  size_t bytes = 0;
  for (const auto& given : spans) bytes += bytes_of(given.span);
  if (!impl_->writer->reserve(spans.size(), bytes)) return impl_->writer->refuse(spans.size(), std::move(done));
  std::vector<PendingSpan> pending;
  pending.reserve(spans.size());
  for (auto& given : spans) pending.push_back(pending_of(std::move(given)));
  impl_->writer->push(std::move(pending), bytes, std::move(done));
}

std::shared_ptr<void> SpanEngine::listen(Listener listener) { return impl_->listeners.add(std::move(listener)); }

Result<bool> SpanEngine::remove(const std::string& project_id, const std::string& span_id,
                                const std::string& trace_id) {
  auto found = get(project_id, span_id, trace_id);
  if (!found) return fail(std::move(found).error());
  if (!*found) return false;
  const auto removed = impl_->deletions->add(project_id, {**found});
  if (!removed) return fail(removed.error());
  return *removed > 0;
}

Result<uint64_t> SpanEngine::remove_all(const std::string& project_id, const std::vector<store::StoredSpan>& spans) {
  return impl_->deletions->add(project_id, spans);
}

Status SpanEngine::health() const {
  TRACIA_TRY(impl_->writer->health());
  return impl_->beside ? impl_->beside() : Status{};
}

store::SpanStoreStats SpanEngine::stats() const {
  store::SpanStoreStats stats;
  const auto list = impl_->segments.list();
  for (const auto& stored : *list) {
    const SegmentInfo info = stored->segment->info();
    stats.spans += info.spans;
    stats.disk_bytes += info.bytes;
    if (stored->kind == SegmentKind::kSealed) ++stats.segments;
    stats.unindexed_spans += stored->segment->unindexed_spans();
  }
  stats.spans -= std::min(stats.spans, impl_->deletions->count());
  const auto damaged = impl_->segments.damage().files();
  stats.unreadable_segments = damaged.size();
  if (!damaged.empty()) stats.unreadable = damaged.begin()->first + ": " + damaged.begin()->second;
  stats.seal_lag_ms = stats.index_lag_ms = impl_->sealer->lag_ms();  // the sealer makes the index
  impl_->writer->fill(stats);
  return stats;
}

Result<uint64_t> SpanEngine::drop_before(Timestamp before) {
  const std::unique_lock dropping(impl_->dropping, std::try_to_lock);
  if (!dropping) return 0;  // a backup is being made: the next run finds them
  TRACIA_TRY(impl_->writer->rotate([&](const SegmentInfo& info) {
    return info.max_start < before ||
           impl_->deletions->count_between(info.min_received, info.max_received) >= info.spans;
  }));
  uint64_t dropped = 0;
  auto list = impl_->segments.list();
  for (size_t i = 0; i < list->size(); ++i) {
    const auto stored = (*list)[i];
    // Old as they may be, its spans are followed by others.
    if (stored->taking) continue;
    const SegmentInfo info = stored->segment->info();
    const uint64_t deleted = impl_->deletions->count_between(info.min_received, info.max_received);
    if (info.spans == 0 || (info.max_start >= before && deleted < info.spans)) continue;
    // The mark first: the stamps of what is dropped must not be given again.
    TRACIA_TRY(impl_->deletions->mark_received(info.max_received));
    if (!impl_->segments.replace({stored}, nullptr)) {
      // Sealed, merged or dropped by another call, at this moment: look at what is there now.
      list = impl_->segments.list();
      i = SIZE_MAX;
      continue;
    }
    TRACIA_TRY(impl_->deletions->forget(info.min_received, info.max_received));
    impl_->segments.damage().forget(stored->file.filename().string());
    dropped += info.spans - std::min(info.spans, deleted);
    impl_->report("segment_dropped", stored->file.filename().string());
  }
  return dropped;
}

Status SpanEngine::seal() {
  TRACIA_TRY(impl_->writer->rotate([](const SegmentInfo&) { return true; }));
  return impl_->sealer->wait();
}

Status SpanEngine::backup_to(const std::filesystem::path& to, const Copied& copied) {
  namespace fs = std::filesystem;
  std::error_code code;
  fs::create_directories(to / "segments", code);
  const auto failed = [&](const fs::path& file) {
    return fail({.code = ErrorCode::kUnavailable, .message = "cannot copy " + file.string() + ": " + code.message()});
  };
  if (code) return failed(to);
  const auto finish = [&](const fs::path& name) -> Status {
    TRACIA_TRY(sync_path(to / name));
    const auto size = fs::file_size(to / name, code);
    if (code) return failed(name);
    if (copied) copied(name, size);
    return {};
  };
  const std::lock_guard no_drops(impl_->dropping);
  // Segments first: a span deleted meanwhile is then deleted in the copy as well. What the list holds stays on disk.
  const auto list = impl_->segments.list();
  auto damaged = impl_->segments.damage().files();
  for (const auto& stored : *list) {
    const fs::path name = fs::path("segments") / stored->file.filename();
    if (stored->kind == SegmentKind::kActive && !stored->taking && damaged.count(name.filename()) > 0) continue;
    damaged.erase(name.filename());
    if (const auto* active = dynamic_cast<const ActiveSegment*>(stored->segment.get())) {
      TRACIA_TRY(active->copy_to(to / name));
    } else if (!fs::copy_file(stored->file, to / name, code)) {
      return failed(name);
    }
    TRACIA_TRY(finish(name));
  }
  // What cannot be read is nobody's to write: byte for byte, as somebody may yet mend it.
  for (const auto& [file, why] : damaged) {
    for (const std::string& part : {file, file + "-wal"}) {
      const fs::path name = fs::path("segments") / part;
      if (!fs::exists(impl_->folder / part, code)) continue;
      const auto same = copy_file(impl_->folder / part, to / name, 0600);
      if (!same) return fail(same.error());
      TRACIA_TRY(finish(name));
    }
  }
  TRACIA_TRY(impl_->deletions->copy_to(to / "deletions.db"));
  TRACIA_TRY(finish("deletions.db"));
  TRACIA_TRY(sync_path(to / "segments"));
  return sync_path(to);
}

}  // namespace tracia::store_sqlite
