#include "gateway_labels.h"

#include <utility>

#include "request_json.h"
#include "tracia/base/bytes.h"
#include "tracia/base/ids.h"
#include "tracia/base/limits.h"
#include "tracia/prompt/prompt.h"
#include "tracia/span/limits.h"

namespace tracia::routes {
namespace {

using gateway::ChatInput;
using gateway::invalid_param;
using service::GatewayLabels;
using service::GatewayRequest;

constexpr size_t kFallbacksMax = 8;
constexpr int64_t kTimeoutMsMax = 600'000;

// Where one thing may be said: its value, and the name that errors give it.
struct Said {
  std::string_view value;  // "" = not said
  std::string name;
};

class Sources {
 public:
  Sources(const wire::Headers& headers, const GatewayRequest& request)
      : headers_(headers), chat_(std::get_if<ChatInput>(&request.input)) {}

  Said header(std::string_view what) const {
    std::string name = "x-tracia-" + std::string(what);
    const std::string_view value = trim(headers_.get_or(name, ""));
    return {value, std::move(name)};
  }
  Said find(std::string_view what) const {
    Said said = header(what);
    if (!said.value.empty() || chat_ == nullptr) return said;
    std::string key = "tracia_" + std::string(what);
    for (const auto& [name, value] : chat_->metadata) {
      if (name == key) return {trim(value), "metadata." + key};
    }
    return said;
  }

 private:
  const wire::Headers& headers_;
  const ChatInput* chat_;
};

// Each entry of "a, b".
template <typename Use>
void each_of(std::string_view list, const Use& use) {
  while (!list.empty()) {
    const size_t comma = list.find(',');
    if (const std::string_view entry = trim(list.substr(0, comma)); !entry.empty()) use(entry);
    if (comma == std::string_view::npos) return;
    list.remove_prefix(comma + 1);
  }
}

Status read_text(const Said& said, size_t chars_max, std::string& out) {
  if (said.value.empty()) return {};
  if (!is_valid_utf8(said.value) || count_chars(said.value) > chars_max) {
    return fail(invalid_param(said.name, "must be text of at most " + std::to_string(chars_max) + " characters"));
  }
  out = said.value;
  return {};
}

Status read_tags(const Said& said, std::vector<std::string>& out) {
  bool fits = is_valid_utf8(said.value);
  each_of(said.value, [&](std::string_view tag) {
    fits = fits && count_chars(tag) <= span::limits::kTagCharsMax && out.size() < span::limits::kTagsMax;
    if (fits) out.emplace_back(tag);
  });
  if (fits) return {};
  return fail(invalid_param(said.name, "must be at most " + std::to_string(span::limits::kTagsMax) +
                                           " tags of at most " + std::to_string(span::limits::kTagCharsMax) +
                                           " characters"));
}

Status read_ids(const Sources& sources, GatewayLabels& out) {
  const Said trace = sources.find("trace"), parent = sources.find("parent");
  if (!trace.value.empty() && !is_valid_trace_id(trace.value)) {
    return fail(invalid_param(trace.name, "must be 1 to 128 printable ASCII characters"));
  }
  if (!parent.value.empty() && !is_valid_span_id(parent.value)) {
    return fail(invalid_param(parent.name, "must be sp_ and 16 hexadecimal digits"));
  }
  out.trace_id = trace.value;
  out.parent_span_id = parent.value;
  return {};
}

// slug, slug@version, slug:label.
Status read_prompt(const Said& said, GatewayLabels& out) {
  if (said.value.empty()) return {};
  const Error error = invalid_param(said.name, "must be a prompt's slug, slug@version or slug:label");
  const size_t mark = said.value.find_first_of("@:");
  const std::string_view slug = said.value.substr(0, mark);
  if (slug.size() > span::limits::kSlugCharsMax || !prompt::is_valid_slug(slug)) return fail(error);
  if (mark != std::string_view::npos) {
    const std::string_view rest = said.value.substr(mark + 1);
    if (said.value[mark] == '@') {
      out.prompt_version = parse_integer(rest);
      if (out.prompt_version.value_or(0) < 1 || *out.prompt_version > span::limits::kVersionMax) return fail(error);
    } else {
      if (rest.size() > span::limits::kLabelCharsMax || !prompt::is_valid_label(rest)) return fail(error);
      out.prompt_label = rest;
    }
  }
  out.prompt_slug = slug;
  return {};
}

Status read_number(const Said& said, int64_t min, int64_t max, int64_t& out) {
  if (said.value.empty()) return {};
  const auto number = parse_integer(said.value);
  if (!number || *number < min || *number > max) {
    return fail(
        invalid_param(said.name, "must be a whole number from " + std::to_string(min) + " to " + std::to_string(max)));
  }
  out = *number;
  return {};
}

Status read_routing(const Sources& sources, GatewayRequest& out) {
  const Said fallbacks = sources.header("fallbacks");
  bool fits = true;
  each_of(fallbacks.value, [&](std::string_view model) {
    fits = fits && out.fallbacks.size() < kFallbacksMax && model.size() <= gateway::kModelBytesMax;
    if (fits) out.fallbacks.emplace_back(model);
  });
  if (!fits) {
    return fail(invalid_param(fallbacks.name, "must be at most " + std::to_string(kFallbacksMax) + " models"));
  }
  int64_t retries = -1;
  TRACIA_TRY(read_number(sources.header("retries"), 0, limits::kRetriesMax, retries));
  if (retries >= 0) out.retries = static_cast<int>(retries);
  return read_number(sources.header("timeout-ms"), 1, kTimeoutMsMax, out.timeout_ms);
}

}  // namespace

Status read_gateway_labels(const wire::Headers& headers, GatewayRequest& out) {
  const Sources sources(headers, out);
  GatewayLabels& labels = out.labels;
  labels.user_id = std::visit([](const auto& input) { return input.user; }, out.input);
  if (count_chars(labels.user_id) > span::limits::kUserIdCharsMax)
    labels.user_id.clear();  // OpenAI's, not ours to judge
  TRACIA_TRY(read_tags(sources.find("tags"), labels.tags));
  TRACIA_TRY(read_text(sources.find("user"), span::limits::kUserIdCharsMax, labels.user_id));
  TRACIA_TRY(read_text(sources.find("session"), span::limits::kSessionIdCharsMax, labels.session_id));
  TRACIA_TRY(read_text(sources.find("name"), span::limits::kNameCharsMax, labels.name));
  TRACIA_TRY(read_ids(sources, labels));
  TRACIA_TRY(read_prompt(sources.find("prompt"), labels));
  return read_routing(sources, out);
}

}  // namespace tracia::routes
