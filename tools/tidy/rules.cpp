#include "rules.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string_view>

namespace tracia::tidy {
namespace {

namespace fs = std::filesystem;

constexpr size_t kLinesMax = 500;      // a longer file asks to be split
constexpr size_t kTestLinesMax = 700;  // tables of cases
constexpr size_t kColumnsMax = 120;

// Who may use whom: a library and those its headers and sources may include. Arrows never point back.
const std::map<std::string, std::set<std::string>>& allowed() {
  static const std::map<std::string, std::set<std::string>> table{
      {"base", {}},
      {"json", {"base"}},
      {"wire", {"base"}},
      {"llm", {"base", "json", "wire"}},
      {"span", {"base", "json", "llm"}},
      {"prompt", {"base", "json", "llm", "span"}},
      {"transport", {"base", "wire"}},
      {"record", {"base", "json", "wire", "span"}},
      {"calls", {"base", "wire", "llm", "transport"}},
      {"client", {"base", "json", "wire", "llm", "span", "prompt", "record", "transport", "calls"}},
      {"store", {"base", "json", "llm", "span", "prompt"}},
      {"store_sqlite", {"base", "json", "llm", "span", "prompt", "store"}},
      {"ingest", {"base", "json", "llm", "span", "prompt", "store"}},
      {"gateway", {"base", "json", "wire", "llm", "span"}},
      {"http", {"base", "json", "wire", "transport"}},
      {"config", {"base", "wire", "llm"}},
      {"service",
       {"base", "json", "wire", "llm", "span", "prompt", "transport", "calls", "store", "ingest", "gateway", "config",
        "http"}},
      {"routes",
       {"base", "json", "wire", "llm", "span", "prompt", "transport", "calls", "store", "ingest", "gateway", "config",
        "http", "service"}},
      {"simulate", {"base", "json", "wire", "http"}},
      // The Python extension: the client, and the values that its headers speak of.
      {"native", {"client", "base", "json", "wire", "span", "record"}},
  };
  return table;
}

// Headers that only some folders may include.
struct Fence {
  std::string_view header_prefix;
  std::vector<std::string_view> folders;
  std::string_view reason;
};
const std::vector<Fence>& fences() {
  static const std::vector<Fence> list{
      {"curl/", {"libs/transport/", "benchmarks/"}, "only transport talks to curl"},
      {"nanobind/", {"python/native/"}, "only python/native knows Python"},
      {"Python.h", {"python/native/"}, "only python/native knows Python"},
      {"boost/", {"server/http/"}, "only server/http includes Boost"},
      {"sqlite3.h", {"libs/store_sqlite/", "tests/crash/", "benchmarks/"}, "engine headers stay in their store"},
      {"zstd.h", {"libs/store_sqlite/", "server/http/"}, "compression is the stores' and the server's"},
      {"sodium.h", {"libs/store_sqlite/", "server/service/"}, "secrets are kept in two places only"},
      {"toml++/", {"server/config/", "apps/tracia/prompt_file.cpp"}, "config and prompt files are the TOML there is"},
      {"libpq-fe.h", {"libs/store_postgres/"}, "engine headers stay in their store"},
      {"simdjson.h", {"libs/json/"}, "json wraps simdjson"},
      {"re2/", {"libs/ingest/"}, "patterns of others are matched in ingest only"},
      {"CLI/", {"apps/", "benchmarks/"}, "command lines are parsed in apps and benchmarks"},
      {"regex", {}, "std::regex is slow and can be made to overflow the stack; use libre2"},
  };
  return list;
}

// Libraries that do no I/O and start no thread.
bool is_pure(std::string_view lib) {
  return lib == "base" || lib == "json" || lib == "wire" || lib == "llm" || lib == "span" || lib == "prompt" ||
         lib == "gateway";
}
constexpr std::string_view kImpureHeaders[] = {"thread",  "future",     "condition_variable",
                                               "fstream", "filesystem", "sys/socket.h",
                                               "netdb.h", "poll.h",     "sys/epoll.h"};

bool starts(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }
bool ends(std::string_view text, std::string_view suffix) {
  return text.size() >= suffix.size() && text.substr(text.size() - suffix.size()) == suffix;
}
bool is_cpp(std::string_view path) { return ends(path, ".h") || ends(path, ".cpp"); }
bool is_test(std::string_view path) {
  return path.find("/test/") != std::string_view::npos || starts(path, "tests/") || ends(path, "_test.cpp");
}

// Whether `word` stands in `line` by itself: the pattern of mkstemp() and "\\uNNNN" are no marks.
bool has_word(std::string_view line, std::string_view word) {
  const auto is_letter = [&](size_t at) {
    return at < line.size() && std::isalnum(static_cast<unsigned char>(line[at]));
  };
  for (size_t at = line.find(word); at != std::string_view::npos; at = line.find(word, at + 1)) {
    if ((at == 0 || !is_letter(at - 1)) && !is_letter(at + word.size())) return true;
  }
  return false;
}

// "libs/llm/src/x.cpp" -> "llm", "server/http/…" -> "http", "python/native/x.cpp" -> "native".
std::string library_of(std::string_view path) {
  for (const std::string_view root : {"libs/", "server/", "python/"}) {
    if (!starts(path, root)) continue;
    const std::string_view rest = path.substr(root.size());
    const size_t slash = rest.find('/');
    return slash == std::string_view::npos ? "" : std::string(rest.substr(0, slash));
  }
  return "";
}

// The header named by an #include line.
std::optional<std::string_view> included(std::string_view line) {
  if (!starts(line, "#include ") || line.size() < 12) return std::nullopt;
  const char close = line[9] == '<' ? '>' : '"';
  const size_t end = line.find(close, 10);
  if (end == std::string_view::npos) return std::nullopt;
  return line.substr(10, end - 10);
}

class FileCheck {
 public:
  FileCheck(const std::string& path, const std::string& text) : path_(path), text_(text), library_(library_of(path)) {}

  std::vector<Finding> run() {
    std::istringstream in(text_);
    std::string line;
    size_t number = 0;
    while (std::getline(in, line)) check_line(line, ++number);
    if (!text_.empty() && text_.back() != '\n') add(number, "no newline at the end of the file");
    const size_t most = is_test(path_) ? kTestLinesMax : kLinesMax;
    if (is_cpp(path_) && number > most) {
      add(0, std::to_string(number) + " lines; at most " + std::to_string(most) + ": split it by idea");
    }
    if (ends(path_, ".h")) check_header();
    return std::move(findings_);
  }

 private:
  void add(size_t line, std::string message) { findings_.push_back({path_, line, std::move(message)}); }

  void check_line(const std::string& line, size_t number) {
    if (!line.empty() && (line.back() == ' ' || line.back() == '\t' || line.back() == '\r'))
      add(number, "white space at the end of the line");
    if (!is_cpp(path_)) return;
    if (line.find('\t') != std::string::npos) add(number, "tab; indent with spaces");
    size_t columns = 0;
    for (const char c : line) columns += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
    if (columns > kColumnsMax && line.find("R\"") == std::string::npos && !is_test(path_)) {
      add(number, std::to_string(columns) + " columns; at most " + std::to_string(kColumnsMax));
    }
    for (const std::string_view mark : {"TO"
                                        "DO",
                                        "FIX"
                                        "ME",
                                        "XX"
                                        "X"}) {
      if (has_word(line, mark)) add(number, "unfinished work: " + std::string(mark));
    }
    // Nothing phones home: the hosted product's address appears in no code.
    if (line.find("tracia"
                  ".io") != std::string::npos)
      add(number, "a hosted address");
    if (const auto header = included(line)) check_include(*header, number);
  }

  void check_include(std::string_view header, size_t number) {
    for (const Fence& fence : fences()) {
      const bool hit =
          ends(fence.header_prefix, "/") ? starts(header, fence.header_prefix) : header == fence.header_prefix;
      if (!hit) continue;
      const bool allowed_here =
          std::any_of(fence.folders.begin(), fence.folders.end(), [&](std::string_view f) { return starts(path_, f); });
      if (!allowed_here) add(number, "includes <" + std::string(header) + ">: " + std::string(fence.reason));
    }
    if (starts(header, "nlohmann/") && !is_test(path_) && !starts(path_, "apps/conformance/")) {
      add(number, "nlohmann/json is for tests only; use tracia/json");
    }
    if (is_test(path_) || library_.empty()) return;
    if (is_pure(library_)) {
      for (const std::string_view impure : kImpureHeaders) {
        if (header == impure)
          add(number,
              "libs/" + library_ + " does no I/O and starts no thread, but includes <" + std::string(header) + ">");
      }
    }
    if (!starts(header, "tracia/")) return;
    const std::string_view rest = header.substr(7);
    const std::string used(rest.substr(0, rest.find('/')));
    const auto row = allowed().find(library_);
    if (row == allowed().end()) {
      add(number, "library '" + library_ + "' has no row in the dependency table of tools/tidy");
    } else if (used != library_ && !row->second.contains(used)) {
      add(number, library_ + " must not use " + used);
    }
  }

  void check_header() {
    if (text_.find("#pragma once") == std::string::npos) add(0, "no #pragma once");
    if (!starts(text_, "//")) add(1, "a header begins with a comment that says what it is for");
  }

  const std::string& path_;
  const std::string& text_;
  std::string library_;
  std::vector<Finding> findings_;
};

bool skipped_folder(const fs::path& path) {
  const std::string name = path.filename().string();
  return name == "build" || name == ".git" || name == "node_modules" || name == ".venv" || name == "corpus" ||
         name == "__pycache__" || name == ".cache";
}

bool checked_kind(const std::string& path) {
  for (const std::string_view kind :
       {".h", ".cpp", ".py", ".ts", ".tsx", ".cmake", "CMakeLists.txt", ".yaml", ".sh", "/dev"}) {
    if (ends(path, kind)) return true;
  }
  return path == "dev";
}

}  // namespace

std::vector<Finding> check_file(const std::string& path, const std::string& text) {
  return FileCheck(path, text).run();
}

std::vector<Finding> check_tree(const fs::path& root) {
  std::vector<Finding> findings;
  for (auto it = fs::recursive_directory_iterator(root); it != fs::recursive_directory_iterator(); ++it) {
    if (it->is_directory() && skipped_folder(it->path())) {
      it.disable_recursion_pending();
      continue;
    }
    const std::string path = fs::relative(it->path(), root).generic_string();
    if (!it->is_regular_file() || !checked_kind(path)) continue;
    std::ifstream in(it->path(), std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    for (Finding& finding : check_file(path, text)) findings.push_back(std::move(finding));
  }
  for (const char* parent : {"libs", "server"}) {
    if (!fs::is_directory(root / parent)) continue;
    for (const auto& entry : fs::directory_iterator(root / parent)) {
      if (entry.is_directory() && !fs::exists(entry.path() / "README.md")) {
        findings.push_back(
            {fs::relative(entry.path(), root).generic_string(), 0, "no README.md: purpose, may use, must not use"});
      }
    }
  }
  std::sort(findings.begin(), findings.end(),
            [](const Finding& a, const Finding& b) { return std::tie(a.file, a.line) < std::tie(b.file, b.line); });
  return findings;
}

}  // namespace tracia::tidy
