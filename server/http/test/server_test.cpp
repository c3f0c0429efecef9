#include "tracia/http/server.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <mutex>
#include <set>
#include <thread>

#include "raw_client.h"

namespace tracia::http {
namespace {

const wire::Headers kText = {{"Content-Type", "text/plain"}};

// Echoes "METHOD path?query body".
void echo(Request& request, ResponseWriter writer) {
  writer.send(200, kText, request.method + " " + request.path + "?" + request.query + " " + request.body);
}

class ServerTest : public testing::Test {
 protected:
  void start(Handler handler, ServerOptions options = {}) {
    server_ = std::make_unique<Server>(std::move(options), std::move(handler));
    const Status started = server_->start();
    ASSERT_TRUE(started.has_value()) << started.error().message;
    ASSERT_NE(server_->port(), 0);
  }
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, answers_and_keeps_the_connection) {
  start(echo);
  RawClient client(server_->port());
  for (int i = 0; i < 3; ++i) {
    client.send("GET /a%20b?x=1&y HTTP/1.1\r\nHost: h\r\n\r\n");
    const std::string answer = client.read_answer();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
    EXPECT_TRUE(answer.ends_with("GET /a%20b?x=1&y ")) << answer;
    EXPECT_NE(answer.find("\r\nDate: "), std::string::npos);
  }
  EXPECT_EQ(server_->stats().requests, 3u);
  EXPECT_EQ(server_->stats().open, 1u);
}

TEST_F(ServerTest, reads_bodies_of_any_chunking) {
  start(echo);
  const std::string requests =
      "POST /l HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"
      "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: "
      "x\r\n\r\n"
      "\r\nGET /g HTTP/1.1\r\nHost: h\r\n\r\n";
  for (const size_t step : {size_t{1}, size_t{7}, requests.size()}) {
    RawClient client(server_->port());
    for (size_t i = 0; i < requests.size(); i += step) client.send(std::string_view(requests).substr(i, step));
    EXPECT_TRUE(client.read_answer().ends_with("POST /l? hello")) << step;
    EXPECT_TRUE(client.read_answer().ends_with("POST /c? abcde")) << step;
    EXPECT_TRUE(client.read_answer().ends_with("GET /g? ")) << step;
  }
}

TEST_F(ServerTest, pipelined_requests_are_answered_in_order_even_when_handlers_finish_later) {
  start([](Request& request, ResponseWriter writer) {
    const Millis delay(request.path == "/slow" ? 60 : 0);
    writer.after(delay, [writer, path = request.path]() mutable { writer.send(200, kText, path); });
  });
  RawClient client(server_->port());
  client.send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\nGET /fast HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(client.read_answer().ends_with("/slow"));
  EXPECT_TRUE(client.read_answer().ends_with("/fast"));
}

TEST_F(ServerTest, many_pipelined_requests_with_large_answers_do_not_lose_any) {
  start([](Request& request, ResponseWriter writer) {
    writer.send(200, kText, std::string(100'000, 'x') + request.path);
  });
  RawClient client(server_->port());
  std::thread sender([&] {
    for (int i = 0; i < 300; ++i) client.send("GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\n\r\n");
  });
  std::this_thread::sleep_for(Millis(100));
  for (int i = 0; i < 300; ++i) ASSERT_TRUE(client.read_answer().ends_with("x/" + std::to_string(i)));
  sender.join();
}

TEST_F(ServerTest, head_gets_no_body_and_close_is_honoured) {
  start(echo);
  RawClient client(server_->port());
  client.send("HEAD /h HTTP/1.1\r\nHost: h\r\n\r\nGET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  const std::string all = client.read_all();
  EXPECT_NE(all.find("Content-Length: 9\r\n"), std::string::npos) << all;
  EXPECT_EQ(all.find("HEAD /h"), std::string::npos);
  EXPECT_NE(all.find("Connection: close\r\n"), std::string::npos);
  EXPECT_TRUE(all.ends_with("GET /x? "));
  EXPECT_TRUE(client.ended());
}

TEST_F(ServerTest, http_1_0_peers_are_closed_unless_they_ask) {
  start(echo);
  RawClient old(server_->port());
  old.send("GET /o HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(old.read_all().ends_with("GET /o? "));
  RawClient keep(server_->port());
  keep.send("GET /k HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_NE(keep.read_answer().find("Connection: keep-alive"), std::string::npos);
  keep.send("GET /k2 HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(keep.read_all().ends_with("GET /k2? "));
}

TEST_F(ServerTest, expect_100_continue_is_answered_before_the_body) {
  start(echo);
  RawClient client(server_->port());
  client.send("POST /e HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("ok");
  EXPECT_TRUE(client.read_answer().ends_with("POST /e? ok"));
}

TEST_F(ServerTest, refuses_what_is_too_large_or_malformed_in_json_and_closes) {
  start(echo, {.header_bytes_max = 4096, .body_bytes_max = 1000});
  const auto answer_to = [&](std::string_view bytes) {
    RawClient client(server_->port());
    client.send(bytes);
    return client.read_all();
  };
  const std::string too_long = answer_to("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n");
  EXPECT_TRUE(too_long.starts_with("HTTP/1.1 413 ")) << too_long;
  EXPECT_NE(too_long.find(R"({"error":{"code":"PAYLOAD_TOO_LARGE")"), std::string::npos);
  EXPECT_TRUE(
      answer_to("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n500\r\n" + std::string(0x500, 'x'))
          .starts_with("HTTP/1.1 413 "));
  EXPECT_TRUE(
      answer_to("GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(5000, 'x') + "\r\n\r\n").starts_with("HTTP/1.1 431 "));
  EXPECT_TRUE(answer_to("GET /" + std::string(5000, 'x')).starts_with("HTTP/1.1 431 "));
  EXPECT_TRUE(answer_to("nonsense\r\n\r\n").starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(answer_to("GET / HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 400 "));  // no Host
  EXPECT_TRUE(answer_to("GET example HTTP/1.1\r\nHost: h\r\n\r\n").starts_with("HTTP/1.1 400 "));
  // Two readings of one request are how requests are smuggled.
  EXPECT_TRUE(
      answer_to("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
          .starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(answer_to("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd")
                  .starts_with("HTTP/1.1 400 "));
  EXPECT_EQ(server_->stats().requests, 0u);
}

TEST_F(ServerTest, a_refused_upload_still_reads_the_refusal) {
  start(echo, {.body_bytes_max = 1000});
  RawClient client(server_->port());
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4000000\r\n\r\n");
  std::thread sender([&] { client.send(std::string(4'000'000, 'x')); });
  const std::string answer = client.read_until("}}");
  sender.join();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 413 ")) << answer;
}

TEST_F(ServerTest, slow_requests_time_out_with_408_and_idle_connections_close) {
  start(echo, {.header_timeout = Millis(200), .body_timeout = Millis(200), .keep_alive_timeout = Millis(300)});
  RawClient header(server_->port()), body(server_->port()), idle(server_->port());
  header.send("GET / HTTP/1.1\r\n");
  body.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_TRUE(header.read_all().starts_with("HTTP/1.1 408 "));
  EXPECT_TRUE(body.read_all().starts_with("HTTP/1.1 408 "));
  EXPECT_EQ(idle.read_all(), "");
  EXPECT_TRUE(idle.ended());
}

TEST_F(ServerTest, streams_chunks_with_timers) {
  start([](Request&, ResponseWriter writer) {
    writer.begin(200, kText);
    writer.write("one");
    writer.after(Millis(20), [writer]() mutable {
      writer.write("two!");
      writer.end();
      writer.write("ignored");
    });
  });
  RawClient client(server_->port());
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  const std::string all = client.read_until("0\r\n\r\n");
  EXPECT_NE(all.find("Transfer-Encoding: chunked"), std::string::npos);
  EXPECT_TRUE(all.ends_with("\r\n\r\n3\r\none\r\n4\r\ntwo!\r\n0\r\n\r\n")) << all;
  client.send("GET / HTTP/1.0\r\n\r\n");
  const std::string old = client.read_all();
  EXPECT_TRUE(old.ends_with("\r\n\r\nonetwo!")) << old;
}

TEST_F(ServerTest, backpressure_reports_the_drain) {
  std::atomic<int> rounds{0};
  start([&](Request&, ResponseWriter writer) {
    writer.begin(200, kText);
    auto more = std::make_shared<std::function<void()>>();
    *more = [&rounds, writer, weak = std::weak_ptr(more)]() mutable {
      if (++rounds > 50) return writer.end();
      writer.write(std::string(1 << 20, 'x'));
      writer.on_drain([self = weak.lock()] { (*self)(); });
    };
    (*more)();
  });
  RawClient client(server_->port());
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  std::this_thread::sleep_for(Millis(100));
  EXPECT_LT(rounds.load(), 20);  // nobody read: the writer waited
  EXPECT_GT(client.read_until("0\r\n\r\n").size(), 50u << 20);
}

TEST_F(ServerTest, a_reader_that_does_not_read_is_cut_off_at_the_bound) {
  const auto closed = std::make_shared<std::atomic<bool>>(false);
  start(
      [closed](Request&, ResponseWriter writer) {
        writer.on_close([closed] { *closed = true; });
        writer.begin(200, kText);
        for (int i = 0; i < 100 && writer.open(); ++i) writer.write(std::string(1 << 20, 'x'));
      },
      {.stream_buffer_bytes_max = 4u << 20});
  RawClient client(server_->port());
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  client.read_all();
  EXPECT_TRUE(client.reset());
  for (int i = 0; i < 3000 && !*closed; ++i) std::this_thread::sleep_for(Millis(10));
  EXPECT_TRUE(*closed);
}

TEST_F(ServerTest, abort_resets_and_a_leaving_peer_is_noticed) {
  std::atomic<bool> closed{false};
  start([&](Request& request, ResponseWriter writer) {
    if (request.path == "/abort") {
      writer.begin(200, kText, 100);
      writer.write("half");
      return writer.after(Millis(20), [writer]() mutable { writer.abort(); });
    }
    writer.on_close([&closed] { closed = true; });  // and never answers
  });
  RawClient aborted(server_->port());
  aborted.send("GET /abort HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(aborted.read_all().ends_with("half"));
  EXPECT_TRUE(aborted.reset());
  {
    RawClient leaving(server_->port());
    leaving.send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
    std::this_thread::sleep_for(Millis(50));
  }
  for (int i = 0; i < 3000 && !closed; ++i) std::this_thread::sleep_for(Millis(10));
  EXPECT_TRUE(closed);
}

TEST_F(ServerTest, a_half_closed_peer_still_gets_an_answer_that_was_ready) {
  start(echo);
  RawClient client(server_->port());
  client.send("GET /last HTTP/1.1\r\nHost: h\r\n\r\n");
  client.finish_sending();
  EXPECT_TRUE(client.read_all().ends_with("GET /last? "));
}

TEST_F(ServerTest, other_threads_answer_through_post) {
  std::vector<std::thread> workers;
  start([&](Request&, ResponseWriter writer) {
    workers.emplace_back(
        [writer]() mutable { writer.post([writer]() mutable { writer.send(200, kText, "from elsewhere"); }); });
  });
  RawClient client(server_->port());
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(client.read_answer().ends_with("from elsewhere"));
  for (std::thread& worker : workers) worker.join();
}

TEST_F(ServerTest, header_values_cannot_split_the_answer) {
  start([](Request&, ResponseWriter writer) {
    writer.send(200, {{"X-Good", "1"}, {"X-Bad", "1\r\nSet-Cookie: evil"}, {"Content-Length", "999"}}, "ok");
  });
  RawClient client(server_->port());
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  const std::string answer = client.read_answer();
  EXPECT_NE(answer.find("X-Good: 1"), std::string::npos);
  EXPECT_EQ(answer.find("evil"), std::string::npos);
  EXPECT_EQ(answer.find("999"), std::string::npos);
}

TEST_F(ServerTest, stop_lets_answers_finish_and_closes_idle_connections) {
  std::promise<void> reached;
  start([&](Request&, ResponseWriter writer) {
    writer.after(Millis(150), [writer]() mutable { writer.send(200, kText, "done"); });
    reached.set_value();
  });
  RawClient busy(server_->port()), idle(server_->port());
  busy.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  reached.get_future().wait();
  const uint16_t port = server_->port();
  server_->stop(Millis(2000));
  const std::string answer = busy.read_all();
  EXPECT_TRUE(answer.ends_with("done")) << answer;
  EXPECT_NE(answer.find("Connection: close"), std::string::npos);
  EXPECT_EQ(idle.read_all(), "");
  EXPECT_FALSE(RawClient(port).connected());
}

TEST_F(ServerTest, stop_cuts_what_outlasts_the_grace) {
  std::promise<void> reached;
  start([&](Request&, ResponseWriter) { reached.set_value(); });  // never answers
  RawClient client(server_->port());
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  reached.get_future().wait();
  server_->stop(Millis(100));
  EXPECT_EQ(client.read_all(), "");
}

TEST_F(ServerTest, refuses_connections_over_the_bound_with_503) {
  start(echo, {.connections_max = 2});
  RawClient a(server_->port()), b(server_->port());
  for (RawClient* client : {&a, &b}) {
    client->send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    client->read_answer();
  }
  RawClient c(server_->port());
  EXPECT_TRUE(c.read_all().starts_with("HTTP/1.1 503 "));
  EXPECT_EQ(server_->stats().refused, 1u);
}

TEST_F(ServerTest, several_loops_share_the_connections) {
  std::mutex mutex;
  std::set<std::thread::id> threads;
  start(
      [&](Request&, ResponseWriter writer) {
        const std::lock_guard lock(mutex);
        threads.insert(std::this_thread::get_id());
        writer.send(200, kText, "ok");
      },
      {.threads = 3});
  for (int i = 0; i < 9; ++i) {
    RawClient client(server_->port());
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_TRUE(client.read_answer().ends_with("ok"));
  }
  EXPECT_EQ(threads.size(), 3u);
}

TEST(Server, says_what_is_wrong_with_an_address) {
  for (const char* listen : {"", "nohost", "::1:80", "127.0.0.1:x", "127.0.0.1:99999"}) {
    Server server({.listen = listen}, echo);
    const Status started = server.start();
    ASSERT_FALSE(started.has_value()) << listen;
    EXPECT_NE(started.error().message.find("HOST:PORT"), std::string::npos) << started.error().message;
  }
  Server first({}, echo);
  ASSERT_TRUE(first.start().has_value());
  Server second({.listen = first.address()}, echo);
  const Status started = second.start();
  ASSERT_FALSE(started.has_value());
  EXPECT_NE(started.error().message.find("choose another port"), std::string::npos);
}

TEST(QueryParameter, is_decoded) {
  EXPECT_EQ(query_parameter("alt=sse&key=a%2Fb+c", "key"), "a/b c");
  EXPECT_EQ(query_parameter("alt=sse&flag", "flag"), "");
  EXPECT_EQ(query_parameter("alt=sse", "key"), std::nullopt);
}

TEST_F(ServerTest, answers_that_asked_are_told_when_the_server_begins_to_stop) {
  std::atomic<int> begun{0};
  start([&](Request&, ResponseWriter writer) {
    writer.begin(200, kText);
    writer.write("on");
    writer.on_stop([writer]() mutable {
      writer.write("-and-off");
      writer.end();
    });
    ++begun;
  });
  RawClient client(server_->port());
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  client.read_until("on\r\n");
  server_->stop(Millis(30'000));
  EXPECT_NE(client.read_all().find("-and-off\r\n0\r\n\r\n"), std::string::npos);
  EXPECT_EQ(begun, 1);
}

TEST_F(ServerTest, an_answer_that_asks_late_is_told_at_once_that_the_server_stops) {
  start([](Request&, ResponseWriter writer) {
    writer.begin(200, kText);
    writer.on_stop([writer]() mutable {
      writer.on_stop([writer]() mutable {
        writer.write("told-twice");
        writer.end();
      });
    });
  });
  RawClient client(server_->port());
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  client.read_until("\r\n\r\n");
  server_->stop(Millis(30'000));
  EXPECT_NE(client.read_all().find("told-twice\r\n0\r\n\r\n"), std::string::npos);
}

TEST_F(ServerTest, requests_that_the_shell_refuses_are_told_of) {
  std::mutex mutex;
  std::vector<int> refused;
  start(echo, {.header_bytes_max = 4096, .on_refused = [&](int status, std::string_view peer) {
                 const std::lock_guard lock(mutex);
                 EXPECT_TRUE(peer.starts_with("127.0.0.1:"));
                 refused.push_back(status);
               }});
  for (const std::string& bad : {std::string("GET / HTTP/1.1\r\n\r\n"), std::string("no request\r\n\r\n"),
                                 "GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(8192, 'x') + "\r\n\r\n"}) {
    RawClient client(server_->port());
    client.send(bad);
    client.read_answer();
  }
  server_->stop(Millis(0));
  EXPECT_EQ(refused, (std::vector<int>{400, 400, 431}));
}

}  // namespace
}  // namespace tracia::http
