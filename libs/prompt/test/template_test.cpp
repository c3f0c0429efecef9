#include "tracia/prompt/template.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace tracia::prompt {
namespace {

using Names = std::vector<std::string>;

TEST(Template, FillsInVariablesWithAndWithoutSpacesInTheBraces) {
  const Variables variables{{"name", "Ada"}, {"x_1", "1"}};
  EXPECT_EQ(render("Hi {{name}}, {{ name }}, {{\tname  }} {{x_1}}!", variables), "Hi Ada, Ada, Ada 1!");
}

TEST(Template, LeavesUnknownNamesAndThingsThatAreNotVariablesVerbatim) {
  const Variables variables{{"a", "1"}, {"b", "2"}};
  for (const char* text : {"{{unknown}}", "{a}", "{{}}", "{{ }}", "{{a b}}", "{{a.b}}", "{{a-b}}", "{{a", "{{a}", "a}}",
                           "{ {a}}", "{{a\n}}", "{{", "}}", "{", ""}) {
    EXPECT_EQ(render(text, variables), text);
  }
}

TEST(Template, FindsAVariableInsideExtraBraces) {
  EXPECT_EQ(render("{{{a}}}", {{"a", "1"}}), "{1}");
  EXPECT_EQ(render("{{{{a}}}}", {{"a", "1"}}), "{{1}}");
  EXPECT_EQ(render("{{x {{a}}", {{"a", "1"}}), "{{x 1");
}

TEST(Template, ABackslashMakesBracesLiteral) {
  const Variables variables{{"a", "1"}};
  EXPECT_EQ(render(R"(\{{a}})", variables), "{{a}}");
  EXPECT_EQ(render(R"(\\{{a}})", variables), R"(\{{a}})");
  EXPECT_EQ(render(R"(\{{{{a}}}})", variables), "{{1}}");
  EXPECT_EQ(render(R"(\{{)", variables), "{{");
  EXPECT_EQ(render(R"({{a}}\{{a}}{{a}})", variables), "1{{a}}1");
  EXPECT_EQ(render(R"(\n \{x})", variables), R"(\n \{x})");
  EXPECT_TRUE(variable_names(R"(\{{a}})").empty());
}

TEST(Template, NeverExpandsValuesAgain) {
  EXPECT_EQ(render("{{a}}{{b}}", {{"a", "{{b}}"}, {"b", "{{a}}"}}), "{{b}}{{a}}");
  // A value cannot join with the text around it either.
  EXPECT_EQ(render("{{{a}}b}}", {{"a", "{"}, {"b", "x"}}), "{{b}}");
}

TEST(Template, TreatsNamesOfOtherLanguagesObjectsAsPlainNames) {
  EXPECT_EQ(render("{{constructor}} {{__proto__}} {{toString}}", {}), "{{constructor}} {{__proto__}} {{toString}}");
  EXPECT_EQ(render("{{constructor}}", {{"constructor", "x"}}), "x");
}

TEST(Template, AcceptsLettersOfAnyScriptAndRefusesBrokenUtf8) {
  EXPECT_EQ(render("{{naïve}} {{名前}}", {{"naïve", "1"}, {"名前", "2"}}), "1 2");
  EXPECT_EQ(render("{{\xff}}", {{"\xff", "1"}}), "{{\xff}}");
  EXPECT_TRUE(variable_names("{{a\xc3}}").empty());
}

TEST(Template, NamesVariablesOnceInOrderOfFirstUse) {
  EXPECT_EQ(variable_names("{{b}} {{a}} {{ b }} {{A}}"), (Names{"b", "a", "A"}));
}

TEST(Template, StrictRenderingNamesAllThatIsMissing) {
  EXPECT_EQ(render_strict("{{a}}", {{"a", "1"}, {"unused", "2"}}).value(), "1");
  const auto missing = render_strict("{{name}} {{x}} {{email}} {{name}}", {{"x", "1"}});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kMissingVariables);
  EXPECT_EQ(missing.error().message, "Missing required variables: name, email");
}

TEST(Template, StrictRenderingIsBounded) {
  std::string text;
  for (int i = 0; i < 100; ++i) text.append("{{a}}");
  const auto result = render_strict(text, {{"a", std::string(kRenderedBytesMax / 64, 'x')}});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kPayloadTooLarge);
}

TEST(Template, HostileTextsCostLinearTime) {
  std::string braces(1 << 20, '{');
  EXPECT_EQ(render(braces, {}), braces);
  std::string blanks = "{{" + std::string(1 << 20, ' ');
  EXPECT_EQ(render(blanks, {}), blanks);
  std::string many;
  for (int i = 0; i < 100'000; ++i) many.append("{{v").append(std::to_string(i)).append("}}");
  EXPECT_EQ(variable_names(many).size(), 100'000u);
}

TEST(TemplateMessages, FillsInTextPartsOfEveryRoleButTool) {
  std::vector<llm::Message> messages{llm::system("S {{x}}"), llm::developer("D {{x}}"), llm::user("U {{x}}"),
                                     llm::assistant("A {{y}}"), llm::tool_result("call_1", "t", "{{x}} {{z}}")};
  messages[2].parts.push_back(llm::image_url("https://example.com/{{x}}.png"));
  messages[2].parts.push_back(llm::text_part("{{x}}!"));
  EXPECT_EQ(variable_names(messages), (Names{"x", "y"}));
  const auto rendered = render_strict(messages, {{"x", "1"}, {"y", "2"}});
  ASSERT_TRUE(rendered);
  EXPECT_EQ((*rendered)[0].text(), "S 1");
  EXPECT_EQ((*rendered)[1].text(), "D 1");
  EXPECT_EQ((*rendered)[2].text(), "U 11!");
  EXPECT_EQ((*rendered)[2].parts[1].as<llm::ImagePart>()->source.value, "https://example.com/{{x}}.png");
  EXPECT_EQ((*rendered)[3].text(), "A 2");
  EXPECT_EQ((*rendered)[4].parts[0].as<llm::ToolResultPart>()->content[0].as<llm::TextPart>()->text, "{{x}} {{z}}");
  const auto missing = render_strict(messages, {});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message, "Missing required variables: x, y");
  EXPECT_EQ(render(messages, {{"y", "2"}})->at(0).text(), "S {{x}}");
}

TEST(TemplateMessages, AreBoundedTogether) {
  std::vector<llm::Message> messages(100, llm::user("{{a}}"));
  const auto result = render(messages, {{"a", std::string(kRenderedBytesMax / 64, 'x')}});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kPayloadTooLarge);
}

TEST(TemplateProperty, RenderingWithEachNameAsItsOwnPlaceholderGivesTheTextBack) {
  EXPECT_TRUE(rc::check([] {
    const auto pieces = *rc::gen::container<std::vector<std::string>>(
        rc::gen::element<std::string>("{{", "}}", "{", "}", "a", "b_1", " ", "é", "\xff", "\n", "x"));
    std::string text;
    for (const std::string& piece : pieces) text.append(piece);
    Variables variables;
    for (const std::string& name : variable_names(text)) variables[name] = "{{" + name + "}}";
    std::string squeezed = render(text, variables);
    // Only blanks inside braces may differ, and doing it again changes nothing.
    RC_ASSERT(render(squeezed, variables) == squeezed);
    RC_ASSERT(variable_names(squeezed) == variable_names(text));
    RC_ASSERT(render(text, {}) == text);
  }));
}

}  // namespace
}  // namespace tracia::prompt
