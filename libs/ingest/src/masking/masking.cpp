#include "tracia/ingest/masking.h"

#include <algorithm>
#include <array>
#include <utility>

#include "patterns.h"
#include "places.h"
#include "tracia/base/bytes.h"
#include "tracia/span/limits.h"

namespace tracia::ingest {

using masking::Place;
using masking::Places;

namespace {

// A rule that finds something in a text that the kind's function looks through.
struct Kind {
  MaskKind kind;
  std::string_view name, mark;
  void (*find)(std::string_view text, size_t rule, Places& out);  // nullptr: by the rule's own pattern
};
constexpr std::array<Kind, 7> kKinds{{
    {MaskKind::kEmail, "email", "[EMAIL]", masking::find_emails},
    {MaskKind::kCreditCard, "credit_card", "[CREDIT_CARD]", masking::find_credit_cards},
    {MaskKind::kPhone, "phone", "[PHONE]", masking::find_phones},
    {MaskKind::kIban, "iban", "[IBAN]", masking::find_ibans},
    {MaskKind::kApiKey, "api_key", "[API_KEY]", masking::find_api_keys},
    {MaskKind::kIpAddress, "ip_address", "[IP_ADDRESS]", masking::find_ip_addresses},
    {MaskKind::kPattern, "pattern", "[MASKED]", nullptr},
}};
const Kind& kind_of(MaskKind kind) { return kKinds[static_cast<size_t>(kind)]; }

// Texts that are JSON, in texts that are JSON: deeper ones are masked as texts.
constexpr int kNestedTextsMax = 3;

std::string place_name(std::string_view field, size_t index, std::string_view member) {
  std::string place = std::string(field) + "[" + std::to_string(index) + "]";
  return member.empty() ? place : place + "." + std::string(member);
}

Error refuse(std::string_view field, size_t index, std::string_view member, std::string_view why) {
  return Error::invalid(place_name(field, index, member) + ": " + std::string(why));
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

// A quote or a backslash would break texts that are JSON.
bool is_plain(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return is_control(c) || c == '"' || c == '\\'; });
}

Result<std::string> read_string(const json::Value& value, std::string_view field, size_t index,
                                std::string_view member) {
  const auto text = value.string();
  if (!text) return fail(refuse(field, index, member, "must be a string"));
  return std::string(*text);
}

Result<std::string> read_name(const json::Value& rule, std::string_view field, size_t index) {
  auto name = read_string(rule["name"], field, index, "name");
  if (!name) return name;
  const bool fits = !name->empty() && count_chars(*name) <= kMaskingNameCharsMax;
  if (!fits || std::any_of(name->begin(), name->end(), is_control)) {
    return fail(refuse(field, index, "name", "must have 1 to 100 characters, none of them a control character"));
  }
  return name;
}

Result<MaskKind> read_kind(const json::Value& rule, std::string_view field, size_t index) {
  const auto name = read_string(rule["kind"], field, index, "kind");
  if (!name) return fail(name.error());
  std::string known;
  for (const Kind& kind : kKinds) {
    if (kind.name == *name) return kind.kind;
    known += (known.empty() ? "" : ", ") + std::string(kind.name);
  }
  return fail(refuse(field, index, "kind", "must be one of " + known));
}

Result<MaskingRule> read_rule(const json::Value& value, std::string_view field, size_t index) {
  if (!value.is_object()) return fail(refuse(field, index, "", "must be an object"));
  MaskingRule rule;
  auto name = read_name(value, field, index);
  if (!name) return fail(std::move(name).error());
  rule.name = std::move(*name);
  const auto kind = read_kind(value, field, index);
  if (!kind) return fail(kind.error());
  rule.kind = *kind;
  const json::Value pattern = value["pattern"];
  if (rule.kind == MaskKind::kPattern) {
    auto text = read_string(pattern, field, index, "pattern");
    if (!text) return fail(std::move(text).error());
    rule.pattern = std::move(*text);
  } else if (!pattern.is_missing_or_null()) {
    return fail(refuse(field, index, "pattern", "belongs to rules of kind pattern only"));
  }
  if (const json::Value replacement = value["replacement"]; !replacement.is_missing_or_null()) {
    auto text = read_string(replacement, field, index, "replacement");
    if (!text) return fail(std::move(text).error());
    if (text->size() > kMaskingReplacementBytesMax || !is_plain(*text)) {
      return fail(refuse(field, index, "replacement",
                         "must have at most 64 bytes and no quotation mark, backslash or control character"));
    }
    rule.replacement = std::move(*text);
  }
  return rule;
}

// The longest run of places that touch becomes one, of the first rule among them.
Places merged(Places places) {
  std::sort(places.begin(), places.end(), [](const Place& a, const Place& b) { return a.begin < b.begin; });
  Places out;
  for (const Place& place : places) {
    if (place.begin >= place.end) continue;
    if (out.empty() || place.begin >= out.back().end) {
      out.push_back(place);
    } else {
      out.back().end = std::max(out.back().end, place.end);
      out.back().rule = std::min(out.back().rule, place.rule);
    }
  }
  return out;
}

bool may_be_json(std::string_view text) {
  const std::string_view inner = trim(text);
  return inner.size() >= 2 && (inner.front() == '{' || inner.front() == '[');
}

}  // namespace

std::string_view mask_kind_name(MaskKind kind) { return kind_of(kind).name; }

Result<std::vector<MaskingRule>> read_masking_rules(const json::Value& array, std::string_view field) {
  if (!array.is_array()) return fail(Error::invalid(std::string(field) + ": must be a list of rules"));
  std::vector<MaskingRule> rules;
  for (const json::Value value : array.items()) {
    if (rules.size() == kMaskingRulesMax) {
      return fail(Error::invalid(std::string(field) + ": at most " + std::to_string(kMaskingRulesMax) + " rules"));
    }
    auto rule = read_rule(value, field, rules.size());
    if (!rule) return fail(std::move(rule).error());
    rules.push_back(std::move(*rule));
  }
  return rules;
}

void write_masking_rules(json::Writer& w, const std::vector<MaskingRule>& rules) {
  w.begin_array();
  for (const MaskingRule& rule : rules) {
    w.begin_object().field("name", rule.name).field("kind", mask_kind_name(rule.kind));
    if (rule.kind == MaskKind::kPattern) w.field("pattern", rule.pattern);
    w.field("replacement", rule.replacement);
    w.end_object();
  }
  w.end_array();
}

struct Masker::Impl {
  std::vector<MaskingRule> rules;
  std::vector<std::unique_ptr<masking::Pattern>> patterns;  // of each rule; nullptr for the built-in kinds

  std::string_view mark(size_t rule) const {
    return rules[rule].replacement ? std::string_view(*rules[rule].replacement) : kind_of(rules[rule].kind).mark;
  }
  Places find(std::string_view text) const;
  std::optional<std::string> masked(std::string_view text) const;

  // nullopt: nothing was found.
  std::optional<std::string> string(std::string_view text, int depth) const;
  // Writes the value, masked; whether something was.
  bool write(json::Writer& w, const json::Value& value, int depth) const;
  bool write_key(json::Writer& w, std::string_view key, int depth) const;
  bool write_number(json::Writer& w, const json::Value& value) const;
  bool write_string(json::Writer& w, std::string_view text, int depth) const;
  bool write_input(json::Writer& w, const json::Value& input) const;
  bool write_message(json::Writer& w, const json::Value& message) const;
  bool write_content(json::Writer& w, const json::Value& content) const;

  using Write = bool (Impl::*)(json::Writer& w, const json::Value& value) const;
  void rewrite(std::string& json, Write write) const;
  bool write_any(json::Writer& w, const json::Value& value) const { return write(w, value, kNestedTextsMax); }
};

Masker::Masker(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Masker::~Masker() = default;

Result<std::shared_ptr<const Masker>> Masker::make(std::vector<MaskingRule> rules, std::string_view field) {
  auto impl = std::make_unique<Impl>();
  for (size_t i = 0; i < rules.size(); ++i) {
    std::unique_ptr<masking::Pattern> pattern;
    if (rules[i].kind == MaskKind::kPattern) {
      auto made = masking::Pattern::make(rules[i].pattern);
      if (!made) return fail(refuse(field, i, "pattern", made.error().message));
      pattern = std::move(*made);
    }
    impl->patterns.push_back(std::move(pattern));
  }
  impl->rules = std::move(rules);
  return std::shared_ptr<const Masker>(new Masker(std::move(impl)));
}

const std::vector<MaskingRule>& Masker::rules() const { return impl_->rules; }

Places Masker::Impl::find(std::string_view text) const {
  Places places;
  for (size_t i = 0; i < rules.size(); ++i) {
    if (patterns[i]) {
      patterns[i]->find(text, i, places);
    } else {
      kind_of(rules[i].kind).find(text, i, places);
    }
  }
  return merged(std::move(places));
}

std::optional<std::string> Masker::Impl::masked(std::string_view text) const {
  const Places places = find(text);
  if (places.empty()) return std::nullopt;
  std::string out;
  size_t done = 0;
  for (const Place& place : places) {
    out.append(text.substr(done, place.begin - done)).append(mark(place.rule));
    done = place.end;
  }
  return out.append(text.substr(done));
}

std::optional<std::string> Masker::Impl::string(std::string_view text, int depth) const {
  if (depth > 0 && may_be_json(text)) {
    json::Document document;
    if (const auto value = document.parse(text)) {
      json::Writer w;
      return write(w, *value, depth - 1) ? std::optional(w.take()) : std::nullopt;
    }
  }
  return masked(text);
}

bool Masker::Impl::write_string(json::Writer& w, std::string_view text, int depth) const {
  const auto changed = string(text, depth);
  w.value(changed ? std::string_view(*changed) : text);
  return changed.has_value();
}

// The keys of a JSON member of a span are the application's names. In a text that is JSON they are text like the rest.
bool Masker::Impl::write_key(json::Writer& w, std::string_view key, int depth) const {
  const auto changed = depth < kNestedTextsMax ? masked(key) : std::nullopt;
  w.key(changed ? std::string_view(*changed) : key);
  return changed.has_value();
}

// A card's number may be one of JSON; shorter ones are amounts, counts and years.
bool Masker::Impl::write_number(json::Writer& w, const json::Value& value) const {
  constexpr size_t kShortest = 12;
  const std::string digits = value.to_json();
  const bool looked_at = digits.size() >= kShortest && digits.find_first_of(".eE") == std::string::npos;
  const auto changed = looked_at ? masked(digits) : std::nullopt;
  if (changed) {
    w.value(*changed);
  } else {
    w.raw(digits);
  }
  return changed.has_value();
}

bool Masker::Impl::write(json::Writer& w, const json::Value& value, int depth) const {
  bool changed = false;
  switch (value.type()) {
    case json::Type::kString: return write_string(w, *value.string(), depth);
    case json::Type::kArray:
      w.begin_array();
      for (const json::Value item : value.items()) changed |= write(w, item, depth);
      w.end_array();
      return changed;
    case json::Type::kObject:
      w.begin_object();
      for (const json::Member member : value.members()) {
        changed |= write_key(w, member.key, depth);
        changed |= write(w, member.value, depth);
      }
      w.end_object();
      return changed;
    case json::Type::kNumber: return write_number(w, value);
    default: w.raw(value.to_json()); return false;
  }
}

namespace {

// Words that say what a message or a part of it is: a rule that changed them would make the conversation unreadable.
// They are let through only while they look like words, so that nothing personal can hide in them.
bool is_structure(std::string_view key, const json::Value& value) {
  constexpr std::string_view kKeys[] = {"role", "type", "id", "toolCallId", "itemId", "mimeType", "provider", "kind"};
  constexpr size_t kWordBytesMax = 128;
  if (std::find(std::begin(kKeys), std::end(kKeys), key) == std::end(kKeys)) return false;
  const auto text = value.string();
  return text && text->size() <= kWordBytesMax && std::all_of(text->begin(), text->end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
                  c == '/';
         });
}

// The bytes of a picture, a document or a sound, and what vendors sign: text rules say nothing about them.
bool is_encoded(std::string_view key, const json::Value& value) {
  constexpr size_t kShortest = 256;
  if (key != "data" && key != "signature") return false;
  const auto text = value.string();
  return text && text->size() >= kShortest && std::all_of(text->begin(), text->end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '/' ||
                  c == '=' || c == '-' || c == '_';
         });
}

}  // namespace

bool Masker::Impl::write_content(json::Writer& w, const json::Value& content) const {
  if (!content.is_array()) return write_any(w, content);
  bool changed = false;
  w.begin_array();
  for (const json::Value part : content.items()) changed |= write_message(w, part);
  w.end_array();
  return changed;
}

// A message, or a part of one: both have words that hold them together, and `content`.
bool Masker::Impl::write_message(json::Writer& w, const json::Value& message) const {
  if (!message.is_object()) return write_any(w, message);
  bool changed = false;
  w.begin_object();
  for (const json::Member member : message.members()) {
    w.key(member.key);
    if (is_structure(member.key, member.value) || is_encoded(member.key, member.value)) {
      w.value(*member.value.string());
    } else if (member.key == "content" && member.value.is_array()) {
      changed |= write_content(w, member.value);
    } else {
      changed |= write_any(w, member.value);
    }
  }
  w.end_object();
  return changed;
}

bool Masker::Impl::write_input(json::Writer& w, const json::Value& input) const {
  if (!input.is_object()) return write_any(w, input);
  bool changed = false;
  w.begin_object();
  for (const json::Member member : input.members()) {
    w.key(member.key);
    changed |= member.key == "messages" ? write_content(w, member.value) : write_any(w, member.value);
  }
  w.end_object();
  return changed;
}

void Masker::Impl::rewrite(std::string& json, Write write_value) const {
  if (json.empty()) return;
  json::Document document;
  const auto value = document.parse_lenient(json);
  if (!value) return json.clear();  // what cannot be read cannot be masked: it is not stored
  json::Writer w;
  if ((this->*write_value)(w, *value)) json = w.take();
}

std::string Masker::text(std::string_view text) const {
  return impl_->string(text, kNestedTextsMax).value_or(std::string(text));
}

std::string Masker::json(std::string_view text) const {
  std::string out(text);
  impl_->rewrite(out, &Impl::write_any);
  return out;
}

void Masker::apply(span::Span& span) const {
  impl_->rewrite(span.input_json, &Impl::write_input);
  impl_->rewrite(span.tool_calls_json, &Impl::write_content);
  impl_->rewrite(span.tools_json, &Impl::write_content);
  for (std::string* json : {&span.variables_json, &span.structured_output_json, &span.attributes_json}) {
    impl_->rewrite(*json, &Impl::write_any);
  }
  const auto mask = [this](std::string& text) {
    if (auto changed = impl_->string(text, kNestedTextsMax)) text = std::move(*changed);
  };
  // What replaces may be longer than what was there: lists are bounded all the same.
  const auto mask_word = [&](std::string& text, size_t chars_max) {
    mask(text);
    if (count_chars(text) > chars_max) text = std::string(utf8_prefix(text, chars_max));
  };
  mask_word(span.name, span::limits::kNameCharsMax);
  for (std::string& tag : span.tags) mask_word(tag, span::limits::kTagCharsMax);
  if (span.output) mask(*span.output);
  mask(span.error);
  for (span::Attempt& attempt : span.attempts) mask(attempt.message);
}

}  // namespace tracia::ingest
