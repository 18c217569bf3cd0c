// SPDX-License-Identifier: Apache-2.0
//
// Element-wise and row-wise operations.
#ifndef RECURVE_EXECUTOR_BACKEND_CPU_KERNELS_ELEMENTWISE_H_
#define RECURVE_EXECUTOR_BACKEND_CPU_KERNELS_ELEMENTWISE_H_

#include "executor/backend/cpu/kernels.h"
#include "executor/backend/cpu/kernels_linear.h"
#include "executor/backend/cpu/simd.h"

namespace recurve::cpu::RECURVE_CPU_ISA {

inline void Dropout(const DropoutArgs& a, Range elements) {
  uint32_t words[kLanes][4];
  for (int64_t i = elements.begin; i < elements.end; i += 4 * kLanes) {
    const uint64_t block = a.first_block + static_cast<uint64_t>(i) / 4;
    for (int lane = 0; lane < kLanes; ++lane) {
      const PhiloxState s = DropoutWords(a.seed, a.stream, block + lane);
      words[lane][0] = s.c0;
      words[lane][1] = s.c1;
      words[lane][2] = s.c2;
      words[lane][3] = s.c3;
    }
    const int64_t count = Least(4 * kLanes, elements.end - i);
    for (int64_t j = 0; j < count; ++j) {
      const float x = a.x != nullptr ? a.x[i + j] : 1.0f;
      const float dropped = words[j / 4][j % 4] >= a.threshold ? x * a.scale : 0.0f;
      a.y[i + j] = a.add ? a.y[i + j] + dropped : dropped;
    }
  }
}

inline void Multiply(const float* x, const float* y, float* product, Range elements) {
  for (int64_t i = elements.begin; i < elements.end; ++i) product[i] = x[i] * y[i];
}

inline void Add(const float* x, float* y, Range elements) {
  for (int64_t i = elements.begin; i < elements.end; ++i) y[i] += x[i];
}

// Replaces a row of logits by their gradients; returns its loss.
inline double SoftmaxRow(float* logits, int64_t V, int64_t target, float gradient_scale) {
  constexpr float kLowest = -3.402823466e+38f;
  Vec max = Broadcast(kLowest);
  int64_t j = 0;
  for (; j + kLanes <= V; j += kLanes) max = VectorMath::Max(max, Load(logits + j));
  float largest = MaxOfLanes(max);
  for (; j < V; ++j) largest = largest >= logits[j] ? largest : logits[j];

  const double target_logit = logits[target];
  double sum = 0;
  for (j = 0; j < V; j += kLanes) {
    const int64_t lanes = Least(kLanes, V - j);
    const Vec e = Exp<VectorMath>(Load(logits + j, lanes) - Broadcast(largest));
    Store(logits + j, e, lanes);
    if (lanes == kLanes) {
      sum += SumOfLanes(e);
    } else {
      for (int64_t lane = 0; lane < lanes; ++lane) sum += logits[j + lane];
    }
  }

  const Vec factor = Broadcast(static_cast<float>(gradient_scale / sum));
  for (j = 0; j < V; j += kLanes) {
    const int64_t lanes = Least(kLanes, V - j);
    Store(logits + j, Load(logits + j, lanes) * factor, lanes);
  }
  logits[target] -= gradient_scale;
  return __builtin_log(sum) + (largest - target_logit);
}

inline double SoftmaxCrossEntropy(const SoftmaxArgs& a, Range rows) {
  double loss = 0;
  for (int64_t i = rows.begin; i < rows.end; ++i) {
    float* logits = a.logits + i * a.V;
    if (a.targets[i] < 0) {
      memset(logits, 0, a.V * sizeof(float));
    } else {
      loss += SoftmaxRow(logits, a.V, a.targets[i], a.gradient_scale);
    }
  }
  return loss;
}

inline double SumOfSquares(const float* x, Range elements) {
  DoubleVec sums{};
  for (int64_t i = elements.begin; i < elements.end; i += kLanes) {
    const DoubleVec v = __builtin_convertvector(Load(x + i, Least(kLanes, elements.end - i)), DoubleVec);
    sums += v * v;
  }
  double sum = 0;
  for (int i = 0; i < kLanes; ++i) sum += sums[i];
  return sum;
}

inline void Sgd(const SgdFactors& factors, const SgdArgs& a, Range elements) {
  for (int64_t i = elements.begin; i < elements.end; i += kLanes) {
    const int64_t lanes = Least(kLanes, elements.end - i);
    Vec w = Load(a.w + i, lanes);
    Vec momentum = Load(a.momentum + i, lanes);
    SgdUpdate<VectorMath>(factors, Load(a.g + i, lanes), &w, &momentum);
    Store(a.w + i, w, lanes);
    Store(a.momentum + i, momentum, lanes);
  }
}

inline void AdamW(const AdamWFactors& factors, const AdamWArgs& a, Range elements) {
  for (int64_t i = elements.begin; i < elements.end; i += kLanes) {
    const int64_t lanes = Least(kLanes, elements.end - i);
    Vec w = Load(a.w + i, lanes);
    Vec m = Load(a.m + i, lanes);
    Vec v = Load(a.v + i, lanes);
    AdamWUpdate<VectorMath>(factors, Load(a.g + i, lanes), &w, &m, &v);
    Store(a.w + i, w, lanes);
    Store(a.m + i, m, lanes);
    Store(a.v + i, v, lanes);
  }
}

}  // namespace recurve::cpu::RECURVE_CPU_ISA

#endif  // RECURVE_EXECUTOR_BACKEND_CPU_KERNELS_ELEMENTWISE_H_
