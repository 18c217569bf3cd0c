// SPDX-License-Identifier: Apache-2.0
#include "executor/profile/operation.h"

namespace recurve {
namespace {

constexpr int64_t kFloat = sizeof(float);
constexpr int64_t kToken = sizeof(int32_t);

}  // namespace

std::string_view ToString(Operation operation) {
  constexpr std::string_view kNames[kOperations] = {"upload",
                                                    "download",
                                                    "copy",
                                                    "zero",
                                                    "store",
                                                    "fetch",
                                                    "pack",
                                                    "pack recurrent",
                                                    "linear forward",
                                                    "linear input gradient",
                                                    "linear weight gradient",
                                                    "scatter add",
                                                    "cell forward",
                                                    "cell backward",
                                                    "cell weight gradient",
                                                    "layer norm forward",
                                                    "layer norm backward",
                                                    "add",
                                                    "dropout",
                                                    "softmax cross-entropy",
                                                    "sum of squares",
                                                    "sgd",
                                                    "adamw"};
  return kNames[static_cast<int>(operation)];
}

OperationCost CopyCost(int64_t bytes) { return {.bytes = 2 * bytes}; }
OperationCost ZeroCost(int64_t bytes) { return {.bytes = bytes}; }
OperationCost PackCost(int64_t rows, int64_t cols) { return {.bytes = 2 * rows * cols * kFloat}; }

OperationCost LinearForwardCost(int64_t n, int64_t in, int64_t out, bool bias) {
  return {.flops = 2 * n * in * out, .bytes = kFloat * (n * in + in * out + (bias ? out : 0) + n * out)};
}

OperationCost LinearInputGradientCost(int64_t n, int64_t in, int64_t out) {
  return LinearForwardCost(n, out, in, /*bias=*/false);
}

OperationCost LinearWeightGradientCost(int64_t n, int64_t in, int64_t out, bool dbias) {
  return {.flops = 2 * n * in * out, .bytes = kFloat * (n * in + n * out + 2 * in * out + (dbias ? 2 * out : 0))};
}

OperationCost ScatterAddRowsCost(int64_t n, int64_t width) {
  return {.flops = n * width, .bytes = kToken * n + kFloat * 3 * n * width};
}

OperationCost CostOf(const CellForwardArgs& args) {
  const CellGeometry cell = GeometryOf(args.cell);
  const int64_t G = cell.gates;
  const int64_t step = args.B * args.H;  // one state tensor
  int64_t floats = args.k * step * G;    // projected input, or rows of the table
  floats += args.H * G * args.H + (args.recurrent_bias != nullptr ? G * args.H : 0);
  floats += (args.k + 1) * step * cell.states;  // first in; inner and last out
  if (args.gates != nullptr) floats += args.k * step * cell.tape;
  if (args.recurrent_mask != nullptr) floats += step;
  const int64_t tokens = args.input.projected == nullptr ? args.k * args.B : 0;
  return {.flops = 2 * args.k * step * G * args.H, .bytes = kFloat * floats + kToken * tokens};
}

OperationCost CostOf(const CellBackwardArgs& args) {
  const CellGeometry cell = GeometryOf(args.cell);
  const int64_t G = cell.gates;
  const int64_t step = args.B * args.H;
  int64_t floats = args.H * G * args.H;
  floats += args.k * step * (cell.tape + cell.recurrent_block + G);  // activations in; gradients out
  floats += (args.k + 1) * step * cell.states;                       // first, inner, last
  floats += 2 * step * cell.states;                                  // d
  if (args.dh_above != nullptr) floats += args.k * step;
  if (args.recurrent_mask != nullptr) floats += step;
  return {.flops = 2 * args.k * step * G * args.H, .bytes = kFloat * floats};
}

OperationCost CostOf(const CellWeightGradientArgs& args) {
  const int64_t G = GeometryOf(args.cell).gates;
  OperationCost cost = LinearWeightGradientCost(args.k * args.B, args.H, G * args.H, args.dbias != nullptr);
  if (args.recurrent_mask != nullptr) cost.bytes += kFloat * args.B * args.H;
  return cost;
}

OperationCost LayerNormForwardCost(int64_t n, int64_t width) {
  constexpr int64_t kFlops = 8;  // mean 1, variance 3, normalized 2, gain and bias 2
  return {.flops = kFlops * n * width, .bytes = kFloat * (2 * n * width + 2 * width)};
}

OperationCost CostOf(const LayerNormBackwardArgs& args) {
  // Mean 1, variance 3, normalized 2, dgamma 2, dbeta 1; dx: gain 1, two sums 3, result 5.
  constexpr int64_t kFlops = 18;
  const int64_t elements = args.n * args.width;
  return {.flops = kFlops * elements, .bytes = kFloat * (3 * elements + 5 * args.width)};
}

OperationCost AddCost(int64_t n) { return {.flops = n, .bytes = kFloat * 3 * n}; }

OperationCost DropoutCost(int64_t n, bool x, bool add) {
  const int64_t arrays = 1 + (x ? 1 : 0) + (add ? 1 : 0);
  return {.flops = (x ? n : 0) + (add ? n : 0), .bytes = kFloat * arrays * n};
}

OperationCost SoftmaxCrossEntropyCost(int64_t n, int64_t V) {
  constexpr int64_t kFlops = 6;  // largest 1, difference 1, exponential 1, sum 1, gradient 2
  return {.flops = kFlops * n * V, .bytes = kToken * n + kFloat * 2 * n * V};
}

OperationCost SumOfSquaresCost(int64_t n) { return {.flops = 2 * n, .bytes = kFloat * n}; }

OperationCost CostOf(const SgdArgs& args) {
  constexpr int64_t kFlops = 7;  // gradient 3, momentum 2, weight 2
  return {.flops = kFlops * args.n, .bytes = kFloat * 5 * args.n};
}

OperationCost CostOf(const AdamWArgs& args) {
  constexpr int64_t kFlops = 17;  // gradient 1, moments 3 and 4, corrections 2, root 1, epsilon 1, quotient 1, weight 4
  return {.flops = kFlops * args.n, .bytes = kFloat * 7 * args.n};
}

}  // namespace recurve
