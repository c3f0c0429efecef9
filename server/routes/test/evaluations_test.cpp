#include "spans_server.h"

namespace tracia::routes {
namespace {

class Evaluations : public SpansTest {
 protected:
  Evaluations() { store(span(1)); }

  json create(const json& body = example("evaluations_create.request.json"), const std::string& agent = "") {
    wire::Headers headers = ApiServer::with_key();
    if (!agent.empty()) headers.set("User-Agent", agent);
    api.clock.advance(Millis(1));
    const ApiAnswer answer = api.send("POST", path, body, headers);
    EXPECT_EQ(answer.status, 201) << answer.body;
    return answer.json;
  }
  std::string error_of(const json& body) {
    const ApiAnswer answer = post(path, body);
    EXPECT_EQ(answer.status, 400) << body;
    return answer.message();
  }

  const std::string path = "/api/v1/spans/" + span_id(1) + "/evaluations";
};

TEST_F(Evaluations, AreCreatedAsTheContractShows) {
  const json created = create();
  json wanted = example("evaluations_create.response.201.json");
  EXPECT_EQ(names(created), names(wanted));
  for (const char* name : {"evaluatorKey", "evaluatorName", "value", "source", "note"}) {
    EXPECT_EQ(created[name], wanted[name]) << name;
  }
  EXPECT_EQ(created["createdAt"], format_rfc3339_millis(api.clock.now()));
}

TEST_F(Evaluations, SayWhoseTheyAre) {
  EXPECT_EQ(create(example("evaluations_create.request.json"), "curl/8")["source"], "api");
  for (const char* agent : {"tracia-sdk-python/0.2.2", "tracia-sdk/0.4.3", "tracia-cpp/0.1.0", "tracia-python/0.1.0"}) {
    EXPECT_EQ(create(example("evaluations_create.request.json"), agent)["source"], "sdk") << agent;
  }
}

TEST_F(Evaluations, TakeANumberOnly) {
  const json wanted = example("error.invalid_evaluation.400.json");
  for (const json& value : {json("1"), json(true), json(nullptr), json::array(), json::object()}) {
    const ApiAnswer answer = post(path, {{"evaluatorKey", "quality"}, {"value", value}});
    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(answer.json, wanted) << value;
  }
  EXPECT_EQ(create({{"evaluatorKey", "quality"}, {"value", 0.25}, {"note", nullptr}})["value"], 0.25);
}

TEST_F(Evaluations, NameTheMemberThatIsWrong) {
  EXPECT_EQ(error_of({{"value", 1}}), "Missing required field: evaluatorKey");
  EXPECT_EQ(error_of({{"evaluatorKey", "quality"}}), "Missing required field: value");
  EXPECT_EQ(error_of({{"evaluatorKey", "taste"}, {"value", 1}}),
            "evaluatorKey names no evaluator: taste. Known evaluators: quality.");
  EXPECT_EQ(error_of({{"evaluatorKey", 1}, {"value", 1}}), "evaluatorKey must be a string");
  EXPECT_EQ(error_of({{"evaluatorKey", "quality"}, {"value", 1}, {"note", 7}}), "note must be a string");
  EXPECT_EQ(error_of({{"evaluatorKey", "quality"}, {"value", 1}, {"note", std::string(4001, 'x')}}),
            "note must have at most 4000 characters");
  EXPECT_EQ(error_of(json::array()), "Request body must be a JSON object");
}

TEST_F(Evaluations, NeedASpan) {
  const ApiAnswer answer =
      post("/api/v1/spans/sp_0000000000000000/evaluations", {{"evaluatorKey", "quality"}, {"value", 1}});
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.json, example("error.not_found_span.404.json"));
  EXPECT_EQ(get("/api/v1/spans/sp_0000000000000000/evaluations").status, 404);
}

TEST_F(Evaluations, AreListedNewestFirstInPages) {
  std::vector<std::string> created;
  for (int i = 0; i < 5; ++i) created.insert(created.begin(), create()["id"]);
  std::vector<std::string> seen;
  std::string cursor;
  for (int page = 0; page < 3; ++page) {
    const ApiAnswer answer = get(path + "?limit=2" + (cursor.empty() ? "" : "&cursor=" + cursor));
    EXPECT_EQ(names(answer.json), names(example("evaluations_list.response.200.json")));
    for (const json& one : answer.json["evaluations"]) seen.push_back(one["id"]);
    EXPECT_EQ(answer.json["hasMore"], page < 2);
    if (page < 2) cursor = answer.json["nextCursor"];
  }
  EXPECT_EQ(seen, created);
  EXPECT_EQ(get(path + "?cursor=AAAA").status, 400);
  EXPECT_EQ(get(path + "?limit=0").status, 400);
}

TEST_F(Evaluations, AreChangedMemberByMember) {
  const json created = create();
  const std::string one = path + "/" + created["id"].get<std::string>();
  const ApiAnswer value = put(one, {{"value", 0}});
  EXPECT_EQ(value.status, 200);
  EXPECT_EQ(value.json["value"], 0);
  EXPECT_EQ(value.json["note"], created["note"]);
  EXPECT_EQ(value.json["createdAt"], created["createdAt"]);
  EXPECT_TRUE(put(one, {{"note", nullptr}}).json["note"].is_null());
  EXPECT_EQ(put(one, {{"note", "again"}}).json["note"], "again");
  EXPECT_EQ(put(one, {{"value", "x"}}).json, example("error.invalid_evaluation.400.json"));
  EXPECT_EQ(get(path).json["evaluations"][0]["note"], "again");
}

TEST_F(Evaluations, AreDeleted) {
  const std::string one = path + "/" + create()["id"].get<std::string>();
  EXPECT_EQ(del(one).json, example("evaluations_delete.response.200.json"));
  EXPECT_EQ(del(one).status, 404);
  EXPECT_EQ(put(one, {{"value", 0}}).status, 404);
  EXPECT_TRUE(get(path).json["evaluations"].empty());
}

TEST_F(Evaluations, AreFoundUnderTheirOwnSpanOnly) {
  store(span(2));
  const std::string id = create()["id"];
  EXPECT_EQ(del("/api/v1/spans/" + span_id(2) + "/evaluations/" + id).status, 404);
  EXPECT_EQ(del(path + "/" + id + "?traceId=tr_other").status, 404);
  EXPECT_EQ(del(path + "/" + id + "?traceId=tr_0000000000000001").status, 200);
}

TEST_F(Evaluations, AreRefusedWhenTheDiskFails) {
  api.control.fail_writes = true;
  EXPECT_EQ(post(path, example("evaluations_create.request.json")).status, 503);
}

}  // namespace
}  // namespace tracia::routes
