// Projects, of Access: made, renamed, deleted.
#include <algorithm>

#include "access_impl.h"
#include "access_rules.h"
#include "tracia/service/policies.h"
#include "tracia/service/prices.h"
#include "tracia/service/spend.h"

namespace tracia::service {
namespace {

// Far above what a team needs, so that a script that went wild is stopped.
constexpr size_t kProjectsMax = 1'000;

Error conflict(std::string message) { return {.code = ErrorCode::kConflict, .message = std::move(message)}; }

}  // namespace

Status Access::Impl::check_project_name(std::string_view id, std::string_view name) const {
  for (const store::Project& project : services.cache->projects()) {
    if (project.id != id && ascii_iequals(project.name, name)) {
      return fail({.code = ErrorCode::kConflict, .message = "A project with this name already exists"});
    }
  }
  return {};
}

Result<store::Project> Access::create_project(std::string_view name) {
  Impl& my = *impl_;
  auto good_name = check_name("name", name);
  if (!good_name) return fail(good_name.error());
  const std::lock_guard lock(my.writes);
  TRACIA_TRY(my.check_project_name("", *good_name));
  if (my.services.cache->projects().size() >= kProjectsMax) {
    return fail({.code = ErrorCode::kConflict, .message = "There are too many projects"});
  }
  store::Project project{.id = store::new_id("prj"), .name = std::move(*good_name), .created = my.now()};
  TRACIA_TRY(my.services.control->put_project(project));
  my.services.cache->put_project(project);
  return project;
}

Result<store::Project> Access::rename_project(std::string_view id, std::string_view name) {
  Impl& my = *impl_;
  auto good_name = check_name("name", name);
  if (!good_name) return fail(good_name.error());
  const std::lock_guard lock(my.writes);
  auto project = my.services.cache->project(id);
  if (!project) return fail(not_found("Project not found"));
  TRACIA_TRY(my.check_project_name(id, *good_name));
  project->name = std::move(*good_name);
  TRACIA_TRY(my.services.control->put_project(*project));
  my.services.cache->put_project(*project);
  return std::move(*project);
}

Status Access::Impl::check_removable(const store::Project& project, std::string_view name) const {
  if (name != project.name) {
    return fail(
        Error::invalid("name: this is not the name of the project; give it to confirm that it is to be deleted"));
  }
  if (services.cache->projects().front().id == project.id) {
    return fail(
        conflict("The first project cannot be deleted: the provider keys of the server's environment and its "
                 "bootstrap key belong to it. Rename it instead."));
  }
  return {};
}

// What is kept of the project in memory.
void Access::Impl::forget_project(const store::Project& project) {
  std::vector<std::string> scopes{project.id};
  for (const store::ApiKey& key : services.cache->keys_of(project.id)) scopes.push_back(key.id);
  services.cache->remove_project(project.id);  // from here nobody enters it, and no span of it is stored
  if (services.policies != nullptr) services.policies->forget(project.id);
  if (services.spend != nullptr) services.spend->forget(scopes);
  // Prices of a project that is gone price nothing: they may stay in memory until the next start.
  if (services.prices != nullptr) (void)services.prices->load();
  for (store::Member& member : sessions.members()) {
    if (member.project_ids.size() > 1 && std::erase(member.project_ids, project.id) > 0) sessions.put_member(member);
  }
}

Result<store::Project> Access::remove_project(std::string_view id, std::string_view name) {
  Impl& my = *impl_;
  const std::lock_guard lock(my.writes);
  const auto project = my.services.cache->project(id);
  if (!project) return fail(not_found("Project not found"));
  TRACIA_TRY(my.check_removable(*project, name));
  const auto removed = my.services.control->remove_project(id, my.now());
  if (!removed) return fail(removed.error());
  my.forget_project(*project);
  return *project;
}

}  // namespace tracia::service
