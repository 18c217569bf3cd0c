// SPDX-License-Identifier: Apache-2.0
//
// Options that say what a model is made of, the same for every command that takes a model.
#ifndef RECURVE_CLIENT_CLI_MODEL_OPTIONS_H_
#define RECURVE_CLIENT_CLI_MODEL_OPTIONS_H_

#include "client/cli/option_values.h"
#include "planner_service/model/cell.h"

namespace recurve {

// "LSTM", "GRU", "GRU with the reset gate before the product", "tanh RNN", "ReLU RNN", "sLSTM".
const char* CellTitle(Cell cell);

void AddCell(const Section& section, Cell& cell);
void AddResidual(const Section& section, bool& residual);
void AddLayerNorm(const Section& section, bool& layer_norm);
void AddRecurrentDropout(const Section& section, double& rate);

// --reset-state: `carry_state` is false then.
template <typename Bool>
void AddResetState(const Section& section, Bool& carry_state) {
  AddFlag(section, "--reset-state", carry_state,
          "start each batch from a state of zeros, not from the last state of the one before", /*given=*/false);
}

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_MODEL_OPTIONS_H_
