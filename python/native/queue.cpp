#include "queue.h"

#include "errors.h"
#include "process.h"

namespace tracia::native {
namespace {

// Marks ids whose completion has no value: the queue counts up from 1 and never gets there.
constexpr uint64_t kReadyBit = uint64_t{1} << 62;

nb::object value_of(const Completion& completion) {
  if (!completion.value) return exception_of(completion.value.error());
  if ((completion.id & kReadyBit) != 0) return nb::none();
  return to_bytes(*completion.value);
}

}  // namespace

Queue::Queue() : epoch_(process_epoch()), queue_(value_or_raise(CompletionQueue::make())) {}

Queue::~Queue() {
  if (is_foreign()) {
    // The parent's calls hold it; its lock may be theirs. Left alone, as all that is the parent's.
    new std::shared_ptr<CompletionQueue>(std::move(queue_));
  } else {
    queue_->close();
  }
}

bool Queue::is_foreign() const { return epoch_ != process_epoch(); }

uint64_t Queue::new_ready_id() const { return queue_->new_id() | kReadyBit; }

nb::list Queue::drain() {
  nb::list out;
  if (is_foreign()) return out;
  for (const Completion& completion : queue_->drain()) {
    out.append(nb::make_tuple(completion.id, value_of(completion)));
  }
  return out;
}

void Queue::close() {
  if (!is_foreign()) queue_->close();
}

Call::Call(uint64_t id, CallHandle handle) : id_(id), epoch_(process_epoch()), handle_(std::move(handle)) {}

void Call::cancel() {
  if (epoch_ != process_epoch()) return;
  const Unlocked released(Signals::kIgnored);
  handle_.cancel();
}

void bind_queue(nb::module_& module) {
  nb::class_<Queue>(module, "CompletionQueue", "Completions for one event loop. Use it from that loop's thread.")
      .def(nb::init<>())
      .def("fileno", &Queue::fd)
      .def("drain", &Queue::drain,
           "What came since the last call: (id, result as JSON | exception | None: a stream is ready).")
      .def("close", &Queue::close);
  nb::class_<Call>(module, "Call").def_prop_ro("id", &Call::id).def("cancel", &Call::cancel);
}

}  // namespace tracia::native
