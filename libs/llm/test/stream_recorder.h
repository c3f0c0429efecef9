// What a stream decoder told its sink, and a printable form of a result, for comparing one run with another.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "tracia/json/writer.h"
#include "tracia/llm/codec.h"

namespace tracia::llm::testing {

// Events by kind, deltas joined: the sequence that must not depend on how the bytes were cut.
struct EventLog {
  std::string text, refusal, reasoning;
  struct Call {
    std::string id, name, arguments;
    friend bool operator==(const Call&, const Call&) = default;
  };
  std::map<int, Call> calls;
  size_t usages = 0, finishes = 0;
  std::string order;  // one letter an event
  friend bool operator==(const EventLog&, const EventLog&) = default;

  EventSink sink() {
    return [this](const StreamEvent& event) {
      if (const auto* e = std::get_if<TextDelta>(&event)) text.append(e->text), order.push_back('t');
      if (const auto* e = std::get_if<RefusalDelta>(&event)) refusal.append(e->text), order.push_back('f');
      if (const auto* e = std::get_if<ReasoningDelta>(&event)) reasoning.append(e->text), order.push_back('r');
      if (const auto* e = std::get_if<ToolCallDelta>(&event)) {
        Call& call = calls[e->index];
        if (call.id.empty()) call.id = e->id;
        if (call.name.empty()) call.name = e->name;
        call.arguments.append(e->arguments);
        order.push_back('c');
      }
      if (std::get_if<UsageUpdate>(&event) != nullptr) ++usages, order.push_back('u');
      if (std::get_if<Finish>(&event) != nullptr) ++finishes, order.push_back('!');
    };
  }
};

inline std::string describe(const std::vector<Part>& parts) {
  std::string out;
  for (const Part& part : parts) {
    if (const auto* p = part.as<TextPart>()) {
      out += "text{" + p->text + "|" + p->item_id + "|" + p->phase + "|" + p->annotations +
             (p->refusal ? "|refusal" : "") + "}";
    } else if (const auto* p = part.as<ToolCallPart>()) {
      out += "call{" + p->id + "|" + p->name + "|" + p->arguments + "|" + p->item_id + "|" +
             std::to_string(static_cast<int>(p->kind)) + "}";
    } else if (const auto* p = part.as<ReasoningPart>()) {
      out += "reasoning{" + p->text + "|" + p->id + "|" + p->signature + "}";
    } else if (const auto* p = part.as<OpaquePart>()) {
      out += "opaque{" + p->json + "}";
    } else if (const auto* p = part.as<AudioPart>()) {
      out += "audio{" + p->id + "|" + p->transcript + "|" + p->source.value + "}";
    } else {
      out += "other{}";
    }
  }
  return out;
}

inline std::string describe(const ChatResult& r) {
  const auto n = [](const std::optional<int64_t>& v) { return v ? std::to_string(*v) : std::string("-"); };
  std::string out = r.id + "|" + r.model + "|" + r.message.id + "|" + describe(r.message.parts) + "|";
  out += std::string(finish_reason_name(r.finish_reason)) + "|" + r.provider_finish_reason + "|" + r.incomplete_reason +
         "|" + r.refusal;
  out += "|" + n(r.usage.input_tokens) + "," + n(r.usage.output_tokens) + "," + n(r.usage.total_tokens) + "," +
         n(r.usage.cached_input_tokens);
  return out + "|" + r.raw_usage.json + "|" + r.output_items;
}

// One decoder over `body`, cut by `cut(bytes left)`.
struct StreamRun {
  EventLog log;
  ChatResult result;
  std::optional<Error> error;
  uint64_t events = 0;
  bool done = false;
};

template <typename Cut>
StreamRun run_stream(const ChatCodec& codec, std::string_view body, Cut cut,
                     wire::HttpResponseHead head = {200, {{"content-type", "text/event-stream"}}}) {
  StreamRun run;
  const auto decoder = codec.stream_decoder(head);
  const EventSink sink = run.log.sink();
  while (!body.empty()) {
    const size_t size = std::min<size_t>(std::max<size_t>(cut(body.size()), 1), body.size());
    const std::string piece(body.substr(0, size));  // a copy, so that ASan sees views that are kept too long
    body.remove_prefix(size);
    if (const auto status = decoder->feed(piece, sink); !status && !run.error) run.error = status.error();
  }
  if (const auto status = decoder->finish(sink); !status && !run.error) run.error = status.error();
  run.result = decoder->result();
  run.events = decoder->events();
  run.done = decoder->done();
  return run;
}

inline StreamRun run_whole(const ChatCodec& codec, std::string_view body) {
  return run_stream(codec, body, [](size_t left) { return left; });
}

}  // namespace tracia::llm::testing
