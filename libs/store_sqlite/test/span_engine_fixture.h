// An engine in a folder of its own, with a clock to turn and the events it reports.
#pragma once

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "span_engine.h"
#include "span_store_fixture.h"
#include "tracia/base/bytes.h"
#include "tracia/base/ids.h"

namespace tracia::store_sqlite::testing {

namespace fs = std::filesystem;
using store::contract::make;
using store::contract::sp;

class ManualClock final : public Clock {
 public:
  Timestamp now() const override { return Timestamp{micros.load()}; }
  SteadyTime steady() const override { return system_clock().steady(); }
  std::atomic<int64_t> micros{store::contract::kBase};
};

class SpanEngineTest : public ::testing::Test {
 protected:
  SpanEngineTest() : dir_(fs::temp_directory_path() / ("tracia-engine-" + hex_encode(random_bytes(8)))) {
    fs::create_directories(dir_);
    options_.on_event = [this](std::string_view event, std::string_view) {
      const std::lock_guard lock(mutex_);
      events_.emplace_back(event);
    };
  }
  ~SpanEngineTest() override {
    engine_.reset();
    fs::remove_all(dir_);
  }
  void open() {
    engine_.reset();
    auto opened = SpanEngine::open(dir_, options_);
    ASSERT_TRUE(opened) << opened.error().message;
    engine_ = std::move(*opened);
  }
  Result<std::vector<store::Appended>> add(std::vector<store::NewSpan> spans) {
    std::promise<Result<std::vector<store::Appended>>> promise;
    auto future = promise.get_future();
    engine_->append(std::move(spans), [&](auto result) { promise.set_value(std::move(result)); });
    return future.get();
  }
  void add(uint64_t first, uint64_t last) {
    for (uint64_t n = first; n <= last; ++n) ASSERT_TRUE(add({make(n, static_cast<int64_t>(n))}));
  }
  size_t count(SpanEngine& engine) {
    auto page = engine.list("p1", {}, {.limit = 10'000, .payloads = true});
    if (!page) ADD_FAILURE() << page.error().message;
    return page ? page->spans.size() : 0;
  }
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(dir_ / "segments")) names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }
  bool happened(const std::string& event) {
    const std::lock_guard lock(mutex_);
    return std::find(events_.begin(), events_.end(), event) != events_.end();
  }
  static bool eventually(const std::function<bool()>& holds) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!holds()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
  }
  fs::path segment(const std::string& name) const { return dir_ / "segments" / name; }

  const fs::path dir_;
  ManualClock clock_;  // outlives the engine
  Options options_;
  std::mutex mutex_;
  std::vector<std::string> events_;
  std::unique_ptr<SpanEngine> engine_;
};

}  // namespace tracia::store_sqlite::testing
