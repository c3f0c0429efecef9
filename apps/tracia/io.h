// What the model subcommands share: reading files and stdin, colours, Ctrl-C, and how errors are shown.
#pragma once

#include <atomic>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tracia/tracia.h"

namespace tracia::app {

// Largest file that is read for a prompt, an image or a document.
inline constexpr size_t kFileBytesMax = 24u << 20;

Result<std::string> read_file(const std::string& path);  // "-" = stdin
bool stdin_is_piped();
bool stderr_is_terminal();

// --timeout in milliseconds; INVALID_REQUEST for what is no sensible time.
Result<std::optional<int64_t>> timeout_ms(const std::optional<double>& seconds);

// To stdout at once; false when it cannot be written (a full disk, a reader that left). main() says so at the end.
bool print_text(std::string_view text);

// "name=value" pairs; INVALID_REQUEST shows the form.
Result<Variables> parse_variables(const std::vector<std::string>& pairs);

// An image or document part by the file's extension and first bytes.
Result<Part> file_part(const std::string& path);

// Prints "tracia: message" and, where there is one, what to do about it; returns the exit code (1, or 2 for bad input).
int show_error(const Error& error);
// The answer is there, but its span could not be stored: said, not an error.
void show_span_error(const Error& error, const std::string& span_id);

// Cancels `token` at SIGINT or SIGTERM for as long as it lives; a second signal ends the process.
// Make it before any other thread, so that they inherit the blocked signals, and after stdin was read: a blocked read
// does not look at the token.
class InterruptGuard {
 public:
  explicit InterruptGuard(CancelToken token);
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;
  bool interrupted() const { return interrupted_.load(); }  // by a signal, that is

 private:
  CancelToken token_;
  std::atomic<bool> interrupted_{false};
  std::thread thread_;
};

}  // namespace tracia::app
