#include "tracia/client/client.h"

#include <utility>

#include "api.h"
#include "chat_job.h"
#include "core.h"
#include "embedding_job.h"
#include "sender.h"
#include "stream.h"
#include "tracia/wire/http.h"

namespace tracia {
inline namespace v0 {
namespace {

constexpr std::string_view kDefaultBaseUrl = "http://127.0.0.1:7070";

bool is_on_this_machine(const std::string& url) {
  const auto parts = wire::split_url(url);
  return parts && wire::is_loopback_host(wire::host_of_authority(parts->authority));
}

std::shared_ptr<ClientCore> make_core(ClientOptions options) {
  auto core = std::make_shared<ClientCore>();
  core->env = options.env ? options.env : llm::process_env();
  core->api_key = !options.api_key.empty() ? options.api_key : core->env("TRACIA_API_KEY").value_or("");
  core->base_url = !options.base_url.empty() ? options.base_url
                                             : core->env("TRACIA_BASE_URL").value_or(std::string(kDefaultBaseUrl));
  while (!core->base_url.empty() && core->base_url.back() == '/') core->base_url.pop_back();
  if (options.transport) {
    core->transport = options.transport;
  } else {
    core->transport = std::make_shared<transport::Transport>(transport::Options{.http2 = options.http2,
                                                                                .user_agent = client::user_agent(),
                                                                                .ca_file = options.ca_file,
                                                                                .reactor = options.reactor});
  }
  core->driver.emplace(core->transport, core->env, *core->clock);
  core->sender = options.span_sender;
  if (!core->sender && !core->api_key.empty()) {
    core->sender = std::make_shared<client::HttpSpanSender>(core->transport, core->base_url, core->api_key);
  }
  if (options.send_traces && core->sender) {
    core->recorder =
        std::make_unique<record::Recorder>(core->sender, record::Options{.gzip = !is_on_this_machine(core->base_url),
                                                                         .sample_rate = options.sample_rate,
                                                                         .exit_flush = options.exit_flush,
                                                                         .spool_dir = options.spool_dir,
                                                                         .mask = options.mask,
                                                                         .divert = options.divert,
                                                                         .on_error = options.on_span_error});
  }
  core->prompt_copies = std::make_unique<client::PromptCopies>(
      client::prompt_copies_folder(options.cache_dir, core->env, core->base_url, core->api_key), *core->clock);
  core->options = std::move(options);
  return core;
}

// A callback form from which the future form follows.
template <typename T, typename Start>
std::future<Result<T>> as_future(Start start) {
  auto promise = std::make_shared<std::promise<Result<T>>>();
  auto future = promise->get_future();
  start([promise](Result<T> result) { promise->set_value(std::move(result)); });
  return future;
}

template <typename Input>
Result<LocalStream> start_stream(const std::shared_ptr<ClientCore>& core, Input input) {
  auto state = std::make_shared<LocalStream::State>(core);
  // The loop holds the state while the stream runs, so the sink may point at it.
  auto* raw = state.get();
  auto job =
      client::ChatJob::make(*core, std::move(input), true, [raw](const llm::StreamEvent& event) { raw->push(event); });
  if (!job) return fail(std::move(job).error());
  state->job = std::move(*job);
  state->span_id = state->job->context().span_id;
  state->trace_id = state->job->context().trace_id;
  const std::shared_ptr<llm::Call> call(state, &state->job->call());
  state->buffer.set_cancel(calls::run_async(driver_of(core), call, state->job->cancel(), [state] { state->end(); }));
  return LocalStream(std::move(state));
}

// Runs `job` on this thread.
template <typename Job, typename Finish>
auto run_job(ClientCore& core, Result<std::unique_ptr<Job>> made, Finish finish)
    -> decltype(finish(core, std::shared_ptr<Job>())) {
  if (!made) return fail(std::move(made).error());
  std::shared_ptr<Job> job = std::move(*made);
  const calls::Driver::Activity activity(*core.driver, job->cancel());
  core.driver->run_blocking(job->call(), activity.cancel(), core.options.interrupted);
  return finish(core, std::move(job));
}

// Starts `job` on the loop; finish() turns it into the result once it has ended.
template <typename Job, typename T, typename Finish>
CallHandle start_job(const std::shared_ptr<ClientCore>& core, Result<std::unique_ptr<Job>> made, Callback<T> done,
                     Finish finish) {
  if (!made) {
    client::refuse_later(*core, std::move(done), std::move(made).error());
    return {};
  }
  std::shared_ptr<Job> job = std::move(*made);
  const std::shared_ptr<llm::Call> call(job, &job->call());
  return CallHandle(calls::run_async(driver_of(core), call, job->cancel(),
                                     [core, job, done = std::move(done), finish] { done(finish(*core, job)); }));
}

Result<RunLocalResult> finish_local(ClientCore& core, std::shared_ptr<client::ChatJob> job) {
  auto result = job->result();
  client::ChatJob::hand_over(core, std::move(job));
  return result;
}

Result<RunResponsesResult> finish_responses(ClientCore& core, std::shared_ptr<client::ChatJob> job) {
  auto result = job->responses_result();
  client::ChatJob::hand_over(core, std::move(job));
  return result;
}

Result<RunEmbeddingResult> finish_embedding(ClientCore& core, const std::shared_ptr<client::EmbeddingJob>& job) {
  job->record(core);
  return job->result();
}

}  // namespace

Client::Client(ClientOptions options) : core_(make_core(std::move(options))), prompts_(core_), spans_(core_) {}

Client::~Client() {
  if (core_->driver->in_callback()) {
    // The calls under way, this one among them, hold the core and end it, on this very thread, when the last is over.
    core_->driver->cancel_all(false);
    return;
  }
  core_->driver->cancel_all(true);
  core_->recorder.reset();  // sends what is queued, within exit_flush
}

Result<RunLocalResult> Client::run_local(const RunLocalInput& input) {
  return run_job(*core_, client::ChatJob::make(*core_, input, false, nullptr), finish_local);
}

CallHandle Client::run_local_async(RunLocalInput input, Callback<RunLocalResult> done) {
  return start_job(core_, client::ChatJob::make(*core_, std::move(input), false, nullptr), std::move(done),
                   finish_local);
}

std::future<Result<RunLocalResult>> Client::run_local_async(RunLocalInput input) {
  return as_future<RunLocalResult>([&](auto done) { run_local_async(std::move(input), std::move(done)); });
}

Result<LocalStream> Client::run_local_stream(RunLocalInput input) { return start_stream(core_, std::move(input)); }

Result<RunResponsesResult> Client::run_responses(const RunResponsesInput& input) {
  return run_job(*core_, client::ChatJob::make(*core_, input, false, nullptr), finish_responses);
}

CallHandle Client::run_responses_async(RunResponsesInput input, Callback<RunResponsesResult> done) {
  return start_job(core_, client::ChatJob::make(*core_, std::move(input), false, nullptr), std::move(done),
                   finish_responses);
}

std::future<Result<RunResponsesResult>> Client::run_responses_async(RunResponsesInput input) {
  return as_future<RunResponsesResult>([&](auto done) { run_responses_async(std::move(input), std::move(done)); });
}

Result<LocalStream> Client::run_responses_stream(RunResponsesInput input) {
  return start_stream(core_, std::move(input));
}

Result<RunEmbeddingResult> Client::run_embedding(const RunEmbeddingInput& input) {
  return run_job(*core_, client::EmbeddingJob::make(*core_, input), finish_embedding);
}

CallHandle Client::run_embedding_async(RunEmbeddingInput input, Callback<RunEmbeddingResult> done) {
  return start_job(core_, client::EmbeddingJob::make(*core_, std::move(input)), std::move(done), finish_embedding);
}

std::future<Result<RunEmbeddingResult>> Client::run_embedding_async(RunEmbeddingInput input) {
  return as_future<RunEmbeddingResult>([&](auto done) { run_embedding_async(std::move(input), std::move(done)); });
}

Session Client::create_session(std::string trace_id, std::string parent_span_id) {
  return Session(this, std::move(trace_id), std::move(parent_span_id));
}

ActiveSpan Client::span(std::string name, SpanOptions options) {
  return ActiveSpan(core_, std::move(name), std::move(options));
}

void Client::record(span::Span span) {
  if (core_->recorder) core_->recorder->record(std::move(span));
}

void Client::record_as_is(span::Span span) {
  if (core_->recorder) core_->recorder->record_as_is(std::move(span));
}

bool Client::flush(Millis deadline) {
  return !core_->recorder || core_->recorder->flush(deadline, core_->options.interrupted);
}

void Client::cancel_all() { core_->driver->cancel_all(false); }

Result<ApiResponse> Client::request(const ApiRequest& request) { return client::fetch_api(*core_, request); }

Status Client::request_stream(const ApiRequest& request, const std::function<bool(std::string_view)>& on_bytes) {
  return client::stream_api(*core_, request, on_bytes);
}

CallHandle Client::request_async(const ApiRequest& request, Callback<ApiResponse> done) {
  return client::start_api(core_, request, std::move(done));
}

record::Stats Client::span_stats() const { return core_->recorder ? core_->recorder->stats() : record::Stats{}; }

const std::string& Client::base_url() const { return core_->base_url; }

}  // namespace v0
}  // namespace tracia
