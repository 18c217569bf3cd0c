// SPDX-License-Identifier: Apache-2.0
//
// Training on a GPU: what holds on the CPU holds there. Skipped where there is none.
#include <algorithm>
#include <memory>
#include <string>

#include "executor/backend/cuda/cuda_backend.h"
#include "executor/data/safetensors.h"
#include "gtest/gtest.h"
#include "tests/executor/engine/training_run.h"
#include "tests/executor/task/language_model/model.h"

namespace recurve {
namespace {

constexpr int64_t kSteps = 3;

class CudaTrainer : public testing::TestWithParam<Cell> {
 protected:
  void SetUp() override {
    if (const auto backend = MakeCudaBackend({}); !backend.ok()) GTEST_SKIP() << backend.status().message();
  }

  static LanguageTrainerOptions Options() {
    return {.model = {.cell = GetParam(),
                      .layers = 3,
                      .hidden = 24,
                      .embedding = 8,
                      .residual = true,
                      .layer_norm = true,
                      .dropout = 0.2,
                      .recurrent_dropout = 0.1},
            .shape = {.length = 29, .link = 5, .batch = 3},
            .optimizer = {.learning_rate = 1e-2, .warmup_steps = 0},
            .steps = kSteps,
            .carry_state = true,
            .dropout_seed = 5};
  }
  static std::unique_ptr<TrainingRun> Run(Strategy strategy, int64_t budget, std::unique_ptr<Backend> backend) {
    return std::make_unique<TrainingRun>(Options(), InitialModel(Options().model, 1), strategy, budget,
                                         std::move(backend));
  }
  static std::unique_ptr<Backend> Cuda(Precision precision) {
    return MakeCudaBackend({.precision = precision}).value();
  }
  static std::string WeightsAfterTraining(TrainingRun& run) {
    for (int64_t step = 0; step < kSteps; ++step) {
      const auto result = run.Step();
      EXPECT_TRUE(result.ok()) << result.status();
    }
    return Sha256Hex(run.trainer->DownloadParameters());
  }
};

TEST_P(CudaTrainer, EveryPlanGivesTheSameBits) {
  const LinkBytes bytes = LinkBytesOf(Options().model, Options().shape);
  for (const Precision precision : kPrecisions) {
    const auto store_all = Run(Strategy::kStoreAll, -1, Cuda(precision));
    const std::string expected = WeightsAfterTraining(*store_all);
    for (const Strategy strategy : {Strategy::kStoreAll, Strategy::kChen, Strategy::kHsm, Strategy::kAuto}) {
      for (const int64_t budget : {int64_t{-1}, int64_t{0}, 2 * bytes.tape + bytes.state}) {
        const auto run = Run(strategy, budget, Cuda(precision));
        if (run->trainer == nullptr) continue;
        EXPECT_EQ(WeightsAfterTraining(*run), expected) << ToString(strategy) << ", " << budget << " bytes";
        EXPECT_EQ(run->trainer->arena().peak_bytes(), run->planned_peak_bytes);
      }
    }
  }
}

TEST_P(CudaTrainer, LosesAsTheCpuDoes) {
  const auto cpu = Run(Strategy::kAuto, 0, MakeCpuBackend({.threads = 1}).value());
  const auto fp32 = Run(Strategy::kAuto, 0, Cuda(Precision::kFp32));
  const auto bf16 = Run(Strategy::kAuto, 0, Cuda(Precision::kBf16));
  for (int64_t step = 0; step < kSteps; ++step) {
    const double expected = cpu->Step()->loss;
    EXPECT_NEAR(fp32->Step()->loss, expected, 1e-4 * expected);
    EXPECT_NEAR(bf16->Step()->loss, expected, 2e-2 * expected);
  }
}

INSTANTIATE_TEST_SUITE_P(Cells, CudaTrainer, testing::ValuesIn(kCells), [](const auto& info) {
  std::string name(ToString(info.param));
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace recurve
