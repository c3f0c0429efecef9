#include "otel.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "case_files.h"
#include "otel_protobuf.h"
#include "tracia/base/bytes.h"
#include "tracia/ingest/otlp.h"
#include "tracia/json/reader.h"

namespace tracia::conformance {
namespace {

namespace otlp = ingest::otlp;
using Json = nlohmann::json;

const std::string kProject = "prj_conformance";
constexpr Timestamp kNow{1'795'000'000'000'000};

struct ReadSpan {
  span::Span span;
  llm::RawUsage usage;
};
using SpansById = std::map<std::string, ReadSpan>;

Json parse(const std::string& text) { return Json::parse(text.empty() ? "null" : text, nullptr, false); }

bool is_nothing(const Json& value) {
  return value.is_null() || (value.is_string() && value.get_ref<const std::string&>().empty()) ||
         ((value.is_array() || value.is_object()) && value.empty());
}

// JSON texts and what they hold are the same content.
Json unwrapped(const Json& value) {
  if (!value.is_string()) return value;
  const Json inner = Json::parse(value.get_ref<const std::string&>(), nullptr, false);
  return inner.is_discarded() ? value : inner;
}
bool is_same(const Json& want, const Json& got) {
  if (is_nothing(want) && is_nothing(got)) return true;
  return want == got || unwrapped(want) == unwrapped(got);
}

Json count(const std::optional<int64_t>& number) { return number ? Json(*number) : Json(); }
Json word(const std::string& text) { return text.empty() ? Json() : Json(text); }

// The texts of a message's content, in order; a tool's result is its content.
std::vector<std::string> texts_of(const Json& content) {
  if (content.is_string()) return {content.get<std::string>()};
  std::vector<std::string> texts;
  if (!content.is_array()) return texts;
  for (const Json& part : content) {
    if (part.value("type", "") == "text") texts.push_back(part.value("text", ""));
    if (part.value("type", "") != "tool_result") continue;
    for (auto& text : texts_of(part.value("content", Json()))) texts.push_back(std::move(text));
  }
  return texts;
}

std::string canonical_role(const std::string& role) {
  if (role == "model" || role == "ai") return "assistant";
  if (role == "human") return "user";
  return role == "function" ? "tool" : role;
}

bool is_same_message(const Json& want, const Json& got) {
  if (canonical_role(want.value("role", "")) != got.value("role", "")) return false;
  const std::vector<std::string> texts = texts_of(got.value("content", Json()));
  if (want.contains("text_parts")) return want["text_parts"] == Json(texts);
  if (!want.contains("text")) return true;
  std::string joined;
  for (const std::string& text : texts) joined += text;
  return is_same(want["text"], joined);
}

size_t leading_system(const Json& messages) {
  size_t count = 0;
  while (count < messages.size() && messages[count].value("role", "") == "system") ++count;
  return count;
}

Json messages_of(const span::Span& span) {
  const Json input = parse(span.input_json);
  return input.is_object() && input.contains("messages") ? input["messages"] : Json::array();
}

// A span has one tool message for each result; some dialects put several results into one message.
Json with_joined_results(const Json& got, size_t count) {
  Json out = Json::array();
  size_t spare = got.size() > count ? got.size() - count : 0;
  for (const Json& message : got) {
    const bool join =
        spare > 0 && !out.empty() && message.value("role", "") == "tool" && out.back().value("role", "") == "tool";
    if (!join) {
      out.push_back(message);
      continue;
    }
    --spare;
    Json parts = Json::array();
    for (const Json& one : {out.back(), message}) {
      for (const std::string& text : texts_of(one.value("content", Json())))
        parts.push_back({{"type", "text"}, {"text", text}});
    }
    out.back()["content"] = parts;
  }
  return out;
}

bool are_same_from(const Json& want, const Json& messages, size_t skip) {
  const Json got = with_joined_results(messages, want.size() + skip);
  if (got.size() != want.size() + skip) return false;
  for (size_t i = 0; i < want.size(); ++i) {
    if (!is_same_message(want[i], got[i + skip])) return false;
  }
  return true;
}

// Instructions that stand beside the messages in `expected` come first in a span; some data has them in both places.
bool are_same_messages(const Json& expected, const Json& got) {
  const Json want = is_nothing(expected["input_messages"]) ? Json::array() : expected["input_messages"];
  for (size_t skip = 0; skip <= std::min<size_t>(leading_system(got), 1); ++skip) {
    if (are_same_from(want, got, skip)) return true;
  }
  return false;
}

bool are_same_instructions(const Json& want, const Json& messages) {
  if (is_nothing(want)) return true;
  std::vector<std::string> texts;
  if (leading_system(messages) > 0) texts = texts_of(messages[0]["content"]);
  return want == Json(texts);
}

bool are_same_calls(const Json& want, const Json& got) {
  if (is_nothing(want) || is_nothing(got)) return is_nothing(want) && is_nothing(got);
  if (want.size() != got.size()) return false;
  for (size_t i = 0; i < want.size(); ++i) {
    if (!is_same(want[i]["id"], got[i]["id"]) || want[i]["name"] != got[i]["name"]) return false;
    if (!is_same(want[i]["arguments"], got[i]["arguments"])) return false;
  }
  return true;
}

bool is_same_tool(const Json& want, const span::Span& span) {
  const Json input = parse(span.input_json);
  const auto holds = [&](const char* name, const char* member) {
    return !want.contains(name) || is_same(want[name], input.value(member, Json()));
  };
  // Where a dialect names no tool the span's name is as good.
  const bool named = is_nothing(want.value("name", Json())) || holds("name", "name");
  const bool result = !want.contains("result_raw") || is_same(want["result_raw"], word(span.output.value_or("")));
  // `null` is said of gen_ai.tool.call.arguments; another attribute may hold them.
  const bool arguments =
      !want.contains("arguments") || is_nothing(want["arguments"]) || holds("arguments", "arguments");
  return named && result && arguments && holds("call_id", "callId") && holds("arguments_raw", "arguments");
}

// The raw text of an input: whole, or what was taken out of it.
bool is_same_input(const Json& want, const span::Span& span) {
  const Json input = parse(span.input_json), raw = unwrapped(want);
  if (is_nothing(want)) return is_nothing(input);
  if (is_same(want, input) || !input.is_object()) return is_same(want, input);
  for (const char* member : {"value", "query", "arguments"}) {
    if (input.contains(member) && is_same(want, input[member])) return true;
  }
  if (!input.contains("text")) return false;
  const Json texts = raw.is_object() && raw.contains("input") ? raw["input"] : raw;
  return input["text"] == texts || input["text"] == Json::array({texts});
}

Json documents_of(const span::Span& span) {
  Json documents = Json::array();
  for (const Json& one : parse(span.output.value_or(""))) {
    documents.push_back({{"id", one.value("id", Json())},
                         {"content", one.value("content", Json())},
                         {"score", one.value("score", Json())}});
  }
  return documents;
}

class Case {
 public:
  Case(std::string id, bool protobuf, size_t& failures)
      : id_(std::move(id)), protobuf_(protobuf), failures_(failures) {}

  void compare(const Json& expected, const ReadSpan& read) {
    span_ = expected.value("spanId", "");
    const span::Span& s = read.span;
    field(expected, "kind", std::string(span::kind_name(s.kind)));
    field(expected, "model", word(s.model));
    if (expected.contains("model_any_of")) {
      const Json& any = expected["model_any_of"];
      check("model_any_of", std::find(any.begin(), any.end(), Json(s.model)) != any.end(), any, s.model);
    }
    field(expected, "provider", word(s.provider));
    // What a tool gives back is no model's text.
    field(expected, "output_text", s.kind == span::Kind::kTool ? Json() : word(s.output.value_or("")));
    field(expected, "input_tokens", count(read.usage.input_tokens));
    field(expected, "output_tokens", count(read.usage.output_tokens));
    field(expected, "total_tokens", count(read.usage.total_tokens));
    field(expected, "cached_tokens", count(read.usage.cached_tokens));
    field(expected, "reasoning_tokens", count(read.usage.reasoning_tokens));
    field(expected, "finish_reason", word(s.provider_finish_reason));
    field(expected, "user", word(s.user_id));
    field(expected, "session", word(s.session_id));
    field(expected, "status", s.status == span::SpanStatus::kError ? "ERROR" : "SUCCESS");
    field(expected, "temperature", s.temperature ? Json(*s.temperature) : Json());
    field(expected, "max_tokens", count(s.max_output_tokens));
    compare_content(expected, s);
    compare_raw_provider(expected, s);
  }

  void check(const char* name, bool same, const Json& want, const Json& got) {
    if (same) return;
    ++failures_;
    std::printf("FAIL %s %s%s span %s expected %s got %s\n", id_.c_str(), name, protobuf_ ? "(protobuf)" : "",
                span_.c_str(), shown(want).c_str(), shown(got).c_str());
  }

 private:
  void compare_content(const Json& expected, const span::Span& s) {
    const Json messages = messages_of(s);
    if (expected.contains("input_messages")) {
      check("input_messages", are_same_messages(expected, messages), expected["input_messages"], messages);
    }
    if (expected.contains("system_instructions_text")) {
      const Json& want = expected["system_instructions_text"];
      check("system_instructions_text", are_same_instructions(want, messages), want, messages);
    }
    if (expected.contains("tool_calls")) {
      const Json calls = parse(s.tool_calls_json);
      check("tool_calls", are_same_calls(expected["tool_calls"], calls), expected["tool_calls"], calls);
    }
    if (expected.contains("tool")) {
      const Json input = {{"input", parse(s.input_json)}, {"output", s.output.value_or("")}};
      check("tool", is_same_tool(expected["tool"], s), expected["tool"], input);
    }
    if (expected.contains("documents")) field(expected, "documents", documents_of(s));
    if (expected.contains("embedding_texts")) {
      field(expected, "embedding_texts", parse(s.input_json.empty() ? "{}" : s.input_json).value("text", Json()));
    }
    if (expected.contains("input_raw")) {
      check("input_raw", is_same_input(expected["input_raw"], s), expected["input_raw"], parse(s.input_json));
    }
    if (expected.contains("output_raw")) field(expected, "output_raw", word(s.output.value_or("")));
  }

  // The raw value is an attribute, and attributes are kept.
  void compare_raw_provider(const Json& expected, const span::Span& s) {
    if (!expected.contains("provider_raw")) return;
    const Json attributes = parse(s.attributes_json);
    bool found = false;
    for (const Json& value : attributes) found |= value == expected["provider_raw"];
    check("provider_raw", found, expected["provider_raw"], attributes);
  }

  void field(const Json& expected, const char* name, const Json& got) {
    if (expected.contains(name)) check(name, is_same(expected[name], got), expected[name], got);
  }

  static std::string shown(const Json& value) {
    const std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
    return text.size() <= 400 ? text : std::string(utf8_prefix(text, 400)) + "…";
  }

  std::string id_, span_;
  bool protobuf_;
  size_t& failures_;
};

Result<SpansById> read_case(const json::Value& one, otlp::Encoding encoding) {
  const bool protobuf = encoding == otlp::Encoding::kProtobuf;
  const json::Value traces = one["otlp"], logs = one["otlp_logs"];
  auto read = otlp::read_traces(protobuf ? traces_to_protobuf(traces) : traces.to_json(), encoding, kProject, {}, kNow);
  if (!read) return fail(read.error());
  std::map<std::string, std::vector<store::StoredSpan>> events;
  if (logs.is_object()) {
    auto records = otlp::read_logs(protobuf ? logs_to_protobuf(logs) : logs.to_json(), encoding, kProject);
    if (!records) return fail(records.error());
    int64_t received = 0;
    for (store::NewSpan& record : records->spans) {
      const std::string parent = record.span.parent_span_id;
      store::StoredSpan& stored = events[parent].emplace_back();
      stored.span = std::move(record.span);
      stored.received = {++received};
      if (!stored.span.start_time) stored.span.start_time = stored.received;
    }
  }
  SpansById spans;
  for (size_t i = 0; i < read->spans.size(); ++i) {
    span::Span& span = read->spans[i].span;
    if (otlp::wants_events(span)) otlp::join_events(events[span.span_id], span);
    const std::string id = span.span_id.substr(3);
    spans[id] = {std::move(span), std::move(read->raw_usage[i])};
  }
  return spans;
}

// True when every field of every span is as expected.
bool run_case(const json::Value& one, const std::string& name) {
  const Json expected = parse(one["expected"].to_json());
  size_t failures = 0;
  for (const auto encoding : {otlp::Encoding::kJson, otlp::Encoding::kProtobuf}) {
    if (failures > 0) break;  // the same again
    Case compared(one["id"].is_string() ? one["id"].text() : name, encoding == otlp::Encoding::kProtobuf, failures);
    const auto spans = read_case(one, encoding);
    if (!spans) {
      compared.check("otlp", false, "a request that can be read", spans.error().message);
      continue;
    }
    for (const Json& entry : expected) {
      const auto it = spans->find(entry.value("spanId", ""));
      if (it == spans->end()) {
        compared.check("spanId", false, entry.value("spanId", ""), "no such span");
      } else {
        compared.compare(entry, it->second);
      }
    }
  }
  return failures == 0;
}

}  // namespace

int run_otel(const std::filesystem::path& dir) {
  const auto files = list_files(dir);
  if (!files) {
    std::fprintf(stderr, "%s: %s\n", dir.c_str(), files.error().message.c_str());
    return 2;
  }
  size_t passed = 0, failed = 0;
  for (const auto& path : *files) {
    const auto text = read_file(path);
    json::Document document;
    const auto root = text ? document.parse(*text) : Result<json::Value>(fail(text.error()));
    if (!root) {
      std::fprintf(stderr, "%s: %s\n", path.c_str(), root.error().message.c_str());
      return 2;
    }
    if (!(*root)["otlp"].is_object() || !(*root)["expected"].is_array()) continue;  // an index and the like
    ++(run_case(*root, path.stem().string()) ? passed : failed);
  }
  if (passed + failed == 0) {
    std::fprintf(stderr, "%s: no case (an object with otlp and expected)\n", dir.c_str());
    return 2;
  }
  std::printf("%zu passed, %zu failed\n", passed, failed);
  return failed == 0 ? 0 : 1;
}

}  // namespace tracia::conformance
