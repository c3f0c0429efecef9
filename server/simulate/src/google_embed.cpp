// embedContent, batchEmbedContents and the model list. Source: Gemini API reference, "Embeddings" and "Models".
#include "embed.h"
#include "google_write.h"

namespace tracia::simulate {
namespace {

constexpr size_t kBatchMax = 100;
constexpr int64_t kDimensionsMax = 3072;

int64_t default_dimensions(std::string_view model) {
  return model.find("gemini-embedding") != std::string_view::npos ? 3072 : 768;
}

// Writes {"values":[…]}, or says what is wrong with the request.
std::optional<Answer> write_embedding(const Call& call, json::Writer& w, const json::Value& request,
                                      std::string_view model, int64_t& tokens) {
  std::string text;
  for (const json::Value part : google_field(request, "content")["parts"].items())
    text.append(part["text"].string_or(""));
  if (text.empty()) return google_error(call, "* EmbedContentRequest.content: contents is not specified\n");
  const json::Value config = google_field(request, "embedContentConfig");
  const json::Value wanted = google_field(request, "outputDimensionality")
                                 ? google_field(request, "outputDimensionality")
                                 : google_field(config, "outputDimensionality");
  const int64_t dimensions = wanted.integer().value_or(default_dimensions(model));
  if (dimensions < 1 || dimensions > kDimensionsMax)
    return google_error(call, "* EmbedContentRequest.output_dimensionality: must be between 1 and 3072.\n");
  tokens += estimate_tokens(text);
  w.begin_object().key("values").begin_array();
  for (const float v : embed_text(text, static_cast<size_t>(dimensions), call.options.seed)) w.value(v);
  w.end_array().end_object();
  return std::nullopt;
}

void write_model(json::Writer& w, std::string_view name) {
  w.begin_object().field("name", "models/" + std::string(name)).field("version", "001").field("displayName", name);
  w.field("inputTokenLimit", 1048576).field("outputTokenLimit", 65536).key("supportedGenerationMethods").begin_array();
  w.value(name.find("embedding") == std::string_view::npos ? "generateContent" : "embedContent")
      .end_array()
      .end_object();
}

}  // namespace

Answer google_embed(const Call& call, std::string_view model, bool batch) {
  if (is_unknown_model(model)) return google_no_model(call, model, "embedContent");
  json::Writer w;
  int64_t tokens = 0;
  w.begin_object();
  if (!batch) {
    w.key("embedding");
    if (auto problem = write_embedding(call, w, call.body, model, tokens)) return std::move(*problem);
  } else {
    const json::Value requests = call.body["requests"];
    if (requests.size() == 0)
      return google_error(call, "* BatchEmbedContentsRequest.requests: at least one request is required\n");
    if (requests.size() > kBatchMax)
      return google_error(call, "* BatchEmbedContentsRequest.requests: at most 100 requests can be in one batch\n");
    w.key("embeddings").begin_array();
    for (const json::Value request : requests.items()) {
      const std::string_view name = request["model"].string_or("");
      if (name != "models/" + std::string(model)) {
        return google_error(call, "* BatchEmbedContentsRequest.requests[0].model: unexpected model, expected `models/" +
                                      std::string(model) + "`\n");
      }
      if (auto problem = write_embedding(call, w, request, model, tokens)) return std::move(*problem);
    }
    w.end_array();
  }
  w.key("usageMetadata").begin_object().field("promptTokenCount", tokens).end_object();
  w.end_object();
  return json_answer(Vendor::kGoogle, w.take(), call.hash);
}

Answer google_models(const Call& call, std::string_view id) {
  if (is_unknown_model(id)) return google_no_model(call, id, "generateContent");
  json::Writer w;
  if (!id.empty()) {
    write_model(w, id);
  } else {
    w.begin_object().key("models").begin_array();
    for (const std::string_view name : {"gemini-2.5-flash", "gemini-2.5-pro", "gemini-embedding-001"})
      write_model(w, name);
    w.end_array().end_object();
  }
  return json_answer(Vendor::kGoogle, w.take(), call.hash);
}

}  // namespace tracia::simulate
