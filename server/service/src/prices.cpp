#include "tracia/service/prices.h"

#include <array>
#include <optional>
#include <utility>

#include "tracia/base/bytes.h"
#include "tracia/store/control_store.h"

namespace tracia::service {
namespace {

constexpr size_t kPricesOfProjectMax = 5'000;  // more than there are models
constexpr size_t kModelBytesMax = 512;         // connections' models included; Bedrock's ARNs are the longest
constexpr size_t kProviderBytesMax = 100;
// Published prices have at most 12 decimals: then no cost is ever rounded.
constexpr size_t kDecimalsMax = 12;
constexpr llm::Decimal kRateMax = llm::Decimal::from_units(llm::Int128{1'000'000} * 1'000'000'000'000'000'000);

struct RateMember {
  const char* name;
  std::optional<llm::Decimal> llm::Rates::* rate;
};
constexpr std::array<RateMember, 5> kMembers{{{"input", &llm::Rates::input},
                                              {"output", &llm::Rates::output},
                                              {"cachedInput", &llm::Rates::cached_read},
                                              {"cacheWrite", &llm::Rates::cache_write},
                                              {"cacheWrite1h", &llm::Rates::cache_write_1h}}};

Error bad_rate(std::string_view member, std::string_view what) {
  return Error::invalid(std::string(member) + ": " + std::string(what));
}

Result<std::optional<llm::Decimal>> read_rate(const json::Value& value, std::string_view member) {
  if (value.is_missing_or_null()) return std::optional<llm::Decimal>();
  const auto text = value.string();
  const auto rate = text ? llm::Decimal::parse(*text) : std::nullopt;
  if (!rate) return fail(bad_rate(member, "must be a decimal as a string, as in \"2.50\""));
  if (*rate < llm::Decimal() || *rate > kRateMax) return fail(bad_rate(member, "must be from 0 to 1000000"));
  const size_t point = text->find('.');
  if (point != std::string_view::npos && text->size() - point - 1 > kDecimalsMax) {
    return fail(bad_rate(member, "has more than 12 decimals"));
  }
  return rate;
}

Result<llm::Rates> read_rates(const json::Value& object) {
  llm::Rates rates;
  for (const RateMember& member : kMembers) {
    auto rate = read_rate(object[member.name], member.name);
    if (!rate) return fail(std::move(rate).error());
    rates.*member.rate = *rate;
  }
  if (!rates.input) return fail(Error::invalid("Missing required field: input"));
  return rates;
}

// What was not given costs what the nearest does, so that no call is left without a cost.
llm::Rates completed(llm::Rates rates) {
  if (!rates.cache_write_1h) rates.cache_write_1h = rates.cache_write ? rates.cache_write : rates.input;
  return rates;
}

Status check_text(std::string_view what, std::string_view text, size_t bytes_max) {
  bool good = !text.empty() && text.size() <= bytes_max && is_valid_utf8(text);
  for (const char c : text) good = good && static_cast<unsigned char>(c) >= 0x20 && c != 0x7f;
  if (good) return {};
  return fail(Error::invalid(std::string(what) + ": must be 1 to " + std::to_string(bytes_max) +
                             " bytes of text without control characters"));
}

bool is_embedding(std::string_view provider, std::string_view model) {
  const llm::ModelInfo* known = llm::find_model(model, provider);
  return known != nullptr && known->kind == llm::ModelKind::kEmbedding;
}

}  // namespace

void write_own_rates(json::Writer& w, const llm::Rates& rates) {
  for (const RateMember& member : kMembers) {
    if (const auto& rate = rates.*member.rate) w.field(member.name, rate->to_string());
  }
}

Status Prices::load() {
  const std::lock_guard lock(writes_);
  return publish();
}

Status Prices::publish() {
  const auto stored = services_.control->model_prices();
  if (!stored) return fail(stored.error());
  auto book = std::make_shared<ingest::PriceBook>();
  for (const store::ModelPrice& price : *stored) {
    json::Document document;
    const auto object = document.parse(price.json);
    auto rates = object ? read_rates(*object) : fail(object.error());
    if (!rates) continue;  // of a newer server
    book->add(price.project_id, {.provider = price.provider, .model = price.model, .rates = completed(*rates)});
  }
  static std::atomic<uint64_t> versions{0};
  const std::lock_guard lock(mutex_);
  book_ = std::move(book);
  version_.store(++versions, std::memory_order_release);
  return {};
}

std::shared_ptr<const ingest::PriceBook> Prices::book() const {
  struct Seen {
    const Prices* of = nullptr;
    uint64_t version = 0;
    std::shared_ptr<const ingest::PriceBook> book;
  };
  static thread_local Seen seen;
  if (seen.of != this || seen.version != version_.load(std::memory_order_acquire)) {
    const std::lock_guard lock(mutex_);
    seen = {.of = this, .version = version_.load(std::memory_order_relaxed), .book = book_};
  }
  return seen.book;
}

Result<ingest::OwnPrice> Prices::put(const std::string& project_id, std::string_view provider, std::string_view model,
                                     const json::Value& object) {
  TRACIA_TRY(check_text("provider", provider, kProviderBytesMax));
  TRACIA_TRY(check_text("model", model, kModelBytesMax));
  auto rates = read_rates(object);
  if (!rates) return fail(std::move(rates).error());
  if (!rates->output && !is_embedding(provider, model)) return fail(Error::invalid("Missing required field: output"));
  json::Writer w;
  w.begin_object();
  write_own_rates(w, *rates);
  w.end_object();
  ingest::OwnPrice price{.provider = ascii_lower(provider), .model = ascii_lower(model), .rates = completed(*rates)};
  const std::lock_guard lock(writes_);
  const auto current = book();
  if (current->of(project_id).size() >= kPricesOfProjectMax) {
    return fail({.code = ErrorCode::kConflict, .message = "This project has too many prices of its own"});
  }
  TRACIA_TRY(services_.control->put_model_price({.project_id = project_id,
                                                 .provider = price.provider,
                                                 .model = price.model,
                                                 .json = w.take(),
                                                 .updated = services_.clock->now()}));
  TRACIA_TRY(publish());
  return price;
}

Status Prices::remove(const std::string& project_id, std::string_view provider, std::string_view model) {
  const std::lock_guard lock(writes_);
  const auto removed = services_.control->remove_model_price(project_id, ascii_lower(provider), ascii_lower(model));
  if (!removed) return fail(removed.error());
  if (!*removed) {
    return fail({.code = ErrorCode::kNotFound,
                 .kind = ErrorKind::kNotFound,
                 .message = "The project has no price of its own for this model"});
  }
  return publish();
}

std::shared_ptr<const ingest::PriceBook> price_book(const Services& services) {
  return services.prices != nullptr ? services.prices->book() : nullptr;
}

}  // namespace tracia::service
