// SPDX-License-Identifier: Apache-2.0
//
// Operations on each element or row by itself.
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

__global__ void MultiplyByMaskKernel(int64_t n, int64_t period, const float* x, const float* mask, float* y) {
  for (int64_t i = FirstElement(); i < n; i += ElementStride()) y[i] = x[i] * mask[i % period];
}

__global__ void AddKernel(int64_t n, const float* x, float* y) {
  for (int64_t i = FirstElement(); i < n; i += ElementStride()) y[i] += x[i];
}

// A block for each i and tile of columns. The block of a token's first i adds the rows of all its i, in order; the
// others leave.
__global__ void ScatterAddRowsKernel(int64_t n, int64_t width, const int32_t* tokens, const float* x, int64_t stride,
                                     float* table) {
  __shared__ int32_t tile[kThreads];
  const int64_t first = RowOfBlock();
  const int32_t token = tokens[first];
  for (int64_t begin = 0; begin < first; begin += kThreads) {
    const int64_t i = begin + threadIdx.x;
    if (__syncthreads_or(i < first && tokens[i] == token)) return;
  }
  const int64_t column = ColumnOfThread();
  float* const to = table + token * width + column;
  float sum = column < width ? *to : 0.0f;
  for (int64_t begin = first; begin < n; begin += kThreads) {
    const int64_t i = begin + threadIdx.x;
    const int32_t other = i < n ? tokens[i] : -1;
    tile[threadIdx.x] = other;
    if (!__syncthreads_or(other == token)) continue;
    if (column < width) {
      for (int j = 0; j < kThreads; ++j) {
        if (tile[j] == token) sum += x[(begin + j) * stride + column];
      }
    }
    __syncthreads();  // before the tile is written again
  }
  if (column < width) *to = sum;
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

cudaError_t MultiplyByMask(int64_t n, int64_t period, const float* x, const float* mask, float* y,
                           cudaStream_t stream) {
  if (n == 0) return cudaSuccess;
  return Launch(MultiplyByMaskKernel, ElementGrid(n), kThreads, stream, n, period, x, mask, y);
}

cudaError_t Add(int64_t n, const float* x, float* y, cudaStream_t stream) {
  if (n == 0) return cudaSuccess;
  return Launch(AddKernel, ElementGrid(n), kThreads, stream, n, x, y);
}

cudaError_t ScatterAddRows(int64_t n, int64_t width, const int32_t* tokens, const float* x, int64_t stride,
                           float* table, cudaStream_t stream) {
  if (n == 0 || width == 0) return cudaSuccess;
  return Launch(ScatterAddRowsKernel, RowGrid(n, width, kThreads), kThreads, stream, n, width, tokens, x, stride,
                table);
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
