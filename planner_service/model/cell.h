// SPDX-License-Identifier: Apache-2.0
//
// The recurrent cells. Everything that the model, the planner and the backends need to know about a cell, apart from
// its element-wise formulas (executor/backend/*_cell.h), is in its entry in GeometryOf.
#ifndef RECURVE_PLANNER_SERVICE_MODEL_CELL_H_
#define RECURVE_PLANNER_SERVICE_MODEL_CELL_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "planner_service/fields/named.h"

namespace recurve {

enum class Cell : uint8_t {
  kLstm,            // Hochreiter and Schmidhuber 1997, with forget gates
  kGru,             // Cho et al. 2014, with the reset gate after the recurrent product, as in cuDNN and PyTorch
  kGruResetBefore,  // Cho et al. 2014 as published, with the reset gate before the product
  kTanhRnn,         // Elman 1990
  kReluRnn,         // Elman's cell with max(x, 0)
  kSlstm,           // Beck et al. 2024 (xLSTM), one head: exponential gates, normalizer and stabilizer
};
inline constexpr Cell kCells[] = {Cell::kLstm,    Cell::kGru,     Cell::kGruResetBefore,
                                  Cell::kTanhRnn, Cell::kReluRnn, Cell::kSlstm};

inline constexpr int kMaxCellStates = 4;

// The sizes of a cell, in tensors of H columns per sequence.
struct CellGeometry {
  int states;  // S, tensors per state. The first is h, which the layer above and the recurrent product read
  int gates;   // G, pre-activations per step; input [.., G H], recurrent weights [H, G H]
  int tape;    // A, activations per step that its backward needs in addition to the states
  // After CellBackward, a row of the gate buffer, W H wide, holds two overlapping gradients: of the input in blocks
  // [0, G), of the recurrent product in blocks [recurrent_block, recurrent_block + G).
  int recurrent_block;
  bool recurrent_bias;  // whether the recurrent product has its own bias [G H]
  // Whether a step has a second product, of the result of the first. A forward then needs the gate buffer even without
  // a tape.
  bool two_products = false;
  // The state tensors before and after a step that its backward reads: bit s for tensor s.
  uint8_t backward_reads_before = 0;
  uint8_t backward_reads_after = 0;

  constexpr int row() const { return tape > gates ? tape : gates; }  // W, blocks per row of the gate buffer
};

constexpr CellGeometry GeometryOf(Cell cell) {
  switch (cell) {
    case Cell::kLstm:  // states h, c; gates input, forget, candidate, output
      return {.states = 2,
              .gates = 4,
              .tape = 4,
              .recurrent_block = 0,
              .recurrent_bias = false,
              .backward_reads_before = 0b10,
              .backward_reads_after = 0b10};
    case Cell::kGru:  // state h; input candidate, reset, update; product reset, update, candidate (also taped)
      return {.states = 1,
              .gates = 3,
              .tape = 4,
              .recurrent_block = 1,
              .recurrent_bias = true,
              .backward_reads_before = 0b1};
    case Cell::kGruResetBefore:  // state h; gates reset, update, candidate; r * h is taped in the fourth block
      return {.states = 1,
              .gates = 3,
              .tape = 4,
              .recurrent_block = 0,
              .recurrent_bias = false,
              .two_products = true,
              .backward_reads_before = 0b1};
    case Cell::kTanhRnn:
    case Cell::kReluRnn:  // the states serve as the tape
      return {.states = 1,
              .gates = 1,
              .tape = 0,
              .recurrent_block = 0,
              .recurrent_bias = false,
              .backward_reads_after = 0b1};
    case Cell::kSlstm:  // states h, c, n (normalizer), m (stabilizer); gates input, forget, candidate, output
      return {.states = 4,
              .gates = 4,
              .tape = 4,
              .recurrent_block = 0,
              .recurrent_bias = false,
              .backward_reads_before = 0b1110,
              .backward_reads_after = 0b1110};
  }
  return {};
}

inline constexpr Named<Cell> kCellNames[] = {
    {"lstm", Cell::kLstm},    {"gru", Cell::kGru},      {"gru-reset-before", Cell::kGruResetBefore},
    {"tanh", Cell::kTanhRnn}, {"relu", Cell::kReluRnn}, {"slstm", Cell::kSlstm},
};
constexpr std::string_view ToString(Cell cell) { return NameOf(kCellNames, cell); }
inline constexpr Named<Cell> kCellTitles[] = {
    {"LSTM", Cell::kLstm},
    {"GRU", Cell::kGru},
    {"GRU with the reset gate before the product", Cell::kGruResetBefore},
    {"tanh RNN", Cell::kTanhRnn},
    {"ReLU RNN", Cell::kReluRnn},
    {"sLSTM", Cell::kSlstm},
};
constexpr std::optional<Cell> ParseCell(std::string_view name) { return ValueOf(kCellNames, name); }

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_MODEL_CELL_H_
