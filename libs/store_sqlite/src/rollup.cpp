#include "rollup.h"

#include <algorithm>
#include <charconv>

#include "codec.h"
#include "sealed_format.h"

namespace tracia::store_sqlite {
namespace {

constexpr int kLevel = 3;

Error damaged(std::string_view what) {
  return {.code = ErrorCode::kUnavailable, .kind = kDamage, .message = "damaged sums: " + std::string(what)};
}

// The texts of a combination but for the version, in their order, and which views tell them apart.
struct TextField {
  std::string_view Row::* member;
  bool in_models, in_prompts;
};
constexpr TextField kTexts[] = {
    {&Row::model, true, false},       {&Row::provider, true, false}, {&Row::prompt_id, false, true},
    {&Row::prompt_slug, false, true}, {&Row::label, false, true},    {&Row::experiment_id, false, true},
    {&Row::variant, false, true},
};

void encode_combination(const Row& row, RollupView view, std::string& out) {
  const bool models = view == RollupView::kModels || view == RollupView::kAll;
  const bool prompts = view == RollupView::kPrompts || view == RollupView::kAll;
  out.clear();
  ByteWriter to(out);
  to.byte(static_cast<uint8_t>(row.kind));
  to.byte(static_cast<uint8_t>(row.status));
  for (const TextField& field : kTexts) {
    const bool kept = (field.in_models && models) || (field.in_prompts && prompts);
    to.text(kept ? row.*field.member : std::string_view());
  }
  to.text(prompts && row.prompt_version ? std::to_string(*row.prompt_version) : std::string());
}

Status decode_combination(ByteReader& in, Row& row) {
  const unsigned kind = in.byte(), status = in.byte();
  for (const TextField& field : kTexts) row.*field.member = in.text();
  const std::string_view version = in.text();
  if (!in.ok() || kind > static_cast<unsigned>(span::Kind::kOther) || status > 1) {
    return fail(damaged("an unknown combination"));
  }
  row.kind = static_cast<span::Kind>(kind);
  row.status = static_cast<span::SpanStatus>(status);
  if (version.empty()) return {};
  int64_t number = 0;
  const auto [end, error] = std::from_chars(version.data(), version.data() + version.size(), number);
  if (error != std::errc() || end != version.data() + version.size()) return fail(damaged("a version is no number"));
  row.prompt_version = number;
  return {};
}

void write_bins(ByteWriter& out, const store::Sketch& sketch) {
  size_t bins = 0, last = 0;
  sketch.each_bin([&](size_t, uint64_t) { ++bins; });
  out.varint(bins);
  sketch.each_bin([&](size_t bin, uint64_t count) {
    out.varint(bin - last);
    out.varint(count);
    last = bin;
  });
}

void add_bins(ByteReader& in, store::Sketch& sketch) {
  uint64_t bin = 0;
  for (size_t left = in.count(); left > 0 && in.ok(); --left) {
    bin += in.varint();
    const uint64_t count = in.varint();
    if (in.ok()) sketch.add_bin(static_cast<size_t>(bin), count);
  }
}

// What of a filter a view can tell. Named one by one, so that a new member does not compile until it is here.
struct Needs {
  bool models = false, prompts = false, more = false;
};
Needs needs_of(const store::SpanFilter& filter) {
  const auto& [start_from, start_before, prompt_id, prompt_slug, status, kind, cost_status, trace_id, parent_span_id,
               user_id, session_id, label, experiment_id, variant, name, model, provider, finish_reason, prompt_version,
               tags, min_cost, max_cost, min_latency, max_latency, min_tokens, max_tokens, variables, attributes, words,
               contains] = filter;
  // Time is a matter of slots; kind and status are in every view.
  (void)start_from, (void)start_before, (void)kind, (void)status;
  return {.models = model || provider,
          .prompts = prompt_id || prompt_slug || label || experiment_id || variant || prompt_version,
          .more = cost_status || trace_id || parent_span_id || user_id || session_id || name || finish_reason ||
                  !tags.empty() || min_cost || max_cost || min_latency || max_latency || min_tokens || max_tokens ||
                  !variables.empty() || !attributes.empty() || !words.empty() || !contains.empty()};
}

void add_needs(store::Dimension dimension, Needs& needs) {
  switch (dimension) {
    case store::Dimension::kKind:
    case store::Dimension::kStatus: break;
    case store::Dimension::kModel:
    case store::Dimension::kProvider: needs.models = true; break;
    case store::Dimension::kPrompt:
    case store::Dimension::kVersion:
    case store::Dimension::kLabel:
    case store::Dimension::kExperiment:
    case store::Dimension::kVariant: needs.prompts = true; break;
    case store::Dimension::kUser:
    case store::Dimension::kSession:
    case store::Dimension::kTag: needs.more = true; break;
  }
}

}  // namespace

int64_t slot_of(int64_t us, RollupSlot slot) {
  const int64_t length = length_us(slot);
  return us / length - (us % length < 0 ? 1 : 0);
}

std::optional<RollupView> view_for(const store::AnalyticsQuery& query) {
  const int64_t bucket = store::bucket_length_us(query.bucket), slot = length_us(RollupSlot::kHalfHour);
  if (bucket % slot != 0 || (bucket != 0 && query.utc_offset_minutes * 60'000'000ll % slot != 0)) {
    return std::nullopt;
  }
  Needs needs = needs_of(query.filter);
  for (const auto dimension : query.group_by) add_needs(dimension, needs);
  if (needs.more) return std::nullopt;
  if (needs.models && needs.prompts) return RollupView::kAll;
  return needs.models ? RollupView::kModels : needs.prompts ? RollupView::kPrompts : RollupView::kTime;
}

bool takes_days(const store::AnalyticsQuery& query) {
  return query.bucket == store::TimeBucket::kNone ||
         (query.bucket == store::TimeBucket::kDay && query.utc_offset_minutes == 0);
}

std::string rollup_key(RollupView view, RollupSlot slot, uint64_t project) {
  std::string key;
  ByteWriter out(key);
  out.byte(static_cast<uint8_t>(static_cast<uint8_t>(view) + static_cast<uint8_t>(slot)));
  out.varint(project);
  return key;
}

RollupCollector::Sums::Sums() : packer(kLevel) {}

RollupCollector::RollupCollector() = default;

void RollupCollector::add(const Row& row) {
  const int64_t half_hour = slot_of(row.start.micros, RollupSlot::kHalfHour);
  const int64_t day = slot_of(row.start.micros, RollupSlot::kDay);
  for (View& view : views_) {
    if (half_hour_ && half_hour != *half_hour_) end_half_hour(view, *half_hour_);
    if (day_ && day != *day_) end_slot(view.days, *day_);
  }
  half_hour_ = half_hour;
  day_ = day;
  ++spans_;
  encode_combination(row, RollupView::kAll, key_);
  View& all = views_.back();
  const auto [known, is_new] = all.numbers.try_emplace(key_, static_cast<uint32_t>(numbers_.size()));
  const uint32_t number = known->second;
  if (is_new) {
    all.combinations += key_;
    auto& numbers = numbers_.emplace_back();
    for (size_t i = 0; i + 1 < views_.size(); ++i) {
      encode_combination(row, kRollupViews[i], key_);
      View& view = views_[i];
      const auto [at, fresh] = view.numbers.try_emplace(key_, static_cast<uint32_t>(view.numbers.size()));
      if (fresh) view.combinations += key_;
      numbers[i] = at->second;
    }
    numbers.back() = number;
  }
  for (size_t i = 0; i < views_.size(); ++i) {
    views_[i].half_hours.cells[numbers_[number][i]].add(row.kind, row.status, row.cost, row.cost_status, row.usage,
                                                        row.latency_ms, row.time_to_first_token_ms);
  }
}

void RollupCollector::end_slot(Sums& sums, int64_t slot) {
  sums.cell_count += sums.cells.size();
  sums.given_up |= sums.cell_count > kCellsMax;
  if (!sums.given_up && !sums.cells.empty()) {
    std::string item, cell;
    ByteWriter out(item);
    out.zigzag(slot);
    for (const auto& [combination, measures] : sums.cells) {
      cell.clear();
      ByteWriter to(cell);
      write_totals(to, measures.totals);
      write_bins(to, measures.latency_ms);
      write_bins(to, measures.first_token_ms);
      out.varint(combination);
      out.text(cell);
    }
    sums.packer.add(item);
  }
  sums.cells.clear();
}

void RollupCollector::end_half_hour(View& view, int64_t slot) {
  for (const auto& [combination, measures] : view.half_hours.cells) view.days.cells[combination].add(measures);
  end_slot(view.half_hours, slot);
}

Status RollupCollector::write(Sums& sums, const View& view, const std::string& key, Statement& insert) {
  if (sums.given_up || (sums.cell_count > kCellsMin && sums.cell_count > spans_ / 4)) return {};
  std::string head;
  ByteWriter out(head);
  out.varint(view.numbers.size());
  out.bytes(view.combinations);
  sums.packer.add(head);
  auto packed = sums.packer.pack();
  if (!packed) return fail(std::move(packed).error());
  return insert.bind_blob(0, key).bind_blob(1, *packed).run();
}

Status RollupCollector::flush(uint64_t project, Statement& insert) {
  for (size_t i = 0; i < views_.size(); ++i) {
    View& view = views_[i];
    if (half_hour_) end_half_hour(view, *half_hour_);
    if (day_) end_slot(view.days, *day_);
  }
  for (const RollupSlot slot : kRollupSlots) {  // in the order of keys
    for (size_t i = 0; i < views_.size(); ++i) {
      View& view = views_[i];
      TRACIA_TRY(write(slot == RollupSlot::kDay ? view.days : view.half_hours, view,
                       rollup_key(kRollupViews[i], slot, project), insert));
    }
  }
  for (View& view : views_) view = View();
  numbers_.clear();
  half_hour_.reset();
  day_.reset();
  spans_ = 0;
  return {};
}

Result<Rollup> Rollup::decode(std::string_view data, RollupSlot slot) {
  auto block = Block::unpack(data);
  if (!block) return fail(std::move(block).error());
  Rollup rollup;
  rollup.slot_ = slot;
  rollup.block_ = std::make_shared<const Block>(std::move(*block));
  if (rollup.block_->items() == 0) return fail(damaged("no combinations"));
  ByteReader in(rollup.block_->item(rollup.block_->items() - 1));
  for (size_t left = in.count(); left > 0; --left) {
    TRACIA_TRY(decode_combination(in, rollup.combinations_.emplace_back()));
  }
  if (!in.ok() || !in.at_end()) return fail(damaged("combinations end early"));
  return rollup;
}

Result<std::pair<int64_t, std::vector<Rollup::Cell>>> Rollup::cells_of(std::string_view slot) const {
  ByteReader in(slot);
  std::pair<int64_t, std::vector<Cell>> cells;
  cells.first = in.zigzag();
  const int64_t slot_max = INT64_MAX / length_us(slot_);
  if (cells.first > slot_max || cells.first < -slot_max - 1) return fail(damaged("a time out of range"));
  while (!in.at_end()) {
    const uint64_t combination = in.varint();
    const std::string_view encoded = in.text();
    if (!in.ok() || combination >= combinations_.size()) return fail(damaged("a cell of no combination"));
    cells.second.emplace_back(combination, encoded);
  }
  return cells;
}

Status Rollup::add_cell(std::string_view encoded, store::Measures& to) {
  ByteReader in(encoded);
  store::Totals totals;
  TRACIA_TRY(read_totals(in, totals));
  add_bins(in, to.latency_ms);
  add_bins(in, to.first_token_ms);
  if (!in.ok() || !in.at_end()) return fail(damaged("a cell ends early"));
  to.totals.add(totals);
  return {};
}

}  // namespace tracia::store_sqlite
