// What a span of OpenTelemetry costs from the bytes of a request to a priced span: decode and map, in both encodings,
// beside the same span in our own JSON. Some 2 KB of text a span, which differs from span to span.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <random>
#include <string>

#include "otlp_request.h"
#include "tracia/ingest/ingest.h"
#include "tracia/ingest/otlp.h"
#include "tracia/json/writer.h"

namespace {

using namespace tracia;

constexpr int kSpans = 512;  // what exporters send at once
const std::string kProject = "prj_0000000000000001";
constexpr Timestamp kNow{1'795'170'600'000'000};

std::string json_request() {
  std::mt19937_64 random(42);
  json::Writer w;
  w.begin_object().key("resourceSpans").begin_array().begin_object().key("scopeSpans").begin_array().begin_object();
  w.key("spans").begin_array();
  for (int i = 0; i < kSpans; ++i) {
    w.begin_object()
        .field("traceId", bench::hex(random) + bench::hex(random))
        .field("spanId", bench::hex(random))
        .field("name", "chat gpt-4o");
    w.field("startTimeUnixNano", "1795170600000000000").field("endTimeUnixNano", "1795170601250000000");
    w.key("attributes").begin_array();
    for (const auto& [key, value] : bench::make_attributes(random)) {
      const bool number = key.ends_with('#');
      w.begin_object().field("key", number ? key.substr(0, key.size() - 1) : key).key("value").begin_object();
      w.field(number ? "intValue" : "stringValue", value).end_object().end_object();
    }
    w.end_array().end_object();
  }
  w.end_array().end_object().end_array().end_object().end_array().end_object();
  return w.take();
}

std::string protobuf_request() {
  std::mt19937_64 random(42);
  return bench::protobuf_request(random, kSpans, 1'795'170'600'000'000'000);
}

void read(benchmark::State& state, const std::string& body, ingest::otlp::Encoding encoding) {
  for (auto _ : state) {
    auto decoded = ingest::otlp::read_traces(body, encoding, kProject, {}, kNow);
    if (!decoded || decoded->spans.size() != kSpans) state.SkipWithError("not read");
    benchmark::DoNotOptimize(decoded);
  }
  state.SetItemsProcessed(state.iterations() * kSpans);
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(body.size()));
  state.SetLabel("over NativeJson");
}

void OtlpProtobuf(benchmark::State& state) { read(state, protobuf_request(), ingest::otlp::Encoding::kProtobuf); }
void OtlpJson(benchmark::State& state) { read(state, json_request(), ingest::otlp::Encoding::kJson); }

// The same spans as our own clients send them.
void NativeJson(benchmark::State& state) {
  auto decoded = ingest::otlp::read_traces(json_request(), ingest::otlp::Encoding::kJson, kProject, {}, kNow);
  std::string body = "[";
  for (const auto& span : decoded->spans) {
    if (body.size() > 1) body += ',';
    span::append_json(span.span, body);
  }
  body += ']';
  for (auto _ : state) {
    auto batch = ingest::read_batch(body, ingest::BatchForm::kArray, kProject, {}, kNow);
    if (!batch || batch->spans.size() != kSpans) state.SkipWithError("not read");
    benchmark::DoNotOptimize(batch);
  }
  state.SetItemsProcessed(state.iterations() * kSpans);
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(body.size()));
}

BENCHMARK(OtlpProtobuf)->Unit(benchmark::kMicrosecond);
BENCHMARK(OtlpJson)->Unit(benchmark::kMicrosecond);
BENCHMARK(NativeJson)->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
