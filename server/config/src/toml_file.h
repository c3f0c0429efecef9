// The configuration file, read into flat names and texts. The one place that knows TOML.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tracia/base/result.h"

namespace tracia::config {

enum class ValueKind { kText, kNumber, kSwitch, kList, kOther };

struct FileValue {
  std::string name;  // "listen", "spans.segment_spans"
  ValueKind kind = ValueKind::kOther;
  std::string text;  // as an environment variable would say it; a list's items with commas between
  int line = 0;
};

// At most 1 MiB. Errors: kInvalidRequest with the file, and line and column of what is not TOML.
Result<std::vector<FileValue>> read_toml(const std::filesystem::path& file);

}  // namespace tracia::config
