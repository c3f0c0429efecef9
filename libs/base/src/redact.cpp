#include "tracia/base/redact.h"

#include <array>

#include "tracia/base/bytes.h"

namespace tracia {
namespace {

constexpr std::string_view kMark = "[REDACTED]";

bool is_key_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}
bool is_token_char(char c) { return is_key_char(c) || c == '.' || c == '~' || c == '+' || c == '/' || c == '='; }

// Keys told by how they begin; `min` characters must follow the prefix.
struct KeyShape {
  std::string_view prefix;
  size_t min;
};
constexpr std::array<KeyShape, 9> kShapes{{
    {"sk-", 16},   // OpenAI (also sk-proj-, sk-svcacct-), Anthropic (sk-ant-)
    {"AIza", 30},  // Google
    {"pa-", 24},   // Voyage
    {"AKIA", 16},  // AWS access key ids, permanent and temporary
    {"ASIA", 16},
    {"ABSK", 24},  // Bedrock API keys
    {"bedrock-api-key-", 16},
    {"tr_", 33},   // Tracia API keys; our trace ids have 16 or 32 hex digits
    {"gsk_", 20},  // OpenAI-compatible vendors
}};

// Words after which a credential stands, over quotes, ':' '=' and spaces. A longer name may end in one:
// "OPENAI_API_KEY=", "proxy-authorization:".
constexpr std::array<std::string_view, 10> kLabels{
    "authorization", "x-api-key",         "x-goog-api-key",        "api_key",       "api-key",
    "apikey",        "secret_access_key", "aws_secret_access_key", "session_token", "x-amz-security-token"};
// Words before a credential that is all but certain to be one: any characters may follow.
constexpr std::array<std::string_view, 2> kSchemes{"bearer ", "basic "};
// After "authorization:" a scheme may stand that we do not know, "Token abc"; it is taken together with what follows.
constexpr std::string_view kAuthorization = "authorization";
constexpr std::string_view kQueryKey = "key=";  // "?key=…", as Google takes it; as a word of its own

constexpr size_t kLabelledMin = 4;  // shortest credential after a label
constexpr size_t kSchemeMin = 8;    // after a scheme alone: "basic usage" is not a credential

bool istarts(std::string_view text, std::string_view prefix) {
  return ascii_iequals(text.substr(0, prefix.size()), prefix);
}

size_t run_length(std::string_view text, bool (*accept)(char)) {
  size_t n = 0;
  while (n < text.size() && accept(text[n])) ++n;
  return n;
}

// Length of the secret that begins exactly here, 0 for none.
size_t shaped_key(std::string_view rest) {
  for (const auto& [prefix, min] : kShapes) {
    if (rest.substr(0, prefix.size()) != prefix) continue;
    const size_t tail = run_length(rest.substr(prefix.size()), is_key_char);
    if (tail >= min) return prefix.size() + tail;
  }
  return 0;
}

bool is_separator(char c) { return c == ':' || c == '=' || c == ' ' || c == '"' || c == '\'' || c == '\\'; }

// What is found at a place: so many characters to keep, then so many to hide. Nothing when `hide` is 0.
struct Found {
  size_t keep = 0;
  size_t hide = 0;
};

// Length of the label that begins here with its separators, 0 for none. "API key provided: x" is prose: right after a
// label stands ':' or '=', perhaps behind quotes or spaces.
size_t label_length(std::string_view rest) {
  for (const std::string_view name : kLabels) {
    if (!istarts(rest, name)) continue;
    const size_t separators = run_length(rest.substr(name.size()), is_separator);
    const std::string_view between = rest.substr(name.size(), separators);
    if (between.find_first_of(":=") != std::string_view::npos) return name.size() + separators;
  }
  return 0;
}

size_t scheme_length(std::string_view rest) {
  for (const std::string_view name : kSchemes) {
    if (istarts(rest, name)) return name.size();
  }
  return 0;
}

Found after_label(std::string_view rest) {
  const size_t label = label_length(rest);
  if (label == 0) return {};
  const size_t keep = label + scheme_length(rest.substr(label));
  size_t hide = run_length(rest.substr(keep), is_token_char);
  if (keep == label && istarts(rest, kAuthorization) && rest.substr(keep + hide, 1) == " ") {
    hide += 1 + run_length(rest.substr(keep + hide + 1), is_token_char);
  }
  return hide >= kLabelledMin ? Found{keep, hide} : Found{};
}

Found after_scheme(std::string_view rest) {
  const size_t keep = scheme_length(rest);
  if (keep == 0) return {};
  const std::string_view word = rest.substr(keep, run_length(rest.substr(keep), is_token_char));
  const bool looks_secret = word.find_first_of("0123456789._-=+/") != std::string_view::npos;
  return word.size() >= kSchemeMin && looks_secret ? Found{keep, word.size()} : Found{};
}

Found after_query_key(std::string_view rest) {
  if (!istarts(rest, kQueryKey)) return {};
  const size_t hide = run_length(rest.substr(kQueryKey.size()), is_key_char);
  return hide >= kSchemeMin ? Found{kQueryKey.size(), hide} : Found{};
}

// `before` is the character in front of `rest`, a space at the start of the text.
Found find_secret(std::string_view rest, char before) {
  if (!is_key_char(before)) {
    if (const size_t length = shaped_key(rest)) return {0, length};
    if (const Found found = after_scheme(rest); found.hide > 0) return found;
    if (const Found found = after_query_key(rest); found.hide > 0) return found;
  }
  if (!is_key_char(before) || before == '_' || before == '-') return after_label(rest);
  return {};
}

}  // namespace

std::vector<SecretPlace> find_secrets(std::string_view text) {
  std::vector<SecretPlace> places;
  size_t i = 0;
  while (i < text.size()) {
    const Found found = find_secret(text.substr(i), i == 0 ? ' ' : text[i - 1]);
    if (found.hide > 0) places.push_back({i + found.keep, found.hide});
    i += found.hide > 0 ? found.keep + found.hide : 1;
  }
  return places;
}

std::string redact_secrets(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  size_t done = 0;
  for (const SecretPlace& place : find_secrets(text)) {
    out.append(text.substr(done, place.begin - done)).append(kMark);
    done = place.begin + place.length;
  }
  return out.append(text.substr(done));
}

}  // namespace tracia
