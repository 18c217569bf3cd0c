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

CLI::Option* AddCell(CLI::App& app, Cell& cell) {
  std::map<std::string, Cell> cells;
  for (const Cell known : kCells) cells.emplace(ToString(known), known);
  return AddChoice(app, "--cell", cell, cells, "recurrent layer");
}

CLI::Option* AddResidual(CLI::App& app, bool& residual) {
  return app.add_flag("--residual", residual, "layers above the first add their input to their output");
}

CLI::Option* AddLayerNorm(CLI::App& app, bool& layer_norm) {
  return app.add_flag("--layer-norm", layer_norm,
                      "layer norm before each layer above the first and before the output layer");
}

CLI::Option* AddRecurrentDropout(CLI::App& app, double& rate) {
  return AddShare(app, "--recurrent-dropout", rate,
                  "of the state in the recurrent product, one mask for the whole sequence, 0 to below 1");
}

}  // namespace recurve
