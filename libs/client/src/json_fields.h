// The members of one JSON object that a person wrote, read strictly: every member must be known, and the first thing
// that is wrong is kept, so that a reader is a list of fields without an `if` after each. Names are snake_case; their
// camelCase form is accepted too. null is "not given". Private to libs/client.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tracia/base/result.h"
#include "tracia/json/reader.h"

namespace tracia::client {

// JSON text given by a caller, parsed. Values live as long as this.
struct InputDocument {
  json::Document document;
  json::Value root;  // an object
};
// `what` begins the message: "input must be a JSON object".
Result<InputDocument> parse_input(std::string_view text, std::string_view what);

std::string camel_case(std::string_view snake_case);
// Whether `name` is camel_case(snake_case); a name of one word is its own.
bool is_camel_case(std::string_view name, std::string_view snake_case);
// "unknown field 'temprature'; did you mean 'temperature'?"
std::string unknown_field(std::string_view name, const std::vector<std::string_view>& known);

class InputFields {
 public:
  // `place` begins every message: "" at the top, "tools[3]." deeper down. Names given to the functions below must
  // outlive this: they are literals.
  InputFields(const json::Value& object, std::string place) : object_(object), place_(std::move(place)) {}

  // The member; missing when it is null.
  json::Value get(std::string_view name);

  void text(std::string_view name, std::string& out);
  // Text that is not blank, and there.
  void required_text(std::string_view name, std::string& out);
  void texts(std::string_view name, std::vector<std::string>& out);
  void integer(std::string_view name, std::optional<int64_t>& out, int64_t min = std::numeric_limits<int64_t>::min(),
               int64_t max = std::numeric_limits<int64_t>::max());
  void integer(std::string_view name, std::optional<int>& out);
  void number(std::string_view name, std::optional<double>& out);
  void flag(std::string_view name, std::optional<bool>& out);
  void flag(std::string_view name, bool& out);
  // JSON text of the member, which must be an object.
  void object(std::string_view name, std::string& out);

  // "<place><name> <what>". Later calls do not replace the first.
  void fail(std::string_view name, std::string_view what);
  void fail(Error error) {
    if (ok()) error_ = std::move(error);
  }
  void check(const Status& status) {
    if (!status) fail(status.error());
  }
  bool ok() const { return !error_; }
  std::string place(std::string_view name) const { return place_ + std::string(name); }

  // Asked once every field has been read. A member that nobody read comes first: it is often the cause of the rest
  // (`modle` and then "model is required").
  Status finish() const;

 private:
  json::Value object_;
  std::string place_;
  std::vector<std::string_view> known_;
  std::optional<Error> error_;
};

}  // namespace tracia::client
