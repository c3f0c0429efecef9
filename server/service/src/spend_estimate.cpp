#include "spend_estimate.h"

#include <algorithm>
#include <string>

#include "model_call.h"
#include "tracia/llm/catalog.h"

namespace tracia::service {
namespace {

// English has about 4 bytes to a token, code 3, Chinese 2 to 3. A reservation may be too high, never much too low.
constexpr int64_t kBytesPerTokenLeast = 2;
constexpr int64_t kBytesPerTokenUsual = 4;
// Vendors bill an image as some hundred to some thousand tokens, whatever its bytes.
constexpr size_t kBytesOfImage = 10'000;
// A page of a document is about 50 KB and 3,000 tokens; sound has fewer tokens yet.
constexpr size_t kMediaBytesPerByte = 10;
// For models whose limit is not known.
constexpr int64_t kOutputTokensUnknown = 4'096;

size_t bytes_of(const std::vector<llm::Part>& parts);

struct PartBytes {
  size_t operator()(const llm::TextPart& p) const { return p.text.size(); }
  size_t operator()(const llm::ImagePart&) const { return kBytesOfImage; }
  size_t operator()(const llm::DocumentPart& p) const { return p.source.value.size() / kMediaBytesPerByte; }
  size_t operator()(const llm::AudioPart& p) const { return p.source.value.size() / kMediaBytesPerByte; }
  size_t operator()(const llm::ToolCallPart& p) const { return p.name.size() + p.arguments.size(); }
  size_t operator()(const llm::ToolResultPart& p) const { return bytes_of(p.content); }
  size_t operator()(const llm::ReasoningPart& p) const { return p.text.size() + p.signature.size(); }
  size_t operator()(const llm::OpaquePart& p) const { return p.json.size(); }
};

size_t bytes_of(const std::vector<llm::Part>& parts) {
  size_t bytes = 0;
  for (const llm::Part& part : parts) bytes += std::visit(PartBytes(), part.body);
  return bytes;
}

llm::Decimal cost(const ingest::PriceBook* own, std::string_view project_id, const llm::Target& target,
                  std::string_view name, llm::ModelKind kind, int64_t input, int64_t output, Timestamp now) {
  llm::Usage usage;
  usage.input_tokens = input;
  usage.output_tokens = output;
  return ingest::cost_of(own, project_id, usage, kind, priced_provider(target, name), target.model, now).total;
}

const llm::ModelInfo* known(const llm::Target& target, std::string_view name) {
  return llm::find_model(target.model, priced_provider(target, name));
}

}  // namespace

CallSize size_of(const llm::ChatRequest& request) {
  CallSize size{.max_output_tokens = request.max_output_tokens};
  for (const llm::Message& message : request.messages) size.input_bytes += bytes_of(message.parts);
  for (const llm::Tool& tool : request.tools) {
    size.input_bytes += tool.name.size() + tool.description.size() + tool.parameters.size() + tool.vendor_json.size();
  }
  size.input_bytes += request.response_format.schema.size();
  return size;
}

CallSize size_of(const llm::EmbeddingRequest& request, size_t body_bytes) {
  CallSize size{.kind = llm::ModelKind::kEmbedding};
  for (const std::string& input : request.inputs) size.input_bytes += input.size();
  if (size.input_bytes == 0) size.input_bytes = body_bytes;
  return size;
}

llm::Decimal most_it_costs(const ingest::PriceBook* own, std::string_view project_id, const llm::Target& target,
                           std::string_view name, const CallSize& size, Timestamp now) {
  int64_t input = static_cast<int64_t>(size.input_bytes) / kBytesPerTokenLeast + 1;
  int64_t output = size.max_output_tokens.value_or(kOutputTokensUnknown);
  if (const llm::ModelInfo* model = known(target, name)) {
    if (model->max_output_tokens > 0) {
      output = std::min(size.max_output_tokens.value_or(model->max_output_tokens), model->max_output_tokens);
    }
    // More than the window is refused; a request of many embeddings has as many windows.
    if (size.kind == llm::ModelKind::kChat && model->context_tokens > 0) input = std::min(input, model->context_tokens);
  }
  return cost(own, project_id, target, name, size.kind, input, std::max<int64_t>(output, 0), now);
}

llm::Decimal cost_of_part(const ingest::PriceBook* own, std::string_view project_id, const llm::Target& target,
                          std::string_view name, const CallSize& size, size_t output_bytes, Timestamp now) {
  return cost(own, project_id, target, name, size.kind, static_cast<int64_t>(size.input_bytes) / kBytesPerTokenUsual,
              static_cast<int64_t>(output_bytes) / kBytesPerTokenUsual, now);
}

}  // namespace tracia::service
