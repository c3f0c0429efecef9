#include "sealer.h"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <set>

#include "merge_plan.h"
#include "sealed.h"

namespace tracia::store_sqlite {
namespace {

constexpr std::chrono::seconds kRetryDelay{5};

// Requests go first where processors are short. Best effort: it only matters for how long others wait.
void yield_to_requests() {
  constexpr int kNice = 10;
  const auto thread = static_cast<id_t>(::gettid());
  if (::getpriority(PRIO_PROCESS, thread) < kNice) (void)::setpriority(PRIO_PROCESS, thread, kNice);
}

// Of the segments that were there at the start, which is not held up by them.
void load_filters(const SegmentSet& segments, const Options& options, const std::function<Status()>& go_on) {
  const auto list = segments.list();
  for (size_t i = 0; i < list->size() && go_on(); ++i) {
    const StoredSegment& stored = *(*list)[i];
    const Status loaded = load_filter(*stored.segment);
    if (loaded || stored.skips(loaded.error()) || !options.on_event) continue;
    options.on_event("filter_not_loaded", loaded.error().message);
  }
}

}  // namespace

Sealer::Sealer(std::filesystem::path folder, const Options& options, SegmentSet& segments,
               std::shared_ptr<ReaderPool> pool)
    : folder_(std::move(folder)), options_(options), segments_(segments), pool_(std::move(pool)) {
  thread_ = std::thread([this] { run(); });
}

Sealer::~Sealer() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Sealer::push(std::shared_ptr<StoredSegment> stored, std::shared_ptr<const ActiveSegment> active) {
  {
    const std::lock_guard lock(mutex_);
    const uint64_t spans = active->info().spans;
    jobs_.push_back({std::move(stored), std::move(active), options_.clock->steady(), spans});
  }
  changed_.notify_all();
}

void Sealer::index_words(std::shared_ptr<const ActiveSegment> active) {
  {
    const std::lock_guard lock(mutex_);
    growing_ = std::move(active);
  }
  changed_.notify_all();
}

Status Sealer::wait() {
  std::unique_lock lock(mutex_);
  failure_.reset();
  changed_.wait(lock, [&] { return (jobs_.empty() && idle_) || failure_ || stop_; });
  if (failure_) return fail(*failure_);
  return {};
}

uint64_t Sealer::spans_waiting() const {
  const std::lock_guard lock(mutex_);
  uint64_t spans = 0;
  for (const Job& job : jobs_) spans += job.spans;
  return spans;
}

int64_t Sealer::lag_ms() const {
  const std::lock_guard lock(mutex_);
  if (jobs_.empty()) return 0;
  const auto oldest =
      std::min_element(jobs_.begin(), jobs_.end(), [](const Job& a, const Job& b) { return a.since < b.since; });
  return std::chrono::duration_cast<Millis>(options_.clock->steady() - oldest->since).count();
}

bool Sealer::idle() const {
  const std::lock_guard lock(mutex_);
  return jobs_.empty() && idle_;
}

Status Sealer::stopping() const {
  const std::lock_guard lock(mutex_);
  if (stop_) return fail({.code = ErrorCode::kAborted, .message = "the store is closing"});
  return {};
}

void Sealer::report(std::string_view event, std::string_view detail) const {
  if (options_.on_event) options_.on_event(event, detail);
}

void Sealer::run() {
  ::pthread_setname_np(::pthread_self(), "tracia-seal");
  yield_to_requests();
  load_filters(segments_, options_, [this] { return stopping(); });
  while (true) {
    index_growing();
    const Status sealed = seal_waiting();
    const SegmentSet::List parts = sealed ? due() : SegmentSet::List();
    const Status merged = parts.empty() ? Status{} : merge(parts);
    if (!merged && stopping()) report("merge_failed", merged.error().message);
    std::unique_lock lock(mutex_);
    if (stop_) return;
    if (sealed && merged && !parts.empty()) continue;
    if (!merged) failure_ = merged.error();
    idle_ = true;
    changed_.notify_all();
    if (sealed && merged) {
      changed_.wait(lock, [&] { return stop_ || growing_ || !jobs_.empty(); });
    } else {
      changed_.wait_for(lock, kRetryDelay, [&] { return stop_; });
    }
    idle_ = false;
    if (stop_) return;
  }
}

// Asked for now and then during all long work: what is not indexed is read by every search.
void Sealer::index_growing() {
  std::shared_ptr<const ActiveSegment> active;
  {
    const std::lock_guard lock(mutex_);
    active.swap(growing_);
  }
  // What it failed at is read without it, and the writer asks again.
  if (active) (void)active->index_words([this] { return stopping(); });
}

// Until none waits, or one fails.
Status Sealer::seal_waiting() {
  while (true) {
    TRACIA_TRY(stopping());
    {
      const std::lock_guard lock(mutex_);
      if (jobs_.empty()) return {};
    }
    TRACIA_TRY(seal_next());
  }
}

Status Sealer::seal_next() {
  Job job;
  {
    const std::lock_guard lock(mutex_);
    job = jobs_.front();
  }
  Status sealed = seal(job);
  if (!sealed && stopping()) {
    (void)job.stored->skips(sealed.error());  // named until it is gone
    report("seal_failed", job.stored->file.filename().string() + ": " + sealed.error().message);
  }
  {
    const std::lock_guard lock(mutex_);
    jobs_.pop_front();
    if (!sealed) {
      failure_ = sealed.error();
      jobs_.push_back(job);  // behind the others, which may have better luck
    }
  }
  job = {};  // the last use of the old file removes it: outside the lock
  changed_.notify_all();
  return sealed;
}

Status Sealer::build(const Job& job, const std::filesystem::path& file) {
  // Two connections: what one gives lives until its next call, and the builder asks for contents while it has a detail.
  auto details = job.active->reader();
  if (!details) return fail(std::move(details).error());
  auto contents = job.active->reader();
  if (!contents) return fail(std::move(contents).error());
  TRACIA_TRY((*details)->hold());
  TRACIA_TRY((*contents)->hold());
  auto& content_reader = **contents;
  auto fetch = [&content_reader](uint64_t number) -> Result<std::string> {
    auto content = content_reader.content(number);
    if (!content) return fail(std::move(content).error());
    return std::string(*content);
  };
  auto builder = SealedBuilder::create(file, job.active->info().number, fetch, options_.vfs);
  if (!builder) return fail(std::move(builder).error());
  for (const auto& placed : job.active->sorted()) {
    TRACIA_TRY(stopping());
    index_growing();
    auto detail = (*details)->detail(placed.seq);
    if (!detail) return fail(std::move(detail).error());
    TRACIA_TRY((*builder)->add(placed.project_id, placed.row, *detail));
  }
  return (*builder)->finish();
}

Status Sealer::seal(const Job& job) {
  if (job.stored->doomed) return {};  // dropped meanwhile
  const auto file = segment_file(folder_, job.active->info().number, SegmentKind::kSealed);
  TRACIA_TRY(build(job, file));
  auto opened = open_sealed(file, pool_);
  if (!opened) return fail(std::move(opened).error());
  TRACIA_TRY(load_filter(**opened));
  const uint64_t spans = job.active->info().spans;
  if ((*opened)->info().spans != spans) {
    return fail({.code = ErrorCode::kUnavailable, .message = "the sealed file does not hold all spans"});
  }
  auto stored = std::make_shared<StoredSegment>(std::move(*opened), file, SegmentKind::kSealed);
  // Dropped while it was built: then the new file goes as well.
  if (!segments_.replace({job.stored}, stored)) stored->doomed = true;
  report("sealed", file.filename().string() + ": " + std::to_string(spans) + " spans");
  return {};
}

// The sealed segments to merge next; none while a file cannot be read: what it holds is not known, and may lie between.
SegmentSet::List Sealer::due() const {
  if (!segments_.damage().files().empty()) return {};
  SegmentSet::List by_stamp;
  std::vector<MergeCandidate> candidates;
  const auto list = segments_.list();
  for (const auto& stored : *list) {
    if (stored->segment->info().spans > 0) by_stamp.push_back(stored);
  }
  std::sort(by_stamp.begin(), by_stamp.end(), [](const auto& a, const auto& b) {
    return a->segment->info().min_received < b->segment->info().min_received;
  });
  for (const auto& stored : by_stamp) {
    candidates.push_back({.info = stored->segment->info(), .sealed = stored->kind == SegmentKind::kSealed});
  }
  const auto run = merge_next(candidates, {.spans_max = static_cast<uint64_t>(options_.merged_spans_max),
                                           .bytes_max = static_cast<uint64_t>(options_.merged_bytes_max),
                                           .age_max = options_.merged_age_max});
  if (!run) return {};
  return {by_stamp.begin() + static_cast<ptrdiff_t>(run->first),
          by_stamp.begin() + static_cast<ptrdiff_t>(run->second)};
}

Result<uint64_t> Sealer::build_merged(const SegmentSet::List& parts, uint64_t number,
                                      const std::filesystem::path& file) {
  std::vector<std::filesystem::path> files;
  std::set<uint64_t> replaces;
  for (const auto& part : parts) {
    files.push_back(part->file);
    replaces.insert(part->number);
    // Theirs too: one of those files may still be there, when it could not be removed.
    replaces.insert(part->segment->replaces().begin(), part->segment->replaces().end());
  }
  auto spans = SealedMerge::open(files, options_.vfs);
  if (!spans) return fail(std::move(spans).error());
  auto builder = SealedBuilder::create(file, number, (*spans)->fetch(), options_.vfs);
  if (!builder) return fail(std::move(builder).error());
  (*builder)->set_replaces({replaces.begin(), replaces.end()});
  // New segments are not held up by a long merge.
  TRACIA_TRY((*spans)->add_all(**builder, [this] {
    index_growing();
    return seal_waiting();
  }));
  const auto now = segments_.list();
  for (const auto& part : parts) {
    if (std::find(now->begin(), now->end(), part) == now->end()) {
      return fail({.code = ErrorCode::kAborted, .message = part->file.filename().string() + " was dropped meanwhile"});
    }
  }
  TRACIA_TRY((*builder)->finish());
  return (*spans)->spans();
}

Status Sealer::merge(const SegmentSet::List& parts) {
  const uint64_t number = segments_.next_number();
  const auto file = segment_file(folder_, number, SegmentKind::kSealed);
  const auto built = build_merged(parts, number, file);
  if (!built) {
    if (built.error().code == ErrorCode::kAborted && stopping()) return {};  // what is left is looked at again
    for (const auto& part : parts) {
      if (built.error().message.find(part->file.filename().string()) != std::string::npos) {
        (void)part->skips(built.error());
      }
    }
    return fail(built.error());
  }
  auto opened = open_sealed(file, pool_);
  if (!opened) return fail(std::move(opened).error());
  TRACIA_TRY(load_filter(**opened));
  if ((*opened)->info().spans != *built) {
    return fail({.code = ErrorCode::kUnavailable, .message = "the merged file does not hold all spans"});
  }
  auto stored = std::make_shared<StoredSegment>(std::move(*opened), file, SegmentKind::kSealed);
  // One of them was dropped at this moment: then the new file goes, and what is left is looked at again.
  if (!segments_.replace(parts, stored)) stored->doomed = true;
  report("merged", file.filename().string() + ": " + std::to_string(parts.size()) + " segments, " +
                       std::to_string(*built) + " spans");
  return {};
}

}  // namespace tracia::store_sqlite
