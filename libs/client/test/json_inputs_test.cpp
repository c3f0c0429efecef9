// What a binding passes on: read strictly, refused in words that its users understand.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tracia/client/json.h"

namespace tracia {
namespace {

using Json = nlohmann::json;

Json hello() { return {{"model", "gpt-4o"}, {"messages", {{{"role", "user"}, {"content", "Hi"}}}}}; }
Json with(const std::string& name, Json value) {
  Json input = hello();
  input[name] = std::move(value);
  return input;
}
Json with_message(Json message) { return with("messages", Json::array({std::move(message)})); }

std::string error_of(const Json& input) {
  const auto read = read_run_local_input(input.dump());
  if (read) return "accepted";
  EXPECT_EQ(read.error().code, ErrorCode::kInvalidRequest);
  return read.error().message;
}

RunLocalInput accepted(const Json& input) {
  auto read = read_run_local_input(input.dump());
  EXPECT_TRUE(read) << (read ? "" : read.error().message);
  return read ? std::move(*read) : RunLocalInput{};
}

TEST(JsonInputs, EveryMemberOfRunLocalIsRead) {
  const auto in = accepted({{"model", "gpt-4o"},
                            {"messages", {{{"role", "user"}, {"content", "Hi {{name}}"}}}},
                            {"provider", "openai"},
                            {"temperature", 0.5},
                            {"max_output_tokens", 100},
                            {"top_p", 1},
                            {"stop_sequences", {"END"}},
                            {"tools", {{{"name", "f"}, {"parameters", {{"type", "object"}}}, {"strict", true}}}},
                            {"tool_choice", {{"tool", "f"}}},
                            {"parallel_tool_calls", false},
                            {"response_format", {{"type", "json"}, {"schema", {{"type", "object"}}}, {"name", "n"}}},
                            {"reasoning", {{"effort", "low"}, {"max_tokens", 1024}, {"include_text", true}}},
                            {"variables", {{"name", "Ann"}, {"n", 3}, {"x", 1.5}, {"yes", true}}},
                            {"provider_api_key", "sk"},
                            {"timeout_ms", 1000},
                            {"custom_options", {{"openai", {{"seed", 7}}}}},
                            {"max_retries", 1},
                            {"fallbacks", {"gpt-4o-mini", {{"model", "m"}, {"provider", "google"}}}},
                            {"send_trace", false},
                            {"span_id", "sp_0123456789abcdef"},
                            {"trace_id", "t"},
                            {"parent_span_id", "p"},
                            {"tags", {"a", "b"}},
                            {"user_id", "u"},
                            {"session_id", "s"},
                            {"name", "greet"},
                            {"prompt", {{"slug", "hello"}, {"version", 2}, {"label", "production"}}}});
  EXPECT_EQ(in.provider, "openai");
  EXPECT_EQ(in.temperature, 0.5);
  EXPECT_EQ(in.max_output_tokens, 100);
  EXPECT_EQ(in.top_p, 1.0);
  EXPECT_EQ(in.stop_sequences, std::vector<std::string>{"END"});
  ASSERT_EQ(in.tools.size(), 1u);
  EXPECT_EQ(in.tools[0].parameters, R"({"type":"object"})");
  EXPECT_EQ(in.tools[0].strict, true);
  EXPECT_EQ(in.tool_choice.tool, "f");
  EXPECT_EQ(in.parallel_tool_calls, false);
  EXPECT_EQ(in.response_format.type, ResponseFormat::Type::kJsonSchema);
  EXPECT_EQ(in.reasoning->effort, "low");
  EXPECT_EQ(in.reasoning->budget_tokens, 1024);
  EXPECT_EQ(in.variables.at("n"), "3");
  EXPECT_EQ(in.variables.at("x"), "1.5");
  EXPECT_EQ(in.variables.at("yes"), "true");
  EXPECT_EQ(in.custom_options, R"({"openai":{"seed":7}})");
  EXPECT_EQ(in.fallbacks.at(0).model, "gpt-4o-mini");
  EXPECT_EQ(in.fallbacks.at(1).provider, "google");
  EXPECT_EQ(in.send_trace, false);
  EXPECT_EQ(in.tags.size(), 2u);
  EXPECT_EQ(in.prompt.version, 2);
  // As written, and read again, it is the same.
  const std::string text = to_json(in);
  const auto again = read_run_local_input(text);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(to_json(*again), text);
  EXPECT_EQ(again->fallbacks.at(1).model, "m");
}

TEST(JsonInputs, CamelCaseIsAcceptedToo) {
  const auto in = accepted(with("maxOutputTokens", 5));
  EXPECT_EQ(in.max_output_tokens, 5);
  Json twice = with("maxOutputTokens", 5);
  twice["max_output_tokens"] = 6;
  EXPECT_EQ(error_of(twice), "max_output_tokens is given twice, also as maxOutputTokens");
}

TEST(JsonInputs, NullIsNotGiven) {
  Json in = hello();
  for (const char* name : {"provider", "temperature", "tools", "tool_choice", "response_format", "reasoning", "tags",
                           "variables", "custom_options", "fallbacks", "prompt", "send_trace", "maxRetries"}) {
    in[name] = nullptr;
  }
  EXPECT_EQ(to_json(accepted(in)), to_json(accepted(hello())));
}

TEST(JsonInputs, AnUnknownFieldIsNamedWithTheNearestOne) {
  EXPECT_EQ(error_of(with("temprature", 1)), "unknown field 'temprature'; did you mean 'temperature'?");
  EXPECT_EQ(error_of(with("maxOutputToken", 1)), "unknown field 'maxOutputToken'; did you mean 'max_output_tokens'?");
  EXPECT_EQ(error_of(with("frobnicate", 1)), "unknown field 'frobnicate'");
  EXPECT_EQ(error_of(with("tools", Json::array({{{"name", "f"}, {"descripton", "d"}}}))),
            "tools[0]: unknown field 'descripton'; did you mean 'description'?");
  // It comes before what follows from it.
  EXPECT_EQ(error_of({{"modle", "gpt-4o"}, {"messages", 5}}), "unknown field 'modle'; did you mean 'model'?");
  const std::string endless(100'000, 'x');
  EXPECT_LT(error_of(with(endless, 1)).size(), 100u);
}

TEST(JsonInputs, AWrongTypeNamesTheFieldAsItsUserWroteIt) {
  EXPECT_EQ(error_of(with("temperature", "hot")), "temperature must be a number");
  EXPECT_EQ(error_of(with("max_output_tokens", 1.5)), "max_output_tokens must be a whole number");
  EXPECT_EQ(error_of(with("tags", "a")), "tags must be a list of strings");
  EXPECT_EQ(error_of(with("tags", {"a", 1})), "tags must be a list of strings");
  EXPECT_EQ(error_of(with("send_trace", "no")), "send_trace must be true or false");
  EXPECT_EQ(error_of(with("max_retries", int64_t{1} << 40)), "max_retries must be at most 2147483647");
  EXPECT_EQ(error_of(with("model", 5)), "model must be a string");
  EXPECT_EQ(error_of(with("variables", {{"list", {1, 2}}})), "variables.list must be a string, a number or a boolean");
  EXPECT_EQ(error_of(with("custom_options", "seed")), "custom_options must be an object");
  EXPECT_EQ(error_of(with("fallbacks", {5})), "fallbacks[0] must be a model, or an object with a model");
  EXPECT_EQ(error_of(with("prompt", {{"slug", "s"}, {"version", 0}})), "prompt.version must be at least 1");
  EXPECT_EQ(error_of(with("tool_choice", "maybe")),
            R"(tool_choice must be "auto", "none", "required" or {"tool": name})");
  EXPECT_EQ(error_of(Json::array()), "input must be a JSON object");
  EXPECT_TRUE(read_run_local_input("{\"model\":").error().message.starts_with("input is not valid JSON"));
}

TEST(JsonInputs, ToolMessagesMustHaveAToolCallId) {
  for (const char* id : {"", "  "}) {
    EXPECT_EQ(error_of(with_message({{"role", "tool"}, {"tool_call_id", id}, {"content", "42"}})),
              "Tool messages must have tool_call_id");
  }
  EXPECT_EQ(error_of(with_message({{"role", "tool"}, {"tool_name", "f"}, {"content", "42"}})),
            "Tool messages must have tool_call_id");
  for (const char* name : {"tool_call_id", "toolCallId"}) {
    const auto in = accepted(with_message({{"role", "tool"}, {name, "c1"}, {"tool_name", "f"}, {"content", "42"}}));
    const auto* result = in.messages.at(0).parts.at(0).as<llm::ToolResultPart>();
    ASSERT_NE(result, nullptr);
    EXPECT_EQ(result->tool_call_id, "c1");
    EXPECT_EQ(result->tool_name, "f");
  }
}

TEST(JsonInputs, AnUnknownRoleIsAnsweredWithTheKnownOnes) {
  EXPECT_EQ(error_of(with_message({{"role", "robot"}, {"content", "x"}})),
            "messages[0].role must be system, developer, user, assistant or tool");
  EXPECT_EQ(error_of(with_message({{"content", "x"}})),
            "messages[0].role is required: system, developer, user, assistant or tool");
  EXPECT_EQ(error_of(with("messages", "Hi")), "messages must be an array");
  EXPECT_EQ(error_of(with("messages", {"Hi"})), "messages[0] must be an object");
}

TEST(JsonInputs, ContentMayBeNullOnlyBesideToolCalls) {
  EXPECT_EQ(error_of(with_message({{"role", "user"}, {"content", nullptr}})),
            "messages[0].content is required: a string or a list of parts");
  EXPECT_EQ(error_of(with_message({{"role", "assistant"}})),
            "messages[0].content is required: a string or a list of parts (none only beside tool_calls)");
  const Json openai_call{{"id", "c1"}, {"type", "function"}, {"function", {{"name", "f"}, {"arguments", "{\"a\":1}"}}}};
  const Json own_call{{"id", "c1"}, {"name", "f"}, {"arguments", {{"a", 1}}}};
  for (const Json& call : {openai_call, own_call}) {
    const auto in = accepted(with_message({{"role", "assistant"}, {"content", nullptr}, {"tool_calls", {call}}}));
    const auto* part = in.messages.at(0).parts.at(0).as<ToolCallPart>();
    ASSERT_NE(part, nullptr);
    EXPECT_EQ(part->name, "f");
    EXPECT_EQ(part->arguments, R"({"a":1})");
  }
}

TEST(JsonInputs, ImagesAndDocumentsComeInOurFormAndInOpenAis) {
  const Json parts{{{"type", "text"}, {"text", "What is this?"}},
                   {{"type", "image"}, {"data", "aGk="}, {"mime_type", "image/png"}},
                   {{"type", "image"}, {"url", "https://example.com/a.png"}},
                   {{"type", "image_url"}, {"image_url", {{"url", "https://example.com/b.png"}}}},
                   {{"type", "input_image"}, {"image_url", "data:image/png;base64,aGk="}},
                   {{"type", "document"}, {"data", "aGk="}, {"mimeType", "text/plain"}, {"name", "a.txt"}}};
  const auto in = accepted(with_message({{"role", "user"}, {"content", parts}}));
  const auto& got = in.messages.at(0).parts;
  ASSERT_EQ(got.size(), 6u);
  EXPECT_EQ(got[1].as<llm::ImagePart>()->mime_type, "image/png");
  EXPECT_EQ(got[2].as<llm::ImagePart>()->source.value, "https://example.com/a.png");
  EXPECT_EQ(got[4].as<llm::ImagePart>()->source.kind, llm::MediaSource::Kind::kBase64);
  EXPECT_EQ(got[5].as<llm::DocumentPart>()->mime_type, "text/plain");
  const auto error = [&](Json part) { return error_of(with_message({{"role", "user"}, {"content", {part}}})); };
  EXPECT_EQ(error({{"type", "video"}}), "messages[0].content[0].type 'video' is not a kind of content part known here");
  EXPECT_EQ(error({{"type", "image"}, {"data", "?"}}), "messages[0].content[0].data must be base64");
  EXPECT_EQ(error({{"type", "image"}, {"data", "aGk="}, {"mime_type", "a b"}}),
            "messages[0].content[0].mime_type must be a media type");
}

TEST(JsonInputs, ToolsComeInOurFormInOpenAisAndAsAVendorsOwn) {
  const Json function{{"name", "f"}, {"description", "d"}, {"parameters", {{"type", "object"}}}};
  const Json search{{"type", "web_search_20250305"}, {"name", "web_search"}};
  const Json tools{function,
                   {{"type", "function"}, {"function", function}},
                   {{"type", "function"}, {"name", "f"}},
                   {{"type", "custom"}, {"custom", {{"name", "free"}, {"format", {{"type", "text"}}}}}},
                   search,
                   {{"type", "vendor"}, {"value", {{"google_search", Json::object()}}}},
                   {{"name", "c"}, {"cache_control", {{"type", "ephemeral"}, {"ttl", "1h"}}}}};
  const auto in = accepted(with("tools", tools));
  ASSERT_EQ(in.tools.size(), 7u);
  EXPECT_EQ(in.tools[1].name, "f");
  EXPECT_EQ(in.tools[1].description, "d");
  EXPECT_EQ(in.tools[3].kind, Tool::Kind::kCustom);
  EXPECT_EQ(in.tools[3].vendor_json, R"({"type":"text"})");
  EXPECT_EQ(in.tools[4].kind, Tool::Kind::kVendor);
  EXPECT_EQ(Json::parse(in.tools[4].vendor_json), search);
  EXPECT_EQ(in.tools[5].vendor_json, R"({"google_search":{}})");
  EXPECT_EQ(in.tools[6].cache->ttl, "1h");
  const auto again = read_run_local_input(to_json(in));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(to_json(*again), to_json(in));
  EXPECT_EQ(error_of(with("tools", {{{"description", "d"}}})), "tools[0].name is required and cannot be empty");
  EXPECT_EQ(error_of(with("tools", {{{"name", "f"}, {"parameters", "{}"}}})), "tools[0].parameters must be an object");
  EXPECT_EQ(error_of(with("tools", function)), "tools must be a list of tools");
}

TEST(JsonInputs, ResponseFormatsOfOpenAiAreUnderstood) {
  const Json schema{{"type", "object"}};
  const auto nested =
      accepted(with("response_format",
                    {{"type", "json_schema"}, {"json_schema", {{"name", "n"}, {"schema", schema}, {"strict", true}}}}));
  EXPECT_EQ(nested.response_format.type, ResponseFormat::Type::kJsonSchema);
  EXPECT_EQ(nested.response_format.name, "n");
  EXPECT_EQ(nested.response_format.strict, true);
  const auto flat = accepted(with("response_format", {{"type", "json_schema"}, {"name", "n"}, {"schema", schema}}));
  EXPECT_EQ(flat.response_format.schema, schema.dump());
  EXPECT_EQ(accepted(with("response_format", {{"type", "json_object"}})).response_format.type,
            ResponseFormat::Type::kJson);
  EXPECT_EQ(accepted(with("response_format", {{"type", "text"}})).response_format.type, ResponseFormat::Type::kText);
  EXPECT_EQ(error_of(with("response_format", {{"type", "json_schema"}})), "response_format.schema is required");
  EXPECT_EQ(error_of(with("response_format", {{"type", "xml"}})),
            "response_format.type must be json, json_schema, json_object or text");
}

TEST(JsonInputs, ToolChoiceInOpenAisForms) {
  EXPECT_EQ(accepted(with("tool_choice", {{"type", "function"}, {"function", {{"name", "f"}}}})).tool_choice.tool, "f");
  EXPECT_EQ(accepted(with("tool_choice", {{"type", "function"}, {"name", "f"}})).tool_choice.tool, "f");
  EXPECT_EQ(accepted(with("tool_choice", "required")).tool_choice.mode, ToolChoice::Mode::kRequired);
}

TEST(JsonInputs, ReasoningMayBeAWord) {
  EXPECT_EQ(accepted(with("reasoning", "high")).reasoning->effort, "high");
  EXPECT_EQ(error_of(with("reasoning", 5)), "reasoning must be an effort such as \"low\", or an object");
}

TEST(JsonInputs, ResponsesInputIsATextOrItems) {
  const auto text = read_run_responses_input(R"({"model":"gpt-4o","input":"Hi"})");
  ASSERT_TRUE(text);
  EXPECT_EQ(text->input, std::vector<std::string>{R"({"role":"user","content":"Hi"})"});
  const auto items = read_run_responses_input(R"({"model":"m","input":[{"role":"user","content":"a"}],"tags":["t"]})");
  ASSERT_TRUE(items);
  EXPECT_EQ(items->input.size(), 1u);
  EXPECT_EQ(read_run_responses_input(R"({"model":"m","input":["a"]})").error().message,
            "input[0] must be an object with a role or a type");
  EXPECT_EQ(read_run_responses_input(R"({"model":"m","messages":[]})").error().message, "unknown field 'messages'");
}

TEST(JsonInputs, EmbeddingInputIsATextOrTexts) {
  const auto one = read_run_embedding_input(R"({"model":"m","input":"a","dimensions":256,"input_type":"query"})");
  ASSERT_TRUE(one);
  EXPECT_EQ(one->input, std::vector<std::string>{"a"});
  EXPECT_EQ(one->dimensions, 256);
  EXPECT_EQ(read_run_embedding_input(R"({"model":"m","input":["a","b"]})")->input.size(), 2u);
  EXPECT_EQ(read_run_embedding_input(R"({"model":"m","input":["a",1]})").error().message, "input[1] must be a string");
}

TEST(JsonInputs, ClientOptionsAreRead) {
  const auto options = read_client_options(
      R"({"api_key":"tr_x","base_url":"http://h","send_traces":false,"sample_rate":0.5,"spool_dir":"/s",
          "cache_dir":"/c",
          "api_timeout_ms":5,"exit_flush_ms":6,"http2":false,"ca_file":"/f"})");
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->api_key, "tr_x");
  EXPECT_EQ(options->sample_rate, 0.5);
  EXPECT_EQ(options->api_timeout, Millis{5});
  EXPECT_EQ(options->exit_flush, Millis{6});
  EXPECT_FALSE(options->http2);
  EXPECT_EQ(read_client_options(R"({"sample_rate":2})").error().message, "sample_rate must be from 0 to 1");
  EXPECT_EQ(read_client_options(R"({"exit_flush_ms":-1})").error().message, "exit_flush_ms must be at least 0");
  EXPECT_EQ(read_client_options(R"({"apikey":"x"})").error().message,
            "unknown field 'apikey'; did you mean 'api_key'?");
}

TEST(JsonInputs, ASpanOfOnesOwnNeedsOnlyAName) {
  const auto span = read_span(R"({"name":"lookup"})");
  ASSERT_TRUE(span) << span.error().message;
  EXPECT_EQ(span->kind, span::Kind::kOther);
  EXPECT_TRUE(span->span_id.starts_with("sp_"));
  EXPECT_EQ(read_span("{}").error().message, "name is required and cannot be empty");
  EXPECT_EQ(read_span(R"({"name":"x","error":"it broke"})")->status, span::SpanStatus::kError);
}

TEST(JsonInputs, ASpanIsCheckedAsTheServerChecksIt) {
  const auto error = [](const char* json) { return read_span(json).error().message; };
  EXPECT_EQ(error(R"({"name":"x","span_kind":"SONG"})"),
            "span_kind must be LLM, EMBEDDING, ROOT, TOOL, RETRIEVAL, CHAIN, AGENT or OTHER");
  EXPECT_EQ(error(R"({"name":"x","start_time":"yesterday"})"), "start_time must be an RFC 3339 time");
  EXPECT_EQ(error(R"({"name":"x","latencyMs":-1})"), "latency_ms must be an integer of at least 0");
  EXPECT_EQ(error(R"({"name":"x","span_kind":"LLM","model":"m"})"), "Missing required field: provider");
  EXPECT_EQ(error(R"({"name":"x","attribute":{}})"), "unknown field 'attribute'; did you mean 'attributes'?");
  const auto span = read_span(
      R"({"name":"x","span_kind":"TOOL","trace_id":"t","start_time":"2026-11-20T10:00:00.5Z","latency_ms":12,
          "attributes":{"a":1},"tags":["t"],"output":"done","structured_output":{"k":2},"cache_write_1h_tokens":3})");
  ASSERT_TRUE(span) << span.error().message;
  EXPECT_EQ(span->latency_ms, 12);
  EXPECT_EQ(span->attributes_json, R"({"a":1})");
  EXPECT_EQ(span->usage.cache_write_1h_tokens, 3);
  // Every name that a span is written with is known here.
  const auto again = read_span(span::to_json(*span));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(span::to_json(*again), span::to_json(*span));
}

}  // namespace
}  // namespace tracia
