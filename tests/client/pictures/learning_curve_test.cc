// SPDX-License-Identifier: Apache-2.0
#include "client/pictures/learning_curve.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace recurve {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(LearningCurve, KeepsEveryStepOfAShortTraining) {
  LearningCurve curve;
  for (int step = 1; step <= 100; ++step) curve.AddStep(step, 8.0 / step);
  ASSERT_EQ(curve.training().size(), 100u);
  EXPECT_EQ(curve.training()[9].last, 10);
  EXPECT_EQ(curve.training()[9].mean(), 0.8);
}

TEST(LearningCurve, StaysSmallHoweverLongTheTraining) {
  LearningCurve curve;
  constexpr int kSteps = 100'000;
  for (int step = 1; step <= kSteps; ++step) {
    curve.AddStep(step, step % 2);
    curve.AddHeldOut(step, step);
  }
  EXPECT_LE(curve.training().size(), LearningCurve::kMostPoints);
  EXPECT_GE(curve.training().size(), LearningCurve::kMostPoints / 2);
  EXPECT_LE(curve.held_out().size(), LearningCurve::kMostPoints);
  EXPECT_EQ(curve.held_out().back().step, kSteps);
  int64_t steps = 0;
  for (const LearningCurve::Point& point : curve.training()) {
    steps += point.steps;
    EXPECT_EQ(point.last, steps);
    EXPECT_EQ(point.lowest, 0);
    EXPECT_EQ(point.highest, 1);
    EXPECT_EQ(point.mean(), 0.5);
  }
  EXPECT_EQ(steps, kSteps);
  EXPECT_LT(LearningCurveSvg("long", curve).size(), 100'000u);
}

TEST(LearningCurve, ForgetsWhatIsRepeated) {
  LearningCurve curve;
  for (int step = 1; step <= 10; ++step) curve.AddStep(step, 1);
  curve.AddHeldOut(4, 2);
  curve.AddHeldOut(8, 2);
  curve.ForgetFrom(5);
  EXPECT_EQ(curve.training().back().last, 4);
  EXPECT_EQ(curve.held_out().size(), 1u);
  curve.ForgetFrom(1);
  EXPECT_TRUE(curve.training().empty());
  EXPECT_TRUE(curve.held_out().empty());
}

TEST(LearningCurve, IsDrawn) {
  LearningCurve curve;
  for (int step = 1; step <= 600; ++step) {
    curve.AddStep(step, 2 + 6 * std::exp(-step / 50.0));
    if (step % 100 == 0) curve.AddHeldOut(step, 2.2 + 6 * std::exp(-step / 50.0));
  }
  const std::string svg = LearningCurveSvg("a <text> & more", curve);
  EXPECT_THAT(svg, HasSubstr("2.200 bits per byte on held-out text after step 600"));
  EXPECT_THAT(svg, HasSubstr("a &lt;text&gt; &amp; more"));
  EXPECT_THAT(svg, HasSubstr("<path class=\"curve curve-auto\""));
  EXPECT_THAT(svg, HasSubstr("<path class=\"curve curve-hsm\""));
  EXPECT_THAT(svg, Not(HasSubstr("class=\"tape\""))) << "each step is a point: there are no ranges";
}

TEST(LearningCurve, DrawsWhatThereIs) {
  LearningCurve nothing;
  EXPECT_THAT(LearningCurveSvg("", nothing), HasSubstr("No step was trained"));
  LearningCurve odd;
  for (const double bits : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(), 5.0}) {
    odd.AddStep(1, bits);
    odd.AddHeldOut(1, bits);
  }
  LearningCurve large;
  large.AddStep(1, 1e30);
  large.AddStep(2, 1e-30);
  LearningCurve flat;
  for (int step = 1; step <= 3; ++step) flat.AddStep(step, 1e6);
  for (const LearningCurve* curve : {&nothing, &odd, &large, &flat}) {
    const std::string svg = LearningCurveSvg("", *curve);
    EXPECT_THAT(svg, Not(HasSubstr("nan")));
    EXPECT_THAT(svg, Not(HasSubstr("inf\"")));
    EXPECT_LT(svg.size(), 100'000u);
  }
}

}  // namespace
}  // namespace recurve
