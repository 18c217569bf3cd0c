// SPDX-License-Identifier: Apache-2.0
//
// The rows of --loss-csv.
#ifndef RECURVE_CLIENT_CLI_LOSS_TABLE_H_
#define RECURVE_CLIENT_CLI_LOSS_TABLE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "executor/job/training_job.h"

namespace recurve {

inline constexpr char kLossColumns[] = "step,train_loss,train_metric,metric,learning_rate,gradient_norm,seconds\n";

struct LossRow {
  StepRecord step;  // values that are not known are NaN
  std::optional<double> held_out;
};

// A row of a step of which nothing else is known.
LossRow UnknownRow(int64_t step);

// As a line of the table; empty where a value is not known.
std::string LossRowText(const LossRow& row);

// The rows of an existing table, up to the first that is not complete. Empty if there is no such file.
std::vector<LossRow> ReadLossTable(const std::string& path);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_LOSS_TABLE_H_
