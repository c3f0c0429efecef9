#include "tracia/service/log.h"

#include <poll.h>
#include <unistd.h>

#include <charconv>
#include <cmath>

#include "tracia/base/bytes.h"
#include "tracia/base/clock.h"
#include "tracia/base/redact.h"
#include "tracia/json/writer.h"

namespace tracia::service {
namespace {

constexpr size_t kFieldBytesMax = 1024;
constexpr size_t kRedactBytesMax = 8u << 10;  // looked at for keys; more of a text never reaches a line
// PIPE_BUF: a line of that size enters a pipe whole, and without blocking once poll() says there is room.
constexpr size_t kLineBytesMax = 4096;
constexpr std::string_view kLevelNames[] = {"debug", "info", "warn", "error"};
constexpr std::string_view kTextLevels[] = {"DEBUG", "INFO ", "WARN ", "ERROR"};

std::string clean(std::string_view text) {
  const std::string redacted = redact_secrets(utf8_prefix(text, kRedactBytesMax));
  return std::string(utf8_prefix(redacted, kFieldBytesMax));
}

void append_number(std::string& out, auto number) {
  char digits[32];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

// A word stands as it is in the text form; the rest is quoted.
bool is_word(std::string_view text) {
  for (const char c : text) {
    if (c <= ' ' || c == '"' || c == '=' || c == '\\' || static_cast<unsigned char>(c) >= 0x7F) return false;
  }
  return !text.empty();
}

struct AppendValue {
  std::string& out;
  bool json;
  void operator()(std::string_view text) const {
    const std::string value = clean(text);
    if (json || !is_word(value)) {
      json::append_quoted(out, value);
    } else {
      out.append(value);
    }
  }
  void operator()(int64_t number) const { append_number(out, number); }
  void operator()(double number) const {
    if (std::isfinite(number)) {
      append_number(out, number);
    } else {
      out.append("null");
    }
  }
  void operator()(bool value) const { out.append(value ? "true" : "false"); }
};

std::string head(Level level, std::string_view event, bool json) {
  const std::string time = format_rfc3339_millis(system_clock().now());
  const auto at = static_cast<size_t>(level);
  if (!json) return time + " " + std::string(kTextLevels[at]) + " " + clean(event);
  std::string line = R"({"time":")" + time + R"(","level":")" + std::string(kLevelNames[at]) + R"(","event":)";
  json::append_quoted(line, clean(event));
  return line;
}

void append_field(std::string& line, const Log::Field& field, bool json) {
  if (json) {
    line.push_back(',');
    json::append_quoted(line, field.name);
    line.push_back(':');
  } else {
    line.append(" ").append(field.name).push_back('=');
  }
  std::visit(AppendValue{line, json}, field.value);
}

// False when stderr takes nothing now. A closed one counts as taken: nobody listens.
bool write_to_stderr(std::string_view line) {
  while (!line.empty()) {
    pollfd ready{STDERR_FILENO, POLLOUT, 0};
    if (poll(&ready, 1, 0) == 0) return false;
    const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno != EAGAIN && errno != EWOULDBLOCK;
    line.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

}  // namespace

std::optional<Level> level_from_name(std::string_view name) {
  for (size_t i = 0; i < std::size(kLevelNames); ++i) {
    if (kLevelNames[i] == name) return static_cast<Level>(i);
  }
  return std::nullopt;
}

Log::Log(Level least, config::LogFormat format, std::function<void(std::string_view line)> sink)
    : least_(least), format_(format), sink_(std::move(sink)) {}

void Log::write(Level level, std::string_view event, std::initializer_list<Field> fields) {
  if (!enabled(level)) return;
  const bool json = format_ == config::LogFormat::kJson;
  constexpr size_t kTailBytes = 96;  // for the marks at the end
  std::string line = head(level, event, json);
  bool cut = false;
  for (const Field& field : fields) {
    const size_t before = line.size();
    append_field(line, field, json);
    if (line.size() <= kLineBytesMax - kTailBytes) continue;
    line.resize(before);
    cut = true;
  }
  if (cut) append_field(line, {"truncated", true}, json);
  print(std::move(line));
}

void Log::print(std::string line) {
  const bool json = format_ == config::LogFormat::kJson;
  const std::lock_guard lock(mutex_);
  const uint64_t dropped = dropped_.exchange(0, std::memory_order_relaxed);
  if (dropped > 0) append_field(line, {"linesDropped", static_cast<int64_t>(dropped)}, json);
  if (json) line.push_back('}');
  if (sink_) return sink_(line);
  line.push_back('\n');
  if (!write_to_stderr(line)) dropped_.fetch_add(dropped + 1, std::memory_order_relaxed);
}

}  // namespace tracia::service
