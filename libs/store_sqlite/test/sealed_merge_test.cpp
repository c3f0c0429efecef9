#include <gtest/gtest.h>

#include <fstream>
#include <iostream>
#include <sstream>

#include "merge_plan.h"
#include "random_spans.h"
#include "sealed_fixture.h"

namespace tracia::store_sqlite {
namespace {

using testing::build_sealed;
using testing::InProject;
using testing::SpanSource;

std::string bytes_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::stringstream bytes;
  bytes << in.rdbuf();
  return bytes.str();
}

Status merge(
    const std::vector<std::filesystem::path>& parts, const std::filesystem::path& file,
    const std::function<Status()>& pause = [] { return Status{}; }) {
  auto spans = SealedMerge::open(parts, "");
  if (!spans) return fail(spans.error());
  auto builder = SealedBuilder::create(file, 7, (*spans)->fetch());
  if (!builder) return fail(builder.error());
  TRACIA_TRY((*spans)->add_all(**builder, pause));
  return (*builder)->finish();
}

// Random spans in one file and in several; ids and conversations cross between them.
class SealedMergeTest : public ::testing::Test {
 protected:
  void make(uint32_t seed, size_t spans, size_t files) {
    SpanSource source(seed);
    std::vector<std::vector<InProject>> parts(files);
    std::vector<InProject> all;
    for (size_t i = 0; i < spans; ++i) {
      const InProject one{source.chance(70) ? "prj_a" : source.chance(50) ? "prj_b" : "prj_c", source.next()};
      all.push_back(one);
      parts[source.below(files)].push_back(one);
    }
    ASSERT_TRUE(build_sealed(whole(), all));
    for (size_t i = 0; i < files; ++i) {
      const std::string name = std::to_string(i) + ".db";
      parts_.push_back(dir_ / name.c_str());
      ASSERT_TRUE(build_sealed(parts_.back(), parts[i], 100 + i));
    }
  }
  std::filesystem::path whole() const { return dir_ / "whole.db"; }
  std::filesystem::path merged() const { return dir_ / "merged.db"; }

  TempDir dir_;
  std::vector<std::filesystem::path> parts_;
};

TEST_F(SealedMergeTest, MergedFilesAreWhatIsBuiltOfAllTheirSpansAtOnce) {
  const uint32_t seed = std::random_device{}();
  std::cout << "seed " << seed << "\n";
  make(seed, 1500, 5);
  const Status done = merge(parts_, merged());
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_TRUE(check_sealed(merged()));
  EXPECT_TRUE(bytes_of(merged()) == bytes_of(whole())) << "byte for byte";
}

TEST_F(SealedMergeTest, WhoIsAskedToPauseCanEndIt) {
  make(1, 1500, 2);
  const Error enough{.code = ErrorCode::kAborted, .message = "enough"};
  const Status done = merge(parts_, merged(), [&] { return Status(fail(enough)); });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().message, "enough");
  EXPECT_FALSE(std::filesystem::exists(merged()));
}

TEST_F(SealedMergeTest, ADamagedFileIsNamed) {
  make(1, 1500, 2);
  const auto size = std::filesystem::file_size(parts_[1]);
  std::fstream file(parts_[1], std::ios::in | std::ios::out | std::ios::binary);
  for (size_t at = 16384 * 2; at + 64 < size; at += 256) {
    file.seekp(static_cast<std::streamoff>(at));
    file << std::string(64, '\xff');
  }
  file.close();
  const Status done = merge(parts_, merged());
  ASSERT_FALSE(done);
  EXPECT_TRUE(is_damage(done.error())) << done.error().message;
  EXPECT_NE(done.error().message.find("1.db"), std::string::npos) << done.error().message;
}

// Sealed segments of so many spans, an hour apart.
std::vector<MergeCandidate> sealed(const std::vector<uint64_t>& spans) {
  constexpr int64_t kHourUs = 3'600'000'000;
  std::vector<MergeCandidate> all;
  for (const uint64_t count : spans) {
    const auto at = static_cast<int64_t>(all.size()) * kHourUs;
    all.push_back({.info = {.number = all.size() + 1,
                            .spans = count,
                            .min_received = Timestamp{at},
                            .max_received = Timestamp{at + kHourUs / 2},
                            .bytes = count * 500},
                   .sealed = true});
  }
  return all;
}
constexpr MergeLimits kLimits{.spans_max = 500, .bytes_max = 1'000'000, .age_max = Millis(24 * 3'600'000)};
using Neighbours = std::optional<std::pair<size_t, size_t>>;

TEST(MergePlan, EightNeighboursAreMerged) {
  EXPECT_EQ(merge_next(sealed({50, 50, 50, 50, 50, 50, 50}), kLimits), Neighbours());
  EXPECT_EQ(merge_next(sealed({50, 50, 50, 50, 50, 50, 50, 50}), kLimits), Neighbours({0, 8}));
  EXPECT_EQ(merge_next(sealed({400, 50, 50, 50, 50, 50, 50, 50, 50}), kLimits), Neighbours({1, 9}))
      << "it is full already";
}

TEST(MergePlan, NothingIsMergedAroundASegmentThatIsNotSealed) {
  auto segments = sealed({50, 50, 50, 50, 50, 50, 50, 50});
  segments[4].sealed = false;
  EXPECT_EQ(merge_next(segments, kLimits), Neighbours());
}

TEST(MergePlan, AMergeAtLeastDoublesWhatASpanIsIn) {
  EXPECT_EQ(merge_next(sealed({100, 1, 1, 1, 1, 1, 1, 1}), kLimits), Neighbours()) << "for 7 spans";
  EXPECT_EQ(merge_next(sealed({100, 20, 20, 20, 10, 10, 10, 10}), kLimits), Neighbours({0, 8}));
}

TEST(MergePlan, FewFilesThatCannotBecomeMoreAreMerged) {
  EXPECT_EQ(merge_next(sealed({100, 100, 100, 400}), kLimits), Neighbours({0, 3}));
  auto days = sealed({5, 5, 5, 5});
  for (auto& one : days) one.info.max_received.micros += 9ll * 3'600'000'000;
  for (auto& one : days) one.info.min_received.micros += one.info.number * 9ll * 3'600'000'000;
  for (auto& one : days) one.info.max_received.micros += one.info.number * 9ll * 3'600'000'000;
  EXPECT_EQ(merge_next(days, kLimits), Neighbours({0, 2})) << "a day is the most";
}

TEST(MergePlan, WhatWouldBeTooLargeIsLeftAlone) {
  auto segments = sealed({50, 50, 50, 50, 50, 50, 50, 50});
  for (auto& one : segments) one.info.bytes = 600'000;
  EXPECT_EQ(merge_next(segments, kLimits), Neighbours());
}

// However spans come in, merging ends, and never leaves many small files.
TEST(MergePlan, EndsWithFewFiles) {
  for (const uint64_t each : {1, 3, 50}) {
    std::vector<uint64_t> spans;
    uint64_t written = 0, all = 0;
    for (int hour = 0; hour < 200; ++hour) {
      spans.push_back(each);
      all += each;
      auto segments = sealed(spans);
      for (auto& one : segments) one.info.max_received = one.info.min_received = Timestamp{};
      while (const Neighbours run = merge_next(segments, kLimits)) {
        uint64_t merged = 0;
        for (size_t i = run->first; i < run->second; ++i) merged += spans[i];
        written += merged;
        spans.erase(spans.begin() + static_cast<ptrdiff_t>(run->first),
                    spans.begin() + static_cast<ptrdiff_t>(run->second));
        spans.insert(spans.begin() + static_cast<ptrdiff_t>(run->first), merged);
        segments = sealed(spans);
        for (auto& one : segments) one.info.max_received = one.info.min_received = Timestamp{};
      }
    }
    EXPECT_LE(spans.size(), all / 250 + 3 * kMergedFilesMin) << each;
    EXPECT_LE(written, all * 9) << each;
  }
}

}  // namespace
}  // namespace tracia::store_sqlite
