// Folds the items of the Responses API into one ChatResult. Deltas come first and items, which are complete, later: an
// item is laid over what its deltas made, so that streamed and plain answers end in the same result. Private to
// libs/llm.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "openai/common.h"
#include "tracia/llm/stream.h"

namespace tracia::llm::openai {

// Where a part stands: the index of its item and, inside, of its content or summary. Both are bounded by is_valid().
struct Place {
  int64_t item = 0;
  int64_t content = 0;
  bool is_valid() const { return item >= 0 && item < (1 << 20) && content >= 0 && content < (1 << 20); }
};

// Not thread-safe. Views into the JSON are not kept.
class ResponsesFold {
 public:
  explicit ResponsesFold(StreamAccumulator& acc) : acc_(acc) {}

  // Deltas.
  void text(Place place, std::string_view delta, const EventSink& sink);
  void refusal(Place place, std::string_view delta, const EventSink& sink);
  void summary(Place place, std::string_view delta, const EventSink& sink);
  void reasoning_text(Place place, std::string_view delta, const EventSink& sink);
  void arguments(int64_t item, std::string_view delta, bool is_custom, const EventSink& sink);

  // An item as far as it is known; may come several times, each time more complete. Emits what its deltas left out.
  void item(const json::Value& item, int64_t index, const EventSink& sink);
  // The whole `output`: parts that no item of it accounts for are dropped.
  void output(const json::Value& items, const EventSink& sink);

  // The response object: id, model, usage, status, incomplete reason. Emits a UsageUpdate when there is usage.
  void header(const json::Value& response, const EventSink& sink);
  // Ends the message. The Finish event is emitted when `complete`.
  void close(bool complete, const EventSink& sink);

 private:
  void message(const json::Value& item, int64_t index, const EventSink& sink);
  void reasoning(const json::Value& item, int64_t index, const EventSink& sink);
  void call(const json::Value& item, int64_t index, bool is_custom, const EventSink& sink);
  void fill_text(int64_t key, std::string_view full, bool is_refusal, const EventSink& sink);
  void fill_reasoning(int64_t key, std::string_view full, const EventSink& sink);
  FinishReason finish_reason() const;

  StreamAccumulator& acc_;
  std::set<int64_t> keys_;  // of the parts that items account for
};

}  // namespace tracia::llm::openai
