#include "prompt_file.h"

// Header-only and without exceptions: the system's shared library is built with them.
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "tracia/base/bytes.h"
#include "tracia/json/writer.h"

namespace tracia::app {
namespace {

constexpr std::string_view kHead =
    "# A prompt of Tracia. `version` is the one it was pulled from; `tracia prompts push` makes the next.\n";

Error bad(std::string message) { return Error::invalid(std::move(message)); }

// ---- Reading

// Takes members out of a table one by one, so that what is left at the end is unknown.
class Members {
 public:
  Members(const toml::table& table, std::string place) : table_(table), place_(std::move(place)) {}

  std::string text(std::string_view name) {
    const toml::node* node = take(name);
    if (node == nullptr) return "";
    if (const auto value = node->value_exact<std::string>()) return *value;
    wrong(name, "text in quotes");
    return "";
  }
  std::optional<double> number(std::string_view name) {
    const toml::node* node = take(name);
    if (node == nullptr) return std::nullopt;
    const auto value = node->value<double>();
    if (!node->is_number() || !value) wrong(name, "a number");
    return value;
  }
  std::optional<int64_t> integer(std::string_view name) {
    const toml::node* node = take(name);
    if (node == nullptr) return std::nullopt;
    const auto value = node->value_exact<int64_t>();
    if (!value) wrong(name, "a whole number");
    return value;
  }
  std::vector<std::string> texts(std::string_view name) {
    std::vector<std::string> out;
    const toml::node* node = take(name);
    if (node == nullptr) return out;
    const toml::array* list = node->as_array();
    if (list == nullptr) {
      wrong(name, "a list of texts");
      return out;
    }
    for (const toml::node& item : *list) {
      const auto value = item.value_exact<std::string>();
      if (!value) wrong(name, "a list of texts");
      out.push_back(value.value_or(""));
    }
    return out;
  }
  // JSON text, in the spelling that write_prompt_file() gives it.
  std::string json(std::string_view name) {
    const std::string value = text(name);
    if (value.empty()) return "";
    json::Document document;
    const auto root = document.parse(value);
    if (!root) {
      fail_with(place_ + std::string(name) + " is " + root.error().message);
      return "";
    }
    return root->to_json();
  }
  const toml::node* take(std::string_view name) {
    taken_.emplace_back(name);
    return table_.get(name);
  }
  void fail_with(std::string message) {
    if (!error_) error_ = bad(std::move(message));
  }
  Status finish() {
    for (const auto& [key, node] : table_) {
      if (std::find(taken_.begin(), taken_.end(), key.str()) == taken_.end()) {
        fail_with(place_ + std::string(utf8_prefix(key.str(), 80)) + " is no member of a prompt file");
      }
    }
    if (error_) return fail(*error_);
    return {};
  }

 private:
  void wrong(std::string_view name, std::string_view expected) {
    fail_with(place_ + std::string(name) + " must be " + std::string(expected));
  }
  const toml::table& table_;
  std::string place_;
  std::vector<std::string> taken_;
  std::optional<Error> error_;
};

Result<std::vector<PromptFileMessage>> read_messages(const toml::node* node) {
  const toml::array* list = node == nullptr ? nullptr : node->as_array();
  if (list == nullptr || list->empty()) return fail(bad("a prompt file needs at least one [[messages]]"));
  std::vector<PromptFileMessage> out;
  for (const toml::node& item : *list) {
    const std::string place = "messages[" + std::to_string(out.size()) + "].";
    const toml::table* table = item.as_table();
    if (table == nullptr) return fail(bad("messages must be written as [[messages]]"));
    Members members(*table, place);
    PromptFileMessage message{.id = members.text("id"),
                              .role = members.text("role"),
                              .content = members.text("content"),
                              .parts = members.json("parts"),
                              .tool_call_id = members.text("tool_call_id"),
                              .tool_name = members.text("tool_name")};
    if (!message.parts.empty() && message.parts.front() != '[') members.fail_with(place + "parts must be a JSON list");
    if (!message.parts.empty() && !message.content.empty()) {
      members.fail_with(place + "content and parts: give one of them");
    }
    if (message.id.empty()) message.id = "msg_" + std::to_string(out.size() + 1);
    if (message.role.empty()) members.fail_with(place + "role is required: system, developer, user or assistant");
    TRACIA_TRY(members.finish());
    out.push_back(std::move(message));
  }
  return out;
}

// ---- Writing

// Inside """, where line breaks stand for themselves; `lines` is false for a text on one line.
std::string escaped(std::string_view text, bool lines) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '"') {
      // One quote alone may stand in a long text; two together, or one at the end, would begin to close it.
      const bool alone = lines && i + 1 < text.size() && text[i + 1] != '"';
      out += alone ? "\"" : "\\\"";
    } else if (c == '\n') {
      out += lines ? "\n" : "\\n";
    } else if (c == '\t') {
      out += lines ? "\t" : "\\t";
    } else if (c < 0x20 || c == 0x7f) {
      constexpr std::string_view kHex = "0123456789ABCDEF";
      out += "\\u00";
      out += kHex[c >> 4];
      out += kHex[c & 15];
    } else {
      out += static_cast<char>(c);
    }
  }
  return out;
}

std::string quoted(std::string_view text) {
  if (text.find('\n') == std::string_view::npos) return "\"" + escaped(text, false) + "\"";
  return "\"\"\"\n" + escaped(text, true) + "\"\"\"";
}

void line(std::string& out, std::string_view name, const std::string& value) {
  out.append(name).append(" = ").append(value).push_back('\n');
}

void text_line(std::string& out, std::string_view name, std::string_view text) {
  if (!text.empty()) line(out, name, quoted(text));
}

std::string number_text(double value) {
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return {buffer.data(), end.ptr};
}

void json_line(std::string& out, std::string_view name, const std::string& text) {
  if (text.empty()) return;
  json::Document document;
  const auto root = document.parse(text);
  if (!root) return;
  const std::string json = indented(*root);
  // Literal where that can be: JSON is full of quotes and backslashes.
  const bool literal = json.find("'''") == std::string::npos && json.find('\x7f') == std::string::npos;
  line(out, name, literal ? "'''\n" + json + "'''" : quoted(json));
}

void indent_into(const json::Value& value, size_t level, std::string& out) {
  const auto next_line = [&](size_t at) { out.append("\n").append(at * 2, ' '); };
  bool first = true;
  if (value.is_object()) {
    for (const json::Member member : value.members()) {
      out += first ? "{" : ",";
      first = false;
      next_line(level + 1);
      json::Writer key;
      out += key.value(member.key).take() + ": ";
      indent_into(member.value, level + 1, out);
    }
  } else if (value.is_array()) {
    for (const json::Value item : value.items()) {
      out += first ? "[" : ",";
      first = false;
      next_line(level + 1);
      indent_into(item, level + 1, out);
    }
  }
  if (first) {
    out += value.to_json();
    return;
  }
  next_line(level);
  out += value.is_object() ? "}" : "]";
}

std::string json_or_empty(const json::Value& value) { return value.is_missing_or_null() ? "" : value.to_json(); }

void raw_or_null(json::Writer& w, std::string_view name, const std::string& json) {
  w.field_raw(name, json.empty() ? "null" : json);
}

template <typename T>
void value_or_null(json::Writer& w, std::string_view name, const std::optional<T>& value) {
  w.key(name);
  if (value) {
    w.value(*value);
  } else {
    w.null();
  }
}

}  // namespace

Result<PromptFile> parse_prompt_file(std::string_view text) {
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    const auto& error = parsed.error();
    return fail(bad("line " + std::to_string(error.source().begin.line) + ": " + std::string(error.description())));
  }
  Members members(parsed.table(), "");
  PromptFile out{.slug = members.text("slug"),
                 .name = members.text("name"),
                 .description = members.text("description"),
                 .version = members.integer("version").value_or(0),
                 .provider = ascii_lower(members.text("provider")),
                 .model = members.text("model"),
                 .temperature = members.number("temperature"),
                 .top_p = members.number("top_p"),
                 .max_output_tokens = members.integer("max_output_tokens"),
                 .stop_sequences = members.texts("stop_sequences"),
                 .tools = members.json("tools"),
                 .tool_choice = members.json("tool_choice"),
                 .output_schema = members.json("output_schema")};
  auto messages = read_messages(members.take("messages"));
  TRACIA_TRY(members.finish());
  if (!messages) return fail(std::move(messages).error());
  out.messages = std::move(*messages);
  if (out.slug.empty()) return fail(bad("slug is required"));
  if (out.name.empty()) return fail(bad("name is required"));
  return out;
}

std::string write_prompt_file(const PromptFile& prompt) {
  std::string out(kHead);
  line(out, "name", quoted(prompt.name));
  line(out, "slug", quoted(prompt.slug));
  if (prompt.version > 0) line(out, "version", std::to_string(prompt.version));
  text_line(out, "description", prompt.description);
  text_line(out, "provider", prompt.provider);
  text_line(out, "model", prompt.model);
  if (prompt.temperature) line(out, "temperature", number_text(*prompt.temperature));
  if (prompt.top_p) line(out, "top_p", number_text(*prompt.top_p));
  if (prompt.max_output_tokens) line(out, "max_output_tokens", std::to_string(*prompt.max_output_tokens));
  if (!prompt.stop_sequences.empty()) {
    std::string list;
    for (const std::string& text : prompt.stop_sequences) {
      list += (list.empty() ? "\"" : ", \"") + escaped(text, false) + "\"";
    }
    line(out, "stop_sequences", "[" + list + "]");
  }
  json_line(out, "tools", prompt.tools);
  json_line(out, "tool_choice", prompt.tool_choice);
  json_line(out, "output_schema", prompt.output_schema);
  for (const PromptFileMessage& message : prompt.messages) {
    out += "\n[[messages]]\n";
    line(out, "id", quoted(message.id));
    line(out, "role", quoted(message.role));
    text_line(out, "tool_call_id", message.tool_call_id);
    text_line(out, "tool_name", message.tool_name);
    if (message.parts.empty()) {
      line(out, "content", quoted(message.content));
    } else {
      json_line(out, "parts", message.parts);
    }
  }
  return out;
}

PromptFile version_from_api(const json::Value& version, const PromptFile& prompt) {
  PromptFile out{.slug = prompt.slug,
                 .name = prompt.name,
                 .description = prompt.description,
                 .version = version["version"].integer().value_or(0),
                 .provider = ascii_lower(version["provider"].text()),  // answered in capitals
                 .model = version["model"].text(),
                 .temperature = version["temperature"].number(),
                 .top_p = version["topP"].number(),
                 .max_output_tokens = version["maxOutputTokens"].integer(),
                 .tools = json_or_empty(version["tools"]),
                 .tool_choice = json_or_empty(version["toolChoice"]),
                 .output_schema = json_or_empty(version["outputSchema"])};
  for (const json::Value text : version["stopSequences"].items()) out.stop_sequences.push_back(text.text());
  // A prompt calls its messages content, a version calls them messages.
  const json::Value messages = version["messages"].is_array() ? version["messages"] : version["content"];
  for (const json::Value m : messages.items()) {
    const json::Value content = m["content"];
    out.messages.push_back({.id = m["id"].text(),
                            .role = m["role"].text(),
                            .content = content.text(),
                            .parts = content.is_array() ? content.to_json() : "",
                            .tool_call_id = m["toolCallId"].text(),
                            .tool_name = m["toolName"].text()});
  }
  return out;
}

PromptFile prompt_from_api(const json::Value& prompt) {
  PromptFile named;
  named.slug = prompt["slug"].text();
  named.name = prompt["name"].text();
  named.description = prompt["description"].text();
  PromptFile out = version_from_api(prompt, named);
  out.version = prompt["currentVersion"].integer().value_or(0);
  return out;
}

std::string prompt_body(const PromptFile& prompt, std::optional<int64_t> base_version, const std::string& note) {
  json::Writer w;
  w.begin_object().field("name", prompt.name);
  if (!base_version) w.field("slug", prompt.slug);
  w.field("description", prompt.description);
  w.key("content").begin_array();
  for (const PromptFileMessage& m : prompt.messages) {
    w.begin_object().field("id", m.id).field("role", m.role);
    if (m.parts.empty()) {
      w.field("content", m.content);
    } else {
      w.field_raw("content", m.parts);
    }
    w.field_if("toolCallId", m.tool_call_id).field_if("toolName", m.tool_name).end_object();
  }
  w.end_array();
  const auto text_or_null = [](const std::string& text) {
    return text.empty() ? std::nullopt : std::optional<std::string>(text);
  };
  value_or_null(w, "provider", text_or_null(prompt.provider));
  value_or_null(w, "model", text_or_null(prompt.model));
  value_or_null(w, "temperature", prompt.temperature);
  value_or_null(w, "topP", prompt.top_p);
  value_or_null(w, "maxOutputTokens", prompt.max_output_tokens);
  w.key("stopSequences").begin_array();
  for (const std::string& text : prompt.stop_sequences) w.value(text);
  w.end_array();
  raw_or_null(w, "tools", prompt.tools);
  raw_or_null(w, "toolChoice", prompt.tool_choice);
  raw_or_null(w, "outputSchema", prompt.output_schema);
  w.field_if("note", note).field("baseVersion", base_version);
  return w.end_object().take();
}

bool same_prompt(const PromptFile& a, const PromptFile& b) {
  PromptFile other = b;
  other.version = a.version;
  return write_prompt_file(a) == write_prompt_file(other);
}

std::string indented(const json::Value& value) {
  std::string out;
  indent_into(value, 0, out);
  return out;
}

}  // namespace tracia::app
