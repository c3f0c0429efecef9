#include "tracia/service/spend.h"

#include <algorithm>
#include <utility>

#include "tracia/json/reader.h"
#include "tracia/service/control_cache.h"
#include "tracia/service/log.h"
#include "tracia/service/metrics.h"
#include "tracia/store/analytics.h"

namespace tracia::service {
namespace {

using llm::Decimal;

// Summing up the current month at the start; sums that were made in advance take milliseconds.
constexpr Millis kReconcileBudget{10'000};
// When only calls under way stand between a call and the cap: they end soon.
constexpr Millis kReservedRetryAfter{1'000};
constexpr int kSettingsTries = 5;

Decimal spent_in(const Spend::Use& use) { return use.cap->period == SpendPeriod::kDay ? use.day : use.month; }

// To a millionth, and never less than what it is: a call may cost less than a cent.
std::string dollars(Decimal amount) {
  constexpr llm::Int128 kUnit = 1'000'000'000'000;
  const std::string text = Decimal::from_units((amount.units() + kUnit - 1) / kUnit * kUnit).to_string();
  const size_t point = text.find('.');
  if (point == std::string::npos) return "$" + text + ".00";
  return "$" + text + (text.size() - point == 2 ? "0" : "");
}

}  // namespace

// --- One call -------------------------------------------------------------------------------------------------------

SpendHold& SpendHold::operator=(SpendHold&& other) noexcept {
  if (this == &other) return *this;
  release();
  spend_ = std::exchange(other.spend_, nullptr);
  project_id_ = std::move(other.project_id_);
  key_id_ = std::move(other.key_id_);
  held_ = other.held_;
  return *this;
}

void SpendHold::settle(Timestamp started, Decimal cost) {
  if (spend_ == nullptr) return;
  spend_->count(project_id_, key_id_, started, cost);
  release();
}

void SpendHold::release() {
  if (Spend* spend = std::exchange(spend_, nullptr)) spend->give_back(project_id_, key_id_, held_);
}

// --- The ledger -----------------------------------------------------------------------------------------------------

const Spend::Periods& Spend::periods() const {
  const Timestamp now = services_.clock->now();
  if (now < periods_.day_begin || now >= periods_.day_end) {
    periods_ = {.day_begin = spend_period_begin(SpendPeriod::kDay, now),
                .day_end = spend_period_end(SpendPeriod::kDay, now),
                .month_begin = spend_period_begin(SpendPeriod::kMonth, now),
                .month_end = spend_period_end(SpendPeriod::kMonth, now)};
  }
  return periods_;
}

Spend::Account& Spend::account(std::string_view scope_id) const {
  Account& account = accounts_[std::string(scope_id)];
  const Periods& now = periods();
  if (account.day_begin != now.day_begin) account.day = Decimal();
  if (account.month_begin != now.month_begin) account.month = Decimal();
  account.day_begin = now.day_begin;
  account.month_begin = now.month_begin;
  return account;
}

// What has begun before a period counts in the one that it began in, which is over.
void Spend::add(std::string_view scope_id, Timestamp started, Decimal cost) {
  Account& to = account(scope_id);
  if (started < to.month_begin) return;
  to.month = to.month + cost;
  if (started >= to.day_begin) to.day = to.day + cost;
  to.changed = true;
}

void Spend::count(const std::string& project_id, const std::string& key_id, Timestamp started, Decimal cost) {
  if (cost <= Decimal()) return;
  const std::lock_guard lock(mutex_);
  add(project_id, started, cost);
  if (!key_id.empty()) add(key_id, started, cost);
}

void Spend::give_back(const std::string& project_id, const std::string& key_id, Decimal held) {
  const std::lock_guard lock(mutex_);
  for (const std::string* id : {&project_id, &key_id}) {
    if (id->empty()) continue;
    Account& from = account(*id);
    from.reserved = from.reserved - held;
  }
}

bool Spend::is_open(const Account& account) {
  if (!account.cap) return true;
  const Decimal spent = account.cap->period == SpendPeriod::kDay ? account.day : account.month;
  return spent + account.reserved < account.cap->usd;
}

Result<SpendHold> Spend::reserve(const Principal& who, Decimal estimate) {
  bool key_is_full = false;
  Use full;
  {
    const std::lock_guard lock(mutex_);
    Account& project = account(who.project_id);
    Account* key = who.key_id.empty() ? nullptr : &account(who.key_id);
    key_is_full = key != nullptr && !is_open(*key);
    if (!key_is_full && is_open(project)) {
      project.reserved = project.reserved + estimate;
      if (key != nullptr) key->reserved = key->reserved + estimate;
      SpendHold hold;
      hold.spend_ = this;
      hold.project_id_ = who.project_id;
      hold.key_id_ = who.key_id;
      hold.held_ = estimate;
      return hold;
    }
    const Account& of = key_is_full ? *key : project;
    full = {.cap = of.cap, .day = of.day, .month = of.month, .reserved = of.reserved};
  }
  if (services_.metrics != nullptr) {
    ++services_.metrics->counter("tracia_requests_limited_total", "Requests that a limit of a key or project refused.",
                                 {{"reason", std::string(kSpendCapReason)}});
  }
  return fail(refusal(who, key_is_full, full));
}

Error Spend::refusal(const Principal& who, bool of_key, const Use& use) const {
  const Timestamp now = services_.clock->now();
  const Timestamp end = spend_period_end(use.cap->period, now);
  const auto project = services_.cache->project(who.project_id);
  std::string message = of_key ? "The spend cap of the API key '" + who.name + "'"
                               : "The spend cap of the project '" + (project ? project->name : who.project_id) + "'";
  message += " is reached: " + dollars(spent_in(use)) + " of " + dollars(use.cap->usd) + " spent " +
             (use.cap->period == SpendPeriod::kDay ? "today" : "this month");
  const bool only_reserved = spent_in(use) < use.cap->usd;
  if (only_reserved) message += ", and calls under way may use the rest";
  message += ". It resets at " + format_rfc3339_millis(end) +
             "; an owner or admin can raise it in Settings > Usage and limits.";
  return {
      .code = ErrorCode::kRateLimited,
      .kind = ErrorKind::kQuota,
      .message = std::move(message),
      .retry_after = only_reserved ? kReservedRetryAfter : std::chrono::ceil<Millis>(Micros(end.micros - now.micros)),
      .provider = {.code = std::string(kSpendCapReason)}};
}

store::AppendCallback Spend::counting(const Principal& who, const std::vector<store::NewSpan>& spans,
                                      store::AppendCallback done) {
  const int64_t now = services_.clock->now().micros;
  std::vector<Timestamp> starts;
  starts.reserve(spans.size());
  for (const store::NewSpan& span : spans) {
    starts.push_back(span.span.start_time.value_or(Timestamp{now - span.span.latency_ms * 1'000}));
  }
  return [this, project = who.project_id, key = who.key_id, starts = std::move(starts),
          done = std::move(done)](Result<std::vector<store::Appended>> result) {
    for (size_t i = 0; result && i < result->size(); ++i) {
      const store::Appended& one = (*result)[i];
      if (one.stored && one.cost && one.cost_status != llm::CostStatus::kIncluded) {
        count(project, key, starts[i], *one.cost);
      }
    }
    done(std::move(result));
  };
}

Spend::Use Spend::use(std::string_view scope_id) const {
  const std::lock_guard lock(mutex_);
  const Account& of = account(scope_id);
  return {.cap = of.cap, .day = of.day, .month = of.month, .reserved = of.reserved};
}

void Spend::set_cap(std::string_view scope_id, const std::optional<SpendCap>& cap) {
  const std::lock_guard lock(mutex_);
  account(scope_id).cap = cap;
}

void Spend::forget(const std::vector<std::string>& scope_ids) {
  const std::lock_guard writes(writes_);  // a flush under way ends first
  const std::lock_guard lock(mutex_);
  for (const std::string& id : scope_ids) accounts_.erase(id);
}

// --- The control store ----------------------------------------------------------------------------------------------

Status Spend::set_project_cap(const std::string& project_id, const std::optional<SpendCap>& cap) {
  json::Writer w;
  w.begin_object();
  write_spend_cap(w, cap);
  w.end_object();
  const std::lock_guard lock(writes_);
  for (int tries = 1;; ++tries) {
    const auto all = services_.control->project_settings();
    if (!all) return fail(all.error());
    store::ProjectSettings settings{.project_id = project_id, .json = "{}"};
    for (const store::ProjectSettings& one : *all) {
      if (one.project_id == project_id) settings = one;
    }
    auto merged = json::merge(settings.json, w.str());
    if (!merged) return fail(std::move(merged).error());
    settings.json = std::move(*merged);
    ++settings.revision;
    settings.updated = services_.clock->now();
    const Status put = services_.control->put_project_settings(settings);
    if (put) break;
    if (put.error().code != ErrorCode::kConflict || tries == kSettingsTries) return put;
  }
  set_cap(project_id, cap);
  return {};
}

void Spend::flush() {
  const std::lock_guard writing(writes_);
  std::vector<store::Spent> changed;
  std::string day, month;
  {
    const std::lock_guard lock(mutex_);
    day = spend_period_of(SpendPeriod::kDay, periods().day_begin);
    month = spend_period_of(SpendPeriod::kMonth, periods().month_begin);
    for (auto& [id, one] : accounts_) {
      if (!std::exchange(one.changed, false)) continue;
      changed.push_back({id, spend_period_of(SpendPeriod::kDay, one.day_begin), one.day.to_string()});
      changed.push_back({id, spend_period_of(SpendPeriod::kMonth, one.month_begin), one.month.to_string()});
    }
  }
  if (changed.empty()) return;
  const Status put = services_.control->put_spent(changed, day, month);
  if (put) return;
  const std::lock_guard lock(mutex_);
  for (const store::Spent& one : changed) accounts_[one.scope].changed = true;
}

// --- The start ------------------------------------------------------------------------------------------------------

Status Spend::load() {
  TRACIA_TRY(load_amounts());
  TRACIA_TRY(load_caps());
  for (const store::Project& project : services_.cache->projects()) TRACIA_TRY(reconcile(project));
  flush();
  return {};
}

Status Spend::load_amounts() {
  const auto stored = services_.control->spent();
  if (!stored) return fail(stored.error());
  const std::lock_guard lock(mutex_);
  const std::string day = spend_period_of(SpendPeriod::kDay, periods().day_begin);
  const std::string month = spend_period_of(SpendPeriod::kMonth, periods().month_begin);
  for (const store::Spent& one : *stored) {
    const auto usd = Decimal::parse(one.usd);
    if (!usd) continue;
    if (one.period == day) account(one.scope).day = *usd;
    if (one.period == month) account(one.scope).month = *usd;
  }
  return {};
}

Status Spend::load_caps() {
  const auto settings = services_.control->project_settings();
  if (!settings) return fail(settings.error());
  for (const store::ProjectSettings& one : *settings) {
    json::Document document;
    const auto object = document.parse(one.json);
    if (object) set_cap(one.project_id, read_spend_cap((*object)["spendCap"]).value_or(std::nullopt));
  }
  for (const store::Project& project : services_.cache->projects()) {
    for (const store::ApiKey& key : services_.cache->keys_of(project.id)) {
      if (!key.limits_json.empty()) set_cap(key.id, read_key_limits(key.limits_json).spend_cap);
    }
  }
  return {};
}

Result<Decimal> Spend::span_total(const std::string& project_id, SpendPeriod period) const {
  const Timestamp now = services_.clock->now();
  store::AnalyticsQuery query;
  query.filter.start_from = spend_period_begin(period, now);
  query.filter.start_before = spend_period_end(period, now);
  query.scan_budget = kReconcileBudget;
  const auto result = services_.spans->analytics(project_id, query, {});
  if (!result) return fail(result.error());
  return result->total.totals.cost;
}

// Spans are durable before a call is answered; the ledger is written a moment later. What spans have and the ledger
// lacks was spent in that moment. Whose key it was is not known any more: every key that has a cap is charged.
Status Spend::reconcile(const store::Project& project) {
  const auto day = span_total(project.id, SpendPeriod::kDay);
  if (!day) return fail(day.error());
  const auto month = span_total(project.id, SpendPeriod::kMonth);
  if (!month) return fail(month.error());
  const std::vector<store::ApiKey> keys = services_.cache->keys_of(project.id);
  const std::lock_guard lock(mutex_);
  Account& of_project = account(project.id);
  const Decimal lost_day = std::max(*day - of_project.day, Decimal());
  const Decimal lost_month = std::max(*month - of_project.month, Decimal());
  if (lost_day.is_zero() && lost_month.is_zero()) return {};
  const auto charge = [&](Account& to) {
    to.day = to.day + lost_day;
    to.month = to.month + lost_month;
    to.changed = true;
  };
  charge(of_project);
  for (const store::ApiKey& key : keys) {
    if (Account& to = account(key.id); to.cap) charge(to);
  }
  return {};
}

std::string spend_refusal_extra(const Error& error) {
  if (error.code != ErrorCode::kRateLimited || error.provider.code != kSpendCapReason) return "";
  return R"("reason":"spend_cap")";
}

}  // namespace tracia::service
