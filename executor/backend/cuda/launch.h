// SPDX-License-Identifier: Apache-2.0
//
// How this folder's kernels map to grids and blocks. Included by .cu files only.
#ifndef RECURVE_EXECUTOR_BACKEND_CUDA_LAUNCH_H_
#define RECURVE_EXECUTOR_BACKEND_CUDA_LAUNCH_H_

#include <cuda_runtime.h>

#include <cstdint>

namespace recurve::cuda {

constexpr int kThreads = 256;  // per block, by default

constexpr int64_t Blocks(int64_t n, int64_t per_block) { return (n + per_block - 1) / per_block; }

// Launches kernel(arguments...) and returns the error of this launch, not one left by an earlier call.
template <class... Parameters, class... Arguments>
cudaError_t Launch(void (*kernel)(Parameters...), dim3 grid, dim3 block, cudaStream_t stream, Arguments... arguments) {
  cudaLaunchConfig_t config{};
  config.gridDim = grid;
  config.blockDim = block;
  config.stream = stream;
  return cudaLaunchKernelEx(&config, kernel, arguments...);
}

// For kernels that loop over n elements with FirstElement and ElementStride: enough blocks to fill any GPU.
inline dim3 ElementGrid(int64_t n) {
  constexpr int64_t kMostBlocks = 8192;
  const int64_t blocks = Blocks(n, kThreads);
  return dim3(static_cast<unsigned>(blocks < kMostBlocks ? blocks : kMostBlocks));
}
__device__ inline int64_t FirstElement() { return int64_t{blockIdx.x} * blockDim.x + threadIdx.x; }
__device__ inline int64_t ElementStride() { return int64_t{gridDim.x} * blockDim.x; }

// For kernels with a block per row and `threads` columns. Rows are in x, which allows 2^31 - 1, columns in y.
inline dim3 RowGrid(int64_t rows, int64_t columns, int threads) {
  return dim3(static_cast<unsigned>(rows), static_cast<unsigned>(Blocks(columns, threads)));
}
__device__ inline int64_t RowOfBlock() { return blockIdx.x; }
__device__ inline int64_t ColumnOfThread() { return int64_t{blockIdx.y} * blockDim.x + threadIdx.x; }

}  // namespace recurve::cuda

#endif  // RECURVE_EXECUTOR_BACKEND_CUDA_LAUNCH_H_
