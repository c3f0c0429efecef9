// The embedded engine against the contract: once with segments so small that everything crosses sealed files, once with
// all in the active one.
#include <filesystem>

#include "span_engine.h"
#include "span_store_contract.h"
#include "span_store_oracle.h"
#include "tracia/base/bytes.h"
#include "tracia/base/ids.h"

namespace tracia::store::contract {
namespace {

class EngineHarness final : public SpanStoreHarness {
 public:
  explicit EngineHarness(store_sqlite::Options options) : options_(std::move(options)) {
    dir_ = std::filesystem::temp_directory_path() / ("tracia-engine-" + hex_encode(random_bytes(8)));
    std::filesystem::create_directories(dir_);
    open();
  }
  ~EngineHarness() override {
    engine_.reset();
    std::filesystem::remove_all(dir_);
  }
  SpanStore& store() override { return *engine_; }
  void reopen() override {
    engine_.reset();
    open();
  }

 private:
  void open() {
    auto opened = store_sqlite::SpanEngine::open(dir_, options_);
    if (!opened) ADD_FAILURE() << opened.error().to_string();
    engine_ = std::move(*opened);
  }
  store_sqlite::Options options_;
  std::filesystem::path dir_;
  std::unique_ptr<store_sqlite::SpanEngine> engine_;
};

SpanStoreEngine engine(const std::string& name, int64_t spans_max) {
  return {.name = name, .fresh = [spans_max] {
            store_sqlite::Options options;
            options.segment_spans_max = spans_max;
            options.on_event = [](std::string_view event, std::string_view detail) {
              // Nothing goes wrong in these tests, so nothing may fail quietly.
              if (event != "sealed" && event != "merged" && event != "segment_dropped")
                ADD_FAILURE() << event << ": " << detail;
            };
            return std::make_unique<EngineHarness>(options);
          }};
}

INSTANTIATE_TEST_SUITE_P(Sqlite, SpanStoreContract,
                         testing::Values(engine("TinySegments", 7), engine("OneSegment", 250'000)), engine_name);
INSTANTIATE_TEST_SUITE_P(Sqlite, SpanStoreOracle,
                         testing::Values(engine("SmallSegments", 40), engine("OneSegment", 250'000)), engine_name);

}  // namespace
}  // namespace tracia::store::contract
