// SPDX-License-Identifier: Apache-2.0
#include "executor/backend/cuda/persistent_plan.h"

#include <gtest/gtest.h>

#include <functional>

namespace recurve::cuda {
namespace {

constexpr PersistentDevice kH100{
    .capability = 90, .multiprocessors = 132, .shared_bytes = 227 << 10, .exchange_bytes = 16 << 20};
constexpr int64_t kRegistersOfWeights = 128;  // of a lane, at most

void ForEachPlan(const std::function<void(Direction, Cell, Element, int64_t B, int64_t H, const PersistentPlan&)>& f) {
  for (const Direction direction : {Direction::kForward, Direction::kBackward}) {
    for (const Cell cell : kCells) {
      for (const Element element : {Element::kFloat, Element::kBf16}) {
        for (const int64_t B : {1, 7, 8, 32, 33, 64, 100, 128, 1000}) {
          for (int64_t H = 16; H <= 2048; H += 16) {
            const auto plan = PlanPersistent(direction, cell, element, B, H, kH100);
            if (plan) f(direction, cell, element, B, H, *plan);
          }
        }
      }
    }
  }
}

// Every output, unit, sequence and depth is some warp's, and no block asks for more than the device has.
TEST(PlanPersistent, CoversTheLayerWithinTheDevice) {
  int plans = 0;
  ForEachPlan([&](Direction direction, Cell cell, Element element, int64_t B, int64_t H, const PersistentPlan& plan) {
    SCOPED_TRACE(testing::Message() << ToString(cell) << " B " << B << " H " << H);
    const int64_t gates = GeometryOf(cell).gates;
    const bool forward = direction == Direction::kForward;
    const int64_t depth_bytes = (forward ? H : gates * H) * BytesOf(element);
    EXPECT_EQ(int64_t{plan.warps_k} * plan.slices_k * PersistentPlan::kSliceBytes, depth_bytes);
    EXPECT_EQ(plan.outputs, PersistentPlan::kTileOutputs * plan.tiles_m * plan.warps_m);
    EXPECT_EQ(plan.outputs, plan.units * (forward ? gates : 1));
    EXPECT_EQ(int64_t{plan.units} * plan.members, H);
    EXPECT_GE(int64_t{plan.teams} * plan.rows, B);
    EXPECT_LT(int64_t{plan.teams - 1} * plan.rows, B);
    EXPECT_EQ(plan.units % 2, 0) << "two units are a word of bf16";
    EXPECT_EQ(plan.threads() % plan.units, 0) << "the items of a thread have one unit";
    EXPECT_LE(plan.members * plan.teams, kH100.multiprocessors);
    EXPECT_LE(plan.threads(), 32 * PersistentPlan::kMostWarps);
    EXPECT_LE(plan.shared_bytes, kH100.shared_bytes);
    EXPECT_LE(plan.steps * plan.slot_bytes, kH100.exchange_bytes);
    EXPECT_GE(plan.steps, 1);
    EXPECT_LE(8 * plan.tiles_m * plan.slices_k, kRegistersOfWeights);
    EXPECT_TRUE(HasKernel(direction, cell, element, {plan.tiles_m, plan.slices_k}));
    ++plans;
  });
  EXPECT_GT(plans, 100);
}

TEST(PlanPersistent, HasAPlanForTheUsualShapes) {
  for (const Direction direction : {Direction::kForward, Direction::kBackward}) {
    for (const int64_t H : {128, 256, 512}) {
      for (const Element element : {Element::kFloat, Element::kBf16}) {
        EXPECT_TRUE(PlanPersistent(direction, Cell::kLstm, element, 32, H, kH100)) << H;
      }
    }
    EXPECT_TRUE(PlanPersistent(direction, Cell::kLstm, Element::kBf16, 64, 1024, kH100));
  }
}

TEST(PlanPersistent, HasNoneWhereTheKernelsCannotRun) {
  const auto plan = [](Cell cell, int64_t B, int64_t H, PersistentDevice device) {
    return PlanPersistent(Direction::kForward, cell, Element::kBf16, B, H, device);
  };
  EXPECT_TRUE(plan(Cell::kLstm, 32, 512, kH100));
  EXPECT_FALSE(plan(Cell::kGruResetBefore, 32, 512, kH100)) << "two products in a step";
  EXPECT_FALSE(plan(Cell::kLstm, 32, 500, kH100)) << "no whole slices";
  EXPECT_FALSE(plan(Cell::kLstm, 32, 4096, kH100)) << "more weights than registers";
  PersistentDevice device = kH100;
  device.capability = 80;
  EXPECT_FALSE(plan(Cell::kLstm, 32, 512, device)) << "not compiled for it";
  device = kH100;
  device.multiprocessors = 15;
  EXPECT_FALSE(plan(Cell::kLstm, 32, 512, device)) << "blocks that would wait for ever";
  device = kH100;
  device.exchange_bytes = 1 << 10;
  EXPECT_FALSE(plan(Cell::kLstm, 32, 512, device)) << "no room for a step";
}

}  // namespace
}  // namespace recurve::cuda
