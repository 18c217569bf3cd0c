// SPDX-License-Identifier: Apache-2.0
#include "planner_service/fields/json_fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/planner_service/fields/everything.h"

namespace recurve {
namespace {

absl::Status Read(const std::string& text, Everything& all) {
  const Json json = Json::parse(text);
  JsonReader reader(json, "all");
  VisitFields(all, reader);
  return reader.End();
}

TEST(JsonFields, AreInTheOrderOfTheDescription) {
  EXPECT_EQ(FieldsJson(Filled()).dump(),
            R"({"count":7,"bytes":65536,"seed":18446744073709551615,"rate":0.125,"share":0.25,"weight":1.5,)"
            R"("flag":false,"text":"b","texts":["c","d"],"shape":"very-flat","wheel":{"spokes":5},)"
            R"("spare":{"spokes":6},"more":[{"spokes":1},{"spokes":9}]})");
}

TEST(JsonFields, LeaveOutWhatIsMissing) {
  const Json json = FieldsJson(Everything());
  EXPECT_FALSE(json.contains("weight"));
  EXPECT_FALSE(json.contains("spare"));
  EXPECT_EQ(json["more"], Json::array());
}

TEST(JsonFields, AreReadBack) {
  for (const Everything& written : {Everything(), Filled()}) {
    Everything all;
    EXPECT_TRUE(Read(FieldsJson(written).dump(), all).ok());
    EXPECT_EQ(all, written);
  }
}

TEST(JsonFields, KeepTheirDefaults) {
  Everything all;
  EXPECT_TRUE(Read("{}", all).ok());
  EXPECT_EQ(all, Everything());
}

TEST(JsonFields, TakeBytesWithAUnit) {
  Everything all;
  EXPECT_TRUE(Read(R"({"bytes": "1MiB"})", all).ok());
  EXPECT_EQ(all.bytes, 1 << 20);
}

TEST(JsonFields, SayWhatIsWrong) {
  const auto says = [](const std::string& text) {
    Everything all;
    const absl::Status status = Read(text, all);
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    return std::string(status.message());
  };
  EXPECT_EQ(says("[]"), "all is array; must be a JSON object");
  EXPECT_EQ(says(R"({"other": 1})"), R"(all: "other" is not a known key)");
  EXPECT_EQ(says(R"({"count": 1.5})"), R"(all: "count" is 1.5; must be a whole number below 2^63)");
  EXPECT_EQ(says(R"({"count": "1MiB"})"), R"(all: "count" is "1MiB"; must be a whole number below 2^63)");
  EXPECT_EQ(says(R"({"seed": -1})"), R"(all: "seed" is -1; must be a whole number from 0 to 2^64-1)");
  EXPECT_EQ(says(R"({"rate": "x"})"), R"(all: "rate" is "x"; must be a number)");
  EXPECT_EQ(says(R"({"flag": 1})"), R"(all: "flag" is 1; must be true or false)");
  EXPECT_EQ(says(R"({"text": {}})"), R"(all: "text" is object; must be a string)");
  EXPECT_EQ(says(R"({"texts": "a"})"), R"(all: "texts" is "a"; must be a list of strings)");
  EXPECT_EQ(says(R"({"texts": [1]})"), R"(all: "texts" has the entry 1; must have only strings)");
  EXPECT_EQ(says(R"({"shape": "flat"})"), R"(all: "shape" is "flat"; must be one of "round", "very-flat")");
  EXPECT_EQ(says(R"({"wheel": {}})"), R"(wheel: "spokes" is missing)");
  EXPECT_EQ(says(R"({"spare": 1})"), "spare is number; must be a JSON object");
  EXPECT_EQ(says(R"({"more": {}})"), R"(all: "more" is object; must be a list)");
  EXPECT_EQ(says(R"({"more": [{"spokes": 1}, {}]})"), R"(more[1]: "spokes" is missing)");
}

}  // namespace
}  // namespace recurve
