// What goes back over the wire, before faults and pacing: made by the protocol files without touching a socket.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ask.h"
#include "hash.h"
#include "tracia/http/server.h"
#include "tracia/json/reader.h"
#include "tracia/json/writer.h"
#include "tracia/simulate/simulator.h"
#include "tracia/wire/http.h"

namespace tracia::simulate {

enum class Vendor { kOpenAi, kAnthropic, kGoogle, kBedrock, kVoyage };

// One event of a stream, framed. A paced one waits for the chunk delay first.
struct Frame {
  std::string bytes;
  bool paced = false;
};

enum class StreamKind { kNone, kSse, kJsonArray, kEventStream };

struct Answer {
  Vendor vendor = Vendor::kOpenAi;
  int status = 200;
  wire::Headers headers;  // Content-Type included
  std::string body;       // of an answer that is not streamed
  StreamKind stream = StreamKind::kNone;
  std::vector<Frame> frames;  // of one that is
};

// One request as the protocol files see it. Lives for one handler call.
struct Call {
  const SimulatorOptions& options;
  const http::Request& request;
  json::Value body;   // parsed; missing when there is none
  uint64_t hash = 0;  // of path and body: for ids and faults
};

// 2025-06-15 plus a part of the hash: `created` must not tell the time.
int64_t pretend_time(uint64_t hash);

// --- errors, each in its vendor's shape (errors.cpp)
// ------------------------------------------------------------------

struct VendorError {
  int status = 400;
  std::string message;
  std::string type;   // "" : the usual one of the status
  std::string code;   // OpenAI
  std::string param;  // OpenAI
};
Answer error_answer(Vendor vendor, const VendorError& error, uint64_t hash);
// An injected failure: the vendor's usual words for `status`, with Retry-After for 429 and 503.
Answer fault_answer(Vendor vendor, int status, Millis retry_after, uint64_t hash);

// A 200 with a JSON body and the vendor's request id.
Answer json_answer(Vendor vendor, std::string body, uint64_t hash);
// A 200 whose frames follow.
Answer stream_answer(Vendor vendor, StreamKind kind, uint64_t hash);
std::pair<std::string, std::string> request_id_header(Vendor vendor, uint64_t hash);

// --- protocols
// ---------------------------------------------------------------------------------------------------------

Answer openai_chat(const Call& call);
Answer openai_responses(const Call& call);
Answer openai_embeddings(const Call& call);
Answer openai_models(const Call& call, std::string_view id);  // "" lists them
Answer anthropic_messages(const Call& call);
Answer anthropic_count_tokens(const Call& call);
Answer anthropic_models(const Call& call, std::string_view id);
Answer google_generate(const Call& call, std::string_view model, bool stream);
Answer google_embed(const Call& call, std::string_view model, bool batch);
Answer google_models(const Call& call, std::string_view id);
Answer google_count_tokens(const Call& call);
Answer bedrock_converse(const Call& call, std::string_view model, bool stream);
Answer bedrock_invoke(const Call& call, std::string_view model);
Answer voyage_embeddings(const Call& call);

// --- routing
// -----------------------------------------------------------------------------------------------------------

// The vendor that a path belongs to; with a body, Voyage is told from OpenAI by its model and parameters.
Vendor vendor_of(const http::Request& request, const json::Value& body);
// Checks the key, reads the body and answers. `document` holds the parse.
Answer answer_request(const SimulatorOptions& options, const http::Request& request, json::Document& document);
// Hash of path and body: what faults and ids are drawn from.
uint64_t request_hash(const http::Request& request, uint64_t seed);

// Absent, or a name containing "nonexistent", which no vendor has.
bool is_unknown_model(std::string_view model);

}  // namespace tracia::simulate
