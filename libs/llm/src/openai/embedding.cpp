// POST {base_url}/embeddings. Source: OpenAI API reference, "Create embeddings"; base64 is little-endian float32.
#include <bit>
#include <cstring>

#include "openai/common.h"
#include "tracia/base/bytes.h"

namespace tracia::llm::openai {
namespace {

constexpr size_t kInputsMax = 2048;  // OpenAI: inputs of one request

std::optional<std::vector<float>> decode_base64(std::string_view text) {
  const auto bytes = base64_decode(text);
  if (!bytes || bytes->empty() || bytes->size() % sizeof(float) != 0) return std::nullopt;
  std::vector<float> out(bytes->size() / sizeof(float));
  std::memcpy(out.data(), bytes->data(), bytes->size());
  if constexpr (std::endian::native == std::endian::big) {
    for (float& value : out) value = std::bit_cast<float>(__builtin_bswap32(std::bit_cast<uint32_t>(value)));
  }
  return out;
}

std::optional<std::vector<float>> read_vector(const json::Value& embedding) {
  if (const auto text = embedding.string()) return decode_base64(*text);
  if (!embedding.is_array()) return std::nullopt;
  std::vector<float> out;
  out.reserve(embedding.size());
  for (const json::Value value : embedding.items()) {
    const auto number = value.number();
    if (!number) return std::nullopt;
    out.push_back(static_cast<float>(*number));
  }
  if (out.empty()) return std::nullopt;
  return out;
}

// Puts each vector at its `index`; servers that give none send them in order.
Status place_vectors(const json::Value& data, size_t expected, std::vector<std::vector<float>>& out) {
  const size_t count = data.size();
  if (!data.is_array() || count != expected) {
    return fail(malformed_response(
        Provider::kOpenAi, "it has " + std::to_string(count) + " embeddings instead of " + std::to_string(expected)));
  }
  out.resize(expected);
  size_t position = 0;
  for (const json::Value item : data.items()) {
    const auto index = item["index"].integer().value_or(static_cast<int64_t>(position));
    auto vector = read_vector(item["embedding"]);
    if (!vector)
      return fail(
          malformed_response(Provider::kOpenAi, "embedding " + std::to_string(position) + " is not a list of numbers"));
    if (index < 0 || static_cast<size_t>(index) >= expected || !out[static_cast<size_t>(index)].empty()) {
      return fail(malformed_response(Provider::kOpenAi, "the embeddings are not numbered from 0"));
    }
    out[static_cast<size_t>(index)] = std::move(*vector);
    ++position;
  }
  return {};
}

class OpenAiEmbeddingCodec final : public EmbeddingCodec {
 public:
  size_t max_inputs(std::string_view) const override { return kInputsMax; }

  Result<wire::HttpRequest> encode(const EmbeddingRequest& request, const Endpoint& endpoint) const override {
    json::Writer w;
    w.begin_object().field_if("model", request.model).key("input").begin_array();
    for (const std::string& input : request.inputs) w.value(input);
    w.end_array();
    // A quarter of the bytes of decimal text; compatible servers often know only numbers.
    w.field("encoding_format", endpoint.is_vendor ? "base64" : "float").field("dimensions", request.dimensions);
    // Not OpenAI's, but that of several compatible servers.
    if (!endpoint.is_vendor) w.field_if("input_type", request.input_type);
    w.end_object();
    auto body = with_extra_body(w.take(), request.extra_body);
    if (!body) return fail(body.error());
    return post(endpoint, "embeddings", std::move(*body), false);
  }

  Result<EmbeddingResult> decode(const wire::HttpResponse& response, size_t expected) const override {
    if (response.status >= 300) return fail(decode_error(response.status, response.headers, response.body));
    json::Document document;
    const auto root = document.parse_lenient(response.body);
    if (!root) return fail(malformed_response(Provider::kOpenAi, "the body is " + root.error().message));
    if (is_error(*root)) return fail(error_in_answer(*root, response.headers));
    EmbeddingResult result;
    TRACIA_TRY(place_vectors((*root)["data"], expected, result.vectors));
    result.model = (*root)["model"].text();
    read_usage((*root)["usage"], result.usage, result.raw_usage);
    result.request_id = request_id(response.headers);
    return result;
  }
};

}  // namespace
}  // namespace tracia::llm::openai

namespace tracia::llm {

const EmbeddingCodec& openai_embedding_codec() {
  static const openai::OpenAiEmbeddingCodec codec;
  return codec;
}

}  // namespace tracia::llm
