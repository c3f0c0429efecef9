// Chat completions: the two halves of openai_chat_codec(). Private to libs/llm.
#pragma once

#include <memory>

#include "tracia/llm/codec.h"

namespace tracia::llm::openai {

Result<wire::HttpRequest> encode_chat(const ChatRequest& request, const Endpoint& endpoint, bool stream);
Result<ChatResult> decode_chat(const wire::HttpResponse& response);
std::unique_ptr<StreamDecoder> chat_stream_decoder(const wire::HttpResponseHead& head);

}  // namespace tracia::llm::openai
