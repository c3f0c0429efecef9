#include "player.h"

#include <memory>

namespace tracia::simulate {
namespace {

// A reader slower than this is waited for.
constexpr size_t kQueuedBytesHigh = 1u << 20;

class Player : public std::enable_shared_from_this<Player> {
 public:
  Player(const SimulatorOptions& options, Answer answer, Fault fault, uint64_t hash, http::ResponseWriter writer)
      : options_(options),
        answer_(std::move(answer)),
        fault_(fault),
        rng_(hash ^ 0xDE1A7),
        writer_(std::move(writer)) {}

  void start_after(Millis delay) {
    if (delay.count() <= 0) return start();
    writer_.after(delay, [self = shared_from_this()] { self->start(); });
  }

 private:
  void start() {
    if (fault_ == Fault::kMalformed) make_malformed(answer_);
    if (answer_.frames.empty()) return whole();
    stop_at_ = answer_.frames.size();
    if (fault_ == Fault::kCut || fault_ == Fault::kStall) stop_at_ = (answer_.frames.size() + 1) / 2;
    writer_.begin(answer_.status, answer_.headers);
    next();
  }

  void whole() {
    if (fault_ != Fault::kCut && fault_ != Fault::kStall)
      return writer_.send(answer_.status, answer_.headers, answer_.body);
    writer_.begin(answer_.status, answer_.headers, answer_.body.size());
    writer_.write(std::string_view(answer_.body).substr(0, answer_.body.size() / 2));
    broken_end();
  }

  // Writes up to the next pause.
  void next() {
    while (at_ < stop_at_) {
      const Frame& frame = answer_.frames[at_];
      if (frame.paced && !waited_ && at_ > 0 && !options_.chunk_delay.is_zero()) {
        waited_ = true;
        const Millis delay = options_.chunk_delay.at(rng_.uniform());
        return writer_.after(delay, [self = shared_from_this()] { self->next(); });
      }
      if (writer_.queued_bytes() > kQueuedBytesHigh) {
        return writer_.on_drain([self = shared_from_this()] { self->next(); });
      }
      waited_ = false;
      writer_.write(frame.bytes);
      ++at_;
    }
    if (stop_at_ < answer_.frames.size()) return broken_end();
    writer_.end();
  }

  // A cut waits a moment, so that the first half is read before the reset discards it. A stall stays until the peer or
  // the simulator goes.
  void broken_end() {
    constexpr Millis kBeforeReset{20};
    if (fault_ == Fault::kStall) return;
    writer_.after(kBeforeReset, [self = shared_from_this()] { self->writer_.abort(); });
  }

  const SimulatorOptions& options_;
  Answer answer_;
  Fault fault_;
  Rng rng_;
  http::ResponseWriter writer_;
  size_t at_ = 0;
  size_t stop_at_ = 0;
  bool waited_ = false;
};

// Without pauses or faults a stream is one write.
void send_at_once(const Answer& answer, http::ResponseWriter& writer) {
  size_t total = 0;
  for (const Frame& frame : answer.frames) total += frame.bytes.size();
  std::string all;
  all.reserve(total);
  for (const Frame& frame : answer.frames) all.append(frame.bytes);
  writer.begin(answer.status, answer.headers);
  writer.write(all);
  writer.end();
}

}  // namespace

void play(const SimulatorOptions& options, Answer answer, const FaultPlan& plan, uint64_t hash,
          http::ResponseWriter writer) {
  if (plan.fault == Fault::kNone && plan.first_byte.count() <= 0) {
    if (answer.frames.empty()) return writer.send(answer.status, answer.headers, answer.body);
    if (options.chunk_delay.is_zero()) return send_at_once(answer, writer);
  }
  std::make_shared<Player>(options, std::move(answer), plan.fault, hash, std::move(writer))
      ->start_after(plan.first_byte);
}

}  // namespace tracia::simulate
