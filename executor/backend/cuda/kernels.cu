// SPDX-License-Identifier: Apache-2.0
//
// Element-wise and row-wise operations.
#include "executor/backend/cuda/kernels.h"
#include "executor/backend/cuda/launch.h"
#include "executor/backend/cuda/operand.cuh"

namespace recurve::cuda {
namespace {

__global__ void BroadcastRowKernel(int64_t width, const float* row, float* y, int64_t stride) {
  const int64_t column = ColumnOfThread();
  if (column < width) y[RowOfBlock() * stride + column] = row[column];
}

template <class T>
__global__ void MakeOperandKernel(int64_t width, const float* x, int64_t stride, OperandRows to) {
  const int64_t column = ColumnOfThread();
  if (column < width) Put<T>(to, RowOfBlock(), column, x[RowOfBlock() * stride + column]);
}

// Transposes tiles of kTile x kTile in shared memory, so that global memory is read and written row by row.
constexpr int kTile = 32;
template <class T>
__global__ void MakeTransposedOperandKernel(int64_t n, int64_t width, const float* x, int64_t stride, OperandRows to) {
  __shared__ float tile[kTile][kTile + 1];
  const int64_t first_row = int64_t{blockIdx.x} * kTile;
  const int64_t first_column = int64_t{blockIdx.y} * kTile;
  for (int i = threadIdx.y; i < kTile; i += blockDim.y) {
    const int64_t row = first_row + i;
    const int64_t column = first_column + threadIdx.x;
    if (row < n && column < width) tile[i][threadIdx.x] = x[row * stride + column];
  }
  __syncthreads();
  for (int i = threadIdx.y; i < kTile; i += blockDim.y) {
    const int64_t row = first_column + i;
    const int64_t column = first_row + threadIdx.x;
    if (row < width && column < n) Put<T>(to, row, column, tile[threadIdx.x][i]);
  }
}

__global__ void MultiplyByMaskKernel(int64_t n, int64_t period, const float* x, const float* mask, float* y) {
  for (int64_t i = FirstElement(); i < n; i += ElementStride()) y[i] = x[i] * mask[i % period];
}

__global__ void AddKernel(int64_t n, const float* x, float* y) {
  for (int64_t i = FirstElement(); i < n; i += ElementStride()) y[i] += x[i];
}

__global__ void DropoutKernel(DropoutArgs a) {
  for (int64_t block = FirstElement(); block * 4 < a.n; block += ElementStride()) {
    const PhiloxState s = DropoutWords(a.seed, a.stream, a.first_block + block);
    const uint32_t words[4] = {s.c0, s.c1, s.c2, s.c3};
    for (int lane = 0; lane < 4; ++lane) {
      const int64_t i = block * 4 + lane;
      if (i >= a.n) break;
      const float x = a.x != nullptr ? a.x[i] : 1.0f;
      const float value = words[lane] >= a.threshold ? x * a.scale : 0.0f;
      a.y[i] = a.add ? a.y[i] + value : value;
    }
  }
}

__global__ void SgdKernel(int64_t n, SgdFactors factors, const float* g, float* w, float* momentum) {
  for (int64_t i = FirstElement(); i < n; i += ElementStride()) {
    SgdUpdate<ScalarMath>(factors, g[i], &w[i], &momentum[i]);
  }
}

__global__ void AdamWKernel(int64_t n, AdamWFactors factors, const float* g, float* w, float* m, float* v) {
  for (int64_t i = FirstElement(); i < n; i += ElementStride()) {
    AdamWUpdate<ScalarMath>(factors, g[i], &w[i], &m[i], &v[i]);
  }
}

}  // namespace

cudaError_t BroadcastRow(int64_t n, int64_t width, const float* row, float* y, int64_t stride, cudaStream_t stream) {
  if (n == 0 || width == 0) return cudaSuccess;
  return Launch(BroadcastRowKernel, RowGrid(n, width, kThreads), kThreads, stream, width, row, y, stride);
}

cudaError_t MakeOperand(int64_t n, int64_t width, const float* x, int64_t stride, const OperandRows& to,
                        cudaStream_t stream) {
  if (n == 0 || width == 0) return cudaSuccess;
  const auto kernel = to.element == Element::kFloat ? MakeOperandKernel<float> : MakeOperandKernel<__nv_bfloat16>;
  return Launch(kernel, RowGrid(n, width, kThreads), kThreads, stream, width, x, stride, to);
}

cudaError_t MakeTransposedOperand(int64_t n, int64_t width, const float* x, int64_t stride, const OperandRows& to,
                                  cudaStream_t stream) {
  if (n == 0 || width == 0) return cudaSuccess;
  const auto kernel =
      to.element == Element::kFloat ? MakeTransposedOperandKernel<float> : MakeTransposedOperandKernel<__nv_bfloat16>;
  const dim3 grid(static_cast<unsigned>(Blocks(n, kTile)), static_cast<unsigned>(Blocks(width, kTile)));
  return Launch(kernel, grid, dim3(kTile, kThreads / kTile), stream, n, width, x, stride, to);
}

cudaError_t MultiplyByMask(int64_t n, int64_t period, const float* x, const float* mask, float* y,
                           cudaStream_t stream) {
  if (n == 0) return cudaSuccess;
  return Launch(MultiplyByMaskKernel, ElementGrid(n), kThreads, stream, n, period, x, mask, y);
}

cudaError_t Add(int64_t n, const float* x, float* y, cudaStream_t stream) {
  if (n == 0) return cudaSuccess;
  return Launch(AddKernel, ElementGrid(n), kThreads, stream, n, x, y);
}

cudaError_t Dropout(const DropoutArgs& args, cudaStream_t stream) {
  if (args.n == 0) return cudaSuccess;
  return Launch(DropoutKernel, ElementGrid(Blocks(args.n, 4)), kThreads, stream, args);
}

cudaError_t Sgd(int64_t n, const SgdFactors& factors, const float* g, float* w, float* momentum, cudaStream_t stream) {
  if (n == 0) return cudaSuccess;
  return Launch(SgdKernel, ElementGrid(n), kThreads, stream, n, factors, g, w, momentum);
}

cudaError_t AdamW(int64_t n, const AdamWFactors& factors, const float* g, float* w, float* m, float* v,
                  cudaStream_t stream) {
  if (n == 0) return cudaSuccess;
  return Launch(AdamWKernel, ElementGrid(n), kThreads, stream, n, factors, g, w, m, v);
}

}  // namespace recurve::cuda
