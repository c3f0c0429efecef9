// Whatever a span or a conversation holds, writing and reading it gives it back.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <nlohmann/json.hpp>

#include "tracia/base/bytes.h"
#include "tracia/span/span.h"

namespace tracia::span {
namespace {

// Text of any bytes, mended: what the writer would make of it.
rc::Gen<std::string> text() {
  return rc::gen::map(rc::gen::arbitrary<std::string>(), [](const std::string& s) { return to_valid_utf8(s); });
}
// 1 to 60 letters: within every bound.
rc::Gen<std::string> word() {
  return rc::gen::map(rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::inRange<char>('a', '{'))),
                      [](const std::string& s) { return s.substr(0, 60); });
}
rc::Gen<std::string> object_text() {
  return rc::gen::map(rc::gen::arbitrary<std::map<std::string, int>>(), [](const std::map<std::string, int>& members) {
    nlohmann::json object = nlohmann::json::object();
    for (const auto& [key, value] : members) object[to_valid_utf8(key)] = value;
    return object.dump();
  });
}

template <typename T>
std::optional<T> as_optional(const rc::Maybe<T>& value) {
  return value ? std::optional<T>(*value) : std::nullopt;
}
std::optional<int64_t> number(int64_t min, int64_t max) {
  return as_optional(*rc::gen::maybe(rc::gen::inRange<int64_t>(min, max)));
}

Span any_span() {
  Span span;
  span.span_id = "sp_0123456789abcdef";
  span.trace_id = *word();
  span.kind = static_cast<Kind>(*rc::gen::inRange(0, 8));
  span.name = *text();
  span.model = *word();
  span.provider = *word();
  span.status = *rc::gen::element(SpanStatus::kSuccess, SpanStatus::kError);
  span.error = *text();
  if (*rc::gen::arbitrary<bool>()) span.start_time = Timestamp{*rc::gen::inRange<int64_t>(0, 4'000'000'000'000'000)};
  span.latency_ms = *rc::gen::inRange<int64_t>(0, limits::kDurationMsMax);
  span.time_to_first_token_ms = number(0, limits::kDurationMsMax);
  span.input_json = *object_text();
  if (*rc::gen::arbitrary<bool>()) span.output = *text();
  if (*rc::gen::arbitrary<bool>()) span.variables_json = *object_text();
  if (*rc::gen::arbitrary<bool>()) span.attributes_json = *object_text();
  span.usage.input_tokens = number(0, limits::kTokensMax);
  span.usage.cached_input_tokens = number(0, limits::kTokensMax);
  if (*rc::gen::arbitrary<bool>()) span.temperature = *rc::gen::inRange(0, 2001) / 1000.0;
  for (int i = *rc::gen::inRange(0, 5); i > 0; --i) span.tags.push_back(*word());
  span.user_id = *word();
  span.prompt_version = number(1, limits::kVersionMax);
  for (int i = *rc::gen::inRange(0, 3); i > 0; --i) {
    span.attempts.push_back({.provider = *word(),
                             .model = *word(),
                             .status = *rc::gen::inRange(0, 600),
                             .error_code = *rc::gen::element<std::string>("", "TIMEOUT"),
                             .message = *text(),
                             .latency_ms = *rc::gen::inRange<int64_t>(0, 100'000)});
  }
  return span;
}

llm::Part any_part(bool deep) {
  using llm::Part;
  switch (*rc::gen::inRange(0, deep ? 8 : 5)) {
    case 0: return {llm::TextPart{.text = *text(), .signature = *text(), .refusal = *rc::gen::arbitrary<bool>()}};
    case 1:
      return llm::image_bytes(*rc::gen::arbitrary<std::string>(), *rc::gen::element<std::string>("", "image/png"));
    case 2:
      return {llm::DocumentPart{.source = {llm::MediaSource::Kind::kUrl, "https://e.com/" + *word()}, .name = *text()}};
    case 3: return {llm::AudioPart{.source = {llm::MediaSource::Kind::kFileId, *word()}, .transcript = *text()}};
    case 4: return {llm::TextPart{.text = *text(), .cache = llm::CacheControl{.ttl = "1h"}}};
    case 5:
      return {llm::ToolCallPart{
          .id = *text(), .name = *word(), .arguments = *rc::gen::oneOf(object_text(), rc::gen::nonEmpty(text()))}};
    case 6: return {llm::ReasoningPart{.text = *text(), .signature = *text(), .provider = llm::Provider::kAnthropic}};
    default: return {llm::OpaquePart{.provider = llm::Provider::kGoogle, .json = *object_text()}};
  }
}

std::vector<llm::Message> any_messages() {
  std::vector<llm::Message> messages;
  for (int i = *rc::gen::inRange(0, 5); i > 0; --i) {
    llm::Message message{
        .role = *rc::gen::element(llm::Role::kSystem, llm::Role::kUser, llm::Role::kAssistant, llm::Role::kTool)};
    if (message.role == llm::Role::kTool) {
      llm::ToolResultPart result{
          .tool_call_id = *word(), .tool_name = *text(), .is_error = *rc::gen::arbitrary<bool>()};
      for (int k = *rc::gen::inRange(0, 3); k > 0; --k) result.content.push_back(any_part(false));
      message.parts.push_back({std::move(result)});
    } else {
      for (int k = *rc::gen::inRange(0, 4); k > 0; --k) message.parts.push_back(any_part(true));
    }
    messages.push_back(std::move(message));
  }
  return messages;
}

TEST(SpanProperty, WritingAndReadingGivesTheSpanBack) {
  EXPECT_TRUE(rc::check([] {
    const Span in = any_span();
    const std::string written = to_json(in);
    json::Document document;
    const auto value = document.parse(written);
    RC_ASSERT(value.has_value());
    const auto out = from_json(*value);
    if (!out) RC_FAIL(out.error().message);
    RC_ASSERT(nlohmann::json::parse(to_json(*out)) == nlohmann::json::parse(written));
    RC_ASSERT(out->output == in.output);
    RC_ASSERT(out->start_time == in.start_time);
    RC_ASSERT(out->temperature == in.temperature);
    RC_ASSERT(out->usage.input_tokens == in.usage.input_tokens);
    RC_ASSERT(out->tags == in.tags);
    RC_ASSERT(out->name == in.name);
  }));
}

TEST(SpanProperty, FitNeverLeavesASpanThatIsRefused) {
  EXPECT_TRUE(rc::check([] {
    Span span = any_span();
    span.trace_id = *rc::gen::arbitrary<std::string>();
    span.parent_span_id = *rc::gen::arbitrary<std::string>();
    span.label = *rc::gen::arbitrary<std::string>();
    span.finish_reason = *rc::gen::arbitrary<std::string>();
    span.latency_ms = *rc::gen::arbitrary<int64_t>();
    span.temperature = *rc::gen::arbitrary<double>();
    span.usage.output_tokens = *rc::gen::arbitrary<int64_t>();
    span.tags = *rc::gen::arbitrary<std::vector<std::string>>();
    fit(span);
    json::Document document;
    const auto value = document.parse(to_json(span));
    RC_ASSERT(value.has_value());
    const auto out = from_json(*value);
    if (!out) RC_FAIL(out.error().message);
  }));
}

TEST(MessagesProperty, WritingAndReadingGivesTheConversationBack) {
  EXPECT_TRUE(rc::check([] {
    const std::string written = messages_json(any_messages());
    json::Document document;
    const auto value = document.parse(written);
    RC_ASSERT(value.has_value());
    const auto out = messages_from_json(*value);
    if (!out) RC_FAIL(out.error().message + " in " + written);
    RC_ASSERT(nlohmann::json::parse(messages_json(*out)) == nlohmann::json::parse(written));
  }));
}

}  // namespace
}  // namespace tracia::span
