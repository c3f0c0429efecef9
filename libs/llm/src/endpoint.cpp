#include "tracia/llm/endpoint.h"

#include <cstdlib>

#include "tracia/base/bytes.h"

namespace tracia::llm {
namespace {

// The DNS suffix of a region's partition (AWS, "partitions.json").
std::string_view dns_suffix(std::string_view region) {
  if (region.starts_with("cn-")) return "amazonaws.com.cn";
  if (region.starts_with("eusc-")) return "amazonaws.eu";
  if (region.starts_with("us-iso-")) return "c2s.ic.gov";
  if (region.starts_with("us-isob-")) return "sc2s.sgov.gov";
  return "amazonaws.com";
}

std::optional<std::string> configured_base_url(Provider provider, const EnvReader& env) {
  switch (provider) {
    case Provider::kOpenAi: return env("OPENAI_BASE_URL");
    case Provider::kAnthropic: return env("ANTHROPIC_BASE_URL");
    case Provider::kGoogle: return env("GOOGLE_GEMINI_BASE_URL");
    case Provider::kVoyage: return env("VOYAGE_BASE_URL");
    case Provider::kAmazonBedrock: break;
  }
  if (ascii_iequals(env("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").value_or(""), "true")) return std::nullopt;
  if (auto own = env("AWS_ENDPOINT_URL_BEDROCK_RUNTIME")) return own;
  return env("AWS_ENDPOINT_URL");
}

}  // namespace

const EnvReader& process_env() {
  static const EnvReader reader = [](std::string_view name) -> std::optional<std::string> {
    const char* value = std::getenv(std::string(name).c_str());
    if (value == nullptr || *value == '\0') return std::nullopt;
    return std::string(value);
  };
  return reader;
}

std::string default_base_url(Provider provider, std::string_view region) {
  switch (provider) {
    case Provider::kOpenAi: return "https://api.openai.com/v1";
    case Provider::kAnthropic: return "https://api.anthropic.com";
    case Provider::kGoogle: return "https://generativelanguage.googleapis.com";
    case Provider::kVoyage: return "https://api.voyageai.com/v1";
    case Provider::kAmazonBedrock: break;
  }
  return "https://bedrock-runtime." + std::string(region) + "." + std::string(dns_suffix(region));
}

Endpoint endpoint_from_env(Provider provider, const EnvReader& env, std::string_view region) {
  Endpoint out{.provider = provider};
  out.base_url = configured_base_url(provider, env).value_or("");
  out.base_url = std::string(trim(out.base_url));
  while (out.base_url.ends_with('/')) out.base_url.pop_back();
  if (out.base_url.empty()) out.base_url = default_base_url(provider, region);
  return out;
}

}  // namespace tracia::llm
