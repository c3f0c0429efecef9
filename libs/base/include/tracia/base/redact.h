// Takes secrets out of text that will be logged, raised or stored.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tracia {

// Replaces by "[REDACTED]": keys of the known vendors (OpenAI sk-, sk-proj-, Anthropic sk-ant-, Google AIza, Voyage
// pa-, AWS AKIA/ASIA ids, Bedrock ABSK), Tracia API keys (tr_ + 32 characters or more), and the credentials that follow
// Bearer, Basic, "authorization", "x-api-key", "api_key=" and "key=". Our own span and trace ids (sp_/tr_ + 16 or 32
// hex) stay. Vendors' own masked forms ("sk-1234****abcd") stay as well. Cost: O(n).
std::string redact_secrets(std::string_view text);

// Where they stand, in order and apart from each other.
struct SecretPlace {
  size_t begin = 0, length = 0;
};
std::vector<SecretPlace> find_secrets(std::string_view text);

}  // namespace tracia
