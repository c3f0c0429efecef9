// Token counts of a span: as they were sent, and normalised to what llm::Usage says.
#pragma once

#include <string_view>

#include "attributes.h"
#include "tracia/llm/model.h"

namespace tracia::ingest::otlp {

struct ReadUsage {
  llm::RawUsage raw;  // raw.json: {attribute: value, …} as sent
  llm::Usage usage;   // input includes cached reads and cache writes
};
// `scope`: the instrumentation's name; it decides what the input count of Anthropic's models leaves out.
ReadUsage read_usage(const Attributes& attributes, std::string_view provider, std::string_view scope);

}  // namespace tracia::ingest::otlp
