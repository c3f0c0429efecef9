// A whole ControlStore in memory, for tests of what stands above one. Obeys control_store.h; `fail_writes` and
// `fail_reads` make it a broken disk.
#pragma once

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

#include "tracia/base/bytes.h"
#include "tracia/store/control_store.h"

namespace tracia::store {

class FakeControlStore : public ControlStore {
 public:
  std::atomic<bool> fail_writes{false}, fail_reads{false};
  std::atomic<int> version_reads{0};  // calls of version() and versions()

  Result<std::vector<Project>> projects() override {
    return read<std::vector<Project>>([&] { return projects_; });
  }
  Status put_project(const Project& project) override {
    return write([&]() -> Status {
      for (Project& other : projects_) {
        if (other.id != project.id) continue;
        other = project;
        return {};
      }
      const auto later = [](const Project& a, const Project& b) { return a.created < b.created; };
      projects_.insert(std::upper_bound(projects_.begin(), projects_.end(), project, later), project);
      return {};
    });
  }

  Result<bool> remove_project(std::string_view id, Timestamp now) override {
    return changed([&] {
      if (std::erase_if(projects_, [&](const Project& one) { return one.id == id; }) == 0) return false;
      drop_belongings(id);
      leave_lists(id);
      removed_projects_.push_back({std::string(id), now});
      return true;
    });
  }
  Result<std::vector<RemovedProject>> removed_projects() override {
    return read<std::vector<RemovedProject>>([&] { return removed_projects_; });
  }
  Result<size_t> remove_evaluations_of_project(std::string_view project_id, size_t limit) override {
    size_t removed = 0;
    TRACIA_TRY(write([&] {
      return remove_if(evaluations_,
                       [&](const Evaluation& one) { return one.project_id == project_id && removed++ < limit; });
    }));
    return std::min(removed, limit);
  }
  Status forget_removed_project(std::string_view id) override {
    return write([&] {
      drop_belongings(id);
      std::erase_if(removed_projects_, [&](const RemovedProject& one) { return one.id == id; });
      return remove_if(evaluations_, [&](const Evaluation& one) { return one.project_id == id; });
    });
  }

  Result<std::vector<ApiKey>> api_keys() override {
    return read<std::vector<ApiKey>>([&] { return oldest_first(keys_); });
  }
  Status put_api_key(const ApiKey& key) override {
    return write([&] { return put(keys_, key.id, key); });
  }
  Status touch_api_keys(const std::vector<std::pair<std::string, Timestamp>>& last_used) override {
    return write([&]() -> Status {
      for (const auto& [id, time] : last_used) {
        if (const auto found = keys_.find(id); found != keys_.end()) found->second.last_used = time;
      }
      return {};
    });
  }

  Result<std::vector<Member>> members() override {
    return read<std::vector<Member>>([&] { return oldest_first(members_); });
  }
  Status put_member(const Member& member) override {
    return write([&]() -> Status {
      for (const auto& [id, other] : members_) {
        if (id != member.id && ascii_iequals(other.email, member.email)) return conflict("email is taken");
      }
      return put(members_, member.id, member);
    });
  }
  Result<std::optional<LoginSession>> login_session(std::string_view token_hash) override {
    return read<std::optional<LoginSession>>([&] { return find(sessions_, token_hash); });
  }
  Result<std::vector<LoginSession>> login_sessions() override {
    return read<std::vector<LoginSession>>([&] {
      std::vector<LoginSession> all;
      for (const auto& [hash, session] : sessions_) all.push_back(session);
      std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.created < b.created; });
      return all;
    });
  }
  Status put_login_session(const LoginSession& session) override {
    return write([&] { return put(sessions_, session.token_hash, session); });
  }
  Status touch_login_sessions(const std::vector<std::pair<std::string, Timestamp>>& last_seen) override {
    return write([&]() -> Status {
      for (const auto& [hash, time] : last_seen) {
        if (const auto found = sessions_.find(hash); found != sessions_.end()) found->second.last_seen = time;
      }
      return {};
    });
  }
  Status remove_login_session(std::string_view token_hash) override {
    return write([&] { return remove_if(sessions_, [&](const auto& s) { return s.token_hash == token_hash; }); });
  }
  Status remove_login_sessions_of(std::string_view member_id) override {
    return write([&] { return remove_if(sessions_, [&](const auto& s) { return s.member_id == member_id; }); });
  }
  Status remove_expired_login_sessions(Timestamp now) override {
    return write([&] { return remove_if(sessions_, [&](const auto& s) { return s.expires <= now; }); });
  }

  Result<bool> remove_member(std::string_view id) override {
    return changed([&] {
      std::erase_if(sessions_, [&](const auto& entry) { return entry.second.member_id == id; });
      std::erase_if(invitations_,
                    [&](const auto& entry) { return entry.second.member_id == id || entry.second.invited_by == id; });
      return members_.erase(std::string(id)) > 0;
    });
  }
  Result<std::vector<Invitation>> invitations() override {
    return read<std::vector<Invitation>>([&] { return oldest_first(invitations_); });
  }
  Status put_invitation(const Invitation& invitation) override {
    return write([&] {
      std::erase_if(invitations_, [&](const auto& entry) {
        return ascii_iequals(entry.second.email, invitation.email) && entry.second.member_id == invitation.member_id;
      });
      return put(invitations_, invitation.id, invitation);
    });
  }
  Result<bool> remove_invitation(std::string_view id) override {
    return changed([&] { return invitations_.erase(std::string(id)) > 0; });
  }
  Status remove_expired_invitations(Timestamp now) override {
    return write([&] { return remove_if(invitations_, [&](const auto& one) { return one.expires <= now; }); });
  }
  Status accept_invitation(std::string_view invitation_id, const Member& member) override {
    {
      const std::lock_guard lock(mutex_);
      if (!invitations_.contains(std::string(invitation_id))) {
        return fail({.code = ErrorCode::kNotFound, .message = "no such invitation"});
      }
    }
    TRACIA_TRY(put_member(member));
    return write([&]() -> Status {
      invitations_.erase(std::string(invitation_id));
      return {};
    });
  }
  Status append_audit(const AuditEvent& event) override {
    return write([&]() -> Status {
      audit_.push_back(event);
      audit_.back().number = ++audit_number_;
      return {};
    });
  }
  Result<std::vector<AuditEvent>> audit(const AuditQuery& query) override {
    return read<std::vector<AuditEvent>>([&] {
      std::vector<AuditEvent> found;
      for (auto it = audit_.rbegin(); it != audit_.rend() && found.size() < query.limit; ++it) {
        const bool wanted = (query.before == 0 || it->number < query.before) &&
                            (query.actor.empty() || it->actor_id == query.actor) &&
                            (query.action.empty() || it->action == query.action) &&
                            (!query.from || it->time >= *query.from) && (!query.to || it->time < *query.to);
        if (wanted) found.push_back(*it);
      }
      return found;
    });
  }
  Status trim_audit(Timestamp before, size_t events_max) override {
    return write([&]() -> Status {
      std::erase_if(audit_, [&](const AuditEvent& event) {
        return event.time < before || event.number + static_cast<int64_t>(events_max) <= audit_number_;
      });
      return {};
    });
  }

  Result<std::vector<Connection>> connections() override {
    return read<std::vector<Connection>>([&] { return oldest_first(connections_); });
  }
  Status put_connection(const Connection& connection) override {
    return write([&]() -> Status {
      for (const auto& [id, other] : connections_) {
        if (id != connection.id && other.project_id == connection.project_id &&
            ascii_iequals(other.name, connection.name)) {
          return conflict("name is taken");
        }
      }
      return put(connections_, connection.id, connection);
    });
  }
  Result<bool> remove_connection(std::string_view project_id, std::string_view id) override {
    return remove_one(connections_, project_id, id);
  }

  Result<std::vector<GatewayAlias>> gateway_aliases() override {
    return read<std::vector<GatewayAlias>>([&] {
      std::vector<GatewayAlias> all;
      for (const auto& [name_and_project, alias] : aliases_) all.push_back(alias);
      return all;
    });
  }
  Status put_gateway_alias(const GatewayAlias& alias) override {
    return write([&]() -> Status {
      aliases_[{alias.name, alias.project_id}] = alias;
      return {};
    });
  }
  Result<bool> remove_gateway_alias(std::string_view project_id, std::string_view name) override {
    bool removed = false;
    TRACIA_TRY(write([&]() -> Status {
      removed = aliases_.erase({std::string(name), std::string(project_id)}) > 0;
      return {};
    }));
    return removed;
  }

  Result<std::vector<prompt::Prompt>> prompts() override {
    return read<std::vector<prompt::Prompt>>([&] { return oldest_first(prompts_); });
  }
  Status create_prompt(const prompt::Prompt& prompt, const prompt::Version& first) override {
    return write([&]() -> Status {
      if (slug_taken(prompt)) return conflict("slug is taken", ErrorKind::kInvalidRequest);
      versions_[prompt.id][first.number] = first;
      return put(prompts_, prompt.id, prompt);
    });
  }
  Status update_prompt(const prompt::Prompt& prompt, const prompt::Version* version) override {
    return write([&]() -> Status {
      const auto found = prompts_.find(prompt.id);
      if (found == prompts_.end() || found->second.project_id != prompt.project_id) return not_found();
      if (found->second.revision != prompt.revision - 1) return conflict("the prompt has changed");
      if (slug_taken(prompt)) return conflict("slug is taken", ErrorKind::kInvalidRequest);
      if (version != nullptr) versions_[prompt.id][version->number] = *version;
      return put(prompts_, prompt.id, prompt);
    });
  }
  Result<bool> remove_prompt(std::string_view project_id, std::string_view prompt_id) override {
    const auto removed = remove_one(prompts_, project_id, prompt_id);
    if (removed && *removed) {
      const std::lock_guard lock(mutex_);
      versions_.erase(std::string(prompt_id));
      std::erase_if(experiments_, [&](const auto& entry) { return entry.second.prompt_id == prompt_id; });
    }
    return removed;
  }
  Result<std::optional<prompt::Version>> version(std::string_view prompt_id, int64_t number) override {
    return read<std::optional<prompt::Version>>([&]() -> std::optional<prompt::Version> {
      ++version_reads;
      const auto of_prompt = versions_.find(std::string(prompt_id));
      if (of_prompt == versions_.end()) return std::nullopt;
      const auto found = of_prompt->second.find(number);
      return found == of_prompt->second.end() ? std::nullopt : std::optional(found->second);
    });
  }
  Result<std::vector<prompt::Version>> versions(std::string_view prompt_id, int64_t before, size_t limit) override {
    return read<std::vector<prompt::Version>>([&] {
      ++version_reads;
      std::vector<prompt::Version> page;
      const auto of_prompt = versions_.find(std::string(prompt_id));
      if (of_prompt == versions_.end()) return page;
      for (auto it = of_prompt->second.rbegin(); it != of_prompt->second.rend() && page.size() < limit; ++it) {
        if (before <= 0 || it->first < before) page.push_back(it->second);
      }
      return page;
    });
  }

  Result<std::vector<prompt::Experiment>> experiments() override {
    return read<std::vector<prompt::Experiment>>([&] { return oldest_first(experiments_); });
  }
  Status put_experiment(const prompt::Experiment& experiment) override {
    return write([&]() -> Status {
      const auto prompt = find(prompts_, experiment.prompt_id);
      if (!prompt || prompt->project_id != experiment.project_id) return not_found();
      const auto before = find(experiments_, experiment.id);
      if (!before && experiment.revision > 1) return not_found();
      if (before && before->revision != experiment.revision - 1) return conflict("the experiment has changed");
      for (const auto& [id, other] : experiments_) {
        const bool clash = id != experiment.id && other.prompt_id == experiment.prompt_id &&
                           other.status == prompt::ExperimentStatus::kRunning && other.status == experiment.status;
        if (clash) return conflict("another experiment is running", ErrorKind::kInvalidRequest);
      }
      return put(experiments_, experiment.id, experiment);
    });
  }
  Result<bool> remove_experiment(std::string_view project_id, std::string_view id) override {
    return remove_one(experiments_, project_id, id);
  }

  Result<std::vector<Evaluation>> evaluations(std::string_view project_id, std::string_view span_id,
                                              std::string_view trace_id, std::string_view after,
                                              size_t limit) override {
    return read<std::vector<Evaluation>>([&] {
      std::vector<Evaluation> page;
      bool begun = after.empty();
      auto all = oldest_first(evaluations_);
      for (auto it = all.rbegin(); it != all.rend() && page.size() < limit; ++it) {
        if (it->project_id != project_id || it->span_id != span_id || it->trace_id != trace_id) continue;
        if (begun) page.push_back(*it);
        begun = begun || it->id == after;
      }
      return page;
    });
  }
  Result<std::vector<Evaluation>> evaluations_since(std::string_view project_id, Timestamp from,
                                                    size_t limit) override {
    return read<std::vector<Evaluation>>([&] {
      std::vector<Evaluation> found;
      for (const auto& [id, one] : evaluations_) {
        if (one.project_id == project_id && one.created >= from) found.push_back(one);
      }
      std::sort(found.begin(), found.end(), [](const Evaluation& a, const Evaluation& b) {
        return std::pair(b.created, b.id) < std::pair(a.created, a.id);
      });
      if (found.size() > limit) found.resize(limit);
      return found;
    });
  }
  Result<std::vector<std::vector<Evaluation>>> evaluations_of(std::string_view project_id, const SpanKeys& spans,
                                                              size_t limit_each) override {
    std::vector<std::vector<Evaluation>> lists;
    for (const auto& [span_id, trace_id] : spans) {
      auto list = evaluations(project_id, span_id, trace_id, "", limit_each);
      if (!list) return fail(std::move(list).error());
      lists.push_back(std::move(*list));
    }
    return lists;
  }
  Result<std::optional<Evaluation>> evaluation(std::string_view project_id, std::string_view id) override {
    return read<std::optional<Evaluation>>([&] {
      auto found = find(evaluations_, id);
      return found && found->project_id == project_id ? found : std::nullopt;
    });
  }
  Status put_evaluation(const Evaluation& evaluation) override {
    return write([&] { return put(evaluations_, evaluation.id, evaluation); });
  }
  Result<bool> remove_evaluation(std::string_view project_id, std::string_view id) override {
    return remove_one(evaluations_, project_id, id);
  }
  Status remove_evaluations_of(std::string_view project_id, std::string_view span_id,
                               std::string_view trace_id) override {
    return write([&] {
      return remove_if(evaluations_, [&](const Evaluation& e) {
        return e.project_id == project_id && e.span_id == span_id && e.trace_id == trace_id;
      });
    });
  }

  Status remove_evaluations_of(std::string_view project_id, const SpanKeys& spans) override {
    for (const auto& [span_id, trace_id] : spans) TRACIA_TRY(remove_evaluations_of(project_id, span_id, trace_id));
    return {};
  }
  Result<std::vector<Evaluation>> evaluations_after(std::string_view after, size_t limit) override {
    return read<std::vector<Evaluation>>([&] {
      std::vector<Evaluation> found;
      for (const auto& [id, one] : evaluations_) {
        if (id > after && found.size() < limit) found.push_back(one);
      }
      return found;
    });
  }

  Result<std::vector<Evaluator>> evaluators() override {
    return read<std::vector<Evaluator>>([&] {
      std::vector<Evaluator> found = all(evaluators_);
      std::sort(found.begin(), found.end(), [](const Evaluator& a, const Evaluator& b) {
        return std::tie(a.created, a.key) < std::tie(b.created, b.key);
      });
      return found;
    });
  }
  Status put_evaluator(const Evaluator& evaluator) override {
    return write([&] { return put(evaluators_, evaluator.project_id + "\n" + evaluator.key, evaluator); });
  }
  Result<bool> remove_evaluator(std::string_view project_id, std::string_view key) override {
    return remove_one(evaluators_, project_id, std::string(project_id) + "\n" + std::string(key));
  }

  Result<std::vector<ProjectSettings>> project_settings() override {
    return read<std::vector<ProjectSettings>>([&] { return all(project_settings_); });
  }
  Status put_project_settings(const ProjectSettings& settings) override {
    return write([&]() -> Status {
      const auto before = find(project_settings_, settings.project_id);
      if ((before ? before->revision : 0) != settings.revision - 1) return conflict("the settings have changed");
      return put(project_settings_, settings.project_id, settings);
    });
  }
  Status put_spent(const std::vector<Spent>& spent, std::string_view oldest_day,
                   std::string_view oldest_month) override {
    return write([&]() -> Status {
      for (const Spent& one : spent) spent_[one.scope + " " + one.period] = one;
      return remove_if(spent_, [&](const Spent& one) {
        const std::string_view oldest = one.period.size() == oldest_month.size() ? oldest_month : oldest_day;
        return one.period.size() == oldest.size() && one.period < oldest;
      });
    });
  }
  Result<std::vector<Spent>> spent() override {
    return read<std::vector<Spent>>([&] { return all(spent_); });
  }
  Result<std::vector<ModelPrice>> model_prices() override {
    return read<std::vector<ModelPrice>>([&] { return all(model_prices_); });
  }
  Status put_model_price(const ModelPrice& price) override {
    return write([&] { return put(model_prices_, price_key(price.project_id, price.provider, price.model), price); });
  }
  Result<bool> remove_model_price(std::string_view project_id, std::string_view provider,
                                  std::string_view model) override {
    return remove_one(model_prices_, project_id, price_key(project_id, provider, model));
  }

  Result<std::optional<std::string>> setting(std::string_view name) override {
    return read<std::optional<std::string>>([&] { return find(settings_, name); });
  }
  Status put_setting(std::string_view name, const std::optional<std::string>& value) override {
    return write([&]() -> Status {
      if (value) return put(settings_, std::string(name), *value);
      settings_.erase(std::string(name));
      return {};
    });
  }

 private:
  template <typename T>
  using Table = std::map<std::string, T>;

  template <typename T, typename Fn>
  Result<T> read(Fn fn) {
    const std::lock_guard lock(mutex_);
    if (fail_reads) return fail(broken());
    return fn();
  }
  template <typename Fn>
  Status write(Fn fn) {
    const std::lock_guard lock(mutex_);
    if (fail_writes) return fail(broken());
    return fn();
  }

  template <typename Fn>
  Result<bool> changed(Fn fn) {
    bool did = false;
    TRACIA_TRY(write([&]() -> Status {
      did = fn();
      return {};
    }));
    return did;
  }

  template <typename T>
  static Status put(Table<T>& table, const std::string& key, const T& value) {
    table[key] = value;
    return {};
  }
  template <typename T>
  static std::optional<T> find(const Table<T>& table, std::string_view key) {
    const auto found = table.find(std::string(key));
    return found == table.end() ? std::nullopt : std::optional<T>(found->second);
  }
  template <typename T, typename Fn>
  static Status remove_if(Table<T>& table, Fn matches) {
    std::erase_if(table, [&](const auto& entry) { return matches(entry.second); });
    return {};
  }
  template <typename T>
  Result<bool> remove_one(Table<T>& table, std::string_view project_id, std::string_view id) {
    bool removed = false;
    const Status status = write([&]() -> Status {
      const auto found = table.find(std::string(id));
      if (found == table.end() || found->second.project_id != project_id) return {};
      table.erase(found);
      removed = true;
      return {};
    });
    if (!status) return fail(status.error());
    return removed;
  }
  void drop_belongings(std::string_view id) {
    const auto of_project = [&](const auto& entry) { return entry.second.project_id == id; };
    std::erase_if(spent_, [&](const auto& entry) {
      const auto key = keys_.find(entry.second.scope);
      return entry.second.scope == id || (key != keys_.end() && key->second.project_id == id);
    });
    std::erase_if(versions_, [&](const auto& entry) {
      const auto prompt = prompts_.find(entry.first);
      return prompt != prompts_.end() && prompt->second.project_id == id;
    });
    std::erase_if(keys_, of_project);
    std::erase_if(connections_, of_project);
    std::erase_if(aliases_, of_project);
    std::erase_if(prompts_, of_project);
    std::erase_if(experiments_, of_project);
    std::erase_if(evaluators_, of_project);
    std::erase_if(project_settings_, of_project);
    std::erase_if(model_prices_, of_project);
  }
  void leave_lists(std::string_view id) {
    for (auto& [key, member] : members_) {
      if (member.project_ids.size() > 1) std::erase(member.project_ids, id);
    }
    std::erase_if(invitations_, [&](const auto& entry) {
      return entry.second.project_ids.size() == 1 && entry.second.project_ids.front() == id;
    });
    for (auto& [key, invitation] : invitations_) std::erase(invitation.project_ids, id);
  }
  static std::string price_key(std::string_view project_id, std::string_view provider, std::string_view model) {
    return std::string(project_id) + "\n" + std::string(provider) + "\n" + std::string(model);
  }
  template <typename T>
  static std::vector<T> all(const Table<T>& table) {
    std::vector<T> values;
    for (const auto& [key, value] : table) values.push_back(value);
    return values;
  }
  template <typename T>
  static std::vector<T> oldest_first(const Table<T>& table) {
    std::vector<T> all;
    for (const auto& [key, value] : table) all.push_back(value);
    std::sort(all.begin(), all.end(),
              [](const T& a, const T& b) { return std::tie(a.created, a.id) < std::tie(b.created, b.id); });
    return all;
  }

  bool slug_taken(const prompt::Prompt& prompt) const {
    for (const auto& [id, other] : prompts_) {
      if (id != prompt.id && other.project_id == prompt.project_id && other.slug == prompt.slug) return true;
    }
    return false;
  }
  static Error broken() { return {.code = ErrorCode::kUnavailable, .message = "the disk failed"}; }
  static tl::unexpected<Error> conflict(std::string message, ErrorKind kind = ErrorKind::kOther) {
    return fail({.code = ErrorCode::kConflict, .kind = kind, .message = std::move(message)});
  }
  static tl::unexpected<Error> not_found() { return fail({.code = ErrorCode::kNotFound, .message = "no such prompt"}); }

  std::mutex mutex_;
  std::vector<Project> projects_;  // oldest first, then as put
  std::vector<RemovedProject> removed_projects_;
  Table<ApiKey> keys_;
  Table<Member> members_;
  Table<LoginSession> sessions_;
  Table<Invitation> invitations_;
  std::vector<AuditEvent> audit_;
  int64_t audit_number_ = 0;
  Table<Connection> connections_;
  std::map<std::pair<std::string, std::string>, GatewayAlias> aliases_;  // by name and project
  Table<prompt::Prompt> prompts_;
  std::map<std::string, std::map<int64_t, prompt::Version>> versions_;
  Table<prompt::Experiment> experiments_;
  Table<Evaluation> evaluations_;
  Table<std::string> settings_;
  Table<Evaluator> evaluators_;
  Table<ProjectSettings> project_settings_;
  Table<Spent> spent_;
  Table<ModelPrice> model_prices_;
};

}  // namespace tracia::store
