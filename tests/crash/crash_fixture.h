// A data directory on the file system whose power can fail, and what was promised about it.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "power_cut_vfs.h"
#include "tracia/base/bytes.h"
#include "tracia/base/ids.h"
#include "tracia/store_sqlite/data_directory.h"

namespace tracia::crash {

inline constexpr char kProject[] = "p1";

class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / ("tracia-crash-" + hex_encode(random_bytes(8)))) {
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline std::string span_id(uint64_t n) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text(16, '0');
  for (size_t i = 16; i-- > 0; n >>= 4) text[i] = kDigits[n & 15];
  return "sp_" + text;
}
inline std::string output_of(uint64_t n) { return "answer " + std::to_string(n) + std::string(n % 700, 'x'); }

inline store::NewSpan make_span(uint64_t n) {
  store::NewSpan made;
  made.project_id = kProject;
  made.span.span_id = span_id(n);
  made.span.model = "gpt-4o";
  made.span.input_json = R"({"messages":[{"role":"user","content":")" + std::string(200 + n % 5, 'q') + R"("}]})";
  made.span.output = output_of(n);
  return made;
}

// What was acknowledged, for a look after the crash. Thread-safe.
class Promises {
 public:
  void keep(uint64_t span) {
    const std::lock_guard lock(mutex_);
    spans_.insert(span);
  }
  std::set<uint64_t> spans() const {
    const std::lock_guard lock(mutex_);
    return spans_;
  }
  int64_t prompt_versions = 0;  // acknowledged ones, from 1

 private:
  mutable std::mutex mutex_;
  std::set<uint64_t> spans_;
};

// What is wrong with the store; "" = all promises are kept. Spans 1 to `tried` may be there, no others, none twice.
inline std::string broken_promise(store_sqlite::DataDirectory& data, const Promises& promises, uint64_t tried) {
  std::map<std::string, int> count;
  std::map<std::string, std::string> outputs;
  store::ListOptions options{.limit = 500, .payloads = true};
  do {
    auto page = data.spans().list(kProject, {}, options);
    if (!page) return "list: " + page.error().message;
    for (const auto& span : page->spans) {
      ++count[span.span.span_id];
      outputs[span.span.span_id] = span.span.output.value_or("");
    }
    options.after = page->next;
  } while (options.after);
  for (const auto& [id, times] : count) {
    if (times != 1) return id + " is there " + std::to_string(times) + " times";
  }
  for (const uint64_t n : promises.spans()) {
    if (count.count(span_id(n)) == 0) return span_id(n) + " was acknowledged and is lost";
    if (outputs[span_id(n)] != output_of(n)) return span_id(n) + " changed";
    if (n % 10 != 0) continue;
    auto span = data.spans().get(kProject, span_id(n), "");
    if (!span) return "get: " + span.error().message;
    if (!*span || (*span)->span.output != output_of(n)) return span_id(n) + " is listed and not found";
  }
  if (count.size() > tried) return "there are spans that nobody sent";
  for (int64_t number = 1; number <= promises.prompt_versions; ++number) {
    auto version = data.control().version("prompt", number);
    if (!version) return "version: " + version.error().message;
    if (!*version) return "version " + std::to_string(number) + " was acknowledged and is lost";
  }
  return "";
}

}  // namespace tracia::crash
