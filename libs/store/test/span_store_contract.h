// What every SpanStore must do. An engine's test includes this file and names its factories:
//   INSTANTIATE_TEST_SUITE_P(Sqlite, SpanStoreContract, testing::Values(…), engine_name);
#pragma once

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>

#include "span_store_fixture.h"
#include "tracia/store/analytics.h"

namespace tracia::store::contract {

using testing::ElementsAre;
using testing::IsEmpty;
using Ids = std::vector<std::string>;

inline std::string engine_name(const testing::TestParamInfo<SpanStoreEngine>& info) { return info.param.name; }

inline NewSpan with(NewSpan span, const std::function<void(NewSpan&)>& change) {
  change(span);
  return span;
}
inline NewSpan priced(NewSpan span, std::string_view cost, int64_t tokens) {
  span.cost = llm::Decimal::parse(cost);
  span.cost_status = llm::CostStatus::kExact;
  span.span.usage.total_tokens = tokens;
  return span;
}
inline llm::Decimal dollars(std::string_view text) { return llm::Decimal::parse(text).value(); }

// --- Appending ---------------------------------------------------------------------------------------------------

TEST_P(SpanStoreContract, AStoredSpanComesBackWhole) {
  NewSpan given = make(1, 0, 7);
  given.prompt_id = "prompt-1";
  given.cost = llm::Decimal::parse("0.000000000000000123");
  given.cost_status = llm::CostStatus::kEstimated;
  auto& span = given.span;
  span.parent_span_id = sp(99);
  span.kind = span::Kind::kTool;
  span.name = "näme";
  span.status = span::SpanStatus::kError;
  span.error = "it broke";
  span.time_to_first_token_ms = 5;
  span.variables_json = R"({"a":"b"})";
  span.structured_output_json = R"({"x":[1,2]})";
  span.tools_json = R"([{"name":"t","description":"d","parameters":{}}])";
  span.tool_calls_json = R"([{"id":"1","name":"t","arguments":{}}])";
  span.finish_reason = "tool_calls";
  span.provider_finish_reason = "tool_use";
  span.usage = {.input_tokens = 3, .output_tokens = 4, .total_tokens = 7, .reasoning_tokens = 0};
  span.usage_raw_json = R"({"in":3})";
  span.temperature = 0.1;
  span.top_p = 1.0;
  span.max_output_tokens = 100;
  span.tags = {"b", "a"};
  span.user_id = "u";
  span.session_id = "s";
  span.prompt_slug = "slug";
  span.prompt_version = 3;
  span.label = "production";
  span.experiment_id = "e";
  span.variant = "v";
  span.attempts = {{.provider = "openai", .model = "m", .status = 500, .message = "no"}};
  span.attributes_json = R"({"k":{"deep":[true]}})";
  const NewSpan copy = given;
  const Appended answer = add(given);
  EXPECT_TRUE(answer.stored);
  EXPECT_EQ(answer.trace_id, tr(7));
  EXPECT_EQ(answer.cost, copy.cost);
  EXPECT_EQ(answer.cost_status, llm::CostStatus::kEstimated);
  const auto stored = get(sp(1), tr(7));
  ASSERT_TRUE(stored);
  EXPECT_EQ(span::to_json(stored->span), span::to_json(copy.span));
  EXPECT_EQ(stored->prompt_id, "prompt-1");
  EXPECT_EQ(stored->cost, copy.cost);
  EXPECT_EQ(stored->cost_status, llm::CostStatus::kEstimated);
  EXPECT_EQ(stored->id(), answer.id);
  EXPECT_EQ(answer.id.size(), 13u);
}

TEST_P(SpanStoreContract, TheFirstWriteOfAKeyWins) {
  const Appended first = add(priced(make(1, 0, 7), "1.5", 10));
  const Appended second = add(priced(make(1, 5, 7), "2.5", 20));
  EXPECT_TRUE(first.stored);
  EXPECT_FALSE(second.stored);
  EXPECT_EQ(second.id, first.id);
  EXPECT_EQ(second.cost, dollars("1.5"));
  EXPECT_EQ(list().spans.size(), 1u);
  EXPECT_EQ(get(sp(1))->start().micros, kBase);
}

TEST_P(SpanStoreContract, TheSameKeyTwiceInOneAppendIsStoredOnce) {
  const auto answers = add({make(1, 0, 7), make(2, 0, 7), make(1, 9, 7)});
  EXPECT_TRUE(answers[0].stored);
  EXPECT_TRUE(answers[1].stored);
  EXPECT_FALSE(answers[2].stored);
  EXPECT_EQ(answers[2].id, answers[0].id);
  EXPECT_EQ(list().spans.size(), 2u);
}

TEST_P(SpanStoreContract, AKeyIsAProjectATraceAndASpan) {
  EXPECT_TRUE(add(make(1, 0, 7)).stored);
  EXPECT_TRUE(add(make(1, 1, 8)).stored);
  EXPECT_TRUE(add(make(1, 2, 7, "p2")).stored);
  EXPECT_EQ(get(sp(1), tr(7))->start().micros, kBase);
  EXPECT_EQ(get(sp(1), tr(8))->start().micros, kBase + kSecond);
  EXPECT_EQ(get(sp(1))->span.trace_id, tr(8)) << "the newest of that id";
  EXPECT_EQ(get(sp(1), tr(7), "p2")->start().micros, kBase + 2 * kSecond);
  EXPECT_FALSE(get(sp(1), tr(8), "p2"));
}

TEST_P(SpanStoreContract, DuplicatesAreKnownAfterReopening) {
  for (uint64_t n = 1; n <= 20; ++n) add(make(n, static_cast<int64_t>(n), 7));
  reopen();
  for (uint64_t n = 1; n <= 20; ++n) EXPECT_FALSE(add(make(n, 0, 7)).stored) << n;
  EXPECT_EQ(list().spans.size(), 20u);
}

TEST_P(SpanStoreContract, AnAppendOfNothingIsAnswered) { EXPECT_THAT(add(std::vector<NewSpan>{}), IsEmpty()); }

TEST_P(SpanStoreContract, ReceiveStampsGrowStrictlyAlsoAcrossReopening) {
  Ids seen;
  for (uint64_t n = 1; n <= 30; n += 3) {
    for (const auto& answer : add({make(n, 0), make(n + 1, 0), make(n + 2, 0)})) seen.push_back(answer.id);
    if (n % 10 == 0) reopen();
  }
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  EXPECT_EQ(std::adjacent_find(seen.begin(), seen.end()), seen.end());
}

TEST_P(SpanStoreContract, WithoutAStartASpanStartedItsLatencyBeforeItCame) {
  auto span = make(1, 0);
  span.span.start_time.reset();
  span.span.latency_ms = 1234;
  add(span);
  const auto stored = get(sp(1));
  EXPECT_EQ(stored->start().micros, stored->received.micros - 1'234'000);
}

// --- Trace ids ---------------------------------------------------------------------------------------------------

TEST_P(SpanStoreContract, ASpanWithoutTraceAndParentGetsATraceOfItsOwn) {
  EXPECT_EQ(add(make(0xab, 0)).trace_id, "tr_00000000000000ab");
}

TEST_P(SpanStoreContract, AChildOfAnUnknownParentGetsTheParentsOwnTrace) {
  EXPECT_EQ(add(with(make(1, 0), [](NewSpan& s) { s.span.parent_span_id = sp(0xcd); })).trace_id, tr(0xcd));
}

TEST_P(SpanStoreContract, AChildOfAStoredParentGetsItsTrace) {
  add(make(1, 0, 7));
  reopen();
  EXPECT_EQ(add(with(make(2, 0), [](NewSpan& s) { s.span.parent_span_id = sp(1); })).trace_id, tr(7));
}

TEST_P(SpanStoreContract, AChildOfAParentEarlierInTheAppendGetsItsTrace) {
  const auto answers = add({make(1, 0, 7), with(make(2, 0), [](NewSpan& s) { s.span.parent_span_id = sp(1); })});
  EXPECT_EQ(answers[1].trace_id, tr(7));
}

TEST_P(SpanStoreContract, AParentOfAnotherProjectIsUnknown) {
  add(make(1, 0, 7, "p2"));
  EXPECT_EQ(add(with(make(2, 0), [](NewSpan& s) { s.span.parent_span_id = sp(1); })).trace_id, tr(1));
}

TEST_P(SpanStoreContract, AChildSentAgainAfterItsParentCameIsADuplicate) {
  const auto child = with(make(2, 0), [](NewSpan& s) { s.span.parent_span_id = sp(1); });
  const Appended first = add(child);
  add(make(1, 0, 7));
  const Appended again = add(child);
  EXPECT_FALSE(again.stored);
  EXPECT_EQ(again.trace_id, first.trace_id);
}

// --- Lists -------------------------------------------------------------------------------------------------------

TEST_P(SpanStoreContract, ListsGoByStartThenByReceiveStampNewestFirst) {
  add({make(1, 5), make(2, 9), make(3, 5), make(4, 1)});
  EXPECT_THAT(listed(), ElementsAre(sp(2), sp(3), sp(1), sp(4)));
}

TEST_P(SpanStoreContract, LateSpansTakeTheirPlace) {
  for (uint64_t n = 1; n <= 20; ++n) add(make(n, static_cast<int64_t>(n) * 10));
  add(make(100, 55));
  reopen();
  const auto found = listed();
  const auto late = std::find(found.begin(), found.end(), sp(100));
  ASSERT_NE(late, found.end());
  EXPECT_EQ(*(late - 1), sp(6));
  EXPECT_EQ(*(late + 1), sp(5));
}

TEST_P(SpanStoreContract, PagesFollowEachOtherWithoutGapOrRepeat) {
  Ids expected;
  for (uint64_t n = 1; n <= 33; ++n) {
    add(make(n, static_cast<int64_t>(n % 4)));  // many equal starts
  }
  expected = listed();
  ASSERT_EQ(expected.size(), 33u);
  for (const size_t limit : {1u, 4u, 11u, 32u, 33u, 34u}) {
    Ids found;
    ListOptions options{.limit = limit};
    do {
      const auto page = list({}, options);
      EXPECT_LE(page.spans.size(), limit);
      for (const auto& id : ids(page.spans)) found.push_back(id);
      options.after = page.next;
    } while (options.after);
    EXPECT_EQ(found, expected) << limit;
  }
}

TEST_P(SpanStoreContract, ACursorStaysInPlaceWhenSpansArrive) {
  for (uint64_t n = 1; n <= 10; ++n) add(make(n, static_cast<int64_t>(n)));
  const auto first = list({}, {.limit = 5});
  add(make(50, 100));  // newer than all: not on the second page
  add(make(51, 3));    // late, below the cursor: on it
  const auto second = list({}, {.after = first.next, .limit = 50});
  EXPECT_THAT(ids(second.spans), ElementsAre(sp(5), sp(4), sp(51), sp(3), sp(2), sp(1)));
}

TEST_P(SpanStoreContract, SummariesLeavePayloadsOutUnlessAskedFor) {
  add(with(make(1, 0), [](NewSpan& s) { s.span.attributes_json = R"({"a":1})"; }));
  const auto summary = list().spans.at(0);
  EXPECT_EQ(summary.span.input_json, "");
  EXPECT_FALSE(summary.span.output);
  EXPECT_EQ(summary.span.attributes_json, "");
  EXPECT_EQ(summary.span.model, "gpt-4o");
  const auto whole = list({}, {.payloads = true}).spans.at(0);
  EXPECT_EQ(whole.span.output, "answer 1");
  EXPECT_EQ(whole.span.attributes_json, R"({"a":1})");
}

TEST_P(SpanStoreContract, PayloadFiltersReadTextsAndSayHowFar) {
  for (uint64_t n = 1; n <= 12; ++n) add(make(n, static_cast<int64_t>(n)));
  add(with(make(20, 20), [](NewSpan& s) {
    s.span.output = "The Quick brown fox";
    s.span.variables_json = R"({"city":"Zürich","n":3})";
  }));
  EXPECT_THAT(listed({.words = {"qui", "FOX"}}), ElementsAre(sp(20)));
  EXPECT_THAT(listed({.words = {"uick"}}), IsEmpty()) << "words are matched from their start";
  EXPECT_THAT(listed({.contains = "UICK BR"}), ElementsAre(sp(20)));
  add(with(make(21, 21), [](NewSpan& s) {
    s.span.name = "Nightly digest";
    s.span.status = span::SpanStatus::kError;
    s.span.error = "Credit exhausted";
  }));
  EXPECT_THAT(listed({.words = {"digest", "credit"}}), ElementsAre(sp(21)));
  EXPECT_THAT(listed({.contains = "dit exh"}), ElementsAre(sp(21)));
  EXPECT_THAT(listed({.contains = "nightly"}), IsEmpty()) << "a name is found by its words only";
  EXPECT_THAT(listed({.contains = "question 7"}), ElementsAre(sp(7)));
  EXPECT_THAT(listed({.variables = {{"city", "Zürich"}}}), ElementsAre(sp(20)));
  EXPECT_THAT(listed({.variables = {{"city", "Bern"}}}), IsEmpty());
  add(with(make(22, 22), [](NewSpan& s) { s.span.attributes_json = R"({"region":"eu","retries":2})"; }));
  EXPECT_THAT(listed({.attributes = {{"region", "eu"}, {"retries", "2"}}}), ElementsAre(sp(22)));
  EXPECT_THAT(listed({.attributes = {{"region", "us"}}}), IsEmpty());
  const auto page = list({.contains = "answer"}, {.limit = 3});
  EXPECT_EQ(page.spans.size(), 3u);
  ASSERT_TRUE(page.scanned_to);
  EXPECT_LE(page.scanned_to->micros, page.spans.back().start().micros);
}

TEST_P(SpanStoreContract, AScanOutOfBudgetGoesOnFromItsCursor) {
  for (uint64_t n = 1; n <= 25; ++n) add(make(n, static_cast<int64_t>(n)));
  Ids found;
  ListOptions options{.limit = 10, .scan_budget = Millis{0}};
  int pages = 0;
  do {
    const auto page = list({.contains = "question 1"}, options);
    for (const auto& id : ids(page.spans)) found.push_back(id);
    options.after = page.next;
    ASSERT_LE(++pages, 100);
  } while (options.after);
  EXPECT_EQ(found, listed({.contains = "question 1"}));
  EXPECT_EQ(found.size(), 11u);
}

// --- Projects ----------------------------------------------------------------------------------------------------

TEST_P(SpanStoreContract, ProjectsDoNotSeeEachOther) {
  for (uint64_t n = 1; n <= 10; ++n) {
    add(with(make(n, 0, 7), [](NewSpan& s) { s.span.session_id = "s"; }));
    add(with(make(n + 100, 0, 7, "p2"), [](NewSpan& s) { s.span.session_id = "s"; }));
  }
  EXPECT_EQ(listed().size(), 10u);
  EXPECT_EQ(list({}, {.limit = 100}, "p2").spans.size(), 10u);
  EXPECT_THAT(list({}, {.limit = 100}, "p3").spans, IsEmpty());
  EXPECT_THAT(list({}, {.limit = 100}, "p").spans, IsEmpty());
  EXPECT_FALSE(get(sp(101)));
  EXPECT_FALSE(value(store().remove("p1", sp(101), "")));
  EXPECT_EQ(value(store().trace("p1", tr(7), 100)).size(), 10u);
  EXPECT_EQ(traces().traces.at(0).totals.span_count, 10);
  EXPECT_EQ(groups(GroupBy::kSession).groups.at(0).totals.span_count, 10);
  EXPECT_EQ(value(store().received_after("p2", Timestamp{0}, 100)).size(), 10u);
}

TEST_P(SpanStoreContract, HostileTextsAreOnlyTexts) {
  const std::string nasty = "'; DROP TABLE spans; --\\\"%_\x01\xf0\x9f\x98\x80";
  auto span = make(1, 0, 0, nasty);
  span.span.trace_id = "a b'\"%";
  span.span.user_id = span.span.session_id = span.span.name = nasty;
  span.span.tags = {nasty, "%"};
  EXPECT_TRUE(add(span).stored);
  EXPECT_EQ(list({.user_id = nasty, .name = nasty, .tags = {"%"}}, {}, nasty).spans.size(), 1u);
  EXPECT_THAT(list({.user_id = "%"}, {}, nasty).spans, IsEmpty());
  EXPECT_EQ(value(store().trace(nasty, "a b'\"%", 10)).size(), 1u);
  EXPECT_EQ(value(store().groups(nasty, GroupBy::kUser, {}, {})).groups.at(0).key, nasty);
}

// --- Traces ------------------------------------------------------------------------------------------------------

TEST_P(SpanStoreContract, ATraceIsItsSpansByStartWithErrors) {
  add(make(2, 20, 7));
  for (uint64_t n = 10; n < 20; ++n) add(make(n, 100));  // others in between
  add(with(make(1, 10, 7), [](NewSpan& s) {
    s.span.status = span::SpanStatus::kError;
    s.span.error = "boom";
  }));
  add(make(3, 30, 7));
  const auto spans = value(store().trace("p1", tr(7), 10));
  EXPECT_THAT(ids(spans), ElementsAre(sp(1), sp(2), sp(3)));
  EXPECT_EQ(spans[0].span.error, "boom");
  EXPECT_EQ(spans[0].span.input_json, "");
  EXPECT_THAT(ids(value(store().trace("p1", tr(7), 2))), ElementsAre(sp(1), sp(2)));
  EXPECT_THAT(value(store().trace("p1", tr(8), 10)), IsEmpty());
}

TEST_P(SpanStoreContract, ATraceIsSummedUp) {
  auto root = make(1, 10, 7);
  root.span.kind = span::Kind::kAgent;
  root.span.name = "agent";
  root.span.latency_ms = 60'000;
  root.span.tags = {"z", "a"};
  root.span.usage.total_tokens = 1'000'000;  // no model call: not counted
  auto child = priced(make(2, 20, 7), "0.25", 100);
  child.span.parent_span_id = sp(1);
  child.span.user_id = "u2";
  child.span.tags = {"a", "m"};
  auto failed = priced(make(3, 5, 7), "0.5", 11);  // before its parent: clocks differ
  failed.span.parent_span_id = sp(1);
  failed.span.status = span::SpanStatus::kError;
  failed.span.session_id = "s";
  failed.span.user_id = "u1";
  add(child);
  for (uint64_t n = 10; n < 20; ++n) add(make(n, 1000));
  add(root);
  add(failed);
  const auto found = traces({.trace_id = tr(7)}).traces;
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].trace_id, tr(7));
  EXPECT_EQ(found[0].name, "agent");
  EXPECT_EQ(found[0].status, span::SpanStatus::kSuccess);
  EXPECT_EQ(found[0].start.micros, kBase + 5 * kSecond);
  EXPECT_EQ(found[0].end.micros, kBase + 70 * kSecond);
  EXPECT_EQ(found[0].user_id, "u1");
  EXPECT_EQ(found[0].session_id, "s");
  EXPECT_THAT(found[0].tags, ElementsAre("a", "m", "z"));
  EXPECT_EQ(found[0].totals.span_count, 3);
  EXPECT_EQ(found[0].totals.error_count, 1);
  EXPECT_EQ(found[0].totals.cost, dollars("0.75"));
  EXPECT_TRUE(found[0].totals.any_cost);
  EXPECT_EQ(found[0].totals.cost_status, llm::CostStatus::kExact);
  EXPECT_EQ(found[0].totals.usage.total_tokens, 111);
  EXPECT_EQ(found[0].totals.usage.input_tokens, std::nullopt);
}

TEST_P(SpanStoreContract, AModelCallWithoutACostMakesTheTraceUnknown) {
  add({priced(make(1, 0, 7), "1", 1), make(2, 0, 7)});
  EXPECT_EQ(traces().traces.at(0).totals.cost_status, llm::CostStatus::kUnknown);
}

TEST_P(SpanStoreContract, TracesGoByTheirEarliestSpan) {
  add({make(1, 10, 1), make(2, 20, 2), make(3, 90, 1), make(4, 30, 3)});
  const auto found = traces().traces;
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].trace_id, tr(3));
  EXPECT_EQ(found[1].trace_id, tr(2));
  EXPECT_EQ(found[2].trace_id, tr(1));
  // Only the late span of trace 1 matches, and the trace still comes at its earliest one.
  const auto filtered = traces({.start_from = Timestamp{kBase + 25 * kSecond}}).traces;
  ASSERT_EQ(filtered.size(), 2u);
  EXPECT_EQ(filtered[0].trace_id, tr(3));
  EXPECT_EQ(filtered[1].trace_id, tr(1));
  EXPECT_EQ(filtered[1].totals.span_count, 2) << "all its spans count, not only those that match";
}

// --- Deletion ----------------------------------------------------------------------------------------------------

TEST_P(SpanStoreContract, ADeletedSpanIsNowhereAndItsKeyStaysTaken) {
  for (uint64_t n = 1; n <= 12; ++n) {
    add(priced(with(make(n, static_cast<int64_t>(n), 7), [](NewSpan& s) { s.span.session_id = "s"; }), "1", 1));
  }
  ASSERT_TRUE(value(store().remove("p1", sp(2), tr(7))));
  for (int round = 0; round < 2; ++round) {
    EXPECT_FALSE(get(sp(2), tr(7)));
    EXPECT_FALSE(get(sp(2)));
    EXPECT_EQ(listed().size(), 11u);
    EXPECT_THAT(listed(), testing::Not(testing::Contains(sp(2))));
    EXPECT_EQ(value(store().trace("p1", tr(7), 100)).size(), 11u);
    EXPECT_THAT(ids(value(store().trace("p1", tr(7), 2))), ElementsAre(sp(1), sp(3)));
    EXPECT_EQ(traces().traces.at(0).totals.span_count, 11);
    EXPECT_EQ(groups(GroupBy::kSession).groups.at(0).totals.cost, dollars("11"));
    EXPECT_EQ(value(store().received_after("p1", Timestamp{0}, 100)).size(), 11u);
    EXPECT_FALSE(value(store().remove("p1", sp(2), tr(7)))) << "gone already";
    EXPECT_FALSE(add(make(2, 99, 7)).stored) << "its key stays taken";
    EXPECT_EQ(store().stats().spans, 11u);
    reopen();
  }
}

TEST_P(SpanStoreContract, DeletingTheNewestOfAnIdUncoversTheOlder) {
  add(make(1, 1, 7));
  add(make(1, 2, 8));
  ASSERT_TRUE(value(store().remove("p1", sp(1), "")));
  ASSERT_TRUE(get(sp(1)));
  EXPECT_EQ(get(sp(1))->span.trace_id, tr(7));
}

TEST_P(SpanStoreContract, AGroupThatLostItsNewestSpanTakesItsNewPlace) {
  const auto in = [](uint64_t n, int64_t second, const char* session) {
    return with(make(n, second), [&](NewSpan& s) { s.span.session_id = session; });
  };
  add({in(1, 10, "a"), in(2, 20, "b"), in(3, 30, "a"), in(4, 5, "c")});
  EXPECT_EQ(keys(groups(GroupBy::kSession)), (Ids{"a", "b", "c"}));
  ASSERT_TRUE(value(store().remove("p1", sp(3), "")));
  EXPECT_EQ(keys(groups(GroupBy::kSession)), (Ids{"b", "a", "c"}));
  ASSERT_TRUE(value(store().remove("p1", sp(4), "")));
  EXPECT_EQ(keys(groups(GroupBy::kSession)), (Ids{"b", "a"}));
}

TEST_P(SpanStoreContract, RemovingWhatIsNotThereSaysSo) { EXPECT_FALSE(value(store().remove("p1", sp(1), ""))); }

// --- Sums: span_store_oracle.h has more --------------------------------------------------------------------------

TEST_P(SpanStoreContract, SumsGoByGroupAndTimeAndLeaveDeletedSpansOut) {
  for (uint64_t n = 1; n <= 24; ++n) {
    add(priced(with(make(n, static_cast<int64_t>(n) * 1800, n),
                    [&](NewSpan& s) { s.span.model = n % 3 == 0 ? "small" : "large"; }),
               "0.1", static_cast<int64_t>(n)));
  }
  ASSERT_TRUE(value(store().remove("p1", sp(3), "")));
  AnalyticsQuery query{.group_by = {Dimension::kModel}, .bucket = TimeBucket::kDay, .utc_offset_minutes = 330};
  for (int round = 0; round < 2; ++round) {
    const auto sums =
        value(store().analytics("p1", query, {{sp(4), tr(4), "quality", 0.25}, {sp(3), tr(3), "gone", 1}}));
    EXPECT_EQ(sums.total.totals.span_count, 23);
    EXPECT_EQ(sums.total.totals.cost, dollars("2.3"));
    EXPECT_FALSE(sums.scanned_from);
    EXPECT_TRUE(sums.scores_complete);
    ASSERT_GE(sums.rows.size(), 2u);
    EXPECT_EQ(sums.rows[0].keys, std::vector<std::string>{"large"});
    EXPECT_EQ(sums.rows[1].keys, std::vector<std::string>{"small"});
    ASSERT_EQ(sums.total.scores.size(), 1u) << "the deleted span's score is left out";
    EXPECT_EQ(sums.total.scores.at("quality").sum, 0.25);
    EXPECT_TRUE(value(store().analytics("p2", query, {})).rows.empty());
    reopen();
  }
}

TEST_P(SpanStoreContract, SumsByMoreThanTheyMayGoByAreRefused) {
  using enum Dimension;
  EXPECT_EQ(store().analytics("p1", {.group_by = {kModel, kModel}}, {}).error().code, ErrorCode::kInvalidRequest);
  EXPECT_EQ(store().analytics("p1", {.group_by = {kModel, kUser, kTag, kKind}}, {}).error().code,
            ErrorCode::kInvalidRequest);
  EXPECT_EQ(store().analytics("p1", {.utc_offset_minutes = 1440}, {}).error().code, ErrorCode::kInvalidRequest);
}

// --- Groups ------------------------------------------------------------------------------------------------------

TEST_P(SpanStoreContract, SessionsAndUsersAreSummedUp) {
  const auto in = [](uint64_t n, int64_t second, uint64_t trace, const char* session, const char* user) {
    return priced(with(make(n, second, trace),
                       [&](NewSpan& s) {
                         s.span.session_id = session;
                         s.span.user_id = user;
                       }),
                  "0.5", 10);
  };
  add(in(1, 10, 1, "s1", "old"));
  add(in(2, 20, 2, "s1", "new"));
  add(in(3, 15, 3, "s2", "new"));
  add(in(4, 40, 3, "", "new"));
  for (uint64_t n = 10; n < 20; ++n) add(make(n, 50));
  const auto sessions = groups(GroupBy::kSession).groups;
  ASSERT_EQ(sessions.size(), 2u);
  EXPECT_EQ(sessions[0].key, "s1");
  EXPECT_EQ(sessions[0].user_id, "new");
  EXPECT_EQ(sessions[0].first.micros, kBase + 10 * kSecond);
  EXPECT_EQ(sessions[0].last.micros, kBase + 20 * kSecond);
  EXPECT_EQ(sessions[0].trace_count, 2);
  EXPECT_EQ(sessions[0].totals.span_count, 2);
  EXPECT_EQ(sessions[0].totals.cost, dollars("1"));
  EXPECT_EQ(sessions[0].totals.usage.total_tokens, 20);
  const auto users = groups(GroupBy::kUser).groups;
  ASSERT_EQ(users.size(), 2u);
  EXPECT_EQ(users[0].key, "new");
  EXPECT_EQ(users[0].session_count, 2);
  EXPECT_EQ(users[0].trace_count, 2);
  EXPECT_EQ(users[0].totals.span_count, 3);
  const auto filtered = groups(GroupBy::kUser, {.session_id = "s1"}).groups;
  ASSERT_EQ(filtered.size(), 2u);
  EXPECT_EQ(filtered[0].key, "new");
  EXPECT_EQ(filtered[0].totals.span_count, 1) << "totals are over the spans that match";
}

// --- Following along ---------------------------------------------------------------------------------------------

TEST_P(SpanStoreContract, ReceivedAfterGivesWhatCameSinceOldestFirst) {
  Ids stamps;
  for (uint64_t n = 1; n <= 15; ++n) stamps.push_back(add(make(n, 100 - static_cast<int64_t>(n))).id);
  const auto all = value(store().received_after("p1", Timestamp{0}, 100));
  ASSERT_EQ(all.size(), 15u);
  for (size_t i = 0; i < 15; ++i) EXPECT_EQ(all[i].id(), stamps[i]);
  const auto some = value(store().received_after("p1", all[4].received, 3));
  EXPECT_THAT(ids(some), ElementsAre(sp(6), sp(7), sp(8)));
  EXPECT_EQ(some[0].span.input_json, "");
}

TEST_P(SpanStoreContract, AListenerHearsOfEachStoredSpanUntilItLeaves) {
  std::mutex mutex;
  Ids heard;
  auto handle = store().listen([&](const std::string& project, const std::shared_ptr<const StoredSpan>& span) {
    const std::lock_guard lock(mutex);
    heard.push_back(project + " " + span->span.span_id);
  });
  const auto count = [&] {
    const std::lock_guard lock(mutex);
    return heard.size();
  };
  add({make(1, 0), make(2, 0, 0, "p2"), make(1, 0)});
  ASSERT_TRUE(eventually([&] { return count() == 2; }));
  EXPECT_EQ(heard, (Ids{"p1 " + sp(1), "p2 " + sp(2)}));
  std::atomic<int> others{0};
  auto other = store().listen([&](const std::string&, const std::shared_ptr<const StoredSpan>&) { ++others; });
  handle.reset();
  add(make(3, 0));
  ASSERT_TRUE(eventually([&] { return others == 1; }));
  EXPECT_EQ(count(), 2u);
}

// --- Retention, state --------------------------------------------------------------------------------------------

TEST_P(SpanStoreContract, DroppingTakesOnlyWhatStartedBefore) {
  for (uint64_t n = 1; n <= 40; ++n) add(make(n, static_cast<int64_t>(n)));
  const Timestamp middle{kBase + 20 * kSecond};
  const uint64_t dropped = value(store().drop_before(middle));
  EXPECT_LE(dropped, 19u);
  EXPECT_EQ(listed().size(), 40 - dropped);
  EXPECT_EQ(listed({.start_from = middle}).size(), 21u);
  EXPECT_EQ(store().stats().spans, 40 - dropped);
  const uint64_t rest = value(store().drop_before(Timestamp{kBase + 1000 * kSecond}));
  EXPECT_EQ(dropped + rest, 40u);
  EXPECT_THAT(listed(), IsEmpty());
  reopen();
  EXPECT_THAT(listed(), IsEmpty());
  EXPECT_TRUE(add(make(1, 0)).stored) << "what was dropped is forgotten";
}

TEST_P(SpanStoreContract, ManySpansAreRemovedAtOnce) {
  for (uint64_t n = 1; n <= 6; ++n) add(make(n, static_cast<int64_t>(n)));
  auto page = store().list("p1", {.start_before = Timestamp{kBase + 5 * kSecond}}, {.limit = 10});
  ASSERT_TRUE(page);
  ASSERT_EQ(page->spans.size(), 4u);
  ASSERT_EQ(value(store().remove_all("p1", {page->spans[0], page->spans[0]})), 1u);
  EXPECT_EQ(value(store().remove_all("p1", page->spans)), 3u) << "one was removed already";
  EXPECT_EQ(value(store().remove_all("p1", page->spans)), 0u);
  EXPECT_EQ(value(store().remove_all("p1", {})), 0u);
  EXPECT_EQ(listed().size(), 2u);
  reopen();
  EXPECT_EQ(listed().size(), 2u);
  EXPECT_EQ(store().stats().spans, 2u);
}

TEST_P(SpanStoreContract, CountsWhatItDoes) {
  add({make(1, 0), make(2, 0), make(1, 0)});
  const auto stats = store().stats();
  EXPECT_EQ(stats.spans, 2u);
  EXPECT_EQ(stats.appended, 2u);
  EXPECT_EQ(stats.duplicates, 1u);
  EXPECT_EQ(stats.refused, 0u);
  EXPECT_GE(stats.commits, 1u);
  EXPECT_GT(stats.disk_bytes, 0u);
  EXPECT_TRUE(store().health());
}

TEST_P(SpanStoreContract, ManyWritersAtOnceLoseAndDoubleNothing) {
  constexpr int kThreads = 4, kRounds = 25;
  std::atomic<int> stored{0}, failed{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kRounds; ++i) {
        // Every key is written by two threads.
        const auto n = static_cast<uint64_t>((t / 2) * 1000 + i + 1);
        const auto answer = add_patiently({make(n, i, 7), make(n + 500, i, 7)});
        if (!answer) ++failed;
        if (answer) stored += (*answer)[0].stored + (*answer)[1].stored;
        if (i % 5 == 0) (void)store().list("p1", {}, {});
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(stored, kThreads / 2 * kRounds * 2);
  ASSERT_TRUE(eventually([&] { return listed().size() == static_cast<size_t>(kThreads / 2 * kRounds * 2); }));
}

TEST_P(SpanStoreContract, WhatWasAcceptedIsAnsweredBeforeTheStoreCloses) {
  std::atomic<int> answered{0};
  for (uint64_t n = 1; n <= 50; ++n) {
    store().append({make(n, 0)}, [&](Result<std::vector<Appended>> result) { answered += result.has_value(); });
  }
  reopen();
  EXPECT_EQ(answered, 50);
  EXPECT_EQ(listed().size(), 50u);
}

}  // namespace tracia::store::contract
