#include "tracia/service/prompts.h"

#include <gtest/gtest.h>

#include <thread>

#include "fake_control_store.h"

namespace tracia::service {
namespace {

class FakeClock final : public Clock {
 public:
  Timestamp now() const override { return {micros}; }
  SteadyTime steady() const override { return {}; }
  int64_t micros = 1'000'000;
};

constexpr std::string_view kProject = "prj_1";

prompt::Draft draft(const std::string& slug, const std::string& text = "Hi {{name}}") {
  prompt::Draft draft{.name = "Welcome", .slug = slug};
  draft.content.messages = {{"msg_1", "user", "\"" + text + "\""}};
  return draft;
}

prompt::Edit text_edit(const std::string& text) {
  prompt::Edit edit;
  edit.messages = draft("x", text).content.messages;
  return edit;
}

class PromptsTest : public testing::Test {
 protected:
  PromptsTest() {
    services_.clock = &clock_;
    services_.control = &store_;
    services_.cache = &cache_;
  }
  PromptAt make(const std::string& slug) {
    const auto made = prompts_.create(kProject, draft(slug), "ci");
    EXPECT_TRUE(made) << made.error().message;
    return *made;
  }
  Result<PromptAt> update(const std::string& slug, const prompt::Edit& edit) {
    ++clock_.micros;
    conflict_.reset();
    return prompts_.update(kProject, slug, edit, "maria", conflict_);
  }
  // What a server started anew would know.
  prompt::Prompt stored(const std::string& id) {
    ControlCache cache(store_);
    EXPECT_TRUE(cache.load([](const store::Connection&) -> Result<std::string> { return "{}"; }));
    const auto found = cache.prompt_by_id(id);
    return found ? *found : prompt::Prompt{};
  }

  FakeClock clock_;
  store::FakeControlStore store_;
  ControlCache cache_{store_};
  Services services_;
  Prompts prompts_{services_};
  std::optional<PromptAt> conflict_;
};

template <typename T>
std::string message(const Result<T>& result) {
  return result ? "" : result.error().message;
}

TEST_F(PromptsTest, CreatesVersionOne) {
  const PromptAt made = make("welcome");
  EXPECT_EQ(made.prompt->slug, "welcome");
  EXPECT_EQ(made.prompt->current_version, 1);
  EXPECT_EQ(made.prompt->created, Timestamp{1'000'000});
  EXPECT_EQ(made.version->number, 1);
  EXPECT_EQ(made.version->author, "ci");
  EXPECT_EQ(made.version->prompt_id, made.prompt->id);
  EXPECT_EQ(made.prompt->id.substr(0, 4), "prm_");
  EXPECT_EQ(stored(made.prompt->id).slug, "welcome");
  EXPECT_EQ(store_.version_reads, 0);  // what was just made is in memory
}

TEST_F(PromptsTest, ASlugIsTakenOncePerProject) {
  make("welcome");
  const auto again = prompts_.create(kProject, draft("welcome"), "ci");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kConflict);
  EXPECT_EQ(again.error().message, "A prompt with this slug already exists");
  EXPECT_TRUE(prompts_.create("prj_2", draft("welcome"), "ci"));
}

TEST_F(PromptsTest, PromptsOfOtherProjectsAreNotFound) {
  make("welcome");
  const auto other = prompts_.get("prj_2", "welcome");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(other.error().message, "Prompt not found: welcome");
  EXPECT_FALSE(prompts_.remove("prj_2", "welcome"));
  EXPECT_TRUE(prompts_.get(kProject, "welcome"));
}

TEST_F(PromptsTest, AnEditMakesAVersionAndTheSameEditNone) {
  make("welcome");
  const auto first = update("welcome", text_edit("Bye"));
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->version->number, 2);
  EXPECT_EQ(first->version->author, "maria");
  const auto second = update("welcome", text_edit("Bye"));
  ASSERT_TRUE(second);
  EXPECT_EQ(second->version->number, 2);
  EXPECT_EQ(second->prompt->updated, first->prompt->updated);
  EXPECT_EQ(stored(first->prompt->id).revision, 2);
}

TEST_F(PromptsTest, ARenameFreesTheOldSlug) {
  make("welcome");
  make("other");
  prompt::Edit edit;
  edit.slug = "hello";
  ASSERT_TRUE(update("welcome", edit));
  EXPECT_EQ(message(prompts_.get(kProject, "welcome")), "Prompt not found: welcome");
  EXPECT_TRUE(prompts_.get(kProject, "hello"));
  edit.slug = "other";
  const auto taken = update("hello", edit);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().message, "A prompt with this slug already exists");
  EXPECT_FALSE(conflict_);
  EXPECT_TRUE(prompts_.create(kProject, draft("welcome"), "ci"));
}

TEST_F(PromptsTest, AStaleEditShowsTheNewestVersion) {
  make("welcome");
  ASSERT_TRUE(update("welcome", text_edit("Two")));
  prompt::Edit edit = text_edit("Three");
  edit.base_version = 1;
  const auto stale = update("welcome", edit);
  ASSERT_FALSE(stale);
  EXPECT_EQ(stale.error().code, ErrorCode::kConflict);
  ASSERT_TRUE(conflict_);
  EXPECT_EQ(conflict_->version->number, 2);
  edit.base_version = 2;
  EXPECT_TRUE(update("welcome", edit));
}

TEST_F(PromptsTest, RestoreBringsOldContentBackAsANewVersion) {
  make("welcome");
  ASSERT_TRUE(update("welcome", text_edit("Two")));
  const auto back = prompts_.restore(kProject, "welcome", 1, "why", 2, "maria", conflict_);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->version->number, 3);
  EXPECT_EQ(back->version->content, draft("welcome").content);
  EXPECT_EQ(back->version->note, "why");
  EXPECT_EQ(message(prompts_.restore(kProject, "welcome", 9, {}, {}, "maria", conflict_)),
            "Version not found: welcome has no version 9");
  EXPECT_FALSE(conflict_);
  EXPECT_FALSE(prompts_.restore(kProject, "welcome", 1, {}, 2, "maria", conflict_));
  EXPECT_TRUE(conflict_);
}

TEST_F(PromptsTest, LabelsMoveAndChooseVersions) {
  make("welcome");
  ASSERT_TRUE(update("welcome", text_edit("Two")));
  const auto first = prompts_.set_label(kProject, "welcome", "production", 1);
  ASSERT_TRUE(first);
  EXPECT_FALSE(first->previous);
  const auto second = prompts_.set_label(kProject, "welcome", "production", 2);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->previous, 1);
  const int64_t revision = second->prompt->revision;
  EXPECT_EQ(prompts_.set_label(kProject, "welcome", "production", 2)->prompt->revision, revision);  // no change
  ASSERT_TRUE(prompts_.set_label(kProject, "welcome", "production", 1));
  const auto at = prompts_.at(kProject, "welcome", std::nullopt, "production");
  ASSERT_TRUE(at);
  EXPECT_EQ(at->version->number, 1);
  EXPECT_EQ(at->label, "production");
  EXPECT_EQ(prompts_.at(kProject, "welcome", std::nullopt, "")->version->number, 2);
  EXPECT_EQ(message(prompts_.set_label(kProject, "welcome", "production", 3)),
            "Version not found: welcome has no version 3");
  EXPECT_EQ(prompts_.set_label(kProject, "welcome", "Prod", 1).error().code, ErrorCode::kInvalidRequest);
}

TEST_F(PromptsTest, TheDefaultLabelCannotBeRemoved) {
  make("welcome");
  ASSERT_TRUE(prompts_.set_label(kProject, "welcome", "production", 1));
  prompt::Edit edit;
  edit.default_label = "production";
  ASSERT_TRUE(update("welcome", edit));
  const Status refused = prompts_.remove_label(kProject, "welcome", "production");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kConflict);
  EXPECT_EQ(refused.error().message, "production is the default label of welcome. Clear defaultLabel first.");
  edit.default_label = "";
  ASSERT_TRUE(update("welcome", edit));
  EXPECT_TRUE(prompts_.remove_label(kProject, "welcome", "production"));
  EXPECT_EQ(prompts_.remove_label(kProject, "welcome", "production").error().message,
            "Label not found: welcome has no label production");
}

TEST_F(PromptsTest, LabelsAreBounded) {
  make("welcome");
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(prompts_.set_label(kProject, "welcome", "l" + std::to_string(i), 1));
  }
  EXPECT_EQ(message(prompts_.set_label(kProject, "welcome", "more", 1)), "A prompt takes at most 1000 labels");
  EXPECT_TRUE(prompts_.set_label(kProject, "welcome", "l7", 1));
}

TEST_F(PromptsTest, VersionsComeNewestFirstInPages) {
  const PromptAt made = make("welcome");
  for (int i = 2; i <= 11; ++i) ASSERT_TRUE(update("welcome", text_edit(std::to_string(i))));
  const PromptPtr prompt = prompts_.get(kProject, "welcome")->prompt;
  const auto numbers = [&](const PromptPtr& of, int64_t before, size_t limit) {
    std::vector<int64_t> out;
    const auto page = prompts_.versions(of, before, limit);
    EXPECT_TRUE(page);
    for (const VersionPtr& version : *page) out.push_back(version->number);
    return out;
  };
  EXPECT_EQ(numbers(prompt, 0, 6), (std::vector<int64_t>{11, 10, 9, 8, 7, 6}));
  EXPECT_EQ(numbers(prompt, 6, 100), (std::vector<int64_t>{5, 4, 3, 2, 1}));
  EXPECT_TRUE(numbers(prompt, 1, 100).empty());
  // A caller that looked earlier is not shown what came later.
  EXPECT_EQ(numbers(made.prompt, 0, 100), std::vector<int64_t>{1});
}

TEST_F(PromptsTest, APageOfLargeVersionsEndsEarly) {
  make("welcome");
  const std::string large(9u << 20, 'x');
  for (int i = 2; i <= 9; ++i) ASSERT_TRUE(update("welcome", text_edit(large + std::to_string(i))));
  const auto page = prompts_.versions(prompts_.get(kProject, "welcome")->prompt, 0, 100);
  ASSERT_TRUE(page);
  EXPECT_EQ(page->size(), 4u);
}

TEST_F(PromptsTest, AnswersFromMemoryAloneWhenItCan) {
  const PromptAt made = make("welcome");
  const auto kept = prompts_.at_once(kProject, "welcome", std::nullopt, "");
  ASSERT_TRUE(kept && *kept);
  EXPECT_EQ((*kept)->version->number, 1);
  cache_.remove_prompt(made.prompt->id);  // forgets the version
  cache_.put_prompt(*made.prompt);
  const auto absent = prompts_.at_once(kProject, "welcome", std::nullopt, "");
  ASSERT_TRUE(absent);
  EXPECT_FALSE(*absent);
  EXPECT_FALSE(prompts_.at_once(kProject, "welcome", 2, ""));
  EXPECT_EQ(store_.version_reads, 0);
  EXPECT_TRUE(prompts_.at(kProject, "welcome", std::nullopt, ""));
  EXPECT_EQ(store_.version_reads, 1);
}

TEST_F(PromptsTest, ADeletedPromptIsGoneEverywhere) {
  const PromptAt made = make("welcome");
  ASSERT_TRUE(prompts_.remove(kProject, "welcome"));
  EXPECT_FALSE(prompts_.get(kProject, "welcome"));
  EXPECT_EQ(prompts_.remove(kProject, "welcome").error().message, "Prompt not found: welcome");
  EXPECT_EQ(stored(made.prompt->id).id, "");
  EXPECT_NE(make("welcome").prompt->id, made.prompt->id);
}

TEST_F(PromptsTest, ABrokenDiskChangesNothing) {
  const PromptAt made = make("welcome");
  store_.fail_writes = true;
  EXPECT_EQ(prompts_.create(kProject, draft("other"), "ci").error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(update("welcome", text_edit("Two")).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(prompts_.set_label(kProject, "welcome", "a", 1).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(prompts_.remove(kProject, "welcome").error().code, ErrorCode::kUnavailable);
  store_.fail_writes = false;
  EXPECT_FALSE(prompts_.get(kProject, "other"));
  const auto now = prompts_.get(kProject, "welcome");
  ASSERT_TRUE(now);
  EXPECT_EQ(now->prompt->revision, made.prompt->revision);
  EXPECT_TRUE(update("welcome", text_edit("Two")));
}

TEST_F(PromptsTest, ConcurrentEditsEachMakeTheirVersion) {
  make("welcome");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this, t] {
      for (int i = 0; i < 25; ++i) {
        std::optional<PromptAt> conflict;
        const auto text = std::to_string(t) + "/" + std::to_string(i);
        EXPECT_TRUE(prompts_.update(kProject, "welcome", text_edit(text), "maria", conflict));
        EXPECT_TRUE(prompts_.at(kProject, "welcome", std::nullopt, ""));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(prompts_.get(kProject, "welcome")->version->number, 101);
}

}  // namespace
}  // namespace tracia::service
