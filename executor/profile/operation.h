// SPDX-License-Identifier: Apache-2.0
//
// The operations of a Backend and the minimum work of each, for a roofline model (Williams, Waterman and Patterson,
// "Roofline: An Insightful Visual Performance Model", 2009).
//
// Flops. Operations with a product: 2 for each multiply-add of the product and nothing else (no biases, gates and
// masks), as in benchmarks/. Other operations: 1 for each fp32 addition, multiplication, division, comparison, square
// root and exponential in their formulas; integer operations of random numbers do not count.
//
// Bytes. Every array in the arguments is moved once in each direction it is used: the cache is empty before the
// operation and perfect within it. Recurrent weights therefore count once per link, although every step reads them.
// Scratch does not count. Table rows selected by tokens count once per token, since repetitions are unknown here. In a
// ragged batch all steps count.
#ifndef RECURVE_EXECUTOR_PROFILE_OPERATION_H_
#define RECURVE_EXECUTOR_PROFILE_OPERATION_H_

#include <cstdint>
#include <string_view>

#include "executor/backend/arguments.h"

namespace recurve {

enum class Operation : uint8_t {
  kUpload,
  kDownload,
  kCopy,
  kZero,
  kStore,
  kFetch,
  kPack,
  kPackRecurrent,
  kLinearForward,
  kLinearInputGradient,
  kLinearWeightGradient,
  kScatterAddRows,
  kCellForward,
  kCellBackward,
  kCellWeightGradient,
  kLayerNormForward,
  kLayerNormBackward,
  kAdd,
  kDropout,
  kSoftmaxCrossEntropy,
  kSumOfSquares,
  kSgd,
  kAdamW,
};
inline constexpr int kOperations = 23;

std::string_view ToString(Operation operation);  // "cell forward"

struct OperationCost {
  int64_t flops = 0;
  int64_t bytes = 0;

  OperationCost& operator+=(const OperationCost& other) {
    flops += other.flops;
    bytes += other.bytes;
    return *this;
  }
};

// The arguments are those of the Backend's methods.
OperationCost CopyCost(int64_t bytes);  // also uploads, downloads, stores and fetches
OperationCost ZeroCost(int64_t bytes);
OperationCost PackCost(int64_t rows, int64_t cols);
OperationCost LinearForwardCost(int64_t n, int64_t in, int64_t out, bool bias);
OperationCost LinearInputGradientCost(int64_t n, int64_t in, int64_t out);
OperationCost LinearWeightGradientCost(int64_t n, int64_t in, int64_t out, bool dbias);
OperationCost ScatterAddRowsCost(int64_t n, int64_t width);
OperationCost CostOf(const CellForwardArgs& args);
OperationCost CostOf(const CellBackwardArgs& args);
OperationCost CostOf(const CellWeightGradientArgs& args);
OperationCost LayerNormForwardCost(int64_t n, int64_t width);
OperationCost CostOf(const LayerNormBackwardArgs& args);
OperationCost AddCost(int64_t n);
OperationCost DropoutCost(int64_t n, bool x, bool add);
OperationCost SoftmaxCrossEntropyCost(int64_t n, int64_t V);
OperationCost SumOfSquaresCost(int64_t n);
OperationCost CostOf(const SgdArgs& args);
OperationCost CostOf(const AdamWArgs& args);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_PROFILE_OPERATION_H_
