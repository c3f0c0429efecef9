// Span bodies and conversations on arbitrary bytes: nothing crashes, and what is accepted survives a round trip.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "tracia/json/reader.h"
#include "tracia/span/span.h"

namespace {

using tracia::json::Document;
using tracia::json::Value;

std::string canonical(const std::string& text) {
  auto one_way = tracia::json::canonical(text);
  if (!one_way) std::abort();
  return *std::move(one_way);
}

void check_span(const Value& value) {
  auto span = tracia::span::from_json(value);
  if (!span) return;
  const std::string text = tracia::span::to_json(*span);
  if (text.find('\n') != std::string::npos) std::abort();
  Document document;
  const auto parsed = document.parse(text);
  if (!parsed) std::abort();
  const auto again = tracia::span::from_json(*parsed);
  if (!again || tracia::span::to_json(*again) != text) std::abort();
  tracia::span::fit(*span);
  if (tracia::span::to_json(*span).size() > text.size()) std::abort();  // nothing accepted needs more than cutting
}

void check_messages(const Value& value) {
  const auto messages = tracia::span::messages_from_json(value);
  if (!messages) return;
  const std::string text = tracia::span::messages_json(*messages);
  Document document;
  const auto parsed = document.parse(text);
  if (!parsed) std::abort();
  const auto again = tracia::span::messages_from_json(*parsed);
  if (!again) std::abort();
  // A tool call's arguments are written as the model wrote them and read as a value: blanks and the spelling of numbers
  // may go, nothing else.
  if (canonical(tracia::span::messages_json(*again)) != canonical(text)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Document document;
  const auto value = document.parse_lenient({reinterpret_cast<const char*>(data), size});
  if (!value) return 0;
  check_span(*value);
  check_messages(*value);
  check_messages((*value)["messages"]);
  check_messages((*value)["input"]["messages"]);
  return 0;
}
