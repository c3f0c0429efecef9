// Python's side of the client: JSON in, JSON out.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "captured.h"
#include "client_state.h"
#include "gil.h"
#include "queue.h"
#include "stream.h"

namespace tracia::native {

class PyClient {
 public:
  PyClient(std::string_view options, bool capture, bool divert, bool report_errors);
  ~PyClient();
  PyClient(const PyClient&) = delete;
  PyClient& operator=(const PyClient&) = delete;

  const std::string& base_url() const { return base_url_; }
  nb::bytes call(std::string_view operation, std::string_view input);
  std::unique_ptr<Call> start(std::string_view operation, std::string_view input, const Queue& queue);
  std::unique_ptr<Stream> stream(std::string_view operation, std::string_view input);
  void record(std::string_view span);
  void record_as_is(std::string_view span);
  bool flush(int64_t deadline_ms);
  std::unique_ptr<Call> start_flush(int64_t deadline_ms, const Queue& queue);
  nb::bytes stats();
  nb::list captured();
  void expect_taker();
  nb::object next_event(int64_t timeout_ms);
  void event_done();
  void cancel_all();
  void close();

 private:
  std::shared_ptr<EventQueue> events_;
  std::shared_ptr<CapturedSpans> captured_;  // nullptr: spans go to the server
  std::shared_ptr<ClientState> state_;
  std::string base_url_;
};

void bind_client(nb::module_& module);

}  // namespace tracia::native
