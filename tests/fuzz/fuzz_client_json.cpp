// The inputs that a binding passes on, as arbitrary bytes: nothing crashes, and what is accepted as the input of a call
// is written as JSON that is read back as the same input.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "tracia/client/json.h"

namespace {

using tracia::Error;

// Errors are read by people and by bindings: bounded, and JSON that parses whatever is in them.
void check_error(const Error& error) {
  if (error.message.empty() || error.message.size() > 4096) std::abort();
  if (!tracia::json::is_valid(tracia::to_json(error))) std::abort();
}

template <typename Input>
void check(const tracia::Result<Input>& read) {
  if (!read) check_error(read.error());
}

void check_run_local(std::string_view text) {
  const auto input = tracia::read_run_local_input(text);
  check(input);
  if (!input) return;
  const std::string written = tracia::to_json(*input);
  const auto again = tracia::read_run_local_input(written);
  if (!again || tracia::to_json(*again) != written) std::abort();
}

void check_span(std::string_view text) {
  const auto span = tracia::read_span(text);
  check(span);
  if (!span || span->name.empty()) return;
  const std::string written = tracia::span::to_json(*span);
  const auto again = tracia::read_span(written);
  if (!again || tracia::span::to_json(*again) != written) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_run_local(text);
  check_span(text);
  check(tracia::read_run_responses_input(text));
  check(tracia::read_run_embedding_input(text));
  check(tracia::read_client_options(text));
  return 0;
}
