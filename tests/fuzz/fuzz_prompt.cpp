// Create and update bodies of arbitrary JSON: nothing crashes, what is accepted obeys the bounds and can be sent back,
// and the same edit twice makes one version at most.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "tracia/json/reader.h"
#include "tracia/prompt/experiment.h"
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

// An accepted experiment divides all buckets, comes back from a store as it was, and is its own edit.
void check_experiment(const Value& body) {
  prompt::Prompt prompt{.id = "prm_1", .project_id = "prj_1", .slug = "s", .name = "n"};
  prompt.current_version = 3;
  const auto draft = prompt::read_experiment(body, prompt);
  if (!draft) return;
  const auto ends = prompt::bucket_ends(draft->variants);
  check(ends.size() >= 2 && ends.front() > 0 && ends.back() == prompt::kBuckets);
  for (size_t i = 1; i < ends.size(); ++i) check(ends[i] > ends[i - 1]);
  tracia::json::Writer w;
  prompt::write_variants(w, draft->variants);
  const auto stored = prompt::stored_variants(w.str());
  check(stored && *stored == draft->variants);
  prompt::Experiment experiment{.id = "exp_1", .name = draft->name, .variants = draft->variants};
  experiment.primary_metric = draft->primary_metric;
  check(experiment.variant(prompt::assign(experiment, draft->name).key) != nullptr);
  const auto again = prompt::edited(experiment, body, prompt, {1});
  check(again && again->revision == experiment.revision);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Document document;
  const auto body = document.parse({reinterpret_cast<const char*>(data), size});
  if (!body) return 0;
  check_experiment(*body);
  if (const auto draft = prompt::read_draft(*body)) {
    check(prompt::is_valid_slug(draft->slug) && !draft->name.empty());
    check_shown(draft->content);
  }
  if (const auto edit = prompt::read_edit(*body)) check_edit(*edit);
  static_cast<void>(prompt::read_restore(*body));
  return 0;
}
