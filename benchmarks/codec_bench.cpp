// Codecs alone: per stream event and per decoded body, for text that does not repeat. Beside each, the least that it
// could cost: the same bytes parsed as JSON and not looked at, or copied. A label "over X" names the baseline.
#include <benchmark/benchmark.h>

#include <random>
#include <string>

#include "tracia/json/reader.h"
#include "tracia/json/writer.h"
#include "tracia/llm/codec.h"

namespace {

using tracia::json::quoted;

std::string words(size_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::string text;
  for (size_t i = 0; i < count; ++i) {
    text.push_back(' ');
    for (size_t letters = 2 + random() % 8; letters > 0; --letters)
      text.push_back(static_cast<char>('a' + random() % 26));
  }
  return text;
}

struct Stream {
  std::string bytes;
  const tracia::llm::ChatCodec& codec;
  tracia::wire::HttpResponseHead head{200, {{"content-type", "text/event-stream"}}};
};

constexpr int kDeltas = 1000;

Stream openai() {
  Stream s{"", tracia::llm::openai_chat_codec()};
  for (int i = 0; i < kDeltas; ++i) {
    s.bytes +=
        R"(data: {"id":"chatcmpl-B9MHDbslfkBeAs8l4bebGdFOJ6PeG","object":"chat.completion.chunk","created":1741570283,"model":"gpt-4o-2024-08-06","service_tier":"default","system_fingerprint":"fp_fc9f1d7035","choices":[{"index":0,"delta":{"content":)" +
        quoted(words(1, static_cast<uint32_t>(i))) + R"(},"logprobs":null,"finish_reason":null}],"usage":null})" +
        "\n\n";
  }
  s.bytes +=
      "data: {\"id\":\"x\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
  return s;
}

Stream anthropic() {
  Stream s{"", tracia::llm::anthropic_codec()};
  s.bytes =
      "event: message_start\ndata: "
      "{\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":"
      "\"claude\",\"content\":[],\"usage\":{\"input_tokens\":25,\"output_tokens\":1}}}\n\n"
      "event: content_block_start\ndata: "
      "{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n";
  for (int i = 0; i < kDeltas; ++i) {
    s.bytes +=
        "event: content_block_delta\ndata: "
        "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":" +
        quoted(words(1, static_cast<uint32_t>(i))) + "}}\n\n";
  }
  s.bytes +=
      "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\nevent: message_delta\ndata: "
      "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},\"usage\":{\"output_"
      "tokens\":1000}}\n\n"
      "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
  return s;
}

Stream google() {
  Stream s{"", tracia::llm::google_codec()};
  for (int i = 0; i < kDeltas; ++i) {
    s.bytes +=
        R"(data: {"candidates": [{"content": {"parts": [{"text": )" + quoted(words(8, static_cast<uint32_t>(i))) +
        R"(}],"role": "model"},"index": 0}],"usageMetadata": {"promptTokenCount": 8,"candidatesTokenCount": 12,"totalTokenCount": 20},"modelVersion": "gemini-2.5-flash","responseId": "abc"})" +
        "\r\n\r\n";
  }
  s.bytes +=
      R"(data: {"candidates": [{"content": {"parts": [{"text": ""}],"role": "model"},"finishReason": "STOP","index": 0}]})"
      "\r\n\r\n";
  return s;
}

void decode_stream(benchmark::State& state, const std::string& name, Stream (*make)()) {
  const Stream stream = make();
  const tracia::llm::EventSink ignore = [](const tracia::llm::StreamEvent&) {};
  const auto piece = static_cast<size_t>(state.range(0));
  for (auto _ : state) {
    const auto decoder = stream.codec.stream_decoder(stream.head);
    std::string_view rest = stream.bytes;
    while (!rest.empty()) {
      const std::string_view part = rest.substr(0, piece);
      rest.remove_prefix(part.size());
      if (!decoder->feed(part, ignore)) state.SkipWithError("decode failed");
    }
    if (!decoder->finish(ignore)) state.SkipWithError("not complete");
    benchmark::DoNotOptimize(decoder->result().message.parts.data());
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()) * kDeltas);
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * static_cast<int64_t>(stream.bytes.size()));
  state.SetLabel("over parse_events/" + name);
}
// The baseline: each event's JSON found by its line and parsed.
void parse_events(benchmark::State& state, Stream (*make)()) {
  const Stream stream = make();
  tracia::json::Document document;
  for (auto _ : state) {
    std::string_view rest = stream.bytes;
    while (!rest.empty()) {
      const size_t end = rest.find('\n');
      std::string_view line = rest.substr(0, end);
      rest.remove_prefix(std::min(rest.size(), end + 1));
      if (!line.starts_with("data: {")) continue;
      if (!document.parse(line.substr(6))) state.SkipWithError("parse failed");
    }
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()) * kDeltas);
}
BENCHMARK_CAPTURE(parse_events, openai, openai);
BENCHMARK_CAPTURE(parse_events, anthropic, anthropic);
BENCHMARK_CAPTURE(parse_events, google, google);

BENCHMARK_CAPTURE(decode_stream, openai, "openai", openai)->Arg(1400)->Arg(16384);
BENCHMARK_CAPTURE(decode_stream, anthropic, "anthropic", anthropic)->Arg(1400)->Arg(16384);
BENCHMARK_CAPTURE(decode_stream, google, "google", google)->Arg(1400)->Arg(16384);

std::string answer_of(size_t count) {
  return R"({"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"gpt-4o","choices":[{"index":0,"message":{"role":"assistant","content":)" +
         quoted(words(count, 1)) +
         R"(},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":200,"total_tokens":209}})";
}

void parse_body(benchmark::State& state) {
  const std::string body = answer_of(static_cast<size_t>(state.range(0)));
  tracia::json::Document document;
  for (auto _ : state) {
    if (!document.parse(body)) state.SkipWithError("parse failed");
  }
}
BENCHMARK(parse_body)->Arg(50)->Arg(1000)->Arg(50000);

void decode_body(benchmark::State& state) {
  const std::string body = answer_of(static_cast<size_t>(state.range(0)));
  const tracia::wire::HttpResponse response{200, {}, body};
  for (auto _ : state) {
    auto result = tracia::llm::openai_chat_codec().decode(response);
    if (!result) state.SkipWithError("decode failed");
    benchmark::DoNotOptimize(result);
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * static_cast<int64_t>(body.size()));
  state.SetLabel("over parse_body/" + std::to_string(state.range(0)));
}
BENCHMARK(decode_body)->Arg(50)->Arg(1000)->Arg(50000);

// The baseline of encoding: the text copied into a fresh string.
void copy_text(benchmark::State& state) {
  const std::string text = words(static_cast<size_t>(state.range(0)), 2);
  for (auto _ : state) {
    std::string copy(text);
    benchmark::DoNotOptimize(copy.data());
  }
}
BENCHMARK(copy_text)->Arg(50)->Arg(1000)->Arg(50000);

void encode_body(benchmark::State& state) {
  tracia::llm::ChatRequest request{
      .model = "gpt-4o",
      .messages = {tracia::llm::system("Be brief."), tracia::llm::user(words(static_cast<size_t>(state.range(0)), 2))}};
  const tracia::llm::Endpoint endpoint{.base_url = "https://api.openai.com/v1"};
  for (auto _ : state) {
    auto encoded = tracia::llm::openai_chat_codec().encode(request, endpoint, true);
    benchmark::DoNotOptimize(encoded);
  }
  state.SetLabel("over copy_text/" + std::to_string(state.range(0)));
}
BENCHMARK(encode_body)->Arg(50)->Arg(1000)->Arg(50000);

}  // namespace

BENCHMARK_MAIN();
