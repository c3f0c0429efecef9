#include "trace_tree.h"

#include <gtest/gtest.h>

#include <string>

namespace tracia::routes {
namespace {

using Positions = std::vector<size_t>;

// Spans "0", "1", … each with the parent given; "" = none.
std::vector<store::StoredSpan> spans_with(const std::vector<std::string>& parents) {
  std::vector<store::StoredSpan> spans(parents.size());
  for (size_t i = 0; i < parents.size(); ++i) {
    spans[i].span.span_id = std::to_string(i);
    spans[i].span.parent_span_id = parents[i];
  }
  return spans;
}

// How many spans the tree holds below these, and how deep it goes.
struct Size {
  size_t spans = 0, depth = 0;
};
Size size_of(const TraceTree& tree) {
  Size size;
  for (Positions level = tree.roots; !level.empty(); ++size.depth) {
    Positions next;
    for (const size_t span : level) next.insert(next.end(), tree.children[span].begin(), tree.children[span].end());
    size.spans += level.size();
    level = next;
  }
  return size;
}

TEST(TraceTree, HangsChildrenBelowTheirParentsInTheOrderOfTheList) {
  const TraceTree tree = make_tree(spans_with({"", "0", "0", "1", ""}));
  EXPECT_EQ(tree.roots, (Positions{0, 4}));
  EXPECT_EQ(tree.children[0], (Positions{1, 2}));
  EXPECT_EQ(tree.children[1], (Positions{3}));
}

TEST(TraceTree, AcceptsAChildThatStartedBeforeItsParent) {
  const TraceTree tree = make_tree(spans_with({"1", ""}));
  EXPECT_EQ(tree.roots, Positions{1});
  EXPECT_EQ(tree.children[1], Positions{0});
}

TEST(TraceTree, MakesASpanOfAnUnknownParentARoot) {
  EXPECT_EQ(make_tree(spans_with({"gone", "0"})).roots, Positions{0});
}

TEST(TraceTree, MakesTheFirstOfARingARoot) {
  const TraceTree tree = make_tree(spans_with({"", "3", "1", "2", "2", "5"}));
  EXPECT_EQ(tree.roots, (Positions{0, 1, 5}));
  EXPECT_EQ(tree.children[1], Positions{2});
  EXPECT_EQ(tree.children[2], (Positions{3, 4}));
  EXPECT_EQ(size_of(tree).spans, 6u);
}

TEST(TraceTree, IsEmptyForNoSpans) { EXPECT_TRUE(make_tree({}).roots.empty()); }

TEST(TraceTree, GoesOnFlatBelowTheDeepestLevel) {
  std::vector<std::string> chain{""};
  for (size_t i = 1; i < 10'000; ++i) chain.push_back(std::to_string(i - 1));
  const TraceTree tree = make_tree(spans_with(chain));
  const Size size = size_of(tree);
  EXPECT_EQ(size.spans, chain.size());
  EXPECT_EQ(size.depth, kTreeDepthMax);
  const Positions& last = tree.children[kTreeDepthMax - 2];
  EXPECT_EQ(last.size(), chain.size() - (kTreeDepthMax - 1));
  EXPECT_TRUE(std::is_sorted(last.begin(), last.end()));
}

TEST(TraceTree, HoldsEverySpanOnceHoweverTangledTheParentsAre) {
  uint32_t random = 7;
  for (int round = 0; round < 50; ++round) {
    std::vector<std::string> parents;
    for (int i = 0; i < 300; ++i) {
      random = random * 1664525 + 1013904223;
      parents.push_back(std::to_string((random >> 8) % 330));
    }
    EXPECT_EQ(size_of(make_tree(spans_with(parents))).spans, parents.size());
  }
}

}  // namespace
}  // namespace tracia::routes
