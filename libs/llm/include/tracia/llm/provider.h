// The model providers, and the names under which they appear on the wire.
#pragma once

#include <optional>
#include <string_view>

namespace tracia::llm {

// Also the wire protocol: any OpenAI-compatible endpoint is kOpenAi under a connection name of its own.
enum class Provider { kOpenAi, kAnthropic, kGoogle, kAmazonBedrock, kVoyage };

std::string_view provider_name(Provider provider);                  // "amazon_bedrock"
std::string_view provider_title(Provider provider);                 // "Amazon Bedrock"
std::optional<Provider> provider_from_name(std::string_view name);  // any case: "OPENAI", "openai"

}  // namespace tracia::llm
