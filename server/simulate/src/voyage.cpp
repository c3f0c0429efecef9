// Voyage's POST /v1/embeddings. Source: Voyage AI API reference, "Text embedding models".
#include <algorithm>

#include "answer.h"
#include "embed.h"
#include "tracia/base/bytes.h"

namespace tracia::simulate {
namespace {

constexpr size_t kInputsMax = 1000;

Answer voyage_error(const Call& call, std::string message) {
  return error_answer(Vendor::kVoyage, {.status = 400, .message = std::move(message)}, call.hash);
}

int64_t default_dimensions(std::string_view model) {
  if (model == "voyage-3-lite") return 512;
  if (model == "voyage-code-2" || model == "voyage-large-2") return 1536;
  return 1024;
}

bool is_flexible(std::string_view model) {
  for (const std::string_view family :
       {"voyage-3.5", "voyage-3-large", "voyage-code-3", "voyage-4", "voyage-context"}) {
    if (model.starts_with(family)) return true;
  }
  return false;
}

void write_vector(json::Writer& w, const std::vector<float>& vector, std::string_view dtype, bool base64) {
  if (dtype == "float") {
    if (base64) return void(w.value(base64_floats(vector)));
    w.begin_array();
    for (const float v : vector) w.value(v);
    w.end_array();
    return;
  }
  const bool is_unsigned = dtype.front() == 'u';
  const std::vector<int> values =
      dtype.ends_with("binary") ? pack_bits(vector, is_unsigned) : quantize(vector, is_unsigned);
  if (base64) {
    std::string bytes;
    for (const int v : values) bytes.push_back(static_cast<char>(v & 0xFF));
    return void(w.value(base64_encode(bytes)));
  }
  w.begin_array();
  for (const int v : values) w.value(v);
  w.end_array();
}

}  // namespace

Answer voyage_embeddings(const Call& call) {
  const auto model = call.body["model"].string();
  if (!model) return voyage_error(call, "Argument 'model' is not provided.");
  if (is_unknown_model(*model)) {
    return voyage_error(call, "Model " + std::string(*model) +
                                  " is not supported. Supported models are ['voyage-3-large', 'voyage-3.5', "
                                  "'voyage-3.5-lite', 'voyage-code-3'].");
  }
  std::vector<std::string_view> texts;
  const json::Value input = call.body["input"];
  if (const auto text = input.string()) texts.push_back(*text);
  for (const json::Value item : input.items()) {
    const auto text = item.string();
    if (!text) return voyage_error(call, "Argument 'input' must be a string or a list of strings.");
    texts.push_back(*text);
  }
  if (texts.empty()) return voyage_error(call, "Argument 'input' is not provided or is empty.");
  if (texts.size() > kInputsMax) return voyage_error(call, "The batch size limit is 1000.");
  for (const std::string_view text : texts) {
    if (text.empty()) return voyage_error(call, "Input cannot contain empty strings or empty lists");
  }
  const std::string_view kind = call.body["input_type"].string_or("");
  if (!kind.empty() && kind != "query" && kind != "document")
    return voyage_error(call, "The value 'input_type' must be null, 'query' or 'document'.");
  const std::string_view dtype = call.body["output_dtype"].string_or("float");
  const std::array<std::string_view, 5> dtypes = {"float", "int8", "uint8", "binary", "ubinary"};
  if (std::find(dtypes.begin(), dtypes.end(), dtype) == dtypes.end())
    return voyage_error(call, "The value 'output_dtype' is not supported.");
  const int64_t dimensions = call.body["output_dimension"].integer().value_or(default_dimensions(*model));
  const bool allowed =
      dimensions == default_dimensions(*model) ||
      (is_flexible(*model) && (dimensions == 256 || dimensions == 512 || dimensions == 1024 || dimensions == 2048));
  if (!allowed)
    return voyage_error(call,
                        "The value 'output_dimension' is not supported by the model " + std::string(*model) + ".");
  const std::string_view encoding = call.body["encoding_format"].string_or("");
  if (!encoding.empty() && encoding != "base64")
    return voyage_error(call, "The value 'encoding_format' must be null or 'base64'.");

  int64_t tokens = 0;
  json::Writer w;
  w.begin_object().field("object", "list").key("data").begin_array();
  for (size_t i = 0; i < texts.size(); ++i) {
    tokens += estimate_tokens(texts[i]);
    w.begin_object().field("object", "embedding").key("embedding");
    write_vector(w, embed_text(texts[i], static_cast<size_t>(dimensions), call.options.seed), dtype, !encoding.empty());
    w.field("index", static_cast<int64_t>(i)).end_object();
  }
  w.end_array()
      .field("model", *model)
      .key("usage")
      .begin_object()
      .field("total_tokens", tokens)
      .end_object()
      .end_object();
  return json_answer(Vendor::kVoyage, w.take(), call.hash);
}

}  // namespace tracia::simulate
