// What the Bedrock files share.
#pragma once

#include "answer.h"

namespace tracia::simulate {

Answer bedrock_error(const Call& call, std::string message, int status = 400, std::string type = "");

Answer write_bedrock(const Call& call, const Ask& ask, const Reply& reply);
Answer stream_bedrock(const Call& call, const Ask& ask, const Reply& reply);

}  // namespace tracia::simulate
