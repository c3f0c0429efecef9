// Which strings of a span's input are texts that people read: what searches look at.
#pragma once

#include <string_view>

#include "tracia/json/reader.h"

namespace tracia::store_sqlite {

// Members of messages and parts whose strings are what people read.
inline bool is_text_member(std::string_view key) {
  return key == "content" || key == "text" || key == "transcript" || key == "context";
}

// Calls visit(text) for each string that is a member called "text" or the like, or stands in an array of such a name.
template <typename Visit>
void each_text(const json::Value& value, const Visit& visit, int depth = 0) {
  constexpr int kDepthMax = 256;  // json::Document refuses deeper text
  if (depth > kDepthMax) return;
  if (value.is_array()) {
    for (const json::Value item : value.items()) {
      if (!item.is_string()) each_text(item, visit, depth + 1);
    }
    return;
  }
  for (const json::Member member : value.members()) {
    const bool is_text = is_text_member(member.key);
    if (const auto text = member.value.string(); text && is_text) visit(*text);
    if (is_text && member.value.is_array()) {
      for (const json::Value item : member.value.items()) {
        if (const auto text = item.string()) visit(*text);
      }
    }
    each_text(member.value, visit, depth + 1);
  }
}

}  // namespace tracia::store_sqlite
