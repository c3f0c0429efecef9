// A pattern that a project made: RE2's syntax, matched in bounded time. Pure, thread-safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "places.h"
#include "tracia/base/result.h"

namespace tracia::ingest::masking {

class Pattern {
 public:
  // kInvalidRequest: what is wrong with it.
  static Result<std::unique_ptr<Pattern>> make(std::string_view pattern);
  ~Pattern();
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;

  // Each search sees a bounded part of the text and their number is bounded by its length, because a search may look
  // far past the match that it finds: "a(.*b)?" on a text of "a"s would take the square of its length.
  void find(std::string_view text, size_t rule, Places& out) const;

 private:
  struct Impl;
  explicit Pattern(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tracia::ingest::masking
