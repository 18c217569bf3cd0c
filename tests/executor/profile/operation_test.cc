// SPDX-License-Identifier: Apache-2.0
#include "executor/profile/operation.h"

#include <set>

#include "gtest/gtest.h"

namespace recurve {
namespace {

void ExpectCost(const OperationCost& cost, int64_t flops, int64_t bytes) {
  EXPECT_EQ(cost.flops, flops);
  EXPECT_EQ(cost.bytes, bytes);
}

// Counted by hand for k = 2 steps of B = 3 sequences and H = 5: a step has 15 elements of a state.

float* const kSome = reinterpret_cast<float*>(64);  // an array that is there; never read

TEST(OperationCost, OfAnLstm) {
  // A step multiplies [3, 5] by [5, 20]: 300 multiply-adds.
  CellForwardArgs forward{.cell = Cell::kLstm, .k = 2, .B = 3, .H = 5, .input = {.projected = kSome}};
  // Input 120, weights 100, h and c of three moments 90.
  ExpectCost(CostOf(forward), 1200, 4 * (120 + 100 + 90));
  forward.gates = kSome;  // activations 120
  ExpectCost(CostOf(forward), 1200, 4 * (120 + 100 + 90 + 120));
  forward.input = {.table = kSome};  // and 6 tokens
  ExpectCost(CostOf(forward), 1200, 4 * (120 + 100 + 90 + 120 + 6));

  CellBackwardArgs backward{.cell = Cell::kLstm, .k = 2, .B = 3, .H = 5, .gates = kSome};
  // Weights 100, activations in and gradients out 240, states 90, their gradients in and out 60.
  ExpectCost(CostOf(backward), 1200, 4 * (100 + 240 + 90 + 60));
  backward.dh_above = kSome;        // 30
  backward.recurrent_mask = kSome;  // 15
  ExpectCost(CostOf(backward), 1200, 4 * (100 + 240 + 90 + 60 + 30 + 15));

  // h of two moments 30, gradients 120, the sum in and out 200.
  ExpectCost(CostOf(CellWeightGradientArgs{.cell = Cell::kLstm, .k = 2, .B = 3, .H = 5}), 1200, 4 * (30 + 120 + 200));
}

TEST(OperationCost, OfAGru) {
  // A step multiplies [3, 5] by [5, 15]: 225 multiply-adds.
  // Input 90, weights 75, their bias 15, h of three moments 45, four activations 120.
  ExpectCost(CostOf(CellForwardArgs{.cell = Cell::kGru,
                                    .k = 2,
                                    .B = 3,
                                    .H = 5,
                                    .input = {.projected = kSome},
                                    .recurrent_bias = kSome,
                                    .gates = kSome}),
             900, 4 * (90 + 75 + 15 + 45 + 120));
  // Weights 75, four activations in and four gradients out 240, states 45, gradient of one 30.
  ExpectCost(CostOf(CellBackwardArgs{.cell = Cell::kGru, .k = 2, .B = 3, .H = 5, .gates = kSome}), 900,
             4 * (75 + 240 + 45 + 30));
  // With the reset gate before the product the activations are four, the gradients three.
  ExpectCost(CostOf(CellBackwardArgs{.cell = Cell::kGruResetBefore, .k = 2, .B = 3, .H = 5, .gates = kSome}), 900,
             4 * (75 + 210 + 45 + 30));
  // h 30, gradients 90, sums in and out of weights 150 and of their bias 30.
  ExpectCost(CostOf(CellWeightGradientArgs{.cell = Cell::kGru, .k = 2, .B = 3, .H = 5, .dbias = kSome}), 900,
             4 * (30 + 90 + 150 + 30));
}

TEST(OperationCost, OfATanhRnnThatHasNoTape) {
  // Input 30, weights 25, h of three moments 45.
  ExpectCost(CostOf(CellForwardArgs{
                 .cell = Cell::kTanhRnn, .k = 2, .B = 3, .H = 5, .input = {.projected = kSome}, .gates = kSome}),
             300, 4 * (30 + 25 + 45));
  // Weights 25, gradients out 30, states 45, gradient of one 30.
  ExpectCost(CostOf(CellBackwardArgs{.cell = Cell::kTanhRnn, .k = 2, .B = 3, .H = 5, .gates = kSome}), 300,
             4 * (25 + 30 + 45 + 30));
}

TEST(OperationCost, OfAffineLayers) {
  // [2, 3] by [3, 5]: 30 multiply-adds.
  ExpectCost(LinearForwardCost(2, 3, 5, /*bias=*/true), 60, 4 * (6 + 15 + 5 + 10));
  ExpectCost(LinearInputGradientCost(2, 3, 5), 60, 4 * (10 + 15 + 6));
  ExpectCost(LinearWeightGradientCost(2, 3, 5, /*dbias=*/true), 60, 4 * (6 + 10 + 2 * 15 + 2 * 5));
  ExpectCost(LinearWeightGradientCost(2, 3, 5, /*dbias=*/false), 60, 4 * (6 + 10 + 2 * 15));
}

TEST(OperationCost, OfCopies) {
  ExpectCost(CopyCost(100), 0, 200);
  ExpectCost(ZeroCost(100), 0, 100);
  ExpectCost(PackCost(3, 5), 0, 120);
}

TEST(OperationCost, OfDropoutDependsOnItsArrays) {
  ExpectCost(DropoutCost(8, /*x=*/true, /*add=*/false), 8, 64);
  ExpectCost(DropoutCost(8, /*x=*/true, /*add=*/true), 16, 96);
  ExpectCost(DropoutCost(8, /*x=*/false, /*add=*/false), 0, 32);
}

TEST(Operation, HasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (int i = 0; i < kOperations; ++i) names.insert(ToString(static_cast<Operation>(i)));
  EXPECT_EQ(names.size(), static_cast<size_t>(kOperations));
  EXPECT_EQ(names.count(""), 0u);
  EXPECT_EQ(ToString(Operation::kAdamW), "adamw");
}

}  // namespace
}  // namespace recurve
