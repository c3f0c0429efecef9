// The Responses answer, whole or as events.
#pragma once

#include "answer.h"

namespace tracia::simulate {

struct ResponsesRequest {
  Ask ask;
  bool stream = false;
  bool reasoning_summary = false;
  bool encrypted_reasoning = false;
  bool said_json = false;
};

Answer write_responses(const Call& call, const ResponsesRequest& request, const Reply& reply);

}  // namespace tracia::simulate
