// What went into an operation and what came out of it, from whichever attributes, span events or log records hold it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attributes.h"
#include "messages.h"
#include "tracia/llm/model.h"
#include "tracia/span/span.h"

namespace tracia::ingest::otlp {

struct Content {
  std::vector<llm::Message> instructions;  // gen_ai.system_instructions, held apart from the messages
  std::vector<llm::Message> input, output;
  std::string finish_reason;
  std::vector<llm::Tool> tools;
};

// The conversation in a span's attributes. `whole_payloads`: input.value, langfuse.observation.input and the like are
// read as conversations too (model calls only).
Content read_content(const Attributes& attributes, bool whole_payloads, JsonPool& pool);

// Adds what one GenAI event says: gen_ai.<role>.message, gen_ai.choice, gen_ai.content.*, and
// gen_ai.client.inference.operation.details. `body` and `attributes` are JSON, missing when there is none.
void read_event(std::string_view name, const json::Value& body, const json::Value& attributes, Content& out);
// Whether read_event() knows the name.
bool is_genai_event(std::string_view name);

// Whether a span has no messages yet, or instructions only.
bool lacks_messages(const span::Span& span);
// Writes the content into the members of the span that are still empty: input, output, tool calls, tools, finish
// reason.
void fill_content(const Content& content, span::Span& span);

// The texts of an embedding call.
std::vector<std::string> embedded_texts(const Attributes& attributes, JsonPool& pool);

// Attributes whose names are paths ("llm.input_messages.0.message.role") as JSON: numbers become positions of arrays.
// `nested_key`: texts under this name that hold a list of objects are written as that list. "" when there are none.
std::string unflatten(const Attributes& attributes, std::string_view prefix, JsonPool& pool,
                      std::string_view nested_key = "");

}  // namespace tracia::ingest::otlp
