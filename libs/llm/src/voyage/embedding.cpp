// The Voyage embeddings API (docs.voyageai.com, "Text embedding models"):
//
//   POST {base_url}/embeddings   {input, model, input_type?, output_dimension?, encoding_format}
//   answer                       {object, data: [{object, embedding, index}], model, usage: {total_tokens}}
//   error                        {detail}
#include "embedding_vectors.h"
#include "tracia/base/bytes.h"
#include "tracia/json/writer.h"
#include "tracia/llm/codec.h"
#include "tracia/llm/errors.h"
#include "vendor_text.h"

namespace tracia::llm {
namespace {

constexpr Provider kSelf = Provider::kVoyage;
constexpr size_t kInputsMax = 1000;  // the vendor's

// Base64 is a third of the bytes of a list of numbers. Only floats: the answer does not say what its base64 holds, so
// other types that extra_body asks for come as lists.
bool wants_base64(std::string_view extra_body) {
  if (extra_body.empty()) return true;
  json::Document document;
  const auto root = document.parse(extra_body);
  return !root || (*root)["output_dtype"].string_or("float") == "float";
}

Error read_error(const wire::HttpResponse& response) {
  json::Document document;
  const auto root = document.parse_lenient(response.body);
  VendorError vendor;
  if (root) {
    const json::Value detail = (*root)["detail"];
    // Requests that fail validation get a list: [{loc, msg, type}].
    vendor.message = detail.is_array() ? detail.at(0)["msg"].text() : detail.text();
    for (const json::Value value : {(*root)["message"], (*root)["error"]["message"], (*root)["error"]}) {
      if (vendor.message.empty()) vendor.message = value.text();
    }
  } else if (const std::string_view text = trim(response.body); text.size() <= 500 && !text.starts_with('<')) {
    vendor.message = to_valid_utf8(text);
  }
  return provider_error(kSelf, response.status, std::move(vendor), response.headers);
}

// Each embedding at its `index`; in the order sent where there is none. An index that is out of range or taken twice
// leaves another one empty, which is found at the end.
Status read_data(const json::Value& data, std::vector<std::vector<float>>& vectors) {
  size_t position = 0;
  for (const json::Value item : data.items()) {
    const auto index = item["index"].integer().value_or(static_cast<int64_t>(position));
    ++position;
    if (index < 0 || static_cast<size_t>(index) >= vectors.size() ||
        !read_vector(item["embedding"], vectors[static_cast<size_t>(index)])) {
      return fail(malformed_response(kSelf, "embedding " + std::to_string(position - 1) + " is not readable"));
    }
  }
  for (const auto& vector : vectors) {
    if (vector.empty()) return fail(malformed_response(kSelf, "an embedding is missing"));
  }
  return {};
}

void read_usage(const json::Value& usage, EmbeddingResult& out) {
  if (!usage.is_object()) return;
  const auto total = usage["total_tokens"].integer();
  constexpr int64_t kCountMax = int64_t{1} << 53;
  if (total && *total >= 0 && *total <= kCountMax) out.raw_usage.total_tokens = total;
  out.raw_usage.json = usage.to_json();
  out.usage.total_tokens = out.raw_usage.total_tokens;
  out.usage.input_tokens = out.raw_usage.total_tokens;
}

class Codec final : public EmbeddingCodec {
 public:
  size_t max_inputs(std::string_view) const override { return kInputsMax; }

  Result<wire::HttpRequest> encode(const EmbeddingRequest& request, const Endpoint& endpoint) const override {
    if (request.model.empty()) return fail(Error::invalid("model is required and cannot be empty"));
    if (request.inputs.empty()) return fail(Error::invalid("input is required and cannot be empty"));
    json::Writer w;
    w.begin_object().key("input").begin_array();
    for (const std::string& input : request.inputs) w.value(input);
    w.end_array().field("model", request.model).field_if("input_type", request.input_type);
    w.field("output_dimension", request.dimensions);
    if (wants_base64(request.extra_body)) w.field("encoding_format", "base64");
    w.end_object();
    wire::HttpRequest out;
    out.url = wire::join_url(endpoint.base_url, "/embeddings");
    out.headers = {{"content-type", "application/json"}, {"accept", "application/json"}};
    auto body = with_extra_body(w.take(), request.extra_body);
    if (!body) return fail(body.error());
    out.body = std::move(*body);
    return out;
  }

  Result<EmbeddingResult> decode(const wire::HttpResponse& response, size_t expected) const override {
    if (response.status >= 400) return fail(read_error(response));
    json::Document document;
    const auto root = document.parse_lenient(response.body);
    if (!root) return fail(malformed_response(kSelf, root.error().message));
    const json::Value data = (*root)["data"];
    if (!data.is_array()) return fail(malformed_response(kSelf, "it has no embeddings"));
    if (data.size() != expected) {
      return fail(malformed_response(
          kSelf, "it has " + std::to_string(data.size()) + " embeddings for " + std::to_string(expected) + " inputs"));
    }
    EmbeddingResult out;
    out.vectors.resize(expected);
    TRACIA_TRY(read_data(data, out.vectors));
    read_usage((*root)["usage"], out);
    out.model = (*root)["model"].text();
    out.request_id = request_id(response.headers);
    return out;
  }
};

}  // namespace

const EmbeddingCodec& voyage_embedding_codec() {
  static const Codec codec;
  return codec;
}

}  // namespace tracia::llm
