// Answers that are not what the protocol says: wrong types everywhere, cuts everywhere, errors in every shape.
#include <gtest/gtest.h>

#include <bit>
#include <nlohmann/json.hpp>

#include "stream_recorder.h"
#include "tracia/base/bytes.h"

namespace tracia::llm {
namespace {

using Json = nlohmann::json;

const std::vector<std::string>& chat_answers() {
  static const std::vector<std::string> answers{
      R"({"id":"c","model":"m","choices":[{"index":0,"message":{"content":"Hi","reasoning":"r","refusal":"no","annotations":[{"a":1}],"audio":{"id":"a","data":"AA==","transcript":"t"},"function_call":{"name":"f","arguments":"{}"},"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"b","type":"custom","custom":{"name":"g","input":"x"}}]},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2,"prompt_tokens_details":{"cached_tokens":1},"completion_tokens_details":{"reasoning_tokens":1}}})",
      R"({"error":{"message":"m","type":"t","param":"p","code":"c"}})"};
  return answers;
}

const std::vector<std::string>& responses_answers() {
  static const std::vector<std::string> answers{
      R"({"id":"r","model":"m","status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"error":null,"output":[{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"s"}],"content":[{"type":"reasoning_text","text":"x"}],"encrypted_content":"e"},{"type":"message","id":"m","phase":"p","content":[{"type":"output_text","text":"Hi","annotations":[{"a":1}]},{"type":"refusal","refusal":"no"}]},{"type":"function_call","id":"fc","call_id":"c","name":"f","arguments":"{}"},{"type":"custom_tool_call","call_id":"c","name":"f","input":"x"},{"type":"computer_call","id":"cc"}],"usage":{"input_tokens":1,"input_tokens_details":{"cached_tokens":1},"output_tokens":1,"output_tokens_details":{"reasoning_tokens":1},"total_tokens":2}})"};
  return answers;
}

// Calls `use` with `root` after each value in it was replaced by each other kind of value, and removed.
template <typename Use>
void with_each_value_replaced(const Json& root, Use use) {
  static const std::vector<Json> others{
      nullptr, 7, -1, 1e300, "text", "", Json::array(), Json::array({nullptr, 1, "x"}), Json::object(), true};
  const Json flat = root.flatten();
  std::vector<Json::json_pointer> places{Json::json_pointer("")};
  for (const auto& [path, value] : flat.items()) {
    for (Json::json_pointer p(path); !p.empty(); p = p.parent_pointer()) places.push_back(p);
  }
  for (const auto& place : places) {
    for (const Json& other : others) {
      Json changed = root;
      changed[place] = other;
      use(changed.dump());
    }
  }
}

void read_every_way(const ChatCodec& codec, const std::string& body) {
  (void)codec.decode({200, {}, body});
  (void)codec.decode({500, {}, body});
  const auto whole = testing::run_whole(codec, "data: " + body + "\n\ndata: [DONE]\n\n");
  const auto plain = testing::run_whole(codec, body);
  EXPECT_LE(whole.log.finishes, 1u);
  EXPECT_LE(plain.log.finishes, 1u);
}

TEST(OpenAiHostile, WrongTypesAnywhereNeverCrash) {
  for (const std::string& answer : chat_answers()) {
    with_each_value_replaced(Json::parse(answer),
                             [](const std::string& body) { read_every_way(openai_chat_codec(), body); });
  }
  for (const std::string& answer : responses_answers()) {
    with_each_value_replaced(Json::parse(answer), [](const std::string& body) {
      read_every_way(openai_responses_codec(), body);
      read_every_way(openai_responses_codec(), R"({"type":"response.completed","response":)" + body + "}");
    });
  }
}

TEST(OpenAiHostile, WrongTypesInStreamEventsNeverCrash) {
  for (
      const std::string_view event : {
          R"({"type":"response.output_item.added","output_index":0,"item":{"type":"message","content":[{"type":"output_text","text":"x"}]}})",
          R"({"type":"response.output_item.done","output_index":0,"item":{"type":"function_call","call_id":"c","name":"n","arguments":"{}"}})",
          R"({"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"x"})",
          R"({"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":0,"delta":"x"})",
          R"({"type":"response.function_call_arguments.delta","output_index":0,"delta":"x"})",
          R"({"type":"error","code":"c","message":"m","param":null})",
          R"({"choices":[{"index":0,"delta":{"content":"x","tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"x"}}]},"finish_reason":null}]})",
      }) {
    with_each_value_replaced(Json::parse(event), [&](const std::string& changed) {
      const std::string stream =
          "data: " + changed + "\n\ndata: " + std::string(event) + "\n\ndata: " + changed + "\n\n";
      (void)testing::run_whole(openai_responses_codec(), stream);
      (void)testing::run_whole(openai_chat_codec(), stream);
    });
  }
}

TEST(OpenAiHostile, CutsAnywhereGiveAnErrorAndNoCrash) {
  for (const std::string& answer : chat_answers()) {
    for (size_t length = 0; length < answer.size(); ++length) {
      EXPECT_FALSE(openai_chat_codec().decode({200, {}, answer.substr(0, length)}));
      EXPECT_TRUE(testing::run_whole(openai_chat_codec(), answer.substr(0, length)).error);
    }
  }
  for (const std::string& answer : responses_answers()) {
    for (size_t length = 0; length < answer.size(); ++length) {
      EXPECT_FALSE(openai_responses_codec().decode({200, {}, answer.substr(0, length)}));
      EXPECT_TRUE(testing::run_whole(openai_responses_codec(), "data: " + answer.substr(0, length)).error);
    }
  }
}

TEST(OpenAiHostile, ExtremePlacesAreIgnored) {
  for (const std::string_view index : {"-1", "9223372036854775807", "1e30", "99999999999", "\"0\"", "null"}) {
    const std::string event = std::string(R"(data: {"type":"response.output_text.delta","output_index":)")
                                  .append(index)
                                  .append(R"(,"content_index":)")
                                  .append(index)
                                  .append(R"(,"delta":"x"})") +
                              "\n\n";
    (void)testing::run_whole(openai_responses_codec(), event);
    const std::string call =
        std::string(R"(data: {"choices":[{"delta":{"tool_calls":[{"index":)")
            .append(index)
            .append(R"(,"id":"a","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"tool_calls"}]})") +
        "\n\n";
    const auto run = testing::run_whole(openai_chat_codec(), call);
    EXPECT_EQ(run.result.tool_calls().size(), 1u) << index;
  }
}

// ---- Errors

Error error_of(int status, std::string body, wire::Headers headers = {}) {
  const auto result = openai_chat_codec().decode({status, std::move(headers), std::move(body)});
  EXPECT_FALSE(result);
  return result ? Error{} : result.error();
}

TEST(OpenAiErrors, ReadsEveryShapeInUse) {
  const Error usual =
      error_of(429, R"({"error":{"message":"slow","type":"tokens","param":"p","code":"rate_limit_exceeded"}})",
               {{"x-request-id", "req"}, {"retry-after", "2"}});
  EXPECT_EQ(usual.code, ErrorCode::kProviderError);
  EXPECT_EQ(usual.kind, ErrorKind::kRateLimit);
  EXPECT_EQ(usual.status, 429);
  EXPECT_EQ(usual.provider.param, "p");
  EXPECT_EQ(usual.provider.request_id, "req");
  EXPECT_EQ(usual.retry_after, std::chrono::milliseconds(2000));
  EXPECT_EQ(error_of(400, R"({"error":"plain text"})").message, "plain text");
  EXPECT_EQ(error_of(400, R"({"message":"flat","code":"x"})").provider.code, "x");
  EXPECT_EQ(error_of(400, R"({"detail":"gone"})").message, "gone");
  EXPECT_EQ(
      error_of(422, R"({"detail":[{"loc":["body","messages",0],"msg":"field required","type":"missing"}]})").message,
      "body.messages.0: field required");
  EXPECT_EQ(error_of(400, R"([{"error":{"message":"in a list","code":400}}])").message, "in a list");
  EXPECT_EQ(error_of(400, R"({"object":"error","message":"vllm","type":"BadRequestError","code":400})").provider.type,
            "BadRequestError");
  EXPECT_EQ(error_of(502, "<html><head><title>502 Bad  Gateway</title></head><body>x</body></html>").message,
            "502 Bad Gateway");
  EXPECT_EQ(error_of(502, "<html>no title</html>").message, "HTTP 502");
  EXPECT_EQ(error_of(503, "upstream connect error\n").message, "upstream connect error");
  EXPECT_EQ(error_of(500, "").message, "HTTP 500");
  EXPECT_EQ(error_of(302, "").status, 302);
  EXPECT_LE(error_of(500, std::string(100000, 'x')).message.size(), 400u);
}

TEST(OpenAiErrors, KeysInMessagesAreTakenOut) {
  const Error error = error_of(
      401, R"({"error":{"message":"Incorrect API key provided: sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCD."}})");
  EXPECT_EQ(error.message.find("abcdefghijklmnop"), std::string::npos);
}

// ---- Embeddings

std::string floats(std::initializer_list<float> values) {
  std::string bytes;
  for (const float value : values) {
    const auto bits = std::bit_cast<uint32_t>(value);
    for (int shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<char>(bits >> shift & 0xFF));
  }
  return base64_encode(bytes);
}

TEST(OpenAiEmbedding, EncodesForVendorAndCompatibleServers) {
  const EmbeddingRequest request{
      .model = "text-embedding-3-small", .inputs = {"a", "b"}, .dimensions = 8, .input_type = "query"};
  const auto vendor = openai_embedding_codec().encode(request, {.base_url = "https://api.openai.com/v1"});
  ASSERT_TRUE(vendor);
  EXPECT_EQ(vendor->url, "https://api.openai.com/v1/embeddings");
  EXPECT_EQ(vendor->body,
            R"({"model":"text-embedding-3-small","input":["a","b"],"encoding_format":"base64","dimensions":8})");
  const auto other = openai_embedding_codec().encode(request, {.base_url = "http://h/v1", .is_vendor = false});
  EXPECT_EQ(
      other->body,
      R"({"model":"text-embedding-3-small","input":["a","b"],"encoding_format":"float","dimensions":8,"input_type":"query"})");
  EXPECT_EQ(openai_embedding_codec().max_inputs("any"), 2048u);
}

TEST(OpenAiEmbedding, ReadsBothEncodingsAndOrdersByIndex) {
  const std::string body = R"({"model":"m","data":[{"index":1,"embedding":[0.5,-1]},{"index":0,"embedding":")" +
                           floats({0.25F, 3.0F}) + R"("}],"usage":{"prompt_tokens":4,"total_tokens":4}})";
  const auto result = openai_embedding_codec().decode({200, {{"x-request-id", "r"}}, body}, 2);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->vectors, (std::vector<std::vector<float>>{{0.25F, 3.0F}, {0.5F, -1.0F}}));
  EXPECT_EQ(result->usage.input_tokens, 4);
  EXPECT_FALSE(result->usage.output_tokens);
  EXPECT_EQ(result->request_id, "r");
}

TEST(OpenAiEmbedding, RefusesWhatIsNotOneVectorForEachInput) {
  for (const std::string_view data :
       {R"([])", R"([{"embedding":[1]},{"embedding":[1]}])", R"([{"embedding":"!!"}])", R"([{"embedding":"AAA="}])",
        R"([{"embedding":[1,"x"]}])", R"([{"index":5,"embedding":[1]}])", R"([{"index":-1,"embedding":[1]}])", R"({})",
        "null", R"([{"embedding":[]}])"}) {
    const auto result =
        openai_embedding_codec().decode({200, {}, std::string(R"({"data":)").append(data).append("}")}, 1);
    ASSERT_FALSE(result) << data;
    EXPECT_EQ(result.error().kind, ErrorKind::kMalformedResponse) << data;
  }
  with_each_value_replaced(
      Json::parse(R"({"data":[{"index":0,"embedding":[1,2]}],"model":"m","usage":{"prompt_tokens":1}})"),
      [](const std::string& body) { (void)openai_embedding_codec().decode({200, {}, body}, 1); });
}

}  // namespace
}  // namespace tracia::llm
