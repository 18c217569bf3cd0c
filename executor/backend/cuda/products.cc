// SPDX-License-Identifier: Apache-2.0
#include "executor/backend/cuda/products.h"

#include <cublas_v2.h>

#include <algorithm>
#include <utility>

#include "executor/backend/cuda/cuda_status.h"
#include "executor/backend/cuda/kernels.h"
#include "planner_service/status/status_macros.h"

namespace recurve::cuda {
namespace {

// How cuBLAS computes a product. The pedantic modes use single precision throughout; bf16 products accumulate in fp32.
struct Arithmetic {
  cublasMath_t mode;
  cublasComputeType_t compute;
};

Arithmetic ArithmeticOf(Precision precision) {
  switch (precision) {
    case Precision::kTf32:
      return {CUBLAS_TF32_TENSOR_OP_MATH, CUBLAS_COMPUTE_32F_FAST_TF32};
    case Precision::kBf16:
      return {CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION, CUBLAS_COMPUTE_32F};
    case Precision::kFp32:
      break;
  }
  return {CUBLAS_PEDANTIC_MATH, CUBLAS_COMPUTE_32F_PEDANTIC};
}

cudaDataType_t TypeOf(Element element) { return element == Element::kFloat ? CUDA_R_32F : CUDA_R_16BF; }

cublasOperation_t OperationOf(const Factor& factor) { return factor.transposed ? CUBLAS_OP_T : CUBLAS_OP_N; }

}  // namespace

absl::StatusOr<Products> Products::Create(Precision precision, cudaStream_t stream, Scratch workspace,
                                          Scratch scratch) {
  cublasHandle_t handle = nullptr;
  RETURN_IF_ERROR(ToStatus(cublasCreate(&handle), "start"));
  Blas blas(handle);
  cublasStatus_t error = cublasSetStream(handle, stream);
  // After cublasSetStream, which resets the workspace.
  if (error == CUBLAS_STATUS_SUCCESS) error = cublasSetWorkspace(handle, workspace.data, workspace.bytes);
  if (error == CUBLAS_STATUS_SUCCESS) error = cublasSetMathMode(handle, ArithmeticOf(precision).mode);
  if (error == CUBLAS_STATUS_SUCCESS) error = cublasSetAtomicsMode(handle, CUBLAS_ATOMICS_NOT_ALLOWED);
  if (error == CUBLAS_STATUS_SUCCESS) error = cublasSetPointerMode(handle, CUBLAS_POINTER_MODE_HOST);
  RETURN_IF_ERROR(ToStatus(error, "set up"));
  return Products(precision, stream, scratch, std::move(blas));
}

// cuBLAS is column-major and sees each matrix transposed, so it computes c^T = b^T a^T.
absl::Status Products::Multiply(int64_t m, int64_t n, int64_t depth, const Factor& a, const Factor& b, bool add,
                                float* c, int64_t stride) const {
  if (m == 0 || n == 0) return absl::OkStatus();
  const float one = 1;
  const float beta = add ? 1 : 0;
  const cudaDataType_t type = TypeOf(element());
  return ToStatus(cublasGemmEx_64(blas_.get(), OperationOf(b), OperationOf(a), n, m, depth, &one, b.rows.data, type,
                                  b.rows.stride, a.rows.data, type, a.rows.stride, &beta, c, CUDA_R_32F, stride,
                                  ArithmeticOf(precision_).compute, CUBLAS_GEMM_DEFAULT),
                  "product");
}

absl::Status Products::TimesWeights(int64_t n, int64_t in, int64_t out, FloatRows x, const Factor& w, bool add,
                                    float* y, int64_t stride) const {
  const int64_t most = RowsAtATime(n, OperandStride(element(), in) * BytesOf(element()));
  for (int64_t row = 0; row < n; row += most) {
    const int64_t rows = std::min(most, n - row);
    std::byte* at = scratch_.data;
    ASSIGN_OR_RETURN(const OperandRows part, Operand(rows, in, {x.data + row * x.stride, x.stride}, &at));
    RETURN_IF_ERROR(Multiply(rows, out, in, {part}, w, add, y + row * stride, stride));
  }
  return absl::OkStatus();
}

absl::Status Products::AddWeightGradient(int64_t n, int64_t in, int64_t out, FloatRows x, FloatRows dy, float* dw,
                                         int64_t stride) const {
  const int64_t elements = OperandStride(element(), in) + OperandStride(element(), out);
  const int64_t most = RowsAtATime(n, elements * BytesOf(element()));
  for (int64_t row = 0; row < n; row += most) {
    const int64_t rows = std::min(most, n - row);
    std::byte* at = scratch_.data;
    ASSIGN_OR_RETURN(const OperandRows a, Operand(rows, in, {x.data + row * x.stride, x.stride}, &at));
    ASSIGN_OR_RETURN(const OperandRows b, Operand(rows, out, {dy.data + row * dy.stride, dy.stride}, &at));
    RETURN_IF_ERROR(Multiply(in, out, rows, {a, true}, {b}, true, dw, stride));
  }
  return absl::OkStatus();
}

absl::StatusOr<OperandRows> Products::Operand(int64_t n, int64_t width, FloatRows x, std::byte** at) const {
  if (element() == Element::kFloat) return OperandRows{element(), const_cast<float*>(x.data), x.stride};
  const OperandRows rows{element(), *at, OperandStride(element(), width)};
  *at += n * rows.stride * BytesOf(element());
  RETURN_IF_ERROR(ToStatus(MakeOperand(n, width, x.data, x.stride, rows, stream_), "round"));
  return rows;
}

// One row always fits: it would need 8 million elements not to.
int64_t Products::RowsAtATime(int64_t n, int64_t bytes) const {
  return element() == Element::kFloat ? std::max<int64_t>(n, 1) : scratch_.bytes / bytes;
}

}  // namespace recurve::cuda
