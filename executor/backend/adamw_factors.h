// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_BACKEND_ADAMW_FACTORS_H_
#define RECURVE_EXECUTOR_BACKEND_ADAMW_FACTORS_H_

#include <cmath>

#include "executor/backend/arguments.h"
#include "executor/backend/pointwise.h"

namespace recurve {

// The factors that all weights of an AdamW step share, computed in fp64 on the host for all backends.
inline AdamWFactors FactorsOf(const AdamWArgs& a) {
  const auto correction = [&](float beta) {
    return static_cast<float>(1.0 / (1.0 - std::pow(static_cast<double>(beta), static_cast<double>(a.step))));
  };
  return {.gradient_scale = a.gradient_scale,
          .beta1 = a.beta1,
          .beta2 = a.beta2,
          .epsilon = a.epsilon,
          .mean_correction = correction(a.beta1),
          .variance_correction = correction(a.beta2),
          .learning_rate = a.learning_rate,
          .decay = a.learning_rate * a.weight_decay};
}

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_BACKEND_ADAMW_FACTORS_H_
