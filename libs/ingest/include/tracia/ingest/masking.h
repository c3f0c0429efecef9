// Masking: what a project does not want to be stored (addresses, card numbers, keys) is replaced in spans before they
// reach a store. Pure, thread-safe. The work is at most proportional to the text: see Masker::text().
//
// Masked are the span's name, its tags, the input, the output, the error, the variables, the structured output, tool
// calls, definitions of tools, the attributes and the messages of attempts. Ids are not: spans are found by them.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tracia/base/result.h"
#include "tracia/json/reader.h"
#include "tracia/json/writer.h"
#include "tracia/span/span.h"

namespace tracia::ingest {

enum class MaskKind { kEmail, kCreditCard, kPhone, kIban, kApiKey, kIpAddress, kPattern };
std::string_view mask_kind_name(MaskKind kind);  // "credit_card"

struct MaskingRule {
  std::string name;  // for people
  MaskKind kind = MaskKind::kEmail;
  std::string pattern;                     // of kPattern: RE2's syntax
  std::optional<std::string> replacement;  // nullopt: "[EMAIL]", "[CREDIT_CARD]", …; "[MASKED]" for a pattern
  friend bool operator==(const MaskingRule&, const MaskingRule&) = default;
};

// A JSON array of {name, kind, pattern?, replacement?}. Errors: kInvalidRequest naming the place, such as
// "rules[2].pattern: …"; `field` is what the place begins with.
Result<std::vector<MaskingRule>> read_masking_rules(const json::Value& array, std::string_view field);
void write_masking_rules(json::Writer& w, const std::vector<MaskingRule>& rules);

class Masker {
 public:
  // Errors: as read_masking_rules(), for a pattern that cannot be compiled.
  static Result<std::shared_ptr<const Masker>> make(std::vector<MaskingRule> rules, std::string_view field = "rules");
  ~Masker();
  Masker(const Masker&) = delete;
  Masker& operator=(const Masker&) = delete;

  const std::vector<MaskingRule>& rules() const;

  // All rules look at the text as it came. Where what they find overlaps, the whole of it is replaced once, by the rule
  // that comes first in the list.
  // A pattern finds at most kMatchBytesMax bytes at a time. One that matches more often than every eighth byte of a
  // long text has the rest of the text replaced as a whole, so that no pattern takes more than time in proportion.
  std::string text(std::string_view text) const;

  // The strings in a JSON value, at any depth, those in texts that are JSON themselves too, and whole numbers of 12
  // digits or more (they become strings). Keys stay. So does the text of a value in which nothing was found.
  std::string json(std::string_view text) const;

  void apply(span::Span& span) const;

 private:
  struct Impl;
  explicit Masker(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Bounds of a project's rules: a page of them, each of which reads every span once.
inline constexpr size_t kMaskingRulesMax = 50;
inline constexpr size_t kMaskingNameCharsMax = 100;
inline constexpr size_t kMaskingPatternBytesMax = 1000;
inline constexpr size_t kMaskingReplacementBytesMax = 64;
inline constexpr size_t kMatchBytesMax = 4096;

}  // namespace tracia::ingest
