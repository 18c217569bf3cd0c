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

// An fp32 matrix; rows begin `stride` floats apart.
struct FloatRows {
  const float* data;
  int64_t stride;
};

// An operand of a product, as stored or transposed.
struct Factor {
  OperandRows rows;
  bool transposed = false;
};

// Scratch device memory. Operations on one stream may share it, because they run one after another.
struct Scratch {
  std::byte* data;
  int64_t bytes;
};

// cuBLAS products on one stream. All matrices are row-major in device memory; accumulation is in fp32. Results are
// reproducible bit by bit: there are no atomics, and the workspace has a fixed size. Not thread-safe.
class Products {
 public:
  // `workspace` is for cuBLAS. `scratch` holds operands rounded to bf16, if `precision` requires that.
  static absl::StatusOr<Products> Create(Precision precision, cudaStream_t stream, Scratch workspace, Scratch scratch);

  bool on_tensor_cores() const { return precision_ != Precision::kFp32; }
  Element element() const { return precision_ == Precision::kBf16 ? Element::kBf16 : Element::kFloat; }

  // c [m, n] = a b, or c += a b if `add`. a is [m, depth] and b [depth, n], after transposition where requested. Rows
  // of c begin `stride` floats apart.
  absl::Status Multiply(int64_t m, int64_t n, int64_t depth, const Factor& a, const Factor& b, bool add, float* c,
                        int64_t stride) const;

  // y [n, out] = x w, or y += x w if `add`; w is [in, out], after transposition if requested.
  absl::Status TimesWeights(int64_t n, int64_t in, int64_t out, FloatRows x, const Factor& w, bool add, float* y,
                            int64_t stride) const;

  // dw [in, out] += x^T dy, with x [n, in] and dy [n, out]. Rows of dw begin `stride` floats apart.
  absl::Status AddWeightGradient(int64_t n, int64_t in, int64_t out, FloatRows x, FloatRows dy, float* dw,
                                 int64_t stride) const;

 private:
  Products(Precision precision, cudaStream_t stream, Scratch scratch, Blas blas)
      : precision_(precision), stream_(stream), scratch_(scratch), blas_(std::move(blas)) {}

  // The first n rows of x, `width` wide, as an operand: x itself, or a rounded copy at *at, which is advanced past it.
  absl::StatusOr<OperandRows> Operand(int64_t n, int64_t width, FloatRows x, std::byte** at) const;
  // How many rows are multiplied at a time, if a rounded row has `bytes`.
  int64_t RowsAtATime(int64_t n, int64_t bytes) const;

  Precision precision_;
  cudaStream_t stream_;
  Scratch scratch_;
  Blas blas_;
};

}  // namespace recurve::cuda

#endif  // RECURVE_EXECUTOR_BACKEND_CUDA_PRODUCTS_H_
