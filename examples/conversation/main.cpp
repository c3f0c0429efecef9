// A whole conversation through the C++ client: plain, streamed, tools, structured output, an image, embeddings, and a
// failure, with the span that each call leaves. `./dev demo` runs it against the simulator, or against the provider
// whose key is in the environment.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "printing_sender.h"
#include "tracia/tracia.h"

namespace {

// A red disc on white, 32 by 32 pixels.
constexpr const char* kRedDiscPng =
    "iVBORw0KGgoAAAANSUhEUgAAACAAAAAgCAIAAAD8GO2jAAAAVUlEQVR42mP4T2PAMGrBqAVgcMHAABei1AI8RhNpDQPlpuO3g4EqpuOxg4FapuOyYy"
    "AsINt0rHaMWjBqwagFw7SooEdpSo/6gB41Gj3q5NF20XCwAACdDFTXfeuQfQAAAABJRU5ErkJggg==";

struct Models {
  std::string chat = "gpt-4o-mini", embedding = "text-embedding-3-small";
};

bool has(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

// The provider whose key is set; TRACIA_DEMO_MODEL chooses another model.
Models choose_models() {
  Models models;
  if (!has("OPENAI_API_KEY")) {
    if (has("ANTHROPIC_API_KEY"))
      models = {"claude-haiku-4-5", has("VOYAGE_API_KEY") ? "voyage-3-lite" : ""};
    else if (has("GOOGLE_API_KEY") || has("GEMINI_API_KEY"))
      models = {"gemini-2.5-flash", "gemini-embedding-001"};
  }
  if (const char* chosen = std::getenv("TRACIA_DEMO_MODEL")) models.chat = chosen;
  return models;
}

class Demo {
 public:
  Demo(tracia::Client& client, Models models)
      : client_(client), session_(client.create_session()), models_(std::move(models)) {}

  int run() {
    plain();
    streamed();
    tool_loop();
    structured();
    image();
    if (!models_.embedding.empty()) embeddings();
    if (has("TRACIA_DEMO_ALL_PROVIDERS")) every_provider();
    failure();
    std::printf("\n%d calls as expected, %d not\n", right_, wrong_);
    return wrong_ == 0 ? 0 : 1;
  }

 private:
  void title(const char* text) { std::printf("\n== %s\n", text); }

  // Prints an unexpected error; true when the call went well. Then the spans of the step are shown.
  template <typename T>
  bool check(const tracia::Result<T>& result) {
    if (result) {
      ++right_;
    } else {
      ++wrong_;
      std::printf("\nunexpected: %s\n", result.error().to_string().c_str());
    }
    client_.flush();
    return result.has_value();
  }

  void plain() {
    title("A plain call");
    const auto result = session_.run_local({.model = models_.chat,
                                            .messages = {tracia::system("You are a helpful travel guide."),
                                                         tracia::user("Name one thing to see in {{city}}.")},
                                            .variables = {{"city", "Lisbon"}}});
    if (result) std::printf("%s\n", result->text.c_str());
    check(result);
  }

  void streamed() {
    title("The same, streamed");
    auto stream = session_.run_local_stream(
        {.model = models_.chat, .messages = {tracia::user("Tell me about the trams of Lisbon in three sentences.")}});
    if (!check(stream)) return;
    for (const tracia::StreamChunk& chunk : *stream) {
      if (chunk.type == tracia::StreamChunk::Type::kText) std::printf("%s", chunk.text.c_str());
      std::fflush(stdout);
    }
    std::printf("\n");
    check(stream->result());
  }

  void tool_loop() {
    title("A tool loop");
    tracia::RunLocalInput input{.model = models_.chat,
                                .messages = {tracia::user("What is the weather in Lisbon?")},
                                .tools = {{.name = "get_weather",
                                           .description = "The weather in a city right now",
                                           .parameters = R"({"type":"object","properties":{"city":{"type":"string"}},)"
                                                         R"("required":["city"],"additionalProperties":false})"}}};
    for (int turn = 0; turn < 4; ++turn) {
      const auto result = session_.run_local(input);
      if (!check(result)) return;
      input.messages.push_back(result->message);
      if (result->tool_calls.empty()) {
        std::printf("%s\n", result->text.c_str());
        return;
      }
      for (const auto& call : result->tool_calls) {
        std::printf("  the model calls %s(%s)\n", call.name.c_str(), call.arguments.c_str());
        input.messages.push_back(tracia::tool_result(call.id, call.name, R"({"celsius":22,"sky":"sunny"})"));
      }
    }
  }

  void structured() {
    title("Structured output");
    const auto result = session_.run_local(
        {.model = models_.chat,
         .messages = {tracia::user("Describe Lisbon.")},
         .response_format = {
             .type = tracia::ResponseFormat::Type::kJsonSchema,
             .schema = R"({"type":"object","properties":{"name":{"type":"string"},"country":{"type":"string"},)"
                       R"("rainy":{"type":"boolean"}},"required":["name","country","rainy"],)"
                       R"("additionalProperties":false})",
             .name = "city"}});
    if (result) std::printf("%s\n", result->structured_output.c_str());
    check(result);
  }

  void image() {
    title("An image");
    tracia::Message message{.role = tracia::Role::kUser};
    message.parts.push_back(tracia::image_base64(kRedDiscPng));
    message.parts.push_back(tracia::text_part("What is in this picture?"));
    const auto result = session_.run_local({.model = models_.chat, .messages = {message}});
    if (result) std::printf("%s\n", result->text.c_str());
    check(result);
  }

  void embeddings() {
    title("Embeddings: similar texts are close");
    const auto result = session_.run_embedding(
        {.model = models_.embedding,
         .input = {"The cat sat on the mat", "A cat was sitting on a mat", "Interest rates rose in March"}});
    if (result) {
      const auto& e = result->embeddings;
      std::printf("%zu vectors of %zu; cat/cat %.2f, cat/rates %.2f\n", e.size(), e[0].values.size(),
                  cosine(e[0], e[1]), cosine(e[0], e[2]));
    }
    check(result);
  }

  void every_provider() {
    title("The same call to every provider");
    for (const char* model : {"gpt-4o", "o4-mini", "claude-sonnet-4-5", "gemini-2.5-pro", "amazon.nova-lite-v1:0"}) {
      const auto result = session_.run_local({.model = model, .messages = {tracia::user("Say hello in Portuguese.")}});
      if (result) std::printf("%s: %s\n", model, result->text.c_str());
      check(result);
    }
  }

  void failure() {
    title("A failure: an error that says what happened, and a span that shows it");
    const auto result = session_.run_local({.model = "nonexistent-model",
                                            .messages = {tracia::user("Hello?")},
                                            .provider = provider_of_chat_model(),
                                            .max_retries = 0});
    if (result) {
      ++wrong_;
      std::printf("unexpected: the call succeeded\n");
    } else {
      ++right_;
      std::printf("%s\n", result.error().to_string().c_str());
    }
    client_.flush();
  }

  std::string provider_of_chat_model() const {
    const auto provider = tracia::llm::resolve_provider(models_.chat);
    return provider ? std::string(tracia::llm::provider_name(*provider)) : "openai";
  }

  static double cosine(const tracia::EmbeddingVector& a, const tracia::EmbeddingVector& b) {
    double dot = 0;
    double aa = 0;
    double bb = 0;
    for (size_t i = 0; i < a.values.size() && i < b.values.size(); ++i) {
      dot += double{a.values[i]} * double{b.values[i]};
      aa += double{a.values[i]} * double{a.values[i]};
      bb += double{b.values[i]} * double{b.values[i]};
    }
    return dot / std::sqrt(aa * bb);
  }

  tracia::Client& client_;
  tracia::Session session_;
  Models models_;
  int right_ = 0, wrong_ = 0;
};

}  // namespace

int main() {
  tracia::ClientOptions options;
  // With a key, spans go to the server at TRACIA_BASE_URL.
  if (!has("TRACIA_API_KEY")) options.span_sender = std::make_shared<PrintingSender>();
  tracia::Client client(std::move(options));
  return Demo(client, choose_models()).run();
}
