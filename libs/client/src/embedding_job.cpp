#include "embedding_job.h"

#include "span_parts.h"
#include "tracia/base/bytes.h"
#include "tracia/json/writer.h"
#include "tracia/llm/catalog.h"

namespace tracia::client {
namespace {

constexpr size_t kInputsMax = 100'000;

Status check_input(const std::vector<std::string>& input) {
  if (input.empty()) return fail(invalid_field("input is required and cannot be empty"));
  if (input.size() > kInputsMax)
    return fail(invalid_field("input must have at most " + std::to_string(kInputsMax) + " texts"));
  for (const std::string& text : input) {
    if (!trim(text).empty()) continue;
    return fail(
        invalid_field(input.size() == 1 ? "input text cannot be empty" : "input array cannot contain empty strings"));
  }
  return {};
}

Status check_dimensions(const std::optional<int64_t>& dimensions, const llm::Target& target) {
  if (!dimensions) return {};
  if (*dimensions < 1 || *dimensions > 65'536) return fail(invalid_field("dimensions must be between 1 and 65536"));
  const llm::ModelInfo* info = llm::find_model(target.model, llm::provider_name(target.provider));
  if (info != nullptr && info->kind == llm::ModelKind::kEmbedding && !info->dimensions_override &&
      *dimensions != info->dimensions) {
    return fail({.code = ErrorCode::kUnsupportedModel,
                 .kind = ErrorKind::kInvalidRequest,
                 .message = "Model '" + target.model + "' has a fixed size of " + std::to_string(info->dimensions) +
                            " and does not take dimensions"});
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<EmbeddingJob>> EmbeddingJob::make(ClientCore& core, RunEmbeddingInput input) {
  TRACIA_TRY(require_model(input.model));
  TRACIA_TRY(check_input(input.input));
  auto context = span_context(input);
  if (!context) return fail(std::move(context).error());
  TRACIA_TRY(check_custom_options(input.custom_options));
  auto options = call_options(core, input.timeout_ms, input.max_retries);
  if (!options) return fail(std::move(options).error());
  auto target = resolve_target(core, Operation::kEmbedding, input.model, input.provider, input.provider_api_key);
  if (!target) return fail(std::move(target).error());
  TRACIA_TRY(check_dimensions(input.dimensions, *target));

  std::unique_ptr<EmbeddingJob> job(new EmbeddingJob());
  job->context_ = std::move(*context);
  job->tracing_ = core.tracing(input.send_trace);
  job->custom_options_ = std::move(input.custom_options);
  job->cancel_ = input.cancel;
  job->started_ = core.clock->now();
  job->request_ = {.model = std::move(input.model),
                   .inputs = std::move(input.input),
                   .dimensions = input.dimensions,
                   .input_type = std::move(input.input_type)};
  EmbeddingJob* self = job.get();
  job->call_ = std::make_unique<llm::EmbeddingCall>(
      std::vector<llm::Target>{std::move(*target)}, std::move(*options), [self](const llm::Target& at) {
        llm::EmbeddingRequest request = self->request_;
        request.extra_body = custom_options_for(self->custom_options_, at.provider);
        return request;
      });
  return job;
}

Result<RunEmbeddingResult> EmbeddingJob::result() {
  if (call_->error()) return fail(*call_->error());
  const llm::EmbeddingResult& got = call_->result();
  RunEmbeddingResult out{.span_id = context_.span_id,
                         .trace_id = context_.trace_id,
                         .latency_ms = call_->latency().count(),
                         .total_tokens = got.usage.total_tokens.value_or(got.usage.input_tokens.value_or(0)),
                         .provider = std::string(llm::provider_name(call_->target().provider)),
                         .model = request_.model,
                         .attempts = static_cast<int>(call_->attempts().size())};
  out.embeddings.reserve(got.vectors.size());
  for (size_t i = 0; i < got.vectors.size(); ++i) out.embeddings.push_back({got.vectors[i], static_cast<int64_t>(i)});
  return out;
}

void EmbeddingJob::record(ClientCore& core) {
  if (!tracing_ || !call_->sent()) return;
  const llm::EmbeddingResult& got = call_->result();
  span::Span span = begin_span(context_, span::Kind::kEmbedding, started_, *call_);
  span.input_json = span::text_input_json(request_.inputs);
  if (!call_->error()) {
    const auto dimensions = static_cast<int64_t>(got.vectors.empty() ? 0 : got.vectors.front().size());
    span.output = json::Writer()
                      .begin_object()
                      .field("dimensions", dimensions)
                      .field("count", static_cast<int64_t>(got.vectors.size()))
                      .end_object()
                      .take();
  }
  span.usage = got.usage;
  span.usage_raw_json = got.raw_usage.json;
  core.recorder->record(std::move(span));
}

}  // namespace tracia::client
