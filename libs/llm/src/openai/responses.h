// The Responses API: the halves of openai_responses_codec(). Private to libs/llm.
#pragma once

#include <memory>

#include "tracia/llm/codec.h"

namespace tracia::llm::openai {

Result<wire::HttpRequest> encode_responses(const ChatRequest& request, const Endpoint& endpoint, bool stream);
Result<ChatResult> decode_responses(const wire::HttpResponse& response);
std::unique_ptr<StreamDecoder> responses_stream_decoder(const wire::HttpResponseHead& head);

}  // namespace tracia::llm::openai
