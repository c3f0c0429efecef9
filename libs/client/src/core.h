// What a Client, its streams and its resources share. Private to libs/client.
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "credentials.h"
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
  std::unique_ptr<client::AwsCredentialCache> aws;
  std::shared_ptr<record::Sender> sender;
  std::unique_ptr<record::Recorder> recorder;  // nullptr: tracing is off

  // Asynchronous calls and streams under way; the Client's destructor cancels them and waits.
  struct Running {
    CancelToken cancel;  // its own: ending the call leaves the caller's token, which others may hold, alone
    const pid_t process = ::getpid();  // in a forked child the parent's calls do not run, and never end
  };
  std::mutex mutex;
  std::condition_variable all_done;
  std::set<Running*> running;
  void enter(Running* job);
  void leave(Running* job);
  void cancel_all(bool wait);
  // On the loop's thread while the callback of one of this core's calls runs there: waiting would be for ever.
  bool in_callback() const;

  bool tracing(const std::optional<bool>& send_trace) const { return recorder != nullptr && send_trace.value_or(true); }
};

double uniform_random();  // [0, 1), per thread; for jitter

}  // namespace v0
}  // namespace tracia
