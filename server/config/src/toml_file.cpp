#include "toml_file.h"

// Header-only and without exceptions: the system's shared library is built with them.
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include <fstream>

namespace tracia::config {
namespace {

constexpr size_t kFileBytesMax = 1u << 20;

std::string list_text(const toml::array& list, ValueKind& kind) {
  std::string text;
  for (const toml::node& item : list) {
    const auto word = item.value_exact<std::string>();
    if (!word || word->find(',') != std::string::npos) kind = ValueKind::kOther;
    if (!text.empty()) text.push_back(',');
    if (word) text += *word;
  }
  return text;
}

FileValue read_value(std::string name, const toml::node& node) {
  FileValue value{.name = std::move(name), .line = static_cast<int>(node.source().begin.line)};
  if (const auto text = node.value_exact<std::string>()) {
    value.kind = ValueKind::kText;
    value.text = *text;
  } else if (const auto number = node.value_exact<int64_t>()) {
    value.kind = ValueKind::kNumber;
    value.text = std::to_string(*number);
  } else if (const auto on = node.value_exact<bool>()) {
    value.kind = ValueKind::kSwitch;
    value.text = *on ? "true" : "false";
  } else if (const toml::array* list = node.as_array()) {
    value.kind = ValueKind::kList;
    value.text = list_text(*list, value.kind);
  }
  return value;
}

void flatten(const toml::table& table, const std::string& prefix, std::vector<FileValue>& out) {
  for (const auto& [key, node] : table) {
    std::string name = prefix + std::string(key.str());
    const toml::table* inner = node.as_table();
    if (inner && prefix.empty()) {
      flatten(*inner, name + ".", out);
    } else {
      out.push_back(read_value(std::move(name), node));
    }
  }
}

}  // namespace

Result<std::vector<FileValue>> read_toml(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return fail(Error::invalid("config: cannot read " + file.string()));
  std::string text(kFileBytesMax + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad()) return fail(Error::invalid("config: cannot read " + file.string()));
  text.resize(static_cast<size_t>(in.gcount()));
  if (text.size() > kFileBytesMax) return fail(Error::invalid("config: " + file.string() + " is larger than 1 MiB"));
  const toml::parse_result parsed = toml::parse(std::string_view(text));
  if (!parsed) {
    const toml::parse_error& error = parsed.error();
    const auto& at = error.source().begin;
    return fail(Error::invalid(file.string() + ":" + std::to_string(at.line) + ":" + std::to_string(at.column) +
                               ": not TOML: " + std::string(error.description())));
  }
  std::vector<FileValue> values;
  flatten(parsed.table(), "", values);
  return values;
}

}  // namespace tracia::config
