// The power fails at a random moment, with whatever was not synced: nothing acknowledged is lost, nothing is doubled.
#include <iostream>
#include <random>

#include "crash_fixture.h"

namespace tracia::crash {
namespace {

// One life of a store after another in the same directory; each ends with a power cut.
class Lives {
 public:
  Lives(uint32_t seed, bool synchronous_off) : random_(seed) {
    options_.vfs = power::kVfsName;
    options_.synchronous_off = synchronous_off;
    options_.segment_spans_max = between(3, 60);
  }

  // What was wrong afterwards; "" = nothing.
  std::string live() {
    // Often soon, to hit the opening and the first seals; never while the last check runs.
    const int64_t operations = between(0, 3) == 0 ? between(1, 60) : between(60, 600);
    power::cut_after(operations, between(0, 1) * 0.5, static_cast<uint32_t>(random_()));
    if (auto data = store_sqlite::DataDirectory::open(folder_.path(), options_)) {
      work(**data);
    } else if (!power::is_cut()) {
      return "open: " + data.error().message;
    }
    power::revive();
    auto data = store_sqlite::DataDirectory::open(folder_.path(), options_);
    if (!data) return "open after the cut: " + data.error().message;
    return broken_promise(**data, promises_, tried_);
  }

 private:
  int64_t between(int64_t low, int64_t high) { return std::uniform_int_distribution<int64_t>(low, high)(random_); }

  void work(store_sqlite::DataDirectory& data) {
    for (int round = 0; round < 2'000 && !power::is_cut(); ++round) {
      std::vector<store::NewSpan> spans;
      const uint64_t first = tried_ + 1;
      for (int64_t i = between(1, 8); i > 0; --i) spans.push_back(make_span(++tried_));
      std::vector<uint64_t> numbers;
      for (uint64_t n = first; n <= tried_; ++n) numbers.push_back(n);
      if (first > 5 && between(0, 3) == 0) {  // again: a duplicate, or a retry
        spans.push_back(make_span(first - 5));
        numbers.push_back(first - 5);
      }
      data.spans().append(std::move(spans), [this, numbers](const Result<std::vector<store::Appended>>& result) {
        if (!result) return;
        for (const uint64_t n : numbers) promises_.keep(n);
      });
      if (between(0, 9) == 0) write_version(data.control());
    }
  }

  void write_version(store::ControlStore& control) {
    prompt::Version version;
    version.prompt_id = "prompt";
    version.number = promises_.prompt_versions + 1;
    prompt::Prompt prompt;
    prompt.id = "prompt";
    prompt.project_id = kProject;
    prompt.slug = prompt.name = "greeting";
    // A version may have been written and not acknowledged: then it is there, and the revision says so.
    auto stored = control.prompts();
    if (!stored) return;
    if (stored->empty()) {
      if (control.create_prompt(prompt, version)) promises_.prompt_versions = 1;
      return;
    }
    prompt = stored->front();
    ++prompt.revision;
    version.number = ++prompt.current_version;
    if (control.update_prompt(prompt, &version)) promises_.prompt_versions = version.number;
  }

  std::mt19937 random_;
  Folder folder_;
  store_sqlite::Options options_;
  Promises promises_;
  uint64_t tried_ = 0;
};

constexpr int kDirectories = 13;
constexpr int kLives = 4;

// The first thing found lost; "" when nothing was, in kDirectories * kLives power cuts.
std::string first_loss(uint32_t seed, bool synchronous_off) {
  power::install();
  for (int directory = 0; directory < kDirectories; ++directory) {
    Lives lives(seed + static_cast<uint32_t>(directory), synchronous_off);
    for (int life = 0; life < kLives; ++life) {
      const std::string wrong = lives.live();
      power::revive();
      if (!wrong.empty()) return "directory " + std::to_string(directory) + ": " + wrong;
    }
  }
  return "";
}

uint32_t seed_of_this_run() {
  const char* given = std::getenv("TRACIA_CRASH_SEED");
  const uint32_t seed =
      given != nullptr ? static_cast<uint32_t>(std::strtoul(given, nullptr, 10)) : std::random_device{}();
  std::cout << "TRACIA_CRASH_SEED=" << seed << "\n";
  return seed;
}

TEST(PowerCut, NothingAcknowledgedIsLostOrDoubled) { EXPECT_EQ(first_loss(seed_of_this_run(), false), ""); }

TEST(PowerCut, WithoutSyncingTheSameTestFindsLosses) {
  EXPECT_NE(first_loss(seed_of_this_run(), true), "") << "a test that cannot fail shows nothing";
}

}  // namespace
}  // namespace tracia::crash
