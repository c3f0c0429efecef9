// The table of dialects: which attribute of which convention says what. A field's sources are tried in order; the names
// of different conventions do not collide, so that one list a field serves all of them, and spans that mix conventions.
//
//   semconv       OpenTelemetry's gen_ai.* (current, and the event era with gen_ai.system)
//   openinference Arize: llm.*, openinference.span.kind     openllmetry  Traceloop: gen_ai.prompt.N.*, traceloop.*
//   vercel        AI SDK: ai.*                              langfuse     langfuse.observation.*, langfuse.trace.*
//   langsmith     langsmith.*                               logfire      logfire.*, pydantic-ai
//   mlflow        mlflow.*
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "attributes.h"
#include "tracia/span/span.h"

namespace tracia::ingest::otlp {

// Scalars, best source first.
struct FieldSources {
  std::span<const Source> model, provider, finish_reason, user_id, session_id, prompt_slug, prompt_version;
  std::span<const Source> call_user_id, call_session_id;  // not of tools
  std::span<const Source> temperature, top_p, max_output_tokens, error;
  std::span<const Source> tool_name, tool_call_id, tool_arguments, tool_result;
  // Payloads of anything that is no conversation.
  std::span<const Source> input, output;
};
extern const FieldSources kFields;

// Token counts, in the order of llm::Usage.
struct UsageSources {
  std::span<const Source> input, output, total, cached, cache_write, cache_write_1h, reasoning, input_audio,
      output_audio;
};
extern const UsageSources kUsage;

// Where lists of tags are: arrays, JSON texts, or words between commas.
extern const std::span<const std::string_view> kTagKeys;
// Where tool definitions are, as JSON.
extern const std::span<const Source> kToolKeys;

// The kind by the dialect's own word, else by what the span has. `name` is the span's.
span::Kind kind_of(const Attributes& attributes, std::string_view name);

// Our name for a provider: "openai.chat", "aws.bedrock", "gcp.vertex_ai" and such become ours; other vendors lower
// case; "" for frameworks that are no provider ("langchain").
std::string provider_of(std::string_view raw);

// The wire's word for a vendor's or dialect's finish reason; "" when it is none of them.
std::string_view finish_reason_of(std::string_view raw);

}  // namespace tracia::ingest::otlp
