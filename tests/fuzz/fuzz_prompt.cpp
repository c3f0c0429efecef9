// Create and update bodies of arbitrary JSON: nothing crashes, what is accepted obeys the bounds and can be sent back,
// and the same edit twice makes one version at most.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "tracia/json/reader.h"
#include "tracia/prompt/prompt.h"

namespace {

using tracia::json::Document;
using tracia::json::Value;
namespace prompt = tracia::prompt;

void check(bool holds) {
  if (!holds) std::abort();
}

// What an answer shows is what a client may send: it must be read as the same content.
void check_shown(const prompt::Content& content) {
  const std::string text = "{\"content\":" + prompt::content_messages_json(content) + "}";
  Document document;
  const auto body = document.parse(text);
  check(body.has_value());
  const auto again = prompt::read_content(*body);
  check(again.has_value() && again->messages == content.messages);
  check(prompt::template_messages(content).has_value());
  prompt::variable_names(content);
  for (const std::string* json : {&content.tools_json, &content.tool_choice_json, &content.output_schema_json}) {
    check(json->empty() || tracia::json::is_valid(*json));
  }
}

void check_edit(const prompt::Edit& edit) {
  prompt::Prompt before{.id = "prm_1", .project_id = "prj_1", .slug = "s", .name = "n", .labels = {{"production", 1}}};
  prompt::Version newest{.prompt_id = "prm_1"};
  newest.content.messages = {{"msg_1", "user", "\"{{x}}\""}};
  const auto first = prompt::apply(before, newest, edit, "author", {1});
  if (!first) return;
  check(prompt::is_valid_slug(first->prompt.slug));
  const prompt::Version& now = first->version ? *first->version : newest;
  check(now.number == first->prompt.current_version && !now.content.messages.empty());
  check_shown(now.content);
  prompt::Edit repeated = edit;
  repeated.base_version.reset();
  const auto second = prompt::apply(first->prompt, now, repeated, "author", {2});
  check(second.has_value() && !second->version && second->prompt.revision == first->prompt.revision);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Document document;
  const auto body = document.parse({reinterpret_cast<const char*>(data), size});
  if (!body) return 0;
  if (const auto draft = prompt::read_draft(*body)) {
    check(prompt::is_valid_slug(draft->slug) && !draft->name.empty());
    check_shown(draft->content);
  }
  if (const auto edit = prompt::read_edit(*body)) check_edit(*edit);
  static_cast<void>(prompt::read_restore(*body));
  return 0;
}
