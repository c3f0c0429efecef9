// Reading one message's content: its parts in either form.
#pragma once

#include <string>
#include <vector>

#include "fields.h"
#include "tracia/llm/model.h"

namespace tracia::span {

// `content`: a string, a list of parts, or null (no parts). `results` says whether tool_result parts may stand in it;
// they may not inside a result, which bounds the nesting.
void read_content(Fields& fields, std::vector<llm::Part>& parts, bool results);

// `arguments`: an object becomes its JSON text, a string is the text itself, "" or none is "{}".
void read_arguments(Fields& fields, llm::ToolCallPart& call);
// {"id","name","arguments", …} in our form.
llm::ToolCallPart read_tool_call(Fields& fields);
// A tool result without its content.
llm::ToolResultPart read_result_head(Fields& fields);

}  // namespace tracia::span
