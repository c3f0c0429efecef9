#include "tracia/record/recorder.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <set>
#include <thread>

#include "fake_sender.h"
#include "hooks.h"

namespace tracia::record {
namespace {

using Ids = std::vector<std::string>;
constexpr Millis kLong{10'000};

class FixedClock final : public Clock {
 public:
  Timestamp now() const override { return {1'795'169'730'123'456}; }
  SteadyTime steady() const override { return {}; }
};

// Waits of no length, remembered; jitter always at its upper end.
struct NoWaiting {
  std::mutex mutex;
  std::vector<int64_t> delays;
  Hooks hooks() {
    return {.uniform = [] { return 1.0; },
            .sleep =
                [this](Millis delay) {
                  const std::lock_guard lock(mutex);
                  delays.push_back(delay.count());
                }};
  }
};

TEST(Recorder, SendsOneGzippedBatchInOrder) {
  const auto sender = std::make_shared<FakeSender>();
  Recorder recorder(sender, {.batch_delay = kLong});
  for (int n = 1; n <= 3; ++n) recorder.record(span_of(n));
  EXPECT_TRUE(recorder.flush(kLong));
  ASSERT_EQ(sender->posts().size(), 1u);
  EXPECT_EQ(sender->posts()[0].path, "/api/v1/spans/batch");
  EXPECT_TRUE(sender->posts()[0].gzipped);
  EXPECT_EQ(sender->ids(), ids_from(1, 3));
  EXPECT_EQ(recorder.stats().recorded, 3u);
  EXPECT_EQ(recorder.stats().sent, 3u);
  EXPECT_EQ(recorder.stats().queued, 0u);
  EXPECT_EQ(recorder.stats().queued_bytes, 0u);
}

TEST(Recorder, SendsPlainBatchesWhenAsked) {
  const auto sender = std::make_shared<FakeSender>();
  Recorder recorder(sender, {.gzip = false});
  recorder.record(span_of(1));
  EXPECT_TRUE(recorder.flush(kLong));
  EXPECT_FALSE(sender->posts()[0].gzipped);
  EXPECT_EQ(sender->ids(), Ids{id_of(1)});
}

TEST(Recorder, APartFullBatchGoesAfterTheDelayAndAFullOneAtOnce) {
  const auto sender = std::make_shared<FakeSender>();
  Recorder soon(sender, {.batch_delay = Millis{5}});
  soon.record(span_of(1));
  EXPECT_TRUE(sender->wait_for_posts(1));
  const auto other = std::make_shared<FakeSender>();
  Recorder full(other, {.batch_spans_max = 2, .batch_delay = kLong});
  for (int n = 1; n <= 4; ++n) full.record(span_of(n));
  EXPECT_TRUE(other->wait_for_posts(2));
  EXPECT_EQ(other->posts()[0].body.size(), 2u);
}

TEST(Recorder, SetsAMissingStartTimeToNowMinusLatency) {
  const FixedClock clock;
  const auto sender = std::make_shared<FakeSender>();
  Recorder recorder(sender, {}, Hooks{.clock = &clock});
  span::Span span = span_of(1);
  span.latency_ms = 123;
  recorder.record(span);
  span.start_time = Timestamp{0};
  recorder.record(span);
  EXPECT_TRUE(recorder.flush(kLong));
  nlohmann::json spans = nlohmann::json::array();
  for (const auto& posted : sender->posts()) spans.insert(spans.end(), posted.body.begin(), posted.body.end());
  EXPECT_EQ(spans[0]["startTime"], "2026-11-20T10:15:30.000456Z");
  EXPECT_EQ(spans[1]["startTime"], "1970-01-01T00:00:00.000000Z");
}

TEST(Recorder, ReportsEachRejectedSpanOnceWithTheServersWords) {
  Failures failures;
  const auto sender = std::make_shared<FakeSender>([](const Posted&, size_t) {
    return FakeSender::ok(R"({"accepted":1,"duplicates":1,"rejected":[
      {"index":1,"spanId":"x","code":"INVALID_REQUEST","message":"bad key sk-abcdefghijklmnopqrstuv"},
      {"index":1,"message":"again"},{"index":99},{"index":-1},{"spanId":"SP_0000000000000004","message":"by id"},7]})");
  });
  Recorder recorder(sender, {.batch_delay = kLong, .on_error = failures.collector()});
  for (int n = 1; n <= 4; ++n) recorder.record(span_of(n));
  EXPECT_TRUE(recorder.flush(kLong));
  EXPECT_EQ(failures.ids(), (Ids{id_of(2), id_of(4)}));
  EXPECT_EQ(failures.errors()[0].message, "bad key [REDACTED]");
  EXPECT_EQ(failures.errors()[0].code, ErrorCode::kInvalidRequest);
  const Stats stats = recorder.stats();
  EXPECT_EQ(stats.sent, 1u);
  EXPECT_EQ(stats.duplicates, 1u);
  EXPECT_EQ(stats.dropped_rejected, 2u);
}

TEST(Recorder, PostsOneByOneFromThenOnWhereThereIsNoBatchEndpoint) {
  for (const int status : {404, 405}) {
    const auto sender = std::make_shared<FakeSender>([&](const Posted& posted, size_t) {
      return posted.path == "/api/v1/spans" ? PostResult{.status = 201} : PostResult{.status = status};
    });
    Recorder recorder(sender, {.batch_delay = kLong});
    recorder.record(span_of(1));
    recorder.record(span_of(2));
    EXPECT_TRUE(recorder.flush(kLong));
    recorder.record(span_of(3));
    EXPECT_TRUE(recorder.flush(kLong));
    ASSERT_EQ(sender->posts().size(), 4u);
    EXPECT_EQ(sender->posts()[1].path, "/api/v1/spans");
    EXPECT_FALSE(sender->posts()[1].gzipped);
    EXPECT_EQ(sender->ids(), (Ids{id_of(1), id_of(2), id_of(1), id_of(2), id_of(3)}));
    EXPECT_EQ(recorder.stats().sent, 3u);
  }
}

TEST(Recorder, AsksForTheBatchEndpointAgainAfterAMinute) {
  class HandClock final : public Clock {
   public:
    Timestamp now() const override { return {1'795'169'730'123'456}; }
    SteadyTime steady() const override { return SteadyTime{std::chrono::seconds{seconds}}; }
    std::atomic<int> seconds{1000};
  };
  HandClock clock;
  std::atomic<bool> upgraded{false};
  const auto sender = std::make_shared<FakeSender>([&](const Posted& posted, size_t) {
    if (posted.path == "/api/v1/spans") return PostResult{.status = 201};
    return upgraded ? FakeSender::ok() : PostResult{.status = 404};
  });
  Hooks hooks;
  hooks.clock = &clock;
  Recorder recorder(sender, {.batch_delay = kLong}, hooks);
  const auto send = [&](int n) {
    recorder.record(span_of(n));
    EXPECT_TRUE(recorder.flush(kLong));
    return sender->posts().back().path;
  };
  EXPECT_EQ(send(1), "/api/v1/spans");
  upgraded = true;
  clock.seconds = 1059;
  EXPECT_EQ(send(2), "/api/v1/spans");
  clock.seconds = 1060;
  EXPECT_EQ(send(3), "/api/v1/spans/batch");
  EXPECT_EQ(recorder.stats().sent, 3u);
}

TEST(Recorder, HandsSpansToADiverterUntilTheyComeBack) {
  const auto sender = std::make_shared<FakeSender>();
  std::vector<span::Span> taken;
  Recorder recorder(sender, {.mask = [](span::Span& span) { span.output = "masked"; },
                             .divert =
                                 [&](span::Span& span) {
                                   if (span.span_id == id_of(2)) return false;
                                   if (span.span_id == id_of(3)) throw std::runtime_error("no");
                                   taken.push_back(std::move(span));
                                   return true;
                                 }});
  for (int n = 1; n <= 3; ++n) recorder.record(span_of(n));
  EXPECT_TRUE(recorder.flush(kLong));
  EXPECT_EQ(sender->ids(), (Ids{id_of(2)}));
  EXPECT_EQ(recorder.stats().recorded, 1u);
  EXPECT_EQ(recorder.stats().dropped_masked, 1u);
  ASSERT_EQ(taken.size(), 1u);
  recorder.record_as_is(std::move(taken[0]));
  EXPECT_TRUE(recorder.flush(kLong));
  EXPECT_EQ(sender->ids(), (Ids{id_of(2), id_of(1)}));
  EXPECT_NE(sender->posts()[1].body[0].value("output", ""), "masked");
}

TEST(Recorder, AFlushEndsWhenItIsInterrupted) {
  const auto sender = std::make_shared<FakeSender>();
  sender->stick(true);
  Recorder recorder(sender, {.exit_flush = Millis{10}});
  recorder.record(span_of(1));
  int asks = 0;
  EXPECT_FALSE(recorder.flush(Millis{600'000}, [&] { return ++asks == 2; }));
  EXPECT_EQ(asks, 2);
  sender->stick(false);
  EXPECT_TRUE(recorder.flush(kLong, [] { return false; }));
}

TEST(Recorder, HalvesABatchThatIsTooLargeAndRejectsASpanThatIs) {
  Failures failures;
  const auto sender = std::make_shared<FakeSender>([](const Posted& posted, size_t) {
    if (posted.body.size() > 2) return PostResult{.status = 413};
    for (const auto& span : posted.body) {
      if (span["spanId"] == id_of(3)) return PostResult{.status = 413};
    }
    return FakeSender::ok();
  });
  Recorder recorder(sender, {.batch_delay = kLong, .on_error = failures.collector()});
  for (int n = 1; n <= 5; ++n) recorder.record(span_of(n));
  EXPECT_TRUE(recorder.flush(kLong));
  EXPECT_EQ(recorder.stats().sent, 4u);
  EXPECT_EQ(failures.ids(), Ids{id_of(3)});
  EXPECT_EQ(failures.errors()[0].code, ErrorCode::kPayloadTooLarge);
}

TEST(Recorder, RetriesWithFullJitterAndHonoursABoundedRetryAfter) {
  NoWaiting waits;
  const auto sender = std::make_shared<FakeSender>([](const Posted&, size_t number) -> PostResult {
    switch (number) {
      case 0: return {.message = "connection refused"};
      case 1: return {.status = 503};
      case 2: return {.status = 429, .retry_after = Millis{2'000}};
      case 3: return {.status = 408, .retry_after = Millis{86'400'000}};
      default: return FakeSender::ok();
    }
  });
  Recorder recorder(sender, {.tries = 5, .backoff_base = Millis{100}, .backoff_cap = Millis{150}}, waits.hooks());
  recorder.record(span_of(1));
  EXPECT_TRUE(recorder.flush(kLong));
  EXPECT_EQ(recorder.stats().sent, 1u);
  EXPECT_EQ(waits.delays, (std::vector<int64_t>{100, 150, 2'200, 66'000}));
}

TEST(Recorder, GivesUpAfterItsTriesAndNeverRetriesOtherRefusals) {
  for (const auto& [status, posts] : {std::pair{500, 3u}, {0, 3u}, {400, 1u}, {401, 1u}, {302, 1u}}) {
    NoWaiting waits;
    Failures failures;
    const auto sender = std::make_shared<FakeSender>([&, answer = status](const Posted&, size_t) -> PostResult {
      return {.status = answer,
              .body = R"({"error":{"code":"X","message":"no, Bearer abc123.def456"}})",
              .message = "failed with api_key=abcdef12345"};
    });
    Recorder recorder(sender, {.batch_delay = kLong, .tries = 3, .on_error = failures.collector()}, waits.hooks());
    recorder.record(span_of(1));
    recorder.record(span_of(2));
    EXPECT_TRUE(recorder.flush(kLong));
    EXPECT_EQ(sender->posts().size(), posts) << status;
    EXPECT_EQ(failures.ids(), ids_from(1, 2)) << status;
    EXPECT_NE(failures.errors()[0].message.find("[REDACTED]"), std::string::npos) << status;
    const Stats stats = recorder.stats();
    EXPECT_EQ(stats.dropped_unreachable + stats.dropped_rejected, 2u);
    EXPECT_EQ(stats.dropped_unreachable, status == 0 || status == 500 ? 2u : 0u);
  }
}

TEST(Recorder, DropsTheNewestWhenTheQueueIsFullEvenWhileABatchIsUnderWay) {
  Failures failures;
  const auto sender = std::make_shared<FakeSender>();
  sender->stick(true);
  Recorder recorder(sender, {.queue_spans_max = 3, .batch_spans_max = 1, .on_error = failures.collector()});
  recorder.record(span_of(1));
  ASSERT_TRUE(sender->wait_for_posts(1));
  for (int n = 2; n <= 5; ++n) recorder.record(span_of(n));
  EXPECT_EQ(recorder.stats().queued, 3u);
  EXPECT_EQ(recorder.stats().dropped_queue_full, 2u);
  EXPECT_EQ(failures.ids(), ids_from(4, 5));
  sender->stick(false);
  EXPECT_TRUE(recorder.flush(kLong));
  EXPECT_EQ(sender->ids(), ids_from(1, 3));
}

TEST(Recorder, BoundsTheQueueByBytesToo) {
  const auto sender = std::make_shared<FakeSender>();
  sender->stick(true);
  Recorder recorder(sender, {.queue_bytes_max = 100'000, .batch_delay = kLong});
  span::Span large = span_of(1);
  large.output = std::string(60'000, 'x');
  recorder.record(large);
  recorder.record(large);
  large.output = std::string(200'000, 'x');
  recorder.record(large);
  EXPECT_EQ(recorder.stats().recorded, 1u);
  EXPECT_EQ(recorder.stats().dropped_queue_full, 2u);
  sender->stick(false);
}

TEST(Recorder, FlushSaysFalseAtItsDeadline) {
  const auto sender = std::make_shared<FakeSender>();
  Recorder recorder(sender, {});
  EXPECT_TRUE(recorder.flush(Millis{0}));
  sender->stick(true);
  recorder.record(span_of(1));
  EXPECT_FALSE(recorder.flush(Millis{20}));
  sender->stick(false);
  EXPECT_TRUE(recorder.flush(Millis::max()));
}

TEST(Recorder, ShutdownCancelsAStuckPostAtTheDeadlineAndIsIdempotent) {
  Failures failures;
  const auto sender = std::make_shared<FakeSender>();
  sender->stick(true);
  Recorder recorder(sender, {.batch_delay = kLong, .on_error = failures.collector()});
  recorder.record(span_of(1));
  recorder.record(span_of(2));
  EXPECT_FALSE(recorder.shutdown(Millis{50}));
  EXPECT_EQ(recorder.stats().dropped_unreachable, 2u);
  recorder.record(span_of(3));
  EXPECT_EQ(recorder.stats().dropped_closed, 1u);
  EXPECT_EQ(failures.ids(), ids_from(1, 3));
  EXPECT_TRUE(recorder.shutdown(Millis{50}));
  EXPECT_TRUE(recorder.flush(Millis{50}));
}

TEST(Recorder, DestructionSendsWhatIsQueuedAndDoesNotWaitForADeadServer) {
  const auto sender = std::make_shared<FakeSender>();
  {
    Recorder recorder(sender, {.batch_spans_max = 2, .batch_delay = kLong});
    for (int n = 1; n <= 5; ++n) recorder.record(span_of(n));
  }
  EXPECT_EQ(sender->ids(), ids_from(1, 5));
  const auto dead =
      std::make_shared<FakeSender>([](const Posted&, size_t) { return PostResult{.message = "refused"}; });
  Failures failures;
  {
    Recorder recorder(dead,
                      {.batch_spans_max = 2,
                       .batch_delay = kLong,
                       .backoff_base = Millis{60'000},
                       .backoff_cap = Millis{60'000},
                       .on_error = failures.collector()},
                      Hooks{.uniform = [] { return 1.0; }});
    for (int n = 1; n <= 5; ++n) recorder.record(span_of(n));
  }
  EXPECT_EQ(failures.ids(), ids_from(1, 5));
}

TEST(Recorder, MaskChangesSpansAndDropsThemWhenItThrows) {
  Failures failures;
  const auto sender = std::make_shared<FakeSender>();
  Recorder recorder(sender, {.mask =
                                 [](span::Span& span) {
                                   if (span.span_id == id_of(2)) throw std::runtime_error("boom");
                                   span.output = "masked";
                                 },
                             .on_error = failures.collector()});
  recorder.record(span_of(1));
  recorder.record(span_of(2));
  EXPECT_TRUE(recorder.flush(kLong));
  ASSERT_EQ(sender->ids(), Ids{id_of(1)});
  EXPECT_EQ(sender->posts()[0].body[0]["output"], "masked");
  EXPECT_EQ(recorder.stats().dropped_masked, 1u);
  EXPECT_EQ(failures.ids(), Ids{id_of(2)});
}

TEST(Recorder, SurvivesAnOnErrorThatThrowsFlushesAndRecords) {
  const auto sender = std::make_shared<FakeSender>([](const Posted&, size_t) { return PostResult{.status = 400}; });
  std::unique_ptr<Recorder> recorder;
  std::atomic<int> calls{0};
  recorder = std::make_unique<Recorder>(sender, Options{.on_error = [&](const Error&, const std::string&) {
                                          ++calls;
                                          EXPECT_FALSE(recorder->flush(kLong));
                                          if (calls == 1) recorder->record(span_of(2));
                                          throw std::runtime_error("boom");
                                        }});
  recorder->record(span_of(1));
  EXPECT_TRUE(recorder->flush(kLong));
  EXPECT_TRUE(recorder->flush(kLong));
  EXPECT_EQ(calls, 2);
}

TEST(Recorder, MayBeDestroyedOnItsOwnWorker) {
  const auto sender = std::make_shared<FakeSender>([](const Posted&, size_t) { return PostResult{.status = 400}; });
  std::atomic<bool> gone{false};
  auto* recorder = new std::unique_ptr<Recorder>;
  *recorder = std::make_unique<Recorder>(sender, Options{.on_error = [&](const Error&, const std::string&) {
                                           recorder->reset();
                                           gone = true;
                                         }});
  (*recorder)->record(span_of(1));
  for (int i = 0; i < 5000 && !gone; ++i) std::this_thread::sleep_for(Millis{1});
  EXPECT_TRUE(gone);
  std::this_thread::sleep_for(Millis{50});  // the detached worker leaves on its own
  delete recorder;
}

TEST(Recorder, KeepsOrDropsTracesWhole) {
  const auto sender = std::make_shared<FakeSender>();
  Recorder recorder(sender, {.batch_delay = kLong, .sample_rate = 0.5});
  for (int n = 0; n < 1000; ++n) {
    span::Span root = span_of(n), child = span_of(n + 100'000);
    if (n % 2 == 0) {
      root.trace_id = child.trace_id = "tr_" + root.span_id.substr(3);
    } else {
      child.parent_span_id = root.span_id;  // the server derives one trace for both
    }
    recorder.record(root);
    recorder.record(child);
  }
  EXPECT_TRUE(recorder.flush(kLong));
  const Ids sent = sender->ids();
  const std::set<std::string> kept(sent.begin(), sent.end());
  EXPECT_NEAR(static_cast<double>(kept.size()), 1000, 150);
  for (int n = 0; n < 1000; ++n) EXPECT_EQ(kept.count(id_of(n)), kept.count(id_of(n + 100'000))) << n;
  EXPECT_EQ(recorder.stats().sampled_out, 2000 - kept.size());
  Recorder none(sender, {.sample_rate = 0});
  none.record(span_of(1));
  EXPECT_EQ(none.stats().sampled_out, 1u);
}

SpanIds ids_of(const span::Span& span) { return {span.span_id, span.trace_id, span.parent_span_id}; }

TEST(Recorder, MakesASpanOnTheWorkerAndSendsItInItsTurn) {
  const auto sender = std::make_shared<FakeSender>();
  Recorder recorder(sender, {.batch_delay = kLong});
  const span::Span late = span_of(2);
  std::thread::id maker;
  auto held = std::make_shared<int>(0);
  recorder.record(span_of(1));
  recorder.record(ids_of(late), 100, [&, held] {
    maker = std::this_thread::get_id();
    return late;
  });
  recorder.record(span_of(3));
  EXPECT_EQ(maker, std::thread::id());
  EXPECT_EQ(held.use_count(), 2);
  EXPECT_TRUE(recorder.flush(kLong));
  EXPECT_EQ(sender->ids(), ids_from(1, 3));
  EXPECT_NE(maker, std::thread::id());
  EXPECT_NE(maker, std::this_thread::get_id());
  EXPECT_EQ(held.use_count(), 1);  // what it was made of is let go before the post
}

TEST(Recorder, GivesUpASpanThatWasNotMadeYetByItsIdAndItsBytes) {
  Failures failures;
  const auto sender = std::make_shared<FakeSender>();
  Recorder recorder(sender, {.queue_bytes_max = 1000, .batch_delay = kLong, .on_error = failures.collector()});
  int made = 0;
  for (int n = 1; n <= 3; ++n) {
    const span::Span late = span_of(n);
    recorder.record(ids_of(late), 500, [&made, late] {
      ++made;
      return late;
    });
  }
  EXPECT_EQ(recorder.stats().queued_bytes, 1000u);
  EXPECT_EQ(recorder.stats().dropped_queue_full, 1u);
  EXPECT_EQ(failures.ids(), Ids{id_of(3)});
  EXPECT_TRUE(recorder.shutdown(kLong));
  EXPECT_EQ(made, 2);
  const span::Span late = span_of(4);
  recorder.record(ids_of(late), 500, [late] { return late; });
  EXPECT_EQ(recorder.stats().dropped_closed, 1u);
  EXPECT_EQ(failures.ids(), (Ids{id_of(3), id_of(4)}));
}

TEST(Recorder, AMaskSeesASpanThatIsStillToBeMadeOnTheRecordingThread) {
  const auto sender = std::make_shared<FakeSender>();
  Recorder recorder(sender, {.mask = [mine = std::this_thread::get_id()](span::Span& span) {
                      span.output = std::this_thread::get_id() == mine ? "masked here" : "masked elsewhere";
                    }});
  const span::Span late = span_of(1);
  recorder.record(ids_of(late), 100, [late] { return late; });
  EXPECT_TRUE(recorder.flush(kLong));
  EXPECT_EQ(sender->posts().at(0).body[0]["output"], "masked here");
}

TEST(Recorder, SamplesSpansThatAreStillToBeMadeAsAllOthersAndMakesNoneInVain) {
  const auto sender = std::make_shared<FakeSender>();
  Recorder recorder(sender, {.batch_delay = kLong, .sample_rate = 0.5});
  size_t made = 0;
  for (int n = 0; n < 200; ++n) {
    const span::Span span = span_of(n);
    recorder.record(span);
    recorder.record(ids_of(span), 100, [&made, span] {
      ++made;
      return span;
    });
  }
  EXPECT_TRUE(recorder.flush(kLong));
  const Ids sent = sender->ids();
  ASSERT_FALSE(sent.empty());
  EXPECT_EQ(sent.size(), 2 * made);
  for (size_t i = 0; i + 1 < sent.size(); i += 2) EXPECT_EQ(sent[i], sent[i + 1]);
}

TEST(Recorder, ASpanThatCannotBeMadeCostsItsBatchAndNotTheProcess) {
  const auto sender = std::make_shared<FakeSender>();
  Recorder recorder(sender, {.batch_delay = kLong});
  const span::Span late = span_of(1);
  recorder.record(ids_of(late), 100, []() -> span::Span { throw std::bad_alloc(); });
  EXPECT_TRUE(recorder.flush(kLong));
  EXPECT_EQ(recorder.stats().dropped_unreachable, 1u);
  recorder.record(span_of(2));
  EXPECT_TRUE(recorder.flush(kLong));
  EXPECT_EQ(sender->ids(), Ids{id_of(2)});
}

TEST(Recorder, OneSpanWithBrokenJsonDoesNotSpoilItsBatch) {
  Failures failures;
  const auto sender = std::make_shared<FakeSender>();
  Recorder recorder(sender, {.batch_delay = kLong, .on_error = failures.collector()});
  span::Span broken = span_of(2);
  broken.attributes_json = "{\"a\":";
  recorder.record(span_of(1));
  recorder.record(broken);
  recorder.record(span_of(3));
  EXPECT_TRUE(recorder.flush(kLong));
  EXPECT_EQ(sender->ids(), (Ids{id_of(1), id_of(3)}));
  EXPECT_EQ(failures.ids(), Ids{id_of(2)});
}

TEST(Recorder, SplitsABatchThatPassesTheBytesOfOnePost) {
  const auto sender = std::make_shared<FakeSender>();
  Recorder recorder(sender, {.batch_bytes_max = 30'000, .batch_delay = kLong});
  for (int n = 1; n <= 10; ++n) {
    span::Span span = span_of(n);
    span.output = std::string(3'000, '\x01');  // six bytes each as JSON: more than was estimated
    recorder.record(span);
  }
  EXPECT_TRUE(recorder.flush(kLong));
  EXPECT_EQ(sender->ids(), ids_from(1, 10));
  for (const Posted& posted : sender->posts()) {
    EXPECT_TRUE(posted.body.size() == 1 || posted.body.dump().size() <= 30'000);
  }
}

TEST(Recorder, ManyThreadsLoseNothing) {
  const auto sender = std::make_shared<FakeSender>();
  Recorder recorder(sender, {.queue_spans_max = 100'000, .batch_delay = Millis{1}});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int n = 0; n < 500; ++n) {
        recorder.record(span_of(t * 1000 + n));
        if (n % 100 == 0) recorder.flush(Millis{1});
        if (n % 50 == 0) (void)recorder.stats();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_TRUE(recorder.flush(kLong));
  const Ids sent = sender->ids();
  EXPECT_EQ(std::set<std::string>(sent.begin(), sent.end()).size(), 2000u);
  EXPECT_EQ(recorder.stats().sent, 2000u);
}

TEST(Recorder, ConcurrentShutdownsAndRecordsAreSafe) {
  for (int round = 0; round < 20; ++round) {
    Recorder recorder(std::make_shared<FakeSender>(), {.batch_delay = Millis{0}});
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) {
      threads.emplace_back([&, t] {
        for (int n = 0; n < 20; ++n) recorder.record(span_of(n));
        if (t > 0) recorder.shutdown(kLong);
      });
    }
    for (auto& thread : threads) thread.join();
    const Stats stats = recorder.stats();
    EXPECT_EQ(stats.recorded + stats.dropped_closed, 60u);
    EXPECT_EQ(stats.sent, stats.recorded);
  }
}

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TRACIA_TSAN 1
#endif
#endif
#ifndef TRACIA_TSAN  // which forbids threads in the child of a fork
TEST(RecorderFork, TheChildStartsEmptyAndTheParentSendsItsOwn) {
  const auto sender = std::make_shared<FakeSender>();
  Recorder recorder(sender, {.batch_delay = kLong});
  recorder.record(span_of(1));
  const pid_t child = fork();
  if (child == 0) {
    const bool empty = recorder.stats().queued == 0 && recorder.stats().recorded == 0;
    recorder.record(span_of(2));
    const bool flushed = recorder.flush(kLong);
    _exit(empty && flushed && sender->forked && sender->ids() == Ids{id_of(2)} ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(recorder.flush(kLong));
  EXPECT_EQ(sender->ids(), Ids{id_of(1)});
  EXPECT_FALSE(sender->forked);
}

TEST(RecorderFork, ForkingWhileThreadsRecordNeverHangsTheChild) {
  const auto sender = std::make_shared<FakeSender>();
  Recorder recorder(sender, {.batch_delay = Millis{0}});
  std::atomic<bool> stop{false};
  std::thread busy([&] {
    while (!stop) recorder.record(span_of(1));
  });
  for (int round = 0; round < 20; ++round) {
    const pid_t child = fork();
    if (child == 0) {
      alarm(20);
      // The fake's lock may have been held by the parent's worker: the child only uses the recorder itself.
      recorder.record(span_of(2));
      _exit(recorder.stats().recorded == 1 ? 0 : 1);
    }
    int status = -1;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  stop = true;
  busy.join();
}

TEST(RecorderExit, AStaticRecorderSendsWhatIsLeftWhenTheProcessEnds) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        static const auto sender = std::make_shared<FakeSender>([](const Posted& posted, size_t) {
          fprintf(stderr, "sent %zu at exit", posted.body.size());
          return FakeSender::ok();
        });
        static Recorder recorder(sender, {.batch_delay = kLong});
        recorder.record(span_of(1));
        exit(7);
      },
      testing::ExitedWithCode(7), "sent 1 at exit");
}
#endif

}  // namespace
}  // namespace tracia::record
