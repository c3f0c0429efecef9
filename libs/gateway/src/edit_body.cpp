// Changing two members of a JSON object and no other byte of it. The text has been parsed before, so that structure
// can be trusted; still nothing here reads past its end.
#include <algorithm>

#include "tracia/gateway/request.h"
#include "tracia/json/reader.h"
#include "tracia/json/writer.h"

namespace tracia::gateway {
namespace {

constexpr std::string_view kUsageOptions = R"({"include_usage":true})";

// Walks the members at the top of an object.
class Members {
 public:
  explicit Members(std::string_view text) : text_(text) {
    skip_blanks();
    if (at_ < text_.size() && text_[at_] == '{') ++at_;
    begin_ = at_;
  }

  struct Member {
    std::string_view key;  // between its quotes, escapes and all
    size_t value_begin = 0, value_end = 0;
  };
  bool next(Member& out) {
    skip_blanks();
    if (at_ < text_.size() && text_[at_] == ',') ++at_;
    skip_blanks();
    if (at_ >= text_.size() || text_[at_] != '"') return false;
    const size_t key = at_ + 1;
    skip_string();
    out.key = text_.substr(key, at_ - 1 - key);
    skip_blanks();
    if (at_ < text_.size()) ++at_;  // the colon
    skip_blanks();
    out.value_begin = at_;
    skip_value();
    out.value_end = at_;
    return true;
  }
  size_t begin() const { return begin_; }  // after the brace

 private:
  void skip_blanks() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t')) {
      ++at_;
    }
  }
  // From a quote to behind the one that closes it.
  void skip_string() {
    size_t from = at_ + 1;
    for (;;) {
      const size_t quote = text_.find('"', from);
      if (quote == std::string_view::npos) {
        at_ = text_.size();
        return;
      }
      size_t slashes = 0;
      while (quote - slashes > from && text_[quote - slashes - 1] == '\\') ++slashes;
      if (slashes % 2 == 0) {
        at_ = quote + 1;
        return;
      }
      from = quote + 1;
    }
  }
  void skip_value() {
    size_t depth = 0;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        skip_string();
        if (depth == 0) return;
        continue;
      }
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') {
        if (depth == 0) return;  // the end of the object around a scalar
        if (--depth == 0) {
          ++at_;
          return;
        }
      }
      if (depth == 0 && (c == ',' || c == ' ' || c == '\n' || c == '\r' || c == '\t')) return;
      ++at_;
    }
  }

  std::string_view text_;
  size_t at_ = 0, begin_ = 0;
};

bool is_key(std::string_view raw, std::string_view name) {
  if (raw.find('\\') == std::string_view::npos) return raw == name;
  json::Document document;
  const auto key = document.parse("\"" + std::string(raw) + "\"");
  return key && key->string_or("") == name;
}

Result<std::string> with_usage(std::string_view options) {
  if (options.empty() || options.front() != '{') return std::string(kUsageOptions);
  return json::merge(options, kUsageOptions);
}

}  // namespace

Result<std::string> edit_body(std::string_view body, std::string_view model, bool ask_usage) {
  std::string out;
  out.reserve(body.size() + model.size() + 64);
  Members members(body);
  size_t copied = members.begin();
  out.append(body.substr(0, copied));
  const size_t insert_at = out.size();
  bool has_options = false, is_empty = true;
  // Of several members of one name each is replaced: which of them an upstream reads is not known.
  for (Members::Member found; members.next(found); is_empty = false) {
    const bool is_model = is_key(found.key, "model");
    const bool is_options = ask_usage && is_key(found.key, "stream_options");
    if (!is_model && !is_options) continue;
    out.append(body.substr(copied, found.value_begin - copied));
    if (is_model) {
      json::append_quoted(out, model);
    } else {
      auto options = with_usage(body.substr(found.value_begin, found.value_end - found.value_begin));
      if (!options) return options;
      out.append(*options);
      has_options = true;
    }
    copied = found.value_end;
  }
  out.append(body.substr(copied));
  if (ask_usage && !has_options) {
    std::string options = "\"stream_options\":" + std::string(kUsageOptions);
    if (!is_empty) options.push_back(',');
    out.insert(insert_at, options);
  }
  return out;
}

}  // namespace tracia::gateway
