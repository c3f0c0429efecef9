#include "tracia/prompt/template.h"

#include <algorithm>
#include <optional>
#include <unordered_set>
#include <utility>

#include "tracia/base/bytes.h"

namespace tracia::prompt {
namespace {

constexpr size_t kUnbounded = static_cast<size_t>(-1);

struct Placeholder {
  std::string_view name;
  size_t length = 0;  // of the whole "{{ name }}"
};

bool is_ascii_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}
bool is_blank(char c) { return c == ' ' || c == '\t'; }

size_t skip_blanks(std::string_view text, size_t i) {
  while (i < text.size() && is_blank(text[i])) ++i;
  return i;
}

// The placeholder that begins exactly at text[0], if one does. A long run of braces or blanks must not make the whole
// scan quadratic; it does not, because a failed match is told within the run that the scan then steps over.
std::optional<Placeholder> placeholder_at(std::string_view text) {
  if (text.substr(0, 2) != "{{") return std::nullopt;
  const size_t begin = skip_blanks(text, 2);
  size_t end = begin;
  bool ascii = true;
  while (end < text.size() && (is_ascii_word(text[end]) || static_cast<unsigned char>(text[end]) >= 0x80)) {
    ascii = ascii && static_cast<unsigned char>(text[end]) < 0x80;
    ++end;
  }
  if (end == begin) return std::nullopt;
  const size_t close = skip_blanks(text, end);
  if (text.substr(close, 2) != "}}") return std::nullopt;
  const std::string_view name = text.substr(begin, end - begin);
  if (!ascii && !is_valid_utf8(name)) return std::nullopt;
  return Placeholder{name, close + 2};
}

// Cuts `text` into literal pieces and placeholders, in order. `on_placeholder(name, verbatim)`.
template <typename OnText, typename OnPlaceholder>
void scan(std::string_view text, OnText on_text, OnPlaceholder on_placeholder) {
  size_t start = 0;  // of the literal not yet handed out
  size_t i = 0;
  while (i < text.size()) {
    const size_t found = text.find("{{", i);
    if (found == std::string_view::npos) break;
    if (found > start && text[found - 1] == '\\') {
      on_text(text.substr(start, found - 1 - start));
      start = found;
      i = found + 2;  // the braces are literal; a third one cannot start a placeholder with them
      continue;
    }
    const auto placeholder = placeholder_at(text.substr(found));
    if (!placeholder) {
      i = found + 1;  // "{{{name}}" holds a placeholder one character on
      continue;
    }
    on_text(text.substr(start, found - start));
    on_placeholder(placeholder->name, text.substr(found, placeholder->length));
    start = i = found + placeholder->length;
  }
  on_text(text.substr(start));
}

// Names in order of first use. The set is there for hostile texts with very many of them; it views the texts.
class NameCollector {
 public:
  void add(std::string_view text) {
    scan(
        text, [](std::string_view) {},
        [&](std::string_view name, std::string_view) {
          if (seen_.insert(name).second) names_.emplace_back(name);
        });
  }
  std::vector<std::string> take() { return std::move(names_); }

 private:
  std::unordered_set<std::string_view> seen_;
  std::vector<std::string> names_;
};

struct Rendering {
  std::string text;
  bool too_large = false;
};

Rendering fill(std::string_view text, const Variables& variables, size_t bytes_max) {
  Rendering out;
  out.text.reserve(std::min(text.size(), bytes_max));
  const auto append = [&](std::string_view piece) {
    if (out.too_large || piece.size() > bytes_max - out.text.size()) {
      out.too_large = true;
    } else {
      out.text.append(piece);
    }
  };
  scan(text, append, [&](std::string_view name, std::string_view verbatim) {
    const auto found = variables.find(name);
    append(found == variables.end() ? verbatim : std::string_view(found->second));
  });
  return out;
}

Error too_large() {
  return {.code = ErrorCode::kPayloadTooLarge,
          .kind = ErrorKind::kTooLarge,
          .message = "The rendered prompt is larger than " + std::to_string(kRenderedBytesMax) + " bytes"};
}

Status require_all(const std::vector<std::string>& names, const Variables& variables) {
  std::string missing;
  for (const std::string& name : names) {
    if (variables.find(name) == variables.end()) missing.append(missing.empty() ? "" : ", ").append(name);
  }
  if (missing.empty()) return {};
  return fail({.code = ErrorCode::kMissingVariables,
               .kind = ErrorKind::kInvalidRequest,
               .message = "Missing required variables: " + missing});
}

bool is_template(const llm::Message& message) { return message.role != llm::Role::kTool; }

}  // namespace

std::vector<std::string> variable_names(std::string_view text) {
  NameCollector names;
  names.add(text);
  return names.take();
}

std::vector<std::string> variable_names(const std::vector<llm::Message>& messages) {
  NameCollector names;
  for (const llm::Message& message : messages) {
    if (!is_template(message)) continue;
    for (const llm::Part& part : message.parts) {
      if (const auto* text = part.as<llm::TextPart>()) names.add(text->text);
    }
  }
  return names.take();
}

std::string render(std::string_view text, const Variables& variables) { return fill(text, variables, kUnbounded).text; }

Result<std::string> render_strict(std::string_view text, const Variables& variables) {
  TRACIA_TRY(require_all(variable_names(text), variables));
  Rendering out = fill(text, variables, kRenderedBytesMax);
  if (out.too_large) return fail(too_large());
  return std::move(out.text);
}

Result<std::vector<llm::Message>> render(std::vector<llm::Message> messages, const Variables& variables) {
  size_t left = kRenderedBytesMax;
  for (llm::Message& message : messages) {
    if (!is_template(message)) continue;
    for (llm::Part& part : message.parts) {
      auto* text = part.as<llm::TextPart>();
      if (text == nullptr) continue;
      Rendering out = fill(text->text, variables, left);
      if (out.too_large) return fail(too_large());
      left -= out.text.size();
      text->text = std::move(out.text);
    }
  }
  return messages;
}

Result<std::vector<llm::Message>> render_strict(std::vector<llm::Message> messages, const Variables& variables) {
  TRACIA_TRY(require_all(variable_names(messages), variables));
  return render(std::move(messages), variables);
}

}  // namespace tracia::prompt
