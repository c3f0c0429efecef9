// Rows: ids and summaries as bytes.
#include "record.h"

#include "codec.h"
#include "db.h"
#include "tracia/base/bytes.h"

namespace tracia::store_sqlite {
namespace {

constexpr uint8_t kRowVersion = 1;

// First bytes of packed ids.
constexpr char kSpanId = 1, kTraceId = 2, kLongTraceId = 3, kOtherId = 4;

// -1 for anything but lower-case hex: upper case must come back as it was.
int nibble(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Appends the bytes of `hex`; false (and nothing appended) when it is not lower-case hex.
bool pack_hex(std::string_view hex, std::string& out) {
  char bytes[16];
  for (size_t i = 0; i < hex.size(); i += 2) {
    const int high = nibble(hex[i]), low = nibble(hex[i + 1]);
    if (high < 0 || low < 0) return false;
    bytes[i / 2] = static_cast<char>(high << 4 | low);
  }
  out.append(bytes, hex.size() / 2);
  return true;
}

// What a row's flags say is there, in the order in which it is written.
enum RowBit : unsigned {
  kHasParent,
  kHasName,
  kHasModel,
  kHasProvider,
  kHasFinish,
  kHasProviderFinish,
  kHasGivenCostStatus,
  kHasUser,
  kHasSession,
  kHasPromptId,
  kHasSlug,
  kHasLabel,
  kHasExperiment,
  kHasVariant,
  kHasPromptVersion,
  kHasFirstToken,
  kHasMaxOutput,
  kHasTemperature,
  kHasTopP,
  kHasCost,
  kHasTags,
  kHasError,
  kHasUsage,
  kRowBits
};

// The texts of a row, flag by flag; the same list serves writing and reading.
struct TextField {
  RowBit bit;
  std::string_view Row::* member;
};
constexpr TextField kTextFields[] = {
    {kHasName, &Row::name},
    {kHasModel, &Row::model},
    {kHasProvider, &Row::provider},
    {kHasFinish, &Row::finish_reason},
    {kHasProviderFinish, &Row::provider_finish_reason},
    {kHasGivenCostStatus, &Row::given_cost_status},
    {kHasUser, &Row::user_id},
    {kHasSession, &Row::session_id},
    {kHasPromptId, &Row::prompt_id},
    {kHasSlug, &Row::prompt_slug},
    {kHasLabel, &Row::label},
    {kHasExperiment, &Row::experiment_id},
    {kHasVariant, &Row::variant},
};
struct IntegerField {
  RowBit bit;
  std::optional<int64_t> Row::* member;
};
constexpr IntegerField kIntegerFields[] = {
    {kHasPromptVersion, &Row::prompt_version},
    {kHasFirstToken, &Row::time_to_first_token_ms},
    {kHasMaxOutput, &Row::max_output_tokens},
};
struct RealField {
  RowBit bit;
  std::optional<double> Row::* member;
};
constexpr RealField kRealFields[] = {{kHasTemperature, &Row::temperature}, {kHasTopP, &Row::top_p}};

constexpr std::optional<int64_t> llm::Usage::* kUsageFields[] = {
    &llm::Usage::input_tokens,        &llm::Usage::output_tokens,      &llm::Usage::total_tokens,
    &llm::Usage::cached_input_tokens, &llm::Usage::cache_write_tokens, &llm::Usage::cache_write_1h_tokens,
    &llm::Usage::reasoning_tokens,    &llm::Usage::input_audio_tokens, &llm::Usage::output_audio_tokens,
};

unsigned usage_flags(const llm::Usage& usage) {
  unsigned flags = 0;
  for (size_t i = 0; i < std::size(kUsageFields); ++i) flags |= (usage.*kUsageFields[i] ? 1u : 0u) << i;
  return flags;
}

// Everything but ids and tags, which need storage of their own.
Row row_of(const store::StoredSpan& stored) {
  const span::Span& from = stored.span;
  Row row;
  row.start = from.start_time.value_or(stored.received);
  row.received = stored.received;
  row.kind = from.kind;
  row.status = from.status;
  row.cost_status = stored.cost_status;
  row.has_error = !from.error.empty();
  row.name = from.name;
  row.model = from.model;
  row.provider = from.provider;
  row.finish_reason = from.finish_reason;
  row.provider_finish_reason = from.provider_finish_reason;
  row.given_cost_status = from.cost_status;
  row.user_id = from.user_id;
  row.session_id = from.session_id;
  row.prompt_id = stored.prompt_id;
  row.prompt_slug = from.prompt_slug;
  row.label = from.label;
  row.experiment_id = from.experiment_id;
  row.variant = from.variant;
  row.prompt_version = from.prompt_version;
  row.time_to_first_token_ms = from.time_to_first_token_ms;
  row.max_output_tokens = from.max_output_tokens;
  row.temperature = from.temperature;
  row.top_p = from.top_p;
  row.latency_ms = from.latency_ms;
  row.cost = stored.cost;
  row.usage = from.usage;
  return row;
}

unsigned flags_of(const Row& row, bool has_parent, bool has_tags) {
  unsigned flags = 0;
  const auto set = [&](RowBit bit, bool on) { flags |= (on ? 1u : 0u) << bit; };
  set(kHasParent, has_parent);
  for (const auto& field : kTextFields) set(field.bit, !(row.*field.member).empty());
  for (const auto& field : kIntegerFields) set(field.bit, (row.*field.member).has_value());
  for (const auto& field : kRealFields) set(field.bit, (row.*field.member).has_value());
  set(kHasCost, row.cost.has_value());
  set(kHasTags, has_tags);
  set(kHasError, row.has_error);
  set(kHasUsage, usage_flags(row.usage) != 0);
  return flags;
}

void write_usage(ByteWriter& out, const llm::Usage& usage) {
  out.varint(usage_flags(usage));
  for (const auto field : kUsageFields) {
    if (usage.*field) out.zigzag(*(usage.*field));
  }
}

void read_usage(ByteReader& in, llm::Usage& usage) {
  const uint64_t flags = in.varint();
  for (size_t i = 0; i < std::size(kUsageFields); ++i) {
    if ((flags >> i & 1) != 0) usage.*kUsageFields[i] = in.zigzag();
  }
}

void write_id(ByteWriter& out, std::string_view id) { out.text(pack_id(id)); }

Error damaged(std::string_view what) {
  return {.code = ErrorCode::kUnavailable, .kind = kDamage, .message = "damaged row: " + std::string(what)};
}

// Wraps instead of overflowing: damaged bytes may say anything.
int64_t wrapping_add(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}
int64_t wrapping_subtract(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
}

}  // namespace

std::string pack_id(std::string_view id) {
  std::string packed;
  if (id.empty()) return packed;
  const std::string_view prefix = id.substr(0, 3);
  if (id.size() == 19 && (prefix == "sp_" || prefix == "tr_")) {
    packed = prefix == "sp_" ? kSpanId : kTraceId;
    if (pack_hex(id.substr(3), packed)) return packed;
  } else if (id.size() == 35 && prefix == "tr_") {
    packed = kLongTraceId;
    if (pack_hex(id.substr(3), packed)) return packed;
  }
  packed = kOtherId;
  packed += id;
  return packed;
}

std::string unpack_id(std::string_view packed) {
  if (packed.empty()) return "";
  const std::string_view rest = packed.substr(1);
  switch (packed[0]) {
    case kSpanId: return rest.size() == 8 ? "sp_" + hex_encode(rest) : "";
    case kTraceId: return rest.size() == 8 ? "tr_" + hex_encode(rest) : "";
    case kLongTraceId: return rest.size() == 16 ? "tr_" + hex_encode(rest) : "";
    case kOtherId: return std::string(rest);
    default: return "";
  }
}

std::string encode_row(const store::StoredSpan& span) {
  const Row row = row_of(span);
  const unsigned flags = flags_of(row, !span.span.parent_span_id.empty(), !span.span.tags.empty());
  std::string bytes;
  bytes.reserve(256);
  ByteWriter out(bytes);
  out.byte(kRowVersion);
  out.varint(flags);
  out.byte(static_cast<uint8_t>(row.kind));
  out.byte(static_cast<uint8_t>(static_cast<unsigned>(row.status) | static_cast<unsigned>(row.cost_status) << 1));
  write_id(out, span.span.span_id);
  write_id(out, span.span.trace_id);
  if ((flags >> kHasParent & 1) != 0) write_id(out, span.span.parent_span_id);
  out.zigzag(row.start.micros);
  out.zigzag(wrapping_subtract(row.received.micros, row.start.micros));
  out.zigzag(row.latency_ms);
  for (const auto& field : kTextFields) {
    if (!(row.*field.member).empty()) out.text(row.*field.member);
  }
  for (const auto& field : kIntegerFields) {
    if (row.*field.member) out.zigzag(*(row.*field.member));
  }
  for (const auto& field : kRealFields) {
    if (row.*field.member) out.real(*(row.*field.member));
  }
  if (row.cost) out.zigzag128(row.cost->units());
  if (!span.span.tags.empty()) {
    out.varint(span.span.tags.size());
    for (const std::string& tag : span.span.tags) out.text(tag);
  }
  if ((flags >> kHasUsage & 1) != 0) write_usage(out, row.usage);
  return bytes;
}

Status decode_row(std::string_view bytes, Row& out) {
  std::vector<std::string_view> tags = std::move(out.tags);
  tags.clear();
  out = Row{};
  out.tags = std::move(tags);
  ByteReader in(bytes);
  if (in.byte() != kRowVersion) return fail(damaged("unknown version"));
  const uint64_t flags = in.varint();
  const auto has = [&](RowBit bit) { return (flags >> bit & 1) != 0; };
  const unsigned kind = in.byte(), status = in.byte();
  if (kind > static_cast<unsigned>(span::Kind::kOther) || status >> 1 > 3) return fail(damaged("unknown kind"));
  out.kind = static_cast<span::Kind>(kind);
  out.status = static_cast<span::SpanStatus>(status & 1);
  out.cost_status = static_cast<llm::CostStatus>(status >> 1);
  out.has_error = has(kHasError);
  out.span_id = in.text();
  out.trace_id = in.text();
  if (has(kHasParent)) out.parent_span_id = in.text();
  out.start.micros = in.zigzag();
  out.received.micros = wrapping_add(out.start.micros, in.zigzag());
  out.latency_ms = in.zigzag();
  for (const auto& field : kTextFields) {
    if (has(field.bit)) out.*field.member = in.text();
  }
  for (const auto& field : kIntegerFields) {
    if (has(field.bit)) out.*field.member = in.zigzag();
  }
  for (const auto& field : kRealFields) {
    if (has(field.bit)) out.*field.member = in.real();
  }
  if (has(kHasCost)) out.cost = llm::Decimal::from_units(in.zigzag128());
  if (has(kHasTags)) {
    for (size_t left = in.count(); left > 0 && in.ok(); --left) out.tags.push_back(in.text());
  }
  if (has(kHasUsage)) read_usage(in, out.usage);
  if (!in.ok()) return fail(damaged("it ends early"));
  if (!in.at_end() || flags >> kRowBits != 0) return fail(damaged("more than a row"));
  return {};
}

store::StoredSpan summary_of(const Row& row) {
  store::StoredSpan out;
  span::Span& to = out.span;
  to.span_id = unpack_id(row.span_id);
  to.trace_id = unpack_id(row.trace_id);
  to.parent_span_id = unpack_id(row.parent_span_id);
  to.start_time = row.start;
  to.kind = row.kind;
  to.status = row.status;
  to.cost_status = row.given_cost_status;
  to.name = row.name;
  to.model = row.model;
  to.provider = row.provider;
  to.finish_reason = row.finish_reason;
  to.provider_finish_reason = row.provider_finish_reason;
  to.user_id = row.user_id;
  to.session_id = row.session_id;
  to.prompt_slug = row.prompt_slug;
  to.label = row.label;
  to.experiment_id = row.experiment_id;
  to.variant = row.variant;
  to.prompt_version = row.prompt_version;
  to.time_to_first_token_ms = row.time_to_first_token_ms;
  to.max_output_tokens = row.max_output_tokens;
  to.temperature = row.temperature;
  to.top_p = row.top_p;
  to.latency_ms = row.latency_ms;
  to.usage = row.usage;
  to.tags.assign(row.tags.begin(), row.tags.end());
  out.received = row.received;
  out.prompt_id = row.prompt_id;
  out.cost = row.cost;
  out.cost_status = row.cost_status;
  return out;
}

}  // namespace tracia::store_sqlite
