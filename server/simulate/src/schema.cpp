#include "schema.h"

#include <algorithm>
#include <cmath>

#include "text.h"
#include "tracia/base/bytes.h"
#include "tracia/json/writer.h"
#include "tracia/wire/http.h"

namespace tracia::simulate {
namespace {

constexpr int kDepthMax = 24;      // of what is written; a recursive schema ends here
constexpr int kOptionalDepth = 4;  // below it only what is required is written
constexpr int kRefsMax = 32;       // $ref and anyOf steps without writing anything
constexpr size_t kBytesMax = 256u << 10;
constexpr int64_t kItemsMax = 64;
constexpr size_t kMembersMax = 1000;
constexpr size_t kValuesMax = 5'000;  // a schema may ask for exponentially many

constexpr std::array<std::string_view, 12> kWords = {"amber", "birch",  "cedar", "delta",   "ember",   "falcon",
                                                     "grove", "harbor", "iris",  "juniper", "kestrel", "lumen"};

class Generator {
 public:
  Generator(const json::Value& root, const SchemaHints& hints, Rng& rng)
      : root_(root), hints_(hints), rng_(rng), next_noun_(hints.first_noun) {}

  std::string run() {
    value(root_, "", 0);
    return w_.take();
  }

 private:
  // Follows $ref, picks a branch of anyOf/oneOf, and enters a lone allOf, until a schema that says something itself.
  json::Value settle(json::Value schema, int depth) {
    for (int step = 0; step < kRefsMax; ++step) {
      if (const auto ref = schema["$ref"].string()) {
        schema = resolve(*ref);
      } else if (const json::Value any = schema["anyOf"] ? schema["anyOf"] : schema["oneOf"];
                 any.is_array() && any.size() > 0) {
        schema = branch(any, depth);
      } else if (const json::Value all = schema["allOf"]; all.is_array() && all.size() == 1 && !schema["properties"]) {
        schema = all.at(0);
      } else {
        return schema;
      }
    }
    return {};
  }

  json::Value resolve(std::string_view ref) const {
    if (!ref.starts_with('#')) return {};
    ref.remove_prefix(1);
    json::Value at = root_;
    while (!ref.empty()) {
      ref.remove_prefix(1);  // '/'
      const size_t slash = ref.find('/');
      std::string name = wire::percent_decode(ref.substr(0, slash));
      for (const auto& [from, to] : {std::pair{"~1", "/"}, std::pair{"~0", "~"}}) {
        for (size_t i = name.find(from); i != std::string::npos; i = name.find(from, i + 1)) name.replace(i, 2, to);
      }
      at = at.is_array() ? at.at(static_cast<size_t>(std::atoi(name.c_str()))) : at[name];
      ref = slash == std::string_view::npos ? std::string_view() : ref.substr(slash);
    }
    return at;
  }

  static bool is_null_schema(const json::Value& schema) { return ascii_iequals(schema["type"].string_or(""), "null"); }

  json::Value branch(const json::Value& options, int depth) {
    const size_t count = options.size();
    // A branch that ends the recursion, when it is deep; otherwise any but null.
    if (depth > kOptionalDepth) {
      for (const json::Value option : options.items()) {
        const std::string type = ascii_lower(option["type"].string_or(""));
        if (!type.empty() && type != "object" && type != "array") return option;
      }
    }
    const size_t start = rng_.below(count);
    for (size_t i = 0; i < count; ++i) {
      const json::Value option = options.at((start + i) % count);
      if (!is_null_schema(option)) return option;
    }
    return options.at(0);
  }

  static std::string type_of(const json::Value& schema) {
    const json::Value type = schema["type"];
    if (type.is_string()) return ascii_lower(*type.string());
    for (const json::Value option : type.items()) {
      const std::string name = ascii_lower(option.string_or(""));
      if (!name.empty() && name != "null") return name;
    }
    if (type.is_array() && type.size() > 0) return "null";
    if (schema["properties"] || schema["required"] || schema["allOf"]) return "object";
    if (schema["items"] || schema["prefixItems"]) return "array";
    if (schema["minimum"] || schema["maximum"] || schema["multipleOf"]) return "number";
    return "string";
  }

  void value(const json::Value& unsettled, std::string_view name, int depth) {
    if (depth > kDepthMax || w_.size() > kBytesMax || ++values_ > kValuesMax) return void(w_.null());
    const json::Value schema = settle(unsettled, depth);
    if (schema["const"]) return void(w_.raw(schema["const"].to_json()));
    if (const json::Value options = schema["enum"]; options.is_array() && options.size() > 0) return choice(options);
    const std::string type = type_of(schema);
    if (type == "object") return object(schema, depth);
    if (type == "array") return array(schema, name, depth);
    if (type == "integer") return number(schema, true);
    if (type == "number") return number(schema, false);
    if (type == "boolean") return void(w_.value(rng_.chance(0.5)));
    if (type == "null") return void(w_.null());
    string(schema, name);
  }

  // An option that the user named, else any.
  void choice(const json::Value& options) {
    for (const json::Value option : options.items()) {
      if (const auto text = option.string(); text && contains_word(hints_.user_text, *text))
        return void(w_.value(*text));
    }
    w_.raw(options.at(rng_.below(options.size())).to_json());
  }

  void members(const json::Value& schema, const json::Value& required, int depth, std::vector<std::string>& written) {
    for (const json::Member member : schema["properties"].members()) {
      if (written.size() >= kMembersMax || ++values_ > kValuesMax) return;
      if (std::find(written.begin(), written.end(), member.key) != written.end()) continue;
      bool needed = false;
      for (const json::Value name : required.items()) needed = needed || name.string_or("") == member.key;
      if (!needed && (depth >= kOptionalDepth || rng_.chance(0.35))) continue;
      written.emplace_back(member.key);
      w_.key(member.key);
      value(member.value, member.key, depth + 1);
    }
  }

  void object(const json::Value& schema, int depth) {
    std::vector<std::string> written;
    w_.begin_object();
    members(schema, schema["required"], depth, written);
    for (const json::Value part : schema["allOf"].items()) {
      const json::Value settled = settle(part, depth);
      members(settled, settled["required"], depth, written);
    }
    const json::Value rest = schema["additionalProperties"];
    for (const json::Value name : schema["required"].items()) {  // required but nowhere described
      const auto key = name.string();
      if (written.size() >= kMembersMax) break;
      if (!key || std::find(written.begin(), written.end(), *key) != written.end()) continue;
      written.emplace_back(*key);
      w_.key(*key);
      if (rest.is_object())
        value(rest, *key, depth + 1);
      else
        w_.value(word(*key));
    }
    const int64_t wanted =
        std::min(schema["minProperties"].integer().value_or(written.empty() && rest.is_object() ? 1 : 0), kItemsMax);
    for (int64_t i = static_cast<int64_t>(written.size()); i < wanted && depth < kDepthMax; ++i) {
      w_.key(std::string(kWords[static_cast<size_t>(i) % kWords.size()]) + (i >= 12 ? std::to_string(i) : ""));
      if (rest.is_object())
        value(rest, "", depth + 1);
      else
        w_.value(word(""));
    }
    w_.end_object();
  }

  void array(const json::Value& schema, std::string_view name, int depth) {
    const int64_t low = std::clamp<int64_t>(schema["minItems"].integer().value_or(0), 0, kItemsMax);
    const int64_t high = std::max(low, std::min(schema["maxItems"].integer().value_or(kItemsMax), kItemsMax));
    const int64_t wish =
        depth >= kOptionalDepth ? low : std::clamp<int64_t>(1 + static_cast<int64_t>(rng_.below(3)), low, high);
    const json::Value prefix = schema["prefixItems"];
    const json::Value items = schema["items"];
    const bool unique = schema["uniqueItems"].boolean_or(false);
    std::vector<std::string> seen;
    w_.begin_array();
    int64_t count = std::max(wish, static_cast<int64_t>(prefix.size()));
    if (prefix.is_array() && items.boolean() == std::optional(false)) count = static_cast<int64_t>(prefix.size());
    for (int64_t i = 0; i < count; ++i) {
      const json::Value item = i < static_cast<int64_t>(prefix.size()) ? prefix.at(static_cast<size_t>(i)) : items;
      if (!unique) {
        value(item, name, depth + 1);
        continue;
      }
      for (int attempt = 0; attempt < 8; ++attempt) {  // then the array stays shorter
        json::Writer outer;
        std::swap(w_, outer);
        value(item, name, depth + 1);
        std::swap(w_, outer);
        std::string text = outer.take();
        if (std::find(seen.begin(), seen.end(), text) != seen.end()) continue;
        w_.raw(text);
        seen.push_back(std::move(text));
        break;
      }
    }
    w_.end_array();
  }

  void number(const json::Value& schema, bool integral) {
    const double step = schema["multipleOf"].number().value_or(integral ? 1 : 0);
    const auto exclusive = [](const json::Value& v) { return v.number(); };  // the boolean form of draft 4 is ignored
    std::optional<double> low = schema["minimum"].number(), high = schema["maximum"].number();
    const double gap = step > 0 ? step : 0.001;
    if (const auto bound = exclusive(schema["exclusiveMinimum"]))
      low = std::max(low.value_or(*bound + gap), *bound + gap);
    if (const auto bound = exclusive(schema["exclusiveMaximum"]))
      high = std::min(high.value_or(*bound - gap), *bound - gap);
    const double from = low.value_or(high ? std::min(*high, std::max(0.0, *high - 100)) : 1);
    const double to = high.value_or(from + 99);
    double n = from + (to - from) * rng_.uniform();
    for (const double said : hints_.numbers) {
      if ((!low || said >= *low) && (!high || said <= *high)) {
        n = said;
        break;
      }
    }
    if (step > 0) {
      n = std::round(n / step) * step;
      if (high && n > *high) n = std::floor(*high / step) * step;
      if (low && n < *low) n = std::ceil(*low / step) * step;
    } else {
      n = std::clamp(std::round(n * 100) / 100, std::min(from, to), std::max(from, to));
    }
    if (integral && std::fabs(n) < 9e15)
      w_.value(static_cast<int64_t>(std::llround(n)));
    else
      w_.value(n);
  }

  std::string word(std::string_view name) {
    const auto has = [&](std::string_view part) { return ascii_lower(name).find(part) != std::string::npos; };
    for (const std::string_view part :
         {"city", "location", "place", "country", "name", "destination", "town", "capital", "person"}) {
      if (has(part) && !hints_.nouns.empty()) return hints_.nouns[next_noun_++ % hints_.nouns.size()];
    }
    for (const std::string_view part :
         {"query", "question", "prompt", "text", "message", "input", "search", "expression"}) {
      if (has(part) && !hints_.user_text.empty()) return std::string(trim(utf8_prefix(hints_.user_text, 200)));
    }
    for (const std::string_view part : {"topic", "title", "subject", "summary", "answer", "description", "reason"}) {
      if (has(part)) return topic_of(hints_.user_text);
    }
    if (has("city") || has("location")) return "Lisbon";
    if (has("email")) return "ada@example.com";
    if (has("url")) return "https://example.com/item";
    if (has("date")) return "2026-03-14";
    if (name == "id" || name.ends_with("_id") || name.ends_with("Id")) return make_hex(rng_, 12);
    return std::string(rng_.pick(kWords));
  }

  std::string formatted(std::string_view format) {
    if (format == "date-time") return "2026-03-" + two(1 + rng_.below(28)) + "T" + two(rng_.below(24)) + ":15:00Z";
    if (format == "date") return "2026-03-" + two(1 + rng_.below(28));
    if (format == "time") return two(rng_.below(24)) + ":15:00Z";
    if (format == "duration") return "PT" + std::to_string(1 + rng_.below(59)) + "M";
    if (format == "email" || format == "idn-email") return std::string(rng_.pick(kWords)) + "@example.com";
    if (format == "hostname") return std::string(rng_.pick(kWords)) + ".example.com";
    if (format == "uri" || format == "url" || format == "uri-reference" || format == "iri")
      return "https://example.com/" + std::string(rng_.pick(kWords));
    if (format == "uuid") return make_uuid(rng_);
    if (format == "ipv4") return "192.0.2." + std::to_string(1 + rng_.below(254));
    if (format == "ipv6") return "2001:db8::" + make_hex(rng_, 4);
    return "";
  }
  static std::string two(size_t n) { return (n < 10 ? "0" : "") + std::to_string(n); }

  void string(const json::Value& schema, std::string_view name) {
    std::string text = formatted(schema["format"].string_or(""));
    if (text.empty()) {
      if (const auto preset = schema["default"].string())
        text = *preset;
      else if (const auto example = schema["examples"].at(0).string(); example && hints_.nouns.empty())
        text = *example;
      else
        text = word(name);
    }
    // Lengths count code points; cutting and padding by ASCII keeps bytes and code points in step where it matters.
    const auto high = schema["maxLength"].integer();
    const int64_t low = std::min<int64_t>(schema["minLength"].integer().value_or(0), 65536);
    if (high && *high >= 0 && length(text) > *high) {
      size_t end = 0;
      for (int64_t n = 0; end < text.size() && n < *high; ++n) {
        do ++end;
        while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80);
      }
      text.resize(end);
    }
    for (int64_t n = length(text); n < low; ++n) text.push_back(static_cast<char>('a' + rng_.below(26)));
    w_.value(text);
  }
  static int64_t length(std::string_view text) {
    return std::count_if(text.begin(), text.end(),
                         [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
  }

  json::Value root_;
  const SchemaHints& hints_;
  Rng& rng_;
  size_t next_noun_;
  size_t values_ = 0;
  json::Writer w_;
};

}  // namespace

std::string fit_schema(const json::Value& schema, const SchemaHints& hints, Rng& rng) {
  return Generator(schema, hints, rng).run();
}

}  // namespace tracia::simulate
