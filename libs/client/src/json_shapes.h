// The larger members of the inputs, as their users write them. Each reader looks its member up in `fields` and leaves
// what is wrong there. The forms are drawn in tracia/client/json.h. Private to libs/client.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "json_fields.h"
#include "tracia/client/types.h"

namespace tracia::client {

void read_messages(InputFields& fields, std::vector<Message>& out);
void read_tools(InputFields& fields, std::vector<Tool>& out);
void read_tool_choice(InputFields& fields, ToolChoice& out);
void read_response_format(InputFields& fields, ResponseFormat& out);
void read_reasoning(InputFields& fields, std::optional<ReasoningOptions>& out);
void read_fallbacks(InputFields& fields, std::vector<Fallback>& out);
void read_variables(InputFields& fields, Variables& out);
void read_prompt_link(InputFields& fields, PromptLink& out);

}  // namespace tracia::client
