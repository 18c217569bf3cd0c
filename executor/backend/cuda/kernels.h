// SPDX-License-Identifier: Apache-2.0
//
// The kernels of the CUDA backend, as the host starts them: what cuBLAS does not compute. Each launcher puts its work
// on `stream` and returns what the launch says; it starts nothing where there is nothing to do. Pointers are device
// addresses, tensors as in backend.h. Sums are formed in an order that depends on shapes alone, without atomics.
#ifndef RECURVE_EXECUTOR_BACKEND_CUDA_KERNELS_H_
#define RECURVE_EXECUTOR_BACKEND_CUDA_KERNELS_H_

#include <cuda_runtime_api.h>

#include <cstdint>

#include "executor/backend/pointwise.h"

namespace recurve::cuda {

// y[i, :] = row for each of the n rows of y [n, width].
cudaError_t BroadcastRow(int64_t n, int64_t width, const float* row, float* y, cudaStream_t stream);

// sums[j] += x[0, j] + .. + x[n-1, j], x [n, width].
cudaError_t AddColumnSums(int64_t n, int64_t width, const float* x, float* sums, cudaStream_t stream);

// table[tokens[i], :] += x[i, :] for i in order; each token >= 0.
cudaError_t ScatterAddRows(int64_t n, int64_t width, const int32_t* tokens, const float* x, float* table,
                           cudaStream_t stream);

struct DropoutArgs {
  int64_t n;
  uint64_t seed, stream, first_block;  // see DropoutWords
  uint32_t threshold;                  // see DropoutThreshold
  float scale;                         // of what is kept
  const float* x;
  float* y;  // may be x
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

// *sum += x . x, by way of kSquareParts doubles at `parts`.
inline constexpr int64_t kSquareParts = 1024;
cudaError_t SumOfSquares(int64_t n, const float* x, double* parts, double* sum, cudaStream_t stream);

cudaError_t Sgd(int64_t n, const SgdFactors& factors, const float* g, float* w, float* momentum, cudaStream_t stream);
cudaError_t AdamW(int64_t n, const AdamWFactors& factors, const float* g, float* w, float* m, float* v,
                  cudaStream_t stream);

// One step of an LSTM layer after its recurrent product, for some of the sequences.
struct LstmForwardStep {
  int64_t rows, H;
  const float* product;    // [rows, 4H], h_before times the recurrent weights
  const float* projected;  // [rows, 4H]; null: rows of `table`
  const float* table;      // [V, 4H]
  const int32_t* tokens;   // [rows]
  const float* c_before;   // [rows, H]
  float* gates;            // [rows, 4H], may be `projected`; null: not kept
  float* c;                // [rows, H]
  float* h;                // [rows, H]
};
cudaError_t LstmForward(const LstmForwardStep& step, cudaStream_t stream);

// One step of an LSTM layer backward, before the product that gives the gradient of h_before.
struct LstmBackwardStep {
  int64_t rows, H;
  const float* dh;        // [rows, H], from the step after
  const float* dh_above;  // [rows, H]; null: zero
  const float* c_before;  // [rows, H]
  const float* c;         // [rows, H]
  float* gates;           // [rows, 4H], in: activated gates; out: gradients of their pre-activations
  float* dc;              // [rows, H], in: from the step after; out: gradient of c_before
};
cudaError_t LstmBackward(const LstmBackwardStep& step, cudaStream_t stream);

}  // namespace recurve::cuda

#endif  // RECURVE_EXECUTOR_BACKEND_CUDA_KERNELS_H_
