#include "tracia/store_sqlite/control_socket.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <future>
#include <thread>
#include <vector>

#include "temp_dir.h"

namespace tracia::store_sqlite {
namespace {

using SendProgress = ControlSocket::SendProgress;

std::string echo(std::string_view request, const SendProgress&) { return "got " + std::string(request); }

class ControlSocketTest : public testing::Test {
 protected:
  std::filesystem::path file() const { return dir_.path() / "control.sock"; }
  // A client that does what it likes.
  int raw_client() {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    std::strcpy(address.sun_path, file().c_str());
    EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    return fd;
  }
  static std::string read_to_end(int fd) {
    std::string all;
    char chunk[1024];
    for (ssize_t got; (got = ::read(fd, chunk, sizeof chunk)) > 0;) all.append(chunk, static_cast<size_t>(got));
    return all;
  }
  TempDir dir_;
};

TEST_F(ControlSocketTest, AnswersWhatItIsAsked) {
  const auto server = ControlSocket::open(dir_.path(), echo);
  ASSERT_TRUE(server) << server.error().message;
  EXPECT_EQ(*ask(dir_.path(), R"({"op":"ping"})"), R"(got {"op":"ping"})");
  EXPECT_EQ(*ask(dir_.path(), "again"), "got again");
}

TEST_F(ControlSocketTest, IsOnlyItsOwners) {
  const auto server = ControlSocket::open(dir_.path(), echo);
  struct stat info{};
  ASSERT_EQ(::stat(file().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(ControlSocketTest, ProgressComesInOrderBeforeTheAnswer) {
  const auto server = ControlSocket::open(dir_.path(), [](std::string_view, const SendProgress& progress) {
    for (const char* line : {"one", "two", "three"}) EXPECT_TRUE(progress(line));
    return std::string("done");
  });
  std::vector<std::string> lines;
  EXPECT_EQ(*ask(dir_.path(), "go", [&](std::string_view line) { lines.emplace_back(line); }), "done");
  EXPECT_EQ(lines, (std::vector<std::string>{"one", "two", "three"}));
}

TEST_F(ControlSocketTest, NobodyListeningIsNotFound) {
  EXPECT_EQ(ask(dir_.path(), "x").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(ask(dir_.path() / "missing", "x").error().code, ErrorCode::kNotFound);
  {
    const auto server = ControlSocket::open(dir_.path(), echo);
  }
  EXPECT_FALSE(std::filesystem::exists(file()));
  EXPECT_EQ(ask(dir_.path(), "x").error().code, ErrorCode::kNotFound);
}

TEST_F(ControlSocketTest, OfAServerThatWasKilledIsNotFoundThenReplaced) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  std::strcpy(address.sun_path, file().c_str());
  ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ::close(fd);  // the name stays
  EXPECT_EQ(ask(dir_.path(), "x").error().code, ErrorCode::kNotFound);
  const auto server = ControlSocket::open(dir_.path(), echo);
  ASSERT_TRUE(server) << server.error().message;
  EXPECT_EQ(*ask(dir_.path(), "x"), "got x");
}

TEST_F(ControlSocketTest, WorksInAFolderWhosePathNoSocketAddressCouldHold) {
  std::filesystem::path deep = dir_.path();
  for (int i = 0; i < 5; ++i) deep /= std::string(60, 'd');
  std::filesystem::create_directories(deep);
  const auto server = ControlSocket::open(deep, echo);
  ASSERT_TRUE(server) << server.error().message;
  EXPECT_EQ(*ask(deep, "x"), "got x");
}

TEST_F(ControlSocketTest, ARequestOverItsBoundNeverReachesTheHandler) {
  std::atomic<int> calls{0};
  const auto server = ControlSocket::open(dir_.path(), [&](std::string_view, const SendProgress&) {
    ++calls;
    return std::string("ok");
  });
  EXPECT_EQ(ask(dir_.path(), std::string(kControlRequestBytesMax + 1, 'x')).error().code, ErrorCode::kInvalidRequest);
  EXPECT_EQ(ask(dir_.path(), "two\nlines").error().code, ErrorCode::kInvalidRequest);
  const int fd = raw_client();
  const std::string flood(kControlRequestBytesMax + 8192, 'x');
  (void)!::send(fd, flood.data(), flood.size(), MSG_NOSIGNAL);
  EXPECT_EQ(read_to_end(fd), "");
  ::close(fd);
  EXPECT_EQ(calls, 0);
  EXPECT_EQ(*ask(dir_.path(), std::string(kControlRequestBytesMax, 'x')), "ok");
}

TEST_F(ControlSocketTest, AClientThatSaysNothingHoldsUpNobody) {
  const auto server = ControlSocket::open(dir_.path(), echo);
  const int silent = raw_client();
  EXPECT_EQ(*ask(dir_.path(), "x"), "got x");
  ::close(silent);
}

TEST_F(ControlSocketTest, ALongRequestHoldsUpNobody) {
  std::promise<void> release;
  const auto server =
      ControlSocket::open(dir_.path(), [until = release.get_future().share()](std::string_view request, const auto&) {
        if (request == "long") until.wait();
        return std::string(request);
      });
  auto slow = std::async(std::launch::async, [&] { return *ask(dir_.path(), "long"); });
  EXPECT_EQ(*ask(dir_.path(), "short"), "short");
  release.set_value();
  EXPECT_EQ(slow.get(), "long");
}

TEST_F(ControlSocketTest, AClientThatLeavesIsNoticedAndTheNextIsServed) {
  std::atomic<bool> noticed{false};
  const auto server = ControlSocket::open(dir_.path(), [&](std::string_view request, const SendProgress& progress) {
    if (request == "leave") {
      const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
      while (!noticed && std::chrono::steady_clock::now() < deadline) noticed = !progress("more");
    }
    return std::string("ok");
  });
  const int fd = raw_client();
  (void)!::send(fd, "leave\n", 6, MSG_NOSIGNAL);
  ::close(fd);
  EXPECT_EQ(*ask(dir_.path(), "x"), "ok");
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!noticed && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_TRUE(noticed);
}

TEST_F(ControlSocketTest, ManyClientsAllGetTheirOwnAnswer) {
  const auto server = ControlSocket::open(dir_.path(), echo);
  std::vector<std::thread> threads;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&, i] {
      for (int n = 0; n < 10; ++n) {
        const std::string request = std::to_string(i) + ":" + std::to_string(n);
        const auto answer = ask(dir_.path(), request);
        ASSERT_TRUE(answer) << answer.error().message;
        EXPECT_EQ(*answer, "got " + request);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace tracia::store_sqlite
