// SPDX-License-Identifier: Apache-2.0
#include "client/cli/loss_record.h"

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "planner_service/status/status_macros.h"

namespace recurve {

absl::Status CheckLossFiles(const LossFiles& files) {
  if (files.csv == "-" || files.svg == "-") {
    return absl::InvalidArgumentError(
        "--loss-csv and --loss-svg need files: standard output shows the progress; --json prints each step there");
  }
  RETURN_IF_ERROR(CheckReplaceable(files.csv, kLossTable));
  return CheckReplaceable(files.svg, kSvgPicture);
}

absl::StatusOr<std::unique_ptr<LossRecord>> LossRecord::Open(const LossFiles& files, bool resumes) {
  std::unique_ptr<LossRecord> record(new LossRecord(files));
  if (resumes) record->earlier_ = ReadLossTable(files.csv);
  RETURN_IF_ERROR(record->OpenFiles());
  return record;
}

absl::Status LossRecord::OpenFiles() {
  if (!files_.svg.empty()) {
    ASSIGN_OR_RETURN(OutputFile svg, OutputFile::Open(files_.svg, kSvgPicture));
    svg_.emplace(std::move(svg));
  }
  if (files_.csv.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(OutputFile csv, OutputFile::OpenToGrow(files_.csv, kLossTable));
  csv_.emplace(std::move(csv));
  RETURN_IF_ERROR(csv_->Write(kLossColumns));
  return csv_->Flush();
}

void LossRecord::Resume(int64_t step, const std::vector<LossPoint>& history) {
  std::map<int64_t, LossRow> rows;
  for (const LossPoint& point : history) {
    LossRow& row = rows.try_emplace(point.step, UnknownRow(point.step)).first->second;
    if (point.held_out) {
      row.held_out = point.metric;
    } else {
      row.step.loss = point.loss;
      row.step.metric.value = point.metric;
    }
  }
  for (const LossRow& earlier : std::exchange(earlier_, {})) {
    LossRow& row = rows.try_emplace(earlier.step.step, earlier).first->second;
    row.step = earlier.step;
    if (earlier.held_out) row.held_out = earlier.held_out;
  }
  rows.erase(rows.upper_bound(step), rows.end());
  for (const auto& [number, row] : rows) {
    AddRow(row.step);
    if (row.held_out) AddHeldOut(number, {.value = *row.held_out});
  }
}

void LossRecord::AddStep(const StepRecord& record) {
  AddRow(record);
  if (csv_ && csv_status_.ok()) csv_status_ = csv_->Flush();
}

void LossRecord::AddRow(const StepRecord& record) {
  WriteRow();
  step_ = record;
  curve_.AddStep(record.step, record.metric.value);
}

void LossRecord::AddHeldOut(int64_t step, const Metric& metric) {
  if (step_ && step_->step == step) held_out_ = metric.value;
  curve_.AddHeldOut(step, metric.value);
}

void LossRecord::WriteRow() {
  if (!step_ || !csv_) return;
  if (csv_status_.ok()) csv_status_ = csv_->Write(LossRowText({*step_, held_out_}));
  held_out_.reset();
}

absl::Status LossRecord::Finish(const std::string& subject) {
  WriteRow();
  step_.reset();
  if (csv_ && csv_status_.ok()) csv_status_ = csv_->Flush();
  RETURN_IF_ERROR(csv_status_);
  if (!svg_) return absl::OkStatus();
  RETURN_IF_ERROR(svg_->Write(LearningCurveSvg(subject, curve_)));
  return svg_->Finish();
}

}  // namespace recurve
