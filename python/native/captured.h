// Spans kept in memory in a server's place: Client(capture=True).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tracia/record/recorder.h"

namespace tracia::native {

// Thread-safe. Bounded: spans past a bound are refused, which the recorder counts and reports.
class CapturedSpans final : public record::Sender {
 public:
  static constexpr size_t kSpansMax = 100'000;
  static constexpr size_t kBytesMax = 256u << 20;

  record::PostResult post(std::string_view path, std::string_view body, bool gzipped, Millis timeout) override;
  void cancel() override {}

  std::vector<std::string> spans() const;  // as sent to POST /api/v1/spans, in order

 private:
  std::vector<std::string> spans_;
  size_t bytes_ = 0;
};

}  // namespace tracia::native
