// SPDX-License-Identifier: Apache-2.0
//
// Conversion of floats to operands of products. Included by .cu files only.
#ifndef RECURVE_EXECUTOR_BACKEND_CUDA_OPERAND_CUH_
#define RECURVE_EXECUTOR_BACKEND_CUDA_OPERAND_CUH_

#include <cuda_bf16.h>

#include "executor/backend/cuda/element.h"

namespace recurve::cuda {

template <class T>
__device__ T Rounded(float x);
template <>
__device__ inline float Rounded<float>(float x) {
  return x;
}
template <>
__device__ inline __nv_bfloat16 Rounded<__nv_bfloat16>(float x) {
  return __float2bfloat16_rn(x);
}

template <class T>
__device__ void Put(const OperandRows& rows, int64_t row, int64_t column, float x) {
  static_cast<T*>(rows.data)[row * rows.stride + column] = Rounded<T>(x);
}

}  // namespace recurve::cuda

#endif  // RECURVE_EXECUTOR_BACKEND_CUDA_OPERAND_CUH_
