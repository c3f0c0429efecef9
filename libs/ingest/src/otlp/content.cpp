#include "content.h"

#include <algorithm>

#include "dialects.h"
#include "tracia/base/bytes.h"
#include "tracia/json/writer.h"
#include "tracia/span/messages.h"

namespace tracia::ingest::otlp {
namespace {

using llm::Role;

// Conversations held as JSON, best first.
constexpr std::string_view kInputKeys[] = {"gen_ai.input.messages", "ai.prompt.messages", "ai.prompt",
                                           "pydantic_ai.all_messages", "all_messages"};
constexpr std::string_view kOutputKeys[] = {"gen_ai.output.messages"};
// Conversations held as attributes with numbered names.
constexpr std::string_view kInputPrefixes[] = {"llm.input_messages.", "gen_ai.prompt.", "llm.prompts."};
constexpr std::string_view kOutputPrefixes[] = {"llm.output_messages.", "gen_ai.completion.", "llm.choices.",
                                                "llm.completions."};
// Lists of events in an attribute (Logfire, pydantic-ai).
constexpr std::string_view kEventKeys[] = {"all_messages_events", "events"};

void read_flat(const Attributes& attributes, std::span<const std::string_view> prefixes, Role role, JsonPool& pool,
               std::vector<llm::Message>& out) {
  for (const std::string_view prefix : prefixes) {
    if (!out.empty()) return;
    const bool nested = prefix.starts_with("gen_ai.");
    const std::string tree = unflatten(attributes, prefix, pool, nested ? "content" : "");
    if (!tree.empty()) read_messages(pool.parse(tree), role, out);
  }
}

void read_instructions(const Attributes& attributes, Content& out) {
  const AnyValue* value = attributes.find("gen_ai.system_instructions");
  if (value == nullptr) return;
  llm::Message message{.role = Role::kSystem};
  if (const json::Value parts = attributes.json("gen_ai.system_instructions")) {
    read_parts(parts, message.parts);
  } else {
    message.parts.push_back(llm::text_part(text_of(*value)));
  }
  if (!message.parts.empty()) out.instructions.push_back(std::move(message));
}

// The AI SDK keeps the parts of an answer apart.
void read_ai_sdk_answer(const Attributes& attributes, Content& out) {
  llm::Message message{.role = Role::kAssistant};
  if (const auto* reasoning = attributes.find("ai.response.reasoning")) {
    message.parts.push_back({llm::ReasoningPart{.text = text_of(*reasoning)}});
  }
  if (const auto* text = attributes.find("ai.response.text")) {
    message.parts.push_back(llm::text_part(text_of(*text)));
  } else if (const auto* object = attributes.find("ai.response.object")) {
    message.parts.push_back(llm::text_part(text_of(*object)));
  }
  read_tool_calls(attributes.json("ai.response.toolCalls"), message.parts);
  if (!message.parts.empty()) out.output.push_back(std::move(message));
}

// A whole request or answer in one attribute: JSON of some shape, or plain text.
void read_payload(const Attributes& attributes, std::span<const Source> sources, Role role,
                  std::vector<llm::Message>& out) {
  for (const Source& source : sources) {
    if (!out.empty()) return;
    const AnyValue* value = attributes.find(source.key);
    if (value == nullptr) continue;
    const json::Value json = attributes.json(source.key);
    if (json) {
      read_messages(json, role, out);
      if (!out.empty()) return;
    }
    // An object of no known shape is what was said all the same: a structured answer, the arguments of a template.
    std::string text = json.is_string() ? json.text() : text_of(*value);
    if (!text.empty()) out.push_back({.role = role, .parts = {llm::text_part(std::move(text))}});
  }
}

void read_logfire(const Attributes& attributes, Content& out) {
  if (out.input.empty()) {
    if (const json::Value request = attributes.json("request_data")) read_messages(request, Role::kUser, out.input);
  }
  if (!out.output.empty()) return;
  const json::Value response = attributes.json("response_data");
  if (const json::Value message = response["message"]; message.is_object()) {
    read_messages(message, Role::kAssistant, out.output);
  } else if (const json::Value chunks = response["combined_chunk_content"]; chunks.is_string()) {
    out.output.push_back({.role = Role::kAssistant, .parts = {llm::text_part(chunks.text())}});
  }
}

void read_tool_definitions(const Attributes& attributes, JsonPool& pool, Content& out) {
  for (const std::string_view prefix : {"llm.tools.", "llm.request.functions."}) {
    const std::string tree = unflatten(attributes, prefix, pool);
    if (!tree.empty()) read_tools(pool.parse(tree), out.tools);
  }
  for (const Source& source : kToolKeys) {
    if (!out.tools.empty()) return;
    const json::Value at = attributes.json(source.key);
    if (at) read_tools(source.path.empty() ? at : at[source.path], out.tools);
  }
}

void move_answers_apart(Content& out) {
  // pydantic-ai's all_messages and old events end with the answer.
  if (!out.output.empty() || out.input.empty() || out.input.back().role != Role::kAssistant) return;
  out.output.push_back(std::move(out.input.back()));
  out.input.pop_back();
}

std::string first_finish_reason(const Attributes& attributes, bool whole_payloads) {
  // An array, JSON text of one, or the word alone.
  if (const json::Value reasons = attributes.json("gen_ai.response.finish_reasons"); reasons.is_array()) {
    const std::string first = reasons.at(0).text();
    if (!first.empty()) return first;
  } else if (const std::string_view word = attributes.text("gen_ai.response.finish_reasons"); !word.empty()) {
    return std::string(word);
  }
  if (const auto word = attributes.first_text(kFields.finish_reason)) return *word;
  if (!whole_payloads) return {};
  for (const std::string_view key : {"gen_ai.output.messages", "gen_ai.completion", "mlflow.spanOutputs",
                                     "langfuse.observation.output", "output.value"}) {
    if (std::string reason = finish_reason_in(attributes.json(key)); !reason.empty()) return reason;
  }
  return {};
}

// The system messages that a span has so far.
std::vector<llm::Message> instructions_in(const span::Span& span) {
  std::vector<llm::Message> messages;
  json::Document document;
  const auto input = document.parse_lenient(span.input_json);
  if (input) read_messages((*input)["messages"], Role::kSystem, messages);
  return messages;
}

std::string json_text(const json::Value& value) { return value.is_string() ? value.text() : value.to_json(); }

}  // namespace

Content read_content(const Attributes& attributes, bool whole_payloads, JsonPool& pool) {
  Content out;
  read_instructions(attributes, out);
  for (const std::string_view key : kInputKeys) {
    if (out.input.empty()) read_messages(attributes.json(key), Role::kUser, out.input);
  }
  read_flat(attributes, kInputPrefixes, Role::kUser, pool, out.input);
  for (const std::string_view key : kOutputKeys) {
    if (out.output.empty()) read_messages(attributes.json(key), Role::kAssistant, out.output);
  }
  read_flat(attributes, kOutputPrefixes, Role::kAssistant, pool, out.output);
  if (out.output.empty()) read_ai_sdk_answer(attributes, out);
  for (const std::string_view key : kEventKeys) {
    if (!out.input.empty()) break;
    for (const json::Value event : attributes.json(key).items()) {
      read_event(event["event.name"].string_or(""), event, {}, out);
    }
    move_answers_apart(out);
  }
  if (whole_payloads) {
    read_logfire(attributes, out);
    read_payload(attributes, kFields.input, Role::kUser, out.input);
    read_payload(attributes, kFields.output, Role::kAssistant, out.output);
  }
  read_tool_definitions(attributes, pool, out);
  out.finish_reason = first_finish_reason(attributes, whole_payloads);
  return out;
}

bool is_genai_event(std::string_view name) {
  return name.starts_with("gen_ai.") &&
         (name.ends_with(".message") || name == "gen_ai.choice" || name == "gen_ai.content.prompt" ||
          name == "gen_ai.content.completion" || name == "gen_ai.client.inference.operation.details");
}

void read_event(std::string_view name, const json::Value& body, const json::Value& attributes, Content& out) {
  if (name == "gen_ai.client.inference.operation.details") {
    for (const json::Value& at : {body, attributes}) {
      if (const json::Value parts = at["gen_ai.system_instructions"]; parts && out.instructions.empty()) {
        llm::Message message{.role = Role::kSystem};
        read_parts(parts, message.parts);
        out.instructions.push_back(std::move(message));
      }
      if (const json::Value input = at["gen_ai.input.messages"]) read_messages(input, Role::kUser, out.input);
      if (const json::Value output = at["gen_ai.output.messages"]) read_messages(output, Role::kAssistant, out.output);
      if (const json::Value tools = at["gen_ai.tool.definitions"]; tools && out.tools.empty())
        read_tools(tools, out.tools);
    }
    return;
  }
  // Span events carry the body as attributes, or as JSON text in one of them.
  json::Document document;
  json::Value at = body.is_missing_or_null() ? attributes : body;
  for (const std::string_view key : {"gen_ai.event.content", "event_body", "gen_ai.prompt", "gen_ai.completion"}) {
    const json::Value inner = attributes[key];
    if (!inner.is_string()) continue;
    const auto parsed = document.parse_lenient(inner.string_or(""));
    at = parsed ? *parsed : inner;
    break;
  }
  if (name == "gen_ai.choice" || name == "gen_ai.content.completion") {
    const bool second_choice = name == "gen_ai.choice" && at["index"].integer().value_or(0) > 0;
    if (second_choice) return;
    if (out.finish_reason.empty()) out.finish_reason = at["finish_reason"].text();
    return read_messages(at["message"].is_object() ? at["message"] : at, Role::kAssistant, out.output);
  }
  const std::string_view role = name.substr(7, name.size() > 15 ? name.size() - 15 : 0);  // gen_ai.<role>.message
  if (at.is_object() && name.ends_with(".message")) {
    llm::Role spoken = role_of(role);
    std::vector<llm::Message> one;
    read_messages(at, spoken, one);
    if (one.empty()) one.push_back({.role = spoken});
    out.input.insert(out.input.end(), std::make_move_iterator(one.begin()), std::make_move_iterator(one.end()));
    return;
  }
  read_messages(at, role_of(role), out.input);
}

bool lacks_messages(const span::Span& span) {
  // Written by this library: compact, so that these cannot be inside a text.
  for (const std::string_view role : {"user", "assistant", "tool", "developer"}) {
    if (span.input_json.find("\"role\":\"" + std::string(role) + "\"") != std::string::npos) return false;
  }
  return span.input_json.empty() || span.input_json.starts_with("{\"messages\":");
}

void fill_content(const Content& content, span::Span& span) {
  const bool more = !content.input.empty() || (span.input_json.empty() && !content.instructions.empty());
  if (more && lacks_messages(span)) {
    std::vector<llm::Message> messages = content.instructions;
    if (messages.empty()) messages = instructions_in(span);
    // Some say their instructions twice: apart, and as the first message.
    const bool twice = !messages.empty() && !content.input.empty() && content.input[0].role == Role::kSystem &&
                       content.input[0].text() == messages[0].text();
    if (twice) messages.clear();
    messages.insert(messages.end(), content.input.begin(), content.input.end());
    span.input_json = span::messages_input_json(messages);
  }
  const Answer answer = answer_of(content.output);
  if (!span.output && answer.has_text) span.output = to_valid_utf8(answer.text);
  if (span.tool_calls_json.empty() && !answer.tool_calls.empty()) {
    span.tool_calls_json = span::tool_calls_json(answer.tool_calls);
  }
  if (span.tools_json.empty() && !content.tools.empty()) span.tools_json = span::tools_json(content.tools);
  if (span.provider_finish_reason.empty()) {
    span.provider_finish_reason = to_valid_utf8(content.finish_reason);
    span.finish_reason = finish_reason_of(content.finish_reason);
  }
}

std::vector<std::string> embedded_texts(const Attributes& attributes, JsonPool& pool) {
  std::vector<std::string> texts;
  const auto take = [&texts](const json::Value& value) {
    if (const auto text = value.string()) texts.emplace_back(*text);
    for (const json::Value item : value.items()) {
      if (texts.size() < span::limits::kMessagesMax) texts.push_back(json_text(item));
    }
  };
  const std::string tree = unflatten(attributes, "embedding.embeddings.", pool);
  if (!tree.empty()) {
    for (const json::Value item : pool.parse(tree).items()) take(item["embedding"]["text"]);
    if (!texts.empty()) return texts;
  }
  for (const std::string_view key : {"ai.value", "ai.values"}) {
    const AnyValue* value = attributes.find(key);
    if (value == nullptr) continue;
    const json::Value json = attributes.json(key);
    if (!json) texts.push_back(text_of(*value));
    // ai.values is an array of texts that are JSON themselves.
    for (const json::Value item : json.items()) {
      const json::Value inner = pool.parse(item.string_or(""));
      texts.push_back(inner.is_string() ? inner.text() : json_text(item));
    }
    if (json.is_string()) texts.push_back(json.text());
    if (!texts.empty()) return texts;
  }
  for (const Source& source : kFields.input) {
    const AnyValue* value = attributes.find(source.key);
    if (value == nullptr) continue;
    json::Value json = attributes.json(source.key);
    if (!json) return {text_of(*value)};
    for (const std::string_view name : {"input", "inputs", "text", "texts", "contents", "query"}) {
      if (json.is_object() && json[name]) json = json[name];
    }
    take(json);
    if (!texts.empty()) return texts;
  }
  for (const Attribute& attribute : attributes.with_prefix("gen_ai.prompt.")) {
    if (attribute.key.ends_with(".content")) texts.push_back(text_of(attribute.value));
  }
  return texts;
}

}  // namespace tracia::ingest::otlp
