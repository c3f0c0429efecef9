// Spans that go: those past the retention of their project, those of a project that was deleted, and those of an end
// user who is to be forgotten. What belongs to a span goes with it: its evaluations, and OpenTelemetry's events.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "tracia/base/clock.h"
#include "tracia/base/result.h"
#include "tracia/service/services.h"
#include "tracia/store/span_store.h"

namespace tracia::service {

// The log records that OpenTelemetry sent about one span, at most ingest::otlp::kJoinedEventsMax. Blocks.
Result<std::vector<store::StoredSpan>> events_of(Services& services, const std::string& project_id,
                                                 const store::StoredSpan& span, bool payloads);

// Removes spans of a project with all that belongs to them; how many there were. What belongs to them goes first: when
// the disk fails in between, or the process ends, asking again finishes the work. Blocks.
Result<uint64_t> remove_spans(Services& services, const std::string& project_id,
                              const std::vector<store::StoredSpan>& spans);

// Thread-safe; calls block.
class Retention {
 public:
  explicit Retention(Services& services) : services_(services) {}

  // Removes what is past its time, in bounded steps and at most kRunTimeMax of them; the next run goes on. Drops whole
  // segments where nothing else is in them. One run at a time: a call meanwhile makes that run look again. A run that
  // finds the wall clock far ahead of where the last one left it removes nothing, and says so: somebody set the clock,
  // and may set it back before the next run.
  void run();

  struct Deleted {
    uint64_t spans = 0;
    bool complete = false;  // false: there are more, ask again
  };
  // All spans of an end user that are stored when it is called, for as long as `time` allows. Durable when it returns.
  Result<Deleted> delete_user(const std::string& project_id, const std::string& user_id, Millis time);

  struct State {
    std::optional<int64_t> days;         // the project's own; nullopt: for ever
    std::optional<int64_t> server_days;  // the server's, which holds for all projects
    std::optional<Timestamp> oldest;     // the start of the oldest span; nullopt: there is none
    std::optional<int64_t> past;         // spans that the next run removes; nullopt: counting took too long
  };
  Result<State> state(const std::string& project_id);

 private:
  // Spans of the project that started before are past their time. nullopt: none ever is.
  std::optional<Timestamp> cutoff(const std::string& project_id) const;
  void run_once();
  bool clock_jumped();
  Status finish_removals(SteadyTime deadline);
  Result<bool> empty_project(const std::string& project_id, SteadyTime deadline);
  Result<uint64_t> remove_past(const std::string& project_id, Timestamp before, SteadyTime deadline);
  // Evaluations whose spans went with their segment. Looks at a part of all in each run.
  Result<uint64_t> sweep_evaluations();
  void count(uint64_t spans, std::string_view how);

  Services& services_;
  std::mutex running_;
  std::atomic<bool> again_{false};
  std::optional<Micros> ahead_;  // the wall clock's lead over the steady one, at the last run
  std::string swept_to_;         // the evaluation at which the next sweep goes on; of the run
  bool sweep_due_ = true;        // spans went since the last sweep began, or may have before the start
};

inline constexpr Millis kRetentionRunTimeMax{60'000};
// How long what came late, from calls that were under way, is looked for after a project was deleted.
inline constexpr Millis kRemovedProjectKeptFor{3'600'000};

}  // namespace tracia::service
