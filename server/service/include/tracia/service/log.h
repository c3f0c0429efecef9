// Structured log lines on stderr: {"time","level","event", …fields}. Never a payload, a key, a cookie or a header.
#pragma once

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "tracia/config/config.h"

namespace tracia::service {

enum class Level { kDebug, kInfo, kWarn, kError };

// Thread-safe: a line is one write(2). A full pipe drops lines (counted, and said in the next that gets through).
class Log {
 public:
  struct Field {
    std::string_view name;
    std::variant<std::string_view, int64_t, double, bool> value;
  };
  // `sink` replaces stderr (tests).
  Log(Level least, config::LogFormat format, std::function<void(std::string_view line)> sink = {});

  void write(Level level, std::string_view event, std::initializer_list<Field> fields = {});
  bool enabled(Level level) const { return level >= least_; }

 private:
  Level least_;
  config::LogFormat format_;
  std::function<void(std::string_view)> sink_;
};

}  // namespace tracia::service
