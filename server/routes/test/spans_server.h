// An API server with a span store in memory, the examples of the contract, and the lists of members that it requires.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "../../http/test/raw_client.h"
#include "../../service/test/fake_span_store.h"
#include "api_server.h"
#include "tracia/service/masking_store.h"

namespace tracia::routes {

using nlohmann::json;

inline std::string example_text(const std::string& name) {
  std::ifstream file(std::string(TRACIA_SOURCE_DIR) + "/api/examples/" + name, std::ios::binary);
  EXPECT_TRUE(file) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}
inline json example(const std::string& name) { return json::parse(example_text(name)); }

// The names of an object's members, sorted.
inline std::vector<std::string> names(const json& object) {
  std::vector<std::string> out;
  for (const auto& [name, value] : object.items()) out.push_back(name);
  return out;
}

class SpansTest : public testing::Test {
 protected:
  SpansTest() {
    api.services.spans = &masked;
    add_span_writes(api.router, api.services);
    add_span_reads(api.router, api.services);
    add_evaluations(api.router, api.services);
    add_evaluators(api.router, api.services);
    add_policies(api.router, api.services);
    add_traces(api.router, api.services);
    add_analytics(api.router, api.services);
    add_settings(api.router, api.services);
    owner = api.add_member(store::MemberRole::kOwner);
    api.start();
    project = api.cache.projects().front().id;
  }

  ApiAnswer get(const std::string& path) { return api.send("GET", path, std::string(), ApiServer::with_key()); }
  ApiAnswer del(const std::string& path) { return api.send("DELETE", path, std::string(), ApiServer::with_key()); }
  ApiAnswer post(const std::string& path, const json& body) {
    return api.send("POST", path, body, ApiServer::with_key());
  }
  ApiAnswer put(const std::string& path, const json& body) {
    return api.send("PUT", path, body, ApiServer::with_key());
  }

  // A good span with this number; `more` is laid over it.
  static json span(int number, const json& more = json::object()) {
    json body = example("span_create_minimal.request.json");
    body["spanId"] = span_id(number);
    body.update(more);
    return body;
  }
  static std::string span_id(int number) {
    std::string digits = std::to_string(number);
    return "sp_" + std::string(16 - digits.size(), '0') + digits;
  }
  void store(const json& body) { ASSERT_EQ(post("/api/v1/spans", body).status, 201) << body; }

  // Spans of a list's answer, by their ids.
  static std::vector<std::string> ids(const ApiAnswer& answer) {
    std::vector<std::string> out;
    if (!answer.json.contains("spans")) ADD_FAILURE() << answer.body;
    for (const json& one : answer.json["spans"]) out.push_back(one["spanId"]);
    return out;
  }

  // A prompt in the cache, as the services put it there.
  void put_prompt(const std::string& id, const std::string& slug) {
    prompt::Prompt one;
    one.id = id;
    one.project_id = project;
    one.slug = slug;
    api.cache.put_prompt(one);
  }

  store::FakeSpanStore spans;
  ApiServer api;
  service::MaskingStore masked{spans, api.policies, api.services};
  std::string project;
  wire::Headers owner;  // of a member who may do everything
};

}  // namespace tracia::routes
