// SPDX-License-Identifier: Apache-2.0
#include "planner_service/model/optimizer_spec.h"

namespace recurve {

void VisitFields(OptimizerSpec& spec, FieldVisitor& visitor) {
  visitor.Enum({"kind", "what turns gradients into steps", "--optimizer"}, kOptimizerNames, spec.kind);
  visitor.Real({"learning_rate", "after warm-up"}, {.least = 0, .most = 1000, .above_least = true}, spec.learning_rate);
  visitor.Enum({"shape", "what the rate does after warm-up", "--learning-rate-schedule"}, kLearningRateShapes,
               spec.shape);
  visitor.Count({"warmup_steps", "steps of linear warm-up from 0", "--warmup"}, {0, kMaxSteps}, spec.warmup_steps);
  visitor.Real({"momentum", "of sgd"}, kRate, spec.momentum);
  visitor.Real({"beta1", "of adamw"}, kRate, spec.beta1);
  visitor.Real({"beta2", "of adamw"}, kRate, spec.beta2);
  visitor.Real({"weight_decay", "of sgd and adamw"}, kNotBelowZero, spec.weight_decay);
  visitor.Real({"clip_norm", "largest norm of the gradient; 0: not clipped"}, kNotBelowZero, spec.clip_norm);
}

}  // namespace recurve
