#include "spans_server.h"

namespace tracia::routes {
namespace {

class EvaluatorsTest : public SpansTest {
 protected:
  EvaluatorsTest() { store(span(1)); }

  std::string error_of(const ApiAnswer& answer, int status = 400) {
    EXPECT_EQ(answer.status, status) << answer.body;
    return answer.message();
  }
  json make(const json& body) {
    const ApiAnswer answer = post(path, body);
    EXPECT_EQ(answer.status, 201) << answer.body;
    return answer.json;
  }
  ApiAnswer rate(const char* key, const json& value) {
    return post("/api/v1/spans/" + span_id(1) + "/evaluations", {{"evaluatorKey", key}, {"value", value}});
  }

  const std::string path = "/api/v1/evaluators";
};

TEST_F(EvaluatorsTest, QualityIsBuiltIn) {
  EXPECT_EQ(get(path).json["evaluators"], json::array({example("evaluators_list.response.200.json")["evaluators"][0]}));
  EXPECT_EQ(error_of(put(path + "/quality", {{"name", "Q"}}), 409),
            "The evaluator quality is built in and cannot be changed");
  EXPECT_EQ(del(path + "/quality").status, 409);
  EXPECT_EQ(post(path, {{"key", "quality"}, {"name", "Q"}, {"type", "numeric"}}).status, 409);
}

TEST_F(EvaluatorsTest, AreMadeChangedAndDeletedAsTheContractShows) {
  const json made = make(example("evaluators_create.request.json"));
  json wanted = example("evaluators_create.response.201.json");
  EXPECT_EQ(names(made), names(wanted));
  for (const char* name : {"key", "name", "type", "categories", "builtIn"}) EXPECT_EQ(made[name], wanted[name]);
  api.clock.advance(Millis(1));
  const json changed = put(path + "/tone", example("evaluators_update.request.json")).json;
  EXPECT_EQ(changed["name"], "Tone of voice");
  EXPECT_EQ(changed["categories"].size(), 4u);
  EXPECT_EQ(changed["createdAt"], made["createdAt"]);
  EXPECT_NE(changed["updatedAt"], made["updatedAt"]);
  EXPECT_EQ(get(path).json["evaluators"][1], changed);
  EXPECT_EQ(del(path + "/tone").json, (json{{"success", true}}));
  EXPECT_EQ(error_of(del(path + "/tone"), 404), "Evaluator not found: tone");
  EXPECT_EQ(put(path + "/tone", json::object()).status, 404);
  EXPECT_EQ(get(path).json["evaluators"].size(), 1u);
}

TEST_F(EvaluatorsTest, NameTheMemberThatIsWrong) {
  const auto error = [&](const json& more) {
    json body{{"key", "k"}, {"name", "K"}, {"type", "numeric"}};
    body.update(more);
    return error_of(post(path, body));
  };
  EXPECT_EQ(error({{"key", nullptr}}), "Missing required field: key");
  EXPECT_EQ(error({{"key", "A b"}}),
            "key must have 1 to 64 characters of a-z, 0-9, '-' and '_', and begin with a letter");
  EXPECT_EQ(error({{"name", 1}}), "name must be a string");
  EXPECT_EQ(error({{"type", "stars"}}), "type must be numeric, boolean or categorical");
  EXPECT_EQ(error({{"min", "1"}}), "min must be a number");
  EXPECT_EQ(error({{"min", 2}, {"max", 2}}), "min must be below max");
  EXPECT_EQ(error({{"type", "boolean"}, {"max", 2}}), "min and max belong to evaluators of type numeric only");
  EXPECT_EQ(error({{"categories", {"a", "b"}}}), "categories belong to evaluators of type categorical only");
  const auto categorical = [&](const json& list) { return error({{"type", "categorical"}, {"categories", list}}); };
  EXPECT_EQ(categorical({"a"}), "categories must have 2 to 50 entries");
  EXPECT_EQ(categorical(json(std::vector<std::string>(51, "a"))), "categories must have 2 to 50 entries");
  EXPECT_EQ(categorical({"a", 1}), "categories[1] must be a string");
  EXPECT_EQ(categorical({"a", "a"}), "categories[1]: is there twice");
  EXPECT_EQ(categorical({"a", " b"}), "categories[1]: white space around it");
}

TEST_F(EvaluatorsTest, KeyTypeAndPlacesOfCategoriesStay) {
  make({{"key", "tone"}, {"name", "Tone"}, {"type", "categorical"}, {"categories", {"a", "b"}}});
  EXPECT_EQ(error_of(put(path + "/tone", {{"type", "numeric"}})), "type cannot be changed");
  EXPECT_EQ(error_of(put(path + "/tone", {{"key", "other"}})), "key cannot be changed");
  EXPECT_EQ(put(path + "/tone", {{"key", "tone"}, {"type", "categorical"}}).status, 200);
  for (const json& list : {json{"b", "a"}, json{"a", "c", "b"}}) {
    EXPECT_EQ(error_of(put(path + "/tone", {{"categories", list}})),
              "categories: new ones come after those there are; evaluations know them by their place");
  }
}

TEST_F(EvaluatorsTest, NumbersAreCheckedByTheirBounds) {
  make({{"key", "score"}, {"name", "Score"}, {"type", "numeric"}, {"min", 1}, {"max", 5}});
  EXPECT_EQ(rate("score", 5).json["value"], 5);
  EXPECT_EQ(rate("score", 5).json["evaluatorName"], "Score");
  EXPECT_EQ(error_of(rate("score", 5.5)), "Invalid evaluation value. Must be a number of at least 1 and of at most 5.");
  EXPECT_EQ(error_of(rate("score", "5")), "Invalid evaluation value. Must be a number.");
  ASSERT_EQ(put(path + "/score", {{"max", nullptr}}).json.count("max"), 0u);
  EXPECT_EQ(rate("score", 500).status, 201);
  EXPECT_EQ(error_of(rate("score", 0)), "Invalid evaluation value. Must be a number of at least 1.");
}

TEST_F(EvaluatorsTest, BooleansAreTrueFalseOneOrZero) {
  make({{"key", "safe"}, {"name", "Safe"}, {"type", "boolean"}});
  EXPECT_EQ(rate("safe", true).json["value"], 1);
  EXPECT_EQ(rate("safe", 0).json["value"], 0);
  for (const json& value : {json(2), json("true")}) {
    EXPECT_EQ(error_of(rate("safe", value)), "Invalid evaluation value. Must be true, false, 1 or 0.");
  }
}

TEST_F(EvaluatorsTest, CategoriesAreSentAsTextAndAnsweredAsBoth) {
  make(example("evaluators_create.request.json"));
  const json made = rate("tone", "neutral").json;
  EXPECT_EQ(made["value"], 1);
  EXPECT_EQ(made["category"], "neutral");
  EXPECT_EQ(names(made), names(example("evaluations_create_category.response.201.json")));
  for (const json& value : {json("Neutral"), json(1)}) {
    EXPECT_EQ(error_of(rate("tone", value)),
              R"(Invalid evaluation value. Must be one of "friendly", "neutral", "rude".)");
  }
  const std::string one = "/api/v1/spans/" + span_id(1) + "/evaluations/" + made["id"].get<std::string>();
  const json changed = put(one, {{"value", "rude"}}).json;
  EXPECT_EQ(changed["value"], 2);
  EXPECT_EQ(changed["category"], "rude");
  EXPECT_EQ(get("/api/v1/spans/" + span_id(1)).json["evaluations"][0]["category"], "rude");
  del(path + "/tone");
  EXPECT_EQ(get("/api/v1/spans/" + span_id(1)).json["evaluations"][0]["evaluatorName"], "tone");
  EXPECT_EQ(error_of(rate("tone", "rude")), "evaluatorKey names no evaluator: tone. Known evaluators: quality.");
}

TEST_F(EvaluatorsTest, MeansAreByEvaluator) {
  make({{"key", "score"}, {"name", "Score"}, {"type", "numeric"}});
  rate("score", 3);
  rate("score", 4);
  rate("quality", 1);
  const json rows = get("/api/v1/analytics?measures=evaluations&groupBy=model").json["rows"];
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0]["evaluations"][1],
            (json{{"evaluatorKey", "score"}, {"evaluatorName", "Score"}, {"count", 2}, {"mean", 3.5}}));
}

TEST_F(EvaluatorsTest, AreReadAgainAfterARestart) {
  make(example("evaluators_create.request.json"));
  service::ControlCache again(api.control);
  ASSERT_TRUE(again.load([](const auto&) -> Result<std::string> { return std::string("{}"); }));
  ASSERT_EQ(again.evaluators_of(project).size(), 1u);
  EXPECT_EQ(again.evaluator(project, "tone")->categories.size(), 3u);
}

}  // namespace
}  // namespace tracia::routes
