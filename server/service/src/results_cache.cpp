#include "results_cache.h"

#include <algorithm>
#include <utility>

namespace tracia::service {
namespace {

constexpr size_t kExperimentsKeptMax = 256;

// As Tally says of its memory, and what an entry costs that holds nothing.
size_t bytes_of(const ResultsPart& part) {
  return 512 + part.tally.units().size() * 200 + static_cast<size_t>(part.runs) * sizeof(int64_t);
}

}  // namespace

void ResultsCache::drop(Entry& entry, std::map<uint64_t, Kept>::iterator at) {
  bytes_ -= at->second.bytes;
  entry.parts.erase(at);
}

void ResultsCache::drop_all(Entry& entry) {
  while (!entry.parts.empty()) drop(entry, entry.parts.begin());
}

uint64_t ResultsCache::begin(const prompt::Experiment& experiment, const std::vector<store::SpanPart>& parts) {
  const std::lock_guard lock(mutex_);
  const auto [at, is_new] = entries_.try_emplace(experiment.id);
  Entry& entry = at->second;
  if (is_new) entry.look = ++counter_;
  entry.project_id = experiment.project_id;
  entry.last_used = ++counter_;
  // Its variants may have changed with it.
  if (std::exchange(entry.revision, experiment.revision) != experiment.revision) drop_all(entry);
  std::map<uint64_t, uint64_t> states;
  for (const store::SpanPart& part : parts) {
    if (!part.state) continue;
    states[part.id] = *part.state;
    entry.closed_until = std::max(entry.closed_until, part.max_received);
  }
  for (auto kept = entry.parts.begin(); kept != entry.parts.end();) {
    const auto now = states.find(kept->first);
    const auto next = std::next(kept);
    if (now == states.end() || now->second != kept->second.state) drop(entry, kept);
    kept = next;
  }
  make_room(entry);
  return entry.look;
}

ResultsPartPtr ResultsCache::find(const prompt::Experiment& experiment, const store::SpanPart& part) const {
  const std::lock_guard lock(mutex_);
  const auto at = entries_.find(experiment.id);
  if (at == entries_.end() || at->second.revision != experiment.revision || !part.state) return nullptr;
  const auto kept = at->second.parts.find(part.id);
  return kept != at->second.parts.end() && kept->second.state == *part.state ? kept->second.sums : nullptr;
}

void ResultsCache::put(const prompt::Experiment& experiment, const store::SpanPart& part, uint64_t look,
                       ResultsPartPtr sums) {
  const std::lock_guard lock(mutex_);
  const auto at = entries_.find(experiment.id);
  if (at == entries_.end() || !part.state) return;
  Entry& entry = at->second;
  if (entry.look != look || entry.revision != experiment.revision) return;
  if (const auto old = entry.parts.find(part.id); old != entry.parts.end()) drop(entry, old);
  const size_t bytes = bytes_of(*sums);
  entry.parts[part.id] = {*part.state, part.min_received, part.max_received, std::move(sums), bytes};
  bytes_ += bytes;
  make_room(entry);
  if (bytes_ > bytes_max_) drop(entry, entry.parts.find(part.id));  // it alone is too much
}

void ResultsCache::evaluated(const store::StoredSpan& run) {
  const std::lock_guard lock(mutex_);
  const auto at = entries_.find(run.span.experiment_id);
  if (at == entries_.end() || run.received > at->second.closed_until) return;
  at->second.look = ++counter_;
  for (auto kept = at->second.parts.begin(); kept != at->second.parts.end();) {
    const auto next = std::next(kept);
    if (run.received >= kept->second.min_received && run.received <= kept->second.max_received) {
      drop(at->second, kept);
    }
    kept = next;
  }
}

void ResultsCache::evaluated(std::string_view project_id) {
  const std::lock_guard lock(mutex_);
  for (auto& [id, entry] : entries_) {
    if (entry.project_id != project_id) continue;
    entry.look = ++counter_;
    drop_all(entry);
  }
}

void ResultsCache::make_room(const Entry& keep) {
  while (entries_.size() > 1 && (bytes_ > bytes_max_ || entries_.size() > kExperimentsKeptMax)) {
    auto oldest = entries_.end();
    for (auto at = entries_.begin(); at != entries_.end(); ++at) {
      if (&at->second == &keep) continue;
      if (oldest == entries_.end() || at->second.last_used < oldest->second.last_used) oldest = at;
    }
    drop_all(oldest->second);
    entries_.erase(oldest);
  }
}

}  // namespace tracia::service
