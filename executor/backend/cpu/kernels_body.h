// SPDX-License-Identifier: Apache-2.0
//
// The kernel table for the instruction set this file is compiled for. Included once by each kernels_<isa>.cc.
#ifndef RECURVE_EXECUTOR_BACKEND_CPU_KERNELS_BODY_H_
#define RECURVE_EXECUTOR_BACKEND_CPU_KERNELS_BODY_H_

#include "executor/backend/cpu/kernels.h"
#include "executor/backend/cpu/kernels_cell.h"
#include "executor/backend/cpu/kernels_elementwise.h"
#include "executor/backend/cpu/kernels_gru_before.h"
#include "executor/backend/cpu/kernels_layer_norm.h"
#include "executor/backend/cpu/kernels_linear.h"
#include "executor/backend/cpu/simd.h"
#include "executor/backend/gru_cell.h"
#include "executor/backend/lstm_cell.h"
#include "executor/backend/rnn_cell.h"
#include "executor/backend/slstm_cell.h"

namespace recurve::cpu::RECURVE_CPU_ISA {

static_assert(TileStrips(kTileRows) * kLanes <= kMaxTileWidth);

// In the order of Cell.
inline constexpr CellKernels kCellTable[] = {kCellKernels<LstmCell>,    kCellKernels<GruCell>,
                                             kGruBeforeKernels,         kCellKernels<TanhRnnCell>,
                                             kCellKernels<ReluRnnCell>, kCellKernels<SlstmCell>};
constexpr bool HasEveryCellInItsPlace() {
  if (sizeof(kCellTable) / sizeof(kCellTable[0]) != sizeof(kCells) / sizeof(kCells[0])) return false;
  for (size_t i = 0; i < sizeof(kCells) / sizeof(kCells[0]); ++i) {
    if (kCellTable[i].cell != kCells[i] || static_cast<size_t>(kCells[i]) != i) return false;
  }
  return true;
}
static_assert(HasEveryCellInItsPlace(), "the table above and kCells must contain every Cell, in enum order");

inline constexpr Kernels kKernels = {.lanes = kLanes,
                                     .tile_rows = kTileRows,
                                     .pack = Pack,
                                     .linear = Linear,
                                     .weight_gradient = WeightGradient,
                                     .scatter_add_rows = ScatterAddRows,
                                     .cells = kCellTable,
                                     .multiply = Multiply,
                                     .add = Add,
                                     .layer_norm = LayerNorm,
                                     .layer_norm_input_gradient = LayerNormInputGradient,
                                     .layer_norm_weight_gradient = LayerNormWeightGradient,
                                     .dropout = Dropout,
                                     .softmax_cross_entropy = SoftmaxCrossEntropy,
                                     .sum_of_squares = SumOfSquares,
                                     .sgd = Sgd,
                                     .adamw = AdamW};

}  // namespace recurve::cpu::RECURVE_CPU_ISA

#endif  // RECURVE_EXECUTOR_BACKEND_CPU_KERNELS_BODY_H_
