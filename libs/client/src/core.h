// What a Client, its streams and its resources share. Private to libs/client.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "prompt_copies.h"
#include "tracia/calls/driver.h"
#include "tracia/client/client.h"
#include "tracia/llm/call.h"
#include "tracia/record/recorder.h"
#include "tracia/transport/transport.h"

namespace tracia {
inline namespace v0 {

struct ClientCore {
  ClientOptions options;
  llm::EnvReader env;
  std::string api_key;  // "" = no server to send spans to
  std::string base_url;
  const Clock* clock = &system_clock();
  std::shared_ptr<transport::Transport> transport;
  std::optional<calls::Driver> driver;  // set once made; the Client's destructor cancels its calls and waits
  std::shared_ptr<record::Sender> sender;
  std::unique_ptr<record::Recorder> recorder;  // nullptr: tracing is off
  std::unique_ptr<client::PromptCopies> prompt_copies;

  bool tracing(const std::optional<bool>& send_trace) const { return recorder != nullptr && send_trace.value_or(true); }
};

// The driver of a core, which keeps the core alive as long as one of its calls runs.
inline std::shared_ptr<calls::Driver> driver_of(const std::shared_ptr<ClientCore>& core) {
  return {core, &*core->driver};
}

}  // namespace v0
}  // namespace tracia
