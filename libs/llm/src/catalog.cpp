#include "tracia/llm/catalog.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "catalog_data.h"

namespace tracia::llm {
namespace {

using detail::ModelMatch;
using detail::NameEntry;

constexpr size_t kNameBytesMax = 512;  // longer names are not models; keeps error messages and scans short

// Vendors that serve models through Bedrock; its model ids begin with one of these and a point.
constexpr std::array<std::string_view, 18> kBedrockVendors{
    "anthropic", "amazon",   "meta",   "mistral", "cohere", "deepseek", "ai21",       "stability", "openai",
    "qwen",      "moonshot", "google", "nvidia",  "zai",    "minimax",  "twelvelabs", "writer",    "moonshotai"};

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool has_bedrock_vendor(std::string_view id) {
  const size_t point = id.find('.');
  if (point == std::string_view::npos) return false;
  return std::find(kBedrockVendors.begin(), kBedrockVendors.end(), id.substr(0, point)) != kBedrockVendors.end();
}

// The region of a cross-region inference profile: "us", "eu", "jp", … (two letters), "apac", "us-gov", "global".
// Empty when the id has none.
std::string_view bedrock_region(std::string_view id) {
  const size_t point = id.find('.');
  if (point == std::string_view::npos || !has_bedrock_vendor(id.substr(point + 1))) return {};
  const std::string_view prefix = id.substr(0, point);
  const bool two_letters = prefix.size() == 2 && is_lower(prefix[0]) && is_lower(prefix[1]);
  return two_letters || prefix == "apac" || prefix == "us-gov" || prefix == "global" ? prefix : std::string_view();
}

bool is_bedrock_arn(std::string_view model) {
  return model.starts_with("arn:aws") && model.find(":bedrock:") != std::string_view::npos;
}

// The plain id inside the longer forms that vendors accept.
std::string_view bare_name(std::string_view model) {
  if (is_bedrock_arn(model)) return model.substr(model.rfind('/') + 1);
  if (model.starts_with("models/")) model.remove_prefix(7);
  return model;
}

const ModelInfo* by_name(std::string_view name, std::string_view provider) {
  const auto names = detail::catalog_names();
  auto it = std::lower_bound(names.begin(), names.end(), name,
                             [](const NameEntry& entry, std::string_view wanted) { return entry.name < wanted; });
  for (; it != names.end() && it->name == name; ++it) {
    const ModelInfo& info = detail::catalog_models()[it->model];
    if (provider.empty() || info.provider == provider) return &info;
  }
  return nullptr;
}

bool is_digits(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_digit); }

// "20310101", as far as a calendar can be told from a build number.
bool is_compact_date(std::string_view text) {
  return text.size() == 8 && is_digits(text) && text.substr(0, 2) == "20" && text.substr(4, 2) >= "01" &&
         text.substr(4, 2) <= "12" && text.substr(6, 2) >= "01" && text.substr(6, 2) <= "31";
}

bool is_dashed_date(std::string_view text) {
  return text.size() == 10 && text[4] == '-' && text[7] == '-' &&
         is_compact_date(std::string(text.substr(0, 4)).append(text.substr(5, 2)).append(text.substr(8, 2)));
}

// "-v1:0", "-v1": Bedrock's version after the date.
std::string_view without_bedrock_version(std::string_view id) {
  const size_t dash = id.rfind("-v");
  if (dash == std::string_view::npos) return id;
  std::string_view version = id.substr(dash + 2);
  const size_t colon = version.find(':');
  if (colon != std::string_view::npos && !is_digits(version.substr(colon + 1))) return id;
  return is_digits(version.substr(0, colon)) ? id.substr(0, dash) : id;
}

// The name that a dated snapshot is of; nullopt when there is no date at the end.
std::optional<std::string_view> snapshot_base(std::string_view name) {
  if (has_bedrock_vendor(name)) name = without_bedrock_version(name);
  const size_t size = name.size();
  if (size > 11 && name[size - 11] == '-' && is_dashed_date(name.substr(size - 10))) return name.substr(0, size - 11);
  const bool compact = size > 9 && is_compact_date(name.substr(size - 8));
  if (compact && (name[size - 9] == '-' || name[size - 9] == '@')) return name.substr(0, size - 9);
  return std::nullopt;
}

// A listed name, else a snapshot of one.
ModelMatch match_plain(std::string_view name, std::string_view provider) {
  if (const ModelInfo* info = by_name(name, provider)) return {.info = info};
  const auto base = snapshot_base(name);
  if (!base) return {};
  return {.info = by_name(*base, provider), .is_snapshot = true};
}

struct Family {
  std::string_view prefix;
  Provider provider;
};
// Families of the hosted product, and those that its SDKs miss. The first match wins: Google's numbered
// text-embedding models stand before OpenAI's.
constexpr std::array<Family, 16> kFamilies{{
    {"gpt-", Provider::kOpenAi},
    {"chatgpt-", Provider::kOpenAi},
    {"ft:", Provider::kOpenAi},
    {"text-embedding-00", Provider::kGoogle},
    {"text-multilingual-embedding-", Provider::kGoogle},
    {"text-embedding-", Provider::kOpenAi},
    {"codex-", Provider::kOpenAi},
    {"computer-use-", Provider::kOpenAi},
    {"davinci-", Provider::kOpenAi},
    {"babbage-", Provider::kOpenAi},
    {"claude-", Provider::kAnthropic},
    {"gemini-", Provider::kGoogle},
    {"gemma-", Provider::kGoogle},
    {"learnlm-", Provider::kGoogle},
    {"embedding-00", Provider::kGoogle},
    {"voyage-", Provider::kVoyage},
}};

// "o1", "o3-mini", "o4-…", and the o-series to come.
bool is_o_series(std::string_view name) {
  return name.size() >= 2 && name[0] == 'o' && is_digit(name[1]) && (name.size() == 2 || name[2] == '-');
}

Error unsupported(std::string_view model) {
  std::string message = "Cannot determine provider for model '";
  message.append(model.substr(0, kNameBytesMax)).append("'. Please specify the provider explicitly.");
  return {.code = ErrorCode::kUnsupportedModel, .kind = ErrorKind::kInvalidRequest, .message = std::move(message)};
}

}  // namespace

namespace detail {

ModelMatch match_model(std::string_view model, std::string_view provider) {
  if (model.size() > kNameBytesMax) return {};
  std::string_view wanted;
  if (!provider.empty()) {
    const auto known = provider_from_name(provider);
    if (!known) return {};
    wanted = provider_name(*known);
  }
  const std::string_view name = bare_name(model);
  ModelMatch match = match_plain(name, wanted);
  if (match.info != nullptr && !match.is_snapshot) return match;
  const std::string_view region = bedrock_region(name);
  if (match.info != nullptr || region.empty()) return match;
  match = match_plain(name.substr(region.size() + 1), wanted);
  match.region = region;
  return match;
}

}  // namespace detail

bool ModelInfo::has(std::string_view capability) const {
  return std::find(capabilities.begin(), capabilities.end(), capability) != capabilities.end();
}

std::span<const ModelInfo> all_models() { return detail::catalog_models(); }

const ModelInfo* find_model(std::string_view model, std::string_view provider) {
  return detail::match_model(model, provider).info;
}

Result<Provider> resolve_provider(std::string_view model) {
  if (const ModelInfo* info = find_model(model)) {
    if (const auto provider = provider_from_name(info->provider)) return *provider;
  }
  if (is_bedrock_arn(model) || has_bedrock_vendor(model) || !bedrock_region(model).empty()) {
    return Provider::kAmazonBedrock;
  }
  const std::string_view name = bare_name(model);
  for (const Family& family : kFamilies) {
    if (name.starts_with(family.prefix)) return family.provider;
  }
  if (is_o_series(name)) return Provider::kOpenAi;
  return fail(unsupported(model));
}

}  // namespace tracia::llm
