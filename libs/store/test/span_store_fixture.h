// What the contract tests of a SpanStore stand on: a factory for the engine, short ways to write and read spans.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <ostream>
#include <string>
#include <thread>
#include <vector>

#include "tracia/store/span_store.h"

namespace tracia::store::contract {

// An engine under test. Destroyed with its data.
class SpanStoreHarness {
 public:
  virtual ~SpanStoreHarness() = default;
  virtual SpanStore& store() = 0;
  virtual void reopen() = 0;  // closes it and opens the same data again
};
struct SpanStoreEngine {
  std::string name;
  std::function<std::unique_ptr<SpanStoreHarness>()> fresh;
  friend std::ostream& operator<<(std::ostream& out, const SpanStoreEngine& engine) { return out << engine.name; }
};

constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kBase = 1'790'000'000 * kSecond;  // starts are given as seconds after it

inline std::string hex16(uint64_t n) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text(16, '0');
  for (size_t i = 16; i-- > 0; n >>= 4) text[i] = kDigits[n & 15];
  return text;
}
inline std::string sp(uint64_t n) { return "sp_" + hex16(n); }
inline std::string tr(uint64_t n) { return "tr_" + hex16(n); }

// A span `n` that started at `second`, in trace `trace` (0: none given).
inline NewSpan make(uint64_t n, int64_t second, uint64_t trace = 0, const std::string& project = "p1") {
  NewSpan made;
  made.project_id = project;
  made.span.span_id = sp(n);
  if (trace != 0) made.span.trace_id = tr(trace);
  made.span.model = "gpt-4o";
  made.span.provider = "openai";
  made.span.start_time = Timestamp{kBase + second * kSecond};
  made.span.latency_ms = 100;
  made.span.input_json = R"({"messages":[{"role":"user","content":"question )" + std::to_string(n) + R"("}]})";
  made.span.output = "answer " + std::to_string(n);
  return made;
}

class SpanStoreContract : public testing::TestWithParam<SpanStoreEngine> {
 protected:
  void SetUp() override { harness_ = GetParam().fresh(); }
  SpanStore& store() { return harness_->store(); }
  void reopen() { harness_->reopen(); }

  // Engines may take a while to show what they have taken.
  static bool eventually(const std::function<bool()>& holds) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!holds()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
  }

  Result<std::vector<Appended>> try_add(std::vector<NewSpan> spans) {
    std::promise<Result<std::vector<Appended>>> promise;
    auto future = promise.get_future();
    store().append(std::move(spans),
                   [&](Result<std::vector<Appended>> result) { promise.set_value(std::move(result)); });
    if (future.wait_for(std::chrono::seconds(30)) != std::future_status::ready) {
      ADD_FAILURE() << "no answer to an append";
      std::abort();  // the promise is still in use
    }
    return future.get();
  }
  // As a client does that is told to come back later: a store may be behind for a moment.
  Result<std::vector<Appended>> add_patiently(const std::vector<NewSpan>& spans) {
    auto result = try_add(spans);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!result && result.error().retry_after && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      result = try_add(spans);
    }
    return result;
  }
  // Returns when the spans are visible.
  std::vector<Appended> add(const std::vector<NewSpan>& given) {
    auto result = add_patiently(given);
    if (!result) {
      ADD_FAILURE() << result.error().to_string();
      return std::vector<Appended>(given.size());
    }
    for (size_t i = 0; i < given.size(); ++i) {
      if (!(*result)[i].stored) continue;
      EXPECT_TRUE(eventually(
          [&] { return get(given[i].span.span_id, (*result)[i].trace_id, given[i].project_id).has_value(); }));
    }
    return *result;
  }
  Appended add(NewSpan span) { return add(std::vector<NewSpan>{std::move(span)}).at(0); }

  template <typename T>
  static T value(Result<T> result) {
    if (result) return std::move(*result);
    ADD_FAILURE() << result.error().to_string();
    return T{};
  }
  std::optional<StoredSpan> get(const std::string& span_id, const std::string& trace_id = "",
                                const std::string& project = "p1") {
    return value(store().get(project, span_id, trace_id));
  }
  SpanPage list(const SpanFilter& filter = {}, const ListOptions& options = {.limit = 1000},
                const std::string& project = "p1") {
    return value(store().list(project, filter, options));
  }
  static std::vector<std::string> ids(const std::vector<StoredSpan>& spans) {
    std::vector<std::string> found;
    for (const auto& span : spans) found.push_back(span.span.span_id);
    return found;
  }
  std::vector<std::string> listed(const SpanFilter& filter = {}) { return ids(list(filter).spans); }
  TracePage traces(const SpanFilter& filter = {}, const ListOptions& options = {.limit = 1000}) {
    return value(store().traces("p1", filter, options));
  }
  GroupPage groups(GroupBy by, const SpanFilter& filter = {}, const ListOptions& options = {.limit = 1000}) {
    return value(store().groups("p1", by, filter, options));
  }
  static std::vector<std::string> keys(const GroupPage& page) {
    std::vector<std::string> found;
    for (const auto& group : page.groups) found.push_back(group.key);
    return found;
  }

  std::unique_ptr<SpanStoreHarness> harness_;
};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(SpanStoreContract);

}  // namespace tracia::store::contract
