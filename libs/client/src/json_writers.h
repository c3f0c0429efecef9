// Pieces of the client's values as JSON that more than one writer needs. Private to libs/client.
#pragma once

#include <string_view>
#include <vector>

#include "tracia/client/api_types.h"
#include "tracia/json/writer.h"

namespace tracia::client {

template <typename T>
void write_or_null(json::Writer& w, std::string_view name, const std::optional<T>& value) {
  w.key(name);
  if (value) {
    w.value(*value);
  } else {
    w.null();
  }
}
void write_text_or_null(json::Writer& w, std::string_view name, std::string_view text);
void write_texts(json::Writer& w, std::string_view name, const std::vector<std::string>& texts);

}  // namespace tracia::client
