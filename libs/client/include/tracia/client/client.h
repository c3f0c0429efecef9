// The Tracia client: call any provider's models, get a typed answer or a typed error, and leave a span behind.
//
//   tracia::Client client{{.api_key = "tr_..."}};
//   auto result = client.run_local({.model = "gpt-4o", .messages = {tracia::user("Hello!")}});
//   if (!result) return fail(result.error());
//   std::cout << result->text;
//
// Model calls go straight to the provider; spans go to the Tracia server in the background and can neither delay nor
// break a call. Everything here is thread-safe unless it says otherwise.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tracia/client/active_span.h"
#include "tracia/client/api_types.h"
#include "tracia/client/types.h"
#include "tracia/llm/endpoint.h"
#include "tracia/record/recorder.h"

namespace tracia {
inline namespace v0 {

struct ClientOptions {
  std::string api_key = {};    // "" = TRACIA_API_KEY; when that is unset too, no spans are sent
  std::string base_url = {};   // "" = TRACIA_BASE_URL, else http://127.0.0.1:7070
  bool send_traces = true;     // false: never send spans
  double sample_rate = 1.0;    // share of traces whose spans are sent
  std::string spool_dir = {};  // keeps spans that could not be sent for a later process; "" = none
  std::function<void(const Error&, const std::string& span_id)> on_span_error = {};  // once for each span given up
  std::function<void(span::Span&)> mask = {};  // changes or hides content of spans before they are queued
  Millis api_timeout{120'000};                 // calls to the Tracia server
  Millis exit_flush{5'000};                    // how long the destructor waits for unsent spans
  // Asked on the calling thread at least every 100 ms while a call blocks; true ends that call with ABORTED. For hosts
  // that must look after their thread meanwhile (Python's signals).
  std::function<bool()> interrupted = {};
  // Where prompts.fetch() keeps its last good copies: "" = TRACIA_CACHE_DIR, else XDG_CACHE_HOME/tracia, else
  // HOME/.cache/tracia; none of them set: no copies on disk. Files are private to the user.
  std::string cache_dir = {};
  // Sees each span before it is masked and queued, on the thread that ended the call (the loop's for asynchronous
  // calls), and must be quick; true: it took the span, which comes back, if it does, by record_as_is().
  std::function<bool(span::Span&)> divert = {};
  bool http2 = true;
  std::string ca_file = {};
  llm::EnvReader env = {};  // where keys and base URLs come from; default: the process's environment
  std::shared_ptr<transport::Reactor> reactor = {};      // a host's event loop; default: an own thread, on first use
  std::shared_ptr<transport::Transport> transport = {};  // shared with others; default: an own one
  std::shared_ptr<record::Sender> span_sender = {};      // takes the spans in the server's place; needs no API key
};

// A streamed answer. The request starts at the call and chunks are buffered (limits::kStreamBufferBytesMax).
// One thread iterates; abort(), result() and partial() may be called from any thread. Single use. Destruction before
// the end aborts; the span is sent in every case.
class LocalStream {
 public:
  LocalStream(LocalStream&&) noexcept;
  LocalStream& operator=(LocalStream&&) noexcept;
  ~LocalStream();

  const std::string& span_id() const;
  const std::string& trace_id() const;

  // The next chunk; blocks until there is one. nullopt at the end, after an abort, and at an error (see result()).
  std::optional<StreamChunk> next();
  // What is buffered, without waiting: empty when there is nothing now (see ended()) and after an abort.
  std::vector<StreamChunk> take();
  // No chunk is left and none will come: the end, an error or an abort. result() then does not wait.
  bool ended() const;
  // Calls `ready` once, as soon as take() would give something, or ended() or result() would answer: at once on this
  // thread, or later on the loop's, where it must be short and must not throw. A second registration replaces the
  // first.
  void on_ready(std::function<void()> ready);
  // As on_ready(), for result() alone.
  void on_finished(std::function<void()> finished);
  // Ends the stream: the connection is closed, next() returns nullopt, result() has `aborted` and the text delivered so
  // far. After the end was seen it does nothing.
  void abort();
  // Blocks until the stream has ended (it needs no iteration). An error when the call failed; partial() then has
  // what arrived before.
  Result<StreamResult> result();
  StreamResult partial() const;

  // for (const StreamChunk& chunk : stream) …
  class Iterator {
   public:
    const StreamChunk& operator*() const { return *chunk_; }
    const StreamChunk* operator->() const { return &*chunk_; }
    Iterator& operator++();
    bool operator!=(const Iterator& other) const { return chunk_.has_value() != other.chunk_.has_value(); }

   private:
    friend class LocalStream;
    LocalStream* stream_ = nullptr;
    std::optional<StreamChunk> chunk_;
  };
  Iterator begin();
  Iterator end() { return {}; }

  struct State;
  explicit LocalStream(std::shared_ptr<State> state);  // made by Client

 private:
  std::shared_ptr<State> state_;
};

// A started asynchronous call. Dropping the handle does not cancel it.
class CallHandle {
 public:
  CallHandle() = default;
  explicit CallHandle(CancelToken token) : token_(std::move(token)) {}
  void cancel() { token_.cancel(); }

 private:
  CancelToken token_;
};

template <typename T>
using Callback = std::function<void(Result<T>)>;

class Session;
struct ClientCore;

// A prompt run by the server, streamed. As LocalStream in all but its result.
class PromptStream {
 public:
  PromptStream(PromptStream&&) noexcept;
  PromptStream& operator=(PromptStream&&) noexcept;
  ~PromptStream();
  std::optional<StreamChunk> next();
  std::vector<StreamChunk> take();
  bool ended() const;
  void on_ready(std::function<void()> ready);
  void on_finished(std::function<void()> finished);
  void abort();
  // The server's own record of the run. After abort(): what was delivered, with the ids when they are known.
  Result<RunResult> result();

  struct State;
  explicit PromptStream(std::shared_ptr<State> state);  // made by Prompts

 private:
  std::shared_ptr<State> state_;
};

// Prompts kept on the server. Errors: the server's code and message; NETWORK_ERROR and TIMEOUT when it is not reached.
class Prompts {
 public:
  // All prompts, most recently updated first; without their content.
  Result<std::vector<Prompt>> list() const;
  // With the newest version's content, and the newest 100 versions.
  Result<Prompt> get(const std::string& slug) const;
  Result<Prompt> create(const CreatePromptOptions& options) const;
  Result<Prompt> update(const std::string& slug, const UpdatePromptOptions& options) const;
  Status remove(const std::string& slug) const;
  // The server renders the template, calls the model and stores the span.
  Result<RunResult> run(const std::string& slug, const Variables& variables = {}, const RunOptions& options = {}) const;
  // The same, streamed. Errors of the request (unknown slug, missing variables) come with result(), as no byte of the
  // answer has been read when this returns.
  Result<PromptStream> run_stream(const std::string& slug, const Variables& variables = {},
                                  const RunOptions& options = {}) const;
  // A version to be run by this process. When the server cannot be reached, or fails (5xx), the last good copy is
  // given, from memory or from cache_dir, marked stale; an error only when there is none. NOT_FOUND and other refusals
  // are errors, and a prompt that is gone loses its copy.
  Result<FetchedPrompt> fetch(const std::string& slug, const FetchOptions& options = {}) const;
  CallHandle fetch_async(const std::string& slug, const FetchOptions& options, Callback<FetchedPrompt> done) const;
  Result<RenderResult> render(const std::string& slug, const Variables& variables = {},
                              const RunOptions& options = {}) const;
  // All versions, newest first.
  Result<std::vector<PromptVersion>> versions(const std::string& slug) const;
  Result<PromptVersion> get_version(const std::string& slug, int64_t version) const;  // NOT_FOUND: no such version
  // Makes a new version with an old one's content; history is never rewritten.
  Result<Prompt> restore(const std::string& slug, int64_t version, const RestoreOptions& options = {}) const;
  // Points a label ("production") at a version; a new label is made.
  Result<PromptLabel> set_label(const std::string& slug, const std::string& label, int64_t version) const;
  // The version stays. CONFLICT for the prompt's default label.
  Status delete_label(const std::string& slug, const std::string& label) const;

 private:
  friend class Client;
  explicit Prompts(std::shared_ptr<ClientCore> core) : core_(std::move(core)) {}
  std::shared_ptr<ClientCore> core_;
};

class Spans {
 public:
  Result<CreateSpanResult> create(const span::Span& span) const;
  // `trace_id`: needed only when the same span id occurs in several traces.
  Result<StoredSpan> get(const std::string& span_id, const std::string& trace_id = "") const;
  // One page, newest first; its `cursor` fetches the next one.
  Result<ListSpansResult> list(const ListSpansOptions& options = {}) const;
  // Gives all spans that match to `each`, newest first, until it returns false; pages are fetched as they are needed.
  Status list_all(ListSpansOptions options, const std::function<bool(const SpanListItem&)>& each) const;
  Status remove(const std::string& span_id) const;  // for good
  // Waits first for a span of this client that is still on its way.
  Result<EvaluateResult> evaluate(const std::string& span_id, const EvaluateOptions& options) const;
  // All evaluations of a span, newest first.
  Result<std::vector<EvaluateResult>> evaluations(const std::string& span_id) const;

 private:
  friend class Client;
  explicit Spans(std::shared_ptr<ClientCore> core) : core_(std::move(core)) {}
  std::shared_ptr<ClientCore> core_;
};

// The destructor aborts streams and calls under way, sends what spans it can within exit_flush, and joins its threads.
// Inside a callback of an asynchronous call it waits for nothing: what runs ends and is recorded behind it.
// Usable in a child after fork().
class Client {
 public:
  explicit Client(ClientOptions options = {});
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Errors of every run_*: INVALID_REQUEST (what is wrong with the input, before anything is sent), UNSUPPORTED_MODEL,
  // MISSING_PROVIDER_API_KEY (which variable to set), PROVIDER_ERROR (the provider's words), NETWORK_ERROR, TIMEOUT,
  // ABORTED. A call that reached a provider leaves a span also when it failed, with status ERROR.
  Result<RunLocalResult> run_local(const RunLocalInput& input);
  std::future<Result<RunLocalResult>> run_local_async(RunLocalInput input);
  CallHandle run_local_async(RunLocalInput input, Callback<RunLocalResult> done);  // `done` runs on the client's loop
  Result<LocalStream> run_local_stream(RunLocalInput input);

  Result<RunResponsesResult> run_responses(const RunResponsesInput& input);
  std::future<Result<RunResponsesResult>> run_responses_async(RunResponsesInput input);
  CallHandle run_responses_async(RunResponsesInput input, Callback<RunResponsesResult> done);
  Result<LocalStream> run_responses_stream(RunResponsesInput input);

  Result<RunEmbeddingResult> run_embedding(const RunEmbeddingInput& input);
  std::future<Result<RunEmbeddingResult>> run_embedding_async(RunEmbeddingInput input);
  CallHandle run_embedding_async(RunEmbeddingInput input, Callback<RunEmbeddingResult> done);

  // Calls made through a session share a trace and form a chain. Empty trace id: a new one.
  Session create_session(std::string trace_id = "", std::string parent_span_id = "");

  const Prompts& prompts() const { return prompts_; }
  const Spans& spans() const { return spans_; }

  // Any call of the Tracia API. Errors: INVALID_REQUEST (no key, a path that is none), the server's code and message,
  // NETWORK_ERROR, TIMEOUT, ABORTED.
  Result<ApiResponse> request(const ApiRequest& request);
  CallHandle request_async(const ApiRequest& request, Callback<ApiResponse> done);  // `done` runs on the client's loop
  // The same for an answer that is long or has no end: `on_bytes` is given its body piece by piece, on this thread, and
  // returns false to end the call, which has then succeeded. timeout_ms bounds the wait for the next piece, not the
  // whole; the length is not bounded. A body that is cut short is NETWORK_ERROR. Server's errors do not reach
  // `on_bytes`.
  Status request_stream(const ApiRequest& request, const std::function<bool(std::string_view)>& on_bytes);

  // A step of the caller's own (a tool, a retrieval, …) that is recorded when it goes out of scope.
  [[nodiscard]] ActiveSpan span(std::string name, SpanOptions options = {});
  // Queues a span of the caller's own making.
  void record(span::Span span);
  // The same past `divert` and `mask`.
  void record_as_is(span::Span span);
  // Waits until the spans recorded so far are sent or given up; false when the deadline passes first.
  bool flush(Millis deadline = Millis{30'000});
  record::Stats span_stats() const;
  const std::string& base_url() const;
  // Ends every call and stream under way, also those of other threads, with ABORTED. The client stays usable.
  void cancel_all();

 private:
  std::shared_ptr<ClientCore> core_;
  Prompts prompts_;
  Spans spans_;
};

// One trace with linear parent chaining: each call's parent is the last call that sent a span. A trace id or parent
// given in the input wins for that call. Thread-safe; parallel calls share the trace, and their order decides the
// chain. Must not outlive its Client.
class Session {
 public:
  Result<RunLocalResult> run_local(RunLocalInput input);
  Result<LocalStream> run_local_stream(RunLocalInput input);
  Result<RunResponsesResult> run_responses(RunResponsesInput input);
  Result<RunEmbeddingResult> run_embedding(RunEmbeddingInput input);
  std::string trace_id() const;
  std::string last_span_id() const;  // "" before the first call
  void reset();                      // a new trace, no parent

  struct State;

 private:
  friend class Client;
  Session(Client* client, std::string trace_id, std::string parent_span_id);
  template <typename Input>
  void link(Input& input) const;
  void sent(const std::optional<bool>& send_trace, const std::string& span_id) const;
  Client* client_;
  std::shared_ptr<State> state_;
};

}  // namespace v0
}  // namespace tracia
