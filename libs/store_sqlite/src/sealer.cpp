#include "sealer.h"

#include <algorithm>

#include "sealed.h"

namespace tracia::store_sqlite {
namespace {

constexpr std::chrono::seconds kRetryDelay{5};

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
    jobs_.push_back({std::move(stored), std::move(active), options_.clock->steady()});
  }
  changed_.notify_all();
}

Status Sealer::wait() {
  std::unique_lock lock(mutex_);
  failure_.reset();
  changed_.wait(lock, [&] { return jobs_.empty() || failure_ || stop_; });
  if (failure_) return fail(*failure_);
  return {};
}

size_t Sealer::waiting() const {
  const std::lock_guard lock(mutex_);
  return jobs_.size();
}

int64_t Sealer::lag_ms() const {
  const std::lock_guard lock(mutex_);
  if (jobs_.empty()) return 0;
  const auto oldest =
      std::min_element(jobs_.begin(), jobs_.end(), [](const Job& a, const Job& b) { return a.since < b.since; });
  return std::chrono::duration_cast<Millis>(options_.clock->steady() - oldest->since).count();
}

bool Sealer::stopping() const {
  const std::lock_guard lock(mutex_);
  return stop_;
}

void Sealer::report(std::string_view event, std::string_view detail) const {
  if (options_.on_event) options_.on_event(event, detail);
}

void Sealer::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return stop_ || !jobs_.empty(); });
    if (stop_) return;
    Job job = jobs_.front();
    lock.unlock();
    const Status sealed = seal(job);
    if (!sealed && !stopping())
      report("seal_failed", job.stored->file.filename().string() + ": " + sealed.error().message);
    lock.lock();
    jobs_.pop_front();
    if (!sealed) {
      failure_ = sealed.error();
      jobs_.push_back(job);  // behind the others, which may have better luck
    }
    lock.unlock();
    job = {};  // the last use of the old file removes it: outside the lock
    lock.lock();
    changed_.notify_all();
    if (!sealed) changed_.wait_for(lock, kRetryDelay, [&] { return stop_; });
  }
}

Status Sealer::build(const Job& job, const std::filesystem::path& file) {
  // Two connections: what one gives lives until its next call, and the builder asks for contents while it has a detail.
  auto details = job.active->reader();
  if (!details) return fail(std::move(details).error());
  auto contents = job.active->reader();
  if (!contents) return fail(std::move(contents).error());
  auto& content_reader = **contents;
  auto fetch = [&content_reader](uint64_t number) -> Result<std::string> {
    auto content = content_reader.content(number);
    if (!content) return fail(std::move(content).error());
    return std::string(*content);
  };
  auto builder = SealedBuilder::create(file, job.active->info().number, fetch, options_.vfs);
  if (!builder) return fail(std::move(builder).error());
  for (const auto& placed : job.active->sorted()) {
    if (stopping()) return fail({.code = ErrorCode::kAborted, .message = "the store is closing"});
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
  const uint64_t spans = job.active->info().spans;
  if ((*opened)->info().spans != spans) {
    return fail({.code = ErrorCode::kUnavailable, .message = "the sealed file does not hold all spans"});
  }
  auto stored = std::make_shared<StoredSegment>(std::move(*opened), file, SegmentKind::kSealed);
  // Dropped while it was built: then the new file goes as well.
  if (!segments_.replace(job.stored, stored)) stored->doomed = true;
  report("sealed", file.filename().string() + ": " + std::to_string(spans) + " spans");
  return {};
}

}  // namespace tracia::store_sqlite
