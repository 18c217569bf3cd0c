// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_BACKEND_CUDA_PRODUCTS_H_
#define RECURVE_EXECUTOR_BACKEND_CUDA_PRODUCTS_H_

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "executor/backend/cuda/cuda_handles.h"
#include "executor/backend/cuda/element.h"
#include "executor/backend/precision.h"

namespace recurve::cuda {

// A matrix of fp32; rows begin `stride` floats apart.
struct FloatRows {
  const float* data;
  int64_t stride;
};

// A factor of a product, as it lies in memory or transposed.
struct Factor {
  OperandRows rows;
  bool transposed = false;
};

// Device memory of a stream's operations. Operations of one stream may share it: each use is over before the next.
struct Stretch {
  std::byte* data;
  int64_t bytes;
};

// Products on one stream, by cuBLAS. All matrices are row-major in device memory; sums are formed in fp32. The same
// product of the same operands has the same bits: no atomics, and a workspace of a fixed size. Not thread-safe.
class Products {
 public:
  // cuBLAS works in `workspace`; factors are rounded into `scratch`, where `precision` rounds them in memory.
  static absl::StatusOr<Products> Create(Precision precision, cudaStream_t stream, Stretch workspace, Stretch scratch);

  bool on_tensor_cores() const { return precision_ != Precision::kFp32; }
  Element element() const { return precision_ == Precision::kBf16 ? Element::kBf16 : Element::kFloat; }

  // c [m, n] = a b, or c += a b, with a [m, depth] and b [depth, n] once transposed as they say. Rows of c begin
  // `stride` floats apart.
  absl::Status Multiply(int64_t m, int64_t n, int64_t depth, const Factor& a, const Factor& b, bool add, float* c,
                        int64_t stride) const;

  // y [n, out] = x w, or y += x w; w [in, out] once transposed as it says.
  absl::Status TimesWeights(int64_t n, int64_t in, int64_t out, FloatRows x, const Factor& w, bool add, float* y,
                            int64_t stride) const;

  // dw [in, out] += x^T dy, with x [n, in] and dy [n, out]. Rows of dw begin `stride` floats apart.
  absl::Status AddWeightGradient(int64_t n, int64_t in, int64_t out, FloatRows x, FloatRows dy, float* dw,
                                 int64_t stride) const;

 private:
  Products(Precision precision, cudaStream_t stream, Stretch scratch, Blas blas)
      : precision_(precision), stream_(stream), scratch_(scratch), blas_(std::move(blas)) {}

  // The first n rows of x, `width` wide, as a factor: x itself, or rounded to `at`, which moves behind.
  absl::StatusOr<OperandRows> Operand(int64_t n, int64_t width, FloatRows x, std::byte** at) const;
  // How many rows, `bytes` each once rounded, are multiplied at a time.
  int64_t RowsAtATime(int64_t n, int64_t bytes) const;

  Precision precision_;
  cudaStream_t stream_;
  Stretch scratch_;
  Blas blas_;
};

}  // namespace recurve::cuda

#endif  // RECURVE_EXECUTOR_BACKEND_CUDA_PRODUCTS_H_
