// SPDX-License-Identifier: Apache-2.0
//
// Options that say what a model is made of, the same for every command that takes a model.
#ifndef RECURVE_CLIENT_CLI_MODEL_OPTIONS_H_
#define RECURVE_CLIENT_CLI_MODEL_OPTIONS_H_

#include "CLI/CLI.hpp"
#include "executor/backend/cell.h"

namespace recurve {

// "LSTM", "GRU", "GRU with the reset gate before the product", "tanh RNN", "ReLU RNN", "sLSTM".
const char* CellTitle(Cell cell);

CLI::Option* AddCell(CLI::App& app, Cell& cell);
CLI::Option* AddResidual(CLI::App& app, bool& residual);
CLI::Option* AddLayerNorm(CLI::App& app, bool& layer_norm);
CLI::Option* AddRecurrentDropout(CLI::App& app, double& rate);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_MODEL_OPTIONS_H_
