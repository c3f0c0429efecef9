#include "faults.h"

#include <charconv>

#include "tracia/base/bytes.h"

namespace tracia::simulate {
namespace {

// One draw decides among all kinds, so that rates are exact and exclusive.
void draw(const SimulatorOptions& options, Rng& rng, FaultPlan& plan) {
  double u = rng.uniform();
  const auto hit = [&](double rate) {
    if (u < rate) return true;
    u -= rate;
    return false;
  };
  for (const StatusRate& each : options.fail_status) {
    if (hit(each.rate)) {
      plan.fault = Fault::kStatus;
      plan.status = each.status;
      return;
    }
  }
  if (hit(options.fail_cut))
    plan.fault = Fault::kCut;
  else if (hit(options.fail_malformed))
    plan.fault = Fault::kMalformed;
  else if (hit(options.fail_stall))
    plan.fault = Fault::kStall;
  else if (hit(options.fail_slow))
    plan.first_byte += options.slow;
}

Error unknown_part(std::string_view part) {
  return Error::invalid("x-simulate: \"" + std::string(utf8_prefix(part, 80)) +
                        "\" is not understood; use status=N, retry-after=SECONDS, cut, malformed, stall, "
                        "slow=DURATION, latency=DELAY or none");
}

std::optional<int> small_number(std::string_view text, int low, int high) {
  int n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error != std::errc{} || end != text.data() + text.size() || n < low || n > high) return std::nullopt;
  return n;
}

Status apply_part(const SimulatorOptions& options, std::string_view name, std::string_view value, Rng& rng,
                  FaultPlan& plan) {
  if (name == "cut")
    plan.fault = Fault::kCut;
  else if (name == "malformed")
    plan.fault = Fault::kMalformed;
  else if (name == "stall")
    plan.fault = Fault::kStall;
  else if (name == "none")
    plan.fault = Fault::kNone;
  else if (name == "status") {
    const auto status = small_number(value, 400, 599);
    if (!status) return fail(unknown_part(value));
    plan.fault = Fault::kStatus;
    plan.status = *status;
  } else if (name == "retry-after") {
    const auto seconds = small_number(value, 0, 3600);
    if (!seconds) return fail(unknown_part(value));
    plan.retry_after = Millis(*seconds * 1000);
  } else if (name == "slow") {
    const Result<Millis> delay = value.empty() ? Result<Millis>(options.slow) : parse_duration(value);
    if (!delay) return fail(delay.error());
    plan.first_byte += *delay;
  } else if (name == "latency") {
    const Result<Distribution> delay = Distribution::parse(value);
    if (!delay) return fail(delay.error());
    plan.first_byte = delay->at(rng.uniform());
  } else {
    return fail(unknown_part(name));
  }
  return {};
}

void flip_last_byte(std::string& bytes) {
  if (!bytes.empty()) bytes.back() = static_cast<char>(bytes.back() ^ 0x55);
}

}  // namespace

Result<FaultPlan> plan_faults(const SimulatorOptions& options, std::string_view header, uint64_t hash, bool stream) {
  FaultPlan plan{.retry_after = options.retry_after};
  Rng rng(hash ^ 0xFA171);
  const Distribution& delay = stream && !options.first_token.is_zero() ? options.first_token : options.latency;
  if (!delay.is_zero()) plan.first_byte = delay.at(rng.uniform());
  if (header.empty()) {
    draw(options, rng, plan);
    return plan;
  }
  while (!header.empty()) {
    const size_t semicolon = header.find(';');
    const std::string_view part = trim(header.substr(0, semicolon));
    header = semicolon == std::string_view::npos ? std::string_view() : header.substr(semicolon + 1);
    if (part.empty()) continue;
    const size_t equals = part.find('=');
    const std::string_view name = trim(part.substr(0, equals));
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view() : trim(part.substr(equals + 1));
    if (Status applied = apply_part(options, name, value, rng, plan); !applied) return fail(applied.error());
  }
  return plan;
}

void make_malformed(Answer& answer) {
  if (answer.frames.empty()) {
    answer.body.resize(answer.body.size() / 2);
    answer.body.append("\n<html>upstream error</html>");
    return;
  }
  Frame& middle = answer.frames[answer.frames.size() / 2];
  switch (answer.stream) {
    case StreamKind::kEventStream: flip_last_byte(middle.bytes); break;
    case StreamKind::kJsonArray: middle.bytes = ",\r\n{\"candidates\": [ <html>\n"; break;
    default: {
      const size_t data = middle.bytes.find("data:");
      const std::string end = answer.vendor == Vendor::kGoogle ? "\r\n\r\n" : "\n\n";
      middle.bytes.resize(data == std::string::npos ? 0 : data);
      middle.bytes.append("data: {\"id\": \"broken\", \"choices\": [{<html>" + end);
    }
  }
}

}  // namespace tracia::simulate
