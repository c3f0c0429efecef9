// What keys and projects spend on models, and the caps on it. docs/decisions/0014-spend-caps.md says why it is so.
//
// A paid call reserves what it may cost before it is made, and settles what it did cost afterwards; spans that others
// send count as spent. Amounts are exact decimals, by key and by project, for the day and the month (UTC) that a call
// began in.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tracia/base/clock.h"
#include "tracia/base/result.h"
#include "tracia/llm/decimal.h"
#include "tracia/service/access.h"
#include "tracia/service/limits.h"
#include "tracia/service/services.h"
#include "tracia/store/span_store.h"

namespace tracia::service {

class Spend;

// `provider.code` of the error that a cap refuses a call with.
inline constexpr std::string_view kSpendCapReason = "spend_cap";

// What one call has reserved. Given back when it is settled, released or destroyed, whichever comes first.
class SpendHold {
 public:
  SpendHold() = default;  // reserves nothing, counts nothing
  SpendHold(SpendHold&& other) noexcept { *this = std::move(other); }
  SpendHold& operator=(SpendHold&& other) noexcept;
  ~SpendHold() { release(); }

  // The call is over, and cost this. Counts once.
  void settle(Timestamp started, llm::Decimal cost);
  void release();

 private:
  friend class Spend;
  Spend* spend_ = nullptr;
  std::string project_id_, key_id_;
  llm::Decimal held_;
};

// Thread-safe. Outlives its holds.
class Spend {
 public:
  explicit Spend(Services& services) : services_(services) {}

  // Reads what was spent in the periods that run, and the caps, and counts what the span store has and the ledger
  // lacks, as after a crash. Once, before serving. Blocks.
  Status load();

  // Lets a call begin that may cost `estimate`. Errors: kRateLimited with provider.code = kSpendCapReason and
  // retry_after, when what is spent and reserved has reached the cap of the key or of the project. Does not block.
  Result<SpendHold> reserve(const Principal& who, llm::Decimal estimate);

  // Spans that somebody sends: `done`, after what was stored of them has been counted. Never refuses.
  store::AppendCallback counting(const Principal& who, const std::vector<store::NewSpan>& spans,
                                 store::AppendCallback done);

  struct Use {
    std::optional<SpendCap> cap;
    llm::Decimal day, month;  // spent in the current ones
    llm::Decimal reserved;    // by calls under way
  };
  Use use(std::string_view scope_id) const;  // of a key's or a project's id

  // A key's cap, which access has stored.
  void set_cap(std::string_view scope_id, const std::optional<SpendCap>& cap);
  // Stores a project's cap among its settings. Blocks. kConflict when somebody else changes them all the time.
  Status set_project_cap(const std::string& project_id, const std::optional<SpendCap>& cap);

  // Keys and projects that are gone: what they have spent is not written again. In memory.
  void forget(const std::vector<std::string>& scope_ids);

  void flush();  // writes what has changed to the control store; called by a timer and at shutdown. Blocks

 private:
  friend class SpendHold;
  struct Account {
    std::optional<SpendCap> cap;
    Timestamp day_begin, month_begin;  // of the periods that `day` and `month` are for
    llm::Decimal day, month, reserved;
    bool changed = false;
  };
  struct Periods {
    Timestamp day_begin, day_end, month_begin, month_end;
  };

  Account& account(std::string_view scope_id) const;  // in the current periods; the next three too want mutex_
  const Periods& periods() const;
  static bool is_open(const Account& account);
  void add(std::string_view scope_id, Timestamp started, llm::Decimal cost);
  void count(const std::string& project_id, const std::string& key_id, Timestamp started, llm::Decimal cost);
  void give_back(const std::string& project_id, const std::string& key_id, llm::Decimal held);
  Error refusal(const Principal& who, bool of_key, const Use& use) const;
  Status load_amounts();
  Status load_caps();
  Status reconcile(const store::Project& project);
  Result<llm::Decimal> span_total(const std::string& project_id, SpendPeriod period) const;

  Services& services_;
  std::mutex writes_;  // of the control store: one flush or change of settings at a time
  mutable std::mutex mutex_;
  mutable Periods periods_;
  mutable std::unordered_map<std::string, Account> accounts_;  // by the id of a key or a project
};

// "reason":"spend_cap", for the error answers of calls that a cap refused; "" for other errors.
std::string spend_refusal_extra(const Error& error);

}  // namespace tracia::service
