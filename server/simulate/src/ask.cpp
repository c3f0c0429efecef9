#include "ask.h"

#include "hash.h"
#include "tracia/base/bytes.h"

namespace tracia::simulate {

int64_t estimate_tokens(std::string_view text) { return static_cast<int64_t>((text.size() + 3) / 4); }

void Ask::mix_in(std::string_view text) { hash = hash_text(text, hash ^ 0x51ED270B0A1F39C1ULL); }

void Ask::begin_message(Role role) {
  prompt_tokens += kMessageTokens;
  hash = mix(hash + static_cast<uint64_t>(role));
  current_role = role;
  if (role == Role::kUser) {
    user_text.clear();
    media.clear();
    tool_results.clear();
  }
  if (role == Role::kTool && last_role != Role::kTool) tool_results.clear();
  if (role != Role::kSystem) last_role = role;
}

void Ask::add_text(std::string_view text) {
  prompt_tokens += estimate_tokens(text);
  mix_in(text);
  if (current_role != Role::kUser) return;
  if (!user_text.empty()) user_text.push_back(' ');
  user_text.append(text);
}

void Ask::add_media(std::string_view kind, std::string what, std::string_view data) {
  prompt_tokens += kMediaTokens;
  mix_in(kind);
  mix_in(data);
  if (current_role == Role::kAssistant) return;
  media.push_back({std::string(kind), std::move(what)});
}

void Ask::add_tool_result(std::string_view text) {
  prompt_tokens += estimate_tokens(text);
  mix_in(text);
  last_role = Role::kTool;
  tool_results.emplace_back(text);
}

void Ask::add_tool_call(std::string_view name, std::string_view arguments) {
  prompt_tokens += estimate_tokens(name) + estimate_tokens(arguments);
  mix_in(name);
  mix_in(arguments);
}

void Ask::add_tool(Tool tool, size_t definition_bytes) {
  prompt_tokens += static_cast<int64_t>(definition_bytes / 4) + kMessageTokens;
  mix_in(tool.name);
  tools.push_back(std::move(tool));
}

size_t base64_bytes(std::string_view base64) {
  size_t size = base64.size();
  while (size > 0 && base64[size - 1] == '=') --size;
  return size * 3 / 4;
}

std::string describe_base64(std::string_view mime, std::string_view base64) {
  const size_t bytes = base64_bytes(base64);
  return std::string(mime) + ", " + std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes");
}

std::string describe_url(std::string_view url, std::string_view fallback_mime) {
  if (url.starts_with("data:")) {
    const size_t comma = url.find(',');
    std::string_view mime = url.substr(5, comma == std::string_view::npos ? std::string_view::npos : comma - 5);
    mime = mime.substr(0, mime.find(';'));
    return describe_base64(mime.empty() ? fallback_mime : mime,
                           comma == std::string_view::npos ? std::string_view() : url.substr(comma + 1));
  }
  return std::string(utf8_prefix(url, 120));
}

std::vector<std::string_view> split_bytes(std::string_view text, size_t bytes) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    std::string_view piece = utf8_prefix(text, bytes);
    if (piece.empty()) piece = text.substr(0, bytes);  // not UTF-8
    out.push_back(piece);
    text.remove_prefix(piece.size());
  }
  return out;
}

std::vector<std::string_view> split_words(std::string_view text, int words) {
  constexpr size_t kPieceBytesMax = 24;
  std::vector<std::string_view> out;
  const auto is_space = [](char c) { return c == ' ' || c == '\n' || c == '\t'; };
  while (!text.empty()) {
    size_t end = 0;
    for (int i = 0; i < words && end < text.size(); ++i) {
      while (end < text.size() && is_space(text[end])) ++end;
      while (end < text.size() && !is_space(text[end])) ++end;
    }
    std::string_view piece = text.substr(0, end);
    const size_t limit = kPieceBytesMax * static_cast<size_t>(words);
    if (piece.size() > limit) {
      const std::string_view cut = utf8_prefix(piece, limit);
      if (!cut.empty()) piece = cut;
    }
    out.push_back(piece);
    text.remove_prefix(piece.size());
  }
  return out;
}

}  // namespace tracia::simulate
