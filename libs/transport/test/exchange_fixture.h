// Runs one exchange either way, so that a test says a behaviour once and it is checked for perform() and start().
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <string>

#include "raw_server.h"
#include "tracia/transport/transport.h"

namespace tracia::transport::test {

enum class Way { kPerform, kStart };

struct Recorder final : ResponseHandler {
  void on_head(wire::HttpResponseHead got) override {
    ++heads;
    head = std::move(got);
    if (when_head) when_head();
  }
  bool on_body(std::string_view bytes) override {
    body.append(bytes);
    if (when_body) when_body();
    return !stop_after || body.size() < *stop_after;
  }
  int heads = 0;
  wire::HttpResponseHead head;
  std::string body;
  std::optional<size_t> stop_after;
  std::function<void()> when_head;
  std::function<void()> when_body;
};

inline wire::HttpRequest post(std::string url, std::string body = "{}") {
  return {.method = "POST",
          .url = std::move(url),
          .headers = {{"Content-Type", "application/json"}},
          .body = std::move(body)};
}

class ExchangeTest : public testing::TestWithParam<Way> {
 protected:
  Outcome run(Transport& transport, const wire::HttpRequest& request, const ExchangeOptions& options = {},
              std::shared_ptr<Recorder> recorder = nullptr) {
    last = recorder ? recorder : std::make_shared<Recorder>();
    if (GetParam() == Way::kPerform) return transport.perform(request, options, *last);
    std::promise<Outcome> promise;
    transport.start(request, options, last, [&](Outcome outcome) { promise.set_value(std::move(outcome)); });
    return promise.get_future().get();
  }
  std::shared_ptr<Recorder> last;  // of the last run()
};

inline std::string way_name(const testing::TestParamInfo<Way>& info) {
  return info.param == Way::kPerform ? "Perform" : "Start";
}

#define TRACIA_BOTH_WAYS(suite) \
  INSTANTIATE_TEST_SUITE_P(BothWays, suite, testing::Values(Way::kPerform, Way::kStart), way_name)

#define EXPECT_FAILS(outcome, code_, kind_)                                                    \
  do {                                                                                         \
    const Outcome checked = (outcome);                                                         \
    ASSERT_FALSE(checked.status.has_value());                                                  \
    EXPECT_EQ(error_code_name(checked.status.error().code), error_code_name(ErrorCode::code_)) \
        << checked.status.error().message;                                                     \
    EXPECT_EQ(error_kind_name(checked.status.error().kind), error_kind_name(ErrorKind::kind_)) \
        << checked.status.error().message;                                                     \
  } while (0)

}  // namespace tracia::transport::test
