// Attributes whose names are paths, back to the tree they were.
#include <algorithm>
#include <charconv>
#include <map>

#include "content.h"
#include "tracia/json/writer.h"

namespace tracia::ingest::otlp {
namespace {

constexpr int kPathDepthMax = 16;

// Positions of arrays come before names, by number.
struct Step {
  std::string_view name;
  std::optional<uint32_t> position;
  friend bool operator<(const Step& a, const Step& b) {
    if (a.position && b.position) return *a.position < *b.position;
    if (a.position || b.position) return a.position.has_value();
    return a.name < b.name;
  }
};

Step step_of(std::string_view name) {
  uint32_t position = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), position);
  const bool numeric = error == std::errc() && end == name.data() + name.size() && name.size() <= 9;
  return {name, numeric ? std::optional(position) : std::nullopt};
}

struct Node {
  const AnyValue* leaf = nullptr;
  std::map<Step, Node> children;

  bool is_array() const { return !children.empty() && children.begin()->first.position.has_value(); }
};

void insert(Node& root, std::string_view path, const AnyValue& value) {
  Node* node = &root;
  for (int depth = 0; depth < kPathDepthMax; ++depth) {
    const size_t dot = depth == kPathDepthMax - 1 ? std::string_view::npos : path.find('.');
    node = &node->children[step_of(path.substr(0, dot))];
    if (dot == std::string_view::npos) break;
    path.remove_prefix(dot + 1);
  }
  node->leaf = &value;
}

class TreeWriter {
 public:
  TreeWriter(std::string_view nested_key, JsonPool& pool) : nested_key_(nested_key), pool_(pool) {}

  void write(const Node& node, bool nested) {
    if (node.children.empty()) return write_leaf(*node.leaf, nested);
    const bool array = node.is_array();
    array ? writer_.begin_array() : writer_.begin_object();
    for (const auto& [step, child] : node.children) {
      if (!array) writer_.key(step.name);
      write(child, !nested_key_.empty() && step.name == nested_key_);
    }
    array ? writer_.end_array() : writer_.end_object();
  }
  std::string take() { return writer_.take(); }

 private:
  void write_leaf(const AnyValue& value, bool nested) {
    if (nested && value.type == AnyValue::Type::kString && value.text.starts_with("[{")) {
      const json::Value list = pool_.parse(value.text);
      const bool parts = list.at(0)["type"] || list.at(0)["function"] || list.at(0)["text"];
      if (parts) {
        writer_.raw(list.to_json());
        return;
      }
    }
    write_any(writer_, value);
  }

  json::Writer writer_;
  std::string_view nested_key_;
  JsonPool& pool_;
};

}  // namespace

std::string unflatten(const Attributes& attributes, std::string_view prefix, JsonPool& pool,
                      std::string_view nested_key) {
  const auto flat = attributes.with_prefix(prefix);
  if (flat.empty()) return {};
  Node root;
  for (const Attribute& attribute : flat) insert(root, attribute.key.substr(prefix.size()), attribute.value);
  TreeWriter writer(nested_key, pool);
  writer.write(root, false);
  return writer.take();
}

}  // namespace tracia::ingest::otlp
