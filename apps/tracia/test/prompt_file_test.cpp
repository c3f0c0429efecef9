#include "prompt_file.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace tracia::app {
namespace {

PromptFile sample() {
  return {.slug = "welcome",
          .name = "Welcome \"mail\"",
          .description = "two\nlines",
          .version = 3,
          .provider = "openai",
          .model = "gpt-4o",
          .temperature = 0.1,
          .max_output_tokens = 400,
          .stop_sequences = {"END", "a\nb"},
          .tools = R"([{"name":"get","parameters":{"type":"object","properties":{}}}])",
          .tool_choice = R"("auto")",
          .messages = {{.id = "m1", .role = "system", .content = "Be kind."},
                       {.id = "m2", .role = "user", .content = "Hello {{name}},\n\n  \"quoted\"\"\"\nend\\"}}};
}

TEST(PromptFile, IsReadBackAsItWasWritten) {
  const PromptFile before = sample();
  const auto after = parse_prompt_file(write_prompt_file(before));
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_EQ(write_prompt_file(before), write_prompt_file(*after));
  EXPECT_EQ(after->messages[1].content, before.messages[1].content);
  EXPECT_EQ(after->description, before.description);
  EXPECT_EQ(after->stop_sequences, before.stop_sequences);
  EXPECT_EQ(after->tools, before.tools);
  EXPECT_EQ(after->temperature, before.temperature);
  EXPECT_TRUE(same_prompt(before, *after));
}

RC_GTEST_PROP(PromptFile, AnyTextSurvives, (const std::vector<uint8_t>& bytes)) {
  std::string content;
  for (const uint8_t b : bytes) content += static_cast<char>("ab\"\\\n\t\r\x01\x7f' {}#"[b % 14]);
  PromptFile before = sample();
  before.messages[0].content = content;
  before.name = "n" + content;
  const auto after = parse_prompt_file(write_prompt_file(before));
  RC_ASSERT(after.has_value());
  RC_ASSERT(after->messages[0].content == content);
  RC_ASSERT(after->name == before.name);
}

TEST(PromptFile, PartsAndToolResultsSurviveTheFile) {
  json::Document document;
  const auto stored = document.parse(R"({"slug":"look","name":"Look","currentVersion":2,"content":[
      {"id":"m1","role":"user","content":[{"type":"text","text":"{{q}}"},{"type":"image","url":"https://x/y.png"}]},
      {"id":"m2","role":"tool","content":"12","toolCallId":"call_1","toolName":"add"}]})");
  ASSERT_TRUE(stored);
  const auto after = parse_prompt_file(write_prompt_file(prompt_from_api(*stored)));
  ASSERT_TRUE(after) << after.error().message;
  const std::string body = prompt_body(*after, 2, "");
  EXPECT_NE(body.find((*stored)["content"].to_json().substr(1)), std::string::npos) << body;
}

TEST(PromptFile, LongTextsKeepTheirLines) {
  EXPECT_NE(write_prompt_file(sample()).find("content = \"\"\"\nHello {{name}},\n\n  \"quoted"), std::string::npos);
}

TEST(PromptFile, MistakesAreNamed) {
  const auto message = [](const char* text) {
    const auto parsed = parse_prompt_file(text);
    return parsed ? std::string("no error") : parsed.error().message;
  };
  EXPECT_EQ(message("slug = \"a\"\nname = \"A\"\nmodle = \"x\"\n[[messages]]\nrole = \"user\""),
            "modle is no member of a prompt file");
  EXPECT_EQ(message("slug = \"a\"\nname = \"A\""), "a prompt file needs at least one [[messages]]");
  EXPECT_EQ(message("slug = \"a\"\nname = \"A\"\ntemperature = \"hot\"\n[[messages]]\nrole = \"user\""),
            "temperature must be a number");
  EXPECT_EQ(message("name = \"A\"\n[[messages]]\nrole = \"user\""), "slug is required");
  EXPECT_EQ(message("slug = \"a\"\nname = \"A\"\n[[messages]]\ncontent = \"x\""),
            "messages[0].role is required: system, developer, user or assistant");
  EXPECT_EQ(message("slug = \"a\"\nname = \"A\"\n[[messages]]\nrole = \"user\"\nparts = '{}'"),
            "messages[0].parts must be a JSON list");
  EXPECT_EQ(message("slug = \"a\"\nname = \"A\"\n[[messages]]\nrole = \"user\"\ncontent = \"x\"\nparts = '[]'"),
            "messages[0].content and parts: give one of them");
  EXPECT_EQ(message("slug = ").substr(0, 7), "line 1:");
}

TEST(PromptFile, AnUpdateClearsWhatIsNotSetAndNamesItsBase) {
  PromptFile prompt = sample();
  prompt.model.clear();
  const std::string body = prompt_body(prompt, 3, "why");
  EXPECT_NE(body.find(R"("model":null)"), std::string::npos);
  EXPECT_NE(body.find(R"("topP":null)"), std::string::npos);
  EXPECT_NE(body.find(R"("baseVersion":3)"), std::string::npos);
  EXPECT_NE(body.find(R"("note":"why")"), std::string::npos);
  EXPECT_EQ(body.find(R"("slug")"), std::string::npos);
  EXPECT_NE(prompt_body(prompt, std::nullopt, "").find(R"("slug":"welcome")"), std::string::npos);
}

TEST(LineDiff, ShowsWhatChangedWithSomeContext) {
  EXPECT_EQ(line_diff("a\nb\n", "a\nb\n"), "");
  EXPECT_EQ(line_diff("a\nb\nc\n", "a\nx\nc\n"), "  a\n- b\n+ x\n  c\n");
  EXPECT_EQ(line_diff("1\n2\n3\n4\n5\n6\n7\n8\n", "1\n2\n3\n4\n5\n6\n7\n9\n"), "  5\n  6\n  7\n- 8\n+ 9\n");
}

}  // namespace
}  // namespace tracia::app
