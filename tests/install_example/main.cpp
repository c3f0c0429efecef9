// The README's C++ example. Without OPENAI_API_KEY it shows the typed error, which is all that its test asks for.
#include <tracia/tracia.h>

#include <iostream>

int main() {
  tracia::Client client;
  auto result = client.run_local({.model = "gpt-4o", .messages = {tracia::user("Hello!")}});
  if (!result) {
    std::cerr << result.error().to_string() << "\n";
    return result.error().code == tracia::ErrorCode::kMissingProviderApiKey ? 0 : 1;
  }
  std::cout << result->text << "\n" << result->usage.total_tokens << " tokens, span " << result->span_id << "\n";
}
