#include "usage.h"

#include <algorithm>
#include <vector>

#include "dialects.h"
#include "tracia/json/writer.h"

namespace tracia::ingest::otlp {
namespace {

// Anthropic's own count of input tokens leaves out what was read from or written to the cache; so do Bedrock's counts
// of the same models. Instrumentations either pass it on or add it up (as OpenTelemetry asks):
//
//   passed on   @traceloop/instrumentation-anthropic and -bedrock; AI SDK before 6 (without inputTokenDetails)
//   added up    OpenInference, Anthropic's and Logfire's own spans, OpenLLMetry for Python, LangSmith, AI SDK 6
//
// Parts larger than the whole are certainly left out of it.
bool input_leaves_out_cache(const Attributes& a, std::string_view provider, std::string_view scope,
                            const llm::Usage& usage) {
  const int64_t parts = usage.cached_input_tokens.value_or(0) + usage.cache_write_tokens.value_or(0);
  if (parts == 0 || !usage.input_tokens) return false;
  if (parts > *usage.input_tokens) return true;
  const bool cache_apart = provider == "anthropic" || provider == "amazon_bedrock";
  if (!cache_apart) return false;
  if (scope == "@traceloop/instrumentation-anthropic" || scope == "@traceloop/instrumentation-bedrock") return true;
  const bool ai_sdk = scope == "ai" && !a.has("ai.usage.inputTokenDetails.noCacheTokens");
  return ai_sdk;
}

class UsageReader {
 public:
  explicit UsageReader(const Attributes& attributes) : attributes_(attributes) {}

  std::optional<int64_t> count(std::span<const Source> sources) {
    std::string_view found;
    const auto number = attributes_.first_integer(sources, &found);
    if (number && std::find(found_.begin(), found_.end(), found) == found_.end()) found_.push_back(found);
    return number;
  }

  // The attributes that were read.
  std::string json() const {
    if (found_.empty()) return {};
    json::Writer w;
    w.begin_object();
    for (const std::string_view key : found_) {
      const AnyValue* value = attributes_.find(key);
      w.key(key);
      // JSON inside a text is what was sent, as text or not.
      const json::Value inner = value->type == AnyValue::Type::kString ? attributes_.json(key) : json::Value();
      if (inner.is_object()) {
        w.raw(inner.to_json());
      } else {
        write_any(w, *value);
      }
    }
    w.end_object();
    return w.take();
  }

 private:
  const Attributes& attributes_;
  std::vector<std::string_view> found_;
};

}  // namespace

ReadUsage read_usage(const Attributes& attributes, std::string_view provider, std::string_view scope) {
  ReadUsage read;
  UsageReader reader(attributes);
  llm::Usage& u = read.usage;
  u.input_tokens = reader.count(kUsage.input);
  u.output_tokens = reader.count(kUsage.output);
  u.total_tokens = reader.count(kUsage.total);
  u.cached_input_tokens = reader.count(kUsage.cached);
  u.cache_write_tokens = reader.count(kUsage.cache_write);
  u.cache_write_1h_tokens = reader.count(kUsage.cache_write_1h);
  u.reasoning_tokens = reader.count(kUsage.reasoning);
  u.input_audio_tokens = reader.count(kUsage.input_audio);
  u.output_audio_tokens = reader.count(kUsage.output_audio);
  read.raw = {.input_tokens = u.input_tokens,
              .output_tokens = u.output_tokens,
              .total_tokens = u.total_tokens,
              .cached_tokens = u.cached_input_tokens,
              .cache_creation_tokens = u.cache_write_tokens,
              .reasoning_tokens = u.reasoning_tokens,
              .json = reader.json()};
  if (input_leaves_out_cache(attributes, provider, scope, u)) {
    const int64_t parts = u.cached_input_tokens.value_or(0) + u.cache_write_tokens.value_or(0);
    // A total that counts the parts already stays; one of input and output alone grows with the input.
    const bool plain_total = u.total_tokens && *u.total_tokens == *u.input_tokens + u.output_tokens.value_or(0);
    *u.input_tokens += parts;
    if (plain_total) *u.total_tokens += parts;
  }
  return read;
}

}  // namespace tracia::ingest::otlp
