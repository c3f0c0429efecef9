#include "run_stream.h"

#include <map>
#include <utility>

#include "tracia/json/writer.h"
#include "tracia/span/messages.h"

namespace tracia::routes {
namespace {

using service::RunFailure;
using service::RunOutcome;
using End = tl::expected<RunOutcome, RunFailure>;

std::string text_event(std::string_view text) {
  return json::Writer().begin_object().field("text", text).end_object().take();
}

// Events are queued by the run's threads and written by the connection's: many at once when they come fast.
class RunStream : public std::enable_shared_from_this<RunStream> {
 public:
  explicit RunStream(const http::ExchangePtr& exchange) : exchange_(exchange), events_(exchange) {}

  void on_event(const llm::StreamEvent& event) {
    if (const auto* text = std::get_if<llm::TextDelta>(&event)) {
      queue("delta", text_event(text->text));
    } else if (const auto* reasoning = std::get_if<llm::ReasoningDelta>(&event)) {
      queue("reasoning", text_event(reasoning->text));
    } else if (const auto* call = std::get_if<llm::ToolCallDelta>(&event)) {
      collect(*call);
    }
  }

  void on_end(End end) {
    if (end) {
      // Whole calls: their arguments are complete only now.
      for (const auto& [index, call] : calls_) {
        const std::string list = span::tool_calls_json({call});
        queue("tool_call", list.substr(1, list.size() - 2));
      }
    }
    exchange_->writer.post([self = shared_from_this(), end = std::move(end)] {
      self->flush();
      self->finish(end);
    });
  }

 private:
  void collect(const llm::ToolCallDelta& delta) {
    llm::ToolCallPart& call = calls_[delta.index];
    if (!delta.id.empty()) call.id = delta.id;
    if (!delta.name.empty()) call.name = delta.name;
    call.arguments.append(delta.arguments);
  }

  void queue(std::string_view name, std::string data) {
    {
      const std::lock_guard lock(mutex_);
      queue_.emplace_back(name, std::move(data));
      if (std::exchange(posted_, true)) return;
    }
    exchange_->writer.post([self = shared_from_this()] { self->flush(); });
  }

  // On the connection's thread, as finish().
  void flush() {
    std::vector<std::pair<std::string_view, std::string>> ready;
    {
      const std::lock_guard lock(mutex_);
      ready.swap(queue_);
      posted_ = false;
    }
    if (ready.empty() || !exchange_->writer.open()) return;
    events_.begin();
    for (const auto& [name, data] : ready) events_.event(name, data);
  }

  void finish(const End& end) {
    if (!exchange_->writer.open()) return;
    if (!end && !events_.begun()) return exchange_->error(end.error().error, end.error().extra);
    events_.begin();
    if (end) {
      events_.event("done", end->result_json);
    } else {
      events_.event("error", http::error_json(end.error().error, end.error().extra));
    }
    events_.end();
  }

  http::ExchangePtr exchange_;
  http::SseStream events_;
  std::map<int, llm::ToolCallPart> calls_;  // the run's threads only
  std::mutex mutex_;
  std::vector<std::pair<std::string_view, std::string>> queue_;
  bool posted_ = false;
};

}  // namespace

service::Runs::Listener plain_answer(const http::ExchangePtr& exchange) {
  return {.on_event = nullptr, .on_end = [exchange](End end) {
            exchange->writer.post([exchange, end = std::move(end)] {
              if (end) return exchange->json(200, end->result_json);
              exchange->error(end.error().error, end.error().extra);
            });
          }};
}

service::Runs::Listener streamed_answer(const http::ExchangePtr& exchange) {
  auto stream = std::make_shared<RunStream>(exchange);
  return {.on_event = [stream](const llm::StreamEvent& event) { stream->on_event(event); },
          .on_end = [stream](End end) { stream->on_end(std::move(end)); }};
}

}  // namespace tracia::routes
