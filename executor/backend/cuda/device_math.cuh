// SPDX-License-Identifier: Apache-2.0
//
// The Math (pointwise.h) of device code. Included by .cu files only.
#ifndef RECURVE_EXECUTOR_BACKEND_CUDA_DEVICE_MATH_CUH_
#define RECURVE_EXECUTOR_BACKEND_CUDA_DEVICE_MATH_CUH_

#include "executor/backend/pointwise.h"

namespace recurve::cuda {

struct DeviceMath : ScalarMath {
  // Accurate within 2 units in the last place for finite, normal b. Omits the branch of an exact division for extreme
  // numbers, so that division by more than 2^126 may give 0.
  static __device__ __forceinline__ F Divide(F a, F b) {
    F reciprocal;
    asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(reciprocal) : "f"(b));
    const F quotient = a * reciprocal;
    return fmaf(fmaf(-b, quotient, a), reciprocal, quotient);
  }
};

}  // namespace recurve::cuda

#endif  // RECURVE_EXECUTOR_BACKEND_CUDA_DEVICE_MATH_CUH_
