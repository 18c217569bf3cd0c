// SPDX-License-Identifier: Apache-2.0
#include "executor/engine/calibration.h"

#include <memory>

#include "executor/backend/cpu/cpu_backend.h"
#include "executor/engine/trainer.h"
#include "gtest/gtest.h"

namespace recurve {
namespace {

void ExpectCosts(const ModelConfig& model, const SequenceShape& shape, int64_t taped_in_a_row) {
  const std::unique_ptr<Backend> backend = MakeCpuBackend({.threads = 2}).value();
  const int64_t fixed = FixedLedger({.model = model, .shape = shape}, *backend).total();
  const absl::StatusOr<LinkCosts> costs =
      Calibrate({.model = model, .shape = shape, .taped_in_a_row = taped_in_a_row, .max_bytes = fixed}, *backend);
  ASSERT_TRUE(costs.ok()) << costs.status();
  EXPECT_GT(costs->forward_seconds, 0);
  EXPECT_GT(costs->taped_forward_seconds, 0);
  EXPECT_GT(costs->backward_seconds, 0);
}

TEST(Calibration, MeasuresInTheMemoryOfTheWorkingSet) {
  const ModelConfig model{.layers = 2, .hidden = 24, .embedding = 8, .dropout = 0.1};
  ExpectCosts(model, {.length = 1, .link = 1, .batch = 1}, 1);
  ExpectCosts(model, {.length = 7, .link = 3, .batch = 2}, 3);
  ExpectCosts(model, {.length = 200, .link = 4, .batch = 2}, 1000);
}

}  // namespace
}  // namespace recurve
