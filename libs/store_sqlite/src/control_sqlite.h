// The control store on one SQLite file, DIR/control.db. One connection writes; a few read. Names that must be unique
// are looked up in the transaction that takes them.
#pragma once

#include <filesystem>
#include <memory>

#include "session.h"
#include "tracia/store/control_store.h"

namespace tracia::store_sqlite {

// A name that must be unique is taken.
inline Error name_conflict(std::string message) {
  return {.code = ErrorCode::kConflict, .message = std::move(message)};
}

class ControlSqlite final : public store::ControlStore {
 public:
  // Makes the file when missing, migrates it when older. Errors as of migrate_control.
  static Result<std::unique_ptr<ControlSqlite>> open(const std::filesystem::path& file, const std::string& vfs = "",
                                                     bool synchronous_off = false);

  Status copy_to(const std::filesystem::path& file) { return sessions_->copy_to(file); }  // as Sessions::copy_to

  Status health() { return sessions_->health(); }  // as Sessions::health

  Result<std::vector<store::Project>> projects() override;
  Status put_project(const store::Project& project) override;
  Result<bool> remove_project(std::string_view id, Timestamp now) override;
  Result<std::vector<store::RemovedProject>> removed_projects() override;
  Result<size_t> remove_evaluations_of_project(std::string_view project_id, size_t limit) override;
  Status forget_removed_project(std::string_view id) override;

  Result<std::vector<store::ApiKey>> api_keys() override;
  Status put_api_key(const store::ApiKey& key) override;
  Status touch_api_keys(const std::vector<std::pair<std::string, Timestamp>>& last_used) override;

  Result<std::vector<store::Member>> members() override;
  Status put_member(const store::Member& member) override;
  Result<std::optional<store::LoginSession>> login_session(std::string_view token_hash) override;
  Result<std::vector<store::LoginSession>> login_sessions() override;
  Status put_login_session(const store::LoginSession& session) override;
  Status touch_login_sessions(const std::vector<std::pair<std::string, Timestamp>>& last_seen) override;
  Status remove_login_session(std::string_view token_hash) override;
  Status remove_login_sessions_of(std::string_view member_id) override;
  Status remove_expired_login_sessions(Timestamp now) override;

  Result<bool> remove_member(std::string_view id) override;
  Result<std::vector<store::Invitation>> invitations() override;
  Status put_invitation(const store::Invitation& invitation) override;
  Result<bool> remove_invitation(std::string_view id) override;
  Status remove_expired_invitations(Timestamp now) override;
  Status accept_invitation(std::string_view invitation_id, const store::Member& member) override;
  Status append_audit(const store::AuditEvent& event) override;
  Result<std::vector<store::AuditEvent>> audit(const store::AuditQuery& query) override;
  Status trim_audit(Timestamp before, size_t events_max) override;

  Result<std::vector<store::Connection>> connections() override;
  Status put_connection(const store::Connection& connection) override;
  Result<bool> remove_connection(std::string_view project_id, std::string_view id) override;

  Result<std::vector<store::GatewayAlias>> gateway_aliases() override;
  Status put_gateway_alias(const store::GatewayAlias& alias) override;
  Result<bool> remove_gateway_alias(std::string_view project_id, std::string_view name) override;

  Result<std::vector<prompt::Prompt>> prompts() override;
  Status create_prompt(const prompt::Prompt& prompt, const prompt::Version& first) override;
  Status update_prompt(const prompt::Prompt& prompt, const prompt::Version* version) override;
  Result<bool> remove_prompt(std::string_view project_id, std::string_view prompt_id) override;
  Result<std::optional<prompt::Version>> version(std::string_view prompt_id, int64_t number) override;
  Result<std::vector<prompt::Version>> versions(std::string_view prompt_id, int64_t before, size_t limit) override;

  Result<std::vector<prompt::Experiment>> experiments() override;
  Status put_experiment(const prompt::Experiment& experiment) override;
  Result<bool> remove_experiment(std::string_view project_id, std::string_view id) override;

  Result<std::vector<store::Evaluation>> evaluations(std::string_view project_id, std::string_view span_id,
                                                     std::string_view trace_id, std::string_view after,
                                                     size_t limit) override;
  Result<std::vector<store::Evaluation>> evaluations_since(std::string_view project_id, Timestamp from,
                                                           size_t limit) override;
  Result<std::vector<std::vector<store::Evaluation>>> evaluations_of(std::string_view project_id, const SpanKeys& spans,
                                                                     size_t limit_each) override;
  Result<std::optional<store::Evaluation>> evaluation(std::string_view project_id, std::string_view id) override;
  Status put_evaluation(const store::Evaluation& evaluation) override;
  Result<bool> remove_evaluation(std::string_view project_id, std::string_view id) override;
  Status remove_evaluations_of(std::string_view project_id, std::string_view span_id,
                               std::string_view trace_id) override;

  Status remove_evaluations_of(std::string_view project_id, const SpanKeys& spans) override;
  Result<std::vector<store::Evaluation>> evaluations_after(std::string_view after, size_t limit) override;

  Result<std::vector<store::Evaluator>> evaluators() override;
  Status put_evaluator(const store::Evaluator& evaluator) override;
  Result<bool> remove_evaluator(std::string_view project_id, std::string_view key) override;

  Result<std::vector<store::ProjectSettings>> project_settings() override;
  Status put_project_settings(const store::ProjectSettings& settings) override;
  Status put_spent(const std::vector<store::Spent>& spent, std::string_view oldest_day,
                   std::string_view oldest_month) override;
  Result<std::vector<store::Spent>> spent() override;
  Result<std::vector<store::ModelPrice>> model_prices() override;
  Status put_model_price(const store::ModelPrice& price) override;
  Result<bool> remove_model_price(std::string_view project_id, std::string_view provider,
                                  std::string_view model) override;

  Result<std::optional<std::string>> setting(std::string_view name) override;
  Status put_setting(std::string_view name, const std::optional<std::string>& value) override;

 private:
  explicit ControlSqlite(std::unique_ptr<Sessions> sessions) : sessions_(std::move(sessions)) {}

  // One DELETE in a transaction of its own; whether there was something to remove.
  Result<bool> remove(std::string_view sql, const Session::Bind& bind);

  std::unique_ptr<Sessions> sessions_;
};

}  // namespace tracia::store_sqlite
