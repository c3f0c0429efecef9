// The export and the live tail, over raw sockets.
#include "spans_server.h"

namespace tracia::routes {
namespace {

class SpanStreams : public SpansTest {
 protected:
  std::unique_ptr<http::RawClient> open(const std::string& path, const std::string& headers = "") {
    auto client = std::make_unique<http::RawClient>(api.server->port());
    EXPECT_TRUE(client->send("GET " + path + " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + std::string(kTestKey) +
                             "\r\n" + headers + "\r\n"));
    return client;
  }
  // The id of an event and its data.
  static std::pair<std::string, json> event(http::RawClient& client, const std::string& name) {
    client.read_until("\r\n");  // the chunk's size, or the head's end
    std::string text;
    while (text.find("event: " + name + "\n") == std::string::npos && !client.ended()) text = client.read_until("\n\n");
    const size_t id = text.rfind("id: "), data = text.rfind("data: ");
    EXPECT_NE(data, std::string::npos) << text;
    if (data == std::string::npos) return {};
    return {id == std::string::npos ? "" : text.substr(id + 4, text.find('\n', id) - id - 4),
            json::parse(text.substr(data + 6), nullptr, false)};
  }
  static std::vector<json> lines(const std::string& body) {
    std::vector<json> out;
    std::istringstream stream(body);
    for (std::string line; std::getline(stream, line);) out.push_back(json::parse(line));
    return out;
  }
};

TEST_F(SpanStreams, ExportEverySpanAsItIsAnsweredAlone) {
  json batch = json::array();
  for (int i = 1; i <= 500; ++i) batch.push_back(span(i));
  ASSERT_EQ(post("/api/v1/spans/batch", batch).json["accepted"], 500);
  ASSERT_EQ(post("/api/v1/spans/" + span_id(500) + "/evaluations", {{"evaluatorKey", "quality"}, {"value", 1}}).status,
            201);
  const ApiAnswer answer = get("/api/v1/spans/export");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("Content-Type"), "application/x-ndjson");
  const std::vector<json> all = lines(answer.body);
  ASSERT_EQ(all.size(), 500u);
  for (int i = 0; i < 500; ++i) EXPECT_EQ(all[static_cast<size_t>(i)]["spanId"], span_id(500 - i));
  EXPECT_EQ(all[0], get("/api/v1/spans/" + span_id(500)).json);
  EXPECT_EQ(all[0]["evaluations"].size(), 1u);
}

TEST_F(SpanStreams, ExportWhatMatchesOrNothing) {
  store(span(1, {{"userId", "u"}}));
  store(span(2));
  EXPECT_EQ(lines(get("/api/v1/spans/export?userId=u").body).size(), 1u);
  EXPECT_EQ(get("/api/v1/spans/export?userId=nobody").body, "");
  EXPECT_EQ(get("/api/v1/spans/export?status=bad").status, 400);
}

TEST_F(SpanStreams, ExportAtThePaceOfTheReader) {
  // More than the connection may hold for a peer that does not read.
  const std::string output(1u << 20, 'x');
  for (int i = 1; i <= 24; ++i) store(span(i, {{"output", output}}));
  auto slow = open("/api/v1/spans/export");
  slow->read_until("\r\n\r\n");
  EXPECT_EQ(get("/api/v1/spans?limit=1").status, 200);
  EXPECT_GT(slow->read_until("\r\n0\r\n\r\n").size(), 24u << 20);
  EXPECT_FALSE(slow->ended());
}

TEST_F(SpanStreams, ExportStopsWhenTheReaderLeaves) {
  const std::string output(1u << 20, 'x');
  for (int i = 1; i <= 10; ++i) store(span(i, {{"output", output}}));
  open("/api/v1/spans/export")->read_until("\r\n\r\n");  // and away
  EXPECT_EQ(get("/api/v1/spans?limit=1").status, 200);
}

TEST_F(SpanStreams, TailSpansAsTheyAreStored) {
  store(span(1));
  auto tail = open("/api/v1/spans/tail");
  EXPECT_NE(tail->read_until("\r\n\r\n").find("text/event-stream"), std::string::npos);
  store(span(2));
  const auto [id, data] = event(*tail, "span");
  EXPECT_EQ(id, spans.all()[1].id());
  EXPECT_EQ(data, get("/api/v1/spans").json["spans"][0]);
}

TEST_F(SpanStreams, TailOnlyWhatMatches) {
  put_prompt("prm_1", "welcome");
  auto tail = open(
      "/api/v1/spans/tail?status=ERROR&userId=u&sessionId=s&tags=a,b&traceId=t&promptSlug=welcome&promptVersion=2"
      "&label=production&model=GPT-4o&provider=OPENAI&spanKind=LLM&name=n");
  tail->read_until("\r\n\r\n");
  const json match{{"status", "ERROR"},  {"userId", "u"},
                   {"sessionId", "s"},   {"tags", {"b", "c", "a"}},
                   {"traceId", "t"},     {"promptSlug", "welcome"},
                   {"promptVersion", 2}, {"label", "production"},
                   {"model", "gpt-4o"},  {"name", "n"}};
  int number = 0;
  for (const auto& [name, value] : match.items()) {
    json other = match;
    if (name == "status") other[name] = "SUCCESS";
    if (name == "tags") other[name] = {"a"};
    if (name == "promptVersion") other[name] = 3;
    if (value.is_string() && name != "status") other[name] = value.get<std::string>() + "x";
    store(span(++number, other));
  }
  store(span(++number, match));
  EXPECT_EQ(event(*tail, "span").second["spanId"], span_id(number));
}

TEST_F(SpanStreams, TailGoesOnWhereTheReaderWas) {
  for (int i = 1; i <= 3; ++i) store(span(i));
  auto tail = open("/api/v1/spans/tail", "Last-Event-ID: " + spans.all()[0].id() + "\r\n");
  tail->read_until("\r\n\r\n");
  EXPECT_EQ(event(*tail, "span").second["spanId"], span_id(2));
  EXPECT_EQ(event(*tail, "span").second["spanId"], span_id(3));
  store(span(4));
  EXPECT_EQ(event(*tail, "span").second["spanId"], span_id(4));
}

TEST_F(SpanStreams, TailSaysWhatItLeftOutOfALongPast) {
  store(span(1));
  const std::string id = spans.all()[0].id();
  for (int batch = 0; batch < 2; ++batch) {
    json all = json::array();
    for (int i = 0; i < 600; ++i) all.push_back(span(2 + batch * 600 + i));
    ASSERT_EQ(post("/api/v1/spans/batch", all).status, 200);
  }
  auto tail = open("/api/v1/spans/tail", "Last-Event-ID: " + id + "\r\n");
  EXPECT_EQ(event(*tail, "dropped").second, json({{"count", 200}}));
}

TEST_F(SpanStreams, TailRefusesAnIdThatIsNone) {
  for (const char* id : {"0006440b1a2f83c0zzzz", "-1", "x", "0"}) {
    auto tail = open("/api/v1/spans/tail", "Last-Event-ID: " + std::string(id) + "\r\n");
    const std::string answer = tail->read_answer();
    EXPECT_EQ(answer.substr(0, 12), "HTTP/1.1 400") << id;
    EXPECT_NE(answer.find("Last-Event-ID must be"), std::string::npos);
  }
}

TEST_F(SpanStreams, TailTellsASlowReaderWhatItMissed) {
  auto tail = open("/api/v1/spans/tail");
  tail->read_until("\r\n\r\n");
  // Names of 256 characters and 50 tags of 200: 10 KB an event, more than sockets and the tail's bound hold.
  json big{{"name", std::string(256, 'n')}, {"tags", json::array()}};
  for (int i = 0; i < 50; ++i) big["tags"].push_back(std::string(197, 't') + std::to_string(100 + i));
  for (int batch = 0; batch < 12; ++batch) {
    json all = json::array();
    for (int i = 1; i <= 100; ++i) all.push_back(span(batch * 100 + i, big));
    ASSERT_EQ(post("/api/v1/spans/batch", all).json["accepted"], 100);
  }
  const auto [id, data] = event(*tail, "dropped");
  EXPECT_GT(data["count"], 0);
}

TEST_F(SpanStreams, TailForgetsAReaderThatLeft) {
  {
    auto tail = open("/api/v1/spans/tail");
    tail->read_until("\r\n\r\n");
  }
  for (int i = 1; i <= 5; ++i) store(span(i));
  EXPECT_EQ(ids(get("/api/v1/spans")).size(), 5u);
}

TEST_F(SpanStreams, TailEndsAtOnceWhenTheServerStops) {
  auto tail = open("/api/v1/spans/tail");
  tail->read_until("\r\n\r\n");
  api.server->stop(Millis(30'000));
  EXPECT_NE(tail->read_all().find("0\r\n\r\n"), std::string::npos) << "a whole answer, not a cut one";
}

TEST_F(SpanStreams, ATailEndsWhenItsKeyIsRevoked) {
  const std::string key = api.send("POST", "/api/v1/api-keys", {{"name", "short"}}, owner).json["key"];
  http::RawClient client(api.server->port());
  ASSERT_TRUE(client.send("GET /api/v1/spans/tail HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + key + "\r\n\r\n"));
  client.read_until("\r\n\r\n");
  const auto keys = api.cache.keys_of(project);
  const auto made = std::find_if(keys.begin(), keys.end(), [](const auto& one) { return one.name == "short"; });
  ASSERT_NE(made, keys.end());
  ASSERT_EQ(api.send("DELETE", "/api/v1/api-keys/" + made->id, std::string(), owner).status, 200);
  store(span(1));
  const std::string rest = client.read_until("0\r\n\r\n");
  EXPECT_EQ(rest.find("event: span"), std::string::npos) << rest;
  EXPECT_NE(rest.find("0\r\n\r\n"), std::string::npos) << rest;
}

}  // namespace
}  // namespace tracia::routes
