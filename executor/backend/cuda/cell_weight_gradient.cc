// SPDX-License-Identifier: Apache-2.0
#include "executor/backend/cuda/cell_weight_gradient.h"

#include "executor/backend/cuda/cuda_status.h"
#include "executor/backend/cuda/kernels.h"
#include "planner_service/status/status_macros.h"

namespace recurve::cuda {
namespace {

// The product's input h of the first step and of the other steps.
struct ReadByProduct {
  const float* first;  // [B, H]
  const float* rest;   // [k-1, B, H]
};

absl::StatusOr<ReadByProduct> Mask(const CellWeightGradientArgs& a, cudaStream_t stream) {
  if (a.recurrent_mask == nullptr) return ReadByProduct{a.h_first, a.h};
  const int64_t BH = a.B * a.H;
  cudaError_t error = MultiplyByMask(BH, BH, a.h_first, a.recurrent_mask, a.masked, stream);
  if (error == cudaSuccess) {
    error = MultiplyByMask((a.k - 1) * BH, BH, a.h, a.recurrent_mask, a.masked + BH, stream);
  }
  if (error != cudaSuccess) return ToStatus(error, "mask");
  return ReadByProduct{a.masked, a.masked + BH};
}

}  // namespace

absl::Status AddCellWeightGradient(const CellWeightGradientArgs& a, const Products& products, cudaStream_t stream,
                                   Scratch scratch) {
  const CellGeometry geometry = GeometryOf(a.cell);
  const int64_t width = geometry.gates * a.H;
  const int64_t stride = geometry.row() * a.H;
  const float* dproduct = a.gates + geometry.recurrent_block * a.H;
  const int64_t columns = geometry.two_products ? width - a.H : width;  // of the product of h
  ASSIGN_OR_RETURN(const ReadByProduct h, Mask(a, stream));
  absl::Status status = products.AddWeightGradient(a.B, a.H, columns, {h.first, a.H}, {dproduct, stride}, a.dw, width);
  if (status.ok()) {
    const FloatRows rest{dproduct + a.B * stride, stride};
    status = products.AddWeightGradient((a.k - 1) * a.B, a.H, columns, {h.rest, a.H}, rest, a.dw, width);
  }
  if (status.ok() && geometry.two_products) {
    const FloatRows read{a.gates + width, stride};  // the other product's input, from the tape
    status = products.AddWeightGradient(a.k * a.B, a.H, a.H, read, {dproduct + columns, stride}, a.dw + columns, width);
  }
  if (!status.ok() || a.dbias == nullptr) return status;
  return ToStatus(AddColumnSums(a.k * a.B, width, dproduct, stride, reinterpret_cast<float*>(scratch.data),
                                scratch.bytes / static_cast<int64_t>(sizeof(float)), a.dbias, stream),
                  "bias gradient");
}

}  // namespace recurve::cuda
