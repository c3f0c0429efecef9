// Opening DIR/segments after whatever happened: see span_engine.h.
#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "engine_core.h"
#include "sealed.h"

namespace tracia::store_sqlite {
namespace {

Error unreadable_folder(const std::filesystem::path& folder, const std::error_code& code) {
  return {.code = ErrorCode::kUnavailable, .message = "cannot read " + folder.string() + ": " + code.message()};
}

Result<std::vector<std::string>> names_in(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  std::error_code code;
  for (std::filesystem::directory_iterator it(folder, code), end; !code && it != end; it.increment(code)) {
    names.push_back(it->path().filename().string());
  }
  if (code) return fail(unreadable_folder(folder, code));
  std::sort(names.begin(), names.end());
  return names;
}

// The database that a file beside it belongs to.
std::optional<std::string> database_of(const std::string& name) {
  for (const std::string_view suffix : {"-wal", "-shm"}) {
    if (name.ends_with(suffix)) return name.substr(0, name.size() - suffix.size());
  }
  return std::nullopt;
}

}  // namespace

// What a crash can leave: half a sealed file, the log of a database that is gone.
Status SpanEngine::Impl::clean_folder() {
  std::error_code code;
  const bool made = std::filesystem::create_directories(folder, code);
  if (code) return fail(unreadable_folder(folder, code));
  if (made) TRACIA_TRY(sync_path(folder.parent_path()));
  auto names = names_in(folder);
  if (!names) return fail(std::move(names).error());
  const std::set<std::string> present(names->begin(), names->end());
  for (const std::string& name : *names) {
    const auto database = database_of(name);
    const bool orphan = database && parse_segment_name(*database) && present.count(*database) == 0;
    const bool unfinished = name.ends_with(".tmp") || name.find(".tmp-") != std::string::npos;
    if (orphan || unfinished) std::filesystem::remove(folder / name, code);
  }
  return {};
}

// The newest first: what a merged file replaces need not be opened, and goes, with what it was sealed from.
Status SpanEngine::Impl::open_sealed_files() {
  auto names = names_in(folder);
  if (!names) return fail(std::move(names).error());
  std::map<uint64_t, bool, std::greater<>> numbers;  // and whether there is a sealed file
  for (const std::string& name : *names) {
    if (const auto parsed = parse_segment_name(name)) numbers[parsed->number] |= parsed->kind == SegmentKind::kSealed;
  }
  std::set<uint64_t> replaced;
  for (const auto& [number, sealed] : numbers) {
    const auto file = segment_file(folder, number, SegmentKind::kSealed);
    highest_number_ = std::max(highest_number_, number);
    if (replaced.contains(number)) {
      remove_database(file);
      remove_database(segment_file(folder, number, SegmentKind::kActive));
      continue;
    }
    bool merged = false;
    if (sealed) {
      auto opened = open_sealed(file, pool);
      if (opened) {
        merged = !(*opened)->replaces().empty();
        replaced.insert((*opened)->replaces().begin(), (*opened)->replaces().end());
        segments.add(std::make_shared<StoredSegment>(std::move(*opened), file, SegmentKind::kSealed));
        remove_database(segment_file(folder, number, SegmentKind::kActive));
      } else {
        // The others go on; doctor names this one.
        segments.damage().note(file.filename().string(), opened.error());
      }
    }
    if (!merged) highest_written_ = std::max(highest_written_, number);
  }
  segments.set_last_number(highest_number_);
  return {};
}

Result<std::vector<std::shared_ptr<ActiveSegment>>> SpanEngine::Impl::open_active_files() {
  auto names = names_in(folder);
  if (!names) return fail(std::move(names).error());
  std::vector<std::shared_ptr<ActiveSegment>> active;
  const ActiveOptions how{.vfs = options.vfs, .synchronous_off = options.synchronous_off};
  for (const std::string& name : *names) {
    const auto parsed = parse_segment_name(name);
    if (!parsed || parsed->kind != SegmentKind::kActive) continue;
    std::optional<Error> damage;
    auto opened = ActiveSegment::open(folder / name, parsed->number, how, &damage);
    if (!opened) {
      segments.damage().note(name, opened.error());
      continue;
    }
    if (damage) {
      // What can be read is served; the file stays as it is.
      segments.damage().note(name, *damage, "segment_damaged");
      segments.add(std::make_shared<StoredSegment>(std::move(*opened), folder / name, SegmentKind::kActive));
      continue;
    }
    active.push_back(std::move(*opened));
  }
  return active;
}

Status SpanEngine::Impl::start(std::vector<std::shared_ptr<ActiveSegment>> active) {
  sealer = std::make_unique<Sealer>(folder, options, segments, pool);
  const bool goes_on = !active.empty() && active.back()->info().number == highest_written_;
  if (!goes_on) {
    std::optional<Error> damage;
    const uint64_t number = segments.next_number();
    auto fresh = ActiveSegment::open(segment_file(folder, number, SegmentKind::kActive), number,
                                     {.vfs = options.vfs, .synchronous_off = options.synchronous_off}, &damage);
    if (!fresh) return fail(std::move(fresh).error());
    active.push_back(std::move(*fresh));
  }
  TRACIA_TRY(sync_path(folder));
  TRACIA_TRY(sync_path(folder.parent_path()));
  std::shared_ptr<StoredSegment> last;
  for (size_t i = 0; i < active.size(); ++i) {
    const auto file = segment_file(folder, active[i]->info().number, SegmentKind::kActive);
    last = std::make_shared<StoredSegment>(active[i], file, SegmentKind::kActive);
    const bool current = i + 1 == active.size();
    if (!current && active[i]->info().spans == 0) {
      last->doomed = true;
      continue;
    }
    last->taking = current;
    segments.add(last);
    if (!current) sealer->push(last, active[i]);
  }
  int64_t last_stamp = deletions->received_mark();
  const auto list = segments.list();
  for (const auto& stored : *list) {
    last_stamp = std::max(last_stamp, stored->segment->info().max_received.micros);
  }
  writer = std::make_unique<Writer>(Writer::Parts{.folder = folder,
                                                  .options = options,
                                                  .segments = segments,
                                                  .deletions = *deletions,
                                                  .listeners = listeners,
                                                  .sealer = *sealer,
                                                  .beside = beside},
                                    std::move(last), std::move(active.back()), last_stamp);
  return {};
}

Status SpanEngine::Impl::recover() {
  TRACIA_TRY(clean_folder());
  auto opened = Deletions::open(folder.parent_path() / "deletions.db", options.vfs, options.synchronous_off);
  if (!opened) return fail(std::move(opened).error());
  deletions = std::move(*opened);
  TRACIA_TRY(open_sealed_files());
  auto active = open_active_files();
  if (!active) return fail(std::move(active).error());
  return start(std::move(*active));
}

}  // namespace tracia::store_sqlite
