// Embedding models behind InvokeModel, each with its own JSON (Amazon Bedrock User Guide, "Amazon Titan Embeddings",
// "Amazon Titan Multimodal Embeddings G1", "Cohere Embed v3" and "v4"; Amazon Nova User Guide, "Complete embeddings
// request and response schema"):
//
//   Titan text    {inputText, dimensions?}                              → {embedding, embeddingsByType?,
//   inputTextTokenCount} Titan image   {inputText, embeddingConfig: {outputEmbeddingLength}}   → {embedding,
//   inputTextTokenCount, message} Cohere        {texts, input_type, output_dimension?}                → {embeddings:
//   [[…]] or {float: [[…]], int8: …}} Nova          {taskType, singleEmbeddingParams: {…}}                →
//   {embeddings: [{embeddingType, embedding}]}
//
// Where the body counts no tokens, the header x-amzn-bedrock-input-token-count does.
#include <charconv>

#include "bedrock/bedrock.h"
#include "embedding_vectors.h"
#include "tracia/base/bytes.h"
#include "tracia/llm/bedrock.h"
#include "tracia/llm/errors.h"

namespace tracia::llm {
namespace bedrock {
namespace {

constexpr Provider kSelf = Provider::kAmazonBedrock;
constexpr size_t kCohereInputsMax = 96;
constexpr std::string_view kTokenCountHeader = "x-amzn-bedrock-input-token-count";

enum class Shape { kTitanText, kTitanImage, kCohere, kNova, kUnknown };

Shape shape_of(std::string_view model_id) {
  const std::string_view model = bedrock_model_family(model_id);
  if (model.starts_with("cohere.")) return Shape::kCohere;
  if (model.starts_with("amazon.titan-embed-image")) return Shape::kTitanImage;
  if (model.starts_with("amazon.titan-embed")) return Shape::kTitanText;
  if (model.starts_with("amazon.nova")) return Shape::kNova;
  return Shape::kUnknown;
}

void write_titan(json::Writer& w, const EmbeddingRequest& request, bool image) {
  w.field("inputText", request.inputs.front());
  if (!image) {
    w.field("dimensions", request.dimensions);
  } else if (request.dimensions) {
    w.key("embeddingConfig").begin_object().field("outputEmbeddingLength", *request.dimensions).end_object();
  }
}

void write_cohere(json::Writer& w, const EmbeddingRequest& request) {
  w.key("texts").begin_array();
  for (const std::string& input : request.inputs) w.value(input);
  w.end_array();
  w.field("input_type", request.input_type.empty() ? "search_document" : request.input_type);
  w.field("output_dimension", request.dimensions);
}

// Text over the model's length is an error, as it is by default for the others: cutting it silently loses meaning.
void write_nova(json::Writer& w, const EmbeddingRequest& request) {
  w.field("taskType", "SINGLE_EMBEDDING").key("singleEmbeddingParams").begin_object();
  w.field("embeddingPurpose", request.input_type.empty() ? "GENERIC_INDEX" : request.input_type);
  w.field("embeddingDimension", request.dimensions);
  w.key("text").begin_object().field("truncationMode", "NONE").field("value", request.inputs.front()).end_object();
  w.end_object();
}

Error unreadable(size_t index) {
  return malformed_response(kSelf, "embedding " + std::to_string(index) + " is not a list of numbers");
}

Status read_list(const json::Value& list, EmbeddingResult& out) {
  for (const json::Value item : list.items()) {
    const json::Value values = item.is_object() ? item["embedding"] : item;  // Nova wraps each
    out.vectors.emplace_back();
    if (!read_vector(values, out.vectors.back())) return fail(unreadable(out.vectors.size() - 1));
  }
  return {};
}

// {"float": …, "int8": …}: floats when there are, else the first.
json::Value pick_type(const json::Value& by_type, EmbeddingResult& out) {
  json::Value picked;
  for (const json::Member member : by_type.members()) {
    if (!member.value.is_array()) continue;
    out.types.emplace_back(member.key);
    if (!picked || member.key == "float") picked = member.value;
  }
  return picked;
}

Status read_vectors(const json::Value& root, EmbeddingResult& out) {
  const json::Value many = root["embeddings"];
  if (many.is_array()) return read_list(many, out);
  if (many.is_object()) return read_list(pick_type(many, out), out);
  const json::Value by_type = pick_type(root["embeddingsByType"], out);
  const json::Value one = root["embedding"].is_array() ? root["embedding"] : by_type;
  if (!one) return fail(malformed_response(kSelf, "it has no embeddings"));
  out.vectors.emplace_back();
  if (!read_vector(one, out.vectors.back())) return fail(unreadable(0));
  return {};
}

void read_usage(const json::Value& root, const wire::Headers& headers, EmbeddingResult& out) {
  out.raw_usage.input_tokens = token_count(root["inputTextTokenCount"]);
  out.usage.input_tokens = out.raw_usage.input_tokens;
  if (out.raw_usage.input_tokens) {
    out.raw_usage.json = R"({"inputTextTokenCount":)" + std::to_string(*out.raw_usage.input_tokens) + "}";
  } else if (const auto header = headers.get(kTokenCountHeader)) {
    const std::string_view text = trim(*header);
    uint32_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error == std::errc{} && end == text.data() + text.size()) {
      out.usage.input_tokens = count;
      out.raw_usage.json = "{\"" + std::string(kTokenCountHeader) + "\":" + std::to_string(count) + "}";
    }
  }
  out.usage.total_tokens = out.usage.input_tokens;
}

class Codec final : public EmbeddingCodec {
 public:
  size_t max_inputs(std::string_view model) const override {
    return shape_of(model) == Shape::kCohere ? kCohereInputsMax : 1;
  }

  Result<wire::HttpRequest> encode(const EmbeddingRequest& request, const Endpoint& endpoint) const override {
    const auto path = operation_path(request.model, "invoke");
    if (!path) return fail(path.error());
    if (request.inputs.empty()) return fail(Error::invalid("input is required and cannot be empty"));
    if (request.inputs.size() > max_inputs(request.model)) {
      return fail(Error::invalid("input: this Amazon Bedrock model takes " + std::to_string(max_inputs(request.model)) +
                                 " texts in one request"));
    }
    json::Writer w;
    w.begin_object();
    switch (shape_of(request.model)) {
      case Shape::kTitanText: write_titan(w, request, false); break;
      case Shape::kTitanImage: write_titan(w, request, true); break;
      case Shape::kCohere: write_cohere(w, request); break;
      case Shape::kNova: write_nova(w, request); break;
      case Shape::kUnknown:
        return fail(
            Error::invalid("model: '" + std::string(utf8_prefix(request.model, 200)) +
                           "' is none of the embedding models that are known on Amazon Bedrock (amazon.titan-embed, "
                           "amazon.nova, cohere.embed); use the id of the foundation model or its inference profile"));
    }
    w.end_object();
    wire::HttpRequest out;
    out.url = wire::join_url(endpoint.base_url, *path);
    out.headers = {{"content-type", "application/json"}, {"accept", "application/json"}};
    auto body = with_extra_body(w.take(), request.extra_body);
    if (!body) return fail(body.error());
    out.body = std::move(*body);
    return out;
  }

  Result<EmbeddingResult> decode(const wire::HttpResponse& response, size_t expected) const override {
    if (response.status >= 400) return fail(read_http_error(response));
    json::Document document;
    const auto root = document.parse_lenient(response.body);
    if (!root) return fail(malformed_response(kSelf, root.error().message));
    EmbeddingResult out;
    if (Status status = read_vectors(*root, out); !status) {
      // Titan says in `message` what went wrong.
      const bool says_why = !(*root)["embedding"].is_array() && (*root)["message"].is_string();
      if (!says_why) return fail(status.error());
      return fail(
          read_error(*root, response.body, response.headers.get_or("x-amzn-errortype", ""), 200, response.headers));
    }
    if (out.vectors.size() != expected) {
      return fail(malformed_response(kSelf, "it has " + std::to_string(out.vectors.size()) + " embeddings for " +
                                                std::to_string(expected) + " inputs"));
    }
    read_usage(*root, response.headers, out);
    out.request_id = request_id(response.headers);
    return out;
  }
};

}  // namespace
}  // namespace bedrock

const EmbeddingCodec& bedrock_embedding_codec() {
  static const bedrock::Codec codec;
  return codec;
}

}  // namespace tracia::llm
