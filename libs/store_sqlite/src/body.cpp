// Bodies: a span's payload, its long texts taken out.
#include <sodium.h>

#include "codec.h"
#include "db.h"
#include "record.h"

namespace tracia::store_sqlite {
namespace {

constexpr uint8_t kBodyVersion = 1;
// Shorter texts stay in the body: a reference, its hash and its index entry cost about as much.
constexpr size_t kInlineMax = 64;
// No span is near this (a request body is at most limits::kBatchBytesMax); damaged files must not ask for more.
constexpr size_t kPayloadBytesMax = 256u << 20;
constexpr size_t kContentsMax = 1u << 20;

enum BodyBit : unsigned {
  kHasError,  // first: error_of() reads no further
  kHasOutput,
  kHasVariables,
  kHasStructured,
  kHasTools,
  kHasToolCalls,
  kHasUsageRaw,
  kHasAttributes,
  kHasAttempts,
  kHasInput,
  kBodyBits
};

struct TextField {
  BodyBit bit;
  std::string span::Span::* member;
};
constexpr TextField kTextFields[] = {
    {kHasVariables, &span::Span::variables_json}, {kHasStructured, &span::Span::structured_output_json},
    {kHasTools, &span::Span::tools_json},         {kHasToolCalls, &span::Span::tool_calls_json},
    {kHasUsageRaw, &span::Span::usage_raw_json},  {kHasAttributes, &span::Span::attributes_json},
};

// How the input is stored.
enum InputForm : uint8_t { kWhole = 0, kMessages = 1, kTexts = 2 };
constexpr std::string_view kMessagesHead = R"({"messages":[)";
constexpr std::string_view kTextsHead = R"({"text":[)";

// `at` stands after an opening quote; returns the place after the closing one, npos when there is none.
size_t string_end(std::string_view json, size_t at) {
  for (size_t from = at;;) {
    const size_t quote = json.find('"', from);
    if (quote == std::string_view::npos) return quote;
    size_t backslashes = 0;
    while (quote - backslashes > at && json[quote - backslashes - 1] == '\\') ++backslashes;
    from = quote + 1;
    if (backslashes % 2 == 0) return from;
  }
}

// The place of the ',' or ']' that ends the array element which starts at `at`; npos when the brackets do not close.
// Only brackets and strings are looked at: what lies between is kept byte for byte, valid or not.
size_t element_end(std::string_view json, size_t at) {
  size_t depth = 0;
  while (at < json.size()) {
    switch (json[at]) {
      case '"':
        at = string_end(json, at + 1);
        if (at == std::string_view::npos) return at;
        continue;
      case '{':
      case '[': ++depth; break;
      case '}':
      case ']':
        if (depth == 0) return json[at] == ']' ? at : std::string_view::npos;
        --depth;
        break;
      case ',':
        if (depth == 0) return at;
        break;
      default: break;
    }
    ++at;
  }
  return std::string_view::npos;
}

// The elements of the array that begins at `at`, after its '['. `after`: the place after its ']'. False: not an array,
// or one of too many elements.
bool array_elements(std::string_view json, size_t at, std::vector<std::string_view>& elements, size_t& after) {
  if (at < json.size() && json[at] == ']') {
    after = at + 1;
    return true;
  }
  while (elements.size() < span::limits::kMessagesMax) {
    const size_t end = element_end(json, at);
    if (end == std::string_view::npos) return false;
    elements.push_back(json.substr(at, end - at));
    at = end + 1;
    if (json[end] == ']') {
      after = at;
      return true;
    }
  }
  return false;
}

class Splitter {
 public:
  explicit Splitter(Split& out) : out_(&out), bytes_(out.body) {}
  ByteWriter& bytes() { return bytes_; }

  void piece(std::string_view text) {
    if (text.size() < kInlineMax) {
      bytes_.varint(text.size() << 1);
      bytes_.bytes(text);
      return;
    }
    bytes_.varint(1);
    out_->contents.push_back({hash_of(text), std::string(text)});
  }

  void input(std::string_view json) {
    const InputForm form = json.starts_with(kMessagesHead) ? kMessages : json.starts_with(kTextsHead) ? kTexts : kWhole;
    std::vector<std::string_view> elements;
    size_t after = 0;
    if (form == kWhole ||
        !array_elements(json, (form == kMessages ? kMessagesHead : kTextsHead).size(), elements, after)) {
      bytes_.byte(kWhole);
      return piece(json);
    }
    bytes_.byte(form);
    bytes_.varint(elements.size());
    for (const std::string_view element : elements) piece(element);
    piece(json.substr(after));
  }

  void attempts(const std::vector<span::Attempt>& attempts) {
    bytes_.varint(attempts.size());
    for (const span::Attempt& attempt : attempts) {
      for (const std::string* text : {&attempt.provider, &attempt.model, &attempt.error_code, &attempt.error_kind,
                                      &attempt.message, &attempt.request_id}) {
        bytes_.text(*text);
      }
      bytes_.zigzag(attempt.status);
      bytes_.zigzag(attempt.start_offset_ms);
      bytes_.zigzag(attempt.latency_ms);
    }
  }

 private:
  Split* out_;
  ByteWriter bytes_;
};

Error damaged(std::string_view what) {
  return {.code = ErrorCode::kUnavailable, .kind = kDamage, .message = "damaged span: " + std::string(what)};
}

class Joiner {
 public:
  Joiner(std::string_view body, std::span<const std::string_view> contents) : bytes_(body), contents_(contents) {}
  ByteReader& bytes() { return bytes_; }
  Status status() const {
    if (!problem_.empty()) return fail(damaged(problem_));
    if (!bytes_.ok()) return fail(damaged("it ends early"));
    return {};
  }
  bool good() const { return bytes_.ok() && problem_.empty(); }
  bool finished() const { return bytes_.at_end() && next_ == contents_.size(); }

  std::string_view piece() {
    const uint64_t head = bytes_.varint();
    std::string_view text;
    if ((head & 1) == 0) {
      text = bytes_.bytes(head >> 1);
    } else if (head != 1) {
      problem_ = "an unknown reference";
    } else if (next_ == contents_.size()) {
      problem_ = "a content is missing";
    } else {
      text = contents_[next_++];
    }
    total_ += text.size();
    if (total_ > kPayloadBytesMax) {
      problem_ = "it is too large";
      return {};
    }
    return text;
  }

  void input(std::string& out) {
    const uint8_t form = bytes_.byte();
    if (form == kWhole) {
      out = piece();
      return;
    }
    if (form > kTexts) {
      problem_ = "an unknown form of input";
      return;
    }
    out = form == kMessages ? kMessagesHead : kTextsHead;
    const size_t count = bytes_.count();
    for (size_t i = 0; i < count && good(); ++i) {
      if (i > 0) out += ',';
      out += piece();
    }
    out += ']';
    out += piece();
  }

  void attempts(std::vector<span::Attempt>& out) {
    const size_t count = bytes_.count();
    for (size_t i = 0; i < count && good(); ++i) {
      span::Attempt& attempt = out.emplace_back();
      for (std::string* text : {&attempt.provider, &attempt.model, &attempt.error_code, &attempt.error_kind,
                                &attempt.message, &attempt.request_id}) {
        *text = bytes_.text();
      }
      attempt.status = static_cast<int>(bytes_.zigzag());
      attempt.start_offset_ms = bytes_.zigzag();
      attempt.latency_ms = bytes_.zigzag();
    }
  }

 private:
  ByteReader bytes_;
  std::span<const std::string_view> contents_;
  size_t next_ = 0;
  size_t total_ = 0;
  std::string_view problem_;
};

unsigned flags_of(const span::Span& span) {
  unsigned flags = 0;
  const auto set = [&](BodyBit bit, bool on) { flags |= (on ? 1u : 0u) << bit; };
  set(kHasError, !span.error.empty());
  set(kHasOutput, span.output.has_value());
  for (const auto& field : kTextFields) set(field.bit, !(span.*field.member).empty());
  set(kHasAttempts, !span.attempts.empty());
  set(kHasInput, !span.input_json.empty());
  return flags;
}

}  // namespace

ContentHash hash_of(std::string_view data) {
  static const int ready = sodium_init();  // picks the processor's quickest code; without it the plain one serves
  (void)ready;
  ContentHash hash;
  crypto_generichash(hash.data(), hash.size(), reinterpret_cast<const unsigned char*>(data.data()), data.size(),
                     nullptr, 0);
  return hash;
}

Split split(const span::Span& span) {
  Split out;
  out.body.reserve(256);
  Splitter to(out);
  const unsigned flags = flags_of(span);
  const auto has = [&](BodyBit bit) { return (flags >> bit & 1) != 0; };
  to.bytes().byte(kBodyVersion);
  to.bytes().varint(flags);
  if (has(kHasError)) to.piece(span.error);
  if (has(kHasOutput)) to.piece(*span.output);
  for (const auto& field : kTextFields) {
    if (has(field.bit)) to.piece(span.*field.member);
  }
  if (has(kHasAttempts)) to.attempts(span.attempts);
  if (has(kHasInput)) to.input(span.input_json);
  return out;
}

Status join(std::string_view body, std::span<const std::string_view> contents, span::Span& out) {
  Joiner from(body, contents);
  if (from.bytes().byte() != kBodyVersion) return fail(damaged("unknown version"));
  const uint64_t flags = from.bytes().varint();
  const auto has = [&](BodyBit bit) { return (flags >> bit & 1) != 0; };
  if (flags >> kBodyBits != 0) return fail(damaged("unknown members"));
  out.error = has(kHasError) ? from.piece() : std::string_view{};
  out.output.reset();
  if (has(kHasOutput)) out.output.emplace(from.piece());
  for (const auto& field : kTextFields) {
    out.*field.member = has(field.bit) ? from.piece() : std::string_view{};
  }
  out.attempts.clear();
  if (has(kHasAttempts)) from.attempts(out.attempts);
  out.input_json.clear();
  if (has(kHasInput)) from.input(out.input_json);
  TRACIA_TRY(from.status());
  if (!from.finished()) return fail(damaged("more than a span"));
  return {};
}

bool error_needs_content(std::string_view body) {
  ByteReader in(body);
  return in.byte() == kBodyVersion && (in.varint() >> kHasError & 1) != 0 && (in.varint() & 1) != 0;
}

Result<std::string> error_of(std::string_view body, std::span<const std::string_view> contents) {
  Joiner from(body, contents);
  if (from.bytes().byte() != kBodyVersion) return fail(damaged("unknown version"));
  if ((from.bytes().varint() >> kHasError & 1) == 0) return std::string();
  const std::string_view error = from.piece();
  TRACIA_TRY(from.status());
  return std::string(error);
}

Status searched_pieces(std::string_view body, std::vector<SearchedPiece>& out) {
  out.clear();
  ByteReader in(body);
  if (in.byte() != kBodyVersion) return fail(damaged("unknown version"));
  const uint64_t flags = in.varint();
  const auto has = [&](BodyBit bit) { return (flags >> bit & 1) != 0; };
  size_t contents = 0;
  const auto piece = [&](SearchedForm form) -> SearchedPiece {
    const uint64_t head = in.varint();
    if ((head & 1) != 0) return {.form = form, .content = contents++, .text = {}};
    return {.form = form, .content = {}, .text = in.bytes(head >> 1)};
  };
  if (has(kHasError)) out.push_back(piece(SearchedForm::kText));
  if (has(kHasOutput)) out.push_back(piece(SearchedForm::kText));
  for (const auto& field : kTextFields) {
    if (has(field.bit)) (void)piece(SearchedForm::kText);
  }
  if (has(kHasAttempts)) {
    for (size_t left = in.count(); left > 0 && in.ok(); --left) {
      for (int texts = 6; texts > 0; --texts) (void)in.text();
      for (int numbers = 3; numbers > 0; --numbers) (void)in.zigzag();
    }
  }
  if (has(kHasInput)) {
    const uint8_t form = in.byte();
    if (form == kMessages || form == kTexts) {
      for (size_t left = in.count(); left > 0 && in.ok(); --left) {
        out.push_back(piece(form == kMessages ? SearchedForm::kJson : SearchedForm::kListedText));
      }
      out.push_back(piece(SearchedForm::kRest));
    } else {
      out.push_back(piece(SearchedForm::kJson));
    }
  }
  return in.ok() ? Status{} : Status(fail(damaged("it ends early")));
}

std::string encode_detail(std::span<const uint64_t> content_numbers, std::string_view body) {
  std::string bytes;
  bytes.reserve(body.size() + 2 * content_numbers.size() + 10);
  ByteWriter out(bytes);
  out.varint(content_numbers.size());
  uint64_t last = 0;
  for (const uint64_t number : content_numbers) {
    out.zigzag(static_cast<int64_t>(number - last));
    last = number;
  }
  out.bytes(body);
  return bytes;
}

Result<Detail> decode_detail(std::string_view bytes) {
  ByteReader in(bytes);
  Detail detail;
  const size_t count = in.count();
  if (count > kContentsMax) return fail(damaged("too many contents"));
  detail.content_numbers.reserve(count);
  uint64_t last = 0;
  for (size_t i = 0; i < count && in.ok(); ++i) {
    last += static_cast<uint64_t>(in.zigzag());
    detail.content_numbers.push_back(last);
  }
  if (!in.ok()) return fail(damaged("its contents' numbers end early"));
  detail.body = in.rest();
  return detail;
}

}  // namespace tracia::store_sqlite
