// Python's side of a stream.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "events.h"
#include "gil.h"
#include "queue.h"
#include "tracia/client/json.h"

namespace tracia::native {

// In a child after fork() it is inert: it has ended, and its result is an error.
class Stream {
 public:
  Stream(std::unique_ptr<JsonStream> stream, std::shared_ptr<EventQueue> events);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  std::string span_id() const { return is_foreign() ? "" : stream_->span_id(); }
  std::string trace_id() const { return is_foreign() ? "" : stream_->trace_id(); }
  nb::list next();
  nb::list take();
  bool ended() const { return is_foreign() || stream_->ended(); }
  uint64_t wait_ready(const Queue& queue);
  uint64_t wait_finished(const Queue& queue);
  void on_finished(uint64_t future_id);
  void abort();
  nb::bytes result();
  nb::bytes partial() const;

 private:
  bool is_foreign() const;

  uint64_t epoch_;
  std::unique_ptr<JsonStream> stream_;
  std::shared_ptr<EventQueue> events_;
};

void bind_stream(nb::module_& module);

}  // namespace tracia::native
