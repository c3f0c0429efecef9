#include "tracia/ingest/nested_calls.h"

#include <algorithm>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "tracia/llm/catalog.h"

namespace tracia::ingest {
namespace {

using span::Kind;

// Spans between the two of one call: a chain, an HTTP request. More are no wrapper.
constexpr int kHopsMax = 8;

bool is_call(Kind kind) { return kind == Kind::kLlm || kind == Kind::kEmbedding; }
bool is_passed_through(Kind kind) { return kind == Kind::kChain || kind == Kind::kOther; }

// What is remembered of a span, under its key. Other spans are of the same trace and named by id alone; "" = none.
struct Seen {
  std::string parent;
  Kind kind = Kind::kOther;
  std::string model;
  int64_t latency_ms = 0;
  bool counts = false;      // a call that has tokens, and is not included elsewhere
  std::string included_in;  // the span that counts instead
  std::string waiting;      // a counted call below, found before this span came
};

std::string key_of(const store::NewSpan& span) {
  std::string key = span.project_id;
  key.append(1, '\n').append(span.span.trace_id).append(1, '\n').append(span.span.span_id);
  return key;
}
// Ids hold no newline.
std::string_view id_of(std::string_view key) { return key.substr(key.rfind('\n') + 1); }
std::string key_beside(std::string_view key, std::string_view span_id) {
  std::string beside(key.substr(0, key.rfind('\n') + 1));
  return beside.append(span_id);
}

// "gpt-4o" and "gpt-4o-2024-08-06": one was asked for, the other answered.
bool may_be_same(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty() || a == b || a.starts_with(b) || b.starts_with(a)) return true;
  const auto* known = llm::find_model(a);
  return known != nullptr && known == llm::find_model(b);
}

bool is_same_call(const Seen& outer, const Seen& inner) {
  return outer.kind == inner.kind && inner.latency_ms <= outer.latency_ms + 1 && may_be_same(outer.model, inner.model);
}

void include(store::NewSpan& span, std::string_view counted_in) {
  span.cost.reset();
  span.cost_status = llm::CostStatus::kIncluded;
  std::string& attributes = span.span.attributes_json;
  const std::string member = "\"tracia.counted_in\":\"" + std::string(counted_in) + "\"}";
  if (attributes.size() < 2) {
    attributes = "{" + member;
    return;
  }
  attributes.pop_back();
  attributes += (attributes.size() > 1 ? "," : "") + member;
}

}  // namespace

struct NestedCalls::Impl {
  std::mutex mutex;
  // Two generations: when the younger is full, or has taken spans for long enough, the older goes.
  std::unordered_map<std::string, Seen> young, old;
  // Counted calls, by id, under the key of an ancestor that has not come yet.
  std::unordered_map<std::string, std::string> waiting_young, waiting_old;
  SteadyTime young_since;

  Seen* find(const std::string& key) {
    for (auto* generation : {&young, &old}) {
      const auto it = generation->find(key);
      if (it != generation->end()) return &it->second;
    }
    return nullptr;
  }
  void make_room(SteadyTime now) {
    if (young.empty()) young_since = now;
    if (young.size() < kRememberedSpansMax / 2 && now - young_since < kRememberedFor) return;
    old = std::exchange(young, {});
    waiting_old = std::exchange(waiting_young, {});
    young_since = now;
  }
  std::string take_waiting(const std::string& key) {
    for (auto* generation : {&waiting_young, &waiting_old}) {
      if (auto node = generation->extract(key)) return std::move(node.mapped());
    }
    return {};
  }

  void remember(const store::NewSpan& span);
  void look_up(const std::string& key, std::unordered_map<std::string, store::NewSpan*>& fresh);
};

void NestedCalls::Impl::remember(const store::NewSpan& span) {
  const span::Span& s = span.span;
  const std::string key = key_of(span);
  Seen seen{.parent = s.parent_span_id, .kind = s.kind, .latency_ms = s.latency_ms};
  if (is_call(s.kind)) seen.model = s.model;
  seen.counts = is_call(s.kind) && !s.usage.empty();
  seen.waiting = take_waiting(key);
  young.try_emplace(key, std::move(seen));
}

// From a counted call up to the calls around it. `fresh`: spans of this request, which may still be marked.
void NestedCalls::Impl::look_up(const std::string& key, std::unordered_map<std::string, store::NewSpan*>& fresh) {
  Seen* inner = find(key);
  if (!inner->included_in.empty()) return;
  std::string_view above = inner->parent;
  for (int hops = 0; hops < kHopsMax && !above.empty(); ++hops) {
    if (above == id_of(key)) return;  // parents in a circle
    const std::string at = key_beside(key, above);
    Seen* outer = find(at);
    if (outer == nullptr) {
      waiting_young[at] = id_of(key);
      return;
    }
    if (!is_passed_through(outer->kind)) {
      if (!is_same_call(*outer, *inner)) return;
      if (const auto it = fresh.find(at); it != fresh.end() && outer->counts && inner->counts) {
        outer->counts = false;
        outer->included_in = id_of(key);
        include(*it->second, id_of(key));
      } else if (const auto own = fresh.find(key); own != fresh.end() && outer->counts) {
        inner->counts = false;
        inner->included_in = above;
        include(*own->second, above);
        return;
      }
    }
    above = outer->parent;
  }
}

NestedCalls::NestedCalls() : impl_(std::make_unique<Impl>()) {}
NestedCalls::~NestedCalls() = default;

void NestedCalls::mark(std::vector<store::NewSpan>& spans, SteadyTime now) {
  const std::lock_guard lock(impl_->mutex);
  impl_->make_room(now);
  std::unordered_map<std::string, store::NewSpan*> fresh;
  std::vector<std::string> calls;  // whose ancestors are looked at: new ones, and older ones that waited
  for (store::NewSpan& span : spans) {
    const bool relevant = is_call(span.span.kind) || is_passed_through(span.span.kind);
    if (!relevant) continue;
    const std::string key = key_of(span);
    if (const Seen* before = impl_->find(key)) {  // sent again: perhaps it could not be stored; judged as before
      if (!before->included_in.empty()) include(span, before->included_in);
      continue;
    }
    impl_->make_room(now);
    impl_->remember(span);
    fresh.emplace(key, &span);
    if (is_call(span.span.kind)) calls.push_back(key);
    Seen* seen = impl_->find(key);
    if (!seen->waiting.empty()) calls.push_back(key_beside(key, std::exchange(seen->waiting, {})));
  }
  // Calls with tokens first: where only the outer span has them, it counts and the inner one is marked.
  for (const bool with_tokens : {true, false}) {
    for (const std::string& key : calls) {
      const Seen* seen = impl_->find(key);
      if (seen != nullptr && seen->counts == with_tokens) impl_->look_up(key, fresh);
    }
  }
}

}  // namespace tracia::ingest
