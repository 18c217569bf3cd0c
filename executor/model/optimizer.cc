// SPDX-License-Identifier: Apache-2.0
#include "executor/model/optimizer.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace recurve {
namespace {

constexpr double kFinalShare = 0.1;  // of the learning rate, where the cosine ends
constexpr float kAdamEpsilon = 1e-8f;

}  // namespace

double LearningRate(const OptimizerSpec& spec, int64_t step, int64_t steps) {
  if (step <= spec.warmup_steps) {
    return spec.learning_rate * static_cast<double>(step) / static_cast<double>(spec.warmup_steps);
  }
  if (spec.shape == LearningRateShape::kConstant) return spec.learning_rate;
  const auto falling = static_cast<double>(std::max<int64_t>(1, steps - spec.warmup_steps));
  const double part = std::min(1.0, static_cast<double>(step - spec.warmup_steps) / falling);
  return spec.learning_rate * (kFinalShare + (1 - kFinalShare) * 0.5 * (1 + std::cos(std::numbers::pi * part)));
}

double ClipScale(const OptimizerSpec& spec, double norm) {
  return spec.clip_norm > 0 && norm > spec.clip_norm ? spec.clip_norm / norm : 1.0;
}

void UpdateWeights(const OptimizerSpec& spec, int64_t step, double learning_rate, double gradient_scale,
                   const OptimizerBlocks& blocks, Backend& backend) {
  auto* state = reinterpret_cast<float*>(blocks.state);
  if (spec.kind == OptimizerKind::kSgd) {
    backend.Sgd({.n = blocks.n,
                 .w = blocks.weights,
                 .g = blocks.gradients,
                 .momentum = state,
                 .gradient_scale = static_cast<float>(gradient_scale),
                 .learning_rate = static_cast<float>(learning_rate),
                 .momentum_rate = static_cast<float>(spec.momentum),
                 .weight_decay = static_cast<float>(spec.weight_decay)});
    return;
  }
  backend.AdamW({.n = blocks.n,
                 .w = blocks.weights,
                 .g = blocks.gradients,
                 .m = state,
                 .v = state + blocks.n,
                 .gradient_scale = static_cast<float>(gradient_scale),
                 .learning_rate = static_cast<float>(learning_rate),
                 .beta1 = static_cast<float>(spec.beta1),
                 .beta2 = static_cast<float>(spec.beta2),
                 .epsilon = kAdamEpsilon,
                 .weight_decay = static_cast<float>(spec.weight_decay),
                 .step = step});
}

}  // namespace recurve
