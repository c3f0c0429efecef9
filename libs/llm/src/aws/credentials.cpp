#include "tracia/base/bytes.h"
#include "tracia/json/reader.h"
#include "tracia/llm/aws_credentials.h"

namespace tracia::llm {
namespace {

constexpr size_t kFileBytesMax = 1 << 20;
constexpr Millis kMetadataTimeout{1000};
constexpr Millis kContainerTimeout{2000};
constexpr Millis kStsTimeout{10'000};
constexpr std::string_view kContainerHost = "http://169.254.170.2";
constexpr std::string_view kRolePath = "/latest/meta-data/iam/security-credentials/";

bool is_http_ok(const wire::HttpResponse& response) { return response.status >= 200 && response.status < 300; }

// Plain http may only reach the machine itself and the fixed addresses of ECS and EKS, else a changed environment
// could send the authorisation token anywhere in the clear.
bool may_carry_token(const wire::UrlParts& url) {
  if (ascii_iequals(url.scheme, "https")) return true;
  const std::string_view host = wire::host_of_authority(url.authority);
  return wire::is_loopback_host(host) || host == "169.254.170.2" || host == "169.254.170.23" || host == "fd00:ec2::23";
}

// Seconds since the epoch (STS in JSON) or RFC 3339 (everyone else).
std::optional<Timestamp> read_expiry(const json::Value& value) {
  if (const auto text = value.string()) return parse_rfc3339(*text);
  constexpr double kSecondsMax = 4e9;
  if (const auto seconds = value.number(); seconds && *seconds > 0 && *seconds < kSecondsMax) {
    return Timestamp{static_cast<int64_t>(*seconds * 1e6)};
  }
  return std::nullopt;
}

Error no_credentials(std::string message, int status) {
  return {.code = ErrorCode::kMissingProviderApiKey,
          .kind = ErrorKind::kAuthentication,
          .message = std::move(message),
          .status = status,
          .provider = {.provider = std::string(provider_name(Provider::kAmazonBedrock))}};
}

}  // namespace

CredentialResolver::CredentialResolver(EnvReader env) : env_(std::move(env)), files_(aws_profile_files(env_)) {
  begin_environment();
}

void CredentialResolver::begin_environment() {
  AwsCredentials found{.access_key_id = std::string(trim(env("AWS_ACCESS_KEY_ID"))),
                       .secret_access_key = std::string(trim(env("AWS_SECRET_ACCESS_KEY"))),
                       .session_token = std::string(trim(env("AWS_SESSION_TOKEN")))};
  if (found.access_key_id.empty() && found.secret_access_key.empty()) return begin_web_identity();
  if (found.access_key_id.empty() || found.secret_access_key.empty()) {
    return fail_with("Only one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is set; both are needed");
  }
  succeed({.credentials = std::move(found), .expires = std::nullopt, .source = "environment"});
}

void CredentialResolver::begin_web_identity() {
  const std::string file = env("AWS_WEB_IDENTITY_TOKEN_FILE");
  if (file.empty() || env("AWS_ROLE_ARN").empty()) return begin_profile();
  read(Step::kIdentityToken, file);
}

void CredentialResolver::begin_profile() { read(Step::kCredentialsFile, files_.credentials_path); }

void CredentialResolver::begin_container() {
  const std::string relative = env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  const std::string full = env("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (relative.empty() && full.empty()) return begin_instance();
  container_url_ = relative.empty() ? full : std::string(kContainerHost) + relative;
  const auto url = wire::split_url(container_url_);
  if (!url || (!relative.empty() && relative.front() != '/')) {
    return fail_with("AWS_CONTAINER_CREDENTIALS_" + std::string(relative.empty() ? "FULL" : "RELATIVE") +
                     "_URI is not a valid URI");
  }
  if (!may_carry_token(*url)) {
    return fail_with("AWS_CONTAINER_CREDENTIALS_FULL_URI must be https, or http to this machine or a container host");
  }
  const std::string token_file = env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
  if (!token_file.empty()) return read(Step::kContainerToken, token_file);
  request_container(env("AWS_CONTAINER_AUTHORIZATION_TOKEN"));
}

void CredentialResolver::begin_instance() {
  const std::string tried = " in the environment, profile '" + files_.profile + "' or a container";
  if (ascii_iequals(trim(env("AWS_EC2_METADATA_DISABLED")), "true")) {
    return fail_with(
        "No AWS credentials found" + tried +
        ". Set AWS_BEARER_TOKEN_BEDROCK, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or configure a profile");
  }
  imds_base_ = env("AWS_EC2_METADATA_SERVICE_ENDPOINT");
  if (imds_base_.empty()) {
    const bool ipv6 = ascii_iequals(env("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"), "IPv6");
    imds_base_ = ipv6 ? "http://[fd00:ec2::254]" : "http://169.254.169.254";
  }
  if (!wire::split_url(imds_base_)) return fail_with("AWS_EC2_METADATA_SERVICE_ENDPOINT is not an http(s) URL");
  request_imds(Step::kImdsToken, "PUT", "/latest/api/token", {{"x-aws-ec2-metadata-token-ttl-seconds", "21600"}});
}

void CredentialResolver::supply(std::string_view file_text) {
  if (!std::holds_alternative<ReadFile>(action_)) return;
  on_file(file_text.size() > kFileBytesMax ? std::nullopt : std::optional(file_text));
}

void CredentialResolver::supply(const wire::HttpResponse& response) {
  if (std::holds_alternative<Fetch>(action_)) on_response(response);
}

void CredentialResolver::supply_failure() {
  if (std::holds_alternative<ReadFile>(action_)) return on_file(std::nullopt);
  if (std::holds_alternative<Fetch>(action_)) on_response({.status = 0});
}

void CredentialResolver::on_file(std::optional<std::string_view> text) {
  switch (step_) {
    case Step::kCredentialsFile:
      credentials_text_ = text.value_or("");
      return read(Step::kConfigFile, files_.config_path);
    case Step::kConfigFile: config_text_ = text.value_or(""); return on_profile();
    case Step::kIdentityToken:
      if (!text || trim(*text).empty()) return fail_with("AWS_WEB_IDENTITY_TOKEN_FILE could not be read or is empty");
      return request_identity(trim(*text));
    case Step::kContainerToken:
      if (!text || trim(*text).empty()) {
        return fail_with("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE could not be read or is empty");
      }
      return request_container(trim(*text));
    default: return;
  }
}

void CredentialResolver::on_profile() {
  const auto profile = aws_profile(credentials_text_, config_text_, files_.profile);
  credentials_text_.clear();
  config_text_.clear();
  const std::string name = "profile '" + std::string(utf8_prefix(files_.profile, 100)) + "'";
  if (!profile) {
    if (files_.profile_named)
      return fail_with("The AWS " + name + " is in neither the credentials nor the config file");
    return begin_container();
  }
  const auto setting = [&](std::string_view key) {
    const auto found = profile->find(key);
    return found == profile->end() ? std::string() : found->second;
  };
  AwsCredentials found{.access_key_id = setting("aws_access_key_id"),
                       .secret_access_key = setting("aws_secret_access_key"),
                       .session_token = setting("aws_session_token")};
  // An assumed role takes the static keys as its source, so a profile that names one must not use them directly.
  for (const std::string_view unsupported : {"role_arn", "credential_process", "sso_session", "sso_start_url"}) {
    const bool keys_win = unsupported != "role_arn" && !found.access_key_id.empty();
    if (setting(unsupported).empty() || keys_win) continue;
    return fail_with(
        "The AWS " + name + " uses " + std::string(unsupported) +
        ", which is not supported. Export its credentials with: aws configure export-credentials --format env");
  }
  if (found.access_key_id.empty() && found.secret_access_key.empty()) return begin_container();
  if (found.access_key_id.empty() || found.secret_access_key.empty()) {
    return fail_with("The AWS " + name + " has only one of aws_access_key_id and aws_secret_access_key");
  }
  succeed({.credentials = std::move(found), .expires = std::nullopt, .source = name});
}

void CredentialResolver::request_identity(std::string_view token) {
  const std::string region = aws_region(env_);
  const std::string session = env("AWS_ROLE_SESSION_NAME");
  wire::HttpRequest request;
  request.url = "https://sts." + region + (region.starts_with("cn-") ? ".amazonaws.com.cn/" : ".amazonaws.com/");
  if (!wire::split_url(request.url)) return fail_with("The AWS region is not a valid name");
  request.headers = {{"content-type", "application/x-www-form-urlencoded"}, {"accept", "application/json"}};
  request.body =
      "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=" + wire::percent_encode(env("AWS_ROLE_ARN")) +
      "&RoleSessionName=" + wire::percent_encode(session.empty() ? "tracia" : session) +
      "&WebIdentityToken=" + wire::percent_encode(token);
  fetch(Step::kIdentity, std::move(request), kStsTimeout);
}

void CredentialResolver::request_container(std::string_view token) {
  wire::HttpRequest request{.method = "GET", .url = container_url_, .headers = {{"accept", "application/json"}}};
  if (!token.empty()) {
    if (!wire::is_valid_header("authorization", token)) {
      return fail_with("The container authorization token holds a line break or NUL");
    }
    request.headers.add("authorization", std::string(token));
  }
  fetch(Step::kContainer, std::move(request), kContainerTimeout);
}

void CredentialResolver::request_imds(Step step, std::string_view method, std::string_view path,
                                      wire::Headers headers) {
  wire::HttpRequest request{
      .method = std::string(method), .url = wire::join_url(imds_base_, path), .headers = std::move(headers)};
  if (!imds_token_.empty()) request.headers.add("x-aws-ec2-metadata-token", imds_token_);
  fetch(step, std::move(request), kMetadataTimeout);
}

void CredentialResolver::on_response(const wire::HttpResponse& response) {
  switch (step_) {
    case Step::kIdentity: return finish_json(response, "web identity");
    case Step::kContainer: return finish_json(response, "container");
    case Step::kImdsCredentials: return finish_json(response, "instance metadata");
    default: return on_imds_response(response);
  }
}

void CredentialResolver::on_imds_response(const wire::HttpResponse& response) {
  const std::string line(trim(std::string_view(response.body).substr(0, response.body.find('\n'))));
  const bool usable = is_http_ok(response) && !line.empty() && line.size() <= 1024 && wire::is_valid_header("x", line);
  if (!usable) {
    // No answer at all is the usual case: this machine is no EC2 instance.
    return fail_with("No AWS credentials found in the environment, profile '" + files_.profile +
                         "', a container or instance metadata. Set AWS_BEARER_TOKEN_BEDROCK, or AWS_ACCESS_KEY_ID and "
                         "AWS_SECRET_ACCESS_KEY, or configure a profile",
                     response.status);
  }
  if (step_ == Step::kImdsToken) {
    imds_token_ = line;
    return request_imds(Step::kImdsRole, "GET", kRolePath, {});
  }
  imds_role_ = line;
  request_imds(Step::kImdsCredentials, "GET", std::string(kRolePath) + wire::percent_encode(imds_role_), {});
}

// {"AccessKeyId", "SecretAccessKey", "Token", "Expiration"}; STS wraps it and says SessionToken; IMDS adds "Code".
void CredentialResolver::finish_json(const wire::HttpResponse& response, std::string_view source) {
  const std::string prefix = "AWS credentials from " + std::string(source) + ": ";
  if (response.status == 0) return fail_with(prefix + "no answer");
  json::Document document;
  const auto root = document.parse_lenient(response.body);
  if (!is_http_ok(response) || !root) {
    const std::string_view why =
        !root ? std::string_view() : (*root)["Error"]["Code"].string_or((*root)["code"].string_or(""));
    return fail_with(prefix + "HTTP " + std::to_string(response.status) +
                         (why.empty() ? "" : " " + std::string(utf8_prefix(why, 100))),
                     response.status);
  }
  json::Value found = *root;
  if (step_ == Step::kIdentity) {
    found = found["AssumeRoleWithWebIdentityResponse"]["AssumeRoleWithWebIdentityResult"]["Credentials"];
  }
  const std::string_view code = found["Code"].string_or("Success");
  if (code != "Success") return fail_with(prefix + std::string(utf8_prefix(code, 100)));
  ResolvedCredentials out{.credentials = {.access_key_id = found["AccessKeyId"].text(),
                                          .secret_access_key = found["SecretAccessKey"].text(),
                                          .session_token = found["Token"].text()},
                          .expires = read_expiry(found["Expiration"]),
                          .source = std::string(source)};
  if (out.credentials.session_token.empty()) out.credentials.session_token = found["SessionToken"].text();
  if (out.credentials.access_key_id.empty() || out.credentials.secret_access_key.empty()) {
    return fail_with(prefix + "the answer holds no keys");
  }
  succeed(std::move(out));
}

void CredentialResolver::read(Step step, std::string path) {
  step_ = step;
  if (path.empty()) return on_file(std::nullopt);  // no home directory
  action_ = ReadFile{std::move(path)};
}

void CredentialResolver::fetch(Step step, wire::HttpRequest request, Millis timeout) {
  step_ = step;
  action_ = Fetch{std::move(request), timeout};
}

void CredentialResolver::succeed(ResolvedCredentials credentials) {
  step_ = Step::kDone;
  action_ = Result<ResolvedCredentials>(std::move(credentials));
}

void CredentialResolver::fail_with(std::string message, int status) {
  step_ = Step::kDone;
  action_ = Result<ResolvedCredentials>(fail(no_credentials(std::move(message), status)));
}

}  // namespace tracia::llm
