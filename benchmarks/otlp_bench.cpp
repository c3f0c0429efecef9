// What a span of OpenTelemetry costs from the bytes of a request to a priced span: decode and map, in both encodings,
// beside the same span in our own JSON. Some 2 KB of text a span, which differs from span to span.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tracia/ingest/ingest.h"
#include "tracia/ingest/otlp.h"
#include "tracia/json/writer.h"

namespace {

using namespace tracia;

constexpr int kSpans = 512;  // what exporters send at once
const std::string kProject = "prj_0000000000000001";
constexpr Timestamp kNow{1'795'170'600'000'000};

std::string prose(std::mt19937_64& random, size_t bytes) {
  std::string text;
  while (text.size() < bytes) {
    for (uint64_t bits = random(), n = 2 + bits % 8; n > 0; --n, bits /= 26) {
      text.push_back(static_cast<char>('a' + bits % 26));
    }
    text.push_back(' ');
  }
  return text;
}

std::string hex(std::mt19937_64& random) {
  char id[17];
  std::snprintf(id, sizeof id, "%016llx", static_cast<unsigned long long>(random() | 1));
  return id;
}

using Attributes = std::vector<std::pair<std::string, std::string>>;  // numbers end in "#"

// The current convention: messages as JSON texts.
Attributes make_attributes(std::mt19937_64& random) {
  const auto message = [&](const char* role, size_t bytes) {
    json::Writer w;
    w.begin_array().begin_object().field("role", role).key("parts").begin_array();
    w.begin_object().field("type", "text").field("content", prose(random, bytes)).end_object();
    w.end_array().end_object().end_array();
    return w.take();
  };
  return {{"gen_ai.operation.name", "chat"},
          {"gen_ai.provider.name", "openai"},
          {"gen_ai.request.model", "gpt-4o"},
          {"gen_ai.response.model", "gpt-4o-2024-08-06"},
          {"gen_ai.response.finish_reasons", "[\"stop\"]"},
          {"gen_ai.usage.input_tokens#", "1312"},
          {"gen_ai.usage.output_tokens#", "211"},
          {"gen_ai.usage.cache_read.input_tokens#", "1024"},
          {"gen_ai.conversation.id", "session_abc"},
          {"server.address", "api.openai.com"},
          {"gen_ai.input.messages", message("user", 800)},
          {"gen_ai.output.messages", message("assistant", 600)}};
}

std::string json_request() {
  std::mt19937_64 random(42);
  json::Writer w;
  w.begin_object().key("resourceSpans").begin_array().begin_object().key("scopeSpans").begin_array().begin_object();
  w.key("spans").begin_array();
  for (int i = 0; i < kSpans; ++i) {
    w.begin_object()
        .field("traceId", hex(random) + hex(random))
        .field("spanId", hex(random))
        .field("name", "chat gpt-4o");
    w.field("startTimeUnixNano", "1795170600000000000").field("endTimeUnixNano", "1795170601250000000");
    w.key("attributes").begin_array();
    for (const auto& [key, value] : make_attributes(random)) {
      const bool number = key.ends_with('#');
      w.begin_object().field("key", number ? key.substr(0, key.size() - 1) : key).key("value").begin_object();
      w.field(number ? "intValue" : "stringValue", value).end_object().end_object();
    }
    w.end_array().end_object();
  }
  w.end_array().end_object().end_array().end_object().end_array().end_object();
  return w.take();
}

void varint(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}
void bytes(std::string& out, unsigned field, const std::string& value) {
  varint(out, field << 3 | 2);
  varint(out, value.size());
  out += value;
}
void fixed(std::string& out, unsigned field, uint64_t value) {
  varint(out, field << 3 | 1);
  for (int i = 0; i < 8; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

std::string protobuf_request() {
  std::mt19937_64 random(42);
  std::string scope, group, request;
  for (int i = 0; i < kSpans; ++i) {
    std::string span, id(16, '\1');
    for (char& c : id) c = static_cast<char>(random() | 1);
    bytes(span, 1, id);
    bytes(span, 2, id.substr(8));
    bytes(span, 5, "chat gpt-4o");
    fixed(span, 7, 1'795'170'600'000'000'000);
    fixed(span, 8, 1'795'170'601'250'000'000);
    for (const auto& [key, value] : make_attributes(random)) {
      const bool number = key.ends_with('#');
      std::string any, pair;
      if (number) {
        varint(any, 3 << 3);
        varint(any, std::stoull(value));
      } else {
        bytes(any, 1, value);
      }
      bytes(pair, 1, number ? key.substr(0, key.size() - 1) : key);
      bytes(pair, 2, any);
      bytes(span, 9, pair);
    }
    bytes(scope, 2, span);
  }
  bytes(group, 2, scope);
  bytes(request, 1, group);
  return request;
}

void read(benchmark::State& state, const std::string& body, ingest::otlp::Encoding encoding) {
  for (auto _ : state) {
    auto decoded = ingest::otlp::read_traces(body, encoding, kProject, {}, kNow);
    if (!decoded || decoded->spans.size() != kSpans) state.SkipWithError("not read");
    benchmark::DoNotOptimize(decoded);
  }
  state.SetItemsProcessed(state.iterations() * kSpans);
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(body.size()));
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
