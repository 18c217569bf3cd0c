// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_MODEL_OPTIMIZER_SPEC_H_
#define RECURVE_PLANNER_SERVICE_MODEL_OPTIMIZER_SPEC_H_

#include <cstdint>

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

// Bytes of optimizer state for a block of `block_bytes` of parameters: momentum (kSgd) or two moments (kAdamW).
constexpr int64_t OptimizerStateBytes(OptimizerKind kind, int64_t block_bytes) {
  return kind == OptimizerKind::kAdamW ? 2 * block_bytes : block_bytes;
}

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_MODEL_OPTIMIZER_SPEC_H_
