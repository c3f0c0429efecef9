// POST /v1/embeddings. Source: OpenAI API reference, "Create embeddings"; base64 is of little-endian 32-bit floats.
#include <bit>
#include <cstring>

#include "fields.h"
#include "tracia/base/bytes.h"
#include "tracia/gateway/answer.h"
#include "tracia/json/writer.h"
#include "writers.h"

namespace tracia::gateway {
namespace {

bool is_tokens(const json::Value& value) { return value.is_array() && value.size() > 0 && value.at(0).is_number(); }

Error tokens_error() { return only_openai("input", "An input of token numbers"); }

Status read_input(const json::Value& body, EmbeddingsInput& out) {
  const json::Value input = member(body, "input");
  if (!input) return fail(invalid_param("input", "is required"));
  if (const auto text = input.string()) {
    out.count = 1;
    out.request.inputs.emplace_back(*text);
    return {};
  }
  out.count = is_tokens(input) ? 1 : input.size();
  if (!input.is_array() || out.count == 0 || out.count > kInputsMax) {
    return fail(
        invalid_param("input", "must be a string or an array of 1 to " + std::to_string(kInputsMax) + " strings"));
  }
  for (const json::Value item : input.items()) {
    if (const auto text = item.string()) {
      out.request.inputs.emplace_back(*text);
      continue;
    }
    out.raw_input_json = R"({"text":[]})";
    if (item.is_number() || is_tokens(item)) {
      out.untranslatable = tokens_error();
      out.request.inputs.clear();
      return {};
    }
    return fail(invalid_param("input[" + std::to_string(out.request.inputs.size()) + "]", "must be a string"));
  }
  return {};
}

std::string base64_of(const std::vector<float>& vector) {
  std::string bytes(vector.size() * sizeof(float), '\0');
  for (size_t i = 0; i < vector.size(); ++i) {
    uint32_t bits = std::bit_cast<uint32_t>(vector[i]);
    if constexpr (std::endian::native == std::endian::big) bits = __builtin_bswap32(bits);
    std::memcpy(bytes.data() + i * sizeof(float), &bits, sizeof(float));
  }
  return base64_encode(bytes);
}

}  // namespace

Result<EmbeddingsInput> read_embeddings(std::string_view text) {
  Body reader;
  const auto body = reader.parse(text);
  if (!body) return fail(body.error());
  EmbeddingsInput out;
  TRACIA_TRY(read_model(*body, out.model));
  TRACIA_TRY(read_input(*body, out));
  TRACIA_TRY(read_count(*body, "dimensions", out.request.dimensions));
  TRACIA_TRY(read_word(*body, "input_type", out.request.input_type));
  TRACIA_TRY(read_word(*body, "user", out.user));
  std::string format;
  TRACIA_TRY(read_word(*body, "encoding_format", format));
  if (!format.empty() && format != "float" && format != "base64") {
    return fail(invalid_param("encoding_format", "must be float or base64"));
  }
  out.base64 = format == "base64";
  return out;
}

std::string embeddings_json(const llm::EmbeddingResult& result, std::string_view model, bool base64) {
  json::Writer w;
  w.begin_object().field("object", "list").key("data").begin_array();
  int64_t index = 0;
  for (const std::vector<float>& vector : result.vectors) {
    w.begin_object().field("object", "embedding").field("index", index++).key("embedding");
    if (base64) {
      w.value(base64_of(vector));
    } else {
      w.begin_array();
      for (const float value : vector) w.value(value);
      w.end_array();
    }
    w.end_object();
  }
  w.end_array().field("model", model).key("usage").begin_object();
  const int64_t tokens = result.usage.input_tokens.value_or(result.usage.total_tokens.value_or(0));
  w.field("prompt_tokens", tokens).field("total_tokens", result.usage.total_tokens.value_or(tokens));
  w.end_object().end_object();
  return w.take();
}

}  // namespace tracia::gateway
