#include "tracia/service/metrics.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <mutex>
#include <shared_mutex>

#include "tracia/base/bytes.h"

namespace tracia::service {
namespace {

constexpr size_t kSeriesMax = 10'000;
// Upper bounds in seconds.
constexpr std::array<double, Histogram::kBounds> kBuckets = {
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300};

// Series by their labels as text: `method="GET",route="/x"`.
struct Family {
  std::string help;
  std::map<std::string, std::atomic<uint64_t>, std::less<>> counters;
  std::map<std::string, Histogram, std::less<>> histograms;
  std::map<std::string, std::function<double()>, std::less<>> gauges;
};

void append_escaped(std::string& out, std::string_view text, bool quotes) {
  for (const char c : to_valid_utf8(text)) {
    if (c == '\n') {
      out.append("\\n");
    } else {
      if (c == '\\' || (quotes && c == '"')) out.push_back('\\');
      out.push_back(c);
    }
  }
}

std::string label_text(const Labels& labels) {
  std::string text;
  for (const auto& [name, value] : labels) {
    if (!text.empty()) text.push_back(',');
    text.append(name).append("=\"");
    append_escaped(text, value, true);
    text.push_back('"');
  }
  return text;
}

std::string number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  char digits[32];
  return {digits, std::to_chars(digits, digits + sizeof digits, value).ptr};
}

// "0.0001", not "1e-04": bounds are matched as text by those who query.
std::string bound_text(double bound) {
  char digits[32];
  return {digits, std::to_chars(digits, digits + sizeof digits, bound, std::chars_format::fixed).ptr};
}

void append_sample(std::string& out, std::string_view name, std::string_view suffix, std::string_view labels,
                   std::string_view value) {
  out.append(name).append(suffix);
  if (!labels.empty()) out.append("{").append(labels).append("}");
  out.append(" ").append(value).append("\n");
}

void append_histogram(std::string& out, std::string_view name, const std::string& labels, const Histogram& histogram) {
  uint64_t total = 0;
  for (size_t i = 0; i <= kBuckets.size(); ++i) {
    total += histogram.counts[i].load(std::memory_order_relaxed);
    const std::string bound = i < kBuckets.size() ? bound_text(kBuckets[i]) : "+Inf";
    std::string bucket = labels;
    bucket.append(labels.empty() ? "le=\"" : ",le=\"").append(bound).append("\"");
    append_sample(out, name, "_bucket", bucket, std::to_string(total));
  }
  const uint64_t nanos = histogram.sum_nanos.load(std::memory_order_relaxed);
  append_sample(out, name, "_sum", labels, number(static_cast<double>(nanos) / 1e9));
  append_sample(out, name, "_count", labels, std::to_string(total));
}

}  // namespace

void Histogram::add(double seconds) {
  seconds = std::isfinite(seconds) ? std::max(seconds, 0.0) : 0.0;
  const auto at = std::lower_bound(kBuckets.begin(), kBuckets.end(), seconds) - kBuckets.begin();
  counts[static_cast<size_t>(at)].fetch_add(1, std::memory_order_relaxed);
  sum_nanos.fetch_add(static_cast<uint64_t>(std::min(seconds, 1e9) * 1e9), std::memory_order_relaxed);
}

struct Metrics::Impl {
  mutable std::shared_mutex mutex;  // of the maps; their values are atomics and never move
  std::map<std::string, Family, std::less<>> families;
  size_t series = 0;

  // The series of `kind` with those labels, made when it is not there.
  template <typename T>
  T& find(std::map<std::string, T, std::less<>> Family::* kind, std::string_view name, std::string_view help,
          const Labels& labels) {
    const std::string text = label_text(labels);
    {
      const std::shared_lock lock(mutex);
      if (const auto family = families.find(name); family != families.end()) {
        auto& all = family->second.*kind;
        if (const auto found = all.find(text); found != all.end()) return found->second;
      }
    }
    const std::unique_lock lock(mutex);
    Family& family = families[std::string(name)];
    if (family.help.empty()) family.help = help;
    auto& all = family.*kind;
    if (const auto found = all.find(text); found != all.end()) return found->second;
    if (series >= kSeriesMax) return all["overflow=\"true\""];
    ++series;
    return all[text];
  }
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

std::atomic<uint64_t>& Metrics::counter(std::string_view name, std::string_view help, const Labels& labels) {
  return impl_->find(&Family::counters, name, help, labels);
}

Histogram& Metrics::histogram(std::string_view name, std::string_view help, const Labels& labels) {
  return impl_->find(&Family::histograms, name, help, labels);
}

void Metrics::gauge(const std::string& name, std::string help, std::function<double()> read, const Labels& labels) {
  const std::string text = label_text(labels);
  const std::unique_lock lock(impl_->mutex);
  Family& family = impl_->families[name];
  family.help = std::move(help);
  family.gauges[text] = std::move(read);
}

std::string Metrics::text() const {
  std::string out;
  const std::shared_lock lock(impl_->mutex);
  for (const auto& [name, family] : impl_->families) {
    const bool is_counter = !family.counters.empty() || name.ends_with("_total");
    const std::string_view type = is_counter ? "counter" : family.histograms.empty() ? "gauge" : "histogram";
    out.append("# HELP ").append(name).append(" ");
    append_escaped(out, family.help, false);
    out.append("\n# TYPE ").append(name).append(" ").append(type).append("\n");
    for (const auto& [labels, value] : family.counters) {
      append_sample(out, name, "", labels, std::to_string(value.load(std::memory_order_relaxed)));
    }
    for (const auto& [labels, read] : family.gauges) append_sample(out, name, "", labels, number(read()));
    for (const auto& [labels, histogram] : family.histograms) append_histogram(out, name, labels, histogram);
  }
  return out;
}

}  // namespace tracia::service
