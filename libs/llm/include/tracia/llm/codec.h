// A provider is a pure codec: encode a request, decode an answer, or feed a stream's bytes and get events. No socket,
// clock, thread or random source inside, so recorded exchanges, fuzzers and benchmarks drive codecs directly.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tracia/base/result.h"
#include "tracia/llm/model.h"
#include "tracia/wire/http.h"

namespace tracia::llm {

// Where and how to reach a provider; authorisation is added by authorize() after encoding (auth.h).
struct Endpoint {
  Provider provider = Provider::kOpenAi;
  std::string base_url;        // without a trailing slash; conventions per vendor in endpoint.h
  bool is_vendor = true;       // false: a compatible endpoint, where only the protocol's common core may be assumed
  wire::Headers headers = {};  // added to every request; a header of the codec's own is replaced
};

// ---- Stream events. Views live during the callback only.
struct TextDelta {
  std::string_view text;
};
struct RefusalDelta {
  std::string_view text;
};
struct ReasoningDelta {
  std::string_view text;
};
// Arguments arrive in fragments; `index` tells parallel calls apart. id/name are set on the first delta of a call.
struct ToolCallDelta {
  int index = 0;
  std::string_view id, name, arguments;
};
struct UsageUpdate {
  const Usage& usage;
};  // may come more than once; the last counts
struct Finish {
  FinishReason reason;
  std::string_view provider_reason;
};
using StreamEvent = std::variant<TextDelta, RefusalDelta, ReasoningDelta, ToolCallDelta, UsageUpdate, Finish>;
using EventSink = std::function<void(const StreamEvent&)>;

// Folds one streamed answer. Feed bytes in any chunking; the events and the result do not depend on it.
// Not thread-safe. A decoder is used for one answer.
class StreamDecoder {
 public:
  virtual ~StreamDecoder() = default;

  // Emits what the bytes complete. An error means that the provider reported one in mid-stream, or that the bytes are
  // not of the protocol, or that a bound was passed; what was decoded before stays in result(). After an error, or
  // once done() is true, further bytes are ignored.
  virtual Status feed(std::string_view bytes, const EventSink& sink) = 0;

  // The connection ended. ErrorKind::kStreamTruncated when the protocol's own end was not seen.
  // May emit final events (the JSON-array form of Google needs none; held-back deltas of others do).
  virtual Status finish(const EventSink& sink) = 0;

  virtual bool done() const = 0;                 // the protocol's end mark was seen
  virtual const ChatResult& result() const = 0;  // everything so far: partial until done
  // For diagnosis and the recorded exchanges: events dispatched (SSE events incl. [DONE], event-stream frames, array
  // elements), and the distinct names of event types seen, in order of first sight.
  virtual uint64_t events() const = 0;
  virtual const std::vector<std::string>& event_types() const = 0;
};

class ChatCodec {
 public:
  virtual ~ChatCodec() = default;
  // kInvalidRequest, with the field named, for what this vendor cannot express. Does not validate model names.
  virtual Result<wire::HttpRequest> encode(const ChatRequest& request, const Endpoint& endpoint, bool stream) const = 0;
  // Status >= 400, or an error inside a 200, gives the provider's error (see decode_error); anything unreadable gives
  // kProviderError/kMalformedResponse.
  virtual Result<ChatResult> decode(const wire::HttpResponse& response) const = 0;
  // For a response whose status is < 400. Looks at the content type where a vendor has more than one stream form.
  virtual std::unique_ptr<StreamDecoder> stream_decoder(const wire::HttpResponseHead& head) const = 0;
};

class EmbeddingCodec {
 public:
  virtual ~EmbeddingCodec() = default;
  // How many inputs one HTTP request may carry for this model; the caller splits larger requests.
  virtual size_t max_inputs(std::string_view model) const = 0;
  virtual Result<wire::HttpRequest> encode(const EmbeddingRequest& request, const Endpoint& endpoint) const = 0;
  // `expected` is the number of inputs sent; another number of vectors is kMalformedResponse.
  virtual Result<EmbeddingResult> decode(const wire::HttpResponse& response, size_t expected) const = 0;
};

// Immutable singletons, thread-safe.
const ChatCodec& openai_chat_codec();
const ChatCodec& openai_responses_codec();
const ChatCodec& anthropic_codec();
const ChatCodec& google_codec();
const ChatCodec& bedrock_codec();
const EmbeddingCodec& openai_embedding_codec();
const EmbeddingCodec& google_embedding_codec();
const EmbeddingCodec& bedrock_embedding_codec();
const EmbeddingCodec& voyage_embedding_codec();

}  // namespace tracia::llm
