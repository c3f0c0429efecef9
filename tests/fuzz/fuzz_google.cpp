// Google's answers, both stream forms and embeddings from a hostile endpoint; and any schema through the converter.
#include "stream_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tracia::llm;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  fuzz::check_codec(google_codec(), input);
  const std::string rest(input.substr(size > 0 ? 1 : 0));
  (void)google_embedding_codec().decode({200, {}, rest}, 1);
  ChatRequest request{.model = "gemini-2.0-flash"};
  if (auto result = google_codec().decode({200, {}, rest})) request.messages.push_back(std::move(result->message));
  request.tools.push_back({.name = "f", .parameters = rest});
  (void)google_codec().encode(request, {Provider::kGoogle, "https://x"}, false);
  return 0;
}
