// Builds sealed segments out of spans, as the span store does: contents numbered by hash, spans in list order.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "sealed.h"
#include "temp_dir.h"

namespace tracia::store_sqlite::testing {

struct InProject {
  std::string project;
  store::StoredSpan span;
};

inline store::Position position_of(const store::StoredSpan& span) {
  return {.start_us = span.start().micros, .received_us = span.received.micros};
}

inline void sort_for_list(std::vector<InProject>& spans) {
  std::sort(spans.begin(), spans.end(), [](const InProject& a, const InProject& b) {
    return a.project != b.project ? a.project < b.project : position_of(a.span) > position_of(b.span);
  });
}

// Spans as an active segment would hold them.
class Contents {
 public:
  std::string detail(const std::string& project, const store::StoredSpan& span) {
    Split parts = split(span.span);
    std::vector<uint64_t> numbers;
    for (Content& content : parts.contents) {
      const auto [at, is_new] = numbers_.try_emplace({project, content.hash}, data_.size() + 1000);
      if (is_new) data_.push_back(std::move(content.data));
      numbers.push_back(at->second);
    }
    return encode_detail(numbers, parts.body);
  }
  SealedBuilder::FetchContent fetch() {
    return [this](uint64_t number) -> Result<std::string> { return data_.at(number - 1000); };
  }

 private:
  std::map<std::pair<std::string, ContentHash>, uint64_t> numbers_;
  std::vector<std::string> data_;
};

inline Status build_sealed(const std::filesystem::path& file, std::vector<InProject> spans, uint64_t number = 7) {
  sort_for_list(spans);
  Contents contents;
  auto builder = SealedBuilder::create(file, number, contents.fetch());
  if (!builder) return fail(builder.error());
  for (const InProject& span : spans) {
    TRACIA_TRY((*builder)->add(span.project, encode_row(span.span), contents.detail(span.project, span.span)));
  }
  return (*builder)->finish();
}

// Everything a cursor gives.
inline std::vector<store::StoredSpan> drain(SegmentCursor& cursor, Load what) {
  std::vector<store::StoredSpan> spans;
  while (true) {
    const auto more = cursor.next();
    EXPECT_TRUE(more) << (more ? "" : more.error().message);
    if (!more || !*more) return spans;
    auto span = cursor.load(what);
    EXPECT_TRUE(span) << (span ? "" : span.error().message);
    if (!span) return spans;
    spans.push_back(std::move(*span));
  }
}

}  // namespace tracia::store_sqlite::testing
