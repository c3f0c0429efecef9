// Amazon Bedrock's answers and streams on any bytes. The first byte chooses: 0 a plain answer, 1 raw stream bytes,
// 2 lines "event-type payload" that are framed with right checksums (an event type that begins with '!' is an
// exception), 3 a plain answer to a streamed request, 4 the embedding answers. The second byte is the piece size.
// Property: any pieces give the result, the error and the events of the whole.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tracia/llm/codec.h"
#include "tracia/wire/event_stream.h"

namespace {

using namespace tracia;
using wire::EventStreamHeader;
using wire::EventStreamType;

std::string framed(std::string_view lines) {
  std::string out;
  while (!lines.empty()) {
    const size_t end = lines.find('\n');
    std::string_view line = lines.substr(0, end);
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
    const bool exception = line.starts_with('!');
    if (exception) line.remove_prefix(1);
    const size_t space = line.find(' ');
    const EventStreamHeader headers[] = {
        {exception ? ":exception-type" : ":event-type", EventStreamType::kString, line.substr(0, space)},
        {":message-type", EventStreamType::kString, exception ? "exception" : "event"}};
    const std::string_view payload = space == std::string_view::npos ? "" : line.substr(space + 1);
    (void)wire::append_event_stream_message(out, headers, payload);
  }
  return out;
}

std::string text_of(const llm::ChatResult& result) {
  std::string out = result.text() + "\n" + result.reasoning_text() + "\n" + result.provider_finish_reason + "\n" +
                    result.raw_usage.json + "\n" + std::to_string(result.message.parts.size());
  for (const auto& call : result.tool_calls()) out += "\n" + call.id + " " + call.name + " " + call.arguments;
  return out;
}

struct Reading {
  std::string text;  // the result, the deltas joined, and the error
  bool operator==(const Reading&) const = default;
};

Reading read(std::string_view bytes, size_t piece, const wire::Headers& headers) {
  const auto decoder = llm::bedrock_codec().stream_decoder({200, headers});
  std::string deltas;
  const llm::EventSink sink = [&](const llm::StreamEvent& event) {
    if (const auto* text = std::get_if<llm::TextDelta>(&event)) deltas.append(text->text);
    if (const auto* call = std::get_if<llm::ToolCallDelta>(&event)) deltas.append(call->arguments);
    if (const auto* end = std::get_if<llm::Finish>(&event)) deltas.append(end->provider_reason);
  };
  Status status;
  while (!bytes.empty() && status) {
    const std::string copy(bytes.substr(0, piece));
    bytes.remove_prefix(copy.size());
    status = decoder->feed(copy, sink);
  }
  if (status) status = decoder->finish(sink);
  return {text_of(decoder->result()) + "\n" + deltas + "\n" + (status ? "" : status.error().to_string()) +
          std::to_string(decoder->events())};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const size_t piece = 1 + data[1];
  const std::string rest(reinterpret_cast<const char*>(data + 2), size - 2);
  switch (data[0] % 5) {
    case 0: (void)llm::bedrock_codec().decode({.status = data[1] % 2 == 0 ? 200 : 400, .body = rest}); break;
    case 4:
      (void)llm::bedrock_embedding_codec().decode({.status = data[1] % 2 == 0 ? 200 : 400, .body = rest}, 1);
      (void)llm::voyage_embedding_codec().decode({.status = data[1] % 2 == 0 ? 200 : 400, .body = rest}, 1);
      break;
    default: {
      const bool plain = data[0] % 5 == 3;
      const wire::Headers headers{{"content-type", plain ? "application/json" : "application/vnd.amazon.eventstream"}};
      const std::string bytes = data[0] % 5 == 2 ? framed(rest) : rest;
      if (!(read(bytes, piece, headers) == read(bytes, bytes.size() + 1, headers))) std::abort();
    }
  }
  return 0;
}
