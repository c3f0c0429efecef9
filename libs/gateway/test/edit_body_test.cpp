// Changing the model, and nothing else.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tracia/gateway/request.h"

namespace tracia::gateway {
namespace {

std::string edited(std::string_view body, std::string_view model = "new", bool ask_usage = false) {
  const auto out = edit_body(body, model, ask_usage);
  EXPECT_TRUE(out);
  return out.value_or("");
}

TEST(EditBody, every_byte_but_the_models_stays) {
  EXPECT_EQ(edited(R"( { "a" : 1.50 ,"model"  :  "openai/gpt-4o" , "z":[ 1e3, "}\"" ] } )"),
            R"( { "a" : 1.50 ,"model"  :  "new" , "z":[ 1e3, "}\"" ] } )");
}

TEST(EditBody, the_models_of_inner_objects_stay) {
  EXPECT_EQ(edited(R"({"x":{"model":"in"},"y":[{"model":"in"}],"model":"m"})"),
            R"({"x":{"model":"in"},"y":[{"model":"in"}],"model":"new"})");
}

TEST(EditBody, a_model_in_escapes_and_a_second_model_are_replaced_too) {
  EXPECT_EQ(edited(R"({"mod\u0065l":"a","model":null,"model":{"b":[1]}})"),
            R"({"mod\u0065l":"new","model":"new","model":"new"})");
}

TEST(EditBody, strings_that_end_in_backslashes_are_read_to_their_end) {
  EXPECT_EQ(edited(R"({"a":"\\","b":"\\\"","c":"\"model\":","model":"x"})"),
            R"({"a":"\\","b":"\\\"","c":"\"model\":","model":"new"})");
}

TEST(EditBody, a_model_name_is_escaped) { EXPECT_EQ(edited(R"({"model":"x"})", "a\"b"), R"({"model":"a\"b"})"); }

TEST(EditBody, usage_is_asked_for_when_the_client_did_not) {
  EXPECT_EQ(edited(R"({"model":"x"})", "new", true), R"({"stream_options":{"include_usage":true},"model":"new"})");
  EXPECT_EQ(edited(R"({"model":"x","stream_options":null})", "new", true),
            R"({"model":"new","stream_options":{"include_usage":true}})");
  const auto kept =
      nlohmann::json::parse(edited(R"({"stream_options":{"include_usage":false,"b":2},"model":"x"})", "new", true));
  EXPECT_EQ(kept["stream_options"], nlohmann::json::parse(R"({"include_usage":true,"b":2})"));
}

TEST(EditBody, what_is_no_object_ends_at_its_end) {
  for (const std::string_view text :
       {"", "{", "{\"", "{\"model", "{\"model\"", "{\"model\":", "{\"model\":\"x", "[1]", "{\"a\":\"\\"}) {
    edit_body(text, "new", true);
  }
}

}  // namespace
}  // namespace tracia::gateway
