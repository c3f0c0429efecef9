#include "tracia/base/bytes.h"
#include "tracia/llm/aws_credentials.h"

namespace tracia::llm {
namespace {

constexpr size_t kSettingsMax = 4096;  // a person's files hold tens

bool is_blank(char c) { return c == ' ' || c == '\t'; }

// A comment begins at the start of a line or after white space, so that "#" may stand inside a secret.
std::string_view without_comment(std::string_view line) {
  for (size_t i = 0; i < line.size(); ++i) {
    if ((line[i] == '#' || line[i] == ';') && (i == 0 || is_blank(line[i - 1]))) return line.substr(0, i);
  }
  return line;
}

// "[ profile  dev ]" is "profile dev".
std::string section_name(std::string_view line) {
  const std::string_view inside =
      trim(line.substr(1, line.find(']') == std::string_view::npos ? 0 : line.find(']') - 1));
  std::string out;
  for (const char c : inside) {
    if (!is_blank(c)) {
      out.push_back(c);
    } else if (!out.empty() && out.back() != ' ') {
      out.push_back(' ');
    }
  }
  return out;
}

std::string expand_home(std::string path, const std::string& home) {
  if (path == "~" || path.starts_with("~/")) return home.empty() ? "" : home + path.substr(1);
  return path;
}

}  // namespace

AwsSections parse_aws_ini(std::string_view text) {
  AwsSections sections;
  AwsSettings* current = nullptr;
  size_t kept = 0;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  while (!text.empty()) {
    const size_t end = text.find_first_of("\r\n");
    const std::string_view line = without_comment(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty() || is_blank(line.front())) continue;  // nested settings are indented
    if (line.front() == '[') {
      const std::string name = section_name(line);
      current = name.empty() ? nullptr : &sections[name];
      if (++kept > kSettingsMax) break;
      continue;
    }
    const size_t equals = line.find('=');
    if (current == nullptr || equals == std::string_view::npos) continue;
    if (++kept > kSettingsMax) break;
    (*current)[ascii_lower(trim(line.substr(0, equals)))] = std::string(trim(line.substr(equals + 1)));
  }
  return sections;
}

std::optional<AwsSettings> aws_profile(std::string_view credentials_text, std::string_view config_text,
                                       std::string_view name) {
  std::optional<AwsSettings> out;
  const auto lay_over = [&](const AwsSections& sections, const std::string& section) {
    const auto found = sections.find(section);
    if (found == sections.end()) return;
    if (!out) out.emplace();
    for (const auto& [key, value] : found->second) (*out)[key] = value;
  };
  const AwsSections config = parse_aws_ini(config_text);
  if (name == "default") lay_over(config, "default");
  lay_over(config, "profile " + std::string(name));
  lay_over(parse_aws_ini(credentials_text), std::string(name));
  return out;
}

AwsProfileFiles aws_profile_files(const EnvReader& env) {
  const auto get = [&](std::string_view name) { return env(name).value_or(""); };
  std::string home = get("HOME");
  if (home.empty()) home = get("USERPROFILE");
  AwsProfileFiles out;
  const auto path = [&](std::string_view variable, std::string_view fallback) {
    const std::string set = get(variable);
    return expand_home(set.empty() ? std::string(fallback) : set, home);
  };
  out.credentials_path = path("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials");
  out.config_path = path("AWS_CONFIG_FILE", "~/.aws/config");
  std::string profile = get("AWS_PROFILE");
  if (profile.empty()) profile = get("AWS_DEFAULT_PROFILE");
  out.profile_named = !profile.empty();
  if (out.profile_named) out.profile = std::move(profile);
  return out;
}

std::string aws_region(const EnvReader& env, const AwsSettings& profile) {
  for (const std::string_view name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (const auto region = env(name)) return std::string(trim(*region));
  }
  const auto region = profile.find("region");
  return region != profile.end() && !region->second.empty() ? region->second : "us-east-1";
}

std::string aws_region(const EnvReader& env) { return aws_region(env, {}); }

}  // namespace tracia::llm
