// The bodies of the run operations, read and bounded as api/openapi.yaml says. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tracia/base/result.h"
#include "tracia/service/runs.h"

namespace tracia::routes {

// Which version of a stored prompt runs.
struct VersionChoice {
  std::optional<int64_t> version;
  std::string label;  // "" = not named
};

// PromptRunRequest; no body at all is fine. `request.at` is left to the caller. Errors: kInvalidRequest naming the
// member.
Result<service::RunRequest> read_prompt_run(std::string_view body, VersionChoice& choice);

// RunRequest of api/openapi.yaml: the unsaved version. Errors: kInvalidRequest naming the member.
Result<service::RunRequest> read_unsaved_run(std::string_view body);

}  // namespace tracia::routes
