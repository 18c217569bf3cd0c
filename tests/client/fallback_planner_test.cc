// SPDX-License-Identifier: Apache-2.0
#include "client/fallback_planner.h"

#include <gtest/gtest.h>

#include <vector>

namespace recurve {
namespace {

// Always answers the same, and counts.
class FixedPlanner final : public Planner {
 public:
  FixedPlanner(absl::StatusOr<Plan> answer, int* calls) : answer_(std::move(answer)), calls_(*calls) {}
  absl::StatusOr<Plan> MakePlan(const PlanRequest&, const CancelCheck&) override {
    ++calls_;
    return answer_;
  }

 private:
  const absl::StatusOr<Plan> answer_;
  int& calls_;
};

class FallbackPlannerTest : public ::testing::Test {
 protected:
  absl::StatusOr<Plan> Ask(absl::StatusOr<Plan> preferred, absl::StatusOr<Plan> fallback) {
    const auto planner = MakeFallbackPlanner(std::make_unique<FixedPlanner>(std::move(preferred), &preferred_calls_),
                                             std::make_unique<FixedPlanner>(std::move(fallback), &fallback_calls_),
                                             [this](const absl::Status& status) { reasons_.push_back(status); });
    return planner->MakePlan({.length = 1, .budget = ByteBudget{1, 0, 0}}, {});
  }

  static Plan PlanOf(int64_t forward_count) { return {.feasible = true, .forward_count = forward_count}; }

  int preferred_calls_ = 0;
  int fallback_calls_ = 0;
  std::vector<absl::Status> reasons_;
};

TEST_F(FallbackPlannerTest, PrefersThePreferred) {
  EXPECT_EQ(Ask(PlanOf(1), PlanOf(2))->forward_count, 1);
  EXPECT_EQ(fallback_calls_, 0);
  EXPECT_TRUE(reasons_.empty());
}

TEST_F(FallbackPlannerTest, FallsBackWhenThereIsNoAnswerAndSaysWhy) {
  const absl::Status unreachable[] = {absl::UnavailableError("nobody there"), absl::DeadlineExceededError("too slow"),
                                      absl::ResourceExhaustedError("too busy")};
  for (const absl::Status& status : unreachable) {
    EXPECT_EQ(Ask(status, PlanOf(2))->forward_count, 2) << status;
    EXPECT_EQ(reasons_.back(), status);
  }
  EXPECT_EQ(fallback_calls_, 3);
}

TEST_F(FallbackPlannerTest, PassesOtherErrorsOn) {
  for (const absl::Status& status : {absl::InvalidArgumentError("length is 0"), absl::CancelledError("gone"),
                                     absl::InternalError("a bug"), absl::UnauthenticatedError("who?")}) {
    EXPECT_EQ(Ask(status, PlanOf(2)).status(), status);
  }
  EXPECT_EQ(fallback_calls_, 0);
  EXPECT_TRUE(reasons_.empty());
}

TEST_F(FallbackPlannerTest, TheFallbackMayFailToo) {
  EXPECT_EQ(Ask(absl::UnavailableError("nobody there"), absl::InternalError("a bug")).status(),
            absl::InternalError("a bug"));
}

}  // namespace
}  // namespace recurve
