// Reading members of a request: the first thing that is wrong is kept. Private to libs/gateway.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tracia/base/result.h"
#include "tracia/gateway/request.h"
#include "tracia/json/reader.h"

namespace tracia::gateway {

// A request's body as a JSON object. Buffers for bodies of usual size are kept by the thread: making them anew costs
// several times the parse. One at a time on a thread; values are good while it lives.
class Body {
 public:
  Result<json::Value> parse(std::string_view text);

 private:
  json::Document own_;
};

// The member, missing when null.
json::Value member(const json::Value& object, std::string_view name);

// Values of a type; an absent member leaves `out`. Errors name the member.
Status read_flag(const json::Value& object, std::string_view name, bool& out);
Status read_number(const json::Value& object, std::string_view name, std::optional<double>& out);
Status read_count(const json::Value& object, std::string_view name, std::optional<int64_t>& out);
Status read_word(const json::Value& object, std::string_view name, std::string& out);

// `model`, `stream`, `user` and `metadata`, which every dialect has. Errors: see read_chat().
Status read_common(const json::Value& body, ChatInput& out);
// The model's name alone.
Status read_model(const json::Value& body, std::string& out);

// A JSON schema format: {"name","schema","strict","description"}, wherever the dialect puts it.
Status read_schema(const json::Value& holder, std::string_view param, llm::ResponseFormat& out);
// A function or custom tool; `body` is where its name is, which differs between the dialects.
Status read_tool(const json::Value& tool, const json::Value& body, const std::string& param, llm::Tool& out);
// "auto", "none", "required"; nullopt for other words.
std::optional<llm::ToolChoice::Mode> choice_mode(std::string_view word);

// "<param>: <what> works only with models behind …"
Error only_openai(std::string_view param, std::string_view what);

}  // namespace tracia::gateway
