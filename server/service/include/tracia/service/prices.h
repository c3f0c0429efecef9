// Projects' own prices of models: kept in the control store, read by whoever prices a span from a snapshot that never
// changes.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "tracia/base/result.h"
#include "tracia/ingest/price_book.h"
#include "tracia/json/reader.h"
#include "tracia/json/writer.h"
#include "tracia/service/services.h"

namespace tracia::service {

// Thread-safe.
class Prices {
 public:
  explicit Prices(Services& services) : services_(services) {}

  Status load();  // before serving, and when prices went with their project. Blocks

  // The prices as they are now. Takes a lock only when they have changed since this thread asked last.
  std::shared_ptr<const ingest::PriceBook> book() const;

  // Block. `rates` is {"input": "2.50", "output": "10", "cachedInput": …, "cacheWrite": …, "cacheWrite1h": …}: exact
  // decimals in US dollars per million tokens. Errors: kInvalidRequest naming the member; kConflict for too many.
  Result<ingest::OwnPrice> put(const std::string& project_id, std::string_view provider, std::string_view model,
                               const json::Value& rates);
  Status remove(const std::string& project_id, std::string_view provider, std::string_view model);  // kNotFound

 private:
  Status publish();

  Services& services_;
  std::mutex writes_;
  mutable std::mutex mutex_;  // of book_, when a new one is taken or put
  std::shared_ptr<const ingest::PriceBook> book_ = std::make_shared<const ingest::PriceBook>();
  std::atomic<uint64_t> version_{0};  // of book_; no two books of the process share one
};

// The book for `services`; nullptr when it has no prices.
std::shared_ptr<const ingest::PriceBook> price_book(const Services& services);

// The members of a price as the API shows it: decimals as strings.
void write_own_rates(json::Writer& w, const llm::Rates& rates);

}  // namespace tracia::service
