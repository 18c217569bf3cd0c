// SPDX-License-Identifier: Apache-2.0
#include "client/cli/loss_record.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

constexpr char kColumns[] = "step,train_loss,train_metric,metric,learning_rate,gradient_norm,seconds\n";

}  // namespace

absl::Status CheckLossFiles(const LossFiles& files) {
  if (files.csv == "-" || files.svg == "-") {
    return absl::InvalidArgumentError(
        "--loss-csv and --loss-svg need files: standard output shows the progress; --json prints each step there");
  }
  RETURN_IF_ERROR(CheckReplaceable(files.csv, kLossTable));
  return CheckReplaceable(files.svg, kSvgPicture);
}

absl::StatusOr<std::unique_ptr<LossRecord>> LossRecord::Open(const LossFiles& files) {
  std::unique_ptr<LossRecord> record(new LossRecord(files));
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
  RETURN_IF_ERROR(csv_->Write(kColumns));
  return csv_->Flush();
}

void LossRecord::AddStep(const StepRecord& record) {
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
  const std::string held_out = held_out_ ? absl::StrFormat("%.9g", *held_out_) : "";
  const std::string row =
      absl::StrFormat("%d,%.9g,%.9g,%s,%.9g,%.9g,%.6f\n", step_->step, step_->loss, step_->metric.value, held_out,
                      step_->learning_rate, step_->gradient_norm, step_->seconds);
  if (csv_status_.ok()) csv_status_ = csv_->Write(row);
  if (csv_status_.ok()) csv_status_ = csv_->Flush();
  held_out_.reset();
}

absl::Status LossRecord::Finish(const std::string& subject) {
  WriteRow();
  step_.reset();
  RETURN_IF_ERROR(csv_status_);
  if (!svg_) return absl::OkStatus();
  RETURN_IF_ERROR(svg_->Write(LearningCurveSvg(subject, curve_)));
  return svg_->Finish();
}

}  // namespace recurve
