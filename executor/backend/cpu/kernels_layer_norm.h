// SPDX-License-Identifier: Apache-2.0
//
// Layer norm. The statistics of a row are computed again in the backward rather than kept.
#ifndef RECURVE_EXECUTOR_BACKEND_CPU_KERNELS_LAYER_NORM_H_
#define RECURVE_EXECUTOR_BACKEND_CPU_KERNELS_LAYER_NORM_H_

#include "executor/backend/cpu/kernels.h"
#include "executor/backend/cpu/kernels_linear.h"
#include "executor/backend/cpu/simd.h"

namespace recurve::cpu::RECURVE_CPU_ISA {

struct RowStatistics {
  RowStatistics(const float* x, int64_t width) {
    double sum = 0;
    for (int64_t j = 0; j < width; j += kLanes) sum += SumOfLanes(Load(x + j, Least(kLanes, width - j)));
    mean = static_cast<float>(sum / static_cast<double>(width));
    double squares = 0;
    for (int64_t j = 0; j < width; ++j) squares += (x[j] - mean) * (x[j] - mean);
    inverse_deviation =
        static_cast<float>(1.0 / __builtin_sqrt(squares / static_cast<double>(width) + kLayerNormEpsilon));
  }
  RECURVE_INLINE float Normalized(float x) const { return (x - mean) * inverse_deviation; }

  float mean;
  float inverse_deviation;
};

inline void LayerNorm(const LayerNormArgs& a, Range rows) {
  for (int64_t row = rows.begin; row < rows.end; ++row) {
    const float* x = a.x + row * a.width;
    float* y = a.y + row * a.width;
    const RowStatistics statistics(x, a.width);
    for (int64_t j = 0; j < a.width; ++j) y[j] = statistics.Normalized(x[j]) * a.gamma[j] + a.beta[j];
  }
}

// dx = (g - mean(g) - n mean(g n)) / deviation, with g = dy gamma and n the normalised x.
inline void LayerNormInputGradient(const LayerNormBackwardArgs& a, Range rows) {
  for (int64_t row = rows.begin; row < rows.end; ++row) {
    const float* x = a.x + row * a.width;
    const float* dy = a.dy + row * a.width;
    float* dx = a.dx + row * a.width;
    const RowStatistics statistics(x, a.width);
    double sum = 0;
    double sum_with_normalized = 0;
    for (int64_t j = 0; j < a.width; ++j) {
      const float g = dy[j] * a.gamma[j];
      sum += g;
      sum_with_normalized += g * statistics.Normalized(x[j]);
    }
    const auto mean = static_cast<float>(sum / static_cast<double>(a.width));
    const auto slope = static_cast<float>(sum_with_normalized / static_cast<double>(a.width));
    for (int64_t j = 0; j < a.width; ++j) {
      dx[j] = (dy[j] * a.gamma[j] - mean - statistics.Normalized(x[j]) * slope) * statistics.inverse_deviation;
    }
  }
}

// For some columns, over all rows in order.
inline void LayerNormWeightGradient(const LayerNormBackwardArgs& a, Range columns) {
  for (int64_t row = 0; row < a.n; ++row) {
    const float* x = a.x + row * a.width;
    const float* dy = a.dy + row * a.width;
    const RowStatistics statistics(x, a.width);
    for (int64_t j = columns.begin; j < columns.end; ++j) {
      a.dgamma[j] += dy[j] * statistics.Normalized(x[j]);
      a.dbeta[j] += dy[j];
    }
  }
}

}  // namespace recurve::cpu::RECURVE_CPU_ISA

#endif  // RECURVE_EXECUTOR_BACKEND_CPU_KERNELS_LAYER_NORM_H_
