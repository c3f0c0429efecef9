#include "tracia/base/ids.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

namespace tracia {
namespace {

TEST(Ids, AForkedChildDoesNotRepeatItsParentsIds) {
  (void)new_span_id();  // the parent has a buffer of random bytes now
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string id = new_span_id();
    ::_exit(::write(ends[1], id.data(), id.size()) == static_cast<ssize_t>(id.size()) ? 0 : 1);
  }
  const std::string mine = new_span_id();
  std::string childs(mine.size(), ' ');
  ASSERT_EQ(::read(ends[0], childs.data(), childs.size()), static_cast<ssize_t>(childs.size()));
  ::waitpid(child, nullptr, 0);
  EXPECT_NE(childs, mine);
}

TEST(Ids, AreAllDifferentAlsoFromManyThreads) {
  std::vector<std::vector<std::string>> made(4);
  std::vector<std::thread> threads;
  for (auto& ids : made) {
    threads.emplace_back([&ids] {
      for (int i = 0; i < 5000; ++i) ids.push_back(i % 2 == 0 ? new_span_id() : new_trace_id());
    });
  }
  for (auto& thread : threads) thread.join();
  std::set<std::string> all;
  for (const auto& ids : made) all.insert(ids.begin(), ids.end());
  EXPECT_EQ(all.size(), 20'000u);
}

TEST(Ids, HaveTheirShapes) {
  for (int i = 0; i < 100; ++i) {
    const std::string span = new_span_id();
    EXPECT_EQ(span.substr(0, 3), "sp_");
    EXPECT_TRUE(is_valid_span_id(span)) << span;
    const std::string trace = new_trace_id();
    EXPECT_EQ(trace.substr(0, 3), "tr_");
    EXPECT_TRUE(is_valid_span_id(trace)) << trace;  // the hosted form of both is the same
    EXPECT_TRUE(is_valid_trace_id(trace)) << trace;
  }
  const std::string key = new_api_key();
  EXPECT_EQ(key.size(), 46u);
  EXPECT_EQ(key.substr(0, 3), "tr_");
}

TEST(Ids, AreDistinctAlsoAcrossThreads) {
  constexpr int kThreads = 4;
  constexpr int kEach = 2000;
  std::vector<std::vector<std::string>> made(kThreads);
  std::vector<std::thread> threads;
  for (auto& mine : made) {
    threads.emplace_back([&mine] {
      for (int i = 0; i < kEach; ++i) mine.push_back(new_span_id());
    });
  }
  for (auto& thread : threads) thread.join();
  std::set<std::string> all;
  for (const auto& mine : made) all.insert(mine.begin(), mine.end());
  EXPECT_EQ(all.size(), size_t{kThreads} * kEach);
}

TEST(Ids, RandomBytesComeInTheLengthAskedFor) {
  for (const size_t count : {size_t{0}, size_t{1}, size_t{255}, size_t{256}, size_t{257}, size_t{100'000}}) {
    EXPECT_EQ(random_bytes(count).size(), count);
  }
  EXPECT_NE(random_bytes(16), random_bytes(16));
}

TEST(SpanId, IsAPrefixAndSixteenHexDigitsInAnyCase) {
  EXPECT_TRUE(is_valid_span_id("sp_0123456789abcdef"));
  EXPECT_TRUE(is_valid_span_id("TR_0123456789ABCDEF"));
  for (const char* id : {"", "sp_", "sp_0123456789abcde", "sp_0123456789abcdef0", "sp_0123456789abcdeg",
                         "xx_0123456789abcdef", "0123456789abcdef012", "sp-0123456789abcdef"}) {
    EXPECT_FALSE(is_valid_span_id(id)) << id;
  }
}

TEST(TraceId, IsUpTo128PrintableAsciiCharacters) {
  EXPECT_TRUE(is_valid_trace_id("order 66 / retry"));
  EXPECT_TRUE(is_valid_trace_id(std::string(128, '~')));
  EXPECT_FALSE(is_valid_trace_id(""));
  EXPECT_FALSE(is_valid_trace_id(std::string(129, 'a')));
  EXPECT_FALSE(is_valid_trace_id("a\nb"));
  EXPECT_FALSE(is_valid_trace_id("\x7F"));
  EXPECT_FALSE(is_valid_trace_id("tr\xC3\xA4ger"));
}

}  // namespace
}  // namespace tracia
