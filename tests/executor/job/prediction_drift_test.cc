// SPDX-License-Identifier: Apache-2.0
#include "executor/job/prediction_drift.h"

#include "gtest/gtest.h"

namespace recurve {
namespace {

TEST(PredictionDrift, IsTheMedianOfTheLastStepsOverThePrediction) {
  PredictionDrift drift;
  EXPECT_EQ(drift.ratio(), 1);
  drift.Add(3.0, 2.0);
  EXPECT_EQ(drift.ratio(), 1.5);
  for (int i = 0; i < PredictionDrift::kWindow; ++i) drift.Add(i + 1, i + 1);
  EXPECT_EQ(drift.ratio(), 1);
  drift.Add(1000, 2);
  EXPECT_EQ(drift.ratio(), 1) << "one slow step is no drift";
}

TEST(PredictionDrift, IsMissedWhenAWholeWindowIsFarOff) {
  for (const double far : {1.26, 0.74}) {
    PredictionDrift drift;
    for (int i = 0; i < PredictionDrift::kWindow; ++i) {
      EXPECT_FALSE(drift.missed());
      drift.Add(far, 1);
    }
    EXPECT_TRUE(drift.missed());
    for (int i = 0; i < PredictionDrift::kWindow; ++i) drift.Add(far > 1 ? 1.24 : 0.76, 1);
    EXPECT_FALSE(drift.missed());
  }
}

}  // namespace
}  // namespace recurve
