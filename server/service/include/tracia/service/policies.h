// What a project has set about its data: which parts of spans are masked before they are stored, and how long spans are
// kept. Kept in the settings of the project (store::ProjectSettings, members "masking" and "retentionDays"), read from
// memory.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tracia/base/clock.h"
#include "tracia/base/result.h"
#include "tracia/ingest/masking.h"
#include "tracia/store/control_store.h"

namespace tracia::service {

inline constexpr int64_t kRetentionDaysMax = 36'500;

// Thread-safe. Lookups take a shared lock for nanoseconds; set_… blocks on the disk.
class Policies {
 public:
  explicit Policies(store::ControlStore& store, const Clock& clock = system_clock());

  // Called once, before serving. Errors: of the store; kUnavailable naming a project whose settings cannot be read:
  // what ought to be masked must not be stored.
  Status load();

  // nullptr: nothing is masked. Also of the hidden project that holds another's OpenTelemetry events.
  std::shared_ptr<const ingest::Masker> masker(std::string_view project_id) const;
  std::optional<int64_t> retention_days(std::string_view project_id) const;  // nullopt: for ever

  // Errors: those of Masker::make(); kConflict when others change the project's settings all the time.
  Status set_masking(const std::string& project_id, std::vector<ingest::MaskingRule> rules);
  // 1 to kRetentionDaysMax; nullopt: for ever.
  Status set_retention_days(const std::string& project_id, std::optional<int64_t> days);
  void forget(const std::string& project_id);  // of a project that was deleted, in memory

 private:
  struct Policy {
    std::shared_ptr<const ingest::Masker> masker;
    std::optional<int64_t> retention_days;
  };
  static Result<Policy> read(const store::ProjectSettings& settings);
  // Lays `patch` over the project's settings.
  Status change(const std::string& project_id, const std::string& patch);

  store::ControlStore& store_;
  const Clock& clock_;
  std::mutex writes_;  // one change at a time
  mutable std::shared_mutex mutex_;
  std::unordered_map<std::string, Policy> policies_;
};

}  // namespace tracia::service
