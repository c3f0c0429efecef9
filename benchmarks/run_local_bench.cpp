// run_local against a fixed-bytes responder, over a bare keep-alive libcurl POST of the same bytes (targets:
// at most 1.15x wall and 1.3x CPU; tracing on over off at most 1.02x, also with a dead or stalled Tracia server).
#include <curl/curl.h>

#include <cstdio>
#include <cstdlib>
#include <span>

#include "measure.h"
#include "responder.h"
#include "tracia/tracia.h"

namespace {

using tracia::bench::Responder;
using tracia::bench::Variant;

constexpr const char* kAnswer =
    R"({"id":"chatcmpl-9xYkQ2","object":"chat.completion","created":1763600000,"model":"gpt-4o-2024-08-06","choices":[{"index":0,"message":{"role":"assistant","content":"The trams of Lisbon climb its hills on narrow rails, yellow and loud, past tiled walls and laundry.","refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":24,"completion_tokens":23,"total_tokens":47,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}},"service_tier":"default","system_fingerprint":"fp_0"})";

size_t take(char* bytes, size_t size, size_t count, void* out) {
  static_cast<std::string*>(out)->append(bytes, size * count);
  return size * count;
}

// The bare minimum: one easy handle, reused; the answer is kept but not read.
class BarePost {
 public:
  BarePost(const std::string& url, std::string body) : curl_(curl_easy_init()), body_(std::move(body)) {
    headers_ = curl_slist_append(headers_, "content-type: application/json");
    headers_ = curl_slist_append(headers_, "authorization: Bearer sk-test");
    headers_ = curl_slist_append(headers_, "expect:");
    curl_easy_setopt(curl_, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl_, CURLOPT_HTTPHEADER, headers_);
    curl_easy_setopt(curl_, CURLOPT_POSTFIELDS, body_.c_str());
    curl_easy_setopt(curl_, CURLOPT_POSTFIELDSIZE, static_cast<long>(body_.size()));
    curl_easy_setopt(curl_, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl_, CURLOPT_WRITEDATA, &answer_);
    curl_easy_setopt(curl_, CURLOPT_NOSIGNAL, 1L);
  }
  ~BarePost() {
    curl_easy_cleanup(curl_);
    curl_slist_free_all(headers_);
  }
  BarePost(const BarePost&) = delete;
  BarePost& operator=(const BarePost&) = delete;
  void operator()() {
    answer_.clear();
    if (curl_easy_perform(curl_) != CURLE_OK || answer_.empty()) std::abort();
  }

 private:
  CURL* curl_;
  curl_slist* headers_ = nullptr;
  std::string body_, answer_;
};

tracia::RunLocalInput question() {
  return {.model = "gpt-4o",
          .messages = {tracia::system("You are a helpful travel guide. Answer in one sentence."),
                       tracia::user("Tell me about the trams of Lisbon.")},
          .temperature = 0.7,
          .max_retries = 0};
}

std::function<void()> run_local(tracia::Client& client) {
  return [&client] {
    if (!client.run_local(question())) std::abort();
  };
}

// The targets: 1.15x wall and 1.3x CPU of the bare POST with tracing off; with it, 1.02x the wall time of without.
void add_rows(const std::vector<Variant>& variants) {
  using tracia::bench::median;
  const Variant& bare = variants[0];
  const Variant& off = variants[1];
  for (const Variant& v : std::span(variants).subspan(1)) {
    const bool traced = &v != &off;
    tracia::bench::row({.metric = v.name + ", wall" + (traced ? " over tracing off" : " over a bare POST"),
                        .unit = "us",
                        .value = median(v.wall_us),
                        .baseline = median(traced ? off.wall_us : bare.wall_us),
                        .target = traced ? 1.02 : 1.15,
                        .of_ratio = true,
                        .goal = traced ? "`run_local`, wall: tracing on (server up, dead, stalled) over off"
                                       : "`run_local` over a bare libcurl POST, wall"});
    tracia::bench::row({.metric = v.name + ", CPU over a bare POST",
                        .unit = "us",
                        .value = median(v.cpu_us),
                        .baseline = median(bare.cpu_us),
                        .target = traced ? std::nullopt : std::optional(1.3),
                        .of_ratio = true,
                        .goal = "`run_local` over a bare libcurl POST, CPU"});
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int calls = argc > 1 ? std::atoi(argv[1]) : 400;
  const Responder provider(kAnswer);
  const Responder live(R"({"accepted":1,"duplicates":0,"rejected":[]})");
  const Responder stalled("", "application/json", Responder::Mode::kStall);
  const auto env = [&](std::string_view name) -> std::optional<std::string> {
    if (name == "OPENAI_API_KEY") return "sk-test";
    if (name == "OPENAI_BASE_URL") return provider.url() + "/v1";
    return std::nullopt;
  };
  const auto options = [&](const std::string& server) {
    return tracia::ClientOptions{.api_key = "tr_bench",
                                 .base_url = server,
                                 .send_traces = !server.empty(),
                                 .exit_flush = tracia::Millis{0},
                                 .env = env};
  };
  tracia::Client off(options(""));
  tracia::Client on(options(live.url()));
  tracia::Client dead(options("http://127.0.0.1:1"));
  tracia::Client stalling(options(stalled.url()));

  // The same bytes as ours: taken from the codec.
  const auto input = question();
  const auto encoded = tracia::llm::openai_chat_codec().encode(
      {.model = input.model, .messages = input.messages, .temperature = input.temperature},
      {.base_url = provider.url() + "/v1"}, false);
  BarePost bare(encoded->url, encoded->body);
  std::vector<Variant> variants{{"bare libcurl easy POST, keep-alive", [&] { bare(); }},
                                {"run_local, tracing off", run_local(off)},
                                {"run_local, tracing on", run_local(on)},
                                {"run_local, tracing on, server dead", run_local(dead)},
                                {"run_local, tracing on, server stalled", run_local(stalling)}};
  tracia::bench::run_interleaved(variants, 12, calls);
  tracia::bench::report("run_local over bare libcurl", variants);
  add_rows(variants);
  variants.erase(variants.begin());
  tracia::bench::report("tracing on over tracing off", variants);
}
