// Answers in OpenAI's shapes: whole ones, and streams as server-sent events. Pure; ids and times are the caller's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tracia/base/clock.h"
#include "tracia/base/error.h"
#include "tracia/gateway/request.h"
#include "tracia/llm/codec.h"
#include "tracia/llm/model.h"

namespace tracia::gateway {

// What every object of one answer carries.
struct AnswerHead {
  std::string id;       // hex digits: "chatcmpl-<id>", "resp_<id>", "msg_<id>", …
  std::string model;    // "" = the one that answered
  int64_t created = 0;  // Unix seconds
  std::string echo;     // of ChatInput, for responses
};

// Writes one answer, from a stream's events or from a whole result. Feed events in order, then end() once; or end()
// alone for a whole answer. Events come out as the bytes of server-sent events. Not thread-safe.
class AnswerWriter {
 public:
  virtual ~AnswerWriter() = default;
  // The bytes of the events that this one becomes, appended to `out`; none for usage and the like.
  virtual void event(const llm::StreamEvent& event, std::string& out) = 0;
  // The last events: finish, usage, the end mark.
  virtual void end(const llm::ChatResult& result, std::string& out) = 0;
  // The whole answer, as one JSON object. `result` is complete; no event was written before.
  virtual std::string whole(const llm::ChatResult& result) = 0;
};
std::unique_ptr<AnswerWriter> make_writer(const ChatInput& input, AnswerHead head);

// {"object":"list","data":[…],"model","usage"}. Vectors as base64 of little-endian floats, or as numbers.
std::string embeddings_json(const llm::EmbeddingResult& result, std::string_view model, bool base64);

// ---- Errors

// The HTTP status as OpenAI's API uses it; a provider's own where it sent one.
int status_of(const Error& error);
// {"error":{"message","type","param","code"}}
std::string error_json(const Error& error);
// The event that ends a stream that failed, in the manner of each API.
std::string error_event(Dialect dialect, const Error& error);

// ---- Models

struct ModelEntry {
  std::string id, owned_by;
  int64_t created = 0;
};
// {"object":"list","data":[{"id","object":"model","created","owned_by"}]}
std::string models_json(const std::vector<ModelEntry>& models);
// What the catalog knows of a provider's models, their ids behind `prefix`.
void add_models(std::vector<ModelEntry>& out, llm::Provider provider, std::string_view prefix,
                std::string_view owned_by);

}  // namespace tracia::gateway
