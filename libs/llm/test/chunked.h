// What the codec tests share: one answer read in several chunkings, with everything that it gave in one comparable
// text.
#pragma once

#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tracia/llm/codec.h"

namespace tracia::llm::testing {

inline nlohmann::json json_or_text(const std::string& text) {
  auto parsed = nlohmann::json::parse(text, nullptr, false);
  return parsed.is_discarded() ? nlohmann::json("raw:" + text) : parsed;
}

inline nlohmann::json describe(const Usage& u) {
  const auto one = [](const std::optional<int64_t>& n) { return n ? nlohmann::json(*n) : nlohmann::json(nullptr); };
  return {{"input", one(u.input_tokens)},           {"output", one(u.output_tokens)},
          {"total", one(u.total_tokens)},           {"cached", one(u.cached_input_tokens)},
          {"write", one(u.cache_write_tokens)},     {"write1h", one(u.cache_write_1h_tokens)},
          {"reasoning", one(u.reasoning_tokens)},   {"audio_in", one(u.input_audio_tokens)},
          {"audio_out", one(u.output_audio_tokens)}};
}

// Tool arguments are compared as JSON values: a stream carries the model's own spacing, a plain answer does not.
inline nlohmann::json describe(const Part& part) {
  if (const auto* p = part.as<TextPart>())
    return {{"text", p->text}, {"signature", p->signature}, {"annotations", p->annotations}, {"refusal", p->refusal}};
  if (const auto* p = part.as<ReasoningPart>())
    return {{"reasoning", p->text}, {"signature", p->signature}, {"redacted", p->redacted}};
  if (const auto* p = part.as<ToolCallPart>())
    return {{"call", p->id}, {"name", p->name}, {"arguments", json_or_text(p->arguments)}, {"signature", p->signature}};
  if (const auto* p = part.as<OpaquePart>()) return {{"opaque", json_or_text(p->json)}};
  if (const auto* p = part.as<ImagePart>())
    return {{"image", p->source.value}, {"mime", p->mime_type}, {"signature", p->signature}};
  if (const auto* p = part.as<AudioPart>()) return {{"audio", p->source.value}, {"mime", p->mime_type}};
  return {{"other", part.body.index()}};
}

// The answer's substance. `with_ids`: also what differs between two answers to one question.
inline nlohmann::json describe(const ChatResult& r, bool with_ids = true) {
  nlohmann::json out{{"finish", finish_reason_name(r.finish_reason)},
                     {"word", r.provider_finish_reason},
                     {"stop", r.stop_sequence},
                     {"message", r.finish_message},
                     {"block", r.block_reason},
                     {"refusal", r.refusal},
                     {"usage", describe(r.usage)},
                     {"parts", nlohmann::json::array()}};
  for (const Part& part : r.message.parts) out["parts"].push_back(describe(part));
  if (with_ids) {
    out["id"] = r.id;
    out["model"] = r.model;
    out["raw"] = json_or_text(r.raw_usage.json);
  }
  return out;
}

// Everything one reading of a stream gave.
struct StreamReading {
  std::string events;  // one line per event, in order
  nlohmann::json result;
  std::string error;  // "" or kind and message
  bool done = false;
  uint64_t count = 0;
};

inline std::string describe_event(const StreamEvent& event) {
  struct Visitor {
    std::string operator()(const TextDelta& e) const {
      return "text " +
             nlohmann::json(std::string(e.text)).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    }
    std::string operator()(const RefusalDelta& e) const { return "refusal " + std::string(e.text); }
    std::string operator()(const ReasoningDelta& e) const {
      return "reasoning " +
             nlohmann::json(std::string(e.text)).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    }
    std::string operator()(const ToolCallDelta& e) const {
      return "call " + std::to_string(e.index) + " " + std::string(e.id) + " " + std::string(e.name) + " " +
             std::string(e.arguments);
    }
    std::string operator()(const UsageUpdate& e) const { return "usage " + describe(e.usage).dump(); }
    std::string operator()(const Finish& e) const {
      return "finish " + std::string(finish_reason_name(e.reason)) + " " + std::string(e.provider_reason);
    }
  };
  return std::visit(Visitor{}, event) + "\n";
}

// `cut(left)` gives the size of the next piece.
template <typename Cut>
StreamReading read_stream(const ChatCodec& codec, const wire::HttpResponseHead& head, std::string_view body, Cut cut) {
  StreamReading out;
  const auto decoder = codec.stream_decoder(head);
  const EventSink sink = [&](const StreamEvent& event) { out.events += describe_event(event); };
  const auto note = [&](const Status& status) {
    if (!status && out.error.empty())
      out.error = std::string(error_kind_name(status.error().kind)) + ": " + status.error().message;
  };
  while (!body.empty()) {
    const size_t size = std::min<size_t>(std::max<size_t>(cut(body.size()), 1), body.size());
    const std::string piece(body.substr(0, size));  // a copy of its own: views kept past the call are caught by ASan
    body.remove_prefix(size);
    note(decoder->feed(piece, sink));
  }
  note(decoder->finish(sink));
  out.result = describe(decoder->result());
  out.done = decoder->done();
  out.count = decoder->events();
  return out;
}

inline StreamReading read_whole(const ChatCodec& codec, const wire::HttpResponseHead& head, std::string_view body) {
  return read_stream(codec, head, body, [](size_t left) { return left; });
}

// "" when every chunking gives what the whole gives; else what differs.
inline std::string chunking_difference(const ChatCodec& codec, const wire::HttpResponseHead& head,
                                       std::string_view body, uint32_t seed) {
  const StreamReading whole = read_whole(codec, head, body);
  std::mt19937 random(seed);
  for (int round = 0; round < 6; ++round) {
    const size_t most = round == 0 ? 1 : round < 3 ? 7 : 200;
    const StreamReading cut = read_stream(codec, head, body, [&](size_t) { return 1 + random() % most; });
    const auto differs = [&](const char* what) {
      return std::string(what) + " differ with pieces of up to " + std::to_string(most) + " bytes, seed " +
             std::to_string(seed);
    };
    if (cut.events != whole.events) return differs("events");
    if (cut.result != whole.result) return differs("results");
    if (cut.error != whole.error || cut.done != whole.done || cut.count != whole.count) return differs("ends");
  }
  return "";
}

// Calls `use` with `root` again and again, each time with one of its values (every one, in turn) replaced by a value of
// another type. O(values^2): for small answers.
template <typename Use>
void replace_each_value(const nlohmann::json& root, Use use) {
  const nlohmann::json flat = root.flatten();
  std::vector<std::string> pointers{""};
  for (const auto& [pointer, value] : flat.items()) {
    for (size_t end = pointer.find('/', 1);; end = pointer.find('/', end + 1)) {
      pointers.push_back(pointer.substr(0, end));
      if (end == std::string::npos) break;
    }
  }
  std::sort(pointers.begin(), pointers.end());
  pointers.erase(std::unique(pointers.begin(), pointers.end()), pointers.end());
  const std::vector<nlohmann::json> others{nullptr,
                                           true,
                                           -1,
                                           1e300,
                                           123456789012345678,
                                           "text",
                                           "",
                                           nlohmann::json::array(),
                                           nlohmann::json::array({1, "a", nullptr}),
                                           nlohmann::json::object(),
                                           {{"type", "text"}, {"text", 5}, {"error", {{"message", {}}}}}};
  for (const std::string& pointer : pointers) {
    for (const auto& other : others) {
      nlohmann::json changed = root;
      changed[nlohmann::json::json_pointer(pointer)] = other;
      use(changed);
    }
  }
}

}  // namespace tracia::llm::testing
