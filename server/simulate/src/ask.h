// What a request asks and what the simulated model answers, in no vendor's shape. The protocol files read requests into
// an Ask, compose() decides the Reply, the protocol files write it out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tracia/json/reader.h"

namespace tracia::simulate {

enum class Role { kSystem, kUser, kAssistant, kTool };

struct Tool {
  std::string name;
  std::string description;
  json::Value schema;  // of its arguments; missing for a tool without any
};

struct Media {
  std::string kind;  // "image", "document", "audio", "video"
  std::string what;  // "image/png, 123 bytes" or an address
};

enum class ToolMode { kAuto, kNone, kRequired };

struct Ask {
  std::string model;
  // The conversation's end: the last user's words and media, and the tool results after them.
  std::string user_text;
  std::vector<Media> media;
  std::vector<std::string> tool_results;
  Role last_role = Role::kUser;  // of the last message that is not the system's
  Role current_role = Role::kUser;

  std::vector<Tool> tools;
  ToolMode tool_mode = ToolMode::kAuto;
  std::string forced_tool;  // with kRequired: this one
  bool parallel_tools = true;
  json::Value output_schema;  // an answer that fits this JSON Schema
  bool json_object = false;   // any JSON object
  int64_t max_tokens = 0;     // 0: unbounded
  bool max_includes_reasoning = false;
  std::vector<std::string> stops;
  bool reasoning = false;
  uint64_t variant = 0;  // which of several answers to the same request

  int64_t prompt_tokens = 0;  // estimate, kept by the methods below
  uint64_t hash = 0;          // of everything that was added: same content, same reply, streamed or not

  // Each is called in the order of the request. Reading order is part of the hash.
  void begin_message(Role role);
  void add_text(std::string_view text);
  void add_media(std::string_view kind, std::string what, std::string_view data);
  void add_tool_result(std::string_view text);
  void add_tool_call(std::string_view name, std::string_view arguments);
  void add_tool(Tool tool, size_t definition_bytes);
  void mix_in(std::string_view text);
};

// Length of what base64 text decodes to, without decoding it.
size_t base64_bytes(std::string_view base64);
// "image/png, 123 bytes" of a mime type and base64 data.
std::string describe_base64(std::string_view mime, std::string_view base64);
// A data: URL as above; other addresses as they are, shortened.
std::string describe_url(std::string_view url, std::string_view fallback_mime);

// About four bytes a token; at least 1 for text that is not empty. The rule of thumb of the vendors' own guides.
int64_t estimate_tokens(std::string_view text);
inline constexpr int64_t kMediaTokens = 256;
inline constexpr int64_t kMessageTokens = 4;

struct ToolCall {
  std::string name;
  std::string arguments;  // a JSON object
  uint64_t id = 0;        // seeds the vendor's id
};

enum class Finish { kStop, kLength, kToolCalls, kStopSequence };

struct Reply {
  uint64_t hash = 0;  // seeds ids
  std::string reasoning;
  std::string text;
  std::vector<ToolCall> calls;
  Finish finish = Finish::kStop;
  std::string stop_sequence;  // the one that was met
  int64_t input_tokens = 0;
  int64_t cached_tokens = 0;     // part of the input
  int64_t output_tokens = 0;     // reasoning included
  int64_t reasoning_tokens = 0;  // part of the output
};

Reply compose(const Ask& ask, uint64_t seed, bool cache);

// The reply's text in pieces of `words` words, white space kept; long runs without spaces are cut too.
std::vector<std::string_view> split_words(std::string_view text, int words);
// Pieces of about `bytes` bytes that do not cut UTF-8: how tool arguments arrive.
std::vector<std::string_view> split_bytes(std::string_view text, size_t bytes);

}  // namespace tracia::simulate
