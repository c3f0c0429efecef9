// One accepted connection of the fake server: non-blocking reads and writes that end when the server stops.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "fake_server.h"

namespace tracia::testing {

enum class Wait { kReady, kTimeout, kGone, kStopped };  // kGone: the client closed its side or the connection broke

class FakeSocket {
 public:
  // Owns `fd`; `stop_fd` becomes readable when the server stops.
  FakeSocket(int fd, int stop_fd);
  ~FakeSocket();
  FakeSocket(const FakeSocket&) = delete;
  FakeSocket& operator=(const FakeSocket&) = delete;

  // Reads one request, body decoded. nullopt: the client left, the server stops, or what came is not HTTP. Answers
  // `Expect: 100-continue` on the way.
  std::optional<FakeRequest> read_request();

  Wait send_all(std::string_view bytes);
  // kTimeout when the time passed in peace. A client that only closes its sending side counts as gone: HTTP clients
  // do not do that.
  Wait pause(std::chrono::milliseconds duration);
  Wait hold();            // until the client leaves or the server stops
  void reset_on_close();  // RST in place of FIN

 private:
  bool fill();  // more bytes into buffer_; false when there will be none
  std::optional<std::string> read_line();
  bool read_exactly(size_t count, std::string& out);
  bool read_chunks(std::string& out);
  Wait wait(short events, int timeout_ms);

  int fd_;
  int stop_fd_;
  std::string buffer_;  // received, not yet used
};

}  // namespace tracia::testing
