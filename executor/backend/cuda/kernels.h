// SPDX-License-Identifier: Apache-2.0
//
// Host launchers for the kernels of everything that cuBLAS does not compute. Each enqueues its work on `stream` and
// returns the launch's error; empty work launches nothing. Pointers are device addresses; tensors are as in backend.h.
// The order of summation depends only on shapes; there are no atomics.
#ifndef RECURVE_EXECUTOR_BACKEND_CUDA_KERNELS_H_
#define RECURVE_EXECUTOR_BACKEND_CUDA_KERNELS_H_

#include <cuda_runtime_api.h>

#include <cstdint>

#include "executor/backend/arguments.h"
#include "executor/backend/cuda/element.h"
#include "executor/backend/pointwise.h"

namespace recurve::cuda {

// y[i, :] = row for each of the n rows of y [n, width], which begin `stride` floats apart.
cudaError_t BroadcastRow(int64_t n, int64_t width, const float* row, float* y, int64_t stride, cudaStream_t stream);

// to[i, :] = x[i, :], rounded to to.element; rows of x [n, width] begin `stride` floats apart.
cudaError_t MakeOperand(int64_t n, int64_t width, const float* x, int64_t stride, const OperandRows& to,
                        cudaStream_t stream);

// to[j, :] = x[:, j], rounded; `to` is [width, n].
cudaError_t MakeTransposedOperand(int64_t n, int64_t width, const float* x, int64_t stride, const OperandRows& to,
                                  cudaStream_t stream);

// y[i] = x[i] mask[i % period].
cudaError_t MultiplyByMask(int64_t n, int64_t period, const float* x, const float* mask, float* y, cudaStream_t stream);

cudaError_t Add(int64_t n, const float* x, float* y, cudaStream_t stream);  // y += x

// table[tokens[i], :] += x[i, :] for i in order; each token in [0, V). Rows of x begin `stride` floats apart.
cudaError_t ScatterAddRows(int64_t n, int64_t width, int64_t V, const int32_t* tokens, const float* x, int64_t stride,
                           float* table, cudaStream_t stream);

// Sums over rows are computed in parts, which are then added in order. The parts take ColumnSumFloats of scratch
// memory.
inline constexpr int64_t kColumnParts = 64;
constexpr int64_t ColumnSumFloats(int64_t width) { return kColumnParts * width; }

// sums[j] += x[0, j] + .. + x[n-1, j]; rows of x begin `stride` floats apart. `scratch` holds `floats`, at least
// ColumnSumFloats(1); the more, the more columns are summed at a time.
cudaError_t AddColumnSums(int64_t n, int64_t width, const float* x, int64_t stride, float* scratch, int64_t floats,
                          float* sums, cudaStream_t stream);

// Layer norm as in Backend. The backward pass needs LayerNormFloats of scratch memory.
cudaError_t LayerNormForward(int64_t n, int64_t width, const float* x, const float* gamma, const float* beta, float* y,
                             cudaStream_t stream);
constexpr int64_t LayerNormFloats(int64_t n, int64_t width) { return 2 * n + ColumnSumFloats(width); }
cudaError_t LayerNormBackward(const LayerNormBackwardArgs& args, float* scratch, cudaStream_t stream);

struct DropoutArgs {
  int64_t n;
  uint64_t seed, stream, first_block;  // see DropoutWords
  uint32_t threshold;                  // see DropoutThreshold
  float scale;                         // of kept elements
  const float* x;                      // null: ones
  float* y;                            // may be x
  bool add;                            // to y instead of overwriting it
};
cudaError_t Dropout(const DropoutArgs& args, cudaStream_t stream);

struct SoftmaxArgs {
  int64_t n, V;
  const int32_t* targets;  // [n]; negative: masked
  float gradient_scale;
  float* logits;   // [n, V]; out: gradients
  double* losses;  // [n], out: loss of each row
};
cudaError_t SoftmaxCrossEntropy(const SoftmaxArgs& args, cudaStream_t stream);

// *sum += parts[0] + .. + parts[n-1].
cudaError_t AddParts(int64_t n, const double* parts, double* sum, cudaStream_t stream);

// *sum += x . x. `parts` is scratch memory for kSquareParts doubles.
inline constexpr int64_t kSquareParts = 1024;
cudaError_t SumOfSquares(int64_t n, const float* x, double* parts, double* sum, cudaStream_t stream);

cudaError_t Sgd(int64_t n, const SgdFactors& factors, const float* g, float* w, float* momentum, cudaStream_t stream);
cudaError_t AdamW(int64_t n, const AdamWFactors& factors, const float* g, float* w, float* m, float* v,
                  cudaStream_t stream);

}  // namespace recurve::cuda

#endif  // RECURVE_EXECUTOR_BACKEND_CUDA_KERNELS_H_
