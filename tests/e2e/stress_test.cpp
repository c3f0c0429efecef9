// The client against a provider that fails in every way, from many threads, in every form: results always come, each
// call leaves its span exactly once, and nothing hangs or leaks when clients go in the middle. Run under ASan and TSan.
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <thread>

#include "tracia/base/compress.h"
#include "tracia/json/reader.h"
#include "tracia/simulate/simulator.h"
#include "tracia/tracia.h"

namespace tracia {
namespace {

constexpr const char* kChatModels[] = {"gpt-4o", "claude-sonnet-4-5", "gemini-2.5-flash", "amazon.nova-pro-v1:0"};
constexpr const char* kEmbeddingModels[] = {"text-embedding-3-small", "gemini-embedding-001",
                                            "amazon.titan-embed-text-v2:0", "voyage-3"};

// Counts how often each span arrives.
class CountingSender final : public record::Sender {
 public:
  record::PostResult post(std::string_view, std::string_view body, bool gzipped, Millis) override {
    const std::string plain = gzipped ? gunzip(body, 64u << 20).value_or("[]") : std::string(body);
    json::Document document;
    const auto root = document.parse(plain);
    const std::lock_guard lock(mutex_);
    for (const json::Value span : root->items()) {
      ++spans_[span["spanId"].text()];
      EXPECT_GE(span["latencyMs"].integer().value_or(-1), 0);
      EXPECT_LT(span["latencyMs"].integer().value_or(1 << 30), 60'000);
    }
    return {.status = 200, .body = "{}"};
  }
  void cancel() override {}

  size_t size() {
    const std::lock_guard lock(mutex_);
    return spans_.size();
  }
  int count(const std::string& span_id) {
    const std::lock_guard lock(mutex_);
    const auto found = spans_.find(span_id);
    return found == spans_.end() ? 0 : found->second;
  }
  int most() {
    const std::lock_guard lock(mutex_);
    int most = 0;
    for (const auto& [id, count] : spans_) most = std::max(most, count);
    return most;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, int> spans_;
};

class Stress : public ::testing::Test {
 protected:
  void start(simulate::SimulatorOptions options) {
    options.listen = "127.0.0.1:0";
    simulator_ = std::make_unique<simulate::Simulator>(options);
    ASSERT_TRUE(simulator_->start());
  }
  ClientOptions options() {
    const std::string url = simulator_->base_url();
    const std::map<std::string, std::string> env{{"OPENAI_BASE_URL", url + "/v1"},
                                                 {"OPENAI_API_KEY", "sim-key-1"},
                                                 {"ANTHROPIC_BASE_URL", url},
                                                 {"ANTHROPIC_API_KEY", "sim-key-2"},
                                                 {"GOOGLE_GEMINI_BASE_URL", url},
                                                 {"GEMINI_API_KEY", "sim-key-3"},
                                                 {"AWS_ENDPOINT_URL_BEDROCK_RUNTIME", url},
                                                 {"AWS_ACCESS_KEY_ID", "AKIASIM"},
                                                 {"AWS_SECRET_ACCESS_KEY", "sim-key-4"},
                                                 {"VOYAGE_BASE_URL", url + "/v1"},
                                                 {"VOYAGE_API_KEY", "sim-key-5"}};
    ClientOptions options;
    options.env = [env](std::string_view name) -> std::optional<std::string> {
      const auto found = env.find(std::string(name));
      return found == env.end() ? std::nullopt : std::optional(found->second);
    };
    options.span_sender = sender_;
    options.sample_rate = 1.0;
    return options;
  }
  static RunLocalInput chat(size_t i) {
    return {.model = kChatModels[i % std::size(kChatModels)],
            .messages = {user("Question " + std::to_string(i))},
            .timeout_ms = 400,
            .max_retries = 0};
  }
  static RunEmbeddingInput embedding(size_t i) {
    return {.model = kEmbeddingModels[i % std::size(kEmbeddingModels)],
            .input = {"Text " + std::to_string(i)},
            .timeout_ms = 400,
            .max_retries = 0};
  }

  std::shared_ptr<CountingSender> sender_ = std::make_shared<CountingSender>();
  std::unique_ptr<simulate::Simulator> simulator_;
};

simulate::SimulatorOptions faults() {
  simulate::SimulatorOptions options;
  options.fail_status = {{429, 0.1}, {500, 0.1}, {400, 0.05}};
  options.fail_cut = 0.15;
  options.fail_malformed = 0.15;
  options.fail_stall = 0.05;
  options.fail_slow = 0.05;
  options.slow = Millis{100};
  return options;
}

TEST_F(Stress, EveryFormOverEveryFaultEndsAndLeavesOneSpan) {
  start(faults());
  constexpr size_t kThreads = 8, kCalls = 40;
  std::atomic<size_t> answered{0}, failed{0}, ended{0};
  const auto seen = [&](const auto& result) {
    result ? ++answered : ++failed;
    ++ended;
  };
  {
    Client client(options());
    std::vector<std::thread> threads;
    for (size_t t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (size_t i = 0; i < kCalls; ++i) {
          const size_t n = t * kCalls + i;
          switch (i % 5) {
            case 0: seen(client.run_local(chat(n))); break;
            case 1: {
              auto stream = client.run_local_stream(chat(n));
              ASSERT_TRUE(stream);
              while (stream->next()) {
              }
              seen(stream->result());
              break;
            }
            case 2: seen(client.run_embedding(embedding(n))); break;
            case 3: seen(client.run_local_async(chat(n)).get()); break;
            default: client.run_local_async(chat(n), [&](Result<RunLocalResult> result) { seen(result); }); break;
          }
        }
      });
    }
    for (auto& thread : threads) thread.join();
    for (int wait = 0; wait < 400 && ended < kThreads * kCalls; ++wait) std::this_thread::sleep_for(Millis{10});
    EXPECT_TRUE(client.flush(Millis{10'000}));
  }
  EXPECT_EQ(ended, kThreads * kCalls);
  EXPECT_GT(answered, 0u);
  EXPECT_GT(failed, 0u);
  EXPECT_EQ(sender_->size(), kThreads * kCalls);
  EXPECT_EQ(sender_->most(), 1);
}

TEST_F(Stress, AbortedAndDroppedStreamsLeaveOneSpanEach) {
  simulate::SimulatorOptions slow;
  slow.chunk_delay = *simulate::Distribution::parse("2ms");
  start(slow);
  std::vector<std::string> ids;
  std::mutex mutex;
  {
    Client client(options());
    std::vector<std::thread> threads;
    for (size_t t = 0; t < 6; ++t) {
      threads.emplace_back([&, t] {
        std::minstd_rand random(static_cast<unsigned>(t + 1));
        for (size_t i = 0; i < 25; ++i) {
          auto input = chat(t * 25 + i);
          input.timeout_ms = 10'000;
          auto stream = client.run_local_stream(std::move(input));
          ASSERT_TRUE(stream);
          {
            const std::lock_guard lock(mutex);
            ids.push_back(stream->span_id());
          }
          const auto chunks = random() % 6;
          for (unsigned c = 0; c < chunks && stream->next(); ++c) {
          }
          switch (random() % 3) {
            case 0: break;  // dropped
            case 1: {
              std::thread other([&] { stream->abort(); });
              while (stream->next()) {
              }
              other.join();
              const auto result = stream->result();
              ASSERT_TRUE(result);
              break;
            }
            default: {
              LocalStream moved = std::move(*stream);
              moved.abort();
              const auto result = moved.result();
              ASSERT_TRUE(result);
              EXPECT_TRUE(result->aborted);
            }
          }
        }
      });
    }
    for (auto& thread : threads) thread.join();
  }
  size_t recorded = 0;
  for (const std::string& id : ids) {
    EXPECT_LE(sender_->count(id), 1) << id;
    recorded += static_cast<size_t>(sender_->count(id));
  }
  EXPECT_EQ(recorded, sender_->size());
  EXPECT_GT(recorded, ids.size() / 2);  // one aborted before it was sent has none
}

TEST_F(Stress, ClientsThatGoInTheMiddleEndWhatRuns) {
  simulate::SimulatorOptions slow;
  slow.chunk_delay = *simulate::Distribution::parse("5ms");
  slow.latency = *simulate::Distribution::parse("uniform:0ms-30ms");
  start(slow);
  for (size_t round = 0; round < 40; ++round) {
    std::vector<std::future<Result<RunLocalResult>>> futures;
    std::vector<LocalStream> streams;
    std::atomic<int> called{0};
    {
      Client client(options());
      for (size_t i = 0; i < 4; ++i) {
        futures.push_back(client.run_local_async(chat(i)));
        streams.push_back(std::move(*client.run_local_stream(chat(i))));
        client.run_embedding_async(embedding(i), [&](auto) { ++called; });
      }
      std::this_thread::sleep_for(Millis{static_cast<int64_t>(round % 8) * 5});
    }
    EXPECT_EQ(called, 4);
    for (auto& future : futures) {
      ASSERT_EQ(future.wait_for(Millis{0}), std::future_status::ready);
      (void)future.get();
    }
    for (LocalStream& stream : streams) (void)stream.result();
  }
  EXPECT_LE(sender_->most(), 1);
}

TEST_F(Stress, CallbacksMayCallTheClient) {
  start({});
  std::promise<std::string> text;
  Client client(options());
  client.run_local_async(chat(0), [&](Result<RunLocalResult> first) {
    ASSERT_TRUE(first);
    const auto blocking = client.run_local(chat(1));
    ASSERT_TRUE(blocking);
    auto stream = client.run_local_stream(chat(2));  // dropped here: aborts, and must not wait for this very thread
    ASSERT_TRUE(stream);
    EXPECT_TRUE(client.flush(Millis{5000}));
    client.run_local_async(chat(3), [&](Result<RunLocalResult> last) {
      ASSERT_TRUE(last);
      text.set_value(last->text);
    });
  });
  EXPECT_FALSE(text.get_future().get().empty());
}

}  // namespace
}  // namespace tracia
