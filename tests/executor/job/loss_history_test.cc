// SPDX-License-Identifier: Apache-2.0
#include "executor/job/loss_history.h"

#include <vector>

#include "gtest/gtest.h"
#include "planner_service/fields/json_fields.h"

namespace recurve {
namespace {

// Of each step, and of an evaluation after every third.
void AddSteps(int64_t from, int64_t to, LossHistory& history) {
  for (int64_t step = from; step <= to; ++step) {
    history.Add({.step = step, .loss = 1.0 / static_cast<double>(step), .metric = 2.0});
    if (step % 3 == 0) history.Add({.step = step, .metric = 3.0, .held_out = true});
  }
}

TEST(LossHistory, KeepsEvenlySpacedPointsInBoundedMemory) {
  LossHistory history;
  AddSteps(1, 5000, history);
  int64_t last_step = 1 - 8, last_evaluation = 3 - 6, evaluations = 0;
  for (const LossPoint& point : history.Points()) {
    int64_t& last = point.held_out ? last_evaluation : last_step;
    EXPECT_EQ(point.step - last, point.held_out ? 6 : 8);
    last = point.step;
    evaluations += point.held_out ? 1 : 0;
  }
  EXPECT_EQ(last_step, 4993);
  EXPECT_EQ(evaluations, 833);
}

TEST(LossHistory, SavedAndReadItGoesOnAsIfItWereNot) {
  for (const int64_t stop : {1, 2, 1023, 1024, 1025, 1030, 2048, 2049, 3333}) {
    LossHistory before, whole;
    AddSteps(1, stop, before);
    const Json saved = Json::parse(FieldsJson(before).dump());
    LossHistory after;
    JsonReader reader(saved, "history");
    VisitFields(after, reader);
    ASSERT_TRUE(reader.End().ok());
    AddSteps(stop + 1, 5000, after);
    AddSteps(1, 5000, whole);
    EXPECT_EQ(FieldsJson(after), FieldsJson(whole)) << stop;
  }
}

}  // namespace
}  // namespace recurve
