// The writers of the two dialects, and what they share. Private to libs/gateway.
#pragma once

#include <string>
#include <string_view>

#include "tracia/gateway/answer.h"
#include "tracia/json/writer.h"

namespace tracia::gateway {

std::unique_ptr<AnswerWriter> make_chat_writer(bool include_usage, AnswerHead head);
std::unique_ptr<AnswerWriter> make_responses_writer(AnswerHead head);

int64_t total_tokens(const llm::Usage& usage);
// The id under which a client answers a tool call: the vendor's, or, as Google's models often give none, one made up.
std::string tool_call_id(std::string_view vendors, std::string_view answer_id, int64_t index);

}  // namespace tracia::gateway
