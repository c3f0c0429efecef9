// What an edit changes, and when it makes a version.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "tracia/prompt/prompt.h"

namespace tracia::prompt {
namespace {

constexpr Timestamp kMade{1'000'000}, kNow{2'000'000};

Prompt welcome() {
  Prompt prompt{.id = "prm_1", .project_id = "prj_1", .slug = "welcome-email", .name = "Welcome"};
  prompt.description = "Sent after sign-up.";
  prompt.labels = {{"production", 2}, {"staging", 3}};
  prompt.current_version = 3;
  prompt.revision = 9;
  prompt.created = prompt.updated = kMade;
  return prompt;
}

Version newest() {
  Version version{.prompt_id = "prm_1", .number = 3};
  version.content.messages = {{"msg_1", "user", "\"Hi {{name}}\""}};
  version.content.provider = "openai";
  version.content.model = "gpt-4o";
  version.content.temperature = 0.7;
  version.created = kMade;
  return version;
}

Changed applied(const Edit& edit, const Prompt& prompt = welcome(), const Version& version = newest()) {
  auto changed = apply(prompt, version, edit, "maria", kNow);
  EXPECT_TRUE(changed) << changed.error().message;
  return changed ? *changed : Changed{};
}

void expect_unchanged(const Changed& changed) {
  EXPECT_FALSE(changed.version);
  EXPECT_EQ(changed.prompt.revision, 9);
  EXPECT_EQ(changed.prompt.current_version, 3);
  EXPECT_EQ(changed.prompt.updated, kMade);
}

TEST(Edit, NothingOmittedChanges) { expect_unchanged(applied({})); }

TEST(Edit, WhatRepeatsTheCurrentContentMakesNoVersion) {
  Edit edit;
  edit.messages = newest().content.messages;
  edit.model = "gpt-4o";
  edit.temperature = std::optional<double>(0.7);
  edit.name = "Welcome";
  edit.note = "no reason";
  expect_unchanged(applied(edit));
}

TEST(Edit, NamesChangeWithoutAVersion) {
  Edit edit;
  edit.name = "Hello";
  edit.slug = "hello";
  edit.description = std::optional<std::string>();
  edit.default_label = "production";
  const Changed changed = applied(edit);
  EXPECT_FALSE(changed.version);
  EXPECT_EQ(changed.prompt.name, "Hello");
  EXPECT_EQ(changed.prompt.slug, "hello");
  EXPECT_FALSE(changed.prompt.description);
  EXPECT_EQ(changed.prompt.default_label, "production");
  EXPECT_EQ(changed.prompt.current_version, 3);
  EXPECT_EQ(changed.prompt.revision, 10);
  EXPECT_EQ(changed.prompt.updated, kNow);
}

TEST(Edit, EveryPartOfTheContentMakesAVersion) {
  std::vector<Edit> edits(10);
  edits[0].messages = {{{"msg_1", "user", "\"Bye\""}}};
  edits[1].provider = "anthropic";
  edits[2].model = "gpt-5";
  edits[3].temperature = std::optional<double>();
  edits[4].top_p = std::optional<double>(0.5);
  edits[5].max_output_tokens = std::optional<int64_t>(10);
  edits[6].stop_sequences = {{"END"}};
  edits[7].tools_json = R"([{"name":"f"}])";
  edits[8].tool_choice_json = "\"auto\"";
  edits[9].output_schema_json = "{}";
  for (Edit& edit : edits) {
    edit.note = "why";
    const Changed changed = applied(edit);
    ASSERT_TRUE(changed.version);
    EXPECT_EQ(changed.version->number, 4);
    EXPECT_EQ(changed.version->prompt_id, "prm_1");
    EXPECT_EQ(changed.version->author, "maria");
    EXPECT_EQ(changed.version->note, "why");
    EXPECT_EQ(changed.version->created, kNow);
    EXPECT_EQ(changed.prompt.current_version, 4);
    EXPECT_EQ(changed.prompt.labels, welcome().labels);  // labels do not move by themselves
    EXPECT_NE(changed.version->content, newest().content);
  }
}

TEST(Edit, ClearingKeepsTheRest) {
  Edit edit;
  edit.model = "";
  const Changed changed = applied(edit);
  ASSERT_TRUE(changed.version);
  EXPECT_EQ(changed.version->content.model, "");
  EXPECT_EQ(changed.version->content.provider, "openai");
  EXPECT_EQ(changed.version->content.messages, newest().content.messages);
}

TEST(Edit, AStaleBaseVersionIsAConflict) {
  Edit edit;
  edit.name = "Hello";
  edit.base_version = 2;
  const auto stale = apply(welcome(), newest(), edit, "maria", kNow);
  ASSERT_FALSE(stale);
  EXPECT_EQ(stale.error().code, ErrorCode::kConflict);
  EXPECT_EQ(stale.error().message,
            "This edit began from version 2, but version 3 is the newest. Look at it and try again.");
  edit.base_version = 3;
  EXPECT_EQ(applied(edit).prompt.name, "Hello");
}

TEST(Edit, ADefaultLabelMustExist) {
  Edit edit;
  edit.default_label = "qa";
  const auto refused = apply(welcome(), newest(), edit, "maria", kNow);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidRequest);
  EXPECT_EQ(refused.error().message, "defaultLabel must be an existing label: welcome-email has no label qa");
}

TEST(Edit, AToolChoiceCannotOutliveItsTool) {
  Version version = newest();
  version.content.tools_json = R"([{"name":"f"}])";
  version.content.tool_choice_json = R"({"tool":"f"})";
  Edit edit;
  edit.tools_json = "";
  const auto refused = apply(welcome(), version, edit, "maria", kNow);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "toolChoice.tool must name one of the tools");
  edit.tool_choice_json = "";
  EXPECT_TRUE(applied(edit, welcome(), version).version);
}

TEST(Edit, UpdatedNeverGoesBack) {
  Prompt prompt = welcome();
  prompt.updated = Timestamp{9'000'000};
  Edit edit;
  edit.name = "Hello";
  EXPECT_EQ(applied(edit, prompt).prompt.updated, prompt.updated);
}

TEST(Restore, MakesANewVersionWithTheOldContent) {
  Version old = newest();
  old.number = 1;
  old.content.model = "gpt-3.5";
  old.note = "old note";
  const auto changed = restore(welcome(), newest(), old, "back", 3, "maria", kNow);
  ASSERT_TRUE(changed);
  ASSERT_TRUE(changed->version);
  EXPECT_EQ(changed->version->number, 4);
  EXPECT_EQ(changed->version->content, old.content);
  EXPECT_EQ(changed->version->note, "back");
  EXPECT_EQ(changed->prompt.current_version, 4);
  EXPECT_EQ(changed->prompt.revision, 10);
}

TEST(Restore, WhatTheNewestHoldsMakesNoVersion) {
  Version old = newest();
  old.number = 1;
  const auto changed = restore(welcome(), newest(), old, "back", std::nullopt, "maria", kNow);
  ASSERT_TRUE(changed);
  expect_unchanged(*changed);
}

TEST(Restore, AStaleBaseVersionIsAConflict) {
  const auto stale = restore(welcome(), newest(), newest(), std::nullopt, 2, "maria", kNow);
  ASSERT_FALSE(stale);
  EXPECT_EQ(stale.error().code, ErrorCode::kConflict);
}

TEST(ChooseVersion, VersionThenLabelThenDefaultLabelThenNewest) {
  Prompt prompt = welcome();
  const auto choose = [&](std::optional<int64_t> version, std::string_view label) {
    const auto choice = choose_version(prompt, version, label);
    return choice ? std::to_string(choice->version) + choice->label : choice.error().message;
  };
  EXPECT_EQ(choose(std::nullopt, ""), "3");
  EXPECT_EQ(choose(std::nullopt, "production"), "2production");
  EXPECT_EQ(choose(1, "production"), "1");
  prompt.default_label = "production";
  EXPECT_EQ(choose(std::nullopt, ""), "2production");
  EXPECT_EQ(choose(std::nullopt, "staging"), "3staging");
  EXPECT_EQ(choose(9, ""), "Version not found: welcome-email has no version 9");
  EXPECT_EQ(choose(0, ""), "Version not found: welcome-email has no version 0");
  EXPECT_EQ(choose(std::nullopt, "qa"), "Label not found: welcome-email has no label qa");
  EXPECT_EQ(choose_version(prompt, 9, "").error().code, ErrorCode::kNotFound);
}

Edit any_edit() {
  const auto maybe = [](auto value) { return *rc::gen::arbitrary<bool>() ? std::optional(value) : std::nullopt; };
  const auto text = [](std::initializer_list<std::string> words) { return *rc::gen::elementOf(std::vector(words)); };
  Edit edit;
  edit.name = maybe(text({"Welcome", "Hello"}));
  edit.slug = maybe(text({"welcome-email", "hello"}));
  edit.default_label = maybe(text({"", "production", "staging"}));
  edit.model = maybe(text({"", "gpt-4o", "gpt-5"}));
  edit.provider = maybe(text({"", "openai"}));
  edit.temperature = maybe(std::optional<double>(*rc::gen::element(0.0, 0.7)));
  edit.max_output_tokens = maybe(std::optional<int64_t>());
  edit.output_schema_json = maybe(text({"", "{}"}));
  edit.messages = maybe(std::vector<TemplateMessage>{{"msg_1", "user", text({"\"Hi {{name}}\"", "\"Bye\""})}});
  return edit;
}

TEST(Edit, AppliedTwiceMakesOneVersionAtMost) {
  rc::check("the second time changes nothing", [] {
    const Edit edit = any_edit();
    const auto first = apply(welcome(), newest(), edit, "maria", kNow);
    RC_ASSERT(first.has_value());
    const Version now_newest = first->version ? *first->version : newest();
    const auto second = apply(first->prompt, now_newest, edit, "maria", Timestamp{3'000'000});
    RC_ASSERT(second.has_value());
    RC_ASSERT(!second->version);
    RC_ASSERT(second->prompt.revision == first->prompt.revision);
    RC_ASSERT(second->prompt.updated == first->prompt.updated);
    RC_ASSERT(first->prompt.current_version == (first->version ? 4 : 3));
  });
}

TEST(Restore, UndoesAnyEdit) {
  rc::check("restoring the version before brings its content back", [] {
    const auto first = apply(welcome(), newest(), any_edit(), "maria", kNow);
    RC_ASSERT(first.has_value());
    const Version now_newest = first->version ? *first->version : newest();
    const auto back = restore(first->prompt, now_newest, newest(), std::nullopt, std::nullopt, "maria", kNow);
    RC_ASSERT(back.has_value());
    RC_ASSERT((back->version ? back->version->content : now_newest.content) == newest().content);
    RC_ASSERT(back->version.has_value() == first->version.has_value());
  });
}

}  // namespace
}  // namespace tracia::prompt
