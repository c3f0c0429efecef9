// tracia spans: a server's spans from the shell. tail follows them as they are stored, export downloads them.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <optional>

#include "command.h"
#include "control_requests.h"
#include "io.h"
#include "span_file.h"
#include "span_line.h"
#include "tracia/base/clock.h"
#include "tracia/wire/http.h"
#include "tracia/wire/sse.h"

namespace tracia::app {
namespace {

struct SpansFlags {
  std::vector<std::string> filters;
  std::string from, to, output;
  std::optional<int64_t> count;
  bool json = false, gzip = false, no_output = false;
};

// ---- Filters

constexpr std::array kTailFilters = {"promptSlug", "promptVersion", "label",    "status",   "userId", "sessionId",
                                     "tags",       "traceId",       "spanKind", "provider", "model",  "name"};
constexpr std::array kExportFilters = {
    "parentSpanId", "experimentId", "variant",        "finishReason",   "costStatus", "minCost", "maxCost",
    "minLatencyMs", "maxLatencyMs", "minTotalTokens", "maxTotalTokens", "q",          "contains"};

template <typename Names>
bool contains(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// The server skips what it does not know: a misspelt filter would show everything.
Status check_name(const std::string& name, bool is_export) {
  if (contains(kTailFilters, name)) return {};
  const bool member = (name.starts_with("variables[") || name.starts_with("attributes[")) && name.ends_with("]");
  if (contains(kExportFilters, name) || member) {
    return is_export ? Status{} : fail(Error::invalid("--filter " + name + " is for export only"));
  }
  std::string known;
  for (const char* each : kTailFilters) known.append(known.empty() ? "" : ", ").append(each);
  if (is_export) {
    for (const char* each : kExportFilters) known.append(", ").append(each);
    known += ", variables[NAME], attributes[NAME]";
  }
  return fail(Error::invalid("--filter does not know '" + printable(name) + "'; it knows " + known));
}

void add_parameter(std::string& query, const std::string& name, const std::string& value) {
  query.append(query.empty() ? "?" : "&").append(wire::percent_encode(name)).append("=");
  query.append(wire::percent_encode(value));
}

// "" or "?name=value&…".
Result<std::string> make_query(const SpansFlags& flags, bool is_export) {
  std::map<std::string, std::string> filters;
  for (const std::string& pair : flags.filters) {
    const size_t equals = pair.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == pair.size()) {
      return fail(Error::invalid("--filter wants NAME=VALUE, not '" + printable(pair) + "'"));
    }
    const std::string name = pair.substr(0, equals), value = pair.substr(equals + 1);
    TRACIA_TRY(check_name(name, is_export));
    const auto [at, is_new] = filters.try_emplace(name, value);
    if (is_new) continue;
    if (name != "tags") return fail(Error::invalid("--filter has " + name + " twice"));
    at->second += "," + value;
  }
  std::string query;
  for (const auto& [name, value] : filters) add_parameter(query, name, value);
  const auto add_time = [&query](const char* flag, const char* name, const std::string& value) -> Status {
    if (value.empty()) return {};
    if (!parse_rfc3339(value)) {
      return fail(Error::invalid(std::string(flag) + " wants a date or a time such as 2026-11-20T10:00:00Z"));
    }
    add_parameter(query, name, value);
    return {};
  };
  TRACIA_TRY(add_time("--from", "startDate", flags.from));
  TRACIA_TRY(add_time("--to", "endDate", flags.to));
  return query;
}

// ---- tail

// Keep-alive comments come every 15 s; a server that is silent for longer is gone.
constexpr int64_t kTailSilenceMsMax = 45'000;
constexpr Millis kReconnectDelay{500};
constexpr Millis kReconnectDelayMax{10'000};

class Tail {
 public:
  Tail(Client& client, const SpansFlags& flags, std::string query, CancelToken cancel)
      : client_(client), flags_(flags), query_(std::move(query)), cancel_(std::move(cancel)) {}

  int follow() {
    Millis delay = kReconnectDelay;
    for (;;) {
      heard_ = false;
      const Status status = read();
      if (cancel_.cancelled() || ended_) return kExitOk;
      if (!status && (!connected_ || !may_pass(status.error()))) return show_error(status.error());
      // A server that stops ends the stream in order.
      if (heard_) delay = kReconnectDelay;
      std::fprintf(stderr, "tracia: the connection ended%s%s; trying again\n", status ? "" : ": ",
                   status ? "" : printable(status.error().message).c_str());
      if (cancel_.wait_until(system_clock().steady() + delay)) return kExitOk;
      delay = std::min(delay * 2, kReconnectDelayMax);
    }
  }

 private:
  static bool may_pass(const Error& error) {
    return error.code == ErrorCode::kNetworkError || error.code == ErrorCode::kTimeout || error.status == 429 ||
           error.status >= 500;
  }

  Status read() {
    wire::SseParser parser;
    Status parsed;
    TRACIA_TRY(client_.request_stream({.path = "/api/v1/spans/tail" + query_,
                                       .timeout_ms = kTailSilenceMsMax,
                                       .cancel = cancel_,
                                       .last_event_id = last_id_},
                                      [&](std::string_view bytes) {
                                        connected_ = heard_ = true;
                                        parsed = parser.feed(bytes, [this](const auto& event) { return show(event); });
                                        return parsed && !ended_;
                                      }));
    return parsed;
  }

  // False ends the tail.
  bool show(const wire::SseEvent& event) {
    json::Document document;
    const auto data = document.parse_lenient(event.data);
    if (!data) return true;
    if (event.event == "dropped") {
      std::fprintf(stderr, "tracia: %lld spans came too fast and are not shown\n",
                   static_cast<long long>((*data)["count"].integer().value_or(0)));
      return true;
    }
    if (event.event != "span") return true;
    // It goes into a header, and a later one stands for all before it.
    if (event.id.size() <= 64 && wire::is_valid_header("last-event-id", event.id)) last_id_ = event.id;
    const bool printed = print_text(flags_.json ? std::string(event.data) + "\n" : line(*data) + "\n");
    ended_ = !printed || (flags_.count && ++shown_ >= *flags_.count);
    return !ended_;
  }

  std::string line(const json::Value& span) {
    return span_line(span, flags_.no_output ? std::string() : words_of(span), colours_);
  }

  // The stream has no payloads: they are asked for, span by span. What cannot be had is left out.
  std::string words_of(const json::Value& span) {
    const std::string path = "/api/v1/spans/" + wire::percent_encode(span["spanId"].string_or("")) +
                             "?traceId=" + wire::percent_encode(span["traceId"].string_or(""));
    const auto answer = client_.request({.path = path, .timeout_ms = kTailSilenceMsMax, .cancel = cancel_});
    if (!answer) return "";
    json::Document document;
    const auto whole = document.parse_lenient(answer->body);
    return whole ? first_words(*whole) : "";
  }

  Client& client_;
  const SpansFlags& flags_;
  const std::string query_;
  const CancelToken cancel_;
  const bool colours_ = stdout_has_colours();
  std::string last_id_;
  int64_t shown_ = 0;
  bool connected_ = false;  // ever
  bool heard_ = false;      // by the attempt under way
  bool ended_ = false;
};

int tail(const SpansFlags& flags) {
  auto query = make_query(flags, false);
  if (!query) return show_error(query.error());
  const CancelToken cancel;
  const InterruptGuard interrupt(cancel);
  Client client;
  return Tail(client, flags, std::move(*query), cancel).follow();
}

// ---- export

// A selective filter over a large store reads for long before it finds the next span.
constexpr int64_t kExportSilenceMsMax = 600'000;

int export_spans(const SpansFlags& flags) {
  const auto query = make_query(flags, true);
  if (!query) return show_error(query.error());
  const CancelToken cancel;
  const InterruptGuard interrupt(cancel);
  auto file = SpanFile::open(flags.output, flags.gzip);
  if (!file) return show_error(file.error());
  Client client;
  Status written;
  const Status read = client.request_stream(
      {.path = "/api/v1/spans/export" + *query, .timeout_ms = kExportSilenceMsMax, .cancel = cancel},
      [&](std::string_view bytes) {
        written = (*file)->write(bytes);
        return written.has_value();
      });
  if (read && written) written = (*file)->finish();
  (*file)->end_progress();
  if (interrupt.interrupted()) return 130;
  if (!read) return show_error(read.error());
  if (!written) return written.error().code == ErrorCode::kAborted ? kExitFailure : report(written.error());
  if (!flags.output.empty()) {
    std::fprintf(stderr, "%llu spans -> %s\n", static_cast<unsigned long long>((*file)->lines()),
                 printable(flags.output).c_str());
  }
  return kExitOk;
}

}  // namespace

void add_spans(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("spans", "Follow a server's spans, or download them");
  command->require_subcommand(1);
  command->footer("The server and its key: TRACIA_BASE_URL (default http://127.0.0.1:7070) and TRACIA_API_KEY.");
  auto flags = std::make_shared<SpansFlags>();
  constexpr const char* kFilterHelp = "Only spans with NAME=VALUE, names as in the API; may be repeated";

  auto* tail_command = command->add_subcommand("tail", "Show spans as they are stored, until Ctrl-C");
  tail_command->footer(
      "Times are in UTC. Each line's first words are asked for span by span; --no-output spares that.\n"
      "Examples:\n"
      "  tracia spans tail\n"
      "  tracia spans tail --filter status=ERROR --filter promptSlug=support-answer\n"
      "  tracia spans tail --json | jq -r 'select(.latencyMs > 5000) | .traceId'");
  tail_command->add_option("--filter", flags->filters, kFilterHelp)->allow_extra_args(false);
  tail_command->add_option("-n,--count", flags->count, "End after this many spans")->check(CLI::PositiveNumber);
  tail_command->add_flag("--no-output", flags->no_output, "Without the first words of outputs");
  tail_command->add_flag("--json", flags->json, "One JSON object a line, without payloads");
  tail_command->callback([flags, &exit_code] { exit_code = tail(*flags); });

  auto* export_command = command->add_subcommand("export", "Download spans with their payloads, one JSON a line");
  export_command->footer(
      "Examples:\n"
      "  tracia spans export --from 2026-11-01 --to 2026-12-01 --output november.ndjson.gz --gzip\n"
      "  tracia spans export --filter status=ERROR --filter model=gpt-4o | jq .error\n"
      "  tracia spans export --filter 'variables[name]=Ada' --filter minLatencyMs=2000");
  export_command->add_option("--filter", flags->filters, kFilterHelp)->allow_extra_args(false);
  export_command->add_option("--from", flags->from, "Spans that started at this date or time, or later (UTC)");
  export_command->add_option("--to", flags->to, "Spans that started before this date or time");
  export_command->add_option("-o,--output", flags->output, "File to write, whole or not at all; default: stdout");
  export_command->add_flag("--gzip", flags->gzip, "Compress what is written");
  export_command->callback([flags, &exit_code] { exit_code = export_spans(*flags); });
}

}  // namespace tracia::app
