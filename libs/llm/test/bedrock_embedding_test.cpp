// Embeddings of Amazon Bedrock and Voyage.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tracia/base/bytes.h"
#include "tracia/llm/codec.h"

namespace tracia::llm {
namespace {

using Json = nlohmann::json;

Json bedrock_body(EmbeddingRequest request) {
  const auto encoded =
      bedrock_embedding_codec().encode(request, {.provider = Provider::kAmazonBedrock, .base_url = "https://h"});
  EXPECT_TRUE(encoded) << (encoded ? "" : encoded.error().message);
  return encoded ? Json::parse(encoded->body) : Json();
}

Result<EmbeddingResult> bedrock(std::string body, size_t expected = 1, wire::Headers headers = {}, int status = 200) {
  return bedrock_embedding_codec().decode({status, std::move(headers), std::move(body)}, expected);
}

Result<EmbeddingResult> voyage(std::string body, size_t expected = 1, int status = 200) {
  return voyage_embedding_codec().decode({status, {}, std::move(body)}, expected);
}

TEST(BedrockEmbedding, SpeaksEachModelsJson) {
  EXPECT_EQ(bedrock_body({.model = "amazon.titan-embed-text-v2:0", .inputs = {"a"}, .dimensions = 256}),
            Json::parse(R"({"inputText":"a","dimensions":256})"));
  EXPECT_EQ(bedrock_body({.model = "amazon.titan-embed-text-v1", .inputs = {"a"}}),
            Json::parse(R"({"inputText":"a"})"));
  EXPECT_EQ(bedrock_body({.model = "amazon.titan-embed-image-v1", .inputs = {"a"}, .dimensions = 384}),
            Json::parse(R"({"inputText":"a","embeddingConfig":{"outputEmbeddingLength":384}})"));
  EXPECT_EQ(
      bedrock_body({.model = "cohere.embed-english-v3", .inputs = {"a", "b"}, .extra_body = R"({"truncate":"END"})"}),
      Json::parse(R"({"texts":["a","b"],"input_type":"search_document","truncate":"END"})"));
  EXPECT_EQ(
      bedrock_body({.model = "us.cohere.embed-v4:0", .inputs = {"a"}, .dimensions = 512, .input_type = "search_query"}),
      Json::parse(R"({"texts":["a"],"input_type":"search_query","output_dimension":512})"));
  EXPECT_EQ(
      bedrock_body({.model = "amazon.nova-2-multimodal-embeddings-v1:0", .inputs = {"a"}, .dimensions = 256}),
      Json::parse(
          R"({"taskType":"SINGLE_EMBEDDING","singleEmbeddingParams":{"embeddingPurpose":"GENERIC_INDEX","embeddingDimension":256,"text":{"truncationMode":"NONE","value":"a"}}})"));
  const auto unknown =
      bedrock_embedding_codec().encode({.model = "twelvelabs.marengo", .inputs = {"a"}}, {.base_url = "https://h"});
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().message.find("twelvelabs.marengo"), std::string::npos);
  EXPECT_FALSE(bedrock_embedding_codec().encode({.model = "amazon.titan-embed-text-v1", .inputs = {"a", "b"}},
                                                {.base_url = "https://h"}));
  EXPECT_FALSE(bedrock_embedding_codec().encode({.model = "amazon.titan-embed-text-v1"}, {.base_url = "https://h"}));
  EXPECT_EQ(bedrock_embedding_codec().max_inputs("cohere.embed-v4:0"), 96u);
  EXPECT_EQ(bedrock_embedding_codec().max_inputs("amazon.titan-embed-text-v2:0"), 1u);
}

TEST(BedrockEmbedding, ReadsEachModelsAnswer) {
  const auto titan =
      bedrock(R"({"embedding":[1,2.5],"embeddingsByType":{"float":[1,2.5],"binary":[1,0]},"inputTextTokenCount":7})", 1,
              {{"x-amzn-bedrock-input-token-count", "9"}});
  ASSERT_TRUE(titan);
  EXPECT_EQ(titan->vectors, (std::vector<std::vector<float>>{{1, 2.5}}));
  EXPECT_EQ(titan->types, (std::vector<std::string>{"float", "binary"}));
  EXPECT_EQ(titan->raw_usage.input_tokens, 7);
  EXPECT_EQ(titan->usage.input_tokens, 7);

  const auto plain = bedrock(R"({"embeddings":[[1],[2]],"response_type":"embeddings_floats"})", 2,
                             {{"X-Amzn-Bedrock-Input-Token-Count", "9"}});
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->vectors[1], std::vector<float>{2});
  EXPECT_FALSE(plain->raw_usage.input_tokens);
  EXPECT_EQ(plain->usage.input_tokens, 9);
  EXPECT_EQ(plain->usage.total_tokens, 9);

  const auto typed = bedrock(R"({"embeddings":{"int8":[[1],[2]],"float":[[0.5],[0.25]]}})", 2);
  ASSERT_TRUE(typed);
  EXPECT_EQ(typed->vectors[0], std::vector<float>{0.5});
  EXPECT_EQ(typed->types, (std::vector<std::string>{"int8", "float"}));
  EXPECT_TRUE(typed->usage.empty());

  const auto nova = bedrock(R"({"embeddings":[{"embeddingType":"TEXT","embedding":[3]}]})");
  ASSERT_TRUE(nova);
  EXPECT_EQ(nova->vectors[0], std::vector<float>{3});
}

TEST(BedrockEmbedding, RefusesAnswersThatAreNone) {
  for (const char* body :
       {"", "{}", "[]", R"({"embedding":[]})", R"({"embedding":["x"]})", R"({"embeddings":[[1],[2]]})",
        R"({"embeddings":{}})", R"({"embeddings":{"float":7}})", R"({"embeddings":[null]})"}) {
    const auto result = bedrock(body);
    ASSERT_FALSE(result) << body;
    EXPECT_EQ(result.error().kind, ErrorKind::kMalformedResponse) << body;
  }
  EXPECT_EQ(bedrock(R"({"embedding":null,"message":"text is too long"})").error().message, "text is too long");
  const auto error = bedrock(R"({"message":"no"})", 1, {{"x-amzn-errortype", "AccessDeniedException:x"}}, 403);
  ASSERT_FALSE(error);
  EXPECT_EQ(error.error().provider.type, "AccessDeniedException");
  EXPECT_FALSE(bedrock(R"({"embedding":[1]})", 1, {{"x-amzn-bedrock-input-token-count", "-4x"}})->usage.input_tokens);
}

TEST(VoyageEmbedding, AsksForBase64UnlessTheTypeIsAnother) {
  const auto body = [](EmbeddingRequest request) {
    return Json::parse(
        voyage_embedding_codec().encode(request, {.provider = Provider::kVoyage, .base_url = "https://h/v1"})->body);
  };
  EXPECT_EQ(
      body({.model = "voyage-3.5", .inputs = {"a"}, .dimensions = 256, .input_type = "query"}),
      Json::parse(
          R"({"input":["a"],"model":"voyage-3.5","input_type":"query","output_dimension":256,"encoding_format":"base64"})"));
  EXPECT_FALSE(
      body({.model = "m", .inputs = {"a"}, .extra_body = R"({"output_dtype":"int8"})"}).contains("encoding_format"));
  EXPECT_TRUE(
      body({.model = "m", .inputs = {"a"}, .extra_body = R"({"output_dtype":"float"})"}).contains("encoding_format"));
  EXPECT_EQ(voyage_embedding_codec().encode({.model = "m", .inputs = {"a"}}, {.base_url = "https://h/v1"})->url,
            "https://h/v1/embeddings");
  EXPECT_EQ(voyage_embedding_codec().max_inputs("m"), 1000u);
  EXPECT_FALSE(voyage_embedding_codec().encode({.model = "m"}, {.base_url = "https://h/v1"}));
}

TEST(VoyageEmbedding, ReadsBase64AndListsInTheOrderOfTheInputs) {
  const std::string floats = base64_encode(std::string("\x00\x00\x80\x3f\x00\x00\x00\xc0", 8));  // 1.0, -2.0
  const auto result = voyage(R"({"object":"list","data":[{"embedding":[3,4],"index":1},{"embedding":")" + floats +
                                 R"(","index":0}],"model":"voyage-3.5","usage":{"total_tokens":4}})",
                             2);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->vectors, (std::vector<std::vector<float>>{{1, -2}, {3, 4}}));
  EXPECT_EQ(result->model, "voyage-3.5");
  EXPECT_EQ(result->raw_usage.total_tokens, 4);
  EXPECT_FALSE(result->raw_usage.input_tokens);
  EXPECT_EQ(result->usage.input_tokens, 4);
}

TEST(VoyageEmbedding, RefusesAnswersThatAreNone) {
  for (const char* body : {"", "{}", R"({"data":[]})", R"({"data":[{}]})", R"({"data":[{"embedding":"AAA"}]})",
                           R"({"data":[{"embedding":[1],"index":5}]})", R"({"data":[{"embedding":[1],"index":-1}]})",
                           R"({"data":[null]})"}) {
    ASSERT_FALSE(voyage(body)) << body;
    EXPECT_EQ(voyage(body).error().kind, ErrorKind::kMalformedResponse) << body;
  }
  EXPECT_FALSE(voyage(R"({"data":[{"embedding":[1],"index":0},{"embedding":[1],"index":0}]})", 2));
}

TEST(VoyageEmbedding, ReadsErrors) {
  EXPECT_EQ(voyage(R"({"detail":"no such model"})", 1, 400).error().message, "no such model");
  EXPECT_EQ(
      voyage(R"({"detail":[{"loc":["body"],"msg":"field required","type":"value_error"}]})", 1, 422).error().message,
      "field required");
  EXPECT_EQ(voyage(R"({"detail":"bad key"})", 1, 401).error().kind, ErrorKind::kAuthentication);
  EXPECT_EQ(voyage("<html>", 1, 502).error().message, "HTTP 502");
  EXPECT_EQ(voyage("", 1, 500).error().message, "HTTP 500");
}

TEST(EmbeddingHostile, AnyValueOfAnyOtherTypeIsSurvived) {
  const std::function<void(Json&, const std::function<void()>&)> each = [&](Json& node,
                                                                            const std::function<void()>& use) {
    for (const Json& other : {Json(), Json(1e308), Json("x"), Json::array({1, "a"}), Json{{"k", 1}}}) {
      const Json kept = node;
      node = other;
      use();
      node = kept;
    }
    if (node.is_structured()) {
      for (auto& child : node) each(child, use);
    }
  };
  for (const char* text :
       {R"({"embedding":[1],"embeddingsByType":{"float":[1]},"inputTextTokenCount":7,"message":"m"})",
        R"({"embeddings":{"float":[[1]],"int8":[[1]]}})", R"({"embeddings":[{"embedding":[1]}]})",
        R"({"data":[{"embedding":[1],"index":0}],"usage":{"total_tokens":1},"model":"m","detail":[{"msg":"m"}]})"}) {
    Json body = Json::parse(text);
    each(body, [&] {
      (void)bedrock(body.dump());
      (void)voyage(body.dump());
      (void)voyage(body.dump(), 1, 400);
      (void)bedrock(body.dump(), 1, {}, 400);
    });
  }
}

}  // namespace
}  // namespace tracia::llm
