#include <charconv>

#include "google/google.h"

namespace tracia::llm::google {

std::string model_path(std::string_view model) {
  for (const std::string_view prefix : {"models/", "tunedModels/"}) {
    if (model.starts_with(prefix)) return std::string(prefix) + wire::percent_encode(model.substr(prefix.size()));
  }
  return "models/" + wire::percent_encode(model);
}

int model_version(std::string_view model) {
  constexpr std::string_view kFamily = "gemini-";
  const size_t start = model.find(kFamily);
  if (start == std::string_view::npos) return 0;
  model.remove_prefix(start + kFamily.size());
  int major = 0, minor = 0;
  const char* end = model.data() + model.size();
  const auto [rest, error] = std::from_chars(model.data(), end, major);
  if (error != std::errc{} || major <= 0 || major > 99) return 0;
  if (rest != end && *rest == '.') {
    const auto [rest2, error2] = std::from_chars(rest + 1, end, minor);
    if (error2 != std::errc{} || minor < 0 || minor > 99) minor = 0;
  }
  return major * 100 + minor;
}

}  // namespace tracia::llm::google
