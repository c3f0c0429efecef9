#include "tracia/llm/aws_credentials.h"

#include <gtest/gtest.h>

namespace tracia::llm {
namespace {

using Values = std::map<std::string, std::string>;

EnvReader env(Values values) {
  return [values = std::move(values)](std::string_view name) -> std::optional<std::string> {
    const auto found = values.find(std::string(name));
    return found == values.end() || found->second.empty() ? std::nullopt : std::optional(found->second);
  };
}

// Answers what a resolver asks for from two tables: files by path, responses by "METHOD URL".
struct World {
  Values files = {};
  std::map<std::string, wire::HttpResponse> responses = {};
  std::vector<std::string> asked = {};
  std::vector<wire::HttpRequest> requests = {};
  int steps = 0;

  Result<ResolvedCredentials> resolve(Values values) {
    CredentialResolver resolver(env(std::move(values)));
    for (steps = 0; steps < 20; ++steps) {
      const auto action = resolver.next();
      if (const auto* done = std::get_if<Result<ResolvedCredentials>>(&action)) return *done;
      if (const auto* read = std::get_if<CredentialResolver::ReadFile>(&action)) {
        asked.push_back(read->path);
        const auto found = files.find(read->path);
        if (found == files.end())
          resolver.supply_failure();
        else
          resolver.supply(found->second);
      } else {
        const auto& fetch = std::get<CredentialResolver::Fetch>(action);
        EXPECT_GT(fetch.timeout.count(), 0);
        asked.push_back(fetch.request.method + " " + fetch.request.url);
        requests.push_back(fetch.request);
        const auto found = responses.find(asked.back());
        if (found == responses.end())
          resolver.supply_failure();
        else
          resolver.supply(found->second);
      }
    }
    return fail({.message = "did not end"});
  }
};

wire::HttpResponse ok(std::string body) { return {.status = 200, .body = std::move(body)}; }

const std::string kKeys =
    R"({"Code":"Success","AccessKeyId":"AKID","SecretAccessKey":"secret","Token":"token","Expiration":"2026-11-20T10:00:00Z"})";

TEST(AwsIni, ReadsSectionsSettingsAndComments) {
  const AwsSections sections = parse_aws_ini(
      "\xEF\xBB\xBF# comment\r\n[default]\r\naws_access_key_id = AKID  ; note\r\nAWS_Secret_Access_Key=a#b;c\r\n"
      "[ profile   dev ] # x\nregion=eu-west-1\ns3 =\n  region = nested\n\nno equals "
      "sign\n[unclosed\nx=1\n[]\ny=2\n[default]\nextra=1\n");
  EXPECT_EQ(sections.at("default").at("aws_access_key_id"), "AKID");
  EXPECT_EQ(sections.at("default").at("aws_secret_access_key"), "a#b;c");
  EXPECT_EQ(sections.at("default").at("extra"), "1");
  EXPECT_EQ(sections.at("profile dev").at("region"), "eu-west-1");
  EXPECT_EQ(sections.size(), 2u);
}

TEST(AwsIni, IsTotalAndBounded) {
  std::string many;
  for (int i = 0; i < 10'000; ++i) many += "[s" + std::to_string(i) + "]\nk=v\n";
  EXPECT_LE(parse_aws_ini(many).size(), 4096u);
  for (const std::string text : {"", "[", "]", "=", "[a]=", "[a]\n=", "\n\n\r", "[a]\n=v"}) (void)parse_aws_ini(text);
}

TEST(AwsProfile, CredentialsFileWinsOverTheConfigFile) {
  const auto dev = aws_profile("[dev]\naws_access_key_id=A\n",
                               "[profile dev]\naws_access_key_id=B\nregion=r\n[dev]\nregion=wrong\n", "dev");
  ASSERT_TRUE(dev);
  EXPECT_EQ(dev->at("aws_access_key_id"), "A");
  EXPECT_EQ(dev->at("region"), "r");
  EXPECT_EQ(aws_region(env({}), *dev), "r");
  EXPECT_EQ(aws_profile("", "[default]\nregion=d\n", "default")->at("region"), "d");
  EXPECT_FALSE(aws_profile("[a]\n", "[profile b]\n", "c"));
}

TEST(AwsProfile, FilesComeFromTheEnvironmentOrTheHome) {
  const AwsProfileFiles usual = aws_profile_files(env({{"HOME", "/home/u"}}));
  EXPECT_EQ(usual.credentials_path, "/home/u/.aws/credentials");
  EXPECT_EQ(usual.config_path, "/home/u/.aws/config");
  EXPECT_FALSE(usual.profile_named);
  const AwsProfileFiles chosen = aws_profile_files(
      env({{"HOME", "/h"}, {"AWS_CONFIG_FILE", "~/c"}, {"AWS_SHARED_CREDENTIALS_FILE", "/x"}, {"AWS_PROFILE", "dev"}}));
  EXPECT_EQ(chosen.config_path, "/h/c");
  EXPECT_EQ(chosen.credentials_path, "/x");
  EXPECT_EQ(chosen.profile, "dev");
  EXPECT_TRUE(chosen.profile_named);
  EXPECT_EQ(aws_profile_files(env({})).credentials_path, "");
}

TEST(CredentialResolver, TakesTheEnvironmentWithoutAnyStep) {
  World world;
  const auto found = world.resolve(
      {{"AWS_ACCESS_KEY_ID", " AKID"}, {"AWS_SECRET_ACCESS_KEY", "secret\n"}, {"AWS_SESSION_TOKEN", "t"}});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->credentials.access_key_id, "AKID");
  EXPECT_EQ(found->credentials.secret_access_key, "secret");
  EXPECT_EQ(found->credentials.session_token, "t");
  EXPECT_FALSE(found->expires);
  EXPECT_TRUE(world.asked.empty());
  EXPECT_FALSE(world.resolve({{"AWS_ACCESS_KEY_ID", "AKID"}}));
}

TEST(CredentialResolver, ReadsTheProfileFiles) {
  World world{.files = {{"/h/.aws/credentials", "[default]\naws_access_key_id=A\naws_secret_access_key=S\n"},
                        {"/h/.aws/config",
                         "[profile dev]\naws_access_key_id=B\naws_secret_access_key=T\naws_session_token=U\n"}}};
  EXPECT_EQ(world.resolve({{"HOME", "/h"}})->credentials.access_key_id, "A");
  const auto dev = world.resolve({{"HOME", "/h"}, {"AWS_PROFILE", "dev"}});
  ASSERT_TRUE(dev);
  EXPECT_EQ(dev->credentials.session_token, "U");
  EXPECT_EQ(dev->source, "profile 'dev'");
}

TEST(CredentialResolver, SaysWhatIsWrongWithAProfile) {
  World world{.files = {{"/h/.aws/config",
                         "[profile role]\nrole_arn=r\nsource_profile=x\naws_access_key_id=A\naws_secret_access_key=S\n"
                         "[profile sso]\nsso_session=s\n[profile half]\naws_access_key_id=A\n[profile "
                         "proc]\ncredential_process=x\n"}}};
  const auto message = [&](const char* profile) {
    const auto found = world.resolve({{"HOME", "/h"}, {"AWS_PROFILE", profile}});
    return found ? std::string("found") : found.error().message;
  };
  EXPECT_NE(message("role").find("role_arn"), std::string::npos);
  EXPECT_NE(message("sso").find("sso_session"), std::string::npos);
  EXPECT_NE(message("proc").find("credential_process"), std::string::npos);
  EXPECT_NE(message("half").find("aws_secret_access_key"), std::string::npos);
  EXPECT_NE(message("absent").find("'absent'"), std::string::npos);
}

TEST(CredentialResolver, AsksTheContainerHostWithItsToken) {
  World world{
      .files = {{"/var/token", "tok\n"}},
      .responses = {{"GET http://169.254.170.2/v2/creds", ok(kKeys)}, {"GET http://169.254.170.23/x", ok(kKeys)}}};
  const auto ecs = world.resolve(
      {{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/creds"}, {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "abc"}});
  ASSERT_TRUE(ecs);
  EXPECT_EQ(ecs->source, "container");
  EXPECT_EQ(ecs->expires, parse_rfc3339("2026-11-20T10:00:00Z"));
  EXPECT_EQ(world.requests.back().headers.get_or("authorization", ""), "abc");
  const auto eks = world.resolve({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/x"},
                                  {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/var/token"}});
  ASSERT_TRUE(eks);
  EXPECT_EQ(world.requests.back().headers.get_or("authorization", ""), "tok");
}

TEST(CredentialResolver, SendsNoTokenInTheClearToOthers) {
  for (const char* url : {"http://example.com/x", "http://127.evil.example/x", "http://169.254.170.2.evil.example/",
                          "http://user@evil.example/", "ftp://x/", "not a url", "http://[::2]/"}) {
    World world;
    const auto found =
        world.resolve({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", url}, {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "abc"}});
    EXPECT_FALSE(found);
    EXPECT_TRUE(world.requests.empty()) << url;
  }
  for (const char* url : {"https://example.com/x", "http://localhost:51679/x", "http://127.0.0.1/x", "http://[::1]:80/",
                          "http://[fd00:ec2::23]/x"}) {
    World world;
    (void)world.resolve({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", url}});
    EXPECT_EQ(world.requests.size(), 1u) << url;
  }
  World world;
  EXPECT_FALSE(world.resolve({{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "@evil.example/"}}));
  EXPECT_FALSE(world.resolve(
      {{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x"}, {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "a\r\nb: c"}}));
  EXPECT_TRUE(world.requests.empty());
}

TEST(CredentialResolver, AsksInstanceMetadataInThreeSteps) {
  World world{
      .responses = {{"PUT http://169.254.169.254/latest/api/token", ok("TOKEN")},
                    {"GET http://169.254.169.254/latest/meta-data/iam/security-credentials/", ok("my role\n")},
                    {"GET http://169.254.169.254/latest/meta-data/iam/security-credentials/my%20role", ok(kKeys)}}};
  const auto found = world.resolve({{"HOME", "/h"}});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->source, "instance metadata");
  EXPECT_EQ(world.steps, 5);
  ASSERT_EQ(world.requests.size(), 3u);
  EXPECT_EQ(world.requests[0].headers.get_or("x-aws-ec2-metadata-token-ttl-seconds", ""), "21600");
  EXPECT_EQ(world.requests[2].headers.get_or("x-aws-ec2-metadata-token", ""), "TOKEN");
}

TEST(CredentialResolver, NamesTheWaysOutWhenNothingIsFound) {
  World world;
  const auto none = world.resolve({{"AWS_EC2_METADATA_DISABLED", "TRUE"}});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::kMissingProviderApiKey);
  EXPECT_NE(none.error().message.find("AWS_BEARER_TOKEN_BEDROCK"), std::string::npos);
  EXPECT_TRUE(world.requests.empty());
  EXPECT_FALSE(world.resolve({}));
  EXPECT_EQ(world.requests.size(), 1u);
  EXPECT_FALSE(world.resolve({{"AWS_EC2_METADATA_SERVICE_ENDPOINT", "bad url"}}));
}

TEST(CredentialResolver, ExchangesAWebIdentity) {
  World world{
      .files = {{"/token", "jwt.a.b\n"}},
      .responses = {
          {"POST https://sts.eu-west-1.amazonaws.com/",
           ok(R"({"AssumeRoleWithWebIdentityResponse":{"AssumeRoleWithWebIdentityResult":{"Credentials":)"
              R"({"AccessKeyId":"AKID","SecretAccessKey":"secret","SessionToken":"tok","Expiration":1.7E9}}}})")}}};
  const Values values = {{"AWS_WEB_IDENTITY_TOKEN_FILE", "/token"},
                         {"AWS_ROLE_ARN", "arn:aws:iam::1:role/r"},
                         {"AWS_REGION", "eu-west-1"}};
  const auto found = world.resolve(values);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->credentials.session_token, "tok");
  EXPECT_EQ(found->expires->micros, 1'700'000'000'000'000);
  EXPECT_NE(world.requests[0].body.find("RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr"), std::string::npos);
  world.responses.begin()->second = {.status = 403, .body = R"({"Error":{"Code":"AccessDenied","Message":"no"}})"};
  const auto refused = world.resolve(values);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("AccessDenied"), std::string::npos);
}

TEST(CredentialResolver, RefusesAnswersWithoutKeysWithoutEchoingThem) {
  for (const char* body : {"", "{}", "[]", "null", R"({"AccessKeyId":1})", R"({"AccessKeyId":"AKID"})",
                           R"({"Code":"Failed","SecretAccessKey":"secret"})", "<html>secret</html>"}) {
    World world{.responses = {{"GET http://169.254.170.2/c", ok(body)}}};
    const auto found = world.resolve({{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/c"}});
    ASSERT_FALSE(found) << body;
    EXPECT_EQ(found.error().message.find("secret"), std::string::npos);
  }
}

TEST(CredentialResolver, IgnoresWhatItDidNotAskFor) {
  CredentialResolver resolver(env({{"HOME", "/h"}}));
  resolver.supply(ok(kKeys));
  EXPECT_EQ(std::get<CredentialResolver::ReadFile>(resolver.next()).path, "/h/.aws/credentials");
  resolver.supply(std::string(2 << 20, 'x'));
  EXPECT_EQ(std::get<CredentialResolver::ReadFile>(resolver.next()).path, "/h/.aws/config");
}

}  // namespace
}  // namespace tracia::llm
