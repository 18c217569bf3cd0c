// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_MODEL_OPTIMIZER_SPEC_H_
#define RECURVE_PLANNER_SERVICE_MODEL_OPTIMIZER_SPEC_H_

#include <cstdint>

#include "planner_service/fields/field.h"

namespace recurve {

enum class OptimizerKind : uint8_t { kAdamW, kSgd };
inline constexpr Named<OptimizerKind> kOptimizerNames[] = {{"adamw", OptimizerKind::kAdamW},
                                                           {"sgd", OptimizerKind::kSgd}};
enum class LearningRateShape : uint8_t { kCosine, kConstant };
inline constexpr Named<LearningRateShape> kLearningRateShapes[] = {{"cosine", LearningRateShape::kCosine},
                                                                   {"constant", LearningRateShape::kConstant}};

inline constexpr int64_t kMaxSteps = 1'000'000'000;  // of one training

struct OptimizerSpec {
  OptimizerKind kind = OptimizerKind::kAdamW;
  double learning_rate = 4e-3;                           // after warm-up
  LearningRateShape shape = LearningRateShape::kCosine;  // kCosine falls to a tenth at the last step
  int64_t warmup_steps = 20;                             // linear from 0
  double momentum = 0.9;                                 // kSgd
  double beta1 = 0.9;                                    // kAdamW
  double beta2 = 0.99;                                   // kAdamW
  double weight_decay = 0.0;
  double clip_norm = 1.0;  // global norm of the gradient; 0 does not clip
};

void VisitFields(OptimizerSpec& spec, FieldVisitor& visitor);

// Bytes of optimizer state for a block of parameters of `block_bytes`: momentum, or two moments.
constexpr int64_t OptimizerStateBytes(OptimizerKind kind, int64_t block_bytes) {
  return kind == OptimizerKind::kAdamW ? 2 * block_bytes : block_bytes;
}

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_MODEL_OPTIMIZER_SPEC_H_
