// Every data directory that a released format wrote must open for ever.
#include "golden.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tracia/base/compress.h"
#include "tracia/store/analytics.h"

namespace tracia::golden {
namespace {

namespace fs = std::filesystem;

class GoldenDirectory : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "tracia_golden_XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    const fs::path golden = fs::path(TRACIA_SOURCE_DIR) / "tests/golden" / GetParam();
    for (const auto& entry : fs::recursive_directory_iterator(golden)) {
      if (entry.path().extension() != ".gz") continue;
      std::ostringstream packed;
      packed << std::ifstream(entry.path(), std::ios::binary).rdbuf();
      const auto bytes = gunzip(packed.str(), 16u << 20);
      ASSERT_TRUE(bytes) << entry.path();
      const fs::path copy = data() / fs::relative(entry.path(), golden).replace_extension();
      fs::create_directories(copy.parent_path());
      std::ofstream(copy, std::ios::binary) << *bytes;
    }
  }
  void TearDown() override { fs::remove_all(root_); }
  fs::path data() const { return root_ / "data"; }
  fs::path root_;
};

TEST_P(GoldenDirectory, OpensWithAllThatIsInControl) {
  const auto opened = store_sqlite::DataDirectory::open(data(), {});
  ASSERT_TRUE(opened) << opened.error().message;
  store::ControlStore& control = (*opened)->control();
  EXPECT_EQ(control.projects()->at(0).name, "Golden");
  EXPECT_EQ(control.api_keys()->at(0).id, kKey);
  EXPECT_EQ(control.api_keys()->at(0).hash, std::string(32, 'h'));
  EXPECT_EQ(control.members()->at(0).email, "ada@example.com");
  const auto connections = control.connections();
  ASSERT_EQ(connections->size(), 1u);
  EXPECT_EQ(*(*opened)->unseal(connections->at(0).sealed_secrets, kConnection), kSecret);
  const auto prompts = control.prompts();
  ASSERT_EQ(prompts->size(), 1u);
  EXPECT_EQ(prompts->at(0).current_version, 3);
  EXPECT_EQ(prompts->at(0).labels, (std::map<std::string, int64_t>{{"production", 2}, {"staging", 3}}));
  const auto versions = control.versions(kPrompt, 0, 10);
  ASSERT_EQ(versions->size(), 3u);
  EXPECT_EQ(versions->at(1).content.messages[0].content_json, "\"Version 2 for {{n}}\"");
  EXPECT_EQ((*control.evaluation(kProject, kEvaluation))->value, 0.75);
  EXPECT_EQ(*control.setting("golden"), "yes");
  // What the format did not have yet: none, and room for some.
  EXPECT_TRUE(control.experiments()->empty());
  EXPECT_TRUE(control.put_experiment({.id = "exp_1",
                                      .project_id = kProject,
                                      .prompt_id = kPrompt,
                                      .variants = {{.key = "control", .version = 1}, {.key = "b", .version = 2}}}));
  EXPECT_EQ(control.experiments()->size(), 1u);
}

TEST_P(GoldenDirectory, OpensWithEverySpanWhole) {
  const auto opened = store_sqlite::DataDirectory::open(data(), {});
  ASSERT_TRUE(opened) << opened.error().message;
  store::SpanStore& spans = (*opened)->spans();
  EXPECT_EQ(spans.stats().spans, static_cast<uint64_t>(kSpans - 1));
  for (int n = 1; n <= kSpans; ++n) {
    const auto found = spans.get(kProject, span_id(n), "");
    ASSERT_TRUE(found) << found.error().message;
    if (n == kDeletedSpan) {
      EXPECT_FALSE(*found);
      continue;
    }
    ASSERT_TRUE(*found) << n;
    const span::Span expected = span(n).span;
    const span::Span& stored = (*found)->span;
    EXPECT_EQ(stored.trace_id, trace_id(n));
    EXPECT_EQ(stored.name, expected.name);
    EXPECT_EQ(stored.start_time, expected.start_time);
    EXPECT_EQ(stored.input_json, expected.input_json);
    EXPECT_EQ(stored.variables_json, expected.variables_json);
    EXPECT_EQ(stored.output, expected.output);
    EXPECT_EQ(stored.error, expected.error);
    EXPECT_EQ(stored.tags, expected.tags);
    EXPECT_EQ(stored.usage.input_tokens, expected.usage.input_tokens);
    EXPECT_EQ(stored.attributes_json, expected.attributes_json);
    EXPECT_EQ((*found)->prompt_id, kPrompt);
    EXPECT_EQ((*found)->cost->to_string(), "0.00012");
  }
  const auto page = spans.list(kProject, {}, {.limit = 100});
  EXPECT_EQ(page->spans.size(), static_cast<size_t>(kSpans - 1));
}

TEST_P(GoldenDirectory, IsSummedUpAndSearched) {
  const auto opened = store_sqlite::DataDirectory::open(data(), {});
  ASSERT_TRUE(opened) << opened.error().message;
  store::SpanStore& spans = (*opened)->spans();
  const auto sums = spans.analytics(kProject, {.group_by = {store::Dimension::kStatus}}, {});
  ASSERT_TRUE(sums) << sums.error().message;
  EXPECT_EQ(sums->total.totals.span_count, kSpans - 1);
  EXPECT_FALSE(sums->scanned_from);
  ASSERT_EQ(sums->rows.size(), 2u);
  EXPECT_EQ(sums->rows[1].keys, std::vector<std::string>{"ERROR"});
  EXPECT_EQ(sums->rows[1].measures.totals.span_count, kSpans / 5);
  const auto found = spans.list(kProject, {.words = {"hello", "numb"}}, {.limit = 100});
  EXPECT_EQ(found->spans.size(), static_cast<size_t>(kSpans - 1));
}

TEST_P(GoldenDirectory, IsSoundToTheDoctor) {
  const auto report = store_sqlite::examine(data());
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->segments, 1u);
  for (const auto& finding : report->findings) {
    // The copy's key has the umask's mode; opening mends that.
    EXPECT_EQ(finding.file, "secret.key") << finding.problem;
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, GoldenDirectory, testing::Values("format-1"));

}  // namespace
}  // namespace tracia::golden
