// /api/v1/projects and /api/v1/api-keys: what members administer.
#include <utility>

#include "account_json.h"
#include "on_worker.h"
#include "request_json.h"
#include "tracia/routes/routes.h"
#include "tracia/service/access.h"
#include "tracia/service/audit.h"
#include "tracia/service/permissions.h"
#include "tracia/service/retention.h"

namespace tracia::routes {
namespace {

using service::record_audit;
using service::Services;

constexpr size_t kBodyBytesMax = 16u << 10;  // a name

Result<std::string> read_name(std::string_view text) {
  const auto body = read_object(text);
  if (!body) return fail(body.error());
  const json::Value name = body->value["name"];
  if (name.is_missing_or_null()) return fail(Error::invalid("Missing required field: name"));
  if (!name.is_string()) return fail(Error::invalid("name: must be a string"));
  return name.text();
}

template <typename T, typename Write>
std::string list_json(std::string_view name, const std::vector<T>& items, Write write) {
  json::Writer w;
  w.begin_object().key(name).begin_array();
  for (const T& item : items) write(w, item);
  w.end_array().end_object();
  return w.take();
}

std::string project_json(const store::Project& project) {
  json::Writer w;
  write_project(w, project);
  return w.take();
}

std::string name_detail(std::string_view name) {
  json::Writer w;
  return w.begin_object().field("name", name).end_object().take();
}

// Members see those they may enter; a key its own.
void list_projects(Services& services, const http::ExchangePtr& exchange) {
  const auto who = admit(services, exchange);
  if (!who) return;
  std::vector<store::Project> projects;
  if (const auto session = who->is_member() ? services.access->signed_in(*exchange) : std::nullopt) {
    projects = services.access->projects_of(session->first);
  } else if (const auto own = services.cache->project(who->project_id)) {
    projects.push_back(*own);
  }
  exchange->json(200, list_json("projects", projects, write_project));
}

void create_project(Services& services, const http::ExchangePtr& exchange) {
  auto who = admit(services, exchange);
  if (!who) return;
  auto name = read_name(exchange->request.body);
  if (!name) return exchange->error(name.error());
  on_worker(services, exchange, [&services, exchange, who = std::move(*who), name = std::move(*name)] {
    const auto project = services.access->create_project(name);
    if (!project) return answer_error(project.error());
    record_audit(services, *exchange, who, "project.create", project->id, name_detail(project->name));
    return answer_json(201, project_json(*project));
  });
}

void rename_project(Services& services, const http::ExchangePtr& exchange) {
  auto who = admit(services, exchange);
  if (!who) return;
  auto name = read_name(exchange->request.body);
  if (!name) return exchange->error(name.error());
  std::string id(exchange->parameter("projectId"));
  if (!reaches_project(services, *exchange, *who, id)) return exchange->error(project_not_found());
  on_worker(services, exchange,
            [&services, exchange, who = std::move(*who), id = std::move(id), name = std::move(*name)] {
              const auto project = services.access->rename_project(id, name);
              if (!project) return answer_error(project.error());
              record_audit(services, *exchange, who, "project.update", project->id, name_detail(project->name));
              return answer_json(200, project_json(*project));
            });
}

void delete_project(Services& services, const http::ExchangePtr& exchange) {
  auto who = admit(services, exchange);
  if (!who) return;
  auto name = exchange->query("name");
  if (!name) return exchange->error(Error::invalid("Missing required parameter: name"));
  std::string id(exchange->parameter("projectId"));
  if (!reaches_project(services, *exchange, *who, id)) return exchange->error(project_not_found());
  on_worker(services, exchange,
            [&services, exchange, who = std::move(*who), id = std::move(id), name = std::move(*name)] {
              const auto project = services.access->remove_project(id, name);
              if (!project) return answer_error(project.error());
              record_audit(services, *exchange, who, "project.delete", project->id, name_detail(project->name));
              // At once, not at the next turn of the clock; when there is no room for it, then.
              (void)services.workers->submit([&services] { services.retention->run(); });
              return answer_json(200, R"({"success":true})");
            });
}

void list_keys(Services& services, const http::ExchangePtr& exchange) {
  const auto who = admit(services, exchange);
  if (!who) return;
  const auto write = [](json::Writer& w, const store::ApiKey& key) { write_api_key(w, key); };
  exchange->json(200, list_json("apiKeys", services.cache->keys_of(who->project_id), write));
}

void create_key(Services& services, const http::ExchangePtr& exchange) {
  auto who = admit(services, exchange);
  if (!who) return;
  auto name = read_name(exchange->request.body);
  if (!name) return exchange->error(name.error());
  const auto session = services.access->signed_in(*exchange);
  std::string author = session ? session->first.email : who->name;
  on_worker(services, exchange,
            [&services, exchange, who = std::move(*who), name = std::move(*name), author = std::move(author)] {
              const auto made = services.access->create_key(who.project_id, name, author);
              if (!made) return answer_error(made.error());
              record_audit(services, *exchange, who, "key.create", made->first.id, name_detail(made->first.name));
              json::Writer w;
              write_api_key(w, made->first, made->second);
              return answer_json(201, w.take());
            });
}

void revoke_key(Services& services, const http::ExchangePtr& exchange) {
  auto who = admit(services, exchange);
  if (!who) return;
  on_worker(services, exchange,
            [&services, exchange, who = std::move(*who), id = std::string(exchange->parameter("keyId"))] {
              const auto key = services.access->revoke_key(who.project_id, id);
              if (!key) return answer_error(key.error());
              record_audit(services, *exchange, who, "key.revoke", key->id, name_detail(key->name));
              return answer_json(200, R"({"success":true})");
            });
}

}  // namespace

void add_settings(http::Router& router, Services& services) {
  const auto add = [&](const char* method, const char* pattern, void (*handler)(Services&, const http::ExchangePtr&)) {
    const auto bound = [&services, handler](const http::ExchangePtr& exchange) { handler(services, exchange); };
    router.add(method, pattern, bound, kBodyBytesMax);
  };
  add("GET", "/api/v1/projects", list_projects);
  add("POST", "/api/v1/projects", create_project);
  add("PUT", "/api/v1/projects/{projectId}", rename_project);
  add("DELETE", "/api/v1/projects/{projectId}", delete_project);
  add("GET", "/api/v1/api-keys", list_keys);
  add("POST", "/api/v1/api-keys", create_key);
  add("DELETE", "/api/v1/api-keys/{keyId}", revoke_key);
}

}  // namespace tracia::routes
