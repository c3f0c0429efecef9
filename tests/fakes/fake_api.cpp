// The Tracia API of serve_api_examples(): answers come from the example files; spans are kept, so that a test can see
// what a client stored and fetch it again.
#include <algorithm>
#include <fstream>
#include <map>
#include <mutex>
#include <sstream>
#include <stdexcept>

#include "fake_server.h"
#include "tracia/base/bytes.h"
#include "tracia/base/ids.h"
#include "tracia/base/limits.h"
#include "tracia/json/reader.h"
#include "tracia/json/writer.h"

namespace tracia::testing {
namespace {

FakeResponse api_error(int status, std::string_view code, std::string_view message) {
  json::Writer writer;
  writer.begin_object().key("error").begin_object().field("code", code).field("message", message);
  return {.status = status, .body = writer.end_object().end_object().take()};
}

FakeResponse invalid(std::string_view message) { return api_error(400, "INVALID_REQUEST", message); }

// The stated status of an example: "….response.201.json", "error.conflict.409.json".
int status_in_name(const std::string& name) {
  std::stringstream parts(name);
  for (std::string part; std::getline(parts, part, '.');) {
    if (part.size() == 3 && std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; })) {
      return std::stoi(part);
    }
  }
  return 200;
}

std::vector<std::string> non_empty_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::stringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    if (!trim(line).empty()) lines.push_back(line);
  }
  return lines;
}

// A span as the server would keep it, or why it refuses it.
struct SpanCheck {
  std::string span_id, trace_id, problem;
};

SpanCheck check_span(const json::Value& span) {
  SpanCheck result{.span_id = ascii_lower(span["spanId"].string_or("")), .trace_id = span["traceId"].text()};
  const std::string_view kind = span["spanKind"].string_or("LLM");
  const bool calls_model = kind == "LLM" || kind == "EMBEDDING";
  for (const std::string_view field : {"spanId", "input", "status", "latencyMs", "model", "provider"}) {
    if (!calls_model && (field == "model" || field == "provider")) continue;
    if (span[field].is_missing_or_null()) {
      result.problem = "Missing required field: " + std::string(field);
      return result;
    }
  }
  const std::string_view status = span["status"].string_or("");
  if (!is_valid_span_id(result.span_id)) {
    result.problem = "spanId must be sp_ and 16 hexadecimal digits";
  } else if (status != "SUCCESS" && status != "ERROR") {
    result.problem = "status must be SUCCESS or ERROR";
  } else if (!span["input"].is_object()) {
    result.problem = "input must be an object";
  } else if (!span["latencyMs"].integer() || *span["latencyMs"].integer() < 0) {
    result.problem = "latencyMs must be an integer of at least 0";
  }
  if (result.problem.empty() && result.trace_id.empty()) {
    const std::string parent = span["parentSpanId"].text();
    result.trace_id = "tr_" + (is_valid_span_id(parent) ? ascii_lower(parent) : result.span_id).substr(3);
  }
  return result;
}

}  // namespace

class FakeApi {
 public:
  explicit FakeApi(std::string folder) : folder_(std::move(folder)) {}

  FakeResponse example(const std::string& name) const { return example_response(folder_, name); }

  FakeResponse create_span(const FakeRequest& request) {
    json::Document document;
    const Result<json::Value> span = document.parse(request.body);
    if (!span || !span->is_object()) return invalid("The body must be a JSON object");
    const SpanCheck check = check_span(*span);
    if (!check.problem.empty()) return invalid(check.problem);
    const bool is_new = store(check, *span);
    FakeResponse response = example(is_new ? "span_create.response.201.json" : "span_create.response.200.json");
    response.body = patched(response.body, ids_json(check));
    return response;
  }

  FakeResponse create_batch(const FakeRequest& request) {
    std::vector<std::string> items;
    if (request.header("Content-Type").starts_with("application/x-ndjson")) {
      items = non_empty_lines(request.body);
    } else {
      json::Document document;
      const Result<json::Value> array = document.parse(request.body);
      if (!array || !array->is_array()) return invalid("The body must be a JSON array of spans");
      for (const json::Value item : array->items()) items.push_back(item.to_json());
    }
    if (items.size() > limits::kBatchSpansMax || request.body.size() > limits::kBatchBytesMax) {
      return example("error.payload_too_large.413.json");
    }
    int64_t accepted = 0, duplicates = 0;
    json::Writer rejected;
    rejected.begin_array();
    for (size_t i = 0; i < items.size(); ++i) {
      json::Document document;
      const Result<json::Value> span = document.parse(items[i]);
      const SpanCheck check = span && span->is_object() ? check_span(*span) : SpanCheck{.problem = "Not a JSON object"};
      if (check.problem.empty()) {
        ++(store(check, *span) ? accepted : duplicates);
        continue;
      }
      rejected.begin_object().field("index", static_cast<int64_t>(i)).key("spanId");
      check.span_id.empty() ? rejected.null() : rejected.value(check.span_id);
      rejected.field("code", "INVALID_REQUEST").field("message", check.problem).end_object();
    }
    json::Writer writer;
    writer.begin_object().field("accepted", accepted).field("duplicates", duplicates);
    return {.body = writer.field_raw("rejected", rejected.end_array().take()).end_object().take()};
  }

  FakeResponse get_span(const std::string& id) const {
    const std::string sent = find(id);
    if (sent.empty()) {
      const FakeResponse response = example("span_get.response.200.json");
      return is_example(id) ? response : not_found(id);
    }
    return {.body = answered_span(sent, read_example(folder_, "span_get.response.200.json"))};
  }

  FakeResponse delete_span(const std::string& id) {
    const std::lock_guard lock(mutex_);
    const auto end = std::remove_if(spans_.begin(), spans_.end(), [&](const Stored& s) { return s.span_id == id; });
    const bool found = end != spans_.end();
    spans_.erase(end, spans_.end());
    return found || is_example(id) ? example("span_delete.response.200.json") : not_found(id);
  }

  FakeResponse evaluate(const FakeRequest& request, const std::string& id) const {
    json::Document document;
    const Result<json::Value> body = document.parse(request.body);
    if (!body || !(*body)["value"].is_number()) return example("error.invalid_evaluation.400.json");
    if ((*body)["evaluatorKey"].string_or("").empty()) return invalid("Missing required field: evaluatorKey");
    if (!knows(id)) return not_found(id);
    FakeResponse response = example("evaluations_create.response.201.json");
    json::Writer writer;
    writer.begin_object().field_raw("value", (*body)["value"].to_json());
    writer.field("evaluatorKey", (*body)["evaluatorKey"].string_or(""));
    response.body = patched(response.body, writer.end_object().take());
    // merge() removes what is null, but `note` is always answered.
    const std::string note = (*body)["note"].is_missing_or_null() ? "null" : (*body)["note"].to_json();
    response.body = with_member(response.body, "note", note);
    return response;
  }

  bool knows(const std::string& id) const { return is_example(id) || !find(id).empty(); }
  FakeResponse not_found(const std::string& id) const { return api_error(404, "NOT_FOUND", "Span not found: " + id); }

  std::vector<std::string> spans() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> texts;
    for (const Stored& span : spans_) texts.push_back(span.json);
    return texts;
  }

 private:
  struct Stored {
    std::string span_id, trace_id, json;
  };

  bool is_example(const std::string& id) const {
    json::Document document;
    const Result<json::Value> span = document.parse(read_example(folder_, "span_get.response.200.json"));
    return span && (*span)["spanId"].string_or("") == id;
  }

  static std::string patched(const std::string& base, const std::string& patch) {
    Result<std::string> merged = json::merge(base, patch);
    if (!merged) throw std::runtime_error("cannot merge: " + merged.error().message);
    return *std::move(merged);
  }

  static std::string with_member(const std::string& object, std::string_view name, std::string_view value) {
    json::Document document;
    const Result<json::Value> parsed = document.parse(object);
    if (!parsed) throw std::runtime_error("not JSON: " + parsed.error().message);
    json::Writer writer;
    writer.begin_object();
    for (const json::Member member : parsed->members()) {
      if (member.key != name) writer.field_raw(member.key, member.value.to_json());
    }
    return writer.field_raw(name, value).end_object().take();
  }

  static std::string ids_json(const SpanCheck& check) {
    json::Writer writer;
    return writer.begin_object().field("spanId", check.span_id).field("traceId", check.trace_id).end_object().take();
  }

  // The span in the shape of `GET`: members as they were sent, null (or empty) where nothing was, and what a server
  // adds (id, cost, times) from the example.
  static std::string answered_span(const std::string& sent, const std::string& example) {
    json::Document sent_document, example_document;
    const Result<json::Value> span = sent_document.parse(sent);
    const Result<json::Value> shape = example_document.parse(example);
    if (!span || !shape) throw std::runtime_error("a stored span or the example is not JSON");
    json::Writer writer;
    writer.begin_object();
    for (const json::Member member : shape->members()) {
      const json::Value own = (*span)[member.key];
      const std::string_view key = member.key;
      if (!own.is_missing_or_null()) {
        writer.field_raw(key, own.to_json());
      } else if (key == "id" || key == "cost" || key == "costStatus" || key == "createdAt" || key == "startTime") {
        writer.field_raw(key, member.value.to_json());
      } else if (key == "spanKind") {
        writer.field(key, "LLM");
      } else if (key == "tags" || key == "attempts" || key == "evaluations") {
        writer.field_raw(key, "[]");
      } else if (key == "attributes") {
        writer.field_raw(key, "{}");
      } else {
        writer.key(key).null();
      }
    }
    return writer.end_object().take();
  }

  std::string find(const std::string& id) const {
    const std::lock_guard lock(mutex_);
    for (auto span = spans_.rbegin(); span != spans_.rend(); ++span) {
      if (span->span_id == id) return span->json;
    }
    return {};
  }

  // False when a span of that id is in that trace already.
  bool store(const SpanCheck& check, const json::Value& span) {
    const std::string text = patched(span.to_json(), ids_json(check));
    const std::lock_guard lock(mutex_);
    const bool known = std::any_of(spans_.begin(), spans_.end(), [&](const Stored& s) {
      return s.span_id == check.span_id && s.trace_id == check.trace_id;
    });
    if (!known) spans_.push_back({check.span_id, check.trace_id, text});
    return !known;
  }

  const std::string folder_;
  mutable std::mutex mutex_;
  std::vector<Stored> spans_;
};

namespace {

const char* const kRunExamples[][3] = {
    // slug, answer, stream
    {"welcome-email", "prompts_run.response.200.json", "prompts_run_stream.response.200.sse"},
    {"assistant", "prompts_run_tool_calls.response.200.json", "prompts_run_stream_tool_call.response.200.sse"},
    {"ticket-triage", "prompts_run_structured.response.200.json", "prompts_run_stream.response.200.sse"},
};

FakeResponse run_prompt(const FakeApi& api, const FakeRequest& request) {
  json::Document document;
  const Result<json::Value> parsed = document.parse(request.body.empty() ? "{}" : request.body);
  if (!parsed || !parsed->is_object()) return invalid("The body must be a JSON object");
  const json::Value& body = *parsed;
  const std::string& slug = request.captures.at(0);
  for (const auto& [known, answer, stream] : kRunExamples) {
    if (slug != known) continue;
    if (body["version"].integer().value_or(1) > 4) return api.example("error.not_found_version.404.json");
    if (slug == "welcome-email" && body["messages"].is_missing_or_null() && !body["variables"]["name"]) {
      return api.example("error.missing_variables.400.json");
    }
    return api.example(body["stream"].boolean_or(false) ? stream : answer);
  }
  return api_error(404, "NOT_FOUND", "Prompt not found: " + slug);
}

FakeResponse run_unsaved(const FakeApi& api, const FakeRequest& request) {
  json::Document document;
  const Result<json::Value> body = document.parse(request.body);
  if (!body || !body->is_object()) return invalid("The body must be a JSON object");
  if ((*body)["model"].string_or("").empty()) return invalid("Missing required field: model");
  return api.example((*body)["stream"].boolean_or(false) ? "run_stream.response.200.sse" : "run.response.200.json");
}

FakeResponse create_prompt(const FakeApi& api, const FakeRequest& request) {
  json::Document document;
  const Result<json::Value> body = document.parse(request.body);
  if (!body || (*body)["name"].string_or("").empty()) return api.example("error.invalid_request.400.json");
  if ((*body)["content"].size() == 0) return invalid("Missing required field: content");
  if ((*body)["slug"].string_or("") == "welcome-email") return api.example("error.conflict.409.json");
  return api.example("prompts_create.response.201.json");
}

FakeResponse get_version(const FakeApi& api, const FakeRequest& request) {
  json::Document document;
  const FakeResponse prompt = api.example("prompts_get.response.200.json");
  const Result<json::Value> parsed = document.parse(prompt.body);
  if (!parsed) throw std::runtime_error("not JSON: " + parsed.error().message);
  for (const json::Value version : (*parsed)["versions"].items()) {
    if (std::to_string(version["version"].integer().value_or(0)) == request.captures.at(1)) {
      return {.body = version.to_json()};
    }
  }
  return api.example("error.not_found_version.404.json");
}

FakeResponse update_prompt(const FakeApi& api, const FakeRequest& request) {
  json::Document document;
  const Result<json::Value> body = document.parse(request.body);
  if (!body || !body->is_object()) return invalid("The body must be a JSON object");
  if ((*body)["baseVersion"].integer().value_or(2) < 2) return api.example("error.conflict_stale_version.409.json");
  return api.example("prompts_update.response.200.json");
}

}  // namespace

std::string read_example(const std::string& folder, const std::string& name) {
  std::ifstream file(folder + "/" + name, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read the example " + folder + "/" + name);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

FakeResponse example_response(const std::string& folder, const std::string& name) {
  FakeResponse response{.status = status_in_name(name), .body = read_example(folder, name)};
  if (name.ends_with(".sse")) {
    response.headers.emplace_back("Content-Type", "text/event-stream");
    response.chunked = true;
  } else if (name.ends_with(".ndjson")) {
    response.headers.emplace_back("Content-Type", "application/x-ndjson");
    response.chunked = true;
  }
  if (response.status == 429 || response.status == 503) response.headers.emplace_back("Retry-After", "2");
  return response;
}

std::vector<std::string> stored_spans(const FakeApi& api) { return api.spans(); }

std::shared_ptr<FakeApi> install_fake_api(FakeServer& server, const std::string& folder) {
  auto api = std::make_shared<FakeApi>(folder);
  using Handler = std::function<FakeResponse(FakeApi&, const FakeRequest&)>;

  const auto add = [&](const char* method, const char* pattern, Handler handler) {
    server.on(method, pattern, [api, handler = std::move(handler)](const FakeRequest& request) {
      if (!request.path.starts_with("/api/")) return handler(*api, request);
      const bool has_key = request.header("Authorization").starts_with("Bearer tr_");
      if (!has_key) return api->example("error.unauthorized.401.json");
      if (const auto limit = request.query("limit")) {
        const bool digits = !limit->empty() && limit->find_first_not_of("0123456789") == std::string::npos;
        if (!digits || limit->size() > 3 || std::stoi(*limit) < 1 || std::stoi(*limit) > 100) {
          return invalid("limit must be a whole number from 1 to 100");
        }
      }
      return handler(*api, request);
    });
  };
  const auto fixed = [&](const char* method, const char* pattern, const std::string& name) {
    const FakeResponse response = api->example(name);  // now, so that a missing file fails here
    add(method, pattern, [response](FakeApi&, const FakeRequest&) { return response; });
  };
  // What only exists for the example prompt.
  const auto prompt = [&](const char* method, const char* pattern, Handler handler) {
    add(method, pattern, [handler = std::move(handler)](FakeApi& fake, const FakeRequest& request) {
      const std::string& slug = request.captures.at(0);
      return slug == "welcome-email" ? handler(fake, request)
                                     : api_error(404, "NOT_FOUND", "Prompt not found: " + slug);
    });
  };
  const auto prompt_fixed = [&](const char* method, const char* pattern, const std::string& name) {
    const FakeResponse response = api->example(name);
    prompt(method, pattern, [response](FakeApi&, const FakeRequest&) { return response; });
  };

  fixed("GET", "/api/v1/prompts", "prompts_list.response.200.json");
  add("POST", "/api/v1/prompts", create_prompt);
  prompt_fixed("GET", "/api/v1/prompts/{slug}", "prompts_get.response.200.json");
  prompt("PUT", "/api/v1/prompts/{slug}", update_prompt);
  prompt_fixed("DELETE", "/api/v1/prompts/{slug}", "prompts_delete.response.200.json");
  add("POST", "/api/v1/prompts/{slug}/run", run_prompt);
  prompt_fixed("POST", "/api/v1/prompts/{slug}/render", "prompts_render.response.200.json");
  prompt_fixed("GET", "/api/v1/prompts/{slug}/versions", "prompts_versions_list.response.200.json");
  prompt_fixed("GET", "/api/v1/prompts/{slug}/version", "prompts_versions_get.response.200.json");
  prompt("GET", "/api/v1/prompts/{slug}/versions/{version}", get_version);
  prompt_fixed("POST", "/api/v1/prompts/{slug}/versions/{version}/restore",
               "prompts_versions_restore.response.200.json");
  prompt_fixed("PUT", "/api/v1/prompts/{slug}/labels/{label}", "prompts_labels_put.response.200.json");
  prompt("DELETE", "/api/v1/prompts/{slug}/labels/{label}", [](FakeApi& fake, const FakeRequest& request) {
    if (request.captures.at(1) == "production") return fake.example("error.conflict_default_label.409.json");
    return fake.example("prompts_labels_delete.response.200.json");
  });
  add("POST", "/api/v1/run", run_unsaved);

  add("GET", "/api/v1/spans", [](FakeApi& fake, const FakeRequest& request) {
    return fake.example(request.query("cursor") ? "spans_list_last_page.response.200.json"
                                                : "spans_list.response.200.json");
  });
  add("POST", "/api/v1/spans", [](FakeApi& fake, const FakeRequest& request) { return fake.create_span(request); });
  add("GET", "/api/v1/spans/{id}",
      [](FakeApi& fake, const FakeRequest& request) { return fake.get_span(ascii_lower(request.captures.at(0))); });
  add("DELETE", "/api/v1/spans/{id}",
      [](FakeApi& fake, const FakeRequest& request) { return fake.delete_span(ascii_lower(request.captures.at(0))); });
  add("GET", "/api/v1/spans/{id}/evaluations", [](FakeApi& fake, const FakeRequest& request) {
    const std::string id = ascii_lower(request.captures.at(0));
    return fake.knows(id) ? fake.example("evaluations_list.response.200.json") : fake.not_found(id);
  });
  add("POST", "/api/v1/spans/{id}/evaluations", [](FakeApi& fake, const FakeRequest& request) {
    return fake.evaluate(request, ascii_lower(request.captures.at(0)));
  });
  // After the patterns with {id}: the newest match wins.
  add("POST", "/api/v1/spans/batch",
      [](FakeApi& fake, const FakeRequest& request) { return fake.create_batch(request); });
  fixed("GET", "/api/v1/spans/export", "spans_export.response.200.ndjson");
  add("GET", "/api/v1/spans/tail", [](FakeApi& fake, const FakeRequest&) {
    FakeResponse response = fake.example("spans_tail.response.200.sse");
    response.stall_after = response.body.size();  // a tail does not end by itself
    return response;
  });

  fixed("GET", "/api/v1/traces", "traces_list.response.200.json");
  add("GET", "/api/v1/traces/{id}", [](FakeApi& fake, const FakeRequest& request) {
    const FakeResponse response = fake.example("trace_get.response.200.json");
    const bool known = response.body.find("\"traceId\": \"" + request.captures.at(0) + "\"") != std::string::npos;
    return known ? response : api_error(404, "NOT_FOUND", "Trace not found: " + request.captures.at(0));
  });
  fixed("GET", "/api/v1/sessions", "sessions_list.response.200.json");
  fixed("GET", "/api/v1/users", "users_list.response.200.json");
  fixed("GET", "/healthz", "healthz.response.200.json");
  fixed("GET", "/readyz", "readyz.response.200.json");
  return api;
}

}  // namespace tracia::testing
