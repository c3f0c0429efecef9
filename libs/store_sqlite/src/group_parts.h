// Groups (sessions, end users) summed up span by span, where no segment has them ready.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "segment.h"

namespace tracia::store_sqlite {

// The text that groups a span; "" = in no group.
inline std::string_view group_of(const Row& row, store::GroupBy by) {
  return by == store::GroupBy::kSession ? row.session_id : row.user_id;
}

// `filter` narrowed to one group.
store::SpanFilter group_filter(store::SpanFilter filter, store::GroupBy by, const std::string& key);

// Adds another part of the same group.
void merge_part(GroupPart& to, const GroupPart& part);

// Feed it spans in any order. Not thread-safe.
class GroupCollector {
 public:
  GroupCollector(std::string project_id, store::GroupBy by) : project_id_(std::move(project_id)), by_(by) {}
  void add(const Row& row);
  Status add_all(SegmentCursor& cursor);
  std::unique_ptr<GroupCursor> finish();  // newest first
  std::optional<GroupPart> only();        // the one group there is; nullopt: none

 private:
  struct Building {
    GroupPart part;
    std::set<uint64_t> traces, sessions;
  };
  static GroupPart finish_part(Building& building);
  std::string project_id_;
  store::GroupBy by_;
  std::map<std::string, Building, std::less<>> groups_;
};

}  // namespace tracia::store_sqlite
