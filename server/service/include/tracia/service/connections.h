// How a project reaches providers: its own connections, with sealed keys, and the environment's keys for the first
// project (docs/concepts.md). Decides where a call goes, and refuses private addresses unless a flag allows them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tracia/base/result.h"
#include "tracia/llm/call.h"
#include "tracia/service/services.h"
#include "tracia/store/control_store.h"

namespace tracia::service {

// Seals and opens secrets with the directory's key (XChaCha20-Poly1305; the context is authenticated with it).
class Sealer {
 public:
  virtual ~Sealer() = default;
  virtual std::string seal(std::string_view plain, std::string_view context) const = 0;
  virtual Result<std::string> unseal(std::string_view sealed, std::string_view context) const = 0;
};

// A connection as a caller describes it; secrets in clear, on their way in only.
struct ConnectionDraft {
  std::string name, protocol, base_url, region;
  std::optional<std::string> key;  // nullopt keeps (update), "" clears. Bedrock: an API key, or ID:SECRET[:TOKEN]
  std::optional<std::vector<std::pair<std::string, std::string>>> headers;  // nullopt keeps (update). Kept as secrets
};

class Connections {
 public:
  Connections(Services& services, const Sealer& sealer, const llm::EnvReader& env);
  ~Connections();

  // For ControlCache::load(). `sealer` must outlive the function.
  static ControlCache::Unseal unsealer(const Sealer& sealer);

  // Block. Errors name the field; kConflict for a taken name; kNotFound.
  Result<store::Connection> create(std::string_view project_id, ConnectionDraft draft);
  Result<store::Connection> update(std::string_view project_id, std::string_view id, ConnectionDraft draft);
  Status remove(std::string_view project_id, std::string_view id);

  // The providers that the server's environment has keys for, and that the project may use: those of the first project.
  std::vector<llm::Provider> environment(std::string_view project_id) const;

  // The first target of a call: `provider` is a built-in provider or a connection's name (any case), "" = found from
  // the model's name. Order: the project's connection of that name, else its connection for that protocol without a
  // base URL of its own, else, in the first project, the environment. Does not block.
  // Errors: kMissingProviderKey "No OpenAI API key configured. Add one in Settings > Providers.", kInvalidRequest for
  // an unknown provider or a model that no provider claims.
  Result<llm::Target> target(std::string_view project_id, std::string_view provider, std::string_view model) const;
  // The name to put on spans and answers for a target: the connection's name, or the provider's.
  struct Named {
    llm::Target target;
    std::string name;  // lower case
  };
  Result<Named> resolve(std::string_view project_id, std::string_view provider, std::string_view model) const;
  // Where a call through that very connection goes. kNotFound; kMissingProviderKey.
  Result<Named> resolve_id(std::string_view project_id, std::string_view id, std::string_view model) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// "No OpenAI API key configured. Add one in Settings > Providers."
Error missing_provider_key(llm::Provider provider);
Error connection_not_found(std::string_view id);

}  // namespace tracia::service
