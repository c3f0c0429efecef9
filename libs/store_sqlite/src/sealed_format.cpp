#include "sealed_format.h"

#include "codec.h"
#include "db.h"

namespace tracia::store_sqlite {
namespace {

Error damaged(std::string_view what) {
  return {.code = ErrorCode::kUnavailable, .kind = kDamage, .message = "damaged segment: " + std::string(what)};
}

// Rounded down, so that order is kept; what passes 64 bits stays at the end.
int64_t nano_units(llm::Decimal amount) {
  constexpr llm::Int128 kUnits = 1'000'000'000;
  llm::Int128 nano = amount.units() / kUnits;
  if (amount.units() < 0 && amount.units() % kUnits != 0) --nano;
  const llm::Int128 low = std::numeric_limits<int64_t>::min(), high = std::numeric_limits<int64_t>::max();
  return static_cast<int64_t>(std::clamp(nano, low, high));
}
std::optional<int64_t> nano_units(const std::optional<llm::Decimal>& amount) {
  if (!amount) return std::nullopt;
  return nano_units(*amount);
}

void write_range(ByteWriter& out, const Range& range) {
  out.zigzag(range.min);
  out.zigzag(range.max);
}
void read_range(ByteReader& in, Range& range) {
  range.min = in.zigzag();
  range.max = in.zigzag();
}

void write_block(ByteWriter& out, const RowBlock& block) {
  out.varint(block.first);
  out.zigzag(block.position.start_us);
  out.zigzag(block.position.received_us);
  out.zigzag(block.max_received);
  for (const Range* range : {&block.latency, &block.tokens, &block.cost}) write_range(out, *range);
}
void read_block(ByteReader& in, RowBlock& block) {
  block.first = static_cast<uint32_t>(in.varint());
  block.position.start_us = in.zigzag();
  block.position.received_us = in.zigzag();
  block.max_received = in.zigzag();
  for (Range* range : {&block.latency, &block.tokens, &block.cost}) read_range(in, *range);
}

Status check(const SealedMeta& meta) {
  uint64_t at = 0;
  for (const SealedProject& project : meta.projects) {
    if (project.first != at || project.spans == 0) return fail(damaged("its projects do not follow each other"));
    at += project.spans;
  }
  if (at != meta.info.spans || at >= UINT32_MAX) return fail(damaged("its projects do not add up"));
  auto project = meta.projects.begin();
  for (size_t i = 0; i < meta.blocks.size(); ++i) {
    const uint32_t first = meta.blocks[i].first;
    if (i == 0 ? first != 0 : first <= meta.blocks[i - 1].first || first >= at) {
      return fail(damaged("its blocks do not follow each other"));
    }
    if (project != meta.projects.end() && project->first == first) ++project;
  }
  if (project != meta.projects.end()) return fail(damaged("a project has no blocks"));
  return {};
}

constexpr std::optional<int64_t> llm::Usage::* kUsageFields[] = {
    &llm::Usage::input_tokens,        &llm::Usage::output_tokens,      &llm::Usage::total_tokens,
    &llm::Usage::cached_input_tokens, &llm::Usage::cache_write_tokens, &llm::Usage::cache_write_1h_tokens,
    &llm::Usage::reasoning_tokens,    &llm::Usage::input_audio_tokens, &llm::Usage::output_audio_tokens,
};

void write_optional(ByteWriter& out, const std::optional<int64_t>& value) {
  out.byte(value ? 1 : 0);
  if (value) out.zigzag(*value);
}
void read_optional(ByteReader& in, std::optional<int64_t>& value) {
  value.reset();
  if (in.byte() != 0) value = in.zigzag();
}

void write_hashes(ByteWriter& out, const std::vector<uint64_t>& hashes) {
  out.varint(hashes.size());
  for (const uint64_t hash : hashes) out.fixed64(hash);
}
void read_hashes(ByteReader& in, std::vector<uint64_t>& hashes) {
  hashes.clear();
  for (size_t left = in.count(); left > 0 && in.ok(); --left) hashes.push_back(in.fixed64());
}

}  // namespace

void RowBlock::add(const Row& row) {
  max_received = std::max(max_received, row.received.micros);
  latency.add(row.latency_ms);
  if (const auto total = total_tokens_of(row.usage)) tokens.add(*total);
  if (row.cost) cost.add(nano_units(*row.cost));
}

bool RowBlock::may_match(const store::SpanFilter& filter) const {
  if ((filter.min_latency_ms || filter.max_latency_ms) && !latency.meets(filter.min_latency_ms, filter.max_latency_ms))
    return false;
  if ((filter.min_total_tokens || filter.max_total_tokens) &&
      !tokens.meets(filter.min_total_tokens, filter.max_total_tokens))
    return false;
  if (!filter.min_cost && !filter.max_cost) return true;
  return cost.meets(nano_units(filter.min_cost), nano_units(filter.max_cost));
}

std::string encode_meta(const SealedMeta& meta) {
  std::string bytes;
  ByteWriter out(bytes);
  out.varint(kSealedFormat);
  out.varint(meta.info.number);
  out.varint(meta.info.spans);
  for (const Timestamp stamp :
       {meta.info.min_start, meta.info.max_start, meta.info.min_received, meta.info.max_received}) {
    out.zigzag(stamp.micros);
  }
  out.varint(meta.contents);
  out.varint(meta.projects.size());
  for (const SealedProject& project : meta.projects) {
    out.text(project.id);
    out.varint(project.first);
    out.varint(project.spans);
  }
  out.varint(meta.blocks.size());
  for (const RowBlock& block : meta.blocks) write_block(out, block);
  return bytes;
}

Result<SealedMeta> decode_meta(std::string_view bytes) {
  SealedMeta meta;
  ByteReader in(bytes);
  if (const uint64_t format = in.varint(); format != kSealedFormat) {
    return fail(damaged("format " + std::to_string(format) + ", which this version does not know"));
  }
  meta.info.number = in.varint();
  meta.info.spans = in.varint();
  for (Timestamp* stamp :
       {&meta.info.min_start, &meta.info.max_start, &meta.info.min_received, &meta.info.max_received}) {
    stamp->micros = in.zigzag();
  }
  meta.contents = in.varint();
  for (size_t left = in.count(); left > 0 && in.ok(); --left) {
    SealedProject& project = meta.projects.emplace_back();
    project.id = in.text();
    project.first = static_cast<uint32_t>(in.varint());
    project.spans = static_cast<uint32_t>(in.varint());
  }
  for (size_t left = in.count(); left > 0 && in.ok(); --left) read_block(in, meta.blocks.emplace_back());
  if (!in.ok() || !in.at_end()) return fail(damaged("its description ends early"));
  TRACIA_TRY(check(meta));
  return meta;
}

std::string encode_replaces(const std::vector<uint64_t>& numbers) {
  std::string bytes;
  ByteWriter out(bytes);
  uint64_t last = 0;
  for (const uint64_t number : numbers) {
    out.varint(number - last);
    last = number;
  }
  return bytes;
}

Result<std::vector<uint64_t>> decode_replaces(std::string_view bytes) {
  std::vector<uint64_t> numbers;
  ByteReader in(bytes);
  for (uint64_t last = 0; !in.at_end() && in.ok();) {
    last += in.varint();
    numbers.push_back(last);
  }
  if (!in.ok()) return fail(damaged("what it was merged from ends early"));
  return numbers;
}

std::string group_prefix(store::GroupBy by, uint64_t project) {
  std::string key;
  ByteWriter out(key);
  out.byte(by == store::GroupBy::kSession ? 1 : 2);
  out.varint(project);
  return key;
}

std::string group_position_key(store::GroupBy by, uint64_t project, uint32_t position) {
  std::string key = group_prefix(by, project);
  for (int shift = 24; shift >= 0; shift -= 8) key += static_cast<char>(position >> shift);  // bytes sort as numbers
  return key;
}

void write_totals(ByteWriter& out, const store::Totals& totals) {
  out.zigzag(totals.span_count);
  out.zigzag(totals.error_count);
  out.zigzag128(totals.cost.units());
  out.byte(totals.any_cost ? 1 : 0);
  out.byte(static_cast<uint8_t>(totals.cost_status));
  for (const auto field : kUsageFields) write_optional(out, totals.usage.*field);
}

Status read_totals(ByteReader& in, store::Totals& totals) {
  totals.span_count = in.zigzag();
  totals.error_count = in.zigzag();
  totals.cost = llm::Decimal::from_units(in.zigzag128());
  totals.any_cost = in.byte() != 0;
  const uint8_t status = in.byte();
  if (status > static_cast<uint8_t>(llm::CostStatus::kUnknown)) return fail(damaged("an unknown cost status"));
  totals.cost_status = static_cast<llm::CostStatus>(status);
  for (const auto field : kUsageFields) read_optional(in, totals.usage.*field);
  return {};
}

std::string encode_group(const GroupPart& part) {
  std::string bytes;
  ByteWriter out(bytes);
  out.text(part.key);
  out.text(part.user_id);
  for (const int64_t stamp : {part.first.micros, part.last.micros, part.position.start_us, part.position.received_us}) {
    out.zigzag(stamp);
  }
  write_totals(out, part.totals);
  write_hashes(out, part.traces);
  write_hashes(out, part.sessions);
  return bytes;
}

Status decode_group(std::string_view bytes, GroupPart& out) {
  ByteReader in(bytes);
  out.key = in.text();
  out.user_id = in.text();
  for (int64_t* stamp : {&out.first.micros, &out.last.micros, &out.position.start_us, &out.position.received_us}) {
    *stamp = in.zigzag();
  }
  TRACIA_TRY(read_totals(in, out.totals));
  read_hashes(in, out.traces);
  read_hashes(in, out.sessions);
  if (!in.ok() || !in.at_end()) return fail(damaged("a group ends early"));
  return {};
}

}  // namespace tracia::store_sqlite
