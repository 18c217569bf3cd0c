// SPDX-License-Identifier: Apache-2.0
//
// Where the tensors of a step are, for the kernels of recurrent layers. Included by .cu files only.
#ifndef RECURVE_EXECUTOR_BACKEND_CUDA_CELL_STEP_CUH_
#define RECURVE_EXECUTOR_BACKEND_CUDA_CELL_STEP_CUH_

#include <cstdint>

#include "executor/backend/arguments.h"

namespace recurve::cuda {

// A cell's geometry as compile-time constants.
template <class C>
struct Shape {
  static constexpr CellGeometry kGeometry = GeometryOf(C::kCell);
  static constexpr int S = kGeometry.states;
  static constexpr int G = kGeometry.gates;
  static constexpr int A = kGeometry.tape;
  static constexpr int W = kGeometry.row();
};

// State s before and after step t; `Args` is CellForwardArgs or CellBackwardArgs.
template <class Args>
__device__ const float* Before(const Args& a, int s, int64_t t) {
  return t == 0 ? a.first[s] : a.inner[s] + (t - 1) * a.B * a.H;
}
template <class Args>
__device__ auto* After(const Args& a, int s, int64_t t) {
  return t == a.k - 1 ? a.last[s] : a.inner[s] + t * a.B * a.H;
}

template <class Args>
__device__ bool Live(const Args& a, int64_t row, int64_t t) {
  return a.lengths.lengths == nullptr || a.lengths.first_step + t < a.lengths.lengths[row];
}

// The input of row `step_row` of [k, B], gate by gate, H floats each.
template <class C>
__device__ const float* InputOf(const CellForwardArgs& a, int64_t step_row) {
  return a.input.projected != nullptr ? a.input.projected + step_row * Shape<C>::W * a.H
                                      : a.input.table + a.input.tokens[step_row] * (Shape<C>::G * a.H);
}

__device__ inline float Masked(const float* mask, int64_t at, float x) { return mask != nullptr ? x * mask[at] : x; }

}  // namespace recurve::cuda

#endif  // RECURVE_EXECUTOR_BACKEND_CUDA_CELL_STEP_CUH_
