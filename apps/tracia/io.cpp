#include "io.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <memory>

#include "tracia/base/bytes.h"
#include "tracia/llm/media.h"

namespace tracia::app {
namespace {

sigset_t interrupt_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGUSR2);  // how the guard wakes its own thread
  return signals;
}

std::string extension(const std::string& path) {
  const size_t dot = path.rfind('.');
  const size_t slash = path.rfind('/');
  if (dot == std::string::npos || (slash != std::string::npos && dot < slash)) return "";
  return ascii_lower(std::string_view(path).substr(dot + 1));
}

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// What to do about an error, beyond what its message says.
std::string hint(const Error& error) {
  switch (error.code) {
    case ErrorCode::kUnsupportedModel: return "See `tracia models` for the names known here, or give --provider.";
    case ErrorCode::kNetworkError:
      if (error.kind == ErrorKind::kTls)
        return "Is it https there? For a private certificate authority set SSL_CERT_FILE to its certificate.";
      if (error.kind == ErrorKind::kConnect)
        return "Check the host and the base URL variables (OPENAI_BASE_URL, …), and any proxy.";
      return "";
    case ErrorCode::kTimeout: return "Give more time with --timeout SECONDS.";
    case ErrorCode::kProviderError:
      if (error.status == 404) return "Check the model's name and the provider's base URL variable.";
      if (error.kind == ErrorKind::kAuthentication)
        return "The provider refused the key. Check the variable that holds it.";
      if (error.kind == ErrorKind::kContextLength)
        return "Shorten the input, or choose a model with a larger context (`tracia models`).";
      return "";
    default: return "";
  }
}

}  // namespace

Result<std::string> read_file(const std::string& path) {
  const bool is_stdin = path == "-";
  const std::string name = is_stdin ? "stdin" : path;
  const std::unique_ptr<FILE, int (*)(FILE*)> opened(is_stdin ? nullptr : std::fopen(path.c_str(), "rb"),
                                                     [](FILE* f) { return f != nullptr ? std::fclose(f) : 0; });
  FILE* file = is_stdin ? stdin : opened.get();
  if (file == nullptr) return fail(Error::invalid("cannot read " + path + ": " + std::strerror(errno)));
  std::string text;
  std::array<char, 65536> buffer;
  while (std::feof(file) == 0 && std::ferror(file) == 0) {
    text.append(buffer.data(), std::fread(buffer.data(), 1, buffer.size(), file));
    if (text.size() > kFileBytesMax) {
      return fail(Error::invalid(name + " is larger than " + std::to_string(kFileBytesMax >> 20) + " MiB"));
    }
  }
  if (std::ferror(file) != 0) return fail(Error::invalid("cannot read " + name + ": " + std::strerror(errno)));
  return text;
}

bool stdin_is_piped() { return ::isatty(STDIN_FILENO) == 0; }
bool stderr_is_terminal() { return ::isatty(STDERR_FILENO) != 0; }

Result<std::optional<int64_t>> timeout_ms(const std::optional<double>& seconds) {
  constexpr double kSecondsMax = 24 * 3600;
  if (!seconds) return std::optional<int64_t>{};
  // Said of what was typed; 0 must not come out of rounding, for the client reads it as its default.
  if (!(*seconds >= 0.001 && *seconds <= kSecondsMax)) {
    return fail(Error::invalid("--timeout wants seconds from 0.001 to 86400"));
  }
  return std::optional<int64_t>{std::llround(*seconds * 1000)};
}

bool print_text(std::string_view text) {
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
}

Result<Variables> parse_variables(const std::vector<std::string>& pairs) {
  Variables variables;
  for (const std::string& pair : pairs) {
    const size_t equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) {
      return fail(Error::invalid("--var wants NAME=VALUE, not '" + pair + "'"));
    }
    variables[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  return variables;
}

Result<Part> file_part(const std::string& path) {
  auto bytes = read_file(path);
  if (!bytes) return fail(std::move(bytes).error());
  if (bytes->empty()) return fail(Error::invalid(path + " is empty"));
  const std::string kind = llm::sniff_mime_type(*bytes, "");
  if (kind.starts_with("image/")) return image_bytes(std::move(*bytes), kind);
  const std::string ending = extension(path);
  static const std::map<std::string, std::string> audio{
      {"wav", "audio/wav"}, {"mp3", "audio/mpeg"}, {"flac", "audio/flac"}, {"ogg", "audio/ogg"}};
  if (const auto found = audio.find(ending); found != audio.end()) {
    return Part{
        llm::AudioPart{.source = {llm::MediaSource::Kind::kBytes, std::move(*bytes)}, .mime_type = found->second}};
  }
  if (kind.empty() && !is_valid_utf8(*bytes)) {
    return fail(Error::invalid(path + " is neither an image, a PDF, audio nor UTF-8 text"));
  }
  const std::string mime = !kind.empty()      ? kind
                           : ending == "md"   ? "text/markdown"
                           : ending == "csv"  ? "text/csv"
                           : ending == "html" ? "text/html"
                                              : "text/plain";
  return Part{llm::DocumentPart{
      .source = {llm::MediaSource::Kind::kBytes, std::move(*bytes)}, .mime_type = mime, .name = base_name(path)}};
}

int show_error(const Error& error) {
  std::fprintf(stderr, "tracia: %s\n", error.to_string().c_str());
  if (!error.provider.request_id.empty()) std::fprintf(stderr, "  request id: %s\n", error.provider.request_id.c_str());
  if (const std::string advice = hint(error); !advice.empty()) std::fprintf(stderr, "  %s\n", advice.c_str());
  return error.code == ErrorCode::kInvalidRequest ? 2 : 1;
}

void show_span_error(const Error& error, const std::string& span_id) {
  std::fprintf(stderr, "tracia: span %s was not stored: %s\n", span_id.c_str(), error.message.c_str());
}

InterruptGuard::InterruptGuard(CancelToken token) : token_(std::move(token)) {
  const sigset_t signals = interrupt_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  thread_ = std::thread([this, signals] {
    int signal = 0;
    while (sigwait(&signals, &signal) == 0 && signal != SIGUSR2) {
      if (interrupted_.exchange(true)) ::_exit(130);
      token_.cancel();
    }
  });
}

InterruptGuard::~InterruptGuard() {
  pthread_kill(thread_.native_handle(), SIGUSR2);
  thread_.join();
}

}  // namespace tracia::app
