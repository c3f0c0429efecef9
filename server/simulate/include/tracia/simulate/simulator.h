// The provider simulator: the wire protocols of OpenAI, Anthropic, Google, Amazon Bedrock and Voyage on one port, so
// that examples, tests and benchmarks run without a key or a network. It is written apart from the codecs of libs/llm,
// as a second reading of the protocols. Answers, ids and injected faults derive from the seed and the request's content
// alone: never from time or order (fail_first excepted, which counts).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tracia/base/clock.h"
#include "tracia/base/result.h"

namespace tracia::simulate {

// "50ms", "2s", "1.5s", "1m", "0". At most one hour. Errors: kInvalidRequest naming the text.
Result<Millis> parse_duration(std::string_view text);

// A delay to draw. Immutable, thread-safe.
class Distribution {
 public:
  Distribution() = default;  // always 0
  // "0", "50ms", "uniform:10ms-80ms", "lognormal:p50=400ms,p99=3s".
  static Result<Distribution> parse(std::string_view text);
  // The value at `u` in (0, 1): the inverse of the cumulative distribution. Never above one hour.
  Millis at(double u) const;
  bool is_zero() const { return kind_ == Kind::kConstant && a_ == 0; }

 private:
  enum class Kind { kConstant, kUniform, kLognormal };
  Kind kind_ = Kind::kConstant;
  double a_ = 0;  // ms: the constant, the lower end, or ln of the median
  double b_ = 0;  // ms: the upper end; or sigma
};

struct StatusRate {
  int status = 500;
  double rate = 0;  // probability
};
// "500=0.1,429=0.05". Statuses 400 to 599; the rates must not add up to more than 1.
Result<std::vector<StatusRate>> parse_status_rates(std::string_view text);

struct SimulatorOptions {
  std::string listen = "127.0.0.1:7071";  // HOST:PORT; port 0 takes a free one
  int threads = 1;
  uint64_t seed = 0;
  Distribution latency;      // before an answer that is not streamed
  Distribution first_token;  // before the first byte of a stream
  Distribution chunk_delay;  // between pieces of a stream
  int tokens_per_chunk = 1;  // words in a piece of a stream

  // Faults, drawn from the hash of the request: at most one of them happens, in this order.
  std::vector<StatusRate> fail_status;
  double fail_cut = 0;        // connection reset in the middle of the answer
  double fail_malformed = 0;  // broken JSON, a broken event, a wrong checksum
  double fail_stall = 0;      // half an answer, then silence
  double fail_slow = 0;       // first byte after `slow`
  Millis slow{30'000};
  Millis retry_after{1'000};  // sent with 429 and 503, in whole seconds
  int fail_first = 0;         // the first N requests of each distinct body answer 503

  std::string require_key;      // only this key is let in; "" lets any key in
  bool cache = false;           // prompts over 1,024 tokens report cached tokens
  std::string log_file;         // NDJSON of what was received; "" for none
  size_t ring_requests = 1000;  // kept for GET /_simulator/requests; 0 keeps none
};

// Runs on its own threads. start() and stop() from one thread; the rest is thread-safe. The destructor stops at once.
class Simulator {
 public:
  explicit Simulator(SimulatorOptions options);
  ~Simulator();
  Simulator(const Simulator&) = delete;
  Simulator& operator=(const Simulator&) = delete;

  // Errors: an address that cannot be bound, a log file that cannot be opened.
  Status start();
  // Lets answers in flight finish for `grace`, then cuts them.
  void stop(Millis grace = Millis(0));
  std::string base_url() const;  // "http://127.0.0.1:7071": no slash, no version
  uint64_t requests() const;     // received since start

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tracia::simulate
