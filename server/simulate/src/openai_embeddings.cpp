// POST /v1/embeddings and GET /v1/models. Source: the OpenAI API reference, "Embeddings" and "Models".
#include "embed.h"
#include "openai_common.h"

namespace tracia::simulate {
namespace {

constexpr size_t kInputsMax = 2048;
constexpr int64_t kDimensionsMax = 4096;  // the vendor's largest is 3,072

int64_t default_dimensions(std::string_view model) {
  return model.find("3-large") != std::string_view::npos ? 3072 : 1536;
}

// Texts, or token ids, which count one token each.
struct Inputs {
  std::vector<std::string> texts;
  int64_t tokens = 0;

  void add_text(std::string_view text) {
    texts.emplace_back(text);
    tokens += estimate_tokens(text);
  }
  void add_tokens(const json::Value& ids) {
    std::string text;
    for (const json::Value token : ids.items()) {
      text.append(token.to_json()).push_back(' ');
      ++tokens;
    }
    texts.push_back(std::move(text));
  }
};

std::optional<Answer> read_inputs(const Call& call, Inputs& inputs) {
  const json::Value input = call.body["input"];
  if (!input) return openai_missing(call, "input");
  if (const auto text = input.string()) {
    inputs.add_text(*text);
  } else if (input.at(0).is_number()) {
    inputs.add_tokens(input);
  } else {
    for (const json::Value item : input.items()) {
      if (const auto one = item.string())
        inputs.add_text(*one);
      else if (item.is_array())
        inputs.add_tokens(item);
      else
        return openai_bad_type(call, "input",
                               "a string, array of strings, array of integers, or array of arrays of integers");
      if (inputs.texts.size() > kInputsMax) {
        return openai_error(call,
                            {.message = "Invalid 'input': array too long. Expected an array with maximum length 2048.",
                             .code = "array_above_max_length",
                             .param = "input"});
      }
    }
  }
  for (const std::string& text : inputs.texts) {
    if (text.empty())
      return openai_error(call, {.message = "Invalid 'input': input cannot be an empty string.", .param = "input"});
  }
  if (inputs.texts.empty())
    return openai_error(call, {.message = "Invalid 'input': input cannot be an empty array.", .param = "input"});
  return std::nullopt;
}

void write_model(json::Writer& w, std::string_view id) {
  w.begin_object()
      .field("id", id)
      .field("object", "model")
      .field("created", pretend_time(hash_text(id)))
      .field("owned_by", "system")
      .end_object();
}

}  // namespace

Answer openai_embeddings(const Call& call) {
  const auto model = call.body["model"].string();
  if (!model || model->empty()) return openai_error(call, {.message = "you must provide a model parameter"});
  if (is_unknown_model(*model)) return openai_no_model(call, *model);
  Inputs inputs;
  if (auto problem = read_inputs(call, inputs)) return std::move(*problem);
  const json::Value wanted = call.body["dimensions"];
  const int64_t dimensions = wanted.integer().value_or(default_dimensions(*model));
  if (!wanted.is_missing_or_null() && model->find("ada-002") != std::string_view::npos) {
    return openai_error(call, {.message = "This model does not support specifying dimensions."});
  }
  if (dimensions < 1 || dimensions > (wanted.is_missing_or_null() ? kDimensionsMax : default_dimensions(*model))) {
    return openai_error(
        call, {.message = "Invalid value for 'dimensions' = " + wanted.to_json() + ".", .param = "dimensions"});
  }
  const std::string_view encoding = call.body["encoding_format"].string_or("float");
  if (encoding != "float" && encoding != "base64") {
    return openai_error(
        call, {.message = "Invalid value: '" + std::string(encoding) + "'. Supported values are: 'float' and 'base64'.",
               .code = "invalid_value",
               .param = "encoding_format"});
  }
  json::Writer w;
  w.begin_object().field("object", "list").key("data").begin_array();
  for (size_t i = 0; i < inputs.texts.size(); ++i) {
    const std::vector<float> vector = embed_text(inputs.texts[i], static_cast<size_t>(dimensions), call.options.seed);
    w.begin_object().field("object", "embedding").field("index", static_cast<int64_t>(i)).key("embedding");
    if (encoding == "base64") {
      w.value(base64_floats(vector));
    } else {
      w.begin_array();
      for (const float v : vector) w.value(v);
      w.end_array();
    }
    w.end_object();
  }
  w.end_array().field("model", *model).key("usage").begin_object();
  w.field("prompt_tokens", inputs.tokens).field("total_tokens", inputs.tokens).end_object().end_object();
  return json_answer(Vendor::kOpenAi, w.take(), call.hash);
}

Answer openai_models(const Call& call, std::string_view id) {
  json::Writer w;
  if (!id.empty()) {
    if (is_unknown_model(id)) return openai_no_model(call, id);
    write_model(w, id);
    return json_answer(Vendor::kOpenAi, w.take(), call.hash);
  }
  w.begin_object().field("object", "list").key("data").begin_array();
  for (const std::string_view name : {"gpt-4o", "gpt-4o-mini", "gpt-4.1", "gpt-5", "gpt-5-mini", "o4-mini",
                                      "text-embedding-3-small", "text-embedding-3-large"}) {
    write_model(w, name);
  }
  w.end_array().end_object();
  return json_answer(Vendor::kOpenAi, w.take(), call.hash);
}

}  // namespace tracia::simulate
