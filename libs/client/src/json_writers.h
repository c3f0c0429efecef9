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
void write_scalar(json::Writer& w, std::string_view name, const Scalar& scalar);
// The member "toolChoice"; nothing when it is unset.
void write_tool_choice(json::Writer& w, const ToolChoice& choice);
// A message of a prompt. One with parts needs a role that is known, else it is null: see message_of().
void write_prompt_message(json::Writer& w, const PromptMessage& message);

}  // namespace tracia::client
