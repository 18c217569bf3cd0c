// SPDX-License-Identifier: Apache-2.0
//
// The CPU kernels: one table per instruction set, from the same source (kernels_body.h) compiled once for each. A
// kernel computes one thread's part of an operation, given by ranges. Results do not depend on the partition. Kernels
// do not allocate.
#ifndef RECURVE_EXECUTOR_BACKEND_CPU_KERNELS_H_
#define RECURVE_EXECUTOR_BACKEND_CPU_KERNELS_H_

#include <cstdint>

#include "executor/backend/arguments.h"
#include "executor/backend/pointwise.h"
#include "planner_service/model/cell.h"

namespace recurve::cpu {

struct Range {
  int64_t begin, end;
};

// A packed matrix [depth, width], stored in strips of one vector of columns, [depth, lanes] each. The last strip is
// padded with zeros.
struct PackArgs {
  const float* w;  // element (d, j) is at w[d * depth_stride + j * width_stride]
  int64_t depth, width, depth_stride, width_stride;
  float* packed;
};

// y = x w + bias, or y += x w. x [n, depth], y [n, width], bias [width] or null.
struct LinearArgs {
  int64_t depth, width;
  const float* x;
  int64_t x_stride;
  const float* packed;
  const float* bias;
  bool add;  // y += x w, without bias
  float* y;
  int64_t y_stride;
};

// dw [in, out] += x^T dy; dbias [out] += column sums of dy, unless null. Row r of x is at x_first + r * x_stride for
// r < first_rows, at x_rest + (r - first_rows) * x_stride from there on.
struct WeightGradientArgs {
  int64_t n, in, out;
  const float* x_first;
  int64_t first_rows;
  const float* x_rest;
  int64_t x_stride;
  const float* dy;
  int64_t dy_stride;
  float* dw;
  int64_t dw_stride;
  float* dbias;
};

struct ScatterAddArgs {
  int64_t n, width;
  const int32_t* tokens;
  const float* x;
  int64_t x_stride;
  float* table;
};

struct LayerNormArgs {
  int64_t width;
  const float* x;
  const float* gamma;
  const float* beta;
  float* y;
};

struct SoftmaxArgs {
  int64_t V;
  const int32_t* targets;
  float gradient_scale;
  float* logits;
};

struct DropoutArgs {
  uint64_t seed, stream, first_block;  // the block of element 0
  uint32_t threshold;
  float scale;
  const float* x;  // null: ones
  float* y;
  bool add;  // y += instead of y =
};

// Scratch memory per thread for WeightGradient.
inline constexpr int64_t kWeightGradientDepth = 256;      // rows of x and dy packed at a time
inline constexpr int64_t kWeightGradientMaxInputs = 516;  // columns of x packed at a time
inline constexpr int64_t kMaxTileWidth = 64;
inline constexpr int64_t kScratchFloats = kWeightGradientDepth * (kWeightGradientMaxInputs + kMaxTileWidth);

// The kernels of one cell.
struct CellKernels {
  Cell cell;
  void (*pack_recurrent)(Packing, const float* w, int64_t H, Range strips, float* packed);  // strips of H
  void (*forward)(const CellForwardArgs&, Range rows);
  void (*backward)(const CellBackwardArgs&, Range rows);
};

struct Kernels {
  int64_t lanes;      // floats in a vector
  int64_t tile_rows;  // maximum rows of a register tile

  void (*pack)(const PackArgs&, Range strips);

  void (*linear)(const LinearArgs&, Range rows, Range strips);
  void (*weight_gradient)(const WeightGradientArgs&, Range tiles, Range strips,
                          float* scratch);  // tiles of tile_rows inputs
  void (*scatter_add_rows)(const ScatterAddArgs&, Range columns);

  const CellKernels* cells;  // one per Cell, in enum order

  void (*multiply)(const float* x, const float* y, float* product, Range elements);
  void (*add)(const float* x, float* y, Range elements);
  void (*layer_norm)(const LayerNormArgs&, Range rows);
  void (*layer_norm_input_gradient)(const LayerNormBackwardArgs&, Range rows);
  void (*layer_norm_weight_gradient)(const LayerNormBackwardArgs&, Range columns);

  void (*dropout)(const DropoutArgs&, Range elements);              // begins at a multiple of 4
  double (*softmax_cross_entropy)(const SoftmaxArgs&, Range rows);  // the loss of these rows
  double (*sum_of_squares)(const float* x, Range elements);
  void (*sgd)(const SgdFactors&, const SgdArgs&, Range elements);
  void (*adamw)(const AdamWFactors&, const AdamWArgs&, Range elements);
};

// Defined in kernels_<isa>.cc. The kernels may run only if the processor supports them: see instruction_sets.h.
const Kernels& Avx512Kernels();
const Kernels& Avx2Kernels();
const Kernels& PortableKernels();

}  // namespace recurve::cpu

#endif  // RECURVE_EXECUTOR_BACKEND_CPU_KERNELS_H_
