// Random spans and random filters against a plain look at every span: lists, traces, groups and sums of a SpanStore
// must be what that look says, page by page. Included beside span_store_contract.h.
#pragma once

#include <algorithm>
#include <iostream>
#include <map>
#include <random>
#include <set>

#include "span_store_fixture.h"
#include "tracia/base/bytes.h"
#include "tracia/store/analytics.h"

namespace tracia::store::contract {

class Oracle {
 public:
  // Starts are multiples of `step_s` seconds.
  explicit Oracle(uint32_t seed, int64_t step_s = 1) : random_(seed), step_s_(step_s) {}

  int64_t between(int64_t low, int64_t high) { return std::uniform_int_distribution<int64_t>(low, high)(random_); }
  std::string word(const char* prefix, int64_t many) {
    const int64_t n = between(0, many);
    return n == 0 ? "" : prefix + std::to_string(n);
  }

  NewSpan span(uint64_t n) {
    NewSpan made = make(n, between(0, 120) * step_s_, static_cast<uint64_t>(between(1, 40)));
    auto& s = made.span;
    s.kind = static_cast<span::Kind>(between(0, 3));
    s.status = between(0, 3) == 0 ? span::SpanStatus::kError : span::SpanStatus::kSuccess;
    if (s.status == span::SpanStatus::kError) s.error = "failed " + std::to_string(n);
    s.model = word("Model-", 3);
    s.provider = word("maker", 3);
    s.name = word("name", 3);
    s.user_id = word("user", 4);
    s.session_id = word("session", 9);
    s.label = word("label", 2);
    s.experiment_id = word("exp", 2);
    s.variant = word("v", 2);
    s.finish_reason = between(0, 1) ? "stop" : "";
    s.latency_ms = between(0, 5);
    if (between(0, 1)) s.parent_span_id = sp(static_cast<uint64_t>(between(1, 20)));
    if (between(0, 2)) s.usage.total_tokens = between(0, 5);
    if (between(0, 1)) s.time_to_first_token_ms = between(0, 900);
    if (between(0, 1)) s.prompt_version = between(1, 3);
    if (between(0, 1)) {
      s.prompt_slug = word("slug", 2);
      if (!s.prompt_slug.empty() && between(0, 1)) made.prompt_id = "id-" + s.prompt_slug;
    }
    for (int64_t tags = between(0, 2); tags > 0; --tags) s.tags.push_back("tag" + std::to_string(tags));
    if (between(0, 1)) {
      made.cost = llm::Decimal::from_units(between(0, 5));
      made.cost_status = static_cast<llm::CostStatus>(between(0, 1));
    }
    return made;
  }

  AnalyticsQuery query() {
    AnalyticsQuery query{.filter = between(0, 2) == 0 ? SpanFilter{} : filter()};
    for (int64_t groups = between(0, 3); groups > 0; --groups) {
      const auto dimension = static_cast<Dimension>(between(0, static_cast<int64_t>(Dimension::kStatus)));
      if (std::count(query.group_by.begin(), query.group_by.end(), dimension) == 0) query.group_by.push_back(dimension);
    }
    query.bucket = static_cast<TimeBucket>(between(0, 3));
    query.utc_offset_minutes = static_cast<int32_t>(between(-50, 50) * 15);
    query.groups_max = static_cast<size_t>(between(1, 60));
    return query;
  }

  // Mostly one or two conditions; each of them comes up.
  SpanFilter filter() {
    SpanFilter f;
    for (int64_t conditions = between(0, 2); conditions > 0; --conditions) narrow(f, between(0, 20));
    return f;
  }

  static bool matches(const StoredSpan& stored, const SpanFilter& f) {
    const auto& s = stored.span;
    const auto same = [](const auto& wanted, const auto& has) { return !wanted || *wanted == has; };
    const auto folded = [](const auto& wanted, const std::string& has) {
      return !wanted || ascii_iequals(*wanted, has);
    };
    const auto inside = [](const auto& low, const auto& high, const auto& value) {
      if (!low && !high) return true;
      return value && (!low || *low <= *value) && (!high || *value <= *high);
    };
    const std::optional<int64_t> latency = s.latency_ms;
    const bool tagged = std::all_of(f.tags.begin(), f.tags.end(), [&](const std::string& tag) {
      return std::find(s.tags.begin(), s.tags.end(), tag) != s.tags.end();
    });
    const bool slug = !f.prompt_slug || (stored.prompt_id.empty() && s.prompt_slug == *f.prompt_slug);
    return (!f.start_from || stored.start() >= *f.start_from) &&
           (!f.start_before || stored.start() < *f.start_before) && same(f.prompt_id, stored.prompt_id) && slug &&
           same(f.status, s.status) && same(f.kind, s.kind) && same(f.cost_status, stored.cost_status) &&
           same(f.trace_id, s.trace_id) && same(f.parent_span_id, s.parent_span_id) && same(f.user_id, s.user_id) &&
           same(f.session_id, s.session_id) && same(f.label, s.label) && same(f.experiment_id, s.experiment_id) &&
           same(f.variant, s.variant) && same(f.name, s.name) && folded(f.model, s.model) &&
           folded(f.provider, s.provider) && same(f.finish_reason, s.finish_reason) &&
           (!f.prompt_version || f.prompt_version == s.prompt_version) && tagged &&
           inside(f.min_cost, f.max_cost, stored.cost) && inside(f.min_latency_ms, f.max_latency_ms, latency) &&
           inside(f.min_total_tokens, f.max_total_tokens, s.usage.total_tokens);
  }

 private:
  void narrow(SpanFilter& f, int64_t condition) {
    switch (condition) {
      case 0: f.start_from = Timestamp{kBase + between(0, 100) * step_s_ * kSecond}; break;
      case 1: f.start_before = Timestamp{kBase + between(20, 120) * step_s_ * kSecond}; break;
      case 2: f.prompt_id = "id-slug1"; break;
      case 3: f.prompt_slug = "slug2"; break;
      case 4: f.status = static_cast<span::SpanStatus>(between(0, 1)); break;
      case 5: f.kind = static_cast<span::Kind>(between(0, 3)); break;
      case 6: f.cost_status = static_cast<llm::CostStatus>(between(0, 2)); break;
      case 7: f.trace_id = tr(static_cast<uint64_t>(between(1, 41))); break;
      case 8: f.parent_span_id = sp(static_cast<uint64_t>(between(1, 21))); break;
      case 9: f.user_id = "user1"; break;
      case 10: f.session_id = "session2"; break;
      case 11: f.label = "label1"; break;
      case 12: f.experiment_id = "exp2"; break;
      case 13: f.variant = "v1"; break;
      case 14: f.name = "name1"; break;
      case 15: f.model = "mODEL-1"; break;
      case 16: f.provider = "MAKER2"; break;
      case 17: f.finish_reason = "stop"; break;
      case 18: f.prompt_version = between(1, 4); break;
      case 19: f.tags = {"tag2"}; break;
      default: narrow_range(f); break;
    }
  }
  void narrow_range(SpanFilter& f) {
    if (between(0, 1)) f.min_cost = llm::Decimal::from_units(between(0, 5));
    if (between(0, 1)) f.max_cost = llm::Decimal::from_units(between(0, 5));
    if (between(0, 1)) f.min_latency_ms = between(0, 5);
    if (between(0, 1)) f.max_latency_ms = between(0, 5);
    if (between(0, 1)) f.min_total_tokens = between(0, 5);
    if (between(0, 1)) f.max_total_tokens = between(0, 5);
  }
  std::mt19937 random_;
  const int64_t step_s_;
};

// Texts out of few words, in every place that a search looks at, and some that it does not. Many are shared by many
// spans, as the messages of a conversation are.
class Library {
 public:
  explicit Library(Oracle& oracle) : oracle_(oracle) {
    for (int i = 0; i < 12; ++i) shared_.push_back(prose(6, 30));
  }

  NewSpan span(uint64_t n) {
    NewSpan made = oracle_.span(n);
    std::vector<std::string> texts{made.span.name};
    const auto text = [&] {
      const bool is_shared = oracle_.between(0, 2) > 0;
      texts.push_back(is_shared ? shared_[static_cast<size_t>(oracle_.between(0, 11))] : prose(0, 20));
      return texts.back();
    };
    const auto messages = [&] {
      std::string list;
      for (int64_t i = oracle_.between(0, 4); i > 0; --i) {
        list += std::string(list.empty() ? "" : ",") + R"({"role":"narwhal","content":")" + text() + R"("})";
      }
      return R"({"messages":[)" + list + "]";
    };
    switch (oracle_.between(0, 4)) {
      case 0: made.span.input_json = R"({"text":[")" + text() + R"(",")" + text() + R"("]})"; break;
      case 1: made.span.input_json = messages() + R"(,"context":")" + text() + R"("})"; break;
      case 2: made.span.input_json = R"({"prompt":{"parts":[{"text":")" + text() + R"("}]}})"; break;
      default: made.span.input_json = messages() + "}"; break;
    }
    made.span.output.reset();
    if (oracle_.between(0, 2) > 0) made.span.output = text();
    if (made.span.status == span::SpanStatus::kError) texts.push_back(made.span.error = text());
    made.span.variables_json =
        R"({"hidden":"narwhal and more, so that this is long enough to be kept apart from the rest"})";
    texts_[made.span.span_id] = std::move(texts);
    return made;
  }

  // One to three words, or beginnings, or what is none.
  std::vector<std::string> words() {
    std::vector<std::string> wanted;
    for (int64_t i = oracle_.between(1, 3); i > 0; --i) {
      std::string one = word();
      if (oracle_.between(0, 2) == 0)
        one.resize(static_cast<size_t>(oracle_.between(1, static_cast<int64_t>(one.size()))));
      if (oracle_.between(0, 9) == 0) one += "-" + word().substr(0, 1);
      if (oracle_.between(0, 19) == 0) one = "." + one;
      if (oracle_.between(0, 19) == 0) one = "narwhal";
      wanted.push_back(one);
    }
    return wanted;
  }

  bool has(const std::string& span_id, const std::vector<std::string>& words) const {
    const auto& texts = texts_.at(span_id);
    return std::all_of(words.begin(), words.end(), [&](const std::string& word) {
      return std::any_of(texts.begin(), texts.end(), [&](const std::string& text) { return begins(text, word); });
    });
  }

 private:
  std::string word() {
    static const std::vector<std::string> all = {"refund",
                                                 "refunds",
                                                 "Refunded",
                                                 "order",
                                                 "Orders",
                                                 "zürich",
                                                 "42",
                                                 "cancel",
                                                 "Canceled",
                                                 "x",
                                                 "re",
                                                 "e-mail",
                                                 "größe",
                                                 "no",
                                                 std::string(60, 'w'),
                                                 std::string(60, 'w') + "ide"};
    return all[static_cast<size_t>(oracle_.between(0, static_cast<int64_t>(all.size()) - 1))];
  }
  std::string prose(int64_t least, int64_t most) {
    std::string text;
    for (int64_t i = oracle_.between(least, most); i > 0; --i) {
      text += word() + std::string(1, " .-,"[oracle_.between(0, 3)]);
    }
    return text;
  }
  static bool is_letter(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || (c & 0x80) != 0; }
  static bool begins(const std::string& text, const std::string& word) {
    for (size_t at = 0; at < text.size(); ++at) {
      if (!ascii_iequals(std::string_view(text).substr(at, word.size()), word)) continue;
      if (at == 0 || !is_letter(text[at - 1]) || !is_letter(word[0])) return true;
    }
    return false;
  }

  Oracle& oracle_;
  std::vector<std::string> shared_;
  std::map<std::string, std::vector<std::string>> texts_;  // by span
};

// Reads all pages of a list, in pages of a random size.
template <typename Page, typename Items>
auto all_pages(Oracle& oracle, const std::function<Result<Page>(const ListOptions&)>& read, Items Page::* items) {
  Items all;
  ListOptions options{.limit = static_cast<size_t>(oracle.between(1, 60))};
  do {
    auto page = read(options);
    if (!page) {
      ADD_FAILURE() << page.error().to_string();
      return all;
    }
    EXPECT_LE(((*page).*items).size(), options.limit);
    for (auto& item : (*page).*items) all.push_back(std::move(item));
    options.after = page->next;
  } while (options.after);
  return all;
}

class SpanStoreOracle : public SpanStoreContract {
 protected:
  void fill(Oracle& oracle, uint64_t count) {
    fill(oracle, count, [&](uint64_t n) { return oracle.span(n); });
  }
  void fill(Oracle& oracle, uint64_t count, const std::function<NewSpan(uint64_t)>& make_span) {
    for (uint64_t n = 1; n <= count;) {
      std::vector<NewSpan> batch;
      for (int64_t i = oracle.between(1, 20); i > 0 && n <= count; --i) batch.push_back(make_span(n++));
      add(std::move(batch));
    }
    for (int i = 0; i < 20; ++i) {
      (void)value(store().remove("p1", sp(static_cast<uint64_t>(oracle.between(1, static_cast<int64_t>(count)))), ""));
    }
    look();
  }
  void look() {
    all_ = value(store().received_after("p1", Timestamp{0}, 100'000));
    std::sort(all_.begin(), all_.end(), [](const StoredSpan& a, const StoredSpan& b) {
      return std::pair(b.start(), b.received) < std::pair(a.start(), a.received);
    });
  }
  std::vector<StoredSpan> matching(const SpanFilter& filter) const {
    std::vector<StoredSpan> found;
    for (const auto& span : all_) {
      if (Oracle::matches(span, filter)) found.push_back(span);
    }
    return found;
  }

  void check_list(Oracle& oracle, const SpanFilter& filter) {
    const auto found = all_pages<SpanPage>(
        oracle, [&](const ListOptions& o) { return store().list("p1", filter, o); }, &SpanPage::spans);
    EXPECT_EQ(ids(found), ids(matching(filter)));
  }

  void check_traces(Oracle& oracle, const SpanFilter& filter) {
    std::map<std::string, std::vector<StoredSpan>> spans;
    for (const auto& span : all_) spans[span.span.trace_id].push_back(span);
    std::vector<TraceSummary> expected;
    for (const auto& [id, members] : spans) {
      const bool any =
          std::any_of(members.begin(), members.end(), [&](const StoredSpan& s) { return Oracle::matches(s, filter); });
      if (any) expected.push_back(summarise(members));
    }
    std::sort(expected.begin(), expected.end(), [](const auto& a, const auto& b) { return b.position < a.position; });
    const auto found = all_pages<TracePage>(
        oracle, [&](const ListOptions& o) { return store().traces("p1", filter, o); }, &TracePage::traces);
    ASSERT_EQ(found.size(), expected.size());
    for (size_t i = 0; i < found.size(); ++i) {
      EXPECT_EQ(found[i].trace_id, expected[i].trace_id);
      EXPECT_EQ(found[i].position, expected[i].position);
      EXPECT_EQ(found[i].totals.span_count, expected[i].totals.span_count);
      EXPECT_EQ(found[i].totals.cost, expected[i].totals.cost);
      EXPECT_EQ(found[i].tags, expected[i].tags);
    }
  }

  void check_groups(Oracle& oracle, GroupBy by, const SpanFilter& filter) {
    struct Expected {
      Totals totals;
      std::set<std::string> traces, sessions;
      Timestamp first;
    };
    std::map<std::string, Expected> expected;
    std::vector<std::string> order;
    for (const auto& span : matching(filter)) {
      const auto& key = by == GroupBy::kSession ? span.span.session_id : span.span.user_id;
      if (key.empty()) continue;
      if (expected.count(key) == 0) order.push_back(key);
      Expected& group = expected[key];
      group.totals.add(span);
      group.traces.insert(span.span.trace_id);
      if (!span.span.session_id.empty()) group.sessions.insert(span.span.session_id);
      group.first = span.start();
    }
    const auto found = all_pages<GroupPage>(
        oracle, [&](const ListOptions& o) { return store().groups("p1", by, filter, o); }, &GroupPage::groups);
    ASSERT_EQ(found.size(), order.size());
    for (size_t i = 0; i < found.size(); ++i) {
      const Expected& group = expected[order[i]];
      EXPECT_EQ(found[i].key, order[i]);
      EXPECT_EQ(found[i].first, group.first);
      EXPECT_EQ(found[i].totals.span_count, group.totals.span_count);
      EXPECT_EQ(found[i].totals.error_count, group.totals.error_count);
      EXPECT_EQ(found[i].totals.cost, group.totals.cost);
      EXPECT_EQ(found[i].totals.cost_status, group.totals.cost_status);
      EXPECT_EQ(found[i].totals.usage.total_tokens, group.totals.usage.total_tokens);
      EXPECT_EQ(found[i].trace_count, static_cast<int64_t>(group.traces.size()));
      if (by == GroupBy::kUser) {
        EXPECT_EQ(found[i].session_count, static_cast<int64_t>(group.sessions.size()));
      }
    }
  }

  void check_measures(const Measures& found, const Measures& expected) {
    EXPECT_EQ(found.totals.span_count, expected.totals.span_count);
    EXPECT_EQ(found.totals.error_count, expected.totals.error_count);
    EXPECT_EQ(found.totals.cost, expected.totals.cost);
    EXPECT_EQ(found.totals.any_cost, expected.totals.any_cost);
    EXPECT_EQ(found.totals.cost_status, expected.totals.cost_status);
    EXPECT_EQ(found.totals.usage.total_tokens, expected.totals.usage.total_tokens);
    for (const auto sketch : {&Measures::latency_ms, &Measures::first_token_ms}) {
      EXPECT_EQ((found.*sketch).count(), (expected.*sketch).count());
      EXPECT_EQ((found.*sketch).quantile(0.5), (expected.*sketch).quantile(0.5));
      EXPECT_EQ((found.*sketch).quantile(0.95), (expected.*sketch).quantile(0.95));
    }
    EXPECT_EQ(found.scores.size(), expected.scores.size());
    for (const auto& [name, mean] : expected.scores) {
      EXPECT_EQ(found.scores.at(name).count, mean.count);
      EXPECT_DOUBLE_EQ(found.scores.at(name).sum, mean.sum);
    }
  }

  void check_analytics(Oracle& oracle, AnalyticsQuery query) {
    std::vector<SpanScore> scores;
    std::vector<const StoredSpan*> scored;
    for (int64_t i = oracle.between(0, 5); i > 0; --i) {
      const StoredSpan& span = all_[static_cast<size_t>(oracle.between(0, static_cast<int64_t>(all_.size()) - 1))];
      scores.push_back({span.span.span_id, span.span.trace_id, "quality", static_cast<double>(i)});
      scored.push_back(&span);
    }
    // Without time it stops as soon as it may, and what it then says must hold.
    const bool hurried = oracle.between(0, 3) == 0;
    query.scan_budget = Millis(hurried ? 0 : 60'000);
    if (hurried) scores.clear();
    const auto found = value(store().analytics("p1", query, scores));
    if (!hurried) {
      EXPECT_FALSE(found.scanned_from);
    }
    AnalyticsBuilder expected(query);
    const auto counts = [&](const StoredSpan& span) {
      return Oracle::matches(span, query.filter) && (!found.scanned_from || span.start() >= *found.scanned_from);
    };
    for (const auto& span : all_) {
      if (counts(span)) expected.add(span);
    }
    for (size_t i = 0; i < scores.size(); ++i) {
      if (counts(*scored[i])) expected.add(*scored[i], scores[i]);
    }
    const auto wanted = expected.finish();
    if (!found.scanned_from) {
      EXPECT_EQ(found.total.totals.span_count, static_cast<int64_t>(matching(query.filter).size()));
    }
    check_measures(found.total, wanted.total);
    EXPECT_EQ(found.groups_rest, wanted.groups_rest);
    ASSERT_EQ(found.rows.size(), wanted.rows.size());
    for (size_t i = 0; i < found.rows.size(); ++i) {
      EXPECT_EQ(found.rows[i].bucket, wanted.rows[i].bucket);
      EXPECT_EQ(found.rows[i].keys, wanted.rows[i].keys);
      EXPECT_EQ(found.rows[i].rest, wanted.rows[i].rest);
      check_measures(found.rows[i].measures, wanted.rows[i].measures);
    }
  }

  std::vector<StoredSpan> all_;  // newest first
};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(SpanStoreOracle);

TEST_P(SpanStoreOracle, ListsTracesAndGroupsAreWhatALookAtEverySpanSays) {
  const uint32_t seed = std::random_device{}();
  std::cout << "seed " << seed << "\n";
  Oracle oracle(seed);
  fill(oracle, 400);
  for (int round = 0; round < 100 && !HasFailure(); ++round) {
    const SpanFilter filter = round == 0 ? SpanFilter{} : oracle.filter();
    SCOPED_TRACE("round " + std::to_string(round));
    check_list(oracle, filter);
    if (round % 3 == 0) check_traces(oracle, filter);
    if (round % 3 == 1 || round == 0) check_groups(oracle, GroupBy::kSession, filter);
    if (round % 3 == 2 || round == 0) check_groups(oracle, GroupBy::kUser, filter);
    if (round == 50) reopen();
  }
}

TEST_P(SpanStoreOracle, SumsAreWhatALookAtEverySpanSays) {
  const uint32_t seed = std::random_device{}();
  std::cout << "seed " << seed << "\n";
  Oracle oracle(seed, 211);  // over seven hours
  fill(oracle, 400);
  for (int round = 0; round < 150 && !HasFailure(); ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    check_analytics(oracle, oracle.query());
    if (round == 50) {
      for (int64_t i = 1; i <= 5; ++i) {
        (void)value(store().remove("p1", sp(static_cast<uint64_t>(oracle.between(1, 400))), ""));
      }
      look();
    }
    if (round == 100) reopen();
  }
}

TEST_P(SpanStoreOracle, SearchesFindWhatReadingEverySpanFinds) {
  const uint32_t seed = std::random_device{}();
  std::cout << "seed " << seed << "\n";
  Oracle oracle(seed);
  Library library(oracle);
  fill(oracle, 300, [&](uint64_t n) { return library.span(n); });
  for (int round = 0; round < 50 && !HasFailure(); ++round) {
    SpanFilter filter = round % 2 == 0 ? SpanFilter{} : oracle.filter();
    filter.words = library.words();
    SCOPED_TRACE("round " + std::to_string(round) + ", word " + filter.words[0]);
    std::vector<StoredSpan> expected = matching(filter);
    std::erase_if(expected, [&](const StoredSpan& s) { return !library.has(s.span.span_id, filter.words); });
    const auto found = all_pages<SpanPage>(
        oracle, [&](const ListOptions& o) { return store().list("p1", filter, o); }, &SpanPage::spans);
    EXPECT_EQ(ids(found), ids(expected));
    const auto sums = value(store().analytics("p1", {.filter = filter, .scan_budget = Millis(60'000)}, {}));
    EXPECT_EQ(sums.total.totals.span_count, static_cast<int64_t>(expected.size()));
    if (round == 25) reopen();
  }
}

}  // namespace tracia::store::contract
