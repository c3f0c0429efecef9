// Requests of OpenTelemetry's exporters: some 2 KB of text a span, which differs from span to span, the current gen_ai
// attributes, five spans a trace. For otlp_bench, and for the bytes that collectors are given side by side
// (otlp_bodies).
#pragma once

#include <cstdint>
#include <cstdio>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tracia/json/writer.h"

namespace tracia::bench {

inline std::string prose(std::mt19937_64& random, size_t bytes) {
  std::string text;
  while (text.size() < bytes) {
    for (uint64_t bits = random(), n = 2 + bits % 8; n > 0; --n, bits /= 26) {
      text.push_back(static_cast<char>('a' + bits % 26));
    }
    text.push_back(' ');
  }
  return text;
}

inline std::string hex(std::mt19937_64& random) {
  char id[17];
  std::snprintf(id, sizeof id, "%016llx", static_cast<unsigned long long>(random() | 1));
  return id;
}

using Attributes = std::vector<std::pair<std::string, std::string>>;  // numbers end in "#"

// The current convention: messages as JSON texts.
inline Attributes make_attributes(std::mt19937_64& random) {
  const auto message = [&](const char* role, size_t bytes) {
    json::Writer w;
    w.begin_array().begin_object().field("role", role).key("parts").begin_array();
    w.begin_object().field("type", "text").field("content", prose(random, bytes)).end_object();
    w.end_array().end_object().end_array();
    return w.take();
  };
  return {{"gen_ai.operation.name", "chat"},
          {"gen_ai.provider.name", "openai"},
          {"gen_ai.request.model", "gpt-4o"},
          {"gen_ai.response.model", "gpt-4o-2024-08-06"},
          {"gen_ai.response.finish_reasons", "[\"stop\"]"},
          {"gen_ai.usage.input_tokens#", "1312"},
          {"gen_ai.usage.output_tokens#", "211"},
          {"gen_ai.usage.cache_read.input_tokens#", "1024"},
          {"gen_ai.conversation.id", "session_abc"},
          {"server.address", "api.openai.com"},
          {"gen_ai.input.messages", message("user", 800)},
          {"gen_ai.output.messages", message("assistant", 600)}};
}

inline void varint(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}
inline void bytes(std::string& out, unsigned field, const std::string& value) {
  varint(out, field << 3 | 2);
  varint(out, value.size());
  out += value;
}
inline void fixed(std::string& out, unsigned field, uint64_t value) {
  varint(out, field << 3 | 1);
  for (int i = 0; i < 8; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

// `start`: of the first span, in ns; each begins a millisecond after the one before, and takes 1.25 s.
inline std::string protobuf_request(std::mt19937_64& random, int spans, uint64_t start) {
  std::string scope, group, request, trace, root;
  for (int i = 0; i < spans; ++i) {
    std::string span, id(8, '\1');
    for (char& c : id) c = static_cast<char>(random() | 1);
    if (i % 5 == 0) trace = id + (root = id);
    bytes(span, 1, trace);
    bytes(span, 2, id);
    if (i % 5 != 0) bytes(span, 4, root);
    bytes(span, 5, "chat gpt-4o");
    const uint64_t begin = start + static_cast<uint64_t>(i) * 1'000'000;
    fixed(span, 7, begin);
    fixed(span, 8, begin + 1'250'000'000);
    for (const auto& [key, value] : make_attributes(random)) {
      const bool number = key.ends_with('#');
      std::string any, pair;
      if (number) {
        varint(any, 3 << 3);
        varint(any, std::stoull(value));
      } else {
        bytes(any, 1, value);
      }
      bytes(pair, 1, number ? key.substr(0, key.size() - 1) : key);
      bytes(pair, 2, any);
      bytes(span, 9, pair);
    }
    bytes(scope, 2, span);
  }
  bytes(group, 2, scope);
  bytes(request, 1, group);
  return request;
}

}  // namespace tracia::bench
