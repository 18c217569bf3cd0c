// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_MODEL_OPTIMIZER_H_
#define RECURVE_EXECUTOR_MODEL_OPTIMIZER_H_

#include <cstddef>
#include <cstdint>

#include "executor/backend/backend.h"

namespace recurve {

enum class OptimizerKind : uint8_t { kAdamW, kSgd };
enum class LearningRateShape : uint8_t { kCosine, kConstant };

struct OptimizerSpec {
  OptimizerKind kind = OptimizerKind::kAdamW;
  double learning_rate = 4e-3;                           // after warm-up, (0, 1e3]
  LearningRateShape shape = LearningRateShape::kCosine;  // kCosine falls to a tenth at the last step
  int64_t warmup_steps = 20;                             // linear from 0, >= 0
  double momentum = 0.9;                                 // kSgd, [0, 1)
  double beta1 = 0.9;                                    // kAdamW, [0, 1)
  double beta2 = 0.99;                                   // kAdamW, [0, 1)
  double weight_decay = 0.0;                             // >= 0
  double clip_norm = 1.0;                                // global norm of the gradient; 0 does not clip
};

// The learning rate of step `step`, 1..steps.
double LearningRate(const OptimizerSpec& spec, int64_t step, int64_t steps);

// What gradients of global norm `norm` are multiplied by.
double ClipScale(const OptimizerSpec& spec, double norm);

// Bytes of optimiser state for a block of parameters of `block_bytes`: momentum, or two moments.
int64_t OptimizerStateBytes(const OptimizerSpec& spec, int64_t block_bytes);

// One block of parameters [n], their gradients [n], and the optimiser's state, zero before the first step. Device
// memory.
struct OptimizerBlocks {
  int64_t n = 0;
  float* weights = nullptr;
  const float* gradients = nullptr;
  std::byte* state = nullptr;
};

// The update of step `step` (from 1) with gradients times `gradient_scale`.
void UpdateWeights(const OptimizerSpec& spec, int64_t step, double learning_rate, double gradient_scale,
                   const OptimizerBlocks& blocks, Backend& backend);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_MODEL_OPTIMIZER_H_
