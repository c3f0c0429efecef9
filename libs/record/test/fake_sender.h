// A sender that answers what a test says and remembers what it was sent.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tracia/base/compress.h"
#include "tracia/record/recorder.h"

namespace tracia::record {

struct Posted {
  std::string path;
  nlohmann::json body;
  bool gzipped;
};

class FakeSender final : public Sender {
 public:
  using Answer = std::function<PostResult(const Posted&, size_t number)>;
  explicit FakeSender(Answer answer = [](const Posted&, size_t) { return PostResult{.status = 200, .body = "{}"}; })
      : answer_(std::move(answer)) {}

  static PostResult ok(std::string body = R"({"accepted":1,"duplicates":0,"rejected":[]})") {
    return {.status = 200, .body = std::move(body)};
  }

  PostResult post(std::string_view path, std::string_view body, bool gzipped, Millis) override {
    Posted posted{.path = std::string(path), .body = {}, .gzipped = gzipped};
    posted.body = nlohmann::json::parse(gzipped ? gunzip(body, 64u << 20).value() : std::string(body));
    std::unique_lock lock(mutex_);
    const size_t number = posts_.size();
    posts_.push_back(posted);
    changed_.notify_all();
    changed_.wait(lock, [&] { return !stuck_ || cancelled_; });
    if (cancelled_) return {.message = "cancelled"};
    lock.unlock();
    return answer_(posted, number);
  }
  void cancel() override {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
    changed_.notify_all();
  }
  void after_fork() override { forked = true; }

  void stick(bool stuck) {
    const std::lock_guard lock(mutex_);
    stuck_ = stuck;
    changed_.notify_all();
  }
  bool wait_for_posts(size_t count, Millis limit = Millis{5000}) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit, [&] { return posts_.size() >= count; });
  }
  std::vector<Posted> posts() const {
    const std::lock_guard lock(mutex_);
    return posts_;
  }
  // Ids of all spans posted, in order, retries included.
  std::vector<std::string> ids() const {
    std::vector<std::string> out;
    for (const Posted& posted : posts()) {
      if (posted.body.is_array()) {
        for (const auto& span : posted.body) out.push_back(span["spanId"]);
      } else {
        out.push_back(posted.body["spanId"]);
      }
    }
    return out;
  }
  bool forked = false;

 private:
  Answer answer_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Posted> posts_;
  bool stuck_ = false, cancelled_ = false;
};

// What on_error was told.
class Failures {
 public:
  std::function<void(const Error&, const std::string&)> collector() {
    return [this](const Error& error, const std::string& id) {
      const std::lock_guard lock(mutex_);
      ids_.push_back(id);
      errors_.push_back(error);
    };
  }
  std::vector<std::string> ids() const {
    const std::lock_guard lock(mutex_);
    return ids_;
  }
  std::vector<Error> errors() const {
    const std::lock_guard lock(mutex_);
    return errors_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> ids_;
  std::vector<Error> errors_;
};

inline std::string id_of(int n) {
  char text[24];
  std::snprintf(text, sizeof text, "sp_%016x", n);
  return text;
}
inline span::Span span_of(int n) {
  span::Span span;
  span.span_id = id_of(n);
  span.model = "m";
  span.provider = "openai";
  span.input_json = R"({"messages":[]})";
  return span;
}
inline std::vector<std::string> ids_from(int first, int last) {
  std::vector<std::string> out;
  for (int n = first; n <= last; ++n) out.push_back(id_of(n));
  return out;
}

}  // namespace tracia::record
