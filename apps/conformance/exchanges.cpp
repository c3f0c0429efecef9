#include "exchanges.h"

#include <cinttypes>
#include <cstdio>
#include <random>

#include "cassettes.h"
#include "replay_server.h"
#include "tracia/llm/call.h"
#include "tracia/transport/transport.h"

namespace tracia::conformance {
namespace {

using llm::testing::Cassette;
using llm::testing::Reading;

// The call's bytes come from a real connection.
class Handler final : public transport::ResponseHandler {
 public:
  explicit Handler(llm::Call& call) : call_(call) {}
  void on_head(wire::HttpResponseHead head) override { call_.on_head(std::move(head)); }
  bool on_body(std::string_view bytes) override { return call_.on_body(bytes); }

 private:
  llm::Call& call_;
};

void drive(transport::Transport& transport, llm::Call& call) {
  while (true) {
    const auto request = call.next_request();
    Status status;
    if (request) {
      Handler handler(call);
      status = transport.perform(*request, {}, handler).status;
    } else {
      status = fail(request.error());
    }
    if (call.end_attempt(std::move(status)).done) return;
  }
}

llm::Target target_for(const Cassette& c, const std::string& base_url) {
  llm::Target target{.provider = c.provider, .model = c.model.empty() ? "model" : c.model};
  target.endpoint = {.provider = c.provider, .base_url = base_url};
  target.auth = llm::ApiKey{"replay"};
  return target;
}

Reading replay(transport::Transport& transport, const Cassette& c, const std::string& base_url) {
  llm::Call::Options options;
  options.retry.retries = 0;
  options.uniform = [] { return 0.0; };
  Reading reading;
  if (c.is_embedding()) {
    llm::EmbeddingRequest request{.model = target_for(c, base_url).model};
    request.inputs.assign(llm::testing::expected_vectors(c), "replay");
    llm::EmbeddingCall call({target_for(c, base_url)}, options, [&](const llm::Target&) { return request; });
    drive(transport, call);
    if (call.error()) {
      reading.error = call.error();
    } else {
      reading.embedding = call.result();
    }
    return reading;
  }
  const llm::ChatRequest request{.model = target_for(c, base_url).model, .messages = {llm::user("replay")}};
  llm::ChatCall call(
      {target_for(c, base_url)}, options, [&](const llm::Target&) -> const llm::ChatRequest& { return request; },
      [&](const llm::Target&) -> const llm::ChatCodec& { return llm::testing::chat_codec_for(c); }, c.is_stream(),
      nullptr);
  drive(transport, call);
  reading.error = call.error();
  reading.chat = call.result();
  if (const llm::StreamDecoder* decoder = call.decoder()) {
    reading.stream_events = decoder->events();
    reading.event_types = decoder->event_types();
  }
  return reading;
}

}  // namespace

int run_exchanges(const std::filesystem::path& dir, std::optional<uint64_t> chosen_seed) {
  const uint64_t seed = chosen_seed.value_or(std::random_device{}());
  std::printf("seed %" PRIu64 "\n", seed);
  std::vector<Cassette> cases;
  try {
    cases = llm::testing::load_cassettes(dir);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "cannot read %s: %s\n", dir.c_str(), error.what());
    return 2;
  }
  if (cases.empty()) {
    std::fprintf(stderr, "no recorded exchanges under %s\n", dir.c_str());
    return 2;
  }
  std::optional<ReplayServer> server;
  try {
    server.emplace();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
  transport::Transport transport;
  int passed = 0;
  int failed = 0;
  std::mt19937_64 random(seed);
  for (const Cassette& c : cases) {
    // From single bytes up to the whole: small cuts find split lines, large ones coalesced events.
    const size_t cut_max = size_t{1} << (random() % 15);
    const bool chunked = c.is_stream() || random() % 2 == 0;
    server->prepare(c.response, chunked, [&random, cut_max](size_t) { return 1 + random() % cut_max; });
    const auto mismatches = llm::testing::compare(c, replay(transport, c, server->base_url()));
    for (const auto& mismatch : mismatches) {
      std::printf("FAIL %s %s expected %.300s got %.300s\n", c.id.c_str(), mismatch.field.c_str(),
                  mismatch.expected.c_str(), mismatch.got.c_str());
    }
    ++(mismatches.empty() ? passed : failed);
  }
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed == 0 ? 0 : 1;
}

}  // namespace tracia::conformance
