// SPDX-License-Identifier: Apache-2.0
//
// Sums over the threads of a block. Included by .cu files only.
#ifndef RECURVE_EXECUTOR_BACKEND_CUDA_BLOCK_REDUCTION_CUH_
#define RECURVE_EXECUTOR_BACKEND_CUDA_BLOCK_REDUCTION_CUH_

#include "executor/backend/cuda/launch.h"
#include "executor/backend/pointwise.h"

namespace recurve::cuda {

// Combines the values of all kThreads threads of a block as a tree; every thread gets the result.
template <class T, class Combine>
__device__ T CombineBlock(T value, const Combine& combine) {
  __shared__ T shared[kThreads];
  __syncthreads();  // threads may still be reading the previous call's result
  shared[threadIdx.x] = value;
  for (unsigned half = kThreads / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) shared[threadIdx.x] = combine(shared[threadIdx.x], shared[threadIdx.x + half]);
  }
  __syncthreads();
  return shared[0];
}

struct Sum {
  __device__ double operator()(double a, double b) const { return a + b; }
};

struct Largest {
  __device__ float operator()(float a, float b) const { return ScalarMath::Max(a, b); }
};

}  // namespace recurve::cuda

#endif  // RECURVE_EXECUTOR_BACKEND_CUDA_BLOCK_REDUCTION_CUH_
