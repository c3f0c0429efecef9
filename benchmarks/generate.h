// What an installation sees, made from a seed: prose of words that follow Zipf's law over a vocabulary of 8,000 (so
// that it compresses about as language does and no sentence comes twice), random ids, sizes drawn from a range. Bodies
// are what clients post to /api/v1/spans.
#pragma once

#include <cmath>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "tracia/base/clock.h"
#include "tracia/json/writer.h"

namespace tracia::bench {

class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed) {
    static constexpr const char* kSyllables[] = {"ba", "re",  "to", "mi",  "lan", "ver", "con", "sta",
                                                 "ti", "on",  "ex", "per", "der", "ing", "al",  "ly",
                                                 "su", "cho", "ne", "ra",  "pol", "i",   "a",   "men"};
    double sum = 0;
    for (int rank = 1; rank <= 8000; ++rank) {
      std::string word;
      for (uint64_t n = 1 + random_() % 4; n > 0; --n) word += kSyllables[random_() % std::size(kSyllables)];
      words_.push_back(std::move(word));
      cumulative_.push_back(sum += 1.0 / std::pow(rank, 0.9));
    }
    for (double& c : cumulative_) c /= sum;
  }

  std::string prose(size_t bytes) {
    std::string text;
    while (text.size() < bytes) {
      const double at = static_cast<double>(random_() >> 11) * 0x1p-53;  // [0, 1), without the library's logarithms
      text += words_[static_cast<size_t>(std::lower_bound(cumulative_.begin(), cumulative_.end(), at) -
                                         cumulative_.begin()) %
                     words_.size()];
      text += random_() % 12 == 0 ? ". " : " ";
    }
    return text;
  }

  std::string id(const char* prefix) {
    char text[32];
    std::snprintf(text, sizeof text, "%s%016llx", prefix, static_cast<unsigned long long>(random_()));
    return text;
  }
  uint64_t below(uint64_t bound) { return random_() % bound; }

  // A plain chat of about 2 KB: a system prompt of one of 50 prompts, a question, an answer. `start` in µs.
  std::string chat(int64_t start) {
    const uint64_t prompt = below(50);
    while (systems_.size() <= prompt) systems_.push_back(prose(300));
    json::Writer w = head(id("sp_"), start, prompt);
    w.key("input").begin_object().key("messages").begin_array();
    message(w, "system", systems_[prompt]);
    message(w, "user", prose(300 + below(500)));
    w.end_array().end_object();
    w.field("output", prose(300 + below(600)));
    return finish(w);
  }

  // The spans of one agent of `turns` turns: each sends the whole conversation again, with tools.
  std::vector<std::string> agent(int64_t start, int turns) {
    std::vector<std::string> spans;
    const std::string trace = id("tr_"), root = id("sp_"), tools = tools_json();
    std::vector<std::string> history{message_text("system", prose(1500)), message_text("user", prose(400))};
    for (int turn = 0; turn < turns; ++turn) {
      json::Writer w = head(id("sp_"), start + turn * 2'000'000, 7);
      w.field("traceId", trace).field("parentSpanId", root);
      w.key("input").begin_object().key("messages").begin_array();
      for (const std::string& each : history) w.raw(each);
      w.end_array().end_object();
      w.field_raw("tools", tools);
      const std::string answer = prose(200 + below(300));
      w.field("output", answer);
      spans.push_back(finish(w));
      history.push_back(message_text("assistant", answer));
      history.push_back(message_text("user", prose(300 + below(900))));
    }
    return spans;
  }

 private:
  json::Writer head(const std::string& span_id, int64_t start, uint64_t prompt) {
    static constexpr const char* kModels[][2] = {{"gpt-4o", "openai"},
                                                 {"gpt-4o-mini", "openai"},
                                                 {"claude-sonnet-4-5", "anthropic"},
                                                 {"gemini-2.5-flash", "google"}};
    const auto& model = kModels[below(4)];
    const auto input = static_cast<int64_t>(100 + below(2000)), output = static_cast<int64_t>(20 + below(400));
    json::Writer w;
    w.begin_object().field("spanId", span_id).field("model", model[0]).field("provider", model[1]);
    w.field("status", below(50) == 0 ? "ERROR" : "SUCCESS").field("startTime", format_rfc3339_micros(Timestamp{start}));
    w.field("latencyMs", static_cast<int64_t>(200 + below(4000)))
        .field("inputTokens", input)
        .field("outputTokens", output);
    w.field("totalTokens", input + output).field("finishReason", "stop").field("temperature", 0.3);
    w.field("userId", "user_" + std::to_string(below(20'000)))
        .field("sessionId", "session_" + std::to_string(below(100'000)));
    w.field("name", "prompt-" + std::to_string(prompt));
    w.key("tags").begin_array().value("production").value("team-" + std::to_string(below(8))).end_array();
    return w;
  }
  static std::string finish(json::Writer& w) {
    w.end_object();
    return w.take();
  }
  static void message(json::Writer& w, const char* role, const std::string& text) {
    w.begin_object().field("role", role).field("content", text).end_object();
  }
  static std::string message_text(const char* role, const std::string& text) {
    json::Writer w;
    message(w, role, text);
    return w.take();
  }
  std::string tools_json() {
    json::Writer w;
    w.begin_array();
    for (int i = 0; i < 8; ++i) {
      w.begin_object().field("name", "tool_" + std::to_string(i)).field("description", prose(200));
      w.field_raw("parameters",
                  R"({"type":"object","properties":{"query":{"type":"string"},"limit":{"type":"integer"}}})");
      w.end_object();
    }
    w.end_array();
    return w.take();
  }

  std::mt19937_64 random_;
  std::vector<std::string> words_, systems_;
  std::vector<double> cumulative_;
};

}  // namespace tracia::bench
