// Reading what a version holds. Bounds and patterns: api/openapi.yaml, PromptContentInput, Tools, ToolChoice,
// StopSequences. Every function reports to `fields` and answers a value that matters only while fields.ok().
#pragma once

#include <string>
#include <vector>

#include "fields.h"
#include "tracia/prompt/prompt.h"

namespace tracia::prompt {

inline constexpr size_t kMessagesMax = 200;
inline constexpr size_t kMessageIdCharsMax = 64;
inline constexpr size_t kToolsMax = 128;
inline constexpr size_t kToolNameCharsMax = 64;
inline constexpr size_t kStopSequencesMax = 16;
inline constexpr size_t kStopSequenceCharsMax = 256;
inline constexpr size_t kProviderCharsMax = 64;
inline constexpr size_t kModelCharsMax = 256;
inline constexpr double kTemperatureMax = 2;

// `content`, which must be there.
std::vector<TemplateMessage> read_messages(Fields& fields);
// Each is empty for an omitted or null member.
std::string read_provider(Fields& fields);
std::string read_model(Fields& fields);
std::vector<std::string> read_stop_sequences(Fields& fields);
std::string read_tools(Fields& fields);
std::string read_tool_choice(Fields& fields);
std::string read_output_schema(Fields& fields);

// What must agree between members: a tool choice names one of the tools.
Status check_content(const Content& content);

}  // namespace tracia::prompt
