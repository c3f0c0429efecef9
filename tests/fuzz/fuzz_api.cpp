// The API's handlers on arbitrary bodies, over real HTTP in this process: the first byte chooses the operation, the
// rest is the body. Whatever comes, the answer is one that the contract knows, is JSON, and a server error never.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "../../server/routes/test/api_server.h"
#include "../../server/service/test/fake_sealer.h"
#include "../../server/service/test/fake_span_store.h"
#include "tracia/service/connections.h"
#include "tracia/service/prompts.h"
#include "tracia/service/runs.h"

namespace {

using namespace tracia;

struct Operation {
  const char* method;
  const char* path;
  bool as_member = false;
};
// No account is signed in by a password here: hashing one takes longer than a thousand other requests.
constexpr Operation kOperations[] = {
    {"POST", "/api/v1/prompts"},
    {"PUT", "/api/v1/prompts/greet"},
    {"POST", "/api/v1/prompts/greet/run"},
    {"POST", "/api/v1/prompts/greet/render"},
    {"POST", "/api/v1/prompts/greet/versions/1/restore"},
    {"PUT", "/api/v1/prompts/greet/labels/production"},
    {"POST", "/api/v1/run"},
    {"POST", "/api/v1/spans"},
    {"POST", "/api/v1/spans/batch"},
    {"POST", "/api/v1/spans/sp_0123456789abcdef/evaluations"},
    {"POST", "/api/v1/auth/setup"},
    {"POST", "/api/v1/projects", true},
    {"POST", "/api/v1/api-keys", true},
    {"POST", "/api/v1/connections", true},
    {"POST", "/api/v1/members/invitations", true},
    {"PUT", "/api/v1/members/mem_0123456789abcdef", true},
    {"POST", "/api/v1/auth/invitation"},
};

// Stores in memory, no provider: a run ends where it would need a key.
struct World {
  World() {
    api.services.spans = &spans;
    api.services.prompts = &prompts;
    api.services.connections = &connections;
    api.services.runs = &runs;
    member = api.add_member(store::MemberRole::kOwner);
    routes::add_prompts(api.router, api.services);
    routes::add_runs(api.router, api.services);
    routes::add_span_writes(api.router, api.services);
    routes::add_evaluations(api.router, api.services);
    routes::add_auth(api.router, api.services);
    routes::add_settings(api.router, api.services);
    routes::add_members(api.router, api.services);
    routes::add_audit(api.router, api.services);
    routes::add_connections(api.router, api.services);
    api.start();
    const auto key = routes::ApiServer::with_key();
    api.send("POST", "/api/v1/prompts",
             R"({"name":"Greet","slug":"greet","content":[{"id":"m","role":"user","content":"Hi {{name}}"}]})", key);
    api.send(
        "POST", "/api/v1/spans",
        R"({"spanId":"sp_0123456789abcdef","model":"m","provider":"p","input":{},"status":"SUCCESS","latencyMs":1,)"
        R"("inputTokens":1,"outputTokens":1,"totalTokens":2})",
        key);
  }
  routes::ApiServer api;
  store::FakeSpanStore spans;
  service::FakeSealer sealer;
  service::Prompts prompts{api.services};
  service::Connections connections{api.services, sealer, [](std::string_view) { return std::nullopt; }};
  service::Runs runs{api.services};
  wire::Headers member;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  static int inputs = 0;
  static World* world = nullptr;
  // What is stored grows; a new world now and then keeps runs alike.
  if (world == nullptr || ++inputs % 20'000 == 0) {
    delete world;
    world = new World;
  }
  const Operation& operation = kOperations[data[0] % std::size(kOperations)];
  const std::string body(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto answer = world->api.send(operation.method, operation.path, body,
                                      operation.as_member ? world->member : routes::ApiServer::with_key());
  switch (answer.status) {
    case 200:
    case 201:
    case 400:
    case 403:
    case 404:
    case 409:
    case 413:
    case 429: break;
    default: std::fprintf(stderr, "%d %s\n", answer.status, answer.body.c_str()); std::abort();
  }
  if (answer.json.is_discarded()) std::abort();
  // A run must not find a way to a provider.
  if (answer.status == 201 && std::string_view(operation.path) == "/api/v1/connections") {
    const std::string made = std::string(operation.path) + "/" + answer.json["id"].get<std::string>();
    if (world->api.send("DELETE", made, "", world->member).status != 200) std::abort();
  }
  if (answer.status >= 400 && (answer.code().empty() || answer.message().empty())) std::abort();
  return 0;
}
