#include "tracia/service/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <thread>

namespace tracia::service {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Metrics, counters_keep_their_place_and_count) {
  Metrics metrics;
  auto& ok = metrics.counter("tracia_runs_total", "Runs.", {{"status", "ok"}});
  metrics.counter("tracia_runs_total", "Runs.", {{"status", "error"}}) += 2;
  ok += 5;
  EXPECT_EQ(&ok, &metrics.counter("tracia_runs_total", "Runs.", {{"status", "ok"}}));
  EXPECT_EQ(metrics.text(),
            "# HELP tracia_runs_total Runs.\n"
            "# TYPE tracia_runs_total counter\n"
            "tracia_runs_total{status=\"error\"} 2\n"
            "tracia_runs_total{status=\"ok\"} 5\n");
}

TEST(Metrics, label_values_and_help_are_escaped) {
  Metrics metrics;
  ++metrics.counter("c", "a\\b\nc \"d\"", {{"l", "x\"y\\z\n\xff"}});
  EXPECT_EQ(metrics.text(), "# HELP c a\\\\b\\nc \"d\"\n# TYPE c counter\nc{l=\"x\\\"y\\\\z\\n\xEF\xBF\xBD\"} 1\n");
}

TEST(Metrics, histograms_are_cumulative) {
  Metrics metrics;
  for (const double seconds : {0.00005, 0.0001, 0.3, 1000.0})
    metrics.histogram("t_seconds", "T.", {{"r", "/a"}}).add(seconds);
  metrics.histogram("t_seconds", "T.").add(2);
  const std::string text = metrics.text();
  EXPECT_THAT(text, HasSubstr("# TYPE t_seconds histogram\n"));
  EXPECT_THAT(text, HasSubstr("t_seconds_bucket{r=\"/a\",le=\"0.0001\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("t_seconds_bucket{r=\"/a\",le=\"0.25\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("t_seconds_bucket{r=\"/a\",le=\"0.5\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("t_seconds_bucket{r=\"/a\",le=\"300\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("t_seconds_bucket{r=\"/a\",le=\"+Inf\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("t_seconds_sum{r=\"/a\"} 1000.30015\n"));
  EXPECT_THAT(text, HasSubstr("t_seconds_count{r=\"/a\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("t_seconds_bucket{le=\"2.5\"} 1\n"));
}

TEST(Metrics, gauges_are_read_when_the_page_is_made) {
  Metrics metrics;
  double value = 1;
  metrics.gauge("g", "G.", [&] { return value; });
  metrics.gauge("build", "B.", [] { return 1.0; }, {{"version", "0.1.0"}});
  metrics.gauge("big", "I.", [] { return std::numeric_limits<double>::infinity(); });
  metrics.gauge("kept_elsewhere_total", "K.", [] { return 1234567890.0; });
  value = 2.5;
  const std::string text = metrics.text();
  EXPECT_THAT(text, HasSubstr("# TYPE g gauge\ng 2.5\n"));
  EXPECT_THAT(text, HasSubstr("build{version=\"0.1.0\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("big +Inf\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE kept_elsewhere_total counter\nkept_elsewhere_total 1234567890\n"));
}

TEST(Metrics, series_are_bounded) {
  Metrics metrics;
  for (int i = 0; i < 10'100; ++i) ++metrics.counter("c", "C.", {{"i", std::to_string(i)}});
  const std::string text = metrics.text();
  EXPECT_THAT(text, HasSubstr("c{overflow=\"true\"} 100\n"));
  EXPECT_THAT(text, Not(HasSubstr("c{i=\"10000\"}")));
}

TEST(Metrics, threads_lose_no_count) {
  Metrics metrics;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 2000; ++i) {
        ++metrics.counter("c", "C.", {{"t", std::to_string((i + t) % 4)}});
        metrics.histogram("h", "H.").add(0.001);
        if (i % 500 == 0) metrics.text();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  const std::string text = metrics.text();
  EXPECT_THAT(text, HasSubstr("c{t=\"3\"} 2000\n"));
  EXPECT_THAT(text, HasSubstr("h_count 8000\n"));
}

}  // namespace
}  // namespace tracia::service
