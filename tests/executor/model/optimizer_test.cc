// SPDX-License-Identifier: Apache-2.0
#include "executor/model/optimizer.h"

#include <cmath>
#include <vector>

#include "executor/backend/cpu/cpu_backend.h"
#include "gtest/gtest.h"

namespace recurve {
namespace {

TEST(LearningRate, WarmsUpAndFallsToATenth) {
  const OptimizerSpec spec{.learning_rate = 2.0, .warmup_steps = 4};
  EXPECT_DOUBLE_EQ(LearningRate(spec, 1, 104), 0.5);
  EXPECT_DOUBLE_EQ(LearningRate(spec, 4, 104), 2.0);
  EXPECT_DOUBLE_EQ(LearningRate(spec, 54, 104), 1.1);
  EXPECT_DOUBLE_EQ(LearningRate(spec, 104, 104), 0.2);
  for (int64_t step = 5; step <= 104; ++step)
    EXPECT_LT(LearningRate(spec, step, 104), LearningRate(spec, step - 1, 104));
}

TEST(LearningRate, StaysWhereItIsConstantOrTheJobIsShort) {
  const OptimizerSpec constant{.learning_rate = 2.0, .shape = LearningRateShape::kConstant, .warmup_steps = 0};
  EXPECT_EQ(LearningRate(constant, 1, 10), 2.0);
  EXPECT_EQ(LearningRate(constant, 10, 10), 2.0);
  const OptimizerSpec slow{.learning_rate = 2.0, .warmup_steps = 20};
  EXPECT_DOUBLE_EQ(LearningRate(slow, 5, 5), 0.5);  // never warm
}

TEST(ClipScale, BringsTheNormDownToTheLimit) {
  EXPECT_EQ(ClipScale({.clip_norm = 1.0}, 0.5), 1.0);
  EXPECT_EQ(ClipScale({.clip_norm = 1.0}, 4.0), 0.25);
  EXPECT_EQ(ClipScale({.clip_norm = 0.0}, 4.0), 1.0);
  EXPECT_EQ(ClipScale({.clip_norm = 1.0}, 0.0), 1.0);
}

class UpdateWeightsTest : public testing::Test {
 protected:
  static constexpr int64_t kN = 16;
  void Update(const OptimizerSpec& spec, int64_t step) {
    UpdateWeights(
        spec, step, 0.1, 0.5,
        {.n = kN, .weights = w_.data(), .gradients = g_.data(), .state = reinterpret_cast<std::byte*>(state_.data())},
        *backend_);
  }
  std::unique_ptr<Backend> backend_ = MakeCpuBackend({.threads = 1}).value();
  std::vector<float> w_ = std::vector<float>(kN, 2.0f), g_ = std::vector<float>(kN, 4.0f);
  std::vector<float> state_ = std::vector<float>(2 * kN, 0.0f);
};

TEST_F(UpdateWeightsTest, SgdWithMomentumAndDecay) {
  const OptimizerSpec spec{.kind = OptimizerKind::kSgd, .momentum = 0.9, .weight_decay = 0.25};
  ASSERT_EQ(OptimizerStateBytes(spec.kind, kN * 4), kN * 4);
  double w = 2, m = 0;
  for (int64_t step = 1; step <= 5; ++step) {
    Update(spec, step);
    m = 0.9 * m + 0.5 * 4 + 0.25 * w;
    w -= 0.1 * m;
    for (const float value : w_) EXPECT_NEAR(value, w, 1e-5);
  }
}

TEST_F(UpdateWeightsTest, AdamWCorrectsItsBias) {
  const OptimizerSpec spec{.beta1 = 0.9, .beta2 = 0.99, .weight_decay = 0.25};
  ASSERT_EQ(OptimizerStateBytes(spec.kind, kN * 4), 2 * kN * 4);
  double w = 2, m = 0, v = 0;
  for (int64_t step = 1; step <= 5; ++step) {
    Update(spec, step);
    m = 0.9 * m + 0.1 * 2;
    v = 0.99 * v + 0.01 * 4;
    const double update = m / (1 - std::pow(0.9, step)) / (std::sqrt(v / (1 - std::pow(0.99, step))) + 1e-8);
    w -= 0.1 * (update + 0.25 * w);
    for (const float value : w_) EXPECT_NEAR(value, w, 1e-5);
  }
}

}  // namespace
}  // namespace recurve
