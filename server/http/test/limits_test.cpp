// Many connections, slow peers, and peers that read too little.
#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "raw_client.h"
#include "tracia/http/server.h"

namespace tracia::http {
namespace {

class LimitsTest : public testing::Test {
 protected:
  void start(Handler handler, ServerOptions options = {}) {
    server_ = std::make_unique<Server>(std::move(options), std::move(handler));
    ASSERT_TRUE(server_->start().has_value());
  }
  template <typename Condition>
  static bool eventually(Condition condition) {
    for (const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
         std::chrono::steady_clock::now() < deadline; std::this_thread::sleep_for(std::chrono::milliseconds(1))) {
      if (condition()) return true;
    }
    return false;
  }
  std::unique_ptr<Server> server_;
};

void echo(Request& request, ResponseWriter writer) { writer.send(200, {}, request.path + request.body); }

TEST_F(LimitsTest, starting_raises_the_limit_of_open_files) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const rlim_t hard = limit.rlim_max;
  limit.rlim_cur = std::min<rlim_t>(256, hard);
  setrlimit(RLIMIT_NOFILE, &limit);
  start(echo);
  getrlimit(RLIMIT_NOFILE, &limit);
  EXPECT_EQ(limit.rlim_cur, hard);
}

TEST_F(LimitsTest, a_thousand_idle_connections_leave_room_for_work) {
  start(echo, {.threads = 2});
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const size_t count = std::min<size_t>(1000, (static_cast<size_t>(limit.rlim_cur) - 100) / 2);  // both ends are here
  std::vector<std::unique_ptr<RawClient>> idle;
  for (size_t i = 0; i < count; ++i) {
    idle.push_back(std::make_unique<RawClient>(server_->port()));
    ASSERT_TRUE(idle.back()->connected()) << i;
    if (i % 2 == 0) idle.back()->send("GET /slow");  // half of them with half a request
  }
  EXPECT_TRUE(eventually([&] { return server_->stats().open == count; })) << server_->stats().open;
  RawClient late(server_->port());
  late.send("GET /late HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(late.read_answer().ends_with("/late"));
  idle[0]->send("-one HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(idle[0]->read_answer().ends_with("/slow-one"));
  idle.clear();
  EXPECT_TRUE(eventually([&] { return server_->stats().open == 1; }));
}

TEST_F(LimitsTest, a_connection_that_gave_its_buffers_back_still_works) {
  start(echo, {.header_timeout = Millis(1), .buffer_keep_time = Millis(0)});
  RawClient client(server_->port());
  for (int i = 0; i < 3; ++i) {
    client.send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
    EXPECT_TRUE(client.read_answer().ends_with("/a"));
    RawClient late(server_->port());  // cut by the sweep that takes the buffers as well
    late.send("GET");
    EXPECT_TRUE(late.read_answer().starts_with("HTTP/1.1 408 "));
  }
}

TEST_F(LimitsTest, a_body_that_drips_is_cut_although_it_never_pauses) {
  start(echo, {.body_timeout = Millis(30'000), .request_timeout = Millis(200)});
  RawClient client(server_->port());
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n");
  std::atomic<bool> stop{false};
  std::thread drip([&] {
    while (!stop && client.send("x")) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  });
  EXPECT_TRUE(client.read_answer().starts_with("HTTP/1.1 408 "));
  stop = true;
  drip.join();
}

TEST_F(LimitsTest, a_peer_that_reads_nothing_of_a_stream_is_cut) {
  std::atomic<bool> cut{false};
  start(
      [&](Request&, ResponseWriter writer) {
        writer.on_close([&] { cut = true; });
        writer.begin(200, {});
        writer.write(std::string(12u << 20, 's'));  // more than the kernel's buffers, less than the server's bound
      },
      {.write_timeout = Millis(100)});
  RawClient client(server_->port());
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(eventually([&] { return cut.load(); }));
  EXPECT_TRUE(eventually([&] { return server_->stats().open == 0; }));
}

// In-use bytes of malloc; 0 where a sanitizer has put another in its place.
size_t in_use() {
  const auto info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

TEST_F(LimitsTest, a_connection_that_stays_gives_back_the_room_of_a_large_answer) {
  constexpr size_t kLarge = 16u << 20;
  start([&](Request& request, ResponseWriter writer) {
    writer.send(200, {}, std::string(request.path == "/large" ? kLarge : 2, 'a'));
  });
  RawClient client(server_->port());
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(client.read_answer().ends_with("aa"));
  const size_t before = in_use();
  client.send("GET /large HTTP/1.1\r\nHost: h\r\n\r\n");
  // Read and forgotten: the client's buffer would be in use as well.
  std::array<char, 65536> bytes;
  ssize_t head = 0;
  while (head <= 0 || std::string_view(bytes.data(), static_cast<size_t>(head)).find("\r\n\r\n") == std::string::npos) {
    head = ::recv(client.fd(), bytes.data(), bytes.size(), MSG_PEEK);
    ASSERT_GT(head, 0);
  }
  size_t left = std::string_view(bytes.data(), static_cast<size_t>(head)).find("\r\n\r\n") + 4 + kLarge;
  while (left > 0) {
    const ssize_t n = ::recv(client.fd(), bytes.data(), std::min(left, bytes.size()), 0);
    ASSERT_GT(n, 0);
    left -= static_cast<size_t>(n);
  }
  // Busy all the time: idle connections give back everything anyway.
  const auto busy = [&] {
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    return client.read_answer().ends_with("aa");
  };
  EXPECT_TRUE(eventually([&] { return !busy() || in_use() < before + kLarge / 4; })) << in_use() - before;
  EXPECT_TRUE(busy());
}

}  // namespace
}  // namespace tracia::http
