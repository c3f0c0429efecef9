// Who may let go of what, and when.
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "client_fixture.h"

namespace tracia {
namespace {

using Lifetime = ClientTest;

FakeResponse silent() { return {.stall = true}; }

TEST_F(Lifetime, AClientMayGoInsideACallbackOfItsOwn) {
  provider_.on("POST", kChatPath, [](const FakeRequest& request) {
    return request.body.find("stay") != std::string::npos ? silent() : chat_answer("one");
  });
  auto client = std::make_unique<Client>(options());
  auto staying = hello();
  staying.messages = {user("stay")};
  auto other = client->run_local_async(staying);
  ASSERT_TRUE(provider_.wait_for_requests(1));
  std::promise<void> started;
  std::promise<void> gone;
  client->run_local_async(hello(), [&](Result<RunLocalResult> result) {
    EXPECT_TRUE(result);
    started.get_future().wait();  // this thread is done with the client's members only then
    client.reset();
    gone.set_value();
  });
  started.set_value();
  gone.get_future().wait();
  EXPECT_EQ(other.get().error().code, ErrorCode::kAborted);
}

TEST_F(Lifetime, AnErrorOfTheInputArrivesThoughTheClientGoesAtOnce) {
  std::vector<std::future<Result<RunLocalResult>>> futures;
  for (int i = 0; i < 50; ++i) {
    Client doomed(options());
    futures.push_back(doomed.run_local_async({.model = ""}));
  }
  for (auto& future : futures) {
    const auto result = future.get();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kInvalidRequest);
  }
}

TEST_F(Lifetime, EndingOneCallLeavesTheCallersTokenAndItsOtherCallsAlone) {
  FakeResponse slow = chat_stream({"a", "b"});
  slow.delay = Millis{200};
  provider_.on("POST", kChatPath, slow);
  const CancelToken token;
  auto input = hello();
  input.cancel = token;
  auto one = client().run_local_stream(input);
  auto two = client().run_local_stream(input);
  auto handle = client().run_local_async(input, [](auto) {});
  ASSERT_TRUE(one && two);
  one->abort();
  handle.cancel();
  EXPECT_FALSE(token.cancelled());
  const auto result = two->result();
  ASSERT_TRUE(result);
  EXPECT_FALSE(result->aborted);
  EXPECT_EQ(result->text, "ab");

  auto three = client().run_local_stream(input);
  token.cancel();
  ASSERT_TRUE(three->result());
  EXPECT_TRUE(three->result()->aborted);
}

TEST_F(Lifetime, AForkedChildLetsGoOfAClientWhoseStreamRunsInTheParent) {
  provider_.on("POST", kChatPath, silent());
  auto stream = client().run_local_stream(hello());
  ASSERT_TRUE(provider_.wait_for_requests(1));
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(5);
    client_.reset();
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

}  // namespace
}  // namespace tracia
