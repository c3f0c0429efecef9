// /api/v1/projects and /api/v1/api-keys: what members administer.
#include <utility>

#include "account_json.h"
#include "on_worker.h"
#include "request_json.h"
#include "tracia/routes/routes.h"
#include "tracia/service/access.h"

namespace tracia::routes {
namespace {

using service::Need;
using service::Principal;
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

// A member sees every project; a key its own.
void list_projects(Services& services, const http::ExchangePtr& exchange) {
  const auto who = admit(services, exchange, Need::kRead);
  if (!who) return;
  std::vector<store::Project> projects = services.cache->projects();
  if (!who->is_member()) std::erase_if(projects, [&](const store::Project& p) { return p.id != who->project_id; });
  exchange->json(200, list_json("projects", projects, write_project));
}

void create_project(Services& services, const http::ExchangePtr& exchange) {
  if (!admit(services, exchange, Need::kAdmin)) return;
  auto name = read_name(exchange->request.body);
  if (!name) return exchange->error(name.error());
  on_worker(services, exchange, [&services, name = std::move(*name)] {
    const auto project = services.access->create_project(name);
    return project ? answer_json(201, project_json(*project)) : answer_error(project.error());
  });
}

void rename_project(Services& services, const http::ExchangePtr& exchange) {
  if (!admit(services, exchange, Need::kAdmin)) return;
  auto name = read_name(exchange->request.body);
  if (!name) return exchange->error(name.error());
  on_worker(services, exchange,
            [&services, id = std::string(exchange->parameter("projectId")), name = std::move(*name)] {
              const auto project = services.access->rename_project(id, name);
              return project ? answer_json(200, project_json(*project)) : answer_error(project.error());
            });
}

void list_keys(Services& services, const http::ExchangePtr& exchange) {
  const auto who = admit(services, exchange, Need::kAdmin);
  if (!who) return;
  const auto write = [](json::Writer& w, const store::ApiKey& key) { write_api_key(w, key); };
  exchange->json(200, list_json("apiKeys", services.cache->keys_of(who->project_id), write));
}

void create_key(Services& services, const http::ExchangePtr& exchange) {
  auto who = admit(services, exchange, Need::kAdmin);
  if (!who) return;
  auto name = read_name(exchange->request.body);
  if (!name) return exchange->error(name.error());
  const auto session = services.access->signed_in(*exchange);
  std::string author = session ? session->first.email : who->name;
  on_worker(services, exchange,
            [&services, project = who->project_id, name = std::move(*name), author = std::move(author)] {
              const auto made = services.access->create_key(project, name, author);
              if (!made) return answer_error(made.error());
              json::Writer w;
              write_api_key(w, made->first, made->second);
              return answer_json(201, w.take());
            });
}

void revoke_key(Services& services, const http::ExchangePtr& exchange) {
  const auto who = admit(services, exchange, Need::kAdmin);
  if (!who) return;
  on_worker(services, exchange, [&services, project = who->project_id, id = std::string(exchange->parameter("keyId"))] {
    const auto key = services.access->revoke_key(project, id);
    return key ? answer_json(200, R"({"success":true})") : answer_error(key.error());
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
  add("GET", "/api/v1/api-keys", list_keys);
  add("POST", "/api/v1/api-keys", create_key);
  add("DELETE", "/api/v1/api-keys/{keyId}", revoke_key);
}

}  // namespace tracia::routes
