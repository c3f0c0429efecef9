#include "tracia/llm/stream.h"

#include <gtest/gtest.h>

#include "stream_recorder.h"

namespace tracia::llm {
namespace {

using testing::describe;
using testing::EventLog;

TEST(StreamAccumulator, FoldsDeltasAndTellsThem) {
  StreamAccumulator acc;
  EventLog log;
  const EventSink sink = log.sink();
  acc.reasoning(0, "th", sink);
  acc.reasoning(0, "ink", sink);
  acc.text(1, "Hello", sink);
  acc.tool_call(2, "id", "f", "{", sink);
  acc.tool_call(2, "other", "other", "}", sink);
  acc.refusal(3, "no", sink);
  EXPECT_EQ(describe(acc.result().message.parts),
            "reasoning{think||}text{Hello|||}call{id|f|{}||0}text{no||||refusal}");
  EXPECT_EQ(log.reasoning, "think");
  EXPECT_EQ(log.calls.at(0), (EventLog::Call{"id", "f", "{}"}));
  EXPECT_EQ(acc.result().refusal, "no");
}

TEST(StreamAccumulator, SealFillsEmptyArgumentsAndDropsEmptyText) {
  StreamAccumulator acc;
  const EventSink ignore = [](const StreamEvent&) {};
  acc.text(0, "", ignore);
  acc.tool_call(1, "a", "f", "", ignore);
  acc.tool_call(2, "b", "g", "", ignore, ToolCallPart::Kind::kCustom);
  acc.seal();
  EXPECT_EQ(describe(acc.result().message.parts), "call{a|f|{}||0}call{b|g|||1}");
}

TEST(StreamAccumulator, ArrangesByKeyAndKeepsOnlyWhatItIsTold) {
  StreamAccumulator acc;
  const EventSink ignore = [](const StreamEvent&) {};
  for (const int64_t key : {30, 10, 20}) acc.text(key, std::to_string(key), ignore);
  acc.arrange();
  EXPECT_EQ(acc.result().text(), "102030");
  acc.text(20, "!", ignore);  // still addressed by its key
  const std::set<int64_t> keep{20, 30};
  acc.arrange(&keep);
  EXPECT_EQ(acc.result().text(), "20!30");
}

TEST(StreamAccumulator, AKeyKeepsItsType) {
  StreamAccumulator acc;
  EventLog log;
  acc.text(0, "text", log.sink());
  acc.tool_call(0, "id", "f", "{}", log.sink());
  acc.reasoning(0, "x", log.sink());
  EXPECT_EQ(describe(acc.result().message.parts), "text{text|||}");
  EXPECT_EQ(log.order, "t");
}

TEST(StreamAccumulator, OverflowsAtItsBoundAndStaysThere) {
  StreamAccumulator acc(4096);
  EventLog log;
  acc.text(0, std::string(2000, 'a'), log.sink());
  EXPECT_FALSE(acc.overflowed());
  acc.text(0, std::string(3000, 'b'), log.sink());
  EXPECT_TRUE(acc.overflowed());
  acc.text(0, "c", log.sink());
  EXPECT_EQ(acc.result().text(), std::string(2000, 'a'));
  EXPECT_EQ(acc.overflow_error(Provider::kOpenAi).kind, ErrorKind::kTooLarge);
}

TEST(StreamAccumulator, CountsPartsWithoutContent) {
  StreamAccumulator acc(100000);
  for (int64_t key = 0; key < 10000 && !acc.overflowed(); ++key)
    acc.tool_call(key, "", "", "", [](const StreamEvent&) {});
  EXPECT_TRUE(acc.overflowed());
  EXPECT_LT(acc.result().message.parts.size(), 1000u);
}

TEST(StreamAccumulator, RemembersAFewEventTypes) {
  StreamAccumulator acc;
  for (int i = 0; i < 1000; ++i) acc.saw_event_type(std::to_string(i));
  acc.saw_event_type("0");
  EXPECT_EQ(acc.event_types().size(), 64u);
  EXPECT_EQ(acc.event_types().front(), "0");
}

}  // namespace
}  // namespace tracia::llm
