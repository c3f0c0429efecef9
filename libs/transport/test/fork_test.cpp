// A child of fork() uses the transport it inherited, and leaves its parent's connections alone.
#include <sys/wait.h>
#include <unistd.h>

#include "exchange_fixture.h"

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TRACIA_NO_FORK 1
#endif
#endif

namespace tracia::transport::test {
namespace {

class Fork : public ExchangeTest {
 protected:
  void SetUp() override {
#ifdef TRACIA_NO_FORK
    GTEST_SKIP() << "the thread sanitizer does not follow threads made after a fork";
#endif
  }
  // Runs `body` in a child; whether it returned true.
  static bool in_child(const std::function<bool()>& body) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(body() ? 0 : 1);
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }
};
TRACIA_BOTH_WAYS(Fork);

TEST_P(Fork, TheChildMakesItsOwnConnectionAndTheParentKeepsItsOwn) {
  RawServer server(answer_all("x"));
  auto transport = std::make_unique<Transport>();
  ASSERT_TRUE(run(*transport, post(server.url())).status);
  EXPECT_TRUE(in_child([&] {
    const Outcome first = run(*transport, post(server.url()));
    const Outcome second = run(*transport, post(server.url()));
    const bool good =
        first.status && !first.timings.reused_connection && second.status && second.timings.reused_connection;
    transport.reset();
    return good;
  }));
  const Outcome after = run(*transport, post(server.url()));
  ASSERT_TRUE(after.status);
  EXPECT_TRUE(after.timings.reused_connection);
  EXPECT_EQ(server.connections(), 2);
}

TEST_P(Fork, LeavesTheParentsTlsConnectionWhole) {
  const TlsIdentity identity = make_certificate({});
  const std::string ca_file = testing::TempDir() + "tracia_fork_ca_" + std::to_string(::getpid());
  std::FILE* file = std::fopen(ca_file.c_str(), "w");
  std::fwrite(identity.certificate.data(), 1, identity.certificate.size(), file);
  std::fclose(file);
  RawServer server(answer_all("x"), &identity);
  auto transport = std::make_unique<Transport>(Options{.ca_file = ca_file});
  ASSERT_TRUE(run(*transport, post(server.url())).status);
  EXPECT_TRUE(in_child([&] {
    const bool good = run(*transport, post(server.url())).status.has_value();
    transport.reset();
    return good;
  }));
  const Outcome after = run(*transport, post(server.url()));
  ASSERT_TRUE(after.status);
  EXPECT_TRUE(after.timings.reused_connection);
  std::remove(ca_file.c_str());
}

TEST_P(Fork, WhileExchangesRunLeavesThemToTheParent) {
  std::promise<void> asked;
  std::promise<void> go;
  RawServer server([&](Peer& peer) {
    if (peer.read_request().find("/slow") != std::string::npos) {
      asked.set_value();
      go.get_future().get();
    }
    peer.send(ok("x"));
  });
  auto transport = std::make_unique<Transport>();
  std::promise<Outcome> slow;
  std::thread caller([&] { slow.set_value(run(*transport, post(server.url("/slow")))); });
  asked.get_future().get();
  EXPECT_TRUE(in_child([&] {
    Recorder recorder;
    const bool good = transport->perform(post(server.url()), {}, recorder).status.has_value();
    transport.reset();
    return good;
  }));
  go.set_value();
  EXPECT_TRUE(slow.get_future().get().status);
  caller.join();
}

TEST_P(Fork, ACancelInTheParentClosesTheConnectionThoughAChildLives) {
  std::promise<bool> closed;
  std::promise<void> asked;
  RawServer server([&](Peer& peer) {
    peer.read_request();
    asked.set_value();
    closed.set_value(peer.wait_closed());
  });
  Transport transport;
  ExchangeOptions options;
  std::thread caller([&] { EXPECT_FAILS(run(transport, post(server.url()), options), kAborted, kAborted); });
  asked.get_future().get();
  int hold[2];
  ASSERT_EQ(::pipe(hold), 0);
  const pid_t child = ::fork();
  if (child == 0) {  // lives until the parent closes its end
    ::close(hold[1]);
    char byte = 0;
    [[maybe_unused]] const auto n = ::read(hold[0], &byte, 1);
    ::_exit(0);
  }
  options.cancel.cancel();
  EXPECT_TRUE(closed.get_future().get());
  caller.join();
  ::close(hold[0]);
  ::close(hold[1]);
  int status = 0;
  ::waitpid(child, &status, 0);
}

}  // namespace
}  // namespace tracia::transport::test
