// SPDX-License-Identifier: Apache-2.0
//
// Layer norm. The backward pass recomputes the statistics of a row instead of saving them.
#ifndef RECURVE_EXECUTOR_BACKEND_CPU_KERNELS_LAYER_NORM_H_
#define RECURVE_EXECUTOR_BACKEND_CPU_KERNELS_LAYER_NORM_H_

#include "executor/backend/cpu/kernels.h"
#include "executor/backend/cpu/kernels_linear.h"
#include "executor/backend/cpu/simd.h"

namespace recurve::cpu::RECURVE_CPU_ISA {

// Calls f(j, lanes) for each vector of a row.
template <class Function>
RECURVE_INLINE void ForEachColumns(Range columns, const Function& f) {
  for (int64_t j = columns.begin; j < columns.end; j += kLanes) f(j, Least(kLanes, columns.end - j));
}

RECURVE_INLINE double SumOfLanes(const DoubleVec& v) {
  double sum = 0;
  for (int i = 0; i < kLanes; ++i) sum += v[i];
  return sum;
}

// The first n lanes; the others become 0.
RECURVE_INLINE Vec FirstLanes(Vec v, int64_t n) {
  if (n >= kLanes) return v;
  Vec first{};
  memcpy(&first, &v, n * sizeof(float));
  return first;
}

struct RowStatistics {
  RowStatistics(const float* x, int64_t width) {
    DoubleVec sums{};
    ForEachColumns({0, width},
                   [&](int64_t j, int64_t lanes) { sums += __builtin_convertvector(Load(x + j, lanes), DoubleVec); });
    mean = Broadcast(static_cast<float>(SumOfLanes(sums) / static_cast<double>(width)));
    DoubleVec squares{};
    ForEachColumns({0, width}, [&](int64_t j, int64_t lanes) {
      const Vec d = FirstLanes(Load(x + j, lanes) - mean, lanes);
      squares += __builtin_convertvector(d * d, DoubleVec);
    });
    const double variance = SumOfLanes(squares) / static_cast<double>(width);
    inverse_deviation = Broadcast(static_cast<float>(1.0 / __builtin_sqrt(variance + kLayerNormEpsilon)));
  }
  RECURVE_INLINE Vec Normalized(Vec x) const { return (x - mean) * inverse_deviation; }

  Vec mean;
  Vec inverse_deviation;
};

inline void LayerNorm(const LayerNormArgs& a, Range rows) {
  for (int64_t row = rows.begin; row < rows.end; ++row) {
    const float* x = a.x + row * a.width;
    const RowStatistics statistics(x, a.width);
    ForEachColumns({0, a.width}, [&](int64_t j, int64_t lanes) {
      const Vec n = statistics.Normalized(Load(x + j, lanes));
      Store(a.y + row * a.width + j, n * Load(a.gamma + j, lanes) + Load(a.beta + j, lanes), lanes);
    });
  }
}

// dx = (g - mean(g) - n mean(g n)) / deviation, with g = dy gamma and n the normalized x.
inline void LayerNormInputGradient(const LayerNormBackwardArgs& a, Range rows) {
  for (int64_t row = rows.begin; row < rows.end; ++row) {
    const float* x = a.x + row * a.width;
    const float* dy = a.dy + row * a.width;
    const RowStatistics statistics(x, a.width);
    DoubleVec sums{};
    DoubleVec sums_with_normalized{};
    ForEachColumns({0, a.width}, [&](int64_t j, int64_t lanes) {
      const Vec g = Load(dy + j, lanes) * Load(a.gamma + j, lanes);
      sums += __builtin_convertvector(g, DoubleVec);
      const Vec gn = g * FirstLanes(statistics.Normalized(Load(x + j, lanes)), lanes);
      sums_with_normalized += __builtin_convertvector(gn, DoubleVec);
    });
    const Vec mean = Broadcast(static_cast<float>(SumOfLanes(sums) / static_cast<double>(a.width)));
    const Vec slope = Broadcast(static_cast<float>(SumOfLanes(sums_with_normalized) / static_cast<double>(a.width)));
    ForEachColumns({0, a.width}, [&](int64_t j, int64_t lanes) {
      const Vec g = Load(dy + j, lanes) * Load(a.gamma + j, lanes);
      const Vec n = statistics.Normalized(Load(x + j, lanes));
      Store(a.dx + row * a.width + j, (g - mean - n * slope) * statistics.inverse_deviation, lanes);
    });
  }
}

// For some columns, over all rows in order.
inline void LayerNormWeightGradient(const LayerNormBackwardArgs& a, Range columns) {
  for (int64_t row = 0; row < a.n; ++row) {
    const float* x = a.x + row * a.width;
    const float* dy = a.dy + row * a.width;
    const RowStatistics statistics(x, a.width);
    ForEachColumns(columns, [&](int64_t j, int64_t lanes) {
      const Vec g = Load(dy + j, lanes);
      Store(a.dgamma + j, Load(a.dgamma + j, lanes) + g * statistics.Normalized(Load(x + j, lanes)), lanes);
      Store(a.dbeta + j, Load(a.dbeta + j, lanes) + g, lanes);
    });
  }
}

}  // namespace recurve::cpu::RECURVE_CPU_ISA

#endif  // RECURVE_EXECUTOR_BACKEND_CPU_KERNELS_LAYER_NORM_H_
