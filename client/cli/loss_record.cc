// SPDX-License-Identifier: Apache-2.0
#include "client/cli/loss_record.h"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

constexpr char kColumns[] = "step,train_loss,train_metric,metric,learning_rate,gradient_norm,seconds\n";

constexpr std::string_view kTableBegins = "step,train_loss,";

absl::Status CannotWriteLosses(const std::string& path, int error) {
  return absl::UnavailableError(
      absl::StrCat("cannot write ", path, ": ", std::error_code(error, std::generic_category()).message()));
}

// The table grows in place, so that it can be followed: it must not take the place of anything else.
absl::Status CheckIsTableOfLosses(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return absl::OkStatus();
  std::ifstream file(path, std::ios::binary);
  std::string begin(kTableBegins.size(), '\0');
  file.read(begin.data(), static_cast<std::streamsize>(begin.size()));
  if (file.gcount() == 0 || begin == kTableBegins) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("cannot write the losses to ", path,
                                                 ": there is a file that is no table of losses; give another name, or "
                                                 "remove it"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<LossRecord>> LossRecord::Open(const LossFiles& files) {
  std::unique_ptr<LossRecord> record(new LossRecord(files));
  RETURN_IF_ERROR(record->OpenFiles());
  return record;
}

absl::Status LossRecord::OpenFiles() {
  if (!files_.svg.empty()) {
    ASSIGN_OR_RETURN(OutputFile svg, OutputFile::Open(files_.svg));
    svg_.emplace(std::move(svg));
  }
  if (files_.csv.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(CheckIsTableOfLosses(files_.csv));
  csv_.reset(std::fopen(files_.csv.c_str(), "we"));
  if (csv_ == nullptr) return CannotWriteLosses(files_.csv, errno);
  std::fputs(kColumns, csv_.get());
  return std::fflush(csv_.get()) == 0 ? absl::OkStatus() : CannotWriteLosses(files_.csv, errno);
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
  if (!step_ || csv_ == nullptr) return;
  const std::string held_out = held_out_ ? absl::StrFormat("%.9g", *held_out_) : "";
  const std::string row =
      absl::StrFormat("%d,%.9g,%.9g,%s,%.9g,%.9g,%.6f\n", step_->step, step_->loss, step_->metric.value, held_out,
                      step_->learning_rate, step_->gradient_norm, step_->seconds);
  std::fputs(row.c_str(), csv_.get());
  std::fflush(csv_.get());  // an error stays, for Finish
  held_out_.reset();
}

absl::Status LossRecord::Finish(const std::string& subject) {
  WriteRow();
  step_.reset();
  if (csv_ != nullptr && std::ferror(csv_.get()) != 0) {
    return absl::UnavailableError(absl::StrCat("cannot write all losses to ", files_.csv));
  }
  if (!svg_) return absl::OkStatus();
  absl::Status status = svg_->Write(LearningCurveSvg(subject, curve_));
  return status.ok() ? svg_->Finish() : status;
}

}  // namespace recurve
