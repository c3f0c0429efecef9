// DIR/control.sock: how `tracia keys`, `backup` and the like talk to the server that holds a data directory. A Unix
// stream socket, mode 0600 in a folder of mode 0700: who can connect owns the data anyway.
//
//   client: one line of JSON, at most 64 KiB          {"op":"ping"}
//   server: any number of progress lines, then one answer, of at most 16 MiB; then it closes
//           p{"file":"control.db","done":1,"total":2}
//           a{"ok":true}
//
// What the JSON says is between the caller and the handler.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "tracia/base/result.h"

namespace tracia::store_sqlite {

inline constexpr size_t kControlRequestBytesMax = 64u << 10;
inline constexpr size_t kControlAnswerBytesMax = 16u << 20;  // some 50,000 keys

// The server's side: a few threads, so that a long backup keeps nobody waiting. Thread-safe. The destructor lets the
// requests that are being handled end, then removes the socket.
class ControlSocket {
 public:
  // Sends one line (JSON, no line breaks) to the one who asked. False: they left, and no more need be sent.
  using SendProgress = std::function<bool(std::string_view line)>;
  // Gets the request's line, gives the answer's. Called on the socket's threads, several at
  // once; it may block.
  using Handler = std::function<std::string(std::string_view request, const SendProgress& progress)>;

  // `dir` is a data directory that this process holds: a socket that is there is left over, and replaced. Errors:
  // kUnavailable when the socket cannot be made.
  static Result<std::unique_ptr<ControlSocket>> open(const std::filesystem::path& dir, Handler handler);
  ~ControlSocket();

 private:
  struct Impl;
  explicit ControlSocket(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The client's side: sends `request_json` and waits for the answer, however long it takes, while progress goes on.
// Errors: kNotFound when nobody listens, kUnavailable when the server goes away before it answered.
Result<std::string> ask(const std::filesystem::path& dir, std::string_view request_json,
                        const std::function<void(std::string_view line)>& on_progress = {});

}  // namespace tracia::store_sqlite
