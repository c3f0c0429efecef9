// Structured log lines on stderr: {"time","level","event", …fields}. Never a payload, a key, a cookie or a header.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "tracia/config/config.h"

namespace tracia::service {

enum class Level { kDebug, kInfo, kWarn, kError };
// "debug", "info", "warn", "error"; nullopt for other words.
std::optional<Level> level_from_name(std::string_view name);

// Thread-safe: a line is one write(2). A full pipe drops lines (counted, and said in the next that gets through).
// Strings are escaped, freed of what looks like a key, and cut at 1 KiB; fields past a line of 4 KiB are left out.
class Log {
 public:
  struct Field {
    std::string_view name;
    std::variant<std::string_view, int64_t, double, bool> value;
  };
  // `sink` replaces stderr (tests); lines are given without their newline.
  Log(Level least, config::LogFormat format, std::function<void(std::string_view line)> sink = {});

  void write(Level level, std::string_view event, std::initializer_list<Field> fields = {});
  bool enabled(Level level) const { return level >= least_; }

 private:
  void print(std::string line);

  Level least_;
  config::LogFormat format_;
  std::function<void(std::string_view)> sink_;
  std::mutex mutex_;  // one line at a time
  std::atomic<uint64_t> dropped_{0};
};

}  // namespace tracia::service
