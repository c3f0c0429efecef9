#include "trace_tree.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

namespace tracia::routes {
namespace {

constexpr size_t kNone = static_cast<size_t>(-1);

std::vector<size_t> find_parents(const std::vector<store::StoredSpan>& spans) {
  std::unordered_map<std::string_view, size_t> position;
  position.reserve(spans.size());
  for (size_t i = 0; i < spans.size(); ++i) position.emplace(spans[i].span.span_id, i);
  std::vector<size_t> parents(spans.size(), kNone);
  for (size_t i = 0; i < spans.size(); ++i) {
    const auto found = position.find(spans[i].span.parent_span_id);
    if (found != position.end() && found->second != i) parents[i] = found->second;
  }
  return parents;
}

// Makes the first span of every ring a root.
void break_rings(std::vector<size_t>& parents) {
  enum class Mark : char { kNew, kOnPath, kDone };
  std::vector<Mark> marks(parents.size(), Mark::kNew);
  std::vector<size_t> path;
  for (size_t i = 0; i < parents.size(); ++i) {
    size_t at = i;
    for (path.clear(); at != kNone && marks[at] == Mark::kNew; at = parents[at]) {
      marks[at] = Mark::kOnPath;
      path.push_back(at);
    }
    if (at != kNone && marks[at] == Mark::kOnPath) {
      const auto ring = std::find(path.begin(), path.end(), at);
      parents[*std::min_element(ring, path.end())] = kNone;
    }
    for (const size_t done : path) marks[done] = Mark::kDone;
  }
}

void collect(const std::vector<size_t>& parents, TraceTree& tree) {
  tree.roots.clear();
  tree.children.assign(parents.size(), {});
  for (size_t i = 0; i < parents.size(); ++i) {
    (parents[i] == kNone ? tree.roots : tree.children[parents[i]]).push_back(i);
  }
}

}  // namespace

TraceTree make_tree(const std::vector<store::StoredSpan>& spans) {
  std::vector<size_t> parents = find_parents(spans);
  break_rings(parents);
  TraceTree tree;
  collect(parents, tree);
  // From the roots down: each span's parent has its place before the span gets one.
  std::vector<size_t> depth(spans.size(), 1), queue = tree.roots;
  bool deep = false;
  for (size_t next = 0; next < queue.size(); ++next) {
    for (const size_t child : tree.children[queue[next]]) {
      if (depth[parents[child]] == kTreeDepthMax) {
        parents[child] = parents[parents[child]];
        deep = true;
      }
      depth[child] = depth[parents[child]] + 1;
      queue.push_back(child);
    }
  }
  if (deep) collect(parents, tree);
  return tree;
}

}  // namespace tracia::routes
