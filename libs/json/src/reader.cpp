#include "tracia/json/reader.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <vector>

#include "tracia/base/bytes.h"
#include "tracia/base/limits.h"
#include "tracia/json/writer.h"

namespace tracia::json {
namespace {

namespace dom = simdjson::dom;

static_assert(sizeof(dom::element) <= 16 && std::is_trivially_copyable_v<dom::element>);
static_assert(sizeof(dom::array::iterator) <= 16 && std::is_trivially_copyable_v<dom::array::iterator>);
static_assert(sizeof(dom::object::iterator) <= 16 && std::is_trivially_copyable_v<dom::object::iterator>);

template <typename T>
T load(const unsigned char* bytes) {
  T out;
  std::memcpy(static_cast<void*>(&out), bytes, sizeof(T));
  return out;
}
template <typename T>
void store(unsigned char* bytes, const T& in) {
  std::memcpy(bytes, static_cast<const void*>(&in), sizeof(T));
}

std::string describe(simdjson::error_code code) {
  switch (code) {
    case simdjson::EMPTY: return "it is empty";
    case simdjson::DEPTH_ERROR: return "it is nested deeper than " + std::to_string(limits::kJsonDepthMax) + " levels";
    case simdjson::NUMBER_ERROR: return "a number is malformed or too large";
    case simdjson::STRING_ERROR: return "a string is malformed";
    case simdjson::UTF8_ERROR: return "it is not valid UTF-8";
    case simdjson::UNCLOSED_STRING: return "a string is not closed";
    case simdjson::UNESCAPED_CHARS: return "a string holds an unescaped control character";
    default: return simdjson::error_message(code);
  }
}

// Rewrites what simdjson refuses but a reader of other people's JSON must accept. Structure is left alone.
class Mender {
 public:
  explicit Mender(std::string_view in) : in_(in) {}

  std::string run() {
    out_.reserve(in_.size() + 16);
    bool in_string = false;
    while (i_ < in_.size()) {
      const char c = in_[i_];
      if (in_string) {
        if (c == '\\') {
          escape();
          continue;
        }
        if (c == '"') in_string = false;
        put();
      } else if (c == '-' || (c >= '0' && c <= '9')) {
        number();
      } else {
        if (c == '"') in_string = true;
        put();
      }
    }
    return std::move(out_);
  }

 private:
  void put() { out_.push_back(in_[i_++]); }

  // The code unit of "\uXXXX" at position `at`, or -1.
  int unit(size_t at) const {
    if (at + 6 > in_.size() || in_[at] != '\\' || in_[at + 1] != 'u') return -1;
    int value = 0;
    const char* first = in_.data() + at + 2;
    const auto [end, error] = std::from_chars(first, first + 4, value, 16);
    return error == std::errc{} && end == first + 4 ? value : -1;
  }

  void escape() {
    const int high = unit(i_);
    if (high >= 0xD800 && high <= 0xDFFF) {
      const int low = unit(i_ + 6);
      const bool pair = high <= 0xDBFF && low >= 0xDC00 && low <= 0xDFFF;
      if (pair) {
        out_.append(in_.substr(i_, 12));
        i_ += 12;
      } else {
        out_.append("\\ufffd");
        i_ += 6;
      }
      return;
    }
    put();
    if (i_ < in_.size()) put();
  }

  // Of a number that no double holds: is it near zero rather than huge? Its decimal exponent tells.
  static bool is_tiny(std::string_view text) {
    const size_t e = text.find_first_of("eE");
    const std::string_view digits = text.substr(0, e);
    const size_t first = digits.find_first_of("123456789");
    const size_t point = std::min(digits.find('.'), digits.size());
    if (first == std::string_view::npos) return true;
    int64_t exponent = static_cast<int64_t>(point) - static_cast<int64_t>(first);
    if (e != std::string_view::npos) {
      std::string_view written = text.substr(e + 1);
      if (!written.empty() && written.front() == '+') written.remove_prefix(1);
      int64_t value = 0;
      const auto [end, error] = std::from_chars(written.data(), written.data() + written.size(), value);
      if (error == std::errc::result_out_of_range) return written.front() == '-';
      exponent += value;
    }
    return exponent < 0;
  }

  void number() {
    const size_t start = i_;
    bool integral = true;
    while (i_ < in_.size()) {
      const char c = in_[i_];
      if (c == '.' || c == 'e' || c == 'E') integral = false;
      if (!((c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E')) break;
      ++i_;
    }
    const std::string_view text = in_.substr(start, i_ - start);
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc::result_out_of_range) {
      // from_chars leaves `value` alone: too large, or too small to represent.
      out_.append(is_tiny(text) ? "0.0" : text.front() == '-' ? "-1.7976931348623157e308" : "1.7976931348623157e308");
    } else {
      out_.append(text);
      if (integral && text.size() > 18) out_.append(".0");
    }
  }

  std::string_view in_;
  std::string out_;
  size_t i_ = 0;
};

void write_value(Writer& w, const Value& v, bool sorted) {
  switch (v.type()) {
    case Type::kMissing:
    case Type::kNull: w.null(); break;
    case Type::kBool: w.value(*v.boolean()); break;
    case Type::kNumber: w.raw(v.to_json()); break;
    case Type::kString: w.value(*v.string()); break;
    case Type::kArray:
      w.begin_array();
      for (const Value item : v.items()) write_value(w, item, sorted);
      w.end_array();
      break;
    case Type::kObject: {
      w.begin_object();
      const auto write = [&](const Member& member) { write_value(w.key(member.key), member.value, sorted); };
      if (sorted) {
        std::vector<Member> members;
        for (const Member member : v.members()) members.push_back(member);
        std::sort(members.begin(), members.end(), [](const Member& a, const Member& b) { return a.key < b.key; });
        std::for_each(members.begin(), members.end(), write);
      } else {
        for (const Member member : v.members()) write(member);
      }
      w.end_object();
      break;
    }
  }
}

void merge_into(Writer& w, const Value& base, const Value& patch) {
  w.begin_object();
  for (const Member member : base.members()) {
    const Value over = patch[member.key];
    if (!over) {
      w.key(member.key);
      write_value(w, member.value, false);
    } else if (!over.is_null()) {
      w.key(member.key);
      if (over.is_object()) {
        merge_into(w, member.value, over);  // over a scalar: as over {}, so that nested nulls vanish too
      } else {
        write_value(w, over, false);
      }
    }
  }
  for (const Member member : patch.members()) {
    if (base[member.key] || member.value.is_null()) continue;
    w.key(member.key);
    if (member.value.is_object()) {
      merge_into(w, Value{}, member.value);
    } else {
      write_value(w, member.value, false);
    }
  }
  w.end_object();
}

}  // namespace

Type Value::type() const {
  if (!present_) return Type::kMissing;
  switch (load<dom::element>(element_).type()) {
    case dom::element_type::ARRAY: return Type::kArray;
    case dom::element_type::OBJECT: return Type::kObject;
    case dom::element_type::INT64:
    case dom::element_type::UINT64:
    case dom::element_type::DOUBLE: return Type::kNumber;
    case dom::element_type::STRING: return Type::kString;
    case dom::element_type::BOOL: return Type::kBool;
    case dom::element_type::NULL_VALUE: return Type::kNull;
  }
  return Type::kMissing;
}

Value Value::operator[](std::string_view key) const {
  Value out;
  if (!present_) return out;
  dom::object object;
  if (load<dom::element>(element_).get_object().get(object) != simdjson::SUCCESS) return out;
  dom::element found;
  if (object.at_key(key).get(found) != simdjson::SUCCESS) return out;
  store(out.element_, found);
  out.present_ = true;
  return out;
}

Value Value::at(size_t index) const {
  Value out;
  if (!present_) return out;
  dom::array array;
  if (load<dom::element>(element_).get_array().get(array) != simdjson::SUCCESS) return out;
  dom::element found;
  if (array.at(index).get(found) != simdjson::SUCCESS) return out;
  store(out.element_, found);
  out.present_ = true;
  return out;
}

std::optional<std::string_view> Value::string() const {
  if (!present_) return std::nullopt;
  std::string_view text;
  if (load<dom::element>(element_).get_string().get(text) != simdjson::SUCCESS) return std::nullopt;
  return text;
}

std::optional<bool> Value::boolean() const {
  if (!present_) return std::nullopt;
  bool b = false;
  if (load<dom::element>(element_).get_bool().get(b) != simdjson::SUCCESS) return std::nullopt;
  return b;
}

std::optional<double> Value::number() const {
  if (!present_) return std::nullopt;
  double n = 0;
  if (load<dom::element>(element_).get_double().get(n) != simdjson::SUCCESS) return std::nullopt;
  return n;
}

std::optional<int64_t> Value::integer() const {
  if (!present_) return std::nullopt;
  int64_t n = 0;
  const auto element = load<dom::element>(element_);
  if (element.get_int64().get(n) == simdjson::SUCCESS) return n;
  double d = 0;
  if (element.get_double().get(d) != simdjson::SUCCESS) return std::nullopt;
  if (d != std::floor(d) || std::fabs(d) > 9.0e15) return std::nullopt;
  return static_cast<int64_t>(d);
}

ArrayView Value::items() const {
  ArrayView view;
  dom::array array;
  if (!present_ || load<dom::element>(element_).get_array().get(array) != simdjson::SUCCESS) return view;
  store(view.begin_.state_, array.begin());
  store(view.end_.state_, array.end());
  view.begin_.valid_ = view.end_.valid_ = true;
  return view;
}

ObjectView Value::members() const {
  ObjectView view;
  dom::object object;
  if (!present_ || load<dom::element>(element_).get_object().get(object) != simdjson::SUCCESS) return view;
  store(view.begin_.state_, object.begin());
  store(view.end_.state_, object.end());
  view.begin_.valid_ = view.end_.valid_ = true;
  return view;
}

size_t Value::size() const {
  size_t count = 0;
  for (auto it = items().begin(), end = items().end(); it != end; ++it) ++count;
  for (auto it = members().begin(), end = members().end(); it != end; ++it) ++count;
  return count;
}

std::string Value::to_json() const {
  if (!present_) return "";
  switch (type()) {
    case Type::kNumber: {
      const auto element = load<dom::element>(element_);
      int64_t i = 0;
      uint64_t u = 0;
      double d = 0;
      if (element.type() == dom::element_type::INT64 && element.get_int64().get(i) == simdjson::SUCCESS) {
        return Writer().value(i).take();
      }
      if (element.type() == dom::element_type::UINT64 && element.get_uint64().get(u) == simdjson::SUCCESS) {
        return Writer().value(u).take();
      }
      if (element.get_double().get(d) != simdjson::SUCCESS) return "null";
      std::string text = Writer().value(d).take();
      // 12.0 stays a decimal number for whoever cares about the difference.
      if (text.find_first_not_of("-0123456789") == std::string::npos) text.append(".0");
      return text;
    }
    default: {
      Writer w;
      write_value(w, *this, false);
      return w.take();
    }
  }
}

Value ArrayView::Iterator::operator*() const {
  Value out;
  store(out.element_, *load<dom::array::iterator>(state_));
  out.present_ = true;
  return out;
}
ArrayView::Iterator& ArrayView::Iterator::operator++() {
  auto it = load<dom::array::iterator>(state_);
  ++it;
  store(state_, it);
  return *this;
}
bool ArrayView::Iterator::operator!=(const Iterator& other) const {
  return valid_ && load<dom::array::iterator>(state_) != load<dom::array::iterator>(other.state_);
}

Member ObjectView::Iterator::operator*() const {
  const auto field = *load<dom::object::iterator>(state_);
  Member out;
  out.key = field.key;
  store(out.value.element_, field.value);
  out.value.present_ = true;
  return out;
}
ObjectView::Iterator& ObjectView::Iterator::operator++() {
  auto it = load<dom::object::iterator>(state_);
  ++it;
  store(state_, it);
  return *this;
}
bool ObjectView::Iterator::operator!=(const Iterator& other) const {
  return valid_ && load<dom::object::iterator>(state_) != load<dom::object::iterator>(other.state_);
}

struct Document::Impl {
  static constexpr size_t kFirstCapacity = 1024;  // one stream event; 5 bytes of buffers for each
  dom::parser parser;
  std::string text;  // padded copy

  simdjson::error_code parse(std::string_view in, dom::element& root) {
    text.reserve(in.size() + simdjson::SIMDJSON_PADDING);
    text.assign(in);
    text.resize(in.size() + simdjson::SIMDJSON_PADDING, ' ');
    // simdjson reallocates whenever the asked-for capacity differs from what it has: grow in powers of two, never
    // shrink.
    if (parser.capacity() < in.size() || parser.max_depth() != static_cast<size_t>(limits::kJsonDepthMax)) {
      if (in.size() > parser.max_capacity()) return simdjson::CAPACITY;
      const size_t capacity = std::max(parser.capacity(), std::bit_ceil(std::max<size_t>(in.size(), kFirstCapacity)));
      if (const auto error = parser.allocate(std::min(capacity, parser.max_capacity()), limits::kJsonDepthMax))
        return error;
    }
    return parser.parse(text.data(), in.size(), false).get(root);
  }
};

namespace {

// A parser's buffers cost more to get from the system than a small answer costs to parse, so each thread keeps a few.
// Not under ASan, which is there to catch values that outlive their document.
#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
constexpr size_t kKeptMax = 0;
#else
constexpr size_t kKeptMax = 4;
#endif
constexpr size_t kKeptCapacityMax = 64u << 10;

thread_local bool kept_gone = false;  // set when the thread's list was destroyed; documents may outlive it

template <typename Impl>
struct Kept {
  std::vector<std::unique_ptr<Impl>> list;
  ~Kept() { kept_gone = true; }
  static Kept& here() {
    thread_local Kept kept;
    return kept;
  }
};

}  // namespace

Document::Document() {
  if (kKeptMax > 0 && !kept_gone) {
    if (auto& list = Kept<Impl>::here().list; !list.empty()) {
      impl_ = std::move(list.back());
      list.pop_back();
      return;
    }
  }
  impl_ = std::make_unique<Impl>();
}

Document::~Document() {
  if (!impl_ || kept_gone || impl_->parser.capacity() > kKeptCapacityMax) return;
  if (auto& list = Kept<Impl>::here().list; list.size() < kKeptMax) list.push_back(std::move(impl_));
}

Document::Document(Document&&) noexcept = default;
Document& Document::operator=(Document&&) noexcept = default;

Result<Value> Document::parse(std::string_view text) {
  dom::element root;
  if (const auto error = impl_->parse(text, root)) return fail(Error::invalid("not valid JSON: " + describe(error)));
  Value out;
  store(out.element_, root);
  out.present_ = true;
  return out;
}

Result<Value> Document::parse_lenient(std::string_view text) {
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  dom::element root;
  auto error = impl_->parse(text, root);
  if (error == simdjson::UTF8_ERROR || error == simdjson::NUMBER_ERROR || error == simdjson::STRING_ERROR ||
      error == simdjson::TAPE_ERROR) {
    const std::string mended = Mender(is_valid_utf8(text) ? std::string(text) : to_valid_utf8(text)).run();
    error = impl_->parse(mended, root);
  }
  if (error) return fail(Error::invalid("not valid JSON: " + describe(error)));
  Value out;
  store(out.element_, root);
  out.present_ = true;
  return out;
}

bool is_valid(std::string_view text) {
  Document document;
  return document.parse(text).has_value();
}

Status check_object(std::string_view text, std::string_view what) {
  Document document;
  const auto root = document.parse(text);
  if (!root) return fail(Error::invalid(std::string(what) + " is " + root.error().message));
  if (!root->is_object()) return fail(Error::invalid(std::string(what) + " must be a JSON object"));
  return {};
}

Result<std::string> merge(std::string_view base, std::string_view patch) {
  Document a, b;
  const auto base_value = a.parse(base);
  if (!base_value) return fail(base_value.error());
  const auto patch_value = b.parse(patch);
  if (!patch_value) return fail(patch_value.error());
  if (!base_value->is_object() || !patch_value->is_object())
    return fail(Error::invalid("only JSON objects can be merged"));
  Writer w;
  merge_into(w, *base_value, *patch_value);
  return w.take();
}

Result<std::string> canonical(std::string_view text) {
  Document document;
  const auto root = document.parse(text);
  if (!root) return fail(root.error());
  Writer w;
  write_value(w, *root, true);
  return w.take();
}

}  // namespace tracia::json
