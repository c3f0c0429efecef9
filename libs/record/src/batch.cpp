#include "batch.h"

#include <algorithm>

#include "tracia/base/bytes.h"
#include "tracia/base/limits.h"
#include "tracia/base/redact.h"

namespace tracia::record {
namespace {

std::string clean(std::string_view message) {
  return redact_secrets(utf8_prefix(message, limits::kErrorMessageBytesMax));
}

// The position that a rejection is about: its index, else the span with its id.
size_t rejected_position(const json::Value& item, const Batch& batch, size_t begin, size_t end) {
  const size_t count = end - begin;
  if (const auto index = item["index"].integer(); index && *index >= 0 && static_cast<size_t>(*index) < count) {
    return static_cast<size_t>(*index);
  }
  const std::string_view id = item["spanId"].string_or("");
  for (size_t i = 0; i < count && !id.empty(); ++i) {
    if (ascii_iequals(batch.span_id(begin + i), id)) return i;
  }
  return count;
}

}  // namespace

bool Batch::add(const span::Span& span, json::Document& document) {
  const size_t before = text_.size();
  if (before != 0) text_.push_back(',');
  const size_t offset = text_.size();
  span::append_json(span, text_);
  const size_t length = text_.size() - offset;
  if (!document.parse(std::string_view(text_).substr(offset))) {
    text_.resize(before);
    return false;
  }
  entries_.push_back({offset, length, span.span_id});
  return true;
}

bool Batch::add_line(std::string_view line, json::Document& document) {
  const auto value = document.parse(line);
  if (!value || !value->is_object()) return false;
  const auto id = (*value)["spanId"].string();
  if (!id || id->empty()) return false;
  if (!text_.empty()) text_.push_back(',');
  entries_.push_back({text_.size(), line.size(), std::string(*id)});
  text_.append(line);
  return true;
}

size_t Batch::array_bytes(size_t begin, size_t end) const {
  if (begin >= end) return 2;
  return entries_[end - 1].offset + entries_[end - 1].length - entries_[begin].offset + 2;
}

std::string Batch::array(size_t begin, size_t end) const {
  std::string out;
  if (begin >= end) return "[]";
  const size_t bytes = array_bytes(begin, end);
  out.reserve(bytes);
  out.push_back('[');
  out.append(text_, entries_[begin].offset, bytes - 2);
  out.push_back(']');
  return out;
}

BatchReply parse_batch_reply(std::string_view body, const Batch& batch, size_t begin, size_t end) {
  BatchReply reply;
  json::Document document;
  const auto root = document.parse_lenient(body);
  if (!root) return reply;
  std::vector<bool> seen(end - begin, false);
  for (const json::Value item : (*root)["rejected"].items()) {
    const size_t index = rejected_position(item, batch, begin, end);
    if (index >= seen.size() || seen[index]) continue;
    seen[index] = true;
    Error error = Error::invalid(clean(item["message"].string_or("The server rejected the span")));
    error.code = error_code_from_name(item["code"].string_or("INVALID_REQUEST"));
    reply.rejected.push_back({index, std::move(error)});
  }
  const int64_t duplicates = (*root)["duplicates"].integer().value_or(0);
  const size_t stored = end - begin - reply.rejected.size();
  reply.duplicates = static_cast<size_t>(std::clamp<int64_t>(duplicates, 0, static_cast<int64_t>(stored)));
  return reply;
}

Error error_from_answer(int status, std::string_view body) {
  Error error{.status = status};
  json::Document document;
  if (const auto root = document.parse_lenient(body)) {
    const json::Value inner = (*root)["error"];
    error.code = error_code_from_name(inner["code"].string_or(""));
    error.message = clean(inner["message"].string_or(""));
  }
  if (error.message.empty()) error.message = "The Tracia server answered HTTP " + std::to_string(status);
  if (error.code != ErrorCode::kUnknown) return error;
  if (status == 401) error.code = ErrorCode::kUnauthorized;
  if (status == 403) error.code = ErrorCode::kForbidden;
  if (status == 404) error.code = ErrorCode::kNotFound;
  if (status == 413) error.code = ErrorCode::kPayloadTooLarge;
  if (status == 429) error.code = ErrorCode::kRateLimited;
  if (status >= 500) error.code = ErrorCode::kUnavailable;
  return error;
}

}  // namespace tracia::record
