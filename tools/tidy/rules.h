// The house's style and dependency rules, checked on the text of the tree (design: ARCHITECTURE.md, "Rules").
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace tracia::tidy {

struct Finding {
  std::string file;  // relative to the root
  size_t line = 0;   // 0 = the whole file
  std::string message;
};

// One file's findings. `path` is relative to the root, with forward slashes.
std::vector<Finding> check_file(const std::string& path, const std::string& text);

// All tracked kinds of files below `root`, generated and third-party folders left out; also what concerns folders
// (a README in every library).
std::vector<Finding> check_tree(const std::filesystem::path& root);

}  // namespace tracia::tidy
