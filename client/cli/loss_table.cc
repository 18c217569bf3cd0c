// SPDX-License-Identifier: Apache-2.0
#include "client/cli/loss_table.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <system_error>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

namespace recurve {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

std::string NumberOrNothing(double value) { return std::isnan(value) ? "" : absl::StrFormat("%.9g", value); }

// Whether `text` is a number, or nothing, which is not known.
bool ReadNumber(const std::string& text, double& value) {
  value = kUnknown;
  return text.empty() || absl::SimpleAtod(text, &value);
}

bool ReadRow(const std::string& line, LossRow& row) {
  const std::vector<std::string> cells = absl::StrSplit(line, ',');
  double held_out = kUnknown;
  StepRecord& step = row.step;
  const bool read = cells.size() == 7 && absl::SimpleAtoi(cells[0], &step.step) && ReadNumber(cells[1], step.loss) &&
                    ReadNumber(cells[2], step.metric.value) && ReadNumber(cells[3], held_out) &&
                    ReadNumber(cells[4], step.learning_rate) && ReadNumber(cells[5], step.gradient_norm) &&
                    ReadNumber(cells[6], step.seconds);
  if (read && !std::isnan(held_out)) row.held_out = held_out;
  return read;
}

}  // namespace

LossRow UnknownRow(int64_t step) {
  LossRow row;
  row.step.step = step;
  row.step.loss = row.step.metric.value = row.step.learning_rate = row.step.gradient_norm = row.step.seconds = kUnknown;
  return row;
}

std::string LossRowText(const LossRow& row) {
  const StepRecord& step = row.step;
  const std::string seconds = std::isnan(step.seconds) ? "" : absl::StrFormat("%.6f", step.seconds);
  return absl::StrCat(step.step, ",", NumberOrNothing(step.loss), ",", NumberOrNothing(step.metric.value), ",",
                      row.held_out ? NumberOrNothing(*row.held_out) : "", ",", NumberOrNothing(step.learning_rate), ",",
                      NumberOrNothing(step.gradient_norm), ",", seconds, "\n");
}

std::vector<LossRow> ReadLossTable(const std::string& path) {
  std::vector<LossRow> rows;
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return rows;
  std::ifstream table(path, std::ios::binary);
  std::string line;
  if (!std::getline(table, line) || line + "\n" != kLossColumns) return rows;
  // A line without its end was being written when its process was killed.
  for (LossRow row; std::getline(table, line) && !table.eof() && ReadRow(line, row); row = {}) rows.push_back(row);
  return rows;
}

}  // namespace recurve
