// What the codecs' fuzzers share: one input drives the plain decoder and the stream decoder, and every chunking of a
// stream must give what the whole gives.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tracia/llm/codec.h"

namespace tracia::llm::fuzz {

inline void append_number(std::string& out, const char* name, const std::optional<int64_t>& n) {
  if (n) out.append(name).append(std::to_string(*n)).append(" ");
}

// Everything that a caller can see of a result, as text.
inline std::string describe(const ChatResult& r) {
  std::string out = r.id + "|" + r.model + "|" + r.provider_finish_reason + "|" + r.stop_sequence + "|" +
                    r.finish_message + "|" + r.block_reason + "|" + r.refusal + "|" + r.raw_usage.json + "|" +
                    std::string(finish_reason_name(r.finish_reason)) + "\n";
  append_number(out, "in ", r.usage.input_tokens);
  append_number(out, "out ", r.usage.output_tokens);
  append_number(out, "total ", r.usage.total_tokens);
  for (const Part& part : r.message.parts) {
    out.append("\n").append(std::to_string(part.body.index())).append(" ");
    if (const auto* p = part.as<TextPart>()) out.append(p->text + "|" + p->signature + "|" + p->annotations);
    if (const auto* p = part.as<ReasoningPart>()) out.append(p->text + "|" + p->signature);
    if (const auto* p = part.as<ToolCallPart>())
      out.append(p->id + "|" + p->name + "|" + p->arguments + "|" + p->signature);
    if (const auto* p = part.as<OpaquePart>()) out.append(p->json);
    if (const auto* p = part.as<ImagePart>()) out.append(p->mime_type + "|" + p->source.value + "|" + p->signature);
    if (const auto* p = part.as<AudioPart>()) out.append(p->mime_type + "|" + p->source.value);
  }
  return out;
}

inline void note_event(std::string& out, const StreamEvent& event) {
  out.push_back(static_cast<char>('0' + event.index()));
  if (const auto* e = std::get_if<TextDelta>(&event)) out.append(e->text);
  if (const auto* e = std::get_if<RefusalDelta>(&event)) out.append(e->text);
  if (const auto* e = std::get_if<ReasoningDelta>(&event)) out.append(e->text);
  if (const auto* e = std::get_if<ToolCallDelta>(&event)) {
    out.append(std::to_string(e->index))
        .append("|")
        .append(e->id)
        .append("|")
        .append(e->name)
        .append("|")
        .append(e->arguments);
  }
  if (const auto* e = std::get_if<UsageUpdate>(&event)) append_number(out, "in ", e->usage.input_tokens);
  if (const auto* e = std::get_if<Finish>(&event)) out.append(e->provider_reason);
  out.push_back('\n');
}

// Reads `body` in pieces whose sizes `seed` gives (0: whole); the account of events, result and end.
inline std::string read(const ChatCodec& codec, std::string_view body, uint32_t seed) {
  std::string out;
  const auto decoder = codec.stream_decoder({200, {}});
  const EventSink sink = [&](const StreamEvent& event) { note_event(out, event); };
  Error error;
  const auto note = [&](const Status& status) {
    if (!status && error.message.empty()) error = status.error();
  };
  uint32_t state = seed;
  while (!body.empty()) {
    state = state * 1664525u + 1013904223u;
    const size_t size = seed == 0 ? body.size() : std::min<size_t>(body.size(), seed == 1 ? 1 : 1 + (state >> 16) % 40);
    const std::string piece(body.substr(0, size));  // its own allocation: a view kept past the call is found
    body.remove_prefix(size);
    note(decoder->feed(piece, sink));
  }
  note(decoder->finish(sink));
  out.append("\n").append(describe(decoder->result())).append("\n").append(error.message);
  out.append(decoder->done() ? "\ndone " : "\nopen ").append(std::to_string(decoder->events()));
  for (const std::string& type : decoder->event_types()) out.append(" ").append(type);
  return out;
}

// The first byte chooses how the rest is cut and whether it is also read as an error answer.
inline void check_codec(const ChatCodec& codec, std::string_view input) {
  if (input.empty()) return;
  const auto mode = static_cast<unsigned char>(input.front());
  input.remove_prefix(1);
  (void)codec.decode({mode % 2 == 0 ? 200 : 500, {}, std::string(input)});
  const std::string whole = read(codec, input, 0);
  for (const uint32_t seed : {1u, 2u + mode}) {
    const std::string cut = read(codec, input, seed);
    if (cut == whole) continue;
    std::fprintf(stderr, "chunking changes the reading (seed %u)\n--- whole\n%s\n--- cut\n%s\n", seed, whole.c_str(),
                 cut.c_str());
    std::abort();
  }
}

}  // namespace tracia::llm::fuzz
