// Reading the members of a request body where an omitted member and null are different things. The first thing that is
// wrong is kept; what is read afterwards no longer matters.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tracia/base/result.h"
#include "tracia/json/reader.h"

namespace tracia::prompt {

class Fields {
 public:
  // `place` begins every message: "" at the top, "tools[3]." deeper down.
  explicit Fields(const json::Value& object, std::string place = "") : object_(object), place_(std::move(place)) {}

  json::Value get(std::string_view name) const { return object_[name]; }
  // "Missing required field: <place><name>" when it is omitted or null.
  json::Value require(std::string_view name);

  // Each is nullopt when the member is omitted, null or wrong.
  std::optional<std::string> text(std::string_view name, size_t chars_min, size_t chars_max);
  std::optional<double> number(std::string_view name, double min, double max);
  std::optional<int64_t> integer(std::string_view name, int64_t min);

  // "<place><name> <what>".
  void fail(std::string_view name, std::string_view what);
  void fail(Error error) {
    if (ok()) error_ = std::move(error);
  }
  // Takes over what went wrong elsewhere.
  void check(const Status& status) {
    if (!status) fail(status.error());
  }
  bool ok() const { return !error_; }
  Status status() const { return error_ ? Status(tl::unexpected<Error>(*error_)) : Status(); }
  std::string place(std::string_view name) const { return place_ + std::string(name); }

 private:
  json::Value object_;
  std::string place_;
  std::optional<Error> error_;
};

}  // namespace tracia::prompt
