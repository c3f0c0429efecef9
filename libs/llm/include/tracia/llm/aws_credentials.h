// Where AWS credentials come from, without doing any I/O: the shared profile files as data, and the default credential
// chain as a state machine that says which file to read or which request to make next.
//
// Source: AWS SDKs and Tools Reference Guide, "Standardized credential providers", "Shared config and credentials
// files", "Container credential provider", "IMDS credential provider".
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "tracia/base/clock.h"
#include "tracia/base/result.h"
#include "tracia/llm/endpoint.h"
#include "tracia/wire/http.h"

namespace tracia::llm {

// ---- Shared profile files.

using AwsSettings = std::map<std::string, std::string, std::less<>>;  // names in lower case
using AwsSections = std::map<std::string, AwsSettings, std::less<>>;  // by the header's text: "default", "profile dev"

// Reads an AWS ini file. Total: lines that are no section, setting or comment are passed over, as are nested settings
// (indented lines). A section that comes twice is merged, the later setting wins. "#" and ";" begin a comment at the
// start of a line or after white space. At most 4,096 settings are kept. O(text).
AwsSections parse_aws_ini(std::string_view text);

// One profile from the texts of both files: "[name]" of the credentials file over "[profile name]" of the config file
// ("[default]" there too). nullopt when neither file has it.
std::optional<AwsSettings> aws_profile(std::string_view credentials_text, std::string_view config_text,
                                       std::string_view name);

// Which files and which profile the environment names: AWS_SHARED_CREDENTIALS_FILE, AWS_CONFIG_FILE, AWS_PROFILE (then
// AWS_DEFAULT_PROFILE), with "~/" resolved by HOME or USERPROFILE. A path is "" where there is no home to begin from.
struct AwsProfileFiles {
  std::string credentials_path, config_path;
  std::string profile = "default";
  bool profile_named = false;  // the environment chose it, so its absence is an error
};
AwsProfileFiles aws_profile_files(const EnvReader& env);

// AWS_REGION, AWS_DEFAULT_REGION, the profile's `region`, else "us-east-1". For callers that have read the files.
std::string aws_region(const EnvReader& env, const AwsSettings& profile);

// ---- The credential chain.

struct ResolvedCredentials {
  AwsCredentials credentials;
  std::optional<Timestamp> expires;  // nullopt: they do not expire (environment, profile)
  std::string source;                // "environment", "profile 'dev'", "web identity", "container", "instance metadata"
};

// Finds credentials in the order of the AWS SDKs: environment; web identity (AWS_WEB_IDENTITY_TOKEN_FILE with
// AWS_ROLE_ARN); profile with static keys; container (AWS_CONTAINER_CREDENTIALS_*); EC2 instance metadata, version 2
// only, unless AWS_EC2_METADATA_DISABLED is "true". A source that is not configured is passed over; one that is
// configured and fails ends the search with an error that names it, as the SDKs do.
//
// Not supported, and said so by name when a profile asks for them: role_arn with source_profile, credential_process,
// sso. `aws configure export-credentials` covers these.
//
//   CredentialResolver resolver(env);
//   while (true) {
//     const auto& action = resolver.next();
//     if (const auto* done = std::get_if<Result<ResolvedCredentials>>(&action)) return *done;
//     if (const auto* read = std::get_if<CredentialResolver::ReadFile>(&action)) … supply(text) or supply_failure()
//     else … perform Fetch::request within Fetch::timeout; supply(response) or supply_failure()
//   }
//
// Ends after at most 8 steps. Not thread-safe. Keeping credentials until they expire is the driver's business.
class CredentialResolver {
 public:
  struct ReadFile {
    std::string path;
  };
  struct Fetch {
    wire::HttpRequest request;
    Millis timeout{1000};  // connect and answer together; metadata services answer within milliseconds or not at all
  };
  using Action = std::variant<ReadFile, Fetch, Result<ResolvedCredentials>>;

  explicit CredentialResolver(EnvReader env);

  const Action& next() const { return action_; }    // the same until something is supplied
  void supply(std::string_view file_text);          // ignored unless a file was asked for
  void supply(const wire::HttpResponse& response);  // ignored unless a request was asked for
  void supply_failure();                            // no such file, not readable, no answer

 private:
  enum class Step {
    kCredentialsFile,
    kConfigFile,
    kIdentityToken,
    kIdentity,
    kContainerToken,
    kContainer,
    kImdsToken,
    kImdsRole,
    kImdsCredentials,
    kDone,
  };
  // Each begins one source, or the next one when its own is not configured.
  void begin_environment();
  void begin_web_identity();
  void begin_profile();
  void begin_container();
  void begin_instance();

  void on_file(std::optional<std::string_view> text);
  void on_response(const wire::HttpResponse& response);
  void on_imds_response(const wire::HttpResponse& response);
  void on_profile();
  void request_identity(std::string_view token);
  void request_container(std::string_view token);
  void request_imds(Step step, std::string_view method, std::string_view path, wire::Headers headers);
  void finish_json(const wire::HttpResponse& response, std::string_view source);
  void read(Step step, std::string path);
  void fetch(Step step, wire::HttpRequest request, Millis timeout);
  void succeed(ResolvedCredentials credentials);
  void fail_with(std::string message, int status = 0);
  std::string env(std::string_view name) const { return env_(name).value_or(""); }

  EnvReader env_;
  AwsProfileFiles files_;
  Step step_ = Step::kDone;
  Action action_;
  std::string credentials_text_, config_text_;
  std::string container_url_;
  std::string imds_base_, imds_token_, imds_role_;
};

}  // namespace tracia::llm
