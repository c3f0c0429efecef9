// What the Gemini files share.
#pragma once

#include "answer.h"

namespace tracia::simulate {

struct GoogleRequest {
  Ask ask;
  bool include_thoughts = false;
  int64_t candidates = 1;
  bool model_refuses_json_with_tools() const;
};

json::Value google_field(const json::Value& object, std::string_view camel);
Answer google_error(const Call& call, std::string message, int status = 400);
Answer google_no_model(const Call& call, std::string_view model, std::string_view method);

Answer write_google(const Call& call, const GoogleRequest& request, const std::vector<Reply>& replies);
// SSE with ?alt=sse, else one JSON array that grows.
Answer stream_google(const Call& call, const GoogleRequest& request, const std::vector<Reply>& replies);

}  // namespace tracia::simulate
