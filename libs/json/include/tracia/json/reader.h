// Reading JSON from the network. A Document owns the text and its parse; Values are 16-byte views into it and must not
// outlive it (nor a later parse by the same Document). Every getter is total: a missing key or another type gives an
// empty Value or nullopt, never an exception, because vendors add, drop and null fields at will.
//
// On top of simdjson's DOM (whole text validated, any access order). The On-Demand interface is about 1.7x faster per
// event but reads each value once and in order, which the codecs' tolerant reading cannot promise; see
// docs/decisions/0003-json.md. Not thread-safe; use one Document per thread and reuse it (its buffers are kept).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "tracia/base/result.h"

namespace tracia::json {

enum class Type { kMissing, kNull, kBool, kNumber, kString, kArray, kObject };

class ArrayView;
class ObjectView;

class Value {
 public:
  Value() = default;  // kMissing

  Type type() const;
  explicit operator bool() const { return present_; }  // present; JSON null counts as present
  bool is_null() const { return type() == Type::kNull; }
  bool is_missing_or_null() const { return !present_ || is_null(); }
  bool is_object() const { return type() == Type::kObject; }
  bool is_array() const { return type() == Type::kArray; }
  bool is_string() const { return type() == Type::kString; }
  bool is_number() const { return type() == Type::kNumber; }

  // Object member by name, array element by position; missing when there is none. O(members) / O(position).
  Value operator[](std::string_view key) const;
  Value at(size_t index) const;

  std::optional<std::string_view> string() const;
  std::string_view string_or(std::string_view fallback) const { return string().value_or(fallback); }
  std::string text() const { return std::string(string_or("")); }
  std::optional<bool> boolean() const;
  bool boolean_or(bool fallback) const { return boolean().value_or(fallback); }
  std::optional<double> number() const;    // integers too
  std::optional<int64_t> integer() const;  // doubles with an integral value too (Google and proxies send 12.0)

  // Empty for other types.
  ArrayView items() const;
  ObjectView members() const;
  size_t size() const;  // elements or members; 0 for scalars

  // Compact JSON text of this value; "" when missing.
  std::string to_json() const;

 private:
  friend class Document;
  friend class ArrayView;
  friend class ObjectView;
  alignas(8) unsigned char element_[16] = {};  // a simdjson::dom::element, kept out of this header
  bool present_ = false;
};

class ArrayView {
 public:
  class Iterator {
   public:
    Value operator*() const;
    Iterator& operator++();
    bool operator!=(const Iterator& other) const;

   private:
    friend class ArrayView;
    friend class Value;
    alignas(8) unsigned char state_[16] = {};
    bool valid_ = false;
  };
  Iterator begin() const { return begin_; }
  Iterator end() const { return end_; }
  bool empty() const { return !(begin_ != end_); }

 private:
  friend class Value;
  Iterator begin_, end_;
};

struct Member {
  std::string_view key;
  Value value;
};

class ObjectView {
 public:
  class Iterator {
   public:
    Member operator*() const;
    Iterator& operator++();
    bool operator!=(const Iterator& other) const;

   private:
    friend class ObjectView;
    friend class Value;
    alignas(8) unsigned char state_[16] = {};
    bool valid_ = false;
  };
  Iterator begin() const { return begin_; }
  Iterator end() const { return end_; }

 private:
  friend class Value;
  Iterator begin_, end_;
};

class Document {
 public:
  Document();
  ~Document();
  Document(Document&&) noexcept;
  Document& operator=(Document&&) noexcept;

  // Strict RFC 8259, depth <= limits::kJsonDepthMax. The text is copied (simdjson needs padding).
  // Errors: kInvalidRequest with what is wrong; nothing of the text is echoed.
  Result<Value> parse(std::string_view text);

  // As parse(), but mends what real endpoints get wrong: bytes that are not UTF-8, lone surrogate escapes (both become
  // U+FFFD), integers beyond 64 bits and numbers beyond double (read as doubles). For answers of providers.
  Result<Value> parse_lenient(std::string_view text);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// A one-time check, for tool schemas and the like. `what` begins the message: "tools[0].parameters".
Status check_object(std::string_view text, std::string_view what);
bool is_valid(std::string_view text);

// JSON object `patch` laid over JSON object `base`: objects merge member by member, anything else replaces; a null in
// `patch` removes the member (RFC 7396). Both must be objects. Order: base's members, then new ones.
Result<std::string> merge(std::string_view base, std::string_view patch);

// The same JSON value written one way: members sorted by name, compact. For comparing.
Result<std::string> canonical(std::string_view text);

}  // namespace tracia::json
