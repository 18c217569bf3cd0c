// SPDX-License-Identifier: Apache-2.0
#include "planner_service/checkpoint_schedules/action_importer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace recurve {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Lines = std::vector<std::string>;

// "forward [0, 3)", ..., up to the first error.
Lines Imported(const Lines& lines) {
  ActionImporter importer;
  std::vector<ActionImporter::Imported> imported;
  absl::Status status;
  for (size_t i = 0; i < lines.size() && status.ok(); ++i) {
    const absl::StatusOr<CheckpointAction> action = ParseCheckpointAction(lines[i]);
    EXPECT_TRUE(action.ok()) << lines[i] << action.status();
    status = importer.Add(action.value(), static_cast<int64_t>(i), imported);
  }
  if (status.ok()) status = importer.CheckEnded();
  Lines actions;
  for (const auto& [action, source] : imported) actions.push_back(ToString(action));
  if (!status.ok()) actions.emplace_back(status.message());
  return actions;
}

TEST(ActionImporterTest, Revolve) {
  EXPECT_THAT(
      Imported({R"(["Forward", 0, 1, true, false, "RAM"])", R"(["Forward", 1, 2, true, false, "RAM"])",
                R"(["Forward", 2, 3, false, true, "WORK"])", R"(["EndForward"])", R"(["Reverse", 3, 2, true])",
                R"(["Move", 1, "RAM", "WORK"])", R"(["Forward", 1, 2, false, true, "WORK"])",
                R"(["Reverse", 2, 1, true])", R"(["Move", 0, "RAM", "WORK"])",
                R"(["Forward", 0, 1, false, true, "WORK"])", R"(["Reverse", 1, 0, true])", R"(["EndReverse"])"}),
      ElementsAre("forward [0, 1)", "forward [1, 2) write_state", "forward [2, 3) tape in working set",
                  "reverse [2, 3)", "copy 1", "discard 1", "forward [1, 2) tape in working set", "reverse [1, 2)",
                  "copy 0", "forward [0, 1) tape in working set", "reverse [0, 1)"));
}

TEST(ActionImporterTest, StoredAdjointDataIsTapesAndTheirStateGoesWhenItIsUsed) {
  EXPECT_THAT(
      Imported({R"(["Forward", 0, 1, true, false, "DISK"])", R"(["Forward", 1, 2, false, true, "DISK"])",
                R"(["Forward", 2, 3, false, true, "WORK"])", R"(["EndForward"])", R"(["Reverse", 3, 2, true])",
                R"(["Move", 1, "DISK", "WORK"])", R"(["Reverse", 2, 1, true])", R"(["Copy", 0, "DISK", "WORK"])",
                R"(["Forward", 0, 1, false, true, "WORK"])", R"(["Reverse", 1, 0, true])", R"(["EndReverse"])"}),
      ElementsAre("forward [0, 1)", "forward [1, 2) tape stored", "forward [2, 3) tape in working set",
                  "reverse [2, 3)", "reverse [1, 2)", "discard 1", "copy 0", "forward [0, 1) tape in working set",
                  "reverse [0, 1)"));
}

TEST(ActionImporterTest, WhatIsLeftAtTheEndIsDropped) {
  EXPECT_THAT(Imported({R"(["Forward", 0, 1, true, false, "DISK"])", R"(["Forward", 1, 2, true, false, "DISK"])",
                        R"(["EndReverse"])"}),
              ElementsAre("forward [0, 1)", "forward [1, 2) write_state to host", "discard 1 from host"));
}

TEST(ActionImporterTest, ALongForwardIntoWorkKeepsTheLastTapeInTheWorkingSet) {
  EXPECT_THAT(Imported({R"(["Forward", 0, 4, false, true, "WORK"])", R"(["EndForward"])", R"(["Reverse", 4, 0, true])",
                        R"(["EndReverse"])"}),
              ElementsAre("forward [0, 3) tape stored", "forward [3, 4) tape in working set", "reverse [0, 4)"));
}

TEST(ActionImporterTest, RefusesWhatIsNotThereAndWhatCannotBeExpressed) {
  const std::string forward = R"(["Forward", 0, 3, true, false, "RAM"])";
  const std::string taped = R"(["Forward", 0, 3, false, true, "RAM"])";
  const std::string reverse = R"(["Reverse", 3, 2, true])";
  const std::string copy = R"(["Copy", 0, "RAM", "WORK"])";
  const struct {
    Lines lines;
    const char* reason;
  } cases[] = {
      {{}, "ends without EndReverse"},
      {{R"(["EndReverse"])", forward}, "no action may follow EndReverse"},
      {{R"(["Copy", 3, "RAM", "WORK"])"}, "no data of step 3 is stored there"},
      {{forward, R"(["Copy", 0, "DISK", "WORK"])"}, "no data of step 0 is stored there"},
      {{forward, R"(["Move", 0, "RAM", "NONE"])", copy}, "no data of step 0 is stored there"},
      {{forward, forward}, "data of step 0 is already stored"},
      {{forward, reverse}, "the adjoint data of step 2 is not in WORK"},
      {{R"(["Forward", 0, 3, false, true, "WORK"])", reverse, reverse}, "the adjoint data of step 2 is not in WORK"},
      {{taped, reverse}, "the adjoint data of step 2 is not in WORK"},
      {{R"(["Forward", 0, 3, false, true, "WORK"])", R"(["Reverse", 3, 2, false])"},
       "keeping adjoint data for another adjoint"},
      {{R"(["Forward", 0, 3, true, false, "WORK"])"}, "only be stored in RAM or DISK"},
      {{R"(["Forward", 0, 3, true, false, "NONE"])"}, "only be stored in RAM or DISK"},
      {{R"(["Forward", 0, 3, false, true, "NONE"])"}, "cannot be stored in NONE"},
      {{R"(["Forward", 3, 3, false, false, "WORK"])"}, "n0 must be at least 0 and below n1"},
      {{R"(["Forward", -1, 3, false, false, "WORK"])"}, "n0 must be at least 0 and below n1"},
      {{R"(["Reverse", 2, 3, true])"}, "n0 must be at least 0 and below n1"},
      {{forward, R"(["Copy", 0, "RAM", "DISK"])"}, "data can only be copied or moved from RAM or DISK to WORK"},
      {{forward, R"(["Copy", 0, "RAM", "NONE"])"}, "data can only be copied or moved from RAM or DISK to WORK"},
      {{forward, R"(["Copy", 0, "WORK", "WORK"])"}, "data can only be copied or moved from RAM or DISK to WORK"},
      {{taped, R"(["Move", 0, "RAM", "NONE"])"}, "dropping unused adjoint data"},
      {{taped, copy, copy}, "already in WORK"},
  };
  for (const auto& c : cases) EXPECT_THAT(Imported(c.lines).back(), HasSubstr(c.reason));
}

}  // namespace
}  // namespace recurve
