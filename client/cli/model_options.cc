// SPDX-License-Identifier: Apache-2.0
#include "client/cli/model_options.h"

#include <map>
#include <string>

#include "client/cli/option_values.h"

namespace recurve {

const char* CellTitle(Cell cell) {
  switch (cell) {
    case Cell::kLstm:
      return "LSTM";
    case Cell::kGru:
      return "GRU";
    case Cell::kGruResetBefore:
      return "GRU with the reset gate before the product";
    case Cell::kTanhRnn:
      return "tanh RNN";
    case Cell::kReluRnn:
      return "ReLU RNN";
    case Cell::kSlstm:
      return "sLSTM";
  }
  return "unknown cell";
}

void AddCell(const Section& section, Cell& cell) {
  std::map<std::string, Cell> cells;
  for (const Cell known : kCells) cells.emplace(ToString(known), known);
  AddChoice(section, "--cell", cell, cells, "recurrent layer");
}

void AddResidual(const Section& section, bool& residual) {
  AddFlag(section, "--residual", residual, "layers above the first add their input to their output");
}

void AddLayerNorm(const Section& section, bool& layer_norm) {
  AddFlag(section, "--layer-norm", layer_norm,
          "layer norm before each layer above the first and before the output layer");
}

void AddRecurrentDropout(const Section& section, double& rate) {
  AddShare(section, "--recurrent-dropout", rate,
           "of the state in the recurrent product, one mask for the whole sequence, 0 to below 1");
}

}  // namespace recurve
