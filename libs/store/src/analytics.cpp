#include "tracia/store/analytics.h"

#include <algorithm>
#include <numeric>

namespace tracia::store {
namespace {

// Length first, so that no two lists of keys make the same text.
void append_key(std::string& out, std::string_view key) {
  const auto length = static_cast<uint32_t>(key.size());
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(length >> shift);
  out += key;
}

DimensionTexts texts_of(const StoredSpan& stored) {
  const span::Span& span = stored.span;
  return {.model = span.model,
          .provider = span.provider,
          .prompt_id = stored.prompt_id,
          .prompt_slug = span.prompt_slug,
          .label = span.label,
          .experiment = span.experiment_id,
          .variant = span.variant,
          .user = span.user_id,
          .session = span.session_id,
          .version = span.prompt_version,
          .kind = span.kind,
          .status = span.status};
}

}  // namespace

void Measures::add(span::Kind kind, span::SpanStatus status, const std::optional<llm::Decimal>& cost,
                   llm::CostStatus cost_status, const llm::Usage& usage, int64_t latency,
                   const std::optional<int64_t>& first_token) {
  totals.add(kind, status, cost, cost_status, usage);
  latency_ms.add(latency);
  if (first_token) first_token_ms.add(*first_token);
}

void Measures::add(const Measures& other) {
  totals.add(other.totals);
  latency_ms.merge(other.latency_ms);
  first_token_ms.merge(other.first_token_ms);
  for (const auto& [name, mean] : other.scores) {
    ScoreMean& sum = scores[name];
    sum.count += mean.count;
    sum.sum += mean.sum;
  }
}

int64_t bucket_length_us(TimeBucket bucket) {
  constexpr int64_t kMinuteUs = 60'000'000;
  switch (bucket) {
    case TimeBucket::kMinute: return kMinuteUs;
    case TimeBucket::kHour: return 60 * kMinuteUs;
    case TimeBucket::kDay: return 24 * 60 * kMinuteUs;
    case TimeBucket::kNone: break;
  }
  return 0;
}

Timestamp bucket_begin(Timestamp start, TimeBucket bucket, int32_t utc_offset_minutes) {
  const int64_t length = bucket_length_us(bucket);
  if (length == 0) return start;
  // In 128 bits: stamps come from clients and may be any.
  const llm::Int128 local = llm::Int128{start.micros} + llm::Int128{utc_offset_minutes} * 60'000'000;
  llm::Int128 past = local % length;
  if (past < 0) past += length;
  const llm::Int128 begin = llm::Int128{start.micros} - past;
  return {begin < INT64_MIN ? INT64_MIN : static_cast<int64_t>(begin)};
}

AnalyticsBuilder::AnalyticsBuilder(const AnalyticsQuery& query)
    : group_by_(query.group_by),
      bucket_(query.bucket),
      utc_offset_minutes_(query.utc_offset_minutes),
      groups_max_(query.groups_max) {
  const auto tag = std::find(group_by_.begin(), group_by_.end(), Dimension::kTag);
  if (tag != group_by_.end()) tag_place_ = static_cast<size_t>(tag - group_by_.begin());
}

void AnalyticsBuilder::keys_of(const DimensionTexts& span, Keys& keys, std::vector<std::string>& made) const {
  keys.clear();
  made.clear();
  made.reserve(2);  // what is made of a span: its version and its prompt; views into them must stay
  const auto make = [&](std::string text) -> std::string_view { return made.emplace_back(std::move(text)); };
  for (const Dimension dimension : group_by_) {
    switch (dimension) {
      case Dimension::kModel: keys.push_back(span.model); break;
      case Dimension::kProvider: keys.push_back(span.provider); break;
      case Dimension::kPrompt:
        keys.push_back(!span.prompt_id.empty() || span.prompt_slug.empty() ? span.prompt_id
                                                                           : make("/" + std::string(span.prompt_slug)));
        break;
      case Dimension::kVersion:
        keys.push_back(span.version ? make(std::to_string(*span.version)) : std::string_view());
        break;
      case Dimension::kLabel: keys.push_back(span.label); break;
      case Dimension::kExperiment: keys.push_back(span.experiment); break;
      case Dimension::kVariant: keys.push_back(span.variant); break;
      case Dimension::kUser: keys.push_back(span.user); break;
      case Dimension::kSession: keys.push_back(span.session); break;
      case Dimension::kTag: keys.emplace_back(); break;
      case Dimension::kKind: keys.push_back(span::kind_name(span.kind)); break;
      case Dimension::kStatus: keys.push_back(span.status == span::SpanStatus::kError ? "ERROR" : "SUCCESS"); break;
    }
  }
}

size_t AnalyticsBuilder::group_of(const Keys& keys) {
  key_.clear();
  for (const std::string_view key : keys) append_key(key_, key);
  if (const auto known = group_numbers_.find(key_); known != group_numbers_.end()) return known->second;
  if (cells_.size() >= kAnalyticsCellsMax) {
    cut_ = true;
    return kRest;
  }
  groups_.push_back({.keys = {keys.begin(), keys.end()}});
  group_numbers_.emplace(key_, groups_.size() - 1);
  return groups_.size() - 1;
}

Measures& AnalyticsBuilder::cell(int64_t bucket, size_t group) {
  const auto known = cell_numbers_.find({bucket, group});
  if (known != cell_numbers_.end()) return cells_[known->second].measures;
  if (group != kRest && cells_.size() >= kAnalyticsCellsMax) {
    cut_ = true;
    return cell(bucket, kRest);
  }
  cell_numbers_.emplace(std::pair(bucket, group), cells_.size());
  cells_.push_back({.bucket = bucket, .group = group, .measures = {}});
  return cells_.back().measures;
}

Measures& AnalyticsBuilder::at(Timestamp start, const Keys& keys) {
  const int64_t bucket = bucket_ == TimeBucket::kNone ? 0 : bucket_begin(start, bucket_, utc_offset_minutes_).micros;
  return cell(bucket, group_of(keys));
}

template <typename Visit>
void AnalyticsBuilder::visit_groups(const StoredSpan& span, const Visit& visit) {
  Keys keys;
  std::vector<std::string> made;
  keys_of(texts_of(span), keys, made);
  each_group(span.start(), keys, span.span.tags, visit);
}

void AnalyticsBuilder::add(const StoredSpan& span) {
  visit_groups(span, [&](Measures& measures) {
    measures.add(span.span.kind, span.span.status, span.cost, span.cost_status, span.span.usage, span.span.latency_ms,
                 span.span.time_to_first_token_ms);
  });
}

void AnalyticsBuilder::add(const StoredSpan& span, const SpanScore& score) {
  visit_groups(span, [&](Measures& measures) {
    ScoreMean& mean = measures.scores[score.name];
    ++mean.count;
    mean.sum += score.value;
  });
}

// Of each group its place among the rows of a bucket, the most spans first.
std::vector<size_t> AnalyticsBuilder::places() {
  for (const Cell& cell : cells_) {
    if (cell.group != kRest) groups_[cell.group].spans += cell.measures.totals.span_count;
  }
  std::vector<size_t> order(groups_.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    const Group &x = groups_[a], &y = groups_[b];
    return x.spans != y.spans ? x.spans > y.spans : x.keys < y.keys;
  });
  std::vector<size_t> places(groups_.size());
  for (size_t i = 0; i < order.size(); ++i) places[order[i]] = i;
  return places;
}

AnalyticsResult AnalyticsBuilder::finish() {
  const std::vector<size_t> place = places();
  AnalyticsResult result;
  if (place.size() > groups_max_) result.groups_rest = place.size() - groups_max_;
  if (cut_) ++result.groups_rest;
  std::map<std::pair<int64_t, size_t>, AnalyticsRow> rows;  // by bucket and place; the rest last
  for (Cell& cell : cells_) {
    if (!tag_place_) result.total.add(cell.measures);
    const bool rest = cell.group == kRest || place[cell.group] >= groups_max_;
    const auto [at, is_new] = rows.try_emplace({cell.bucket, rest ? kRest : place[cell.group]});
    AnalyticsRow& row = at->second;
    if (!is_new) {
      row.measures.add(cell.measures);
      continue;
    }
    if (bucket_ != TimeBucket::kNone) row.bucket = Timestamp{cell.bucket};
    row.rest = rest;
    if (!rest) row.keys = groups_[cell.group].keys;
    row.measures = std::move(cell.measures);
  }
  if (tag_place_) result.total = std::move(overall_);
  result.rows.reserve(rows.size());
  for (auto& [key, row] : rows) result.rows.push_back(std::move(row));
  return result;
}

}  // namespace tracia::store
