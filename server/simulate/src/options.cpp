#include <charconv>
#include <cmath>
#include <optional>

#include "tracia/base/bytes.h"
#include "tracia/simulate/simulator.h"

namespace tracia::simulate {
namespace {

constexpr double kDelayMsMax = 3'600'000;
constexpr double kZ99 = 2.3263478740408408;  // the normal distribution's 99th percentile

std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<double> parse_ms(std::string_view text) {
  text = trim(text);
  double scale = 0;
  if (text.ends_with("ms")) {
    scale = 1;
    text.remove_suffix(2);
  } else if (text.ends_with("s")) {
    scale = 1000;
    text.remove_suffix(1);
  } else if (text.ends_with("m")) {
    scale = 60'000;
    text.remove_suffix(1);
  }
  const auto number = parse_number(text);
  if (!number || *number < 0 || (scale == 0 && *number != 0)) return std::nullopt;
  const double ms = *number * scale;
  return ms <= kDelayMsMax ? std::optional(ms) : std::nullopt;
}

// The standard normal quantile: Acklam's rational approximation, relative error below 1.2e-9.
double normal_quantile(double p) {
  static constexpr double a[] = {-3.969683028665376e+01, 2.209460984245205e+02,  -2.759285104469687e+02,
                                 1.383577518672690e+02,  -3.066479806614716e+01, 2.506628277459239e+00};
  static constexpr double b[] = {-5.447609879822406e+01, 1.615858368580409e+02, -1.556989798598866e+02,
                                 6.680131188771972e+01, -1.328068155288572e+01};
  static constexpr double c[] = {-7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e+00,
                                 -2.549732539343734e+00, 4.374664141464968e+00,  2.938163982698783e+00};
  static constexpr double d[] = {7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00,
                                 3.754408661907416e+00};
  if (p < 0.02425) {
    const double q = std::sqrt(-2 * std::log(p));
    return (((((c[0] * q + c[1]) * q + c[2]) * q + c[3]) * q + c[4]) * q + c[5]) /
           ((((d[0] * q + d[1]) * q + d[2]) * q + d[3]) * q + 1);
  }
  if (p > 1 - 0.02425) return -normal_quantile(1 - p);
  const double q = p - 0.5, r = q * q;
  return (((((a[0] * r + a[1]) * r + a[2]) * r + a[3]) * r + a[4]) * r + a[5]) * q /
         (((((b[0] * r + b[1]) * r + b[2]) * r + b[3]) * r + b[4]) * r + 1);
}

Error bad(std::string_view text, std::string_view form) {
  return Error::invalid("\"" + std::string(text) + "\" is not " + std::string(form));
}

constexpr std::string_view kDistributionForm =
    "a delay; write 0, 50ms, uniform:10ms-80ms or lognormal:p50=400ms,p99=3s (at most 1h)";

}  // namespace

Result<Millis> parse_duration(std::string_view text) {
  const auto ms = parse_ms(text);
  if (!ms) return fail(bad(text, "a duration; write for example 250ms, 2s or 1m (at most 60m)"));
  return Millis(static_cast<int64_t>(std::llround(*ms)));
}

Result<Distribution> Distribution::parse(std::string_view text) {
  Distribution out;
  const std::string_view all = trim(text);
  if (all.starts_with("uniform:")) {
    const std::string_view range = all.substr(8);
    const size_t dash = range.find('-');
    if (dash == std::string_view::npos) return fail(bad(text, kDistributionForm));
    const auto low = parse_ms(range.substr(0, dash)), high = parse_ms(range.substr(dash + 1));
    if (!low || !high || *low > *high) return fail(bad(text, kDistributionForm));
    out.kind_ = Kind::kUniform;
    out.a_ = *low;
    out.b_ = *high;
  } else if (all.starts_with("lognormal:p50=")) {
    const std::string_view rest = all.substr(14);
    const size_t comma = rest.find(",p99=");
    if (comma == std::string_view::npos) return fail(bad(text, kDistributionForm));
    const auto p50 = parse_ms(rest.substr(0, comma)), p99 = parse_ms(rest.substr(comma + 5));
    if (!p50 || !p99 || *p50 <= 0 || *p99 < *p50) return fail(bad(text, kDistributionForm));
    out.kind_ = Kind::kLognormal;
    out.a_ = std::log(*p50);
    out.b_ = (std::log(*p99) - out.a_) / kZ99;
  } else {
    const auto ms = parse_ms(all);
    if (!ms) return fail(bad(text, kDistributionForm));
    out.a_ = *ms;
  }
  return out;
}

Millis Distribution::at(double u) const {
  double ms = a_;
  if (kind_ == Kind::kUniform) ms = a_ + (b_ - a_) * u;
  if (kind_ == Kind::kLognormal) ms = std::exp(a_ + b_ * normal_quantile(u));
  return Millis(std::llround(std::fmin(ms, kDelayMsMax)));
}

Result<std::vector<StatusRate>> parse_status_rates(std::string_view text) {
  std::vector<StatusRate> out;
  double total = 0;
  std::string_view rest = trim(text);
  while (!rest.empty()) {
    const size_t comma = rest.find(',');
    const std::string_view item = rest.substr(0, comma);
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    const size_t equals = item.find('=');
    const auto status = parse_number(trim(item.substr(0, equals)));
    const auto rate = equals == std::string_view::npos ? std::nullopt : parse_number(trim(item.substr(equals + 1)));
    if (!status || !rate || *status < 400 || *status > 599 || *rate < 0 || *rate > 1 ||
        *status != std::floor(*status)) {
      return fail(bad(text, "a list of failure rates; write for example 500=0.1,429=0.05"));
    }
    total += *rate;
    out.push_back({static_cast<int>(*status), *rate});
  }
  if (total > 1 + 1e-9)
    return fail(Error::invalid("the failure rates of \"" + std::string(text) + "\" add up to more than 1"));
  return out;
}

}  // namespace tracia::simulate
