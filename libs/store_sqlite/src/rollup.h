// Sums within sealed segments, made at seal: for each half hour and each combination of what spans are grouped by most,
// the measures of its spans. analytics() reads these instead of rows. Half hours, so that days and hours of nearly
// every time zone are made of whole ones.
//
// A segment has each sum in several views, from few combinations to many, and a query reads the smallest that knows
// all it asks for; and each view also by days of UTC, for queries over many of them. Table `rollups`, one row for each
// project and view:
//
//   key    view byte, +16 for days | project varint
//   data   block (block.h): one item for each half hour (day) that has spans, the newest first; the last item:
//          combinations
//
//   combinations   count | each: kind byte | status byte | 8 texts: model, provider, prompt id, prompt slug, label,
//                  experiment, variant, version as a number's text
//   half hour      begin / 30 minutes (a day), zigzag | cells to the end: combination | length | totals | bins of
//                  latency | bins of time to first token
//   bins           count | each: difference to the bin before | count
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "block.h"
#include "db.h"
#include "record.h"
#include "tracia/store/analytics.h"

namespace tracia::store_sqlite {

// Stored: never renumber.
enum class RollupSlot : uint8_t { kHalfHour = 0, kDay = 16 };
inline constexpr std::array kRollupSlots = {RollupSlot::kHalfHour, RollupSlot::kDay};
constexpr int64_t length_us(RollupSlot slot) { return (slot == RollupSlot::kDay ? 48 : 1) * 30 * 60'000'000ll; }
// The number of the slot that holds a stamp; it begins at number * length_us().
int64_t slot_of(int64_t us, RollupSlot slot);

// Stored: never renumber. Each knows what is named, and kind and status.
enum class RollupView : uint8_t {
  kTime = 1,
  kModels = 2,   // model, provider
  kPrompts = 3,  // prompt, version, label, experiment, variant
  kAll = 4,
};
inline constexpr std::array kRollupViews = {RollupView::kTime, RollupView::kModels, RollupView::kPrompts,
                                            RollupView::kAll};

// The smallest view that knows a query's groupings and filters, and whose slots its buckets are made of. nullopt: there
// is none, rows must be read.
std::optional<RollupView> view_for(const store::AnalyticsQuery& query);
// Whether its buckets are made of days of UTC.
bool takes_days(const store::AnalyticsQuery& query);

std::string rollup_key(RollupView view, RollupSlot slot, uint64_t project);

// Sums up one project at a time. A view with many cells is given up when it would save nothing: when it has more than
// one for every four spans, and more than kCellsMin; or more than memory allows. One thread.
class RollupCollector {
 public:
  static constexpr size_t kCellsMin = 1u << 16, kCellsMax = 1u << 18;

  RollupCollector();
  // Spans come sorted by start, the newest first.
  void add(const Row& row);
  // Writes the views of the project whose spans were added, and begins anew. `insert` takes key and data.
  Status flush(uint64_t project, Statement& insert);

 private:
  // The slots of one length.
  struct Sums {
    Sums();
    BlockPacker packer;                         // the slots that are done
    std::map<uint32_t, store::Measures> cells;  // of the slot under way
    size_t cell_count = 0;
    bool given_up = false;
  };
  struct View {
    std::unordered_map<std::string, uint32_t> numbers;  // of combinations, by their encoded form
    std::string combinations;
    Sums half_hours, days;  // a day is summed up from its half hours
  };
  static void end_slot(Sums& sums, int64_t slot);
  static void end_half_hour(View& view, int64_t slot);
  Status write(Sums& sums, const View& view, const std::string& key, Statement& insert);

  std::array<View, kRollupViews.size()> views_;
  // Of each combination of kAll, its numbers in all views.
  std::vector<std::array<uint32_t, kRollupViews.size()>> numbers_;
  std::optional<int64_t> half_hour_, day_;  // under way
  size_t spans_ = 0;
  std::string key_;  // reused
};

// One view of one project, read back; by default one without cells. Total: bad bytes are an error.
class Rollup {
 public:
  static Result<Rollup> decode(std::string_view data, RollupSlot slot);

  RollupSlot slot() const { return slot_; }

  // Spans that stand for the combinations: what groups and filters look at is set, all else is empty.
  const std::vector<Row>& combinations() const { return combinations_; }

  // Adds each cell to the measures that target(number of the slot, combination) gives; nullptr passes it over.
  template <typename Target>
  Status each_cell(const Target& target) const {
    for (size_t i = 0; block_ && i + 1 < block_->items(); ++i) {
      TRACIA_TRY(read_slot(block_->item(i), target));
    }
    return {};
  }

 private:
  using Cell = std::pair<uint64_t, std::string_view>;  // combination, encoded measures
  Result<std::pair<int64_t, std::vector<Cell>>> cells_of(std::string_view slot) const;
  static Status add_cell(std::string_view encoded, store::Measures& to);

  template <typename Target>
  Status read_slot(std::string_view bytes, const Target& target) const {
    auto cells = cells_of(bytes);
    if (!cells) return fail(std::move(cells).error());
    for (const auto& [combination, encoded] : cells->second) {
      store::Measures* to = target(cells->first, static_cast<size_t>(combination));
      if (to != nullptr) TRACIA_TRY(add_cell(encoded, *to));
    }
    return {};
  }

  RollupSlot slot_ = RollupSlot::kHalfHour;
  std::shared_ptr<const Block> block_;  // the combinations' texts are in it
  std::vector<Row> combinations_;
};

}  // namespace tracia::store_sqlite
