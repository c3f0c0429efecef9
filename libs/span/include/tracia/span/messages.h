// Conversations as JSON, both ways: the wire's own camelCase form (api/openapi.yaml, Message) and, for reading only,
// the form of OpenAI's chat completions. Pure functions, thread-safe.
//
//   {"role":"user","content":"Hello"}                       content is a string when it is exactly one plain text
//   {"role":"user","content":[part, …],"name"?,"id"?}       else a list of parts
//   {"role":"tool","toolCallId","toolName"?,"content","isError"?:true}
//
//   text       {"type":"text","text","signature"?,"refusal"?:true,"annotations"?:[…],"itemId"?,"phase"?}
//   image      {"type":"image","mimeType"?,"data"|"url"|"fileId","detail"?,"signature"?}  data is base64
//   document   {"type":"document","mimeType"?,"name"?,"context"?,"citations"?:true,"data"|"url"|"fileId"}
//   audio      {"type":"audio","mimeType"?,"data"|"url"|"fileId"|"id","transcript"?}
//   tool_call  {"type":"tool_call","id","name","arguments":{…},"kind"?,"itemId"?,"signature"?}
//              arguments that are not a JSON object (cut off by max tokens, or free text) are a string
//   reasoning  {"type":"reasoning","text","signature"?,"redacted"?:true,"id"?,"provider"?}
//   vendor     {"type":"vendor","provider","value"}          a block that only that vendor understands
//   tool_result {"type":"tool_result","toolCallId","toolName"?,"content","isError"?}  where a message mixes results
//   with
//              other parts; a list of messages never needs it for tool messages, which are written one per result
//
// Any part that can carry a cache breakpoint may have "cacheControl":{"ttl"?}.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "tracia/base/result.h"
#include "tracia/json/reader.h"
#include "tracia/llm/model.h"

namespace tracia::span {

// All media in full: for run answers and for sending a conversation on.
std::string messages_json(const std::vector<llm::Message>& messages);
std::string message_json(const llm::Message& message);

// {"messages":[…]}, for Span::input_json. Media past limits::kMediaBytesMax (or kMediaTotalBytesMax together) are
// replaced by {"type","mimeType","omittedBytes":n}, n being the size of the content before base64.
std::string messages_input_json(const std::vector<llm::Message>& messages);
// {"text":[…]}, the input of an embedding span.
std::string text_input_json(const std::vector<std::string>& texts);

// Reads either form; one list may mix them, and snake_case names are taken for camelCase ones. Unknown members are
// skipped, unknown kinds of parts are not: leaving out what somebody meant to send would change the conversation.
// Errors: kInvalidRequest naming the place, such as "messages[2].toolCallId is required in a tool message". Media that
// a span left out cannot be read back.
Result<std::vector<llm::Message>> messages_from_json(const json::Value& array);

// [{"name","description"?,"parameters"?,"strict"?,"type"?,"value"?,"cacheControl"?}, …]; type is "custom" or "vendor"
// where it is one.
std::string tools_json(const std::vector<llm::Tool>& tools);
// [{"id","name","arguments"}, …]; arguments as in tool_call parts.
std::string tool_calls_json(const std::vector<llm::ToolCallPart>& calls);

}  // namespace tracia::span
