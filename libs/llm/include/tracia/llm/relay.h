// Codecs for an OpenAI-protocol upstream whose client speaks the same protocol: the request's bytes are the client's
// own (see edit_body() of libs/gateway), the answer's bytes are handed on as they come, and the ordinary codec reads
// along, so that the call's retries, its errors and its span do not depend on who wrote the bytes. No I/O.
//
// One object serves one call (several tries of it). Not thread-safe: one driver at a time. It must outlive the decoders
// it makes.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "tracia/llm/codec.h"

namespace tracia::llm {

enum class RelayProtocol { kChatCompletions, kResponses };

// The bytes of the next try's body; the request names the model.
using RelayBody = std::function<Result<std::string>(std::string_view model)>;

class RelayCodec final : public ChatCodec {
 public:
  struct Options {
    RelayProtocol protocol = RelayProtocol::kChatCompletions;
    RelayBody body;
    bool hide_usage = false;  // chat streams: the chunk that has only usage is kept back, as it was asked for by us
    std::function<void(std::string_view events)> out;  // a stream's bytes: whole events, never parts of one
  };
  explicit RelayCodec(Options options);
  ~RelayCodec() override;

  Result<wire::HttpRequest> encode(const ChatRequest& request, const Endpoint& endpoint, bool stream) const override;
  Result<ChatResult> decode(const wire::HttpResponse& response) const override;
  std::unique_ptr<StreamDecoder> stream_decoder(const wire::HttpResponseHead& head) const override;

  // The whole answer's body, once decode() succeeded; "" before, and for an upstream that streamed without being asked.
  const std::string& answer() const;
  // A stream's bytes go to Options::out: its events need not be written again. False for an upstream that answers a
  // streamed request with a whole answer, or before its first byte.
  bool streams() const;
  // The event that ended the stream, which was not given to Options::out: the caller sends it when all is settled. ""
  // when the upstream ended without one.
  const std::string& ending() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The same for embeddings. Vectors are not read: the result has as many empty ones as were answered.
class RelayEmbeddingCodec final : public EmbeddingCodec {
 public:
  explicit RelayEmbeddingCodec(RelayBody body);
  ~RelayEmbeddingCodec() override;

  size_t max_inputs(std::string_view) const override { return static_cast<size_t>(-1); }
  Result<wire::HttpRequest> encode(const EmbeddingRequest& request, const Endpoint& endpoint) const override;
  Result<EmbeddingResult> decode(const wire::HttpResponse& response, size_t expected) const override;
  const std::string& answer() const;  // the body, once decode() succeeded

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tracia::llm
