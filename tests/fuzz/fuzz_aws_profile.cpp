// AWS profile files and the credential chain on any text. The first byte's bits choose which environment variables are
// set; the rest is given as every file and as every answer. Property: the chain ends within its bound of steps.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tracia/llm/aws_credentials.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tracia;
  if (size < 2) return 0;
  const uint8_t bits = data[0];
  const bool answers = data[1] % 2 == 0;
  const std::string rest(reinterpret_cast<const char*>(data + 2), size - 2);
  (void)llm::parse_aws_ini(rest);
  const llm::EnvReader env = [&](std::string_view name) -> std::optional<std::string> {
    const auto when = [&](int bit, std::string value) {
      return (bits >> bit & 1) != 0 && !value.empty() ? std::optional(std::move(value)) : std::nullopt;
    };
    if (name == "HOME") return when(0, "/h");
    if (name == "AWS_PROFILE") return when(1, "dev");
    if (name == "AWS_CONTAINER_CREDENTIALS_FULL_URI") return when(2, rest);
    if (name == "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") return when(3, "/x");
    if (name == "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") return when(4, "/token");
    if (name == "AWS_WEB_IDENTITY_TOKEN_FILE" || name == "AWS_ROLE_ARN") return when(5, "/identity");
    if (name == "AWS_EC2_METADATA_SERVICE_ENDPOINT") return when(6, rest);
    return std::nullopt;
  };
  llm::CredentialResolver resolver(env);
  for (int step = 0; step <= 8; ++step) {
    const auto& action = resolver.next();
    if (std::holds_alternative<Result<llm::ResolvedCredentials>>(action)) return 0;
    if (!answers)
      resolver.supply_failure();
    else if (std::holds_alternative<llm::CredentialResolver::ReadFile>(action))
      resolver.supply(rest);
    else
      resolver.supply(wire::HttpResponse{.status = 200, .body = rest});
  }
  std::abort();
}
