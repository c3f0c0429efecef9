#include "control_requests.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "tracia/base/bytes.h"
#include "tracia/base/ids.h"
#include "tracia/json/writer.h"
#include "tracia/service/digest.h"
#include "tracia/service/members.h"

namespace tracia::app {
namespace {

namespace fs = std::filesystem;
using store::ApiKey;
using store::Project;

constexpr size_t kNameBytesMax = 200;
constexpr size_t kKeyPrefixChars = 11;
constexpr const char* kFirstProject = "Default";

std::string error_answer(const Error& error) {
  json::Writer w;
  w.begin_object().field("ok", false).key("error").begin_object();
  w.field("code", error_code_name(error.code)).field("message", error.message);
  return w.end_object().end_object().take();
}

Error not_found(std::string message) { return {.code = ErrorCode::kNotFound, .message = std::move(message)}; }

Result<std::string> text_field(const json::Value& request, std::string_view name, std::string_view fallback) {
  const json::Value value = request[name];
  if (value.is_missing_or_null()) return std::string(fallback);
  const auto text = value.string();
  if (!text) return fail(Error::invalid(std::string(name) + " must be a string"));
  return std::string(*text);
}

Status check_name(std::string_view name) {
  const bool plain =
      std::none_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
  if (trim(name).empty() || name.size() > kNameBytesMax || !plain) {
    return fail(Error::invalid("name must be 1 to 200 bytes of text without control characters"));
  }
  return {};
}

// One request's work.
class Control {
 public:
  Control(store_sqlite::DataDirectory& directory, const ControlCallbacks& callbacks)
      : directory_(directory), store_(directory.control()), callbacks_(callbacks) {}

  Result<std::string> create_key(const json::Value& request) {
    const auto name = text_field(request, "name", "command line");
    if (!name) return fail(name.error());
    TRACIA_TRY(check_name(*name));
    const auto wanted = text_field(request, "project", "");
    if (!wanted) return fail(wanted.error());
    const auto project = project_for(*wanted);
    if (!project) return fail(project.error());
    const std::string secret = new_api_key();
    const ApiKey key{.id = store::new_id("key"),
                     .project_id = project->id,
                     .name = *name,
                     .prefix = secret.substr(0, kKeyPrefixChars),
                     .hash = service::sha256(secret),
                     .created_by = "command line",
                     .created = system_clock().now()};
    TRACIA_TRY(store_.put_api_key(key));
    if (callbacks_.key_changed) callbacks_.key_changed(key);
    record("key.create", key);
    json::Writer w;
    w.begin_object().field("ok", true).field("id", key.id).field("key", secret).field("name", key.name);
    return w.field("project", project->name).end_object().take();
  }

  Result<std::string> list_keys() {
    const auto projects = store_.projects();
    if (!projects) return fail(projects.error());
    const auto keys = store_.api_keys();
    if (!keys) return fail(keys.error());
    json::Writer w;
    w.begin_object().field("ok", true).key("keys").begin_array();
    for (const ApiKey& key : *keys) {
      const auto owner = std::find_if(projects->begin(), projects->end(),
                                      [&](const Project& project) { return project.id == key.project_id; });
      w.begin_object().field("id", key.id).field("name", key.name).field("prefix", key.prefix);
      w.field("project", owner != projects->end() ? owner->name : key.project_id);
      w.field("created", format_rfc3339_millis(key.created)).field("createdBy", key.created_by);
      if (key.last_used) w.field("lastUsed", format_rfc3339_millis(*key.last_used));
      if (key.revoked) w.field("revoked", format_rfc3339_millis(*key.revoked));
      w.end_object();
    }
    return w.end_array().end_object().take();
  }

  Result<std::string> revoke_key(const json::Value& request) {
    const auto id = text_field(request, "id", "");
    if (!id) return fail(id.error());
    if (id->empty()) return fail(Error::invalid("Missing required field: id"));
    const auto keys = store_.api_keys();
    if (!keys) return fail(keys.error());
    const auto found = std::find_if(keys->begin(), keys->end(), [&](const ApiKey& key) { return key.id == *id; });
    if (found == keys->end()) return fail(not_found("there is no key with the id " + quoted(*id)));
    ApiKey key = *found;
    if (!key.revoked) {
      key.revoked = system_clock().now();
      TRACIA_TRY(store_.put_api_key(key));
      record("key.revoke", key);
    }
    if (callbacks_.key_changed) callbacks_.key_changed(key);
    json::Writer w;
    w.begin_object().field("ok", true).field("id", key.id).field("name", key.name).field("prefix", key.prefix);
    return w.field("revoked", format_rfc3339_millis(*key.revoked)).end_object().take();
  }

  Result<std::string> list_members() {
    const auto members = store_.members();
    if (!members) return fail(members.error());
    json::Writer w;
    w.begin_object().field("ok", true).key("members").begin_array();
    for (const store::Member& member : *members) {
      w.begin_object().field("id", member.id).field("email", member.email).field("name", member.name);
      w.field("role", store::member_role_name(member.role)).field("disabled", member.disabled).end_object();
    }
    return w.end_array().end_object().take();
  }

  // Nothing changes for the member until the link is followed. Whoever may write the data directory may make one: for
  // an owner who is alone and forgot the password there is no other way.
  Result<std::string> make_password_link(const json::Value& request) {
    const auto email = text_field(request, "email", "");
    if (!email) return fail(email.error());
    const auto members = store_.members();
    if (!members) return fail(members.error());
    const auto found = std::find_if(members->begin(), members->end(), [&](const store::Member& member) {
      return ascii_lower(member.email) == ascii_lower(*email);
    });
    if (found == members->end()) return fail(not_found("there is no member with the email " + quoted(*email)));
    if (found->disabled) return fail(Error::invalid(quoted(*email) + " is disabled; somebody must enable them first"));
    const std::string token = base64url_encode(random_bytes(32));
    const Timestamp now = system_clock().now();
    TRACIA_TRY(store_.put_invitation({.id = store::new_id("inv"),
                                      .email = found->email,
                                      .member_id = found->id,
                                      .role = found->role,
                                      .token_hash = service::sha256(token),
                                      .created = now,
                                      .expires = {now.micros + service::kLinkSeconds * 1'000'000}}));
    record("member.password_link", "", found->id, "{}");
    json::Writer w;
    w.begin_object().field("ok", true).field("email", found->email).field("token", token);
    return w.end_object().take();
  }

  Result<std::string> backup(const json::Value& request, const store_sqlite::ControlSocket::SendProgress& progress) {
    const auto to = text_field(request, "to", "");
    if (!to) return fail(to.error());
    // The server's working folder is not the caller's.
    if (!fs::path(*to).is_absolute()) return fail(Error::invalid("to must be an absolute path"));
    const bool with_key = request["withKey"].boolean_or(false);
    const auto report = directory_.backup(*to, with_key, [&](std::string_view file, uint64_t done, uint64_t total) {
      if (!progress) return;
      json::Writer w;
      w.begin_object().field("file", file).field("done", done).field("total", total).end_object();
      (void)progress(w.take());  // a backup goes on when nobody watches it
    });
    if (!report) return fail(report.error());
    json::Writer w;
    w.begin_object().field("ok", true).field("files", report->files).field("bytes", report->bytes);
    return w.end_object().take();
  }

 private:
  static std::string quoted(std::string_view text) { return "'" + printable(utf8_prefix(text, kNameBytesMax)) + "'"; }

  // Into the audit log. The change stands when that fails: a key that was made must be shown.
  void record(std::string_view action, const std::string& project_id, const std::string& target, std::string detail) {
    (void)store_.append_audit({.time = system_clock().now(),
                               .project_id = project_id,
                               .actor_kind = "system",
                               .actor_name = "command line",
                               .action = std::string(action),
                               .target = target,
                               .detail_json = std::move(detail)});
  }
  void record(std::string_view action, const ApiKey& key) {
    json::Writer w;
    w.begin_object().field("name", key.name).end_object();
    record(action, key.project_id, key.id, w.take());
  }

  // By id, else by name. "" = the first one, made when there is none.
  Result<Project> project_for(const std::string& wanted) {
    const auto projects = store_.projects();
    if (!projects) return fail(projects.error());
    if (wanted.empty()) return projects->empty() ? make_first_project() : Result<Project>(projects->front());
    std::vector<Project> named;
    for (const Project& project : *projects) {
      if (project.id == wanted) return project;
      if (project.name == wanted) named.push_back(project);
    }
    if (named.empty()) return fail(not_found("there is no project " + quoted(wanted)));
    if (named.size() > 1) return fail(Error::invalid("several projects are named " + quoted(wanted) + "; give its id"));
    return named.front();
  }

  Result<Project> make_first_project() {
    Project project{store::new_id("prj"), kFirstProject, system_clock().now()};
    TRACIA_TRY(store_.put_project(project));
    if (callbacks_.project_made) callbacks_.project_made(project);
    return project;
  }

  store_sqlite::DataDirectory& directory_;
  store::ControlStore& store_;
  const ControlCallbacks& callbacks_;
};

Result<std::string> answer(store_sqlite::DataDirectory& directory, const ControlCallbacks& callbacks,
                           std::string_view text, const store_sqlite::ControlSocket::SendProgress& progress) {
  json::Document document;
  const auto request = document.parse(text);
  if (!request) return fail(request.error());
  if (!request->is_object()) return fail(Error::invalid("a request is an object"));
  const std::string_view op = (*request)["op"].string_or("");
  Control control(directory, callbacks);
  if (op == "keys.create") return control.create_key(*request);
  if (op == "keys.list") return control.list_keys();
  if (op == "keys.revoke") return control.revoke_key(*request);
  if (op == "members.list") return control.list_members();
  if (op == "members.password_link") return control.make_password_link(*request);
  if (op == "backup") return control.backup(*request, progress);
  if (op == "ping") {
    json::Writer w;
    w.begin_object().field("ok", true).field("pid", static_cast<int64_t>(::getpid()));
    return w.end_object().take();
  }
  return fail(Error::invalid("op is none that this server knows; is it older than this command?"));
}

}  // namespace

std::string handle_control(store_sqlite::DataDirectory& directory, const ControlCallbacks& callbacks,
                           std::string_view request, const store_sqlite::ControlSocket::SendProgress& progress) {
  auto answered = answer(directory, callbacks, request, progress);
  return answered ? std::move(*answered) : error_answer(answered.error());
}

namespace {

Result<std::string> answer_here(const fs::path& dir, const std::string& request, bool may_make,
                                const std::function<void(std::string_view)>& on_progress) {
  std::error_code error;
  if (!may_make && !fs::exists(dir / "VERSION", error)) {
    return fail(not_found(dir.string() + " is not a data directory of Tracia"));
  }
  auto directory = store_sqlite::DataDirectory::open(dir, {});
  if (!directory) return fail(std::move(directory).error());
  return handle_control(**directory, {}, request, [&](std::string_view line) {
    if (on_progress) on_progress(line);
    return true;
  });
}

}  // namespace

Result<ControlAnswer> call_control(const fs::path& dir, const std::string& request, bool may_make,
                                   const std::function<void(std::string_view)>& on_progress) {
  auto text = store_sqlite::ask(dir, request, on_progress);
  if (!text && text.error().code == ErrorCode::kNotFound) text = answer_here(dir, request, may_make, on_progress);
  if (!text) return fail(std::move(text).error());
  ControlAnswer answer;
  const auto value = answer.document.parse(*text);
  if (!value) return fail({.code = ErrorCode::kUnavailable, .message = "the server's answer cannot be read"});
  answer.value = *value;
  if (answer.value["ok"].boolean_or(false)) return answer;
  const json::Value error = answer.value["error"];
  return fail({.code = error_code_from_name(error["code"].string_or("")), .message = error["message"].text()});
}

void show_progress(std::string_view line) {
  json::Document document;
  const auto value = document.parse(line);
  if (!value) return;
  show_progress((*value)["file"].string_or(""), static_cast<uint64_t>((*value)["done"].integer().value_or(0)),
                static_cast<uint64_t>((*value)["total"].integer().value_or(0)));
}

void show_progress(std::string_view file, uint64_t done, uint64_t total) {
  if (::isatty(STDERR_FILENO) == 0) return;
  if (file.empty()) {
    std::fputs("\r\033[K", stderr);
    return;
  }
  const uint64_t percent = total == 0 ? 100 : std::min<uint64_t>(100, done * 100 / total);
  std::fprintf(stderr, "\r\033[K%s  %d%%", printable(file).c_str(), static_cast<int>(percent));
}

std::string printable(std::string_view text) {
  std::string shown = to_valid_utf8(text);
  for (char& c : shown) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  }
  return shown;
}

std::string human_bytes(uint64_t bytes) {
  constexpr const char* kUnits[] = {"bytes", "kB", "MB", "GB", "TB"};
  double amount = static_cast<double>(bytes);
  size_t unit = 0;
  for (; amount >= 1000 && unit + 1 < std::size(kUnits); ++unit) amount /= 1000;
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", amount, kUnits[unit]);
  return text;
}

}  // namespace tracia::app
