// GET /v1/models: the catalog in OpenAI's form.
#include "tracia/base/clock.h"
#include "tracia/gateway/answer.h"
#include "tracia/json/writer.h"
#include "tracia/llm/catalog.h"

namespace tracia::gateway {

void add_models(std::vector<ModelEntry>& out, llm::Provider provider, std::string_view prefix,
                std::string_view owned_by) {
  const std::string_view name = llm::provider_name(provider);
  for (const llm::ModelInfo& model : llm::all_models()) {
    if (model.provider != name) continue;
    const auto released = parse_rfc3339(model.released);
    out.push_back({.id = std::string(prefix).append(model.name),
                   .owned_by = std::string(owned_by),
                   .created = released ? released->micros / 1'000'000 : 0});
  }
}

std::string models_json(const std::vector<ModelEntry>& models) {
  json::Writer w;
  w.begin_object().field("object", "list").key("data").begin_array();
  for (const ModelEntry& model : models) {
    w.begin_object().field("id", model.id).field("object", "model").field("created", model.created);
    w.field("owned_by", model.owned_by).end_object();
  }
  w.end_array().end_object();
  return w.take();
}

}  // namespace tracia::gateway
