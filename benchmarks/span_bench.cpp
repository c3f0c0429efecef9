// What tracing costs: writing a 2 KB span, handing it to the recorder on the calling thread, and the exporter's whole
// work for it (JSON, check, gzip, reply) with a sender that answers at once. Ids and texts differ from span to span.
#include <benchmark/benchmark.h>
#include <time.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "tracia/json/reader.h"
#include "tracia/record/recorder.h"
#include "tracia/span/span.h"

namespace {

using namespace tracia;

// Words in random order: text that neither repeats nor compresses to nothing.
std::string prose(std::mt19937_64& random, size_t bytes) {
  std::string text;
  while (text.size() < bytes) {
    for (uint64_t bits = random(), n = 2 + bits % 8; n > 0; --n, bits /= 26)
      text.push_back(static_cast<char>('a' + bits % 26));
    text.push_back(' ');
  }
  text.resize(bytes);
  return text;
}

span::Span make_span(std::mt19937_64& random) {
  char id[32];
  std::snprintf(id, sizeof id, "%016llx", static_cast<unsigned long long>(random()));
  span::Span s;
  s.span_id = std::string("sp_") + id;
  s.trace_id = std::string("tr_") + id;
  s.model = "gpt-4o";
  s.provider = "openai";
  s.name = "answer-question";
  s.start_time = Timestamp{static_cast<int64_t>(1'795'169'730'000'000 + random() % 1'000'000'000)};
  s.latency_ms = static_cast<int64_t>(random() % 5'000);
  s.input_json = span::messages_input_json({llm::system(prose(random, 300)), llm::user(prose(random, 500))});
  s.output = prose(random, 600);
  s.usage = {.input_tokens = 1312, .output_tokens = 211, .total_tokens = 1523, .cached_input_tokens = 1024};
  s.usage_raw_json =
      R"({"prompt_tokens":1312,"completion_tokens":211,"total_tokens":1523,"prompt_tokens_details":{"cached_tokens":1024}})";
  s.finish_reason = s.provider_finish_reason = "stop";
  s.temperature = 0.3;
  s.tags = {"support", "chat"};
  s.user_id = "user_123";
  s.session_id = "session_abc";
  s.attempts = {{.provider = "openai", .model = "gpt-4o", .status = 200, .request_id = "req_1", .latency_ms = 742}};
  return s;
}

std::vector<span::Span> make_spans(size_t count) {
  std::mt19937_64 random(42);
  std::vector<span::Span> spans;
  for (size_t i = 0; i < count; ++i) spans.push_back(make_span(random));
  return spans;
}

class NullSender final : public record::Sender {
 public:
  record::PostResult post(std::string_view, std::string_view, bool, Millis) override {
    return {.status = 200, .body = R"({"accepted":200,"duplicates":0,"rejected":[]})"};
  }
  void cancel() override {}
};

void SpanToJson(benchmark::State& state) {
  const auto spans = make_spans(64);
  std::string out;
  size_t i = 0;
  for (auto _ : state) {
    out.clear();
    span::append_json(spans[i++ % spans.size()], out);
    benchmark::DoNotOptimize(out.data());
  }
  state.counters["bytes"] = static_cast<double>(out.size());
  state.SetLabel("over CopySpanJson");
}
BENCHMARK(SpanToJson);

// The baselines: the same JSON copied, and parsed without being looked at.
void CopySpanJson(benchmark::State& state) {
  std::vector<std::string> texts;
  for (const auto& span : make_spans(64)) texts.push_back(span::to_json(span));
  std::string out;
  size_t i = 0;
  for (auto _ : state) {
    out = texts[i++ % texts.size()];
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(CopySpanJson);

void ParseSpanJson(benchmark::State& state) {
  const std::string text = span::to_json(make_spans(1)[0]);
  json::Document document;
  for (auto _ : state) {
    const auto value = document.parse(text);
    benchmark::DoNotOptimize(value);
  }
}
BENCHMARK(ParseSpanJson);

void SpanFromJson(benchmark::State& state) {
  const std::string text = span::to_json(make_spans(1)[0]);
  json::Document document;
  for (auto _ : state) {
    const auto value = document.parse(text);
    benchmark::DoNotOptimize(span::from_json(*value));
  }
  state.SetLabel("over ParseSpanJson");
}
BENCHMARK(SpanFromJson);

void MessagesToJson(benchmark::State& state) {
  std::mt19937_64 random(1);
  const std::vector<llm::Message> messages{llm::system(prose(random, 300)), llm::user(prose(random, 500))};
  for (auto _ : state) benchmark::DoNotOptimize(span::messages_input_json(messages));
}
BENCHMARK(MessagesToJson);

// The calling thread's share alone; the copy of the span that the loop needs is not counted. The queue is kept from
// filling up by flushing, outside the timing, every 1,000 spans.
void RecordOnCallingThread(benchmark::State& state) {
  const auto spans = make_spans(1000);
  record::Recorder recorder(std::make_shared<NullSender>(), {});
  while (state.KeepRunningBatch(1000)) {
    auto copies = spans;
    timespec begin, end;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (span::Span& s : copies) recorder.record(std::move(s));
    clock_gettime(CLOCK_MONOTONIC, &end);
    state.SetIterationTime(static_cast<double>(end.tv_sec - begin.tv_sec) +
                           1e-9 * static_cast<double>(end.tv_nsec - begin.tv_nsec));
    recorder.flush(Millis{60'000});
  }
  const auto stats = recorder.stats();
  state.counters["dropped"] = static_cast<double>(stats.dropped_queue_full);
}
BENCHMARK(RecordOnCallingThread)->UseManualTime()->Iterations(50'000);  // each costs an export as well

// CPU time of the whole process per 1,000 spans: calling thread and worker.
void ExportEndToEnd(benchmark::State& state) {
  const auto spans = make_spans(1000);
  record::Recorder recorder(std::make_shared<NullSender>(), {.gzip = state.range(0) != 0});
  for (auto _ : state) {
    for (const span::Span& s : spans) recorder.record(s);
    recorder.flush(Millis{60'000});
  }
  state.SetItemsProcessed(static_cast<int64_t>(recorder.stats().sent));
  state.SetLabel("over SpanToJson");
}
BENCHMARK(ExportEndToEnd)
    ->ArgName("gzip")
    ->Arg(1)
    ->Arg(0)
    ->MeasureProcessCPUTime()
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
