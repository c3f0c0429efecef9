#include "notify.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <filesystem>

namespace tracia::app {
namespace {

// The manager's end: a datagram socket at `name`, whose first byte may be 0.
class Manager {
 public:
  explicit Manager(const std::string& name) : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    std::memcpy(at.sun_path, name.data(), name.size());
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    EXPECT_EQ(::bind(fd_, reinterpret_cast<const sockaddr*>(&at), length), 0) << std::strerror(errno);
  }
  ~Manager() { ::close(fd_); }
  // What has come; "" when nothing did.
  std::string received() const {
    std::array<char, 64> buffer;
    const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    return got < 0 ? "" : std::string(buffer.data(), static_cast<size_t>(got));
  }

 private:
  int fd_;
};

TEST(Notify, reaches_a_socket_in_the_file_system) {
  std::string folder = (std::filesystem::temp_directory_path() / "tracia_test_XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  {
    const Manager manager(folder + "/notify");
    EXPECT_TRUE(notify(folder + "/notify", "READY=1"));
    EXPECT_EQ(manager.received(), "READY=1");
  }
  std::filesystem::remove_all(folder);
}

TEST(Notify, reaches_an_abstract_socket) {
  const std::string name = "tracia_test_" + std::to_string(::getpid());
  const Manager manager(std::string(1, '\0') + name);
  EXPECT_TRUE(notify("@" + name, "STOPPING=1"));
  EXPECT_EQ(manager.received(), "STOPPING=1");
}

TEST(Notify, says_no_where_nobody_listens_or_the_address_is_none) {
  EXPECT_FALSE(notify("/nonexistent/notify", "READY=1"));
  for (const std::string address : {"", "/", "@", "relative", "vsock:2:1234"}) {
    EXPECT_FALSE(notify(address, "READY=1")) << address;
  }
  EXPECT_FALSE(notify("/" + std::string(sizeof(sockaddr_un::sun_path), 'x'), "READY=1"));
}

}  // namespace
}  // namespace tracia::app
