// SPDX-License-Identifier: Apache-2.0
//
// Sums, in an order that depends on shapes alone.
#include "executor/backend/cuda/kernels.h"
#include "executor/backend/cuda/launch.h"

namespace recurve::cuda {
namespace {

// `values` of all threads of a block of kThreads, combined as a tree; every thread gets the result.
template <class T, class Combine>
__device__ T CombineBlock(T value, const Combine& combine) {
  __shared__ T shared[kThreads];
  __syncthreads();  // an earlier call's result may still be read
  shared[threadIdx.x] = value;
  for (unsigned half = kThreads / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) shared[threadIdx.x] = combine(shared[threadIdx.x], shared[threadIdx.x + half]);
  }
  __syncthreads();
  return shared[0];
}

struct Add {
  __device__ double operator()(double a, double b) const { return a + b; }
};

struct Largest {
  __device__ float operator()(float a, float b) const { return ScalarMath::Max(a, b); }
};

constexpr int kSumColumns = 32;  // neighbours, which a warp reads together
constexpr int kSumLanes = 16;    // each takes every 16th row

__global__ void AddColumnSumsKernel(int64_t n, int64_t width, const float* x, float* sums) {
  __shared__ float lanes[kSumLanes][kSumColumns];
  const int64_t column = int64_t{blockIdx.x} * kSumColumns + threadIdx.x;
  float sum = 0;
  if (column < width) {
    for (int64_t i = threadIdx.y; i < n; i += kSumLanes) sum += x[i * width + column];
  }
  lanes[threadIdx.y][threadIdx.x] = sum;
  __syncthreads();
  if (threadIdx.y != 0 || column >= width) return;
  for (int lane = 1; lane < kSumLanes; ++lane) sum += lanes[lane][threadIdx.x];
  sums[column] += sum;
}

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
  sum = CombineBlock(sum, Add());

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
  mine = CombineBlock(mine, Add());
  if (threadIdx.x == 0) *sum += mine;
}

__global__ void SumOfSquaresKernel(int64_t n, const float* x, double* parts) {
  double sum = 0;
  for (int64_t i = FirstElement(); i < n; i += ElementStride()) sum += static_cast<double>(x[i]) * x[i];
  sum = CombineBlock(sum, Add());
  if (threadIdx.x == 0) parts[blockIdx.x] = sum;
}

}  // namespace

cudaError_t AddColumnSums(int64_t n, int64_t width, const float* x, float* sums, cudaStream_t stream) {
  if (n == 0 || width == 0) return cudaSuccess;
  const dim3 grid(static_cast<unsigned>(Blocks(width, kSumColumns)));
  return Launch(AddColumnSumsKernel, grid, dim3(kSumColumns, kSumLanes), stream, n, width, x, sums);
}

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
