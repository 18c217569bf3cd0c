// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "planner_service/capacity/advisor.h"
#include "planner_service/planning/planner.h"

namespace recurve {
namespace {

constexpr Strategy kCurveStrategies[] = {Strategy::kAuto, Strategy::kStoreAll, Strategy::kChen, Strategy::kHsm};

// Finds corners by asking the planner for every total.
std::vector<CurvePoint> Scan(const ChainWorkload& chain, Strategy strategy) {
  EmbeddedPlanner planner;
  std::vector<CurvePoint> corners;
  const int64_t most = chain.length * (chain.state_bytes + chain.tape_bytes);
  for (int64_t store = 0; store <= most; ++store) {
    const auto plan = planner.MakePlan({.length = chain.length,
                                        .strategy = strategy,
                                        .budget = ByteBudget{chain.state_bytes, chain.tape_bytes, store}},
                                       {});
    EXPECT_TRUE(plan.ok()) << plan.status();
    if (!plan->feasible || (!corners.empty() && plan->forward_count == corners.back().forward_count)) continue;
    corners.push_back({.budget_bytes = chain.fixed_bytes + store, .forward_count = plan->forward_count});
  }
  return corners;
}

TEST(MakeCurves, HasEveryCornerOfALinearScan) {
  EmbeddedAdvisor advisor;
  std::mt19937 random(7);
  for (int round = 0; round < 60; ++round) {
    const ChainWorkload chain = {.length = 1 + static_cast<int64_t>(random() % 40),
                                 .state_bytes = 1 + static_cast<int64_t>(random() % 9),
                                 .tape_bytes = static_cast<int64_t>(random() % 20),
                                 .fixed_bytes = static_cast<int64_t>(random() % 50)};
    const auto curves =
        advisor.MakeCurves(chain, {std::begin(kCurveStrategies), std::end(kCurveStrategies)}, kMaxCurvePoints, {});
    ASSERT_TRUE(curves.ok()) << curves.status();
    ASSERT_EQ(curves->size(), std::size(kCurveStrategies));
    for (const Curve& curve : *curves) {
      const std::vector<CurvePoint> expected = Scan(chain, curve.strategy);
      EXPECT_TRUE(curve.complete);
      ASSERT_EQ(curve.corners.size(), expected.size()) << ToString(curve.strategy);
      for (size_t i = 0; i < expected.size(); ++i) {
        EXPECT_EQ(curve.corners[i].budget_bytes, expected[i].budget_bytes);
        EXPECT_EQ(curve.corners[i].forward_count, expected[i].forward_count);
      }
    }
  }
}

TEST(MakeCurves, HasTrueCornersWhenThereAreTooMany) {
  EmbeddedAdvisor advisor;
  const ChainWorkload chain = {.length = 60, .state_bytes = 3, .tape_bytes = 7, .fixed_bytes = 10};
  const std::vector<CurvePoint> all = Scan(chain, Strategy::kAuto);
  const auto total = static_cast<int64_t>(all.size());
  for (const int64_t points : {int64_t{2}, int64_t{3}, int64_t{17}, total - 1, total}) {
    const auto curves = advisor.MakeCurves(chain, {Strategy::kAuto}, points, {});
    ASSERT_TRUE(curves.ok()) << curves.status();
    const Curve& curve = curves->front();
    ASSERT_EQ(static_cast<int64_t>(curve.corners.size()), points);
    EXPECT_EQ(curve.complete, points == total);
    EXPECT_EQ(curve.corners.front().budget_bytes, all.front().budget_bytes);
    EXPECT_EQ(curve.corners.back().budget_bytes, all.back().budget_bytes);
    auto at = all.begin();
    for (const CurvePoint& corner : curve.corners) {
      while (at != all.end() && at->budget_bytes < corner.budget_bytes) ++at;
      ASSERT_NE(at, all.end());
      EXPECT_EQ(at->budget_bytes, corner.budget_bytes);
      EXPECT_EQ(at->forward_count, corner.forward_count);
    }
  }
}

TEST(MakeCurves, SpreadsThePointsOfAMillionLinks) {
  EmbeddedAdvisor advisor;
  const ChainWorkload chain = {.length = 1'000'000, .state_bytes = 1 << 19, .tape_bytes = 1 << 20};
  const auto curves = advisor.MakeCurves(chain, {Strategy::kAuto, Strategy::kHsm}, 100, {});
  ASSERT_TRUE(curves.ok()) << curves.status();
  for (const Curve& curve : *curves) {
    EXPECT_FALSE(curve.complete);
    ASSERT_EQ(curve.corners.size(), 100);
    for (size_t i = 1; i < curve.corners.size(); ++i) {
      EXPECT_GT(curve.corners[i].budget_bytes, curve.corners[i - 1].budget_bytes);
      EXPECT_LT(curve.corners[i].slowdown, curve.corners[i - 1].slowdown);
    }
    // One byte less needs more forwards.
    const CurvePoint& corner = curve.corners[50];
    const auto here = advisor.Advise(chain, curve.strategy, corner.budget_bytes, {});
    const auto before = advisor.Advise(chain, curve.strategy, corner.budget_bytes - 1, {});
    ASSERT_TRUE(here.ok() && before.ok());
    EXPECT_EQ(here->forward_count, corner.forward_count);
    EXPECT_GT(before->forward_count, corner.forward_count);
  }
}

TEST(MakeCurves, PutsSlotStrategiesInBytes) {
  EmbeddedAdvisor advisor;
  const ChainWorkload chain = {.length = 40, .state_bytes = 10, .tape_bytes = 20, .fixed_bytes = 5};
  const auto curves = advisor.MakeCurves(chain, {Strategy::kIsm, Strategy::kMsm}, kMaxCurvePoints, {});
  ASSERT_TRUE(curves.ok()) << curves.status();
  for (const Curve& curve : *curves) {
    EXPECT_TRUE(curve.complete);
    EXPECT_EQ(curve.corners.back().forward_count, 40);
    for (const CurvePoint& corner : curve.corners) {
      const auto advice = advisor.Advise(chain, curve.strategy, corner.budget_bytes, {});
      ASSERT_TRUE(advice.ok()) << advice.status();
      EXPECT_EQ(advice->forward_count, corner.forward_count);
      EXPECT_EQ(advice->peak_bytes, corner.budget_bytes);
    }
  }
}

TEST(MakeCurves, RefusesWhatIsTooMuch) {
  EmbeddedAdvisor advisor;
  const ChainWorkload chain = {.length = 20'000, .state_bytes = 10, .tape_bytes = 20};
  EXPECT_EQ(advisor.MakeCurves(chain, {Strategy::kIsm}, 10, {}).status().code(), absl::StatusCode::kResourceExhausted);
  for (const int64_t points : {int64_t{-1}, int64_t{0}, int64_t{1}, kMaxCurvePoints + 1}) {
    EXPECT_EQ(advisor.MakeCurves(chain, {Strategy::kAuto}, points, {}).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(advisor.MakeCurves(chain, {}, 10, {}).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace recurve
