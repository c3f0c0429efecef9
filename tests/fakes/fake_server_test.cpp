// Each thing that the fake server can do, seen from the other end of the socket.
#include "fake_server.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <thread>

#include "test_client.h"
#include "tracia/base/compress.h"

namespace tracia::testing {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

milliseconds since(Clock::time_point start) { return std::chrono::duration_cast<milliseconds>(Clock::now() - start); }

FakeResponse text(std::string body) { return {.body = std::move(body)}; }

TEST(FakeServer, AnswersFromTheScript) {
  FakeServer server;
  server.on("POST", "/hello", [](const FakeRequest& request) {
    return FakeResponse{.status = 201, .body = "got " + request.body, .headers = {{"X-Test", "1"}}};
  });
  TestClient client(server.port());
  const std::string answer = client.request("POST", "/hello", "abc").read_response();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 201 Created\r\n")) << answer;
  EXPECT_NE(answer.find("\r\nX-Test: 1\r\n"), std::string::npos);
  EXPECT_NE(answer.find("\r\nContent-Type: application/json\r\n"), std::string::npos);
  EXPECT_EQ(body_of(answer), "got abc");
}

TEST(FakeServer, UrlNamesThePort) {
  FakeServer server;
  EXPECT_EQ(server.url(), "http://127.0.0.1:" + std::to_string(server.port()));
}

TEST(FakeServer, KeepsTheConnectionAndCountsIt) {
  FakeServer server;
  server.on("GET", "/a", text("1"));
  TestClient first(server.port());
  EXPECT_EQ(body_of(first.request("GET", "/a").read_response()), "1");
  EXPECT_EQ(body_of(first.request("GET", "/a").read_response()), "1");
  TestClient second(server.port());
  EXPECT_EQ(body_of(second.request("GET", "/a").read_response()), "1");
  EXPECT_EQ(server.connection_count(), 2u);
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_EQ(requests[0].connection, 1u);
  EXPECT_EQ(requests[1].connection, 1u);
  EXPECT_EQ(requests[2].connection, 2u);
}

TEST(FakeServer, AnswersPipelinedRequestsInOrder) {
  FakeServer server;
  server.on("GET", "/{name}", [](const FakeRequest& request) { return text("<" + request.captures.at(0) + ">"); });
  TestClient client(server.port());
  client.request("GET", "/a").request("GET", "/b");
  const std::string both = client.read("<b>");
  EXPECT_LT(both.find("<a>"), both.find("<b>"));
}

TEST(FakeServer, ClosesWhenTheClientAsks) {
  FakeServer server;
  server.on("GET", "/a", text("1"));
  TestClient client(server.port());
  EXPECT_EQ(body_of(client.request("GET", "/a", "", "Connection: close\r\n").read()), "1");
  EXPECT_TRUE(client.ended());
  EXPECT_FALSE(client.reset());
}

TEST(FakeServer, ReadsChunkedBodies) {
  FakeServer server;
  server.on("POST", "/a", text("ok"));
  TestClient client(server.port());
  client.write("POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
  client.write("6;note=x\r\n world\r\n0\r\nTrailer: 1\r\n\r\n");
  EXPECT_EQ(body_of(client.read_response()), "ok");
  EXPECT_EQ(server.requests().at(0).body, "hello world");
  EXPECT_EQ(body_of(client.request("POST", "/a", "next").read_response()), "ok");  // still in step
  EXPECT_EQ(server.requests().at(1).body, "next");
}

TEST(FakeServer, UnpacksGzipBodies) {
  FakeServer server;
  server.on("POST", "/a", text("ok"));
  TestClient client(server.port());
  const std::string plain(100'000, 'x');
  const std::string packed = gzip(plain);
  EXPECT_EQ(body_of(client.request("POST", "/a", packed, "Content-Encoding: gzip\r\n").read_response()), "ok");
  EXPECT_EQ(server.requests().at(0).body, plain);
  EXPECT_EQ(server.requests().at(0).wire_body, packed);
}

TEST(FakeServer, DropsAClientThatSendsBrokenGzip) {
  FakeServer server;
  TestClient client(server.port());
  EXPECT_EQ(client.request("POST", "/a", "not gzip", "Content-Encoding: gzip\r\n").read(), "");
  EXPECT_TRUE(client.ended());
  EXPECT_EQ(server.request_count(), 0u);
}

TEST(FakeServer, AnswersExpectContinue) {
  FakeServer server;
  server.on("POST", "/a", text("ok"));
  TestClient client(server.port());
  client.write("POST /a HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(body_of(client.write("abc").read_response()), "ok");
}

TEST(FakeServer, RecordsWhatItWasAsked) {
  FakeServer server;
  TestClient client(server.port());
  client.request("PUT", "/p%2Fq?tags=a%2Cb+c&limit=5", "{}", "X-One: 1\r\nx-two:  2 \r\n").read_response();
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].method, "PUT");
  EXPECT_EQ(requests[0].target, "/p%2Fq?tags=a%2Cb+c&limit=5");
  EXPECT_EQ(requests[0].path, "/p%2Fq");
  EXPECT_EQ(requests[0].header("x-one"), "1");
  EXPECT_EQ(requests[0].header("X-TWO"), "2");
  EXPECT_EQ(requests[0].header("x-three"), "");
  EXPECT_EQ(requests[0].query("tags"), "a,b c");
  EXPECT_EQ(requests[0].query("limit"), "5");
  EXPECT_EQ(requests[0].query("cursor"), std::nullopt);
}

TEST(FakeServer, NewestMatchWins) {
  FakeServer server;
  server.on("*", "/a/{x}", text("any"));
  server.on("GET", "/a/b", text("old"));
  server.on("GET", "/a/b", text("new"));
  TestClient client(server.port());
  EXPECT_EQ(body_of(client.request("GET", "/a/b").read_response()), "new");
  EXPECT_EQ(body_of(client.request("POST", "/a/b").read_response()), "any");
  EXPECT_TRUE(client.request("GET", "/a/b/c").read_response().starts_with("HTTP/1.1 404 "));
}

TEST(FakeServer, DecodesCaptures) {
  FakeServer server;
  server.on("GET", "/x/{id}/y", [](const FakeRequest& request) { return text(request.captures.at(0)); });
  TestClient client(server.port());
  EXPECT_EQ(body_of(client.request("GET", "/x/a%2Fb%20c/y").read_response()), "a/b c");
}

TEST(FakeServer, AnswersASequence) {
  FakeServer server;
  server.on_sequence("GET", "/a", {{.status = 503}, {.status = 429}, text("ok")});
  TestClient client(server.port());
  EXPECT_TRUE(client.request("GET", "/a").read_response().starts_with("HTTP/1.1 503 "));
  EXPECT_TRUE(client.request("GET", "/a").read_response().starts_with("HTTP/1.1 429 "));
  EXPECT_EQ(body_of(client.request("GET", "/a").read_response()), "ok");
  EXPECT_EQ(body_of(client.request("GET", "/a").read_response()), "ok");
}

TEST(FakeServer, ThrowingHandlerIs500) {
  FakeServer server;
  server.on("GET", "/a", [](const FakeRequest&) -> FakeResponse { throw std::runtime_error("out of tea"); });
  TestClient client(server.port());
  const std::string answer = client.request("GET", "/a").read_response();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 500 "));
  EXPECT_NE(answer.find("out of tea"), std::string::npos);
}

TEST(FakeServer, NoBodyForHeadAnd204) {
  FakeServer server;
  server.on("HEAD", "/a", text("hidden"));
  server.on("DELETE", "/a", FakeResponse{.status = 204, .body = "hidden"});
  TestClient client(server.port());
  EXPECT_EQ(body_of(client.request("HEAD", "/a").read("", milliseconds(50))), "");
  EXPECT_EQ(body_of(client.request("DELETE", "/a").read("", milliseconds(50))), "");
}

TEST(FakeServer, DelaysTheResponse) {
  FakeServer server;
  server.on("GET", "/a", FakeResponse{.body = "late", .delay = milliseconds(80)});
  TestClient client(server.port());
  const auto start = Clock::now();
  EXPECT_EQ(body_of(client.request("GET", "/a").read_response()), "late");
  EXPECT_GE(since(start), milliseconds(80));
}

TEST(FakeServer, StallsUntilTheClientLeaves) {
  FakeServer server;
  server.on("GET", "/a", FakeResponse{.stall = true});
  TestClient client(server.port());
  EXPECT_EQ(client.request("GET", "/a").read("", milliseconds(60)), "");
  EXPECT_FALSE(client.ended());
  EXPECT_EQ(server.disconnect_count(), 0u);
  client.leave();
  EXPECT_TRUE(server.wait_for_disconnects(1));
}

TEST(FakeServer, SeesAClientLeaveDuringTheDelay) {
  FakeServer server;
  server.on("GET", "/a", FakeResponse{.delay = std::chrono::hours(1)});
  TestClient client(server.port());
  client.request("GET", "/a");
  ASSERT_TRUE(server.wait_for_requests(1));
  client.leave();
  EXPECT_TRUE(server.wait_for_disconnects(1));
}

TEST(FakeServer, ClosesBeforeTheResponse) {
  FakeServer server;
  server.on("GET", "/a", FakeResponse{.close_before_response = true});
  TestClient client(server.port());
  EXPECT_EQ(client.request("GET", "/a").read(), "");
  EXPECT_TRUE(client.ended());
  EXPECT_FALSE(client.reset());
}

TEST(FakeServer, ResetsTheConnection) {
  FakeServer server;
  server.on("GET", "/a", FakeResponse{.close_before_response = true, .reset = true});
  TestClient client(server.port());
  EXPECT_EQ(client.request("GET", "/a").read(), "");
  EXPECT_TRUE(client.reset());
}

TEST(FakeServer, ClosesInMidBody) {
  FakeServer server;
  server.on("GET", "/a", FakeResponse{.body = "0123456789", .close_after = 4});
  TestClient client(server.port());
  const std::string answer = client.request("GET", "/a").read();
  EXPECT_TRUE(client.ended());
  EXPECT_NE(answer.find("Content-Length: 10\r\n"), std::string::npos);
  EXPECT_EQ(body_of(answer), "0123");
}

TEST(FakeServer, ClosesInMidChunkedBody) {
  FakeServer server;
  server.on("GET", "/a", FakeResponse{.body = "0123456789", .close_after = 4, .chunked = true});
  TestClient client(server.port());
  EXPECT_EQ(body_of(client.request("GET", "/a").read()), "4\r\n0123\r\n");  // no last chunk
  EXPECT_TRUE(client.ended());
}

TEST(FakeServer, StallsInMidBody) {
  FakeServer server;
  server.on("GET", "/a", FakeResponse{.body = "0123456789", .stall_after = 4});
  TestClient client(server.port());
  EXPECT_EQ(body_of(client.request("GET", "/a").read("", milliseconds(60))), "0123");
  EXPECT_FALSE(client.ended());
}

TEST(FakeServer, SendsPiecesWithPauses) {
  FakeServer server;
  server.on("GET", "/a", FakeResponse{.body = "abcdefgh", .piece_bytes = 3, .piece_pause = milliseconds(30)});
  TestClient client(server.port());
  const auto start = Clock::now();
  EXPECT_EQ(body_of(client.request("GET", "/a").read("gh")), "abcdefgh");
  EXPECT_GE(since(start), milliseconds(60));
  EXPECT_GE(client.reads(), 3);
}

TEST(FakeServer, SendsChunksOfTheGivenSize) {
  FakeServer server;
  server.on("GET", "/a", FakeResponse{.body = "abcdefgh", .chunked = true, .piece_bytes = 3});
  TestClient client(server.port());
  const std::string answer = client.request("GET", "/a").read("0\r\n\r\n");
  EXPECT_EQ(body_of(answer), "3\r\nabc\r\n3\r\ndef\r\n2\r\ngh\r\n0\r\n\r\n");
  EXPECT_EQ(answer.find("Content-Length"), std::string::npos);
}

TEST(FakeServer, LiesAboutTheLength) {
  FakeServer server;
  server.on("GET", "/more", FakeResponse{.body = "abc", .content_length = 10});
  TestClient client(server.port());
  const std::string answer = client.request("GET", "/more").read();
  EXPECT_NE(answer.find("Content-Length: 10\r\n"), std::string::npos);
  EXPECT_EQ(body_of(answer), "abc");
  EXPECT_TRUE(client.ended());
}

TEST(FakeServer, SendsRawBytes) {
  FakeServer server;
  server.on("GET", "/a", FakeResponse{.piece_bytes = 2, .raw = "SSH-2.0-not-http\r\n"});
  TestClient client(server.port());
  EXPECT_EQ(client.request("GET", "/a").read(), "SSH-2.0-not-http\r\n");
  EXPECT_TRUE(client.ended());
}

TEST(FakeServer, DropsWhatIsNotHttp) {
  FakeServer server;
  TestClient client(server.port());
  EXPECT_EQ(client.write("\x16\x03\x01 tls?\r\n\r\n").read(), "");
  EXPECT_TRUE(client.ended());
}

TEST(FakeServer, SendsABodyLargerThanTheSocketBuffer) {
  FakeServer server;
  server.on("GET", "/a", text(std::string(8u << 20, 'z')));
  TestClient client(server.port());
  EXPECT_EQ(body_of(client.request("GET", "/a").read_response()).size(), 8u << 20);
}

TEST(FakeServer, WaitsForRequests) {
  FakeServer server;
  EXPECT_FALSE(server.wait_for_requests(1, milliseconds(10)));
  std::thread late([&] { TestClient(server.port()).request("GET", "/a").read_response(); });
  EXPECT_TRUE(server.wait_for_requests(1));
  late.join();
}

TEST(FakeServer, ServesManyClientsAtOnce) {
  FakeServer server;
  std::atomic<int> handled{0};
  server.on("POST", "/a", [&](const FakeRequest& request) {
    ++handled;
    return text(request.body);
  });
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      TestClient client(server.port());
      for (int i = 0; i < 20; ++i) {
        const std::string body = std::to_string(t) + ":" + std::to_string(i);
        if (body_of(client.request("POST", "/a", body).read_response()) == body) ++right;
        server.on("GET", "/other", text(body));  // scripting while it serves
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right.load(), 160);
  EXPECT_EQ(handled.load(), 160);
  EXPECT_EQ(server.connection_count(), 8u);
  EXPECT_EQ(server.request_count(), 160u);
}

TEST(FakeServer, StopsAtOnceWhateverItIsDoing) {
  const auto start = Clock::now();
  std::vector<std::unique_ptr<TestClient>> clients;
  {
    FakeServer server;
    server.on("GET", "/stall", FakeResponse{.stall = true});
    server.on("GET", "/delay", FakeResponse{.delay = std::chrono::hours(1)});
    server.on("GET", "/drip", FakeResponse{.body = "ab", .piece_bytes = 1, .piece_pause = std::chrono::hours(1)});
    server.on("GET", "/large", text(std::string(64u << 20, 'z')));  // nobody reads it: the socket is full
    for (const char* path : {"/stall", "/delay", "/drip", "/large"}) {
      clients.push_back(std::make_unique<TestClient>(server.port()));
      clients.back()->request("GET", path);
    }
    clients.push_back(std::make_unique<TestClient>(server.port()));  // idle
    clients.push_back(std::make_unique<TestClient>(server.port()));
    clients.back()->write("POST /a HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc");  // unfinished
    ASSERT_TRUE(server.wait_for_requests(4));
  }
  EXPECT_LT(since(start), milliseconds(5000));
}

}  // namespace
}  // namespace tracia::testing
