// OpenAI's decoders over any bytes. Properties: nothing crashes, and however a stream is cut, the events and the result
// are the same. First byte: protocol and mode; second: sizes of the pieces.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tracia/llm/codec.h"

namespace {

using namespace tracia;
using namespace tracia::llm;

struct Outcome {
  std::string events;  // kinds and contents, deltas of one kind joined
  std::string result;
  bool failed = false;
  ErrorKind kind = ErrorKind::kOther;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

void put(std::string& out, char kind, std::string_view text) {
  out.push_back(kind);
  out.append(std::to_string(text.size())).append(":").append(text);
}

std::string describe(const ChatResult& r) {
  std::string out;
  put(out, 'i', r.id);
  put(out, 'm', r.model);
  put(out, 'f', r.provider_finish_reason);
  put(out, 'o', r.output_items);
  put(out, 'r', r.refusal);
  put(out, 'u', r.raw_usage.json);
  out.push_back(static_cast<char>('0' + static_cast<int>(r.finish_reason)));
  for (const Part& part : r.message.parts) {
    if (const auto* p = part.as<TextPart>()) put(out, p->refusal ? 'F' : 'T', p->text + p->annotations + p->item_id);
    if (const auto* p = part.as<ToolCallPart>())
      put(out, 'C', p->id + "|" + p->name + "|" + p->arguments + "|" + p->item_id);
    if (const auto* p = part.as<ReasoningPart>()) put(out, 'R', p->text + "|" + p->id + "|" + p->signature);
    if (const auto* p = part.as<OpaquePart>()) put(out, 'O', p->json);
    if (const auto* p = part.as<AudioPart>()) put(out, 'A', p->id + "|" + p->transcript + "|" + p->source.value);
  }
  return out;
}

Outcome run(const ChatCodec& codec, std::string_view bytes, size_t step) {
  Outcome out;
  const auto decoder = codec.stream_decoder({200, {}});
  const EventSink sink = [&out](const StreamEvent& event) {
    if (const auto* e = std::get_if<TextDelta>(&event)) put(out.events, 't', e->text);
    if (const auto* e = std::get_if<RefusalDelta>(&event)) put(out.events, 'f', e->text);
    if (const auto* e = std::get_if<ReasoningDelta>(&event)) put(out.events, 'r', e->text);
    if (const auto* e = std::get_if<ToolCallDelta>(&event)) {
      put(out.events, 'c', std::to_string(e->index));
      put(out.events, ' ', e->id);
      put(out.events, ' ', e->name);
      put(out.events, ' ', e->arguments);
    }
    if (std::get_if<UsageUpdate>(&event) != nullptr) put(out.events, 'u', "");
    if (const auto* e = std::get_if<Finish>(&event)) put(out.events, '!', e->provider_reason);
  };
  const auto note = [&out](const Status& status) {
    if (status || out.failed) return;
    out.failed = true;
    out.kind = status.error().kind;
  };
  while (!bytes.empty()) {
    const std::string piece(bytes.substr(0, step));
    bytes.remove_prefix(piece.size());
    note(decoder->feed(piece, sink));
  }
  note(decoder->finish(sink));
  out.result = describe(decoder->result());
  if (!out.failed && !decoder->done()) std::abort();  // ended well, so the end was seen
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const ChatCodec& codec = (data[0] & 1) != 0 ? openai_responses_codec() : openai_chat_codec();
  const size_t step = 1 + data[1] % 32;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  if ((data[0] & 2) != 0) {
    const std::string body(bytes);
    (void)codec.decode({(data[0] & 4) != 0 ? 500 : 200, {}, body});
    (void)openai_embedding_codec().decode({200, {}, body}, data[1] % 4);
    return 0;
  }
  if (!(run(codec, bytes, bytes.size() + 1) == run(codec, bytes, step))) std::abort();
  return 0;
}
