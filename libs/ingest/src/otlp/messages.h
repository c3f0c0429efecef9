// Reading conversations as instrumentations write them: OpenTelemetry's messages with parts, OpenAI's chat completions
// and response items, Anthropic's and Bedrock's blocks, Google's contents, the AI SDK's parts, LangChain's objects. One
// tolerant reader for all: what it does not know it skips (the raw attribute is kept anyway). Nothing here fails.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tracia/json/reader.h"
#include "tracia/llm/model.h"

namespace tracia::ingest::otlp {

// "human", "model", "ai", "function" and the like too. kUser for words that are none.
llm::Role role_of(std::string_view word, llm::Role fallback = llm::Role::kUser);

// The messages of a list, of one message, or of a request or response body around them ({"messages":…}, {"contents":…},
// {"input":…}, {"choices":…}, {"output":…}, {"generations":…}, …). Text alone is one message of `role`.
void read_messages(const json::Value& value, llm::Role role, std::vector<llm::Message>& out);

// One content part, or several where a value is a list; text for a plain string.
void read_parts(const json::Value& value, std::vector<llm::Part>& out);

// The tool calls of a list, in whichever form. Items that are no calls are skipped.
void read_tool_calls(const json::Value& value, std::vector<llm::Part>& out);

// Tool definitions: OpenAI's {"type","function":{…}}, flat {"name","description","parameters" | "input_schema" |
// "inputSchema" | "json_schema"}, and Google's functionDeclarations; items may be JSON texts.
void read_tools(const json::Value& value, std::vector<llm::Tool>& out, int depth = 0);

// Arguments of a call as JSON text: objects as they are, texts as they are.
std::string arguments_of(const json::Value& value);

// An image, document or sound by its URL (also data: URLs) and media type.
llm::Part media_part(std::string_view url, std::string_view mime_type, std::string_view modality = "");

// What a model answered: the text of the first message that has any, and the calls of all.
struct Answer {
  std::string text;
  bool has_text = false;
  std::vector<llm::ToolCallPart> tool_calls;
  std::string finish_reason;  // when a message carries one
};
Answer answer_of(const std::vector<llm::Message>& messages);

// The finish reason in a response body or message list, "" when none: choices[0].finish_reason, stop_reason, …
std::string finish_reason_in(const json::Value& value);

}  // namespace tracia::ingest::otlp
