// SPDX-License-Identifier: Apache-2.0
#include "planner_service/text/strict_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace recurve {
namespace {

using ::testing::HasSubstr;

std::string Refusal(std::string_view text) {
  const auto parsed = ParseStrictJson<nlohmann::json>(text);
  EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument) << text;
  EXPECT_EQ(ParseStrictJson<nlohmann::ordered_json>(text).status(), parsed.status());
  return std::string(parsed.status().message());
}

TEST(StrictJson, ReadsWhatJsonIs) {
  for (const std::string text : {R"({"a": [1, 2.5, "x", null, true], "b": {"a": {"a": 0}}})", "[]", "7", R"("\u0000")",
                                 R"([{"a": 1}, {"a": 2}, {}])", "  {}\n"}) {
    const auto parsed = ParseStrictJson<nlohmann::json>(text);
    ASSERT_TRUE(parsed.ok()) << text << parsed.status();
    EXPECT_EQ(*parsed, nlohmann::json::parse(text));
  }
  const auto ordered = ParseStrictJson<nlohmann::ordered_json>(R"({"z": 1, "a": 2})");
  EXPECT_EQ(ordered->begin().key(), "z");
}

TEST(StrictJson, RefusesAKeyThatComesTwice) {
  EXPECT_EQ(Refusal(R"({"a": 1, "b": 2, "a": 3})"), R"(has the key "a" twice in an object)");
  EXPECT_THAT(Refusal(R"([{"x": {"links": 1, "links": 1}}])"), HasSubstr(R"("links" twice)"));
  EXPECT_THAT(Refusal(R"({"\u0061": 1, "a": 1})"), HasSubstr(R"("a" twice)"));
  EXPECT_THAT(Refusal(R"({"": 1, "": 1})"), HasSubstr(R"("" twice)"));
  EXPECT_THAT(Refusal("{\"\\n\": 1, \"\\n\": 1}"), HasSubstr(R"("\n" twice)"));
}

TEST(StrictJson, RefusesBytesAfterANul) {
  EXPECT_THAT(Refusal(std::string_view("{}\0{\"more\": 1}", 14)), HasSubstr("NUL"));
  EXPECT_THAT(Refusal(std::string_view("{}\0", 3)), HasSubstr("NUL"));
  EXPECT_THAT(Refusal(std::string_view("\0", 1)), HasSubstr("NUL"));
}

TEST(StrictJson, RefusesWhatIsNoJson) {
  for (const char* text : {"", "{", "{} {}", "{'a': 1}", "[1,]", "{\"\xFF\": 1}", "nan", "// x\n{}"}) {
    EXPECT_EQ(Refusal(text), "is not JSON") << text;
  }
  EXPECT_EQ(Refusal(std::string(1 << 20, '[')), "is nested too deeply");
  EXPECT_EQ(Refusal(std::string(100, '[') + std::string(100, ']')), "is nested too deeply");
}

}  // namespace
}  // namespace recurve
