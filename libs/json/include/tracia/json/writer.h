// Writing JSON by appending to one string. The caller keeps the structure right (debug builds assert it); commas are
// automatic. Strings that are not UTF-8 are mended on the way, so that the output always parses.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tracia::json {

class Writer {
 public:
  Writer() = default;
  explicit Writer(std::string buffer) : out_(std::move(buffer)) { out_.clear(); }  // reuses the capacity

  Writer& begin_object() {
    comma();
    out_.push_back('{');
    fresh_ = true;
    return *this;
  }
  Writer& end_object() {
    out_.push_back('}');
    fresh_ = false;
    return *this;
  }
  Writer& begin_array() {
    comma();
    out_.push_back('[');
    fresh_ = true;
    return *this;
  }
  Writer& end_array() {
    out_.push_back(']');
    fresh_ = false;
    return *this;
  }
  Writer& key(std::string_view name);

  Writer& value(std::string_view text);
  Writer& value(const char* text) { return value(std::string_view(text)); }
  Writer& value(const std::string& text) { return value(std::string_view(text)); }
  Writer& value(bool b) {
    comma();
    out_.append(b ? "true" : "false");
    return *this;
  }
  Writer& value(int64_t n);
  Writer& value(uint64_t n);
  Writer& value(int n) { return value(static_cast<int64_t>(n)); }
  Writer& value(double n);  // shortest text that reads back the same; NaN and infinities become null
  Writer& value(float n);
  Writer& null() {
    comma();
    out_.append("null");
    return *this;
  }
  // Text that is JSON already (checked by whoever made it). Empty text becomes null.
  Writer& raw(std::string_view json);

  // key + value; the optional forms write nothing when empty.
  template <typename T>
  Writer& field(std::string_view name, const T& v) {
    key(name);
    return value(v);
  }
  template <typename T>
  Writer& field(std::string_view name, const std::optional<T>& v) {
    return v ? field(name, *v) : *this;
  }
  Writer& field_raw(std::string_view name, std::string_view json) {
    key(name);
    return raw(json);
  }
  // Writes nothing when the text is empty.
  Writer& field_if(std::string_view name, std::string_view text) { return text.empty() ? *this : field(name, text); }

  const std::string& str() const { return out_; }
  std::string take() {
    fresh_ = true;
    return std::exchange(out_, {});
  }
  size_t size() const { return out_.size(); }

 private:
  void comma() {
    if (!fresh_) out_.push_back(',');
    fresh_ = false;
  }
  std::string out_;
  bool fresh_ = true;  // nothing before us at this level, or a key was just written
};

// Appends `text` with quotes and escapes.
void append_quoted(std::string& out, std::string_view text);
std::string quoted(std::string_view text);

}  // namespace tracia::json
