// What bodies are taken, and what the refusal of others says.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <nlohmann/json.hpp>

#include "tracia/base/bytes.h"
#include "tracia/prompt/prompt.h"

namespace tracia::prompt {
namespace {

using nlohmann::json;

const json kMinimal = {{"name", "Assistant"}, {"content", {{{"role", "user"}, {"content", "{{question}}"}}}}};

template <typename T>
Result<T> read(Result<T> (*reader)(const tracia::json::Value&), const std::string& text) {
  tracia::json::Document document;
  const auto value = document.parse(text);
  if (!value) return fail(value.error());
  return reader(*value);
}
Result<Draft> draft(const json& body) { return read(read_draft, body.dump()); }
Result<Edit> edit(const json& body) { return read(read_edit, body.dump()); }

// The message of the refusal; "" when it was taken.
template <typename T>
std::string refusal(const Result<T>& result) {
  if (result) return "";
  EXPECT_EQ(result.error().code, ErrorCode::kInvalidRequest);
  return result.error().message;
}
std::string refused_with(const std::string& name, const json& value) {
  json body = kMinimal;
  body[name] = value;
  const std::string message = refusal(draft(body));
  // The same bounds hold in an update.
  if (!value.is_null()) EXPECT_EQ(refusal(edit({{name, value}})), message);
  return message;
}
std::string refused_message(const json& message) { return refused_with("content", json::array({message})); }

TEST(PromptReader, TakesTheSmallestPrompt) {
  const auto made = draft(kMinimal);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->name, "Assistant");
  EXPECT_EQ(made->slug, "assistant");
  EXPECT_FALSE(made->description);
  EXPECT_FALSE(made->note);
  ASSERT_EQ(made->content.messages.size(), 1u);
  EXPECT_EQ(made->content.messages[0], (TemplateMessage{"msg_1", "user", "\"{{question}}\""}));
  Content rest = made->content;
  rest.messages.clear();
  EXPECT_EQ(rest, Content{});
}

TEST(PromptReader, TakesEverySetting) {
  json body = kMinimal;
  body.update({{"slug", "triage_2"},
               {"description", "Sorts."},
               {"provider", "OpenAI"},
               {"model", "gpt-4o-mini"},
               {"temperature", 0},
               {"topP", 1},
               {"maxOutputTokens", 200},
               {"stopSequences", {"\n\n", "END"}},
               {"toolChoice", {{"tool", "search"}}},
               {"note", "First."}});
  const std::string text =
      body.dump().insert(1, R"("tools":[{"x":1,"parameters":{"type":"object","b":1,"a":2},"name":"search"}],
                                "outputSchema":{"type":"object","properties":{"why":{},"answer":{}}},)");
  const auto made = read(read_draft, text);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->slug, "triage_2");
  EXPECT_EQ(made->description, "Sorts.");
  EXPECT_EQ(made->note, "First.");
  const Content& content = made->content;
  EXPECT_EQ(content.provider, "openai");
  EXPECT_EQ(content.model, "gpt-4o-mini");
  EXPECT_EQ(content.temperature, 0.0);
  EXPECT_EQ(content.top_p, 1.0);
  EXPECT_EQ(content.max_output_tokens, 200);
  EXPECT_EQ(content.stop_sequences, (std::vector<std::string>{"\n\n", "END"}));
  EXPECT_EQ(content.tools_json, R"([{"name":"search","parameters":{"type":"object","b":1,"a":2}}])");
  EXPECT_EQ(content.tool_choice_json, R"({"tool":"search"})");
  // In the order sent: models fill in properties in that order.
  EXPECT_EQ(content.output_schema_json, R"({"type":"object","properties":{"why":{},"answer":{}}})");
}

TEST(PromptReader, NamesTheMissingField) {
  EXPECT_EQ(refusal(draft({{"content", kMinimal["content"]}})), "Missing required field: name");
  EXPECT_EQ(refusal(draft({{"name", nullptr}, {"content", kMinimal["content"]}})), "Missing required field: name");
  EXPECT_EQ(refusal(draft({{"name", "x"}})), "Missing required field: content");
  EXPECT_EQ(refusal(draft(json::object())), "Missing required field: name");
  EXPECT_EQ(refused_message({{"content", "x"}}), "Missing required field: content[0].role");
  EXPECT_EQ(refused_message({{"role", "user"}}), "Missing required field: content[0].content");
  EXPECT_EQ(refused_message({{"role", "assistant"}}), "Missing required field: content[0].content");
  EXPECT_EQ(refused_with("tools", json::array({json::object()})), "Missing required field: tools[0].name");
}

TEST(PromptReader, ABodyThatIsNoObjectIsRefused) {
  for (const char* text : {"[]", "1", "null", "\"x\""}) {
    EXPECT_EQ(refusal(read(read_draft, text)), "Request body must be a JSON object");
    EXPECT_EQ(refusal(read(read_edit, text)), "Request body must be a JSON object");
  }
}

TEST(PromptReader, BoundsCountCharactersAndNotBytes) {
  const auto times = [](const std::string& text, size_t n) {
    std::string out;
    for (size_t i = 0; i < n; ++i) out += text;
    return out;
  };
  struct Case {
    std::string name;
    size_t most;
  };
  for (const Case& c :
       {Case{"name", 200}, Case{"description", 4000}, Case{"note", 2000}, Case{"provider", 64}, Case{"model", 256}}) {
    EXPECT_EQ(refused_with(c.name, times("é", c.most)), "") << c.name;
    EXPECT_EQ(refused_with(c.name, times("é", c.most + 1)),
              c.name + " must have at most " + std::to_string(c.most) + " characters");
    EXPECT_EQ(refused_with(c.name, 7), c.name + " must be a string");
  }
}

TEST(PromptReader, ChecksNumbers) {
  for (const json& bad : {json(-0.1), json(2.1), json("1"), json(true)}) {
    EXPECT_EQ(refused_with("temperature", bad), "temperature must be a number from 0 to 2");
  }
  EXPECT_EQ(refused_with("topP", 1.01), "topP must be a number from 0 to 1");
  for (const json& bad : {json(0), json(-1), json(1.5), json("9")}) {
    EXPECT_EQ(refused_with("maxOutputTokens", bad), "maxOutputTokens must be a whole number of at least 1");
  }
  EXPECT_EQ(refusal(edit({{"baseVersion", 0}})), "baseVersion must be a whole number of at least 1");
}

TEST(PromptReader, ChecksSlugs) {
  for (const char* bad : {"", "Welcome", "-a", "_a", "a b", "a/b", "é"}) {
    EXPECT_NE(refused_with("slug", bad).find("slug must begin with"), std::string::npos) << bad;
  }
  EXPECT_NE(refused_with("slug", std::string(129, 'a')), "");
  EXPECT_EQ(refused_with("slug", std::string(128, 'a')), "");
}

TEST(PromptReader, ChecksMessages) {
  EXPECT_EQ(refused_with("content", "Hello"), "content must be an array");
  EXPECT_EQ(refused_with("content", json::array()), "content must have at least one message");
  EXPECT_EQ(refused_with("content", json::array({"Hello"})), "content[0] must be an object");
  const json hello = {{"role", "user"}, {"content", "Hello"}};
  const std::string roles = "must be one of system, developer, user, assistant, tool";
  json three = {hello, hello, hello};
  three[2]["role"] = "robot";
  EXPECT_EQ(refused_with("content", three), "content[2].role " + roles);
  EXPECT_EQ(refused_message({{"role", 1}, {"content", ""}}), "content[0].role " + roles);
  EXPECT_EQ(refused_message({{"role", "user"}, {"content", 1}}),
            "content[0].content must be a string or an array of parts");
  EXPECT_EQ(refused_message({{"role", "user"}, {"content", {{{"type", "hologram"}}}}}),
            "content[0].content[0].type 'hologram' is not a kind of content part known here");
  EXPECT_EQ(refused_message({{"role", "tool"}, {"content", "x"}}),
            "content[0].toolCallId is required in a tool message");
  EXPECT_EQ(refused_message({{"id", ""}, {"role", "user"}, {"content", "x"}}), "content[0].id must not be empty");
  EXPECT_EQ(refused_with("content", json(200, hello)), "");
  EXPECT_EQ(refused_with("content", json(201, hello)), "content must have at most 200 entries");
  json twins = {hello, hello};
  twins[0]["id"] = twins[1]["id"] = "a";
  EXPECT_EQ(refused_with("content", twins), "content[1].id must be unique: another message has it");
}

TEST(PromptReader, KeepsTheClientsMessageIdsAndMakesTheOthers) {
  json body = kMinimal;
  body["content"] = {{{"role", "system"}, {"content", "a"}},
                     {{"id", "msg_1"}, {"role", "user"}, {"content", "b"}},
                     {{"role", "assistant"}, {"content", "c"}},
                     {{"id", nullptr}, {"role", "user"}, {"content", "d"}}};
  const auto made = draft(body);
  ASSERT_TRUE(made) << made.error().message;
  std::vector<std::string> ids;
  for (const TemplateMessage& message : made->content.messages) ids.push_back(message.id);
  EXPECT_EQ(ids, (std::vector<std::string>{"msg_2", "msg_1", "msg_3", "msg_4"}));
}

TEST(PromptReader, KeepsPartsAndToolMessagesInOneForm) {
  json body = kMinimal;
  body["content"] = {
      {{"role", "user"}, {"content", {{{"text", "Look at {{thing}}"}, {"type", "text"}}}}},
      {{"role", "user"},
       {"content",
        {{{"type", "text"}, {"text", "see"}}, {{"type", "image_url"}, {"image_url", {{"url", "https://e/x"}}}}}}},
      {{"role", "assistant"},
       {"content", nullptr},
       {"tool_calls",
        {{{"id", "c1"}, {"type", "function"}, {"function", {{"name", "f"}, {"arguments", "{\"a\":1}"}}}}}}},
      {{"role", "tool"}, {"tool_call_id", "c1"}, {"content", "{{kept}}"}}};
  const auto made = draft(body);
  ASSERT_TRUE(made) << made.error().message;
  const json shown = json::parse(content_messages_json(made->content));
  EXPECT_EQ(shown[0], json({{"id", "msg_1"}, {"role", "user"}, {"content", "Look at {{thing}}"}}));
  EXPECT_EQ(shown[1]["content"][1], json({{"type", "image"}, {"url", "https://e/x"}}));
  EXPECT_EQ(shown[2]["content"][0],
            json({{"type", "tool_call"}, {"id", "c1"}, {"name", "f"}, {"arguments", {{"a", 1}}}}));
  EXPECT_EQ(shown[3], json({{"id", "msg_4"}, {"role", "tool"}, {"toolCallId", "c1"}, {"content", "{{kept}}"}}));
  EXPECT_EQ(variable_names(made->content), std::vector<std::string>{"thing"});  // results are data
  // What is shown can be sent back, and is the same.
  body["content"] = shown;
  const auto again = draft(body);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->content, made->content);
}

TEST(PromptReader, TemplateMessagesCarryNoPromptIds) {
  const auto made = draft(kMinimal);
  ASSERT_TRUE(made);
  const auto messages = template_messages(made->content);
  ASSERT_TRUE(messages);
  ASSERT_EQ(messages->size(), 1u);
  EXPECT_EQ((*messages)[0].id, "");
  EXPECT_EQ((*messages)[0].text(), "{{question}}");
}

TEST(PromptReader, ChecksToolsAndToolChoice) {
  const json tool = {{"name", "f"}};
  EXPECT_EQ(refused_with("tools", "f"), "tools must be an array");
  EXPECT_EQ(refused_with("tools", {tool, 1}), "tools[1] must be an object");
  EXPECT_EQ(refused_with("tools", json::array({{{"name", "a b"}}})),
            "tools[0].name must be 1 to 64 letters, digits, '_' or '-'");
  EXPECT_EQ(refused_with("tools", json::array({{{"name", "f"}, {"parameters", "x"}}})),
            "tools[0].parameters must be a JSON Schema, an object");
  EXPECT_EQ(refused_with("tools", json::array({{{"name", "f"}, {"description", 1}}})),
            "tools[0].description must be a string");
  EXPECT_EQ(refused_with("tools", {tool, tool}), "tools[1].name must be unique: another tool has it");
  EXPECT_EQ(refused_with("tools", json(129, tool)), "tools must have at most 128 entries");
  const std::string choices = "toolChoice must be \"auto\", \"none\", \"required\" or {\"tool\": name}";
  for (const json& bad : {json("any"), json(1), json::object(), json({{"tool", 1}}), json({{"tool", ""}})}) {
    EXPECT_EQ(refused_with("toolChoice", bad), choices);
  }
  json body = kMinimal;
  body["toolChoice"] = {{"tool", "g"}};
  EXPECT_EQ(refusal(draft(body)), "toolChoice.tool must name one of the tools");
  body["tools"] = json::array({tool});
  EXPECT_EQ(refusal(draft(body)), "toolChoice.tool must name one of the tools");
  body["toolChoice"] = {{"tool", "f"}};
  EXPECT_EQ(refusal(draft(body)), "");
  EXPECT_EQ(refused_with("outputSchema", "x"), "outputSchema must be a JSON Schema, an object");
}

TEST(PromptReader, ChecksStopSequences) {
  EXPECT_EQ(refused_with("stopSequences", "x"), "stopSequences must be an array");
  EXPECT_EQ(refused_with("stopSequences", json(17, "x")), "stopSequences must have at most 16 entries");
  for (const json& bad : {json(1), json(""), json(std::string(257, 'x'))}) {
    EXPECT_EQ(refused_with("stopSequences", {"ok", bad}), "stopSequences[1] must be a string of 1 to 256 characters");
  }
}

TEST(PromptReader, AnEditTellsOmittedFromCleared) {
  const auto nothing = edit(json::object());
  ASSERT_TRUE(nothing);
  EXPECT_FALSE(nothing->name || nothing->slug || nothing->description || nothing->messages || nothing->provider ||
               nothing->model || nothing->temperature || nothing->top_p || nothing->max_output_tokens ||
               nothing->stop_sequences || nothing->tools_json || nothing->tool_choice_json ||
               nothing->output_schema_json || nothing->default_label || nothing->note || nothing->base_version);
  json clear;
  for (const char* name : {"description", "provider", "model", "temperature", "topP", "maxOutputTokens",
                           "stopSequences", "tools", "toolChoice", "outputSchema", "defaultLabel", "note"}) {
    clear[name] = nullptr;
  }
  const auto cleared = edit(clear);
  ASSERT_TRUE(cleared) << cleared.error().message;
  EXPECT_TRUE(cleared->description && !*cleared->description);
  EXPECT_EQ(cleared->provider, "");
  EXPECT_EQ(cleared->model, "");
  EXPECT_TRUE(cleared->temperature && !*cleared->temperature);
  EXPECT_TRUE(cleared->top_p && !*cleared->top_p);
  EXPECT_TRUE(cleared->max_output_tokens && !*cleared->max_output_tokens);
  EXPECT_TRUE(cleared->stop_sequences && cleared->stop_sequences->empty());
  EXPECT_EQ(cleared->tools_json, "");
  EXPECT_EQ(cleared->tool_choice_json, "");
  EXPECT_EQ(cleared->output_schema_json, "");
  EXPECT_EQ(cleared->default_label, "");
}

TEST(PromptReader, AnEmptyDescriptionClears) {
  const auto made = edit({{"description", ""}});
  ASSERT_TRUE(made);
  EXPECT_TRUE(made->description && !*made->description);
}

TEST(PromptReader, WhatAPromptMustHaveCannotBeCleared) {
  for (const char* name : {"name", "slug", "content"}) {
    EXPECT_EQ(refusal(edit({{name, nullptr}})), std::string(name) + " must not be null: it cannot be cleared");
  }
}

TEST(PromptReader, ADefaultLabelHasTheFormOfALabel) {
  EXPECT_NE(refusal(edit({{"defaultLabel", "Production"}})).find("defaultLabel must begin with"), std::string::npos);
  EXPECT_NE(refusal(edit({{"defaultLabel", std::string(65, 'a')}})), "");
  EXPECT_EQ(refusal(edit({{"defaultLabel", "production"}})), "");
}

TEST(PromptReader, AnUnsavedVersionNeedsNoContent) {
  const auto content = read(read_content, R"({"model":"gpt-4o","provider":"OPENAI","variables":{"a":1}})");
  ASSERT_TRUE(content);
  EXPECT_TRUE(content->messages.empty());
  EXPECT_EQ(content->provider, "openai");
  EXPECT_EQ(refusal(read(read_content, R"({"content":[]})")), "content must have at least one message");
}

TEST(PromptReader, SlugsComeFromNames) {
  EXPECT_EQ(slug_from_name("Welcome Email"), "welcome-email");
  EXPECT_EQ(slug_from_name("  A -- B__C  "), "a-b-c");
  EXPECT_EQ(slug_from_name("Größe 2"), "gr-e-2");
  EXPECT_EQ(slug_from_name("名前"), "prompt");
  EXPECT_EQ(slug_from_name(""), "prompt");
  rc::check("every slug made from a name is valid", [](const std::string& name) {
    RC_ASSERT(is_valid_slug(slug_from_name(name)));
    RC_ASSERT(slug_from_name(slug_from_name(name)) == slug_from_name(name));
  });
}

TEST(PromptReader, AnyTextSurvives) {
  rc::check("content is what was sent", [](const std::string& bytes) {
    const std::string text = to_valid_utf8(bytes);
    json body = kMinimal;
    body["content"][0]["content"] = text;
    const auto made = draft(body);
    RC_ASSERT(made.has_value());
    RC_ASSERT(json::parse(content_messages_json(made->content))[0]["content"] == text);
  });
}

}  // namespace
}  // namespace tracia::prompt
