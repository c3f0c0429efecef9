#include "prices.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "case_files.h"
#include "tracia/base/clock.h"
#include "tracia/json/reader.h"
#include "tracia/llm/catalog.h"

namespace tracia::conformance {
namespace {

namespace fs = std::filesystem;

constexpr double kTolerance = 1e-12;
constexpr llm::Int128 kToleranceUnits = 1'000'000;  // the same in Decimal's units of 1e-18

struct Tally {
  size_t files = 0, passed = 0, failed = 0, noted = 0;
};

struct Difference {
  std::string field, expected, got;
};

Result<llm::Usage> read_usage(json::Value json) {
  if (!json.is_object()) return fail(Error::invalid("usage is not an object"));
  llm::Usage usage;
  const std::pair<std::string_view, std::optional<int64_t>*> fields[] = {
      {"inputTokens", &usage.input_tokens},
      {"outputTokens", &usage.output_tokens},
      {"totalTokens", &usage.total_tokens},
      {"cachedInputTokens", &usage.cached_input_tokens},
      {"cacheWriteTokens", &usage.cache_write_tokens},
      {"cacheWrite1hTokens", &usage.cache_write_1h_tokens},
      {"reasoningTokens", &usage.reasoning_tokens},
      {"inputAudioTokens", &usage.input_audio_tokens},
      {"outputAudioTokens", &usage.output_audio_tokens},
  };
  for (const json::Member member : json.members()) {
    const auto* field = std::find_if(std::begin(fields), std::end(fields),
                                     [&](const auto& known) { return known.first == member.key; });
    // A count we do not know is passed over: if it costs anything, the comparison shows it.
    if (field == std::end(fields) || member.value.is_null()) continue;
    *field->second = member.value.integer();
    if (!*field->second) return fail(Error::invalid("usage." + std::string(member.key) + " is not an integer"));
  }
  return usage;
}

bool is_same(json::Value want, std::optional<llm::Decimal> got) {
  if (want.is_null() || !got) return want.is_null() && !got;
  if (const auto text = want.string()) {
    const auto amount = llm::Decimal::parse(*text);
    if (!amount) return false;
    const llm::Decimal gap = *amount > *got ? *amount - *got : *got - *amount;
    return gap.units() <= kToleranceUnits;
  }
  const auto number = want.number();
  return number && std::fabs(*number - got->to_double()) <= kTolerance;
}

// What differs between `expected` and the computed cost, field by field.
std::vector<Difference> compare(json::Value expected, const llm::Cost& cost) {
  std::vector<Difference> differences;
  const bool known = cost.status != llm::CostStatus::kUnknown;
  for (const json::Member member : expected.members()) {
    std::optional<llm::Decimal> got;
    std::string shown = known ? "no such field" : "no cost";
    for (const auto& [name, amount] : {std::pair{"inputCost", cost.input}, std::pair{"outputCost", cost.output},
                                       std::pair{"totalCost", cost.total}}) {
      if (member.key != name || !known) continue;
      got = amount;
      shown = amount.to_string();
    }
    if (is_same(member.value, got)) continue;
    const std::string want = member.value.is_string() ? member.value.text() : member.value.to_json();
    differences.push_back({std::string(member.key), want, std::move(shown)});
  }
  return differences;
}

// A case whose sources disagree: a reader may decide otherwise, as long as it says so.
void note(std::string_view id, json::Value one, const llm::Cost& cost, const std::vector<Difference>& differences) {
  const json::Value alternative = one["alternative"];
  const bool is_alternative = alternative.is_object() && compare(alternative, cost).empty();
  for (const Difference& d : differences) {
    std::printf("NOTE %.*s %s expected %s decided %s (%s)\n", static_cast<int>(id.size()), id.data(), d.field.c_str(),
                d.expected.c_str(), d.got.c_str(), is_alternative ? "the case's alternative" : "sources disagree");
  }
}

Status run_case(json::Value one, Tally& tally) {
  const auto id = one["id"].string();
  const auto time = parse_rfc3339(one["time"].string_or(""));
  const auto mode = one["mode"];
  const auto usage = read_usage(one["usage"]);
  if (!id || !time) return fail(Error::invalid("lacks an id or a time"));
  if (!usage) return fail(usage.error());
  if (!one["expected"].is_object()) return fail(Error::invalid("expected is not an object"));

  const std::string_view mode_name = mode.is_missing_or_null() ? "standard" : mode.string_or("?");
  const llm::Cost cost =
      llm::cost(*usage, one["provider"].string_or(""), one["model"].string_or(""), *time, mode_name == "batch");
  auto differences = compare(one["expected"], cost);
  if (mode_name != "standard" && mode_name != "batch") {
    differences.push_back({"mode", "standard or batch", std::string(mode_name)});
  }
  if (differences.empty()) {
    ++tally.passed;
  } else if (one["dissent"].size() > 0 || one["alternative"].is_object()) {
    ++tally.noted;
    note(*id, one, cost, differences);
  } else {
    ++tally.failed;
    for (const Difference& d : differences) {
      std::printf("FAIL %s %s expected %s got %s\n", one["id"].text().c_str(), d.field.c_str(), d.expected.c_str(),
                  d.got.c_str());
    }
  }
  return {};
}

bool is_case(json::Value value) { return value["usage"] && value["expected"]; }

bool has_cases(json::Value root) {
  for (const json::Value item : root.items()) {
    if (is_case(item)) return true;
  }
  return false;
}

Status run_file(const fs::path& path, Tally& tally) {
  const auto text = read_file(path);
  if (!text) return fail(text.error());
  json::Document document;
  const auto root = document.parse(*text);
  if (!root) return fail(root.error());
  if (!has_cases(*root)) return {};  // model facts and the like
  ++tally.files;
  size_t position = 0;
  for (const json::Value one : root->items()) {
    ++position;
    const Status status = is_case(one) ? run_case(one, tally) : fail(Error::invalid("lacks usage or expected"));
    if (!status) return fail(Error::invalid("case " + std::to_string(position) + " " + status.error().message));
  }
  return {};
}

}  // namespace

int run_prices(const fs::path& dir) {
  const auto files = list_files(dir);
  if (!files) {
    std::fprintf(stderr, "%s: %s\n", dir.c_str(), files.error().message.c_str());
    return 2;
  }
  Tally tally;
  for (const fs::path& path : *files) {
    if (const Status status = run_file(path, tally); !status) {
      std::fprintf(stderr, "%s: %s\n", path.c_str(), status.error().message.c_str());
      return 2;
    }
  }
  if (tally.files == 0) {
    std::fprintf(stderr, "%s: no file with cases (a list of objects with usage and expected)\n", dir.c_str());
    return 2;
  }
  if (tally.noted > 0) std::printf("%zu decided otherwise where the sources disagree\n", tally.noted);
  std::printf("%zu passed, %zu failed\n", tally.passed, tally.failed);
  return tally.failed == 0 ? 0 : 1;
}

}  // namespace tracia::conformance
