// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_MODEL_OPTIMIZER_H_
#define RECURVE_EXECUTOR_MODEL_OPTIMIZER_H_

#include <cstddef>
#include <cstdint>

#include "executor/backend/backend.h"
#include "planner_service/model/optimizer_spec.h"

namespace recurve {

// The learning rate of step `step` in 1..steps.
double LearningRate(const OptimizerSpec& spec, int64_t step, int64_t steps);

// The factor, at most 1, that clips gradients of global norm `norm`.
double ClipScale(const OptimizerSpec& spec, double norm);

// Device memory: a block of parameters [n], their gradients [n], and the optimizer's state, zero before the first step.
struct OptimizerBlocks {
  int64_t n = 0;
  float* weights = nullptr;
  const float* gradients = nullptr;
  std::byte* state = nullptr;
};

// Updates the weights at step `step`, from 1, with gradients multiplied by `gradient_scale`.
void UpdateWeights(const OptimizerSpec& spec, int64_t step, double learning_rate, double gradient_scale,
                   const OptimizerBlocks& blocks, Backend& backend);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_MODEL_OPTIMIZER_H_
