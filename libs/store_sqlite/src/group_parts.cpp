#include "group_parts.h"

#include <algorithm>
#include <iterator>

namespace tracia::store_sqlite {
namespace {

class CollectedGroups final : public GroupCursor {
 public:
  explicit CollectedGroups(std::vector<GroupPart> parts) : parts_(std::move(parts)) {}
  Result<bool> next() override { return next_ < parts_.size() ? (++next_, true) : false; }
  const GroupPart& part() const override { return parts_[next_ - 1]; }

 private:
  std::vector<GroupPart> parts_;
  size_t next_ = 0;
};

void merge_sorted(std::vector<uint64_t>& to, const std::vector<uint64_t>& from) {
  std::vector<uint64_t> all;
  all.reserve(to.size() + from.size());
  std::set_union(to.begin(), to.end(), from.begin(), from.end(), std::back_inserter(all));
  to = std::move(all);
}

}  // namespace

store::SpanFilter group_filter(store::SpanFilter filter, store::GroupBy by, const std::string& key) {
  (by == store::GroupBy::kSession ? filter.session_id : filter.user_id) = key;
  return filter;
}

void merge_part(GroupPart& to, const GroupPart& part) {
  to.first = std::min(to.first, part.first);
  to.last = std::max(to.last, part.last);
  if (to.position < part.position) {
    to.position = part.position;
    to.user_id = part.user_id;
  }
  to.totals.add(part.totals);
  merge_sorted(to.traces, part.traces);
  merge_sorted(to.sessions, part.sessions);
}

void GroupCollector::add(const Row& row) {
  const std::string_view key = group_of(row, by_);
  if (key.empty()) return;
  auto it = groups_.find(key);
  const bool fresh = it == groups_.end();
  if (fresh) it = groups_.emplace(std::string(key), Building{}).first;
  Building& building = it->second;
  GroupPart& part = building.part;
  if (fresh) {
    part.key = std::string(key);
    part.first = part.last = row.start;
  }
  part.first = std::min(part.first, row.start);
  part.last = std::max(part.last, row.start);
  if (fresh || part.position < row.position()) {
    part.position = row.position();
    if (by_ == store::GroupBy::kSession) part.user_id = std::string(row.user_id);
  }
  part.totals.add(row.kind, row.status, row.cost, row.cost_status, row.usage);
  building.traces.insert(trace_key(project_id_, unpack_id(row.trace_id)));
  if (by_ == store::GroupBy::kUser && !row.session_id.empty()) {
    building.sessions.insert(group_key(project_id_, store::GroupBy::kSession, row.session_id));
  }
}

Status GroupCollector::add_all(SegmentCursor& cursor) {
  while (true) {
    auto more = cursor.next();
    if (!more) return fail(std::move(more).error());
    if (!*more) return {};
    add(cursor.row());
  }
}

GroupPart GroupCollector::finish_part(Building& building) {
  building.part.traces.assign(building.traces.begin(), building.traces.end());
  building.part.sessions.assign(building.sessions.begin(), building.sessions.end());
  return std::move(building.part);
}

std::unique_ptr<GroupCursor> GroupCollector::finish() {
  std::vector<GroupPart> parts;
  parts.reserve(groups_.size());
  for (auto& [key, building] : groups_) parts.push_back(finish_part(building));
  std::sort(parts.begin(), parts.end(), [](const GroupPart& a, const GroupPart& b) { return b.position < a.position; });
  return std::make_unique<CollectedGroups>(std::move(parts));
}

std::optional<GroupPart> GroupCollector::only() {
  if (groups_.empty()) return std::nullopt;
  return finish_part(groups_.begin()->second);
}

}  // namespace tracia::store_sqlite
