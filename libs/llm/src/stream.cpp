#include "tracia/llm/stream.h"

#include <algorithm>

#include "tracia/base/limits.h"
#include "tracia/llm/errors.h"

namespace tracia::llm {

bool StreamAccumulator::count(size_t bytes) {
  if (overflowed_ || bytes > bytes_max_ - bytes_) {
    overflowed_ = true;
    return false;
  }
  bytes_ += bytes;
  return true;
}

void StreamAccumulator::append(std::string& target, std::string_view delta) {
  if (count(delta.size())) target.append(delta);
}

void StreamAccumulator::arrange(const std::set<int64_t>* keep) {
  std::vector<Part> parts;
  parts.reserve(places_.size());
  for (auto it = places_.begin(); it != places_.end();) {
    if (keep != nullptr && !keep->contains(it->first)) {
      it = places_.erase(it);
      continue;
    }
    parts.push_back(std::move(result_.message.parts[it->second]));
    it->second = parts.size() - 1;
    ++it;
  }
  result_.message.parts = std::move(parts);
}

void StreamAccumulator::text(int64_t key, std::string_view delta, const EventSink& sink) {
  TextPart* place = part<TextPart>(key);
  if (place == nullptr || delta.empty()) return;
  append(place->text, delta);
  if (!overflowed_) sink(TextDelta{delta});
}

void StreamAccumulator::refusal(int64_t key, std::string_view delta, const EventSink& sink) {
  TextPart* place = part<TextPart>(key);
  if (place == nullptr || delta.empty()) return;
  place->refusal = true;
  append(place->text, delta);
  if (overflowed_) return;
  result_.refusal.append(delta);
  sink(RefusalDelta{delta});
}

void StreamAccumulator::reasoning(int64_t key, std::string_view delta, const EventSink& sink) {
  ReasoningPart* place = part<ReasoningPart>(key);
  if (place == nullptr || delta.empty()) return;
  append(place->text, delta);
  if (!overflowed_) sink(ReasoningDelta{delta});
}

void StreamAccumulator::tool_call(int64_t key, std::string_view id, std::string_view name, std::string_view arguments,
                                  const EventSink& sink, ToolCallPart::Kind kind) {
  ToolCallPart* place = part<ToolCallPart>(key);
  if (place == nullptr) return;
  place->kind = kind;
  if (place->id.empty()) append(place->id, id);
  if (place->name.empty()) append(place->name, name);
  append(place->arguments, arguments);
  if (overflowed_) return;
  const int index = call_indexes_.try_emplace(key, static_cast<int>(call_indexes_.size())).first->second;
  sink(ToolCallDelta{.index = index, .id = id, .name = name, .arguments = arguments});
}

void StreamAccumulator::opaque(int64_t key, Provider provider, std::string_view json) {
  OpaquePart* place = part<OpaquePart>(key);
  if (place == nullptr) return;
  place->provider = provider;
  place->json.clear();
  append(place->json, json);
}

void StreamAccumulator::usage(const Usage& usage, const EventSink& sink) {
  result_.usage = usage;
  sink(UsageUpdate{result_.usage});
}

void StreamAccumulator::finish(FinishReason reason, std::string_view provider_reason, const EventSink& sink) {
  result_.finish_reason = reason;
  result_.provider_finish_reason.assign(provider_reason);
  sink(Finish{reason, result_.provider_finish_reason});
}

Error StreamAccumulator::overflow_error(Provider provider) const {
  return {.code = ErrorCode::kProviderError,
          .kind = ErrorKind::kTooLarge,
          .message = "The streamed answer is larger than " + std::to_string(bytes_max_) + " bytes",
          .provider = {.provider = std::string(provider_name(provider))}};
}

void StreamAccumulator::seal() {
  auto& parts = result_.message.parts;
  for (Part& part : parts) {
    if (auto* call = part.as<ToolCallPart>();
        call != nullptr && call->arguments.empty() && call->kind != ToolCallPart::Kind::kCustom) {
      call->arguments = "{}";
    }
  }
  std::erase_if(parts, [](const Part& part) {
    const auto* text = part.as<TextPart>();
    return text != nullptr && text->text.empty() && text->signature.empty();
  });
  places_.clear();
}

void StreamAccumulator::saw_event_type(std::string_view name) {
  constexpr size_t kTypesMax = 64;  // a hostile stream may invent names for ever
  if (event_types_.size() >= kTypesMax ||
      std::find(event_types_.begin(), event_types_.end(), name) != event_types_.end())
    return;
  event_types_.emplace_back(name.substr(0, 128));
}

}  // namespace tracia::llm
