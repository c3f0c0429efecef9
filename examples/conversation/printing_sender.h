// Shows each span instead of sending it to a server: what `tracia serve` would store.
#pragma once

#include <cstdio>
#include <mutex>
#include <string>

#include "tracia/base/compress.h"
#include "tracia/json/reader.h"
#include "tracia/json/writer.h"
#include "tracia/record/recorder.h"

class PrintingSender final : public tracia::record::Sender {
 public:
  tracia::record::PostResult post(std::string_view, std::string_view body, bool gzipped, tracia::Millis) override {
    const std::string plain = gzipped ? tracia::gunzip(body, 64u << 20).value_or("[]") : std::string(body);
    tracia::json::Document document;
    const auto root = document.parse(plain);
    if (!root) return {.status = 400};
    int64_t count = 0;
    for (const auto span : root->items()) {
      print(span);
      ++count;
    }
    return {.status = 200, .body = tracia::json::Writer().begin_object().field("accepted", count).end_object().take()};
  }
  void cancel() override {}

 private:
  static void print(const tracia::json::Value& span) {
    std::printf("  span %s  trace %s", span["spanId"].text().c_str(), span["traceId"].text().c_str());
    if (!span["parentSpanId"].is_missing_or_null()) std::printf("  parent %s", span["parentSpanId"].text().c_str());
    std::printf("\n       %s %s/%s %s  %lld ms", span["spanKind"].text().c_str(), span["provider"].text().c_str(),
                span["model"].text().c_str(), span["status"].text().c_str(), integer(span["latencyMs"]));
    if (!span["timeToFirstTokenMs"].is_missing_or_null()) {
      std::printf(" (first token %lld ms)", integer(span["timeToFirstTokenMs"]));
    }
    std::printf("  %lld + %lld tokens", integer(span["inputTokens"]), integer(span["outputTokens"]));
    if (!span["finishReason"].is_missing_or_null()) std::printf("  %s", span["finishReason"].text().c_str());
    if (!span["error"].is_missing_or_null()) std::printf("\n       error: %s", span["error"].text().c_str());
    std::printf("\n");
  }
  static long long integer(const tracia::json::Value& v) { return static_cast<long long>(v.integer().value_or(0)); }
};
