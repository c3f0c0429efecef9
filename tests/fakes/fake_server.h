// An HTTP/1.1 server inside a test: it answers from a script, misbehaves on demand, and remembers what it was asked.
// Plain sockets, so that nothing under test (HTTP client, HTTP server) also judges itself.
//
//   FakeServer server;
//   server.on("POST", "/api/v1/spans/batch", [](const FakeRequest&) { return FakeResponse{.status = 503}; });
//   Client client({.base_url = server.url()});
//   ...
//   EXPECT_EQ(server.requests().at(0).header("authorization"), "Bearer tr_test");
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tracia::testing {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct FakeRequest {
  std::string method;
  std::string target;                 // as sent, query included
  std::string path;                   // target without the query, still percent-encoded
  Headers headers;                    // names as sent
  std::string body;                   // after chunked and gzip decoding
  std::string wire_body;              // after chunked decoding only
  std::vector<std::string> captures;  // what the pattern's {braces} matched, percent-decoded
  size_t connection = 0;              // 1 for the first connection; equal numbers mean that it was reused

  std::string_view header(std::string_view name) const;           // any letter case; "" when absent; first of several
  std::optional<std::string> query(std::string_view name) const;  // percent-decoded; first of several
};

// What to answer, and how to get it wrong. Members combine: a `delay`, then pieces with pauses, then a cut.
struct FakeResponse {
  int status = 200;
  std::string body = {};
  Headers headers = {};  // Content-Type is application/json unless given

  std::chrono::milliseconds delay{0};      // before the first byte
  bool stall = false;                      // never a byte; held until the client leaves or the server is destroyed
  bool close_before_response = false;      // closed without a byte
  std::optional<size_t> close_after = {};  // closed after so many bytes of body, or all of it if shorter
  std::optional<size_t> stall_after = {};  // silent after so many bytes of body, connection open
  bool reset = false;                      // the closes above send RST in place of FIN

  bool chunked = false;                         // Transfer-Encoding: chunked
  size_t piece_bytes = 0;                       // body in writes (and chunks) of this size; 0 = all at once
  std::chrono::milliseconds piece_pause{0};     // between pieces
  std::optional<uint64_t> content_length = {};  // announced in place of the true one; with `chunked`, beside it
  std::optional<std::string> raw = {};  // these bytes in place of head and body, then closed; still cut in pieces
  bool keep_alive = true;               // false: Connection: close
};

using FakeHandler = std::function<FakeResponse(const FakeRequest&)>;

// Thread safety: every member may be called from any thread. Handlers run on connection threads, several at a time.
// Ownership: owns its threads and sockets. The destructor closes every connection at once, answered or not, and joins.
class FakeServer {
 public:
  FakeServer();  // listens on 127.0.0.1, port chosen by the system; throws std::system_error
  ~FakeServer();
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  uint16_t port() const;
  std::string url() const;  // "http://127.0.0.1:34567"

  // `pattern`: a path; a segment in braces matches any one segment ("/api/v1/spans/{id}"). Method "*" matches all. The
  // newest match wins, so a test may override serve_api_examples(). What matches nothing is a 404 in the API's shape.
  // An exception in a handler becomes a 500 with its message.
  void on(std::string method, std::string pattern, FakeHandler handler);
  void on(std::string method, std::string pattern, FakeResponse response);
  // Answers in turn; the last one stays.
  void on_sequence(std::string method, std::string pattern, std::vector<FakeResponse> responses);

  // The Tracia API out of a folder of examples (api/examples). API keys must begin with "tr_". Prompts and runs answer
  // their examples by slug: `welcome-email` (text), `assistant` (tool calls), `ticket-triage` (structured output);
  // others are 404. Spans are kept: created ones count as repeated the second time, and can be fetched, evaluated and
  // deleted. Throws std::runtime_error when an example is missing.
  void serve_api_examples(const std::string& folder);
  std::vector<std::string> stored_spans() const;  // JSON of each span accepted by serve_api_examples(), in order

  std::vector<FakeRequest> requests() const;  // in the order they were complete
  size_t request_count() const;
  // False when fewer have come by then.
  bool wait_for_requests(size_t count, std::chrono::milliseconds timeout = std::chrono::seconds(5)) const;
  size_t connection_count() const;  // accepted so far
  // Clients that left while their answer was delayed, stalled or being sent: how a test sees a cancelled call.
  size_t disconnect_count() const;
  bool wait_for_disconnects(size_t count, std::chrono::milliseconds timeout = std::chrono::seconds(5)) const;

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

// An example file as an answer: status from its name ("span_create.response.201.json"), Content-Type from its ending,
// Retry-After where the contract asks for it. Throws std::runtime_error when it cannot be read.
FakeResponse example_response(const std::string& folder, const std::string& name);
std::string read_example(const std::string& folder, const std::string& name);

std::string percent_decode(std::string_view text);

// The handlers of serve_api_examples(), and the spans that they keep.
class FakeApi;
std::shared_ptr<FakeApi> install_fake_api(FakeServer& server, const std::string& folder);
std::vector<std::string> stored_spans(const FakeApi& api);

}  // namespace tracia::testing
