// One call to a model as a state machine without I/O: which request to send next, what the answer means, whether and
// when to try again, and on which model. Drivers (the blocking one, the asynchronous one, the server's) only move
// bytes:
//
//   while (true) {
//     auto request = call.next_request(credentials…);        // encodes and authorises the current target
//     … exchange: call.on_head(head), call.on_body(bytes) …
//     const auto verdict = call.end_attempt(transport_status);
//     if (verdict.done) break;
//     … wait verdict.delay …
//   }
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tracia/base/clock.h"
#include "tracia/base/result.h"
#include "tracia/llm/codec.h"
#include "tracia/llm/endpoint.h"
#include "tracia/wire/retry.h"

namespace tracia::llm {

// Where one try goes.
struct Target {
  Provider provider = Provider::kOpenAi;
  std::string model;
  Endpoint endpoint;
  Auth auth;           // monostate for Bedrock: the driver resolves AWS credentials before next_request()
  std::string region;  // Bedrock
  // Drivers must not connect to loopback, private or link-local addresses: the base URL is a stranger's.
  bool public_addresses_only = false;
};

// One try, for the span.
struct AttemptRecord {
  std::string provider, model;
  int status = 0;
  std::optional<Error> error;
  std::string request_id;
  Millis start_offset{0};
  Millis latency{0};
};

// Retries and fallbacks. Rules: a target is retried by wire::retry_delay(); when that gives up, the next target is
// tried at once; never after the caller's abort, after the total deadline, or after the first byte of a streamed answer
// (it may have been shown, and paid for). Not thread-safe: one driver at a time.
class Call {
 public:
  struct Verdict {
    bool done = false;
    Millis delay{0};
  };
  struct Options {
    wire::RetryPolicy retry;
    const Clock* clock = &system_clock();
    std::function<double()> uniform;  // [0, 1); required when retries > 0
    std::optional<SteadyTime> deadline;
  };

  Call(std::vector<Target> targets, Options options);
  virtual ~Call() = default;
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  Target& target() { return targets_[target_]; }
  const Target& target() const { return targets_[target_]; }
  size_t target_index() const { return target_; }  // of target(), in the list as given
  const std::optional<SteadyTime>& deadline() const { return options_.deadline; }

  // The request of the next try. An error here (the vendor cannot express the request, no credentials) ends the try:
  // pass it to end_attempt().
  Result<wire::HttpRequest> next_request();
  void on_head(wire::HttpResponseHead head);
  // False: enough was read (the stream's end mark, or an error); the connection may be closed.
  bool on_body(std::string_view bytes);
  Verdict end_attempt(Status transport);
  void give_up(Error error) { error_ = std::move(error); }  // cancelled between two tries
  bool sent() const { return sent_; }                       // something went out to a provider
  // After the end, for one who keeps the call to tell of it: lets go of keys, endpoints and the answer's bytes.
  void forget_exchange();

  const std::optional<Error>& error() const { return error_; }  // the final one, once done
  const std::vector<AttemptRecord>& attempts() const { return attempts_; }
  std::optional<Millis> time_to_first_event() const { return first_event_; }
  Millis latency() const { return latency_; }  // start to the provider's last byte

 protected:
  virtual Result<wire::HttpRequest> encode() = 0;
  virtual bool streams() const = 0;  // feed bytes to on_stream_bytes()
  virtual void begin_stream(const wire::HttpResponseHead& head) = 0;
  virtual Status on_stream_bytes(std::string_view bytes, bool& done) = 0;
  virtual Status end_stream() = 0;
  // A whole answer. `more`: another request of the same target must follow (embedding batches).
  virtual Status on_response(const wire::HttpResponse& response, bool& more) = 0;
  void saw_first_event();
  const Options& options() const { return options_; }

 private:
  Status read_answer(bool& more);
  Error in_callers_terms(Error error) const;

  std::vector<Target> targets_;
  Options options_;
  size_t target_ = 0;
  int retry_ = 0;
  SteadyTime started_, attempt_started_;
  wire::HttpResponse response_;
  bool sent_ = false, streaming_ = false, stream_bytes_ = false, stream_done_ = false;
  Status stream_status_;
  std::vector<AttemptRecord> attempts_;
  std::optional<Error> error_;
  std::optional<Millis> first_event_;
  Millis latency_{0};
};

// A chat call, plain or streamed. `request_for` gives the request for each target (its model, the vendor's custom
// options); the reference need only live until the next use.
class ChatCall final : public Call {
 public:
  using RequestFor = std::function<const ChatRequest&(const Target&)>;
  using CodecFor = std::function<const ChatCodec&(const Target&)>;
  ChatCall(std::vector<Target> targets, Options options, RequestFor request_for, CodecFor codec_for, bool stream,
           EventSink sink);
  ~ChatCall() override;

  // The answer; what was read before the error when error() is set.
  const ChatResult& result() const;
  // The decoder of the last streamed try, for diagnosis; nullptr when there was none.
  const StreamDecoder* decoder() const { return decoder_.get(); }

 protected:
  Result<wire::HttpRequest> encode() override;
  bool streams() const override { return stream_; }
  void begin_stream(const wire::HttpResponseHead& head) override;
  Status on_stream_bytes(std::string_view bytes, bool& done) override;
  Status end_stream() override;
  Status on_response(const wire::HttpResponse& response, bool& more) override;

 private:
  RequestFor request_for_;
  CodecFor codec_for_;
  bool stream_;
  EventSink sink_, counting_sink_;
  const ChatCodec* codec_ = nullptr;  // of the last try
  std::unique_ptr<StreamDecoder> decoder_;
  std::optional<ChatResult> result_;
};

// An embedding call; inputs beyond the codec's max_inputs go in several requests, in order, usage added up.
class EmbeddingCall final : public Call {
 public:
  using RequestFor = std::function<EmbeddingRequest(const Target&)>;
  // nullptr: the target's provider has no embeddings. The default is embedding_codec().
  using CodecFor = std::function<const EmbeddingCodec*(const Target&)>;
  EmbeddingCall(std::vector<Target> targets, Options options, RequestFor request_for, CodecFor codec_for = {});
  const EmbeddingResult& result() const { return result_; }

 protected:
  Result<wire::HttpRequest> encode() override;
  bool streams() const override { return false; }
  void begin_stream(const wire::HttpResponseHead&) override {}
  Status on_stream_bytes(std::string_view, bool&) override { return {}; }
  Status end_stream() override { return {}; }
  Status on_response(const wire::HttpResponse& response, bool& more) override;

 private:
  RequestFor request_for_;
  CodecFor codec_for_;
  EmbeddingResult result_;
  size_t sent_ = 0;  // inputs in the request under way
  size_t total_ = 0;
  const Target* current_ = nullptr;
};

// The codec for a target: OpenAI's Responses-only models go to the Responses API.
const ChatCodec& chat_codec(const Target& target);
const EmbeddingCodec* embedding_codec(Provider provider);  // nullptr: the provider has no embeddings

}  // namespace tracia::llm
