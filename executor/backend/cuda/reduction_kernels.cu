// SPDX-License-Identifier: Apache-2.0
//
// Sums, in an order that depends on shapes alone.
#include "executor/backend/cuda/block_reduction.cuh"
#include "executor/backend/cuda/kernels.h"
#include "executor/backend/cuda/launch.h"

namespace recurve::cuda {
namespace {

// A block for each row. A thread reads and writes the same columns in each pass.
__global__ void SoftmaxCrossEntropyKernel(SoftmaxArgs a) {
  const int64_t row = RowOfBlock();
  float* const x = a.logits + row * a.V;
  const int32_t target = a.targets[row];
  if (target < 0) {
    for (int64_t j = threadIdx.x; j < a.V; j += kThreads) x[j] = 0;
    if (threadIdx.x == 0) a.losses[row] = 0;
    return;
  }
  const double target_logit = x[target];  // the barriers below come before it is overwritten

  float largest = -3.402823466e+38f;
  for (int64_t j = threadIdx.x; j < a.V; j += kThreads) largest = ScalarMath::Max(largest, x[j]);
  largest = CombineBlock(largest, Largest());

  double sum = 0;
  for (int64_t j = threadIdx.x; j < a.V; j += kThreads) {
    const float e = Exp<ScalarMath>(x[j] - largest);
    x[j] = e;
    sum += e;
  }
  sum = CombineBlock(sum, Sum());

  const float factor = static_cast<float>(a.gradient_scale / sum);
  for (int64_t j = threadIdx.x; j < a.V; j += kThreads) {
    const float gradient = x[j] * factor;
    x[j] = j == target ? gradient - a.gradient_scale : gradient;
  }
  if (threadIdx.x == 0) a.losses[row] = log(sum) + (largest - target_logit);
}

// One block.
__global__ void AddPartsKernel(int64_t n, const double* parts, double* sum) {
  double mine = 0;
  for (int64_t i = threadIdx.x; i < n; i += kThreads) mine += parts[i];
  mine = CombineBlock(mine, Sum());
  if (threadIdx.x == 0) *sum += mine;
}

__global__ void SumOfSquaresKernel(int64_t n, const float* x, double* parts) {
  double sum = 0;
  for (int64_t i = FirstElement(); i < n; i += ElementStride()) sum += static_cast<double>(x[i]) * x[i];
  sum = CombineBlock(sum, Sum());
  if (threadIdx.x == 0) parts[blockIdx.x] = sum;
}

}  // namespace

cudaError_t SoftmaxCrossEntropy(const SoftmaxArgs& args, cudaStream_t stream) {
  if (args.n == 0) return cudaSuccess;
  return Launch(SoftmaxCrossEntropyKernel, dim3(static_cast<unsigned>(args.n)), kThreads, stream, args);
}

cudaError_t AddParts(int64_t n, const double* parts, double* sum, cudaStream_t stream) {
  if (n == 0) return cudaSuccess;
  return Launch(AddPartsKernel, 1, kThreads, stream, n, parts, sum);
}

cudaError_t SumOfSquares(int64_t n, const float* x, double* parts, double* sum, cudaStream_t stream) {
  if (n == 0) return cudaSuccess;
  const int64_t wanted = Blocks(n, kThreads);
  const int64_t blocks = wanted < kSquareParts ? wanted : kSquareParts;
  const cudaError_t error =
      Launch(SumOfSquaresKernel, dim3(static_cast<unsigned>(blocks)), kThreads, stream, n, x, parts);
  return error != cudaSuccess ? error : AddParts(blocks, parts, sum, stream);
}

}  // namespace recurve::cuda
