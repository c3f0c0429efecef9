#include "tracia/service/policies.h"

#include <algorithm>
#include <utility>

#include "tracia/ingest/otlp.h"
#include "tracia/json/reader.h"
#include "tracia/json/writer.h"

namespace tracia::service {
namespace {

constexpr int kTries = 5;  // others may change the same settings meanwhile

Error unreadable(const std::string& project_id, const std::string& why) {
  return {.code = ErrorCode::kUnavailable,
          .message = "The settings of the project " + project_id + " cannot be read: " + why};
}

// The project's stored settings; revision 0 when there are none.
Result<store::ProjectSettings> settings_of(store::ControlStore& store, const std::string& project_id) {
  auto all = store.project_settings();
  if (!all) return fail(std::move(all).error());
  for (store::ProjectSettings& settings : *all) {
    if (settings.project_id == project_id) return std::move(settings);
  }
  return store::ProjectSettings{.project_id = project_id, .json = "{}", .revision = 0, .updated = {}};
}

}  // namespace

Policies::Policies(store::ControlStore& store, const Clock& clock) : store_(store), clock_(clock) {}

Result<Policies::Policy> Policies::read(const store::ProjectSettings& settings) {
  Policy policy;
  json::Document document;
  const auto object = document.parse(settings.json);
  if (!object) return fail(unreadable(settings.project_id, object.error().message));
  policy.retention_days = (*object)["retentionDays"].integer();
  const json::Value masking = (*object)["masking"];
  if (masking.is_missing_or_null()) return policy;
  auto rules = ingest::read_masking_rules(masking, "masking");
  if (!rules) return fail(unreadable(settings.project_id, rules.error().message));
  if (rules->empty()) return policy;
  auto masker = ingest::Masker::make(std::move(*rules), "masking");
  if (!masker) return fail(unreadable(settings.project_id, masker.error().message));
  policy.masker = std::move(*masker);
  return policy;
}

Status Policies::load() {
  const auto all = store_.project_settings();
  if (!all) return fail(all.error());
  std::unordered_map<std::string, Policy> policies;
  for (const store::ProjectSettings& settings : *all) {
    auto policy = read(settings);
    if (!policy) return fail(std::move(policy).error());
    policies[settings.project_id] = std::move(*policy);
  }
  const std::unique_lock lock(mutex_);
  policies_ = std::move(policies);
  return {};
}

std::shared_ptr<const ingest::Masker> Policies::masker(std::string_view project_id) const {
  const std::shared_lock lock(mutex_);
  if (policies_.empty()) return nullptr;
  const auto found = policies_.find(std::string(ingest::otlp::owner_project(project_id)));
  return found == policies_.end() ? nullptr : found->second.masker;
}

std::optional<int64_t> Policies::retention_days(std::string_view project_id) const {
  const std::shared_lock lock(mutex_);
  const auto found = policies_.find(std::string(project_id));
  return found == policies_.end() ? std::nullopt : found->second.retention_days;
}

Status Policies::change(const std::string& project_id, const std::string& patch) {
  const std::lock_guard writes(writes_);
  for (int i = 1;; ++i) {
    auto settings = settings_of(store_, project_id);
    if (!settings) return fail(std::move(settings).error());
    auto merged = json::merge(settings->json, patch);
    if (!merged) return fail(std::move(merged).error());
    settings->json = std::move(*merged);
    ++settings->revision;
    settings->updated = clock_.now();
    auto policy = read(*settings);
    if (!policy) return fail(std::move(policy).error());
    Status put = store_.put_project_settings(*settings);
    if (!put && put.error().code == ErrorCode::kConflict && i < kTries) continue;
    if (!put) return put;
    const std::unique_lock lock(mutex_);
    policies_[project_id] = std::move(*policy);
    return {};
  }
}

Status Policies::set_masking(const std::string& project_id, std::vector<ingest::MaskingRule> rules) {
  const auto masker = ingest::Masker::make(std::move(rules));  // its errors are for the caller
  if (!masker) return fail(masker.error());
  json::Writer w;
  w.begin_object().key("masking");
  ingest::write_masking_rules(w, (*masker)->rules());
  w.end_object();
  return change(project_id, w.take());
}

Status Policies::set_retention_days(const std::string& project_id, std::optional<int64_t> days) {
  json::Writer w;
  w.begin_object().key("retentionDays");
  if (days) {
    w.value(*days);
  } else {
    w.null();
  }
  w.end_object();
  return change(project_id, w.take());
}

void Policies::forget(const std::string& project_id) {
  const std::unique_lock lock(mutex_);
  policies_.erase(project_id);
}

}  // namespace tracia::service
