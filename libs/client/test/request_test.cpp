// Any call of the API, and what happens to spans on their way.
#include <future>
#include <mutex>
#include <set>

#include "client_fixture.h"
#include "tracia/base/ids.h"

namespace tracia {
namespace {

class Requests : public ClientTest {
 protected:
  Result<ApiResponse> async(ApiRequest request) {
    std::promise<Result<ApiResponse>> promise;
    client().request_async(std::move(request), [&](auto result) { promise.set_value(std::move(result)); });
    return promise.get_future().get();
  }
  // The same call both ways.
  void expect_error(const ApiRequest& request, ErrorCode code) {
    for (const auto& result : {client().request(request), async(request)}) {
      ASSERT_FALSE(result);
      EXPECT_EQ(error_code_name(result.error().code), error_code_name(code)) << result.error().message;
    }
  }
};

TEST_F(Requests, GiveStatusAndBody) {
  server_.on("POST", "/api/v1/things",
             [](const FakeRequest& request) { return FakeResponse{.status = 201, .body = request.body}; });
  const ApiRequest request{.method = "POST", .path = "/api/v1/things?a=b%20c", .body = R"({"x":1})"};
  for (const auto& result : {client().request(request), async(request)}) {
    ASSERT_TRUE(result) << result.error().to_string();
    EXPECT_EQ(result->status, 201);
    EXPECT_EQ(result->body, R"({"x":1})");
  }
  for (const FakeRequest& got : server_.requests()) {
    EXPECT_EQ(got.target, "/api/v1/things?a=b%20c");
    EXPECT_EQ(got.header("authorization"), "Bearer tr_0123456789abcdefghijklmnopqrstuvwxyz");
    EXPECT_EQ(got.header("content-type"), "application/json");
  }
  server_.on("DELETE", "/api/v1/things", FakeResponse{.status = 204});
  const auto empty = client().request({.method = "DELETE", .path = "/api/v1/things"});
  ASSERT_TRUE(empty);
  EXPECT_EQ(empty->status, 204);
  EXPECT_EQ(empty->body, "");
}

TEST_F(Requests, GiveTheServersErrors) {
  server_.on("GET", "/api/v1/things",
             FakeResponse{.status = 409, .body = R"({"error":{"code":"CONFLICT","message":"taken"}})"});
  expect_error({.path = "/api/v1/things"}, ErrorCode::kConflict);
  EXPECT_EQ(client().request({.path = "/api/v1/things"}).error().message, "taken");
}

TEST_F(Requests, GiveALongAnswerPieceByPieceUntilItIsRefused) {
  server_.on("GET", "/api/v1/spans/tail", [](const FakeRequest& request) {
    return FakeResponse{.body = std::string(request.header("last-event-id")) + std::string(1u << 20, 'x')};
  });
  const ApiRequest request{.path = "/api/v1/spans/tail", .last_event_id = "id7"};
  std::string all;
  const Status whole = client().request_stream(request, [&all](std::string_view bytes) {
    all += bytes;
    return true;
  });
  ASSERT_TRUE(whole) << whole.error().to_string();
  EXPECT_EQ(all.size(), 3 + (1u << 20));
  EXPECT_EQ(all.substr(0, 4), "id7x");
  int pieces = 0;
  EXPECT_TRUE(client().request_stream(request, [&pieces](std::string_view) { return ++pieces < 2; }));
  EXPECT_EQ(pieces, 2);
}

TEST_F(Requests, KeepAServersErrorFromTheReaderOfAStream) {
  server_.on("GET", "/api/v1/things",
             FakeResponse{.status = 403, .body = R"({"error":{"code":"FORBIDDEN","message":"not yours"}})"});
  const Status refused = client().request_stream({.path = "/api/v1/things"}, [](std::string_view) {
    ADD_FAILURE();
    return true;
  });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kForbidden);
  EXPECT_EQ(refused.error().message, "not yours");
  EXPECT_EQ(
      error_code_name(client().request_stream({.path = "nowhere"}, [](std::string_view) { return true; }).error().code),
      error_code_name(ErrorCode::kInvalidRequest));
}

TEST_F(Requests, RefuseWhatCannotBeSent) {
  for (const char* path : {"", "api/v1/prompts", "@evil.example/", "/a b", "/a\nb", "/a#b"}) {
    expect_error({.path = path}, ErrorCode::kInvalidRequest);
  }
  expect_error({.path = "/" + std::string(20'000, 'a')}, ErrorCode::kInvalidRequest);
  expect_error({.method = "GET x", .path = "/api/v1/prompts"}, ErrorCode::kInvalidRequest);
  EXPECT_EQ(server_.request_count(), 0u);
}

TEST_F(Requests, EndAtTheirDeadlineAndByTheirToken) {
  server_.on("GET", "/api/v1/things", FakeResponse{.stall = true});
  expect_error({.path = "/api/v1/things", .timeout_ms = 50}, ErrorCode::kTimeout);
  const CancelToken token;
  token.cancel();
  expect_error({.path = "/api/v1/things", .cancel = token}, ErrorCode::kAborted);
  std::promise<Result<ApiResponse>> promise;
  const size_t before = server_.request_count();
  auto handle =
      client().request_async({.path = "/api/v1/things"}, [&](auto result) { promise.set_value(std::move(result)); });
  ASSERT_TRUE(server_.wait_for_requests(before + 1));
  handle.cancel();
  EXPECT_EQ(promise.get_future().get().error().code, ErrorCode::kAborted);
}

TEST_F(Requests, NeedAKey) {
  auto without = options();
  without.api_key = "";
  client_ = std::make_unique<Client>(without);
  expect_error({.path = "/api/v1/prompts"}, ErrorCode::kInvalidRequest);
}

using SpansOnTheirWay = ClientTest;

span::Span tool_span(std::string name) {
  return {.span_id = new_span_id(),
          .kind = span::Kind::kTool,
          .name = std::move(name),
          .model = "m",
          .input_json = R"({"text":["q"]})",
          .output = "mine"};
}

TEST_F(SpansOnTheirWay, CanBeDivertedBeforeTheMaskAndComeBackAsTheyAre) {
  std::vector<span::Span> taken;
  std::mutex mutex;
  auto with = options();
  with.divert = [&](span::Span& span) {
    if (span.name == "let through") return false;
    EXPECT_NE(span.output, "masked");
    const std::lock_guard lock(mutex);
    taken.push_back(std::move(span));
    return true;
  };
  with.mask = [](span::Span& span) { span.output = "masked"; };
  client_ = std::make_unique<Client>(std::move(with));
  provider_.on("POST", kChatPath, chat_answer("secret"));
  ASSERT_TRUE(client().run_local(hello()));
  ASSERT_TRUE(client().run_local_async(hello()).get());
  client().record(tool_span("tool"));
  client().record(tool_span("let through"));
  ASSERT_EQ(taken.size(), 3u);
  EXPECT_EQ(only_span().at("output"), "masked");
  for (span::Span& span : taken) client().record_as_is(std::move(span));
  std::multiset<std::string> outputs;
  for (const Json& span : spans()) outputs.insert(span.at("output"));
  EXPECT_EQ(outputs, (std::multiset<std::string>{"masked", "mine", "secret", "secret"}));
}

TEST_F(SpansOnTheirWay, AreDroppedWhenDivertingFails) {
  auto with = options();
  with.divert = [](span::Span&) -> bool { throw std::runtime_error("no"); };
  client_ = std::make_unique<Client>(std::move(with));
  client().record(tool_span("tool"));
  EXPECT_EQ(client().span_stats().dropped_masked, 1u);
  EXPECT_TRUE(spans().empty());
}

TEST_F(SpansOnTheirWay, NameThePromptThatALocalCallCarriesOut) {
  provider_.on("POST", kChatPath, chat_answer("ok"));
  auto input = hello();
  input.prompt = {.slug = "welcome-email", .version = 4, .label = "production"};
  ASSERT_TRUE(client().run_local(input));
  const Json span = only_span();
  EXPECT_EQ(span.at("promptSlug"), "welcome-email");
  EXPECT_EQ(span.at("promptVersion"), 4);
  EXPECT_EQ(span.at("label"), "production");
}

TEST_F(SpansOnTheirWay, APromptLinkIsChecked) {
  auto input = hello();
  input.prompt = {.slug = "p", .version = 0};
  EXPECT_EQ(client().run_local(input).error().message, "prompt.version must be 1 or more");
  input.prompt = {.label = "production"};
  EXPECT_EQ(client().run_local(input).error().code, ErrorCode::kInvalidRequest);
  input.prompt = {.slug = std::string(200, 'a')};
  EXPECT_EQ(client().run_local(input).error().message, "prompt.slug is too long");
}

TEST_F(SpansOnTheirWay, AreNotCompressedForAServerOnThisMachine) {
  client().record(tool_span("tool"));
  ASSERT_EQ(spans().size(), 1u);
  EXPECT_EQ(server_.requests().back().header("content-encoding"), "");
}

}  // namespace
}  // namespace tracia
