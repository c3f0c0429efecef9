// Every recorded OpenAI request, read into our model and encoded again, against the recorded body.
#include <gtest/gtest.h>

#include <set>

#include "cassettes.h"
#include "openai_request_reader.h"

namespace tracia::llm::testing {
namespace {

// What our model cannot say, and why.
const std::map<std::string, std::string>& inexpressible() {
  static const std::map<std::string, std::string> cases{
      {"openai-embed-6540d2161bbc", "inputs are token ids; ours are texts"},
  };
  return cases;
}

void drop_nulls(Json& json) {
  if (json.is_array()) {
    for (Json& item : json) drop_nulls(item);
  }
  if (!json.is_object()) return;
  for (auto it = json.begin(); it != json.end();) {
    if (it->is_null()) {
      it = json.erase(it);
    } else {
      drop_nulls(*it);
      ++it;
    }
  }
}

void drop_if(Json& object, const char* key, const Json& value) {
  if (object.is_object() && object.contains(key) && object.at(key) == value) object.erase(key);
}

// One text part is the same as the text.
void flatten_text(Json& holder, const char* key) {
  if (!holder.contains(key) || !holder.at(key).is_array() || holder.at(key).size() != 1) return;
  const Json part = holder.at(key).at(0);
  const std::string type = part.value("type", "");
  if ((type == "text" || type == "input_text") && part.size() == 2) holder[key] = part.at("text");
}

// The equivalences, applied to both sides:
//  - null and absent; an empty tool description and none;
//  - text content as a string and as one text part; an input text and one user message; "type":"message" and none;
//  - system and developer (the codec chooses by model); max_tokens and max_completion_tokens (likewise);
//  - one stop sequence as a string and as an array; "stream":false, text response formats and their absence;
//  - stream_options: we always ask for usage;
//  - Responses tools without `strict` and with false: see write_tools(); logprobs of messages sent back are dropped;
//  - embeddings: one input as text and as array; any encoding_format, since the vectors are the same.
Json normal(Json body) {
  drop_nulls(body);
  for (const char* list : {"messages", "input"}) {
    if (!body.contains(list)) continue;
    if (body.at(list).is_string()) body[list] = Json::array({{{"role", "user"}, {"content", body.at(list)}}});
    for (Json& message : body.at(list)) {
      if (!message.is_object()) continue;
      flatten_text(message, "content");
      flatten_text(message, "output");
      drop_if(message, "type", "message");
      if (message.value("role", "") == "developer") message["role"] = "system";
      if (message.contains("content") && message.at("content").is_array()) {
        for (Json& part : message.at("content")) part.erase("logprobs");
      }
    }
  }
  if (body.contains("max_completion_tokens"))
    body["max_tokens"] = body.at("max_completion_tokens"), body.erase("max_completion_tokens");
  if (body.contains("stop") && body.at("stop").is_string()) body["stop"] = Json::array({body.at("stop")});
  drop_if(body, "stream", false);
  body.erase("stream_options");
  drop_if(body, "response_format", {{"type", "text"}});
  if (body.contains("tools")) {
    for (Json& tool : body.at("tools")) {
      drop_if(tool, "description", "");
      if (tool.contains("function")) drop_if(tool.at("function"), "description", "");
      if (tool.value("type", "") == "function" && !tool.contains("function")) drop_if(tool, "strict", false);
    }
  }
  return body;
}

Json normal_embedding(Json body) {
  if (body.contains("input") && body.at("input").is_string()) body["input"] = Json::array({body.at("input")});
  body.erase("encoding_format");
  return body;
}

std::string operation_path(const Cassette& c) {
  if (c.is_embedding()) return "/embeddings";
  return c.endpoint.starts_with("responses") ? "/responses" : "/chat/completions";
}

Result<wire::HttpRequest> encode_again(const Cassette& c, const Endpoint& endpoint) {
  const Json& body = c.request.at("body");
  if (c.is_embedding()) return openai_embedding_codec().encode(read_embedding_request(body), endpoint);
  const bool stream = body.value("stream", false);
  if (c.endpoint.starts_with("responses"))
    return openai_responses_codec().encode(read_responses_request(body), endpoint, stream);
  return openai_chat_codec().encode(read_chat_request(body), endpoint, stream);
}

// "" when the recorded request comes out again, else what differs.
std::string difference(const Cassette& c) {
  const std::string path = c.request.at("path");
  const std::string suffix = operation_path(c);
  if (!path.ends_with(suffix)) return "path " + path;
  const std::string query =
      c.request.contains("query") && c.request.at("query").is_string() ? c.request.at("query").get<std::string>() : "";
  const std::string tail = query.empty() ? "" : "?" + query;
  const Endpoint endpoint{.base_url = "https://host" + path.substr(0, path.size() - suffix.size()) + tail,
                          .is_vendor = path.starts_with("/v1/")};
  try {
    const auto request = encode_again(c, endpoint);
    if (!request) return request.error().to_string();
    if (request->url != "https://host" + path + tail) return "url " + request->url;
    const Json got = Json::parse(request->body);
    const Json want_normal = c.is_embedding() ? normal_embedding(c.request.at("body")) : normal(c.request.at("body"));
    const Json got_normal = c.is_embedding() ? normal_embedding(got) : normal(got);
    return want_normal == got_normal ? "" : Json::diff(want_normal, got_normal).dump().substr(0, 1500);
  } catch (const Inexpressible& e) {
    return e.what();
  }
}

TEST(OpenAiRequests, AreEncodedAsRecorded) {
  const auto folder = shared_folder(TRACIA_SOURCE_DIR);
  if (!folder) GTEST_SKIP() << "no recorded exchanges: set TRACIA_SHARED";
  size_t compared = 0;
  for (const Cassette& c : load_cassettes(*folder / "cassettes" / "openai")) {
    if (!c.request_known) continue;
    ++compared;
    const std::string diff = difference(c);
    if (inexpressible().contains(c.id)) {
      EXPECT_NE(diff, "") << c.id << " became expressible: take it off the list";
    } else {
      EXPECT_EQ(diff, "") << c.id;
    }
  }
  EXPECT_GT(compared, 0u);
}

}  // namespace
}  // namespace tracia::llm::testing
