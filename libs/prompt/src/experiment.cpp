#include "tracia/prompt/experiment.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>

#include "content_reader.h"
#include "tracia/llm/catalog.h"

namespace tracia::prompt {
namespace {

constexpr std::string_view kKeyRule =
    "must begin with a lower-case letter or a digit and go on with those, '-' or '_'; at most 64 characters";
constexpr std::string_view kStatusNames[] = {"draft", "running", "paused", "stopped"};
constexpr std::string_view kMetricNames[] = {"cost", "latency", "tokens", "errorRate", "quality"};

// The position of `name` in a table of names, as the enum it stands for.
template <typename Enum, size_t N>
std::optional<Enum> from_name(const std::string_view (&names)[N], std::string_view name) {
  const auto* const found = std::find(std::begin(names), std::end(names), name);
  return found == std::end(names) ? std::nullopt : std::optional(static_cast<Enum>(found - std::begin(names)));
}

Error conflict(std::string message) { return {.code = ErrorCode::kConflict, .message = std::move(message)}; }

Variant read_variant(Fields& fields, const Prompt& prompt) {
  Variant variant;
  fields.require("key");
  variant.key = fields.text("key", 0, kNoteCharsMax).value_or("");
  if (!is_valid_label(variant.key)) fields.fail("key", kKeyRule);
  fields.require("version");
  variant.version = fields.integer("version", 1).value_or(1);
  if (variant.version > prompt.current_version) {
    fields.fail("version",
                "must be a version of " + prompt.slug + ": there is no version " + std::to_string(variant.version));
  }
  variant.weight = fields.integer("weight", 1).value_or(1);
  if (variant.weight > kWeightMax) {
    fields.fail("weight", "must be a whole number from 1 to " + std::to_string(kWeightMax));
  }
  variant.provider = read_provider(fields);
  variant.model = read_model(fields);
  return variant;
}

std::vector<Variant> read_variants(Fields& fields, const Prompt& prompt) {
  const json::Value list = fields.require("variants");
  std::vector<Variant> variants;
  if (!list.is_array() || list.size() < kVariantsMin || list.size() > kVariantsMax) {
    fields.fail("variants", "must be an array of " + std::to_string(kVariantsMin) + " to " +
                                std::to_string(kVariantsMax) + " variants, the control first");
    return variants;
  }
  for (const json::Value item : list.items()) {
    const std::string place = "variants[" + std::to_string(variants.size()) + "]";
    if (!item.is_object()) {
      fields.fail(place, "must be an object");
      break;
    }
    Fields inner(item, place + ".");
    Variant variant = read_variant(inner, prompt);
    const auto same_key = [&](const Variant& other) { return other.key == variant.key; };
    if (std::any_of(variants.begin(), variants.end(), same_key)) {
      inner.fail("key", "must differ from the other variants' keys");
    }
    fields.check(inner.status());
    if (!fields.ok()) break;
    variants.push_back(std::move(variant));
  }
  return variants;
}

std::string read_name(Fields& fields) {
  fields.require("name");
  return fields.text("name", 1, kNameCharsMax).value_or("");
}

std::optional<Metric> read_primary_metric(Fields& fields) {
  const auto name = fields.text("primaryMetric", 0, kNoteCharsMax);
  if (!name) return std::nullopt;
  const auto metric = metric_from_name(*name);
  if (!metric) fields.fail("primaryMetric", "must be cost, latency, tokens, errorRate or quality");
  return metric;
}

Status check_body(const json::Value& body) {
  return body.is_object() ? Status() : fail(Error::invalid("Request body must be a JSON object"));
}

bool may_move(ExperimentStatus from, ExperimentStatus to) {
  switch (to) {
    case ExperimentStatus::kDraft: return false;
    case ExperimentStatus::kRunning: return from == ExperimentStatus::kDraft || from == ExperimentStatus::kPaused;
    case ExperimentStatus::kPaused: return from == ExperimentStatus::kRunning;
    case ExperimentStatus::kStopped: return from == ExperimentStatus::kRunning || from == ExperimentStatus::kPaused;
  }
  return false;
}

void stamp(Experiment& experiment, Timestamp now) {
  experiment.revision += 1;
  experiment.updated = std::max(experiment.updated, now);
}

}  // namespace

std::string_view experiment_status_name(ExperimentStatus status) { return kStatusNames[static_cast<size_t>(status)]; }
std::optional<ExperimentStatus> experiment_status_from_name(std::string_view name) {
  return from_name<ExperimentStatus>(kStatusNames, name);
}

std::string_view metric_name(Metric metric) { return kMetricNames[static_cast<size_t>(metric)]; }
std::optional<Metric> metric_from_name(std::string_view name) { return from_name<Metric>(kMetricNames, name); }

const Variant* Experiment::variant(std::string_view key) const {
  for (const Variant& variant : variants) {
    if (variant.key == key) return &variant;
  }
  return nullptr;
}

Result<ExperimentDraft> read_experiment(const json::Value& body, const Prompt& prompt) {
  TRACIA_TRY(check_body(body));
  Fields fields(body);
  ExperimentDraft draft{.name = read_name(fields), .variants = {}, .primary_metric = {}};
  draft.variants = read_variants(fields, prompt);
  draft.primary_metric = read_primary_metric(fields);
  TRACIA_TRY(fields.status());
  return draft;
}

Result<Experiment> edited(const Experiment& experiment, const json::Value& body, const Prompt& prompt, Timestamp now) {
  TRACIA_TRY(check_body(body));
  Fields fields(body);
  Experiment next = experiment;
  if (fields.get("name")) next.name = read_name(fields);
  if (fields.get("variants")) next.variants = read_variants(fields, prompt);
  if (fields.get("primaryMetric")) next.primary_metric = read_primary_metric(fields);  // null clears
  TRACIA_TRY(fields.status());
  if (next == experiment) return next;
  const bool redefined = next.variants != experiment.variants || next.primary_metric != experiment.primary_metric;
  if (redefined && experiment.status != ExperimentStatus::kDraft) {
    return fail(
        conflict("An experiment that was started keeps its variants and its primary metric: a change would mix "
                 "what it compares. Stop it and make a new one."));
  }
  stamp(next, now);
  return next;
}

void write_variants(json::Writer& w, const std::vector<Variant>& variants) {
  const auto text_or_null = [&](std::string_view name, const std::string& text) {
    w.key(name);
    text.empty() ? w.null() : w.value(text);
  };
  w.begin_array();
  for (const Variant& variant : variants) {
    w.begin_object().field("key", variant.key).field("version", variant.version).field("weight", variant.weight);
    text_or_null("provider", variant.provider);
    text_or_null("model", variant.model);
    w.end_object();
  }
  w.end_array();
}

Result<std::vector<Variant>> stored_variants(std::string_view text) {
  json::Document document;
  const auto list = document.parse(text);
  if (!list) return fail(list.error());
  std::vector<Variant> variants;
  for (const json::Value item : list->items()) {
    variants.push_back({.key = item["key"].text(),
                        .version = item["version"].integer().value_or(1),
                        .weight = std::clamp<int64_t>(item["weight"].integer().value_or(1), 1, kWeightMax),
                        .provider = item["provider"].text(),
                        .model = item["model"].text()});
  }
  // assign() counts on there being one.
  if (variants.empty()) return fail(Error::invalid("an experiment without variants"));
  return variants;
}

Result<Experiment> moved(const Experiment& experiment, ExperimentStatus to, Timestamp now) {
  if (experiment.status == to) return experiment;
  if (!may_move(experiment.status, to)) {
    return fail(conflict("The experiment is " + std::string(experiment_status_name(experiment.status)) +
                         " and cannot become " + std::string(experiment_status_name(to))));
  }
  Experiment next = experiment;
  next.status = to;
  if (to == ExperimentStatus::kRunning && !next.started) next.started = now;
  if (to == ExperimentStatus::kStopped) next.stopped = now;
  stamp(next, now);
  return next;
}

int64_t bucket_of(std::string_view experiment_id, std::string_view unit) {
  std::string text(experiment_id);
  text.push_back('\0');  // ids hold none: no two pairs make the same text
  text.append(unit);
  return static_cast<int64_t>(XXH3_64bits(text.data(), text.size()) % static_cast<uint64_t>(kBuckets));
}

std::vector<int64_t> bucket_ends(const std::vector<Variant>& variants) {
  int64_t all = 0, sum = 0;
  for (const Variant& variant : variants) all += variant.weight;
  std::vector<int64_t> ends;
  ends.reserve(variants.size());
  all = std::max<int64_t>(all, 1);  // never less: weights are 1 or more
  for (const Variant& variant : variants) ends.push_back(kBuckets * (sum += variant.weight) / all);
  return ends;
}

const Variant& assign(const Experiment& experiment, std::string_view unit) {
  const std::vector<int64_t> ends = bucket_ends(experiment.variants);
  const auto end = std::upper_bound(ends.begin(), ends.end(), bucket_of(experiment.id, unit));
  return experiment.variants[static_cast<size_t>(end - ends.begin())];
}

Target overridden(const Target& base, const std::string& provider, const std::string& model) {
  Target target{.provider = provider, .model = model.empty() ? base.model : model};
  const bool is_found_by_name = !model.empty() && llm::resolve_provider(model);
  if (provider.empty() && !is_found_by_name) target.provider = base.provider;
  return target;
}

Content content_of(const Variant& variant, Content version) {
  Target target = overridden({version.provider, version.model}, variant.provider, variant.model);
  version.provider = std::move(target.provider);
  version.model = std::move(target.model);
  return version;
}

std::string_view unit_of(std::string_view user_id, std::string_view session_id, std::string_view trace_id) {
  if (!user_id.empty()) return user_id;
  return session_id.empty() ? trace_id : session_id;
}

}  // namespace tracia::prompt
