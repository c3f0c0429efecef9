// Who may let go of what, and when.
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "client_fixture.h"

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TRACIA_TSAN 1
#endif
#endif

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

#ifndef TRACIA_TSAN  // which forbids threads in the child of a fork
TEST_F(Lifetime, AForkedChildUsesAClientWhoseCallsRunInTheParent) {
  provider_.on("POST", kChatPath, [](const FakeRequest& request) {
    return request.body.find("stay") != std::string::npos ? silent() : chat_answer("one");
  });
  auto staying = hello();
  staying.messages = {user("stay")};
  client();
  std::thread blocked([&] { EXPECT_EQ(client().run_local(staying).error().code, ErrorCode::kAborted); });
  ASSERT_TRUE(provider_.wait_for_requests(1));
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(20);
    const bool answered = client().run_local(hello()).has_value();
    client().cancel_all();
    client_.reset();
    ::_exit(answered ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  client().cancel_all();
  blocked.join();
}
#endif

TEST_F(Lifetime, NothingOfAClientIsLeftOnTheLoopOnceItIsGone) {
  provider_.on("POST", kChatPath, chat_stream({"a"}));
  server_.on("GET", "/api/v1/prompts", FakeResponse{.body = "{}"});
  for (int round = 0; round < 100; ++round) {
    auto with = options();
    with.send_traces = false;
    with.transport = std::make_shared<transport::Transport>();
    const std::weak_ptr<transport::Transport> transport = with.transport;
    auto client = std::make_unique<Client>(std::move(with));
    std::promise<void> ended;
    if (round % 3 == 0) {
      client->run_local_async(hello(), [&](auto) { ended.set_value(); });
    } else if (round % 3 == 1) {
      client->request_async({.path = "/api/v1/prompts"}, [&](auto) { ended.set_value(); });
    } else {
      auto stream = client->prompts().run_stream("welcome-email");
      ASSERT_TRUE(stream);
      stream->on_finished([&] { ended.set_value(); });
      ended.get_future().wait();
    }
    if (round % 3 != 2) ended.get_future().wait();
    client.reset();  // the callback has run, the loop may be about to let go of the call
    EXPECT_TRUE(transport.expired());
  }
}

TEST_F(Lifetime, AClientMayGoInsideTheCallbackOfARequestOrAStream) {
  server_.on("GET", "/api/v1/prompts", FakeResponse{.body = "{}"});
  provider_.on("POST", kChatPath, chat_stream({"a"}));
  for (int round = 0; round < 30; ++round) {
    auto client = std::make_unique<Client>(options());
    std::optional<Result<LocalStream>> local;
    std::optional<Result<PromptStream>> prompt;
    std::promise<void> started, gone;
    const auto drop = [&] {
      started.get_future().wait();
      client.reset();
      gone.set_value();
    };
    if (round % 3 == 0) {
      client->request_async({.path = "/api/v1/prompts"}, [&](auto) { drop(); });
      started.set_value();
    } else if (round % 3 == 1) {
      local.emplace(client->run_local_stream(hello()));
      started.set_value();
      (*local)->on_ready(drop);
    } else {
      prompt.emplace(client->prompts().run_stream("welcome-email"));
      started.set_value();
      (*prompt)->on_ready(drop);
    }
    gone.get_future().wait();
    if (local) (*local)->result();
    if (prompt) (*prompt)->result();
  }
}

}  // namespace
}  // namespace tracia
