// SPDX-License-Identifier: Apache-2.0
#include "planner_service/checkpoint_schedules/schedule_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace recurve {
namespace {

using ::testing::HasSubstr;
using Kind = CheckpointAction::Kind;
using Storage = CheckpointAction::Storage;

TEST(CheckpointActionTest, IsWrittenAsPythonAndAsJson) {
  const struct {
    CheckpointAction action;
    const char* python;
    const char* json;
  } cases[] = {
      {{.kind = Kind::kForward, .n0 = 0, .n1 = 3, .write_ics = true, .storage = Storage::kRam},
       "Forward(0, 3, True, False, RAM)",
       R"(["Forward", 0, 3, true, false, "RAM"])"},
      {{.kind = Kind::kReverse, .n0 = 2, .n1 = 9}, "Reverse(9, 2, True)", R"(["Reverse", 9, 2, true])"},
      {{.kind = Kind::kCopy, .n0 = 4, .storage = Storage::kDisk},
       "Copy(4, DISK, WORK)",
       R"(["Copy", 4, "DISK", "WORK"])"},
      {{.kind = Kind::kMove, .n0 = 4, .storage = Storage::kRam, .to_storage = Storage::kNone},
       "Move(4, RAM, NONE)",
       R"(["Move", 4, "RAM", "NONE"])"},
      {{.kind = Kind::kEndForward}, "EndForward()", R"(["EndForward"])"},
      {{.kind = Kind::kEndReverse}, "EndReverse()", R"(["EndReverse"])"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(ToString(c.action), c.python);
    EXPECT_EQ(ToJson(c.action), c.json);
    const absl::StatusOr<CheckpointAction> parsed = ParseCheckpointAction(c.json);
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ(*parsed, c.action);
  }
}

TEST(CheckpointActionTest, WhatIsNoActionIsRefused) {
  const std::string deep(2'000, '[');
  const std::vector<std::string> lines = {"",
                                          "{}",
                                          "[]",
                                          "[1]",
                                          "null",
                                          R"(["Jump"])",
                                          R"(["Forward", 0, 3, true, false])",
                                          R"(["Forward", 0, 3, true, false, "RAM", 1])",
                                          R"(["Forward", 0, 3, true, false, "ROM"])",
                                          R"(["Forward", 0, 3, 1, false, "RAM"])",
                                          R"(["Forward", 0.0, 3, true, false, "RAM"])",
                                          R"(["Forward", 0, 9223372036854775808, true, false, "RAM"])",
                                          R"(["Forward", 0, 99999999999999999999999, true, false, "RAM"])",
                                          R"(["Forward", 0, 1e400, true, false, "RAM"])",
                                          R"(["Forward", 0, 3, true, false, "RAM"] x)",
                                          R"(["Forward", 0, 3, true, fal)",
                                          "[\"Forward\", 0, 3, true, false, \"R\xFF\"]",
                                          "\xFF\xFE",
                                          deep,
                                          deep + std::string(2'000, ']'),
                                          std::string(1, '\0'),
                                          R"(["EndReverse", 1])"};
  for (const std::string& line : lines) {
    EXPECT_EQ(ParseCheckpointAction(line).status().code(), absl::StatusCode::kInvalidArgument) << line;
  }
}

TEST(ScheduleFileReaderTest, ReadsWhatIsWritten) {
  const ScheduleHeader header{.length = 40, .state_bytes = 1, .tape_bytes = 0, .claimed_peak_bytes = INT64_MAX};
  std::istringstream in(ToJson(header) + "\r\n\n[\"EndForward\"]\r\n\r\n[\"EndReverse\"]");
  ScheduleFileReader reader(in);
  const absl::StatusOr<ScheduleHeader> read = reader.ReadHeader();
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, header);
  EXPECT_EQ((*reader.ReadAction())->kind, Kind::kEndForward);
  EXPECT_EQ(reader.line(), 3);
  EXPECT_EQ((*reader.ReadAction())->kind, Kind::kEndReverse);
  EXPECT_EQ(reader.line(), 5);
  EXPECT_FALSE(reader.ReadAction()->has_value());
}

TEST(ScheduleFileReaderTest, NamesTheLineThatIsWrong) {
  const std::string good = R"({"format": "recurve-schedule", "version": 1, "other": [1]})";
  const struct {
    std::string text;
    const char* message;
  } headers[] = {
      {"", "line 1: must be the header"},
      {"[]", "line 1: must be the header"},
      {"\n\n{}", "line 3: must be the header"},
      {R"({"format": "recurve-schedule"})", "line 1: version must be 1"},
      {R"({"format": "recurve-schedule", "version": 2})", "line 1: version must be 1"},
      {R"({"format": "recurve-schedule", "version": 1, "length": "9"})", "line 1: length must be an integer"},
      {R"({"format": "recurve-schedule", "version": 1, "state_bytes": 1.5})", "line 1: state_bytes must be an integer"},
      {R"({"format": "recurve-schedule", "version": 1, "tape_bytes": 18446744073709551615})", "line 1: tape_bytes"},
      {R"({"format": "recurve-schedule", "version": 1, "length": 9, "length": 10})", "line 1: has the key \"length\""},
      {good + std::string("\0{}", 3), "line 1: has a NUL byte"},
      {std::string(5'000, ' '), "line 1: is longer than 4096 bytes"},
      {std::string(5'000'000, '{'), "line 1: is longer than 4096 bytes"},
  };
  for (const auto& c : headers) {
    std::istringstream in(c.text);
    EXPECT_THAT(std::string(ScheduleFileReader(in).ReadHeader().status().message()), HasSubstr(c.message));
  }
  const struct {
    std::string line;
    const char* message;
  } lines[] = {{"[\"Forwa", "line 2: is not JSON"},
               {"[\"Forward\"]", "line 2: must be [\"Forward\", n0, n1,"},
               {std::string(5'000, '['), "line 2: is longer than 4096 bytes"}};
  for (const auto& c : lines) {
    std::istringstream in(good + "\n" + c.line);
    ScheduleFileReader reader(in);
    ASSERT_TRUE(reader.ReadHeader().ok());
    EXPECT_THAT(std::string(reader.ReadAction().status().message()), HasSubstr(c.message));
  }
}

}  // namespace
}  // namespace recurve
