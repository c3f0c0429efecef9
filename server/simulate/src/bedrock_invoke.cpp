// InvokeModel for the embedding models of Amazon (Titan, Nova) and Cohere. Source: Amazon Bedrock user guide,
// "Inference request parameters and response fields for foundation models".
#include <algorithm>

#include "bedrock_write.h"
#include "embed.h"

namespace tracia::simulate {
namespace {

constexpr size_t kCohereTextsMax = 96;

void write_floats(json::Writer& w, const std::vector<float>& vector) {
  w.begin_array();
  for (const float v : vector) w.value(v);
  w.end_array();
}
void write_ints(json::Writer& w, const std::vector<int>& values) {
  w.begin_array();
  for (const int v : values) w.value(v);
  w.end_array();
}
void write_typed(json::Writer& w, const std::vector<float>& vector, std::string_view type) {
  if (type == "int8" || type == "uint8") return write_ints(w, quantize(vector, type == "uint8"));
  if (type == "ubinary") return write_ints(w, pack_bits(vector, true));
  if (type == "binary") return write_ints(w, pack_bits(vector, false));
  write_floats(w, vector);
}

Answer with_counts(const Call& call, std::string body, int64_t tokens) {
  Answer answer = json_answer(Vendor::kBedrock, std::move(body), call.hash);
  answer.headers.add("x-amzn-bedrock-input-token-count", std::to_string(tokens));
  answer.headers.add("x-amzn-bedrock-invocation-latency", std::to_string(50 + call.hash % 200));
  return answer;
}

bool among(int64_t n, std::initializer_list<int64_t> allowed) {
  return std::find(allowed.begin(), allowed.end(), n) != allowed.end();
}

Answer malformed(const Call& call, std::string_view what) {
  return bedrock_error(call,
                       "Malformed input request: " + std::string(what) + ", please reformat your input and try again.");
}

Answer titan(const Call& call, std::string_view model) {
  const auto text = call.body["inputText"].string();
  if (!text || text->empty()) return malformed(call, "#: required key [inputText] not found");
  const bool v2 = model.find("v2") != std::string_view::npos;
  const int64_t dimensions = v2 ? call.body["dimensions"].integer().value_or(1024) : 1536;
  if (v2 && !among(dimensions, {256, 512, 1024}))
    return malformed(call, "#/dimensions: the value must be 256, 512 or 1024");
  if (!v2 && call.body["dimensions"]) return malformed(call, "#: extraneous key [dimensions] is not permitted");
  const std::vector<float> vector = embed_text(*text, static_cast<size_t>(dimensions), call.options.seed);
  const int64_t tokens = estimate_tokens(*text);
  json::Writer w;
  w.begin_object();
  if (!v2) {
    w.key("embedding");
    write_floats(w, vector);
  } else {
    std::vector<std::string_view> types;
    for (const json::Value type : call.body["embeddingTypes"].items()) types.push_back(type.string_or(""));
    if (types.empty()) types.push_back("float");
    const bool floats = std::find(types.begin(), types.end(), "float") != types.end();
    if (floats) {
      w.key("embedding");
      write_floats(w, vector);
    }
    w.key("embeddingsByType").begin_object();
    for (const std::string_view type : types) {
      w.key(type == "binary" ? "binary" : "float");
      if (type == "binary") {  // one 0 or 1 for each dimension
        w.begin_array();
        for (const float v : vector) w.value(v > 0 ? 1 : 0);
        w.end_array();
      } else {
        write_floats(w, vector);
      }
    }
    w.end_object();
  }
  w.field("inputTextTokenCount", tokens).end_object();
  return with_counts(call, w.take(), tokens);
}

Answer cohere(const Call& call, std::string_view model) {
  const bool v4 = model.find("embed-v4") != std::string_view::npos;
  std::vector<std::string_view> texts;
  for (const json::Value text : call.body["texts"].items()) texts.push_back(text.string_or(""));
  if (texts.empty()) return malformed(call, "#: required key [texts] not found");
  if (texts.size() > kCohereTextsMax)
    return malformed(call, "#/texts: expected maximum item count: 96, found: " + std::to_string(texts.size()));
  const std::string_view kind = call.body["input_type"].string_or("");
  static constexpr std::array<std::string_view, 5> kKinds = {"search_document", "search_query", "classification",
                                                             "clustering", "image"};
  if (std::find(kKinds.begin(), kKinds.end(), kind) == kKinds.end())
    return malformed(call, "#: required key [input_type] not found or not valid");
  if (!v4 && call.body["output_dimension"])
    return malformed(call, "#: extraneous key [output_dimension] is not permitted");
  const int64_t dimensions = v4 ? call.body["output_dimension"].integer().value_or(1536) : 1024;
  if (v4 && !among(dimensions, {256, 512, 1024, 1536}))
    return malformed(call, "#/output_dimension: the value must be 256, 512, 1024 or 1536");

  std::vector<std::vector<float>> vectors;
  int64_t tokens = 0;
  for (const std::string_view text : texts) {
    vectors.push_back(embed_text(text, static_cast<size_t>(dimensions), call.options.seed));
    tokens += estimate_tokens(text);
  }
  std::vector<std::string_view> types;
  for (const json::Value type : call.body["embedding_types"].items()) types.push_back(type.string_or("float"));
  // v3 answers a bare list unless types were asked for; v4 always answers by type.
  const bool by_type = v4 || !types.empty();
  if (types.empty()) types.push_back("float");
  Rng rng(call.hash);
  json::Writer w;
  w.begin_object().key("embeddings");
  if (by_type) w.begin_object();
  for (const std::string_view type : types) {
    if (by_type) w.key(type);
    w.begin_array();
    for (const auto& vector : vectors) write_typed(w, vector, type);
    w.end_array();
  }
  if (by_type) w.end_object();
  w.field("id", make_uuid(rng))
      .field("response_type", by_type ? "embeddings_by_type" : "embeddings_floats")
      .key("texts")
      .begin_array();
  for (const std::string_view text : texts) w.value(text);
  w.end_array().end_object();
  return with_counts(call, w.take(), tokens);
}

Answer nova(const Call& call) {
  const json::Value params = call.body["singleEmbeddingParams"];
  if (call.body["taskType"].string_or("") != "SINGLE_EMBEDDING" || !params.is_object())
    return malformed(call, "#: taskType SINGLE_EMBEDDING and singleEmbeddingParams are required");
  const auto text = params["text"]["value"].string();
  if (!text || text->empty()) return malformed(call, "#/singleEmbeddingParams: required key [text.value] not found");
  if (!params["embeddingPurpose"].is_string())
    return malformed(call, "#/singleEmbeddingParams: required key [embeddingPurpose] not found");
  if (!params["text"]["truncationMode"].is_string())
    return malformed(call, "#/singleEmbeddingParams/text: required key [truncationMode] not found");
  const int64_t dimensions = params["embeddingDimension"].integer().value_or(3072);
  if (!among(dimensions, {256, 384, 1024, 3072}))
    return malformed(call, "#/singleEmbeddingParams/embeddingDimension: the value must be 256, 384, 1024 or 3072");
  json::Writer w;
  w.begin_object().key("embeddings").begin_array().begin_object().field("embeddingType", "TEXT").key("embedding");
  write_floats(w, embed_text(*text, static_cast<size_t>(dimensions), call.options.seed));
  w.end_object().end_array().end_object();
  return with_counts(call, w.take(), estimate_tokens(*text));
}

}  // namespace

Answer bedrock_invoke(const Call& call, std::string_view model) {
  if (is_unknown_model(model)) return bedrock_error(call, "The provided model identifier is invalid.");
  if (model.find("titan-embed") != std::string_view::npos) return titan(call, model);
  if (model.find("cohere.embed") != std::string_view::npos) return cohere(call, model);
  if (model.find("nova-2-multimodal-embeddings") != std::string_view::npos) return nova(call);
  return bedrock_error(
      call,
      "The simulator's InvokeModel knows the embedding models of Titan, Cohere and Nova only; use Converse for chat.");
}

}  // namespace tracia::simulate
