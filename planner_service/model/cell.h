// SPDX-License-Identifier: Apache-2.0
//
// The recurrent cells. Everything that the model, the planner and the backends must know of a cell beyond its
// element-by-element formulas (the *_cell.h beside this file) is its row in GeometryOf.
#ifndef RECURVE_PLANNER_SERVICE_MODEL_CELL_H_
#define RECURVE_PLANNER_SERVICE_MODEL_CELL_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "planner_service/fields/named.h"

namespace recurve {

enum class Cell : uint8_t {
  kLstm,            // Hochreiter and Schmidhuber 1997, with forget gates
  kGru,             // Cho et al. 2014, the reset gate applied after the recurrent product, as cuDNN and PyTorch do
  kGruResetBefore,  // the same as published: the reset gate applied before the product
  kTanhRnn,         // Elman 1990
  kReluRnn,         // the same with max(x, 0)
  kSlstm,           // Beck et al. 2024 (xLSTM), one head: exponential gates, normaliser and stabiliser
};
inline constexpr Cell kCells[] = {Cell::kLstm,    Cell::kGru,     Cell::kGruResetBefore,
                                  Cell::kTanhRnn, Cell::kReluRnn, Cell::kSlstm};

inline constexpr int kMaxCellStates = 4;

// What a cell keeps, in tensors of H columns for each sequence.
struct CellGeometry {
  int states;  // S, of one state. The first is h: what the layer above and the recurrent product read
  int gates;   // G, pre-activations of a step; input [.., G H], recurrent weights [H, G H]
  int tape;    // A, activations of a step that its backward needs beyond the states; 0: none
  // After CellBackward a row of the gate buffer, W H wide, holds two overlapping gradients: of the input in blocks
  // [0, G), of the recurrent product in blocks [recurrent_block, recurrent_block + G).
  int recurrent_block;
  bool recurrent_bias;  // whether the recurrent product has a bias [G H] of its own
  // Whether a step has a second product, of what the first gave. A forward needs the gate buffer then, tape or not.
  bool two_products = false;
  // The states before and after a step that its backward reads: bit s for state s.
  uint8_t backward_reads_before = 0;
  uint8_t backward_reads_after = 0;

  constexpr int row() const { return tape > gates ? tape : gates; }  // W, of a row of the gate buffer
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
    case Cell::kGru:  // state h; input candidate, reset, update; product reset, update, candidate, which is taped too
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
    case Cell::kReluRnn:  // the state is its own tape
      return {.states = 1,
              .gates = 1,
              .tape = 0,
              .recurrent_block = 0,
              .recurrent_bias = false,
              .backward_reads_after = 0b1};
    case Cell::kSlstm:  // states h, c, n (normaliser), m (stabiliser); gates input, forget, candidate, output
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
