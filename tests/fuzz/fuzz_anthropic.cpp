// Anthropic's answers and streams from a hostile endpoint. Also sends a decoded turn back: what was read must encode.
#include "stream_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tracia::llm;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  fuzz::check_codec(anthropic_codec(), input);
  if (auto result = anthropic_codec().decode({200, {}, std::string(input.substr(size > 0 ? 1 : 0))})) {
    ChatRequest request{.model = "claude-sonnet-4-5"};
    request.messages.push_back(std::move(result->message));
    (void)anthropic_codec().encode(request, {Provider::kAnthropic, "https://x"}, false);
  }
  return 0;
}
