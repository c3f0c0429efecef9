#include "tracia/ingest/ingest.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "tracia/base/limits.h"

namespace tracia::ingest {
namespace {

using nlohmann::json;

// The day of the examples.
const Timestamp kNow = *parse_rfc3339("2026-11-20T10:30:00Z");
const std::string kProject = "prj_0000000000000001";

std::string no_prompt(std::string_view) { return ""; }

std::string example(const std::string& name) {
  std::ifstream file(std::string(TRACIA_SOURCE_DIR) + "/api/examples/" + name, std::ios::binary);
  EXPECT_TRUE(file) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

store::NewSpan read(const std::string& body) {
  auto span = read_span(body, kProject, no_prompt, kNow);
  EXPECT_TRUE(span) << (span ? "" : span.error().message);
  return span ? std::move(*span) : store::NewSpan{};
}

json minimal() { return json::parse(example("span_create_minimal.request.json")); }

std::string cost_of(const store::NewSpan& span) { return span.cost ? span.cost->to_string() : "none"; }

TEST(ReadSpan, ReadsTheSpanInItsProjectWithItsPromptAndPrice) {
  std::string asked;
  const auto span = read_span(
      example("span_create.request.json"), kProject,
      [&](std::string_view slug) {
        asked = slug;
        return std::string("prm_1");
      },
      kNow);
  ASSERT_TRUE(span);
  EXPECT_EQ(span->project_id, kProject);
  EXPECT_EQ(span->span.span_id, "sp_8a21f6c04be9d375");
  EXPECT_EQ(asked, "support-answer");
  EXPECT_EQ(span->prompt_id, "prm_1");
  EXPECT_EQ(cost_of(*span), "0.00211");
  EXPECT_EQ(span->cost_status, llm::CostStatus::kExact);
}

TEST(ReadSpan, AcceptsEveryExample) {
  for (const char* name : {"span_create", "span_create_minimal", "span_create_tool_calls", "span_create_embedding",
                           "span_create_error", "span_create_tool"}) {
    EXPECT_TRUE(read_span(example(std::string(name) + ".request.json"), kProject, no_prompt, kNow)) << name;
  }
}

TEST(ReadSpan, DoesNotAskForAPromptWhenTheSpanNamesNone) {
  bool asked = false;
  const auto prompt_id_of = [&](std::string_view) {
    asked = true;
    return std::string();
  };
  ASSERT_TRUE(read_span(example("span_create_minimal.request.json"), kProject, prompt_id_of, kNow));
  EXPECT_FALSE(asked);
}

TEST(ReadSpan, RefusesWhatIsNotASpanAndNamesTheField) {
  const auto message = [](const std::string& body) {
    const auto span = read_span(body, kProject, no_prompt, kNow);
    EXPECT_FALSE(span);
    EXPECT_EQ(span.error().code, ErrorCode::kInvalidRequest);
    return span.error().message;
  };
  EXPECT_EQ(message(R"({"model":"gpt-4o"})"), "Missing required field: spanId");
  EXPECT_EQ(message("[]"), "A span must be a JSON object");
  EXPECT_NE(message("{").find("not valid JSON"), std::string::npos);
  EXPECT_NE(message("").find("not valid JSON"), std::string::npos);
  json body = minimal();
  body["latencyMs"] = -1;
  EXPECT_EQ(message(body.dump()), "latencyMs must be an integer of at least 0");
}

TEST(Price, FollowsTheCatalog) {
  EXPECT_EQ(cost_of(read(example("span_create_minimal.request.json"))), "0.00000555");
  EXPECT_EQ(cost_of(read(example("span_create_embedding.request.json"))), "0.00000024");
  EXPECT_EQ(cost_of(read(example("span_create_tool_calls.request.json"))), "0.002046");
}

TEST(Price, KnowsNoCostWithoutUsage) {
  const store::NewSpan span = read(example("span_create_error.request.json"));
  EXPECT_EQ(cost_of(span), "none");
  EXPECT_EQ(span.cost_status, llm::CostStatus::kUnknown);
}

TEST(Price, CountsOnlyModelCalls) {
  json body = minimal();
  for (const char* kind : {"ROOT", "TOOL", "RETRIEVAL", "CHAIN", "AGENT", "OTHER"}) {
    body["spanKind"] = kind;
    const store::NewSpan span = read(body.dump());
    EXPECT_EQ(cost_of(span), "none") << kind;
    EXPECT_EQ(span.cost_status, llm::CostStatus::kUnknown) << kind;
  }
}

TEST(Price, IsAtMostAnEstimateWhenTheSenderEstimatedTheCounts) {
  json body = minimal();
  body["costStatus"] = "estimated";
  const store::NewSpan span = read(body.dump());
  EXPECT_EQ(cost_of(span), "0.00000555");
  EXPECT_EQ(span.cost_status, llm::CostStatus::kEstimated);
}

TEST(Price, IsDecidedHereWhateverElseTheSenderSays) {
  json body = minimal();
  body["costStatus"] = "unknown";
  EXPECT_EQ(read(body.dump()).cost_status, llm::CostStatus::kExact);
  body["model"] = "no-such-model";
  body["costStatus"] = "exact";
  EXPECT_EQ(read(body.dump()).cost_status, llm::CostStatus::kUnknown);
}

TEST(Price, IsUnknownForAConnectionsOwnName) {
  json body = minimal();
  body["provider"] = "our-azure";
  EXPECT_EQ(cost_of(read(body.dump())), "none");
}

TEST(Price, TakesTheLatestPricesForASpanWithoutAStart) {
  store::NewSpan span = read(example("span_create_minimal.request.json"));
  ASSERT_FALSE(span.span.start_time);
  price(span, kNow);
  const std::string at_now = cost_of(span);
  span.span.start_time = kNow;
  price(span, Timestamp{});
  EXPECT_EQ(cost_of(span), at_now);
}

TEST(ReadBatch, JudgesEachItemByItself) {
  const auto batch =
      read_batch(example("spans_batch_partly_invalid.request.json"), BatchForm::kArray, kProject, no_prompt, kNow);
  ASSERT_TRUE(batch);
  const json expected = json::parse(example("spans_batch_partly_invalid.response.200.json"));
  EXPECT_EQ(json(batch->spans.size()), expected["accepted"]);
  EXPECT_EQ(batch->indexes, std::vector<size_t>{0});
  ASSERT_EQ(batch->rejected.size(), expected["rejected"].size());
  for (size_t i = 0; i < batch->rejected.size(); ++i) {
    const Rejected& rejected = batch->rejected[i];
    const json& want = expected["rejected"][i];
    EXPECT_EQ(json(rejected.index), want["index"]);
    EXPECT_EQ(rejected.span_id ? json(*rejected.span_id) : json(), want["spanId"]);
    EXPECT_EQ(json(std::string(error_code_name(rejected.error.code))), want["code"]);
    EXPECT_EQ(json(rejected.error.message), want["message"]);
  }
}

TEST(ReadBatch, ReadsArraysAndLinesAlike) {
  const json spans = json::parse(example("spans_batch.request.json"));
  std::string lines;
  for (const json& span : spans) lines += span.dump() + "\n";
  const auto from_array = read_batch(spans.dump(), BatchForm::kArray, kProject, no_prompt, kNow);
  const auto from_lines = read_batch(lines, BatchForm::kNdjson, kProject, no_prompt, kNow);
  ASSERT_TRUE(from_array && from_lines);
  ASSERT_EQ(from_array->spans.size(), spans.size());
  ASSERT_EQ(from_lines->spans.size(), spans.size());
  EXPECT_TRUE(from_array->rejected.empty() && from_lines->rejected.empty());
  for (size_t i = 0; i < spans.size(); ++i) {
    EXPECT_EQ(span::to_json(from_array->spans[i].span), span::to_json(from_lines->spans[i].span));
  }
}

TEST(ReadBatch, AcceptsTheExampleOfLines) {
  const auto batch = read_batch(example("spans_batch.request.ndjson"), BatchForm::kNdjson, kProject, no_prompt, kNow);
  ASSERT_TRUE(batch);
  EXPECT_FALSE(batch->spans.empty());
  EXPECT_TRUE(batch->rejected.empty());
}

TEST(ReadBatch, SkipsBlankLinesAndRefusesABrokenOneAlone) {
  const std::string good = minimal().dump();
  const auto batch =
      read_batch("\n" + good + "\r\n  \r\n{\"spanId\":\n[1]\n" + good, BatchForm::kNdjson, kProject, no_prompt, kNow);
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->indexes, (std::vector<size_t>{0, 3}));
  ASSERT_EQ(batch->rejected.size(), 2u);
  EXPECT_EQ(batch->rejected[0].index, 1u);
  EXPECT_NE(batch->rejected[0].error.message.find("not valid JSON"), std::string::npos);
  EXPECT_EQ(batch->rejected[1].index, 2u);
  EXPECT_EQ(batch->rejected[1].error.message, "A span must be a JSON object");
}

TEST(ReadBatch, IsEmptyForNothing) {
  const auto array = read_batch("[]", BatchForm::kArray, kProject, no_prompt, kNow);
  const auto lines = read_batch("\n\n", BatchForm::kNdjson, kProject, no_prompt, kNow);
  ASSERT_TRUE(array && lines);
  EXPECT_TRUE(array->spans.empty() && array->rejected.empty());
  EXPECT_TRUE(lines->spans.empty() && lines->rejected.empty());
}

TEST(ReadBatch, RefusesWhatIsNoBatchAtAll) {
  for (const char* body : {"", "{}", "[{}", "null", "7"}) {
    const auto batch = read_batch(body, BatchForm::kArray, kProject, no_prompt, kNow);
    ASSERT_FALSE(batch) << body;
    EXPECT_EQ(batch.error().code, ErrorCode::kInvalidRequest) << body;
  }
}

TEST(ReadBatch, RefusesTooManyAsTheContractSays) {
  json many = json::array();
  std::string lines;
  for (int i = 0; i < 1200; ++i) {
    many.push_back(json::object());
    lines += "{}\n";
  }
  const json expected = json::parse(example("error.payload_too_large.413.json"))["error"];
  for (const auto& batch : {read_batch(many.dump(), BatchForm::kArray, kProject, no_prompt, kNow),
                            read_batch(lines, BatchForm::kNdjson, kProject, no_prompt, kNow)}) {
    ASSERT_FALSE(batch);
    EXPECT_EQ(json(std::string(error_code_name(batch.error().code))), expected["code"]);
    EXPECT_EQ(json(batch.error().message), expected["message"]);
  }
}

TEST(ReadBatch, TakesTheMostAllowed) {
  std::string lines;
  for (size_t i = 0; i < limits::kBatchSpansMax; ++i) lines += "{}\n";
  const auto batch = read_batch(lines, BatchForm::kNdjson, kProject, no_prompt, kNow);
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->rejected.size(), limits::kBatchSpansMax);
}

TEST(ReadBatch, DoesNotEchoAnIdThatIsNone) {
  const auto batch = read_batch(R"([{"spanId":"<script>"},{"spanId":"SP_1B7E05D9C3A8F462"}])", BatchForm::kArray,
                                kProject, no_prompt, kNow);
  ASSERT_TRUE(batch);
  ASSERT_EQ(batch->rejected.size(), 2u);
  EXPECT_FALSE(batch->rejected[0].span_id);
  EXPECT_EQ(batch->rejected[1].span_id, "sp_1b7e05d9c3a8f462");
}

}  // namespace
}  // namespace tracia::ingest
