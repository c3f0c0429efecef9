// Reading the members of one JSON object under bounds. The first thing that is wrong is kept and the rest is skipped,
// so that a reader is a list of fields without an `if` after each. JSON null is the same as an absent member.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tracia/base/bytes.h"
#include "tracia/base/result.h"
#include "tracia/json/reader.h"

namespace tracia::span {

// The longest prefix of at most `chars_max` code points.
std::string_view chars_prefix(std::string_view text, size_t chars_max);

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words);
// ^[a-z0-9][a-z0-9_-]*$: slugs and labels.
bool is_slug(std::string_view text);

// The members of one object by name, in O(1): looking each of a span's fifty fields up in the object itself was a
// quarter of the time to read it. Objects too large for the table are searched as they are.
class MemberTable {
 public:
  explicit MemberTable(const json::Value& object);
  // The first of that name; missing when there is none.
  json::Value operator[](std::string_view name) const;

 private:
  static constexpr size_t kSlots = 128;  // a power of two
  static constexpr size_t kMembersMax = kSlots * 3 / 4;
  // Where the search for a name begins. Field names differ in length and in their ends.
  static size_t first_slot(std::string_view name) {
    if (name.empty()) return 0;
    return (name.size() * 37 + static_cast<unsigned char>(name.front()) * 5 +
            static_cast<unsigned char>(name.back()) * 11) %
           kSlots;
  }

  json::Value object_;
  bool searched_ = false;  // too large: no table
  std::vector<json::Member> members_;
  std::array<uint8_t, kSlots> slots_{};  // position in members_ + 1; 0 = free
};

class Fields {
 public:
  // `place` begins every message: "" at the top, "attempts[3]." deeper down.
  Fields(const json::Value& object, std::string place) : place_(std::move(place)), members_(object) {}

  // The member, missing when null.
  json::Value get(std::string_view name) const {
    const json::Value value = members_[name];
    return value.is_null() ? json::Value{} : value;
  }
  // As get(), but an error when it is missing.
  json::Value require(std::string_view name);

  void text(std::string_view name, std::string& out, size_t chars_max);
  void required_text(std::string_view name, std::string& out, size_t chars_max);
  // Text of at least one character, when present.
  void word(std::string_view name, std::string& out, size_t chars_max);
  void integer(std::string_view name, std::optional<int64_t>& out, int64_t min, int64_t max);
  void number(std::string_view name, std::optional<double>& out, double min, double max);
  void flag(std::string_view name, bool& out);
  // JSON text of the member.
  void object(std::string_view name, std::string& out);

  // "<place><name> <what>". Later calls do not replace the first.
  void fail(std::string_view name, std::string_view what);
  void fail(Error error) {
    if (ok()) error_ = std::move(error);
  }
  bool ok() const { return !error_; }
  Status status() const { return error_ ? Status(tl::unexpected<Error>(*error_)) : Status(); }
  std::string place(std::string_view name) const { return place_ + std::string(name); }

 private:
  std::string place_;
  MemberTable members_;
  std::optional<Error> error_;
};

}  // namespace tracia::span
