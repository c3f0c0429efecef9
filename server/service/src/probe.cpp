#include "probe.h"

#include <utility>

#include "tracia/wire/http.h"

namespace tracia::service {
namespace {

using llm::Provider;

constexpr Millis kProbeTimeout{20'000};
constexpr int64_t kProbeTokens = 16;  // the least that all vendors take

// GET /models, in each vendor's place for it.
class ModelsCall final : public llm::Call {
 public:
  using Call::Call;

 protected:
  Result<wire::HttpRequest> encode() override {
    const llm::Endpoint& endpoint = target().endpoint;
    wire::HttpRequest request{.method = "GET"};
    switch (endpoint.provider) {
      case Provider::kAnthropic:
        request.url = wire::join_url(endpoint.base_url, "v1/models");
        request.headers.add("anthropic-version", "2023-06-01");
        break;
      case Provider::kGoogle: request.url = wire::join_url(endpoint.base_url, "v1beta/models"); break;
      default: request.url = wire::join_url(endpoint.base_url, "models"); break;
    }
    return request;
  }
  bool streams() const override { return false; }
  void begin_stream(const wire::HttpResponseHead&) override {}
  Status on_stream_bytes(std::string_view, bool&) override { return {}; }
  Status end_stream() override { return {}; }
  Status on_response(const wire::HttpResponse& response, bool&) override {
    if (response.status < 300) return {};
    auto error = llm::chat_codec(target()).decode(response);  // reads the vendor's form of errors
    return error ? Status() : Status(fail(std::move(error).error()));
  }
};

std::unique_ptr<llm::Call> chat_probe(llm::Target target, llm::Call::Options options) {
  auto request = std::make_shared<llm::ChatRequest>();
  *request = {.model = target.model, .messages = {llm::user("Say OK.")}, .max_output_tokens = kProbeTokens};
  const auto request_for = [request](const llm::Target&) -> const llm::ChatRequest& { return *request; };
  const auto codec_for = [](const llm::Target& to) -> const llm::ChatCodec& { return llm::chat_codec(to); };
  return std::make_unique<llm::ChatCall>(std::vector<llm::Target>{std::move(target)}, std::move(options), request_for,
                                         codec_for, false, nullptr);
}

std::unique_ptr<llm::Call> embedding_probe(llm::Target target, llm::Call::Options options) {
  const auto request_for = [](const llm::Target& to) {
    return llm::EmbeddingRequest{.model = to.model, .inputs = {"OK"}};
  };
  return std::make_unique<llm::EmbeddingCall>(std::vector<llm::Target>{std::move(target)}, std::move(options),
                                              request_for);
}

}  // namespace

Result<std::unique_ptr<llm::Call>> make_probe(llm::Target target, const Clock& clock) {
  llm::Call::Options options;
  options.retry.retries = 0;
  options.clock = &clock;
  options.deadline = clock.steady() + kProbeTimeout;
  const Provider provider = target.provider;
  if (target.model.empty()) {
    if (provider == Provider::kAmazonBedrock || provider == Provider::kVoyage) {
      return fail(Error::invalid("Missing required field: model (" + std::string(llm::provider_title(provider)) +
                                 " has no list of models to ask for)"));
    }
    return std::make_unique<ModelsCall>(std::vector<llm::Target>{std::move(target)}, std::move(options));
  }
  if (provider == Provider::kVoyage) return embedding_probe(std::move(target), std::move(options));
  return chat_probe(std::move(target), std::move(options));
}

}  // namespace tracia::service
