#include "key_index.h"

#include <gtest/gtest.h>

namespace tracia::store_sqlite {
namespace {

std::vector<uint32_t> items_of(const KeyIndex& index, uint64_t key) {
  std::vector<uint32_t> items;
  for (uint32_t i = index.first(key); i != KeyIndex::kNone; i = index.next(i)) items.push_back(i);
  return items;
}

TEST(KeyIndex, GivesTheItemsOfAKeyNewestFirst) {
  KeyIndex index;
  for (uint64_t i = 0; i < 5'000; ++i) index.push(1 + i % 1'000);
  EXPECT_EQ(items_of(index, 7), (std::vector<uint32_t>{4006, 3006, 2006, 1006, 6}));
  EXPECT_TRUE(items_of(index, 5'000).empty());
}

TEST(KeyIndex, AnItemWithoutAKeyTakesANumberAndIsNeverFound) {
  KeyIndex index;
  for (uint64_t i = 0; i < 3'000; ++i) index.push(i % 3 == 0 ? 1024 : KeyIndex::kNoKey);
  EXPECT_EQ(index.size(), 3'000u);
  EXPECT_TRUE(items_of(index, KeyIndex::kNoKey).empty());
  EXPECT_EQ(items_of(index, 1024).size(), 1'000u);  // of the same slot
}

TEST(KeyIndex, TakesItemsBack) {
  KeyIndex index;
  for (const uint64_t key : {uint64_t{1024}, KeyIndex::kNoKey, uint64_t{1024}, KeyIndex::kNoKey}) index.push(key);
  index.pop();
  index.pop();
  EXPECT_EQ(items_of(index, 1024), std::vector<uint32_t>{0});
  index.pop();
  index.pop();
  EXPECT_TRUE(items_of(index, 1024).empty());
  EXPECT_EQ(index.size(), 0u);
}

}  // namespace
}  // namespace tracia::store_sqlite
