// The body of a batch: spans as JSON, kept so that any range of them can be posted without writing them again.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tracia/base/result.h"
#include "tracia/json/reader.h"
#include "tracia/span/span.h"

namespace tracia::record {

class Batch {
 public:
  // Adds one span. False, and nothing is added, when its JSON members do not make valid JSON: one such span would spoil
  // the whole batch. `document` is scratch space that keeps its buffers from span to span.
  bool add(const span::Span& span, json::Document& document);
  // Adds a span that is JSON text already, such as a line of a spool file. False when it is not an object with a span
  // id.
  bool add_line(std::string_view line, json::Document& document);

  size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  const std::string& span_id(size_t i) const { return entries_[i].span_id; }
  std::string_view json(size_t i) const {
    return std::string_view(text_).substr(entries_[i].offset, entries_[i].length);
  }
  // Bytes of array(begin, end).
  size_t array_bytes(size_t begin, size_t end) const;
  // "[span,…]" of spans begin … end-1.
  std::string array(size_t begin, size_t end) const;

 private:
  struct Entry {
    size_t offset, length;
    std::string span_id;
  };
  std::string text_;  // spans separated by ','
  std::vector<Entry> entries_;
};

// What the server said about a batch: {accepted, duplicates, rejected:[{index, spanId, code, message}]}.
struct BatchReply {
  struct Rejection {
    size_t index;  // in the posted array; always below its size, each at most once
    Error error;
  };
  size_t duplicates = 0;
  std::vector<Rejection> rejected;
};
// Reads the answer to spans begin … end-1 of `batch`. Total: an answer that makes no sense means that all went well
// (the status said so).
BatchReply parse_batch_reply(std::string_view body, const Batch& batch, size_t begin, size_t end);

// The error in a non-2xx answer: {"error":{"code","message"}}, else "HTTP <status>". Redacted and bounded.
Error error_from_answer(int status, std::string_view body);

}  // namespace tracia::record
