// SPDX-License-Identifier: Apache-2.0
#include "client/cli/loss_record.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <system_error>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

double Now() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

// Where the row of the first step from `step` on begins in a loss table.
int64_t BeginOfRows(const std::string& path, int64_t step) {
  std::ifstream table(path, std::ios::binary);
  int64_t begin = 0;
  for (std::string line; std::getline(table, line); begin += static_cast<int64_t>(line.size()) + 1) {
    int64_t row = 0;
    if (absl::SimpleAtoi(line.substr(0, line.find(',')), &row) && row >= step) break;
  }
  return begin;
}

}  // namespace

void AddLossOptions(const Section& section, LossFiles& files) {
  AddText(section, "--loss-csv", files.csv, "write the losses to this file, one line per step as it is done", "FILE");
  AddText(section, "--loss-svg,--svg", files.svg, "draw the learning curve into this file at the end", "FILE");
  AddText(section, "--tensorboard", files.tensorboard,
          "write the losses as TensorBoard events into this directory, which may hold other runs", "DIR");
}

absl::Status CheckLossFiles(const LossFiles& files) {
  if (files.csv == "-" || files.svg == "-") {
    return absl::InvalidArgumentError(
        "--loss-csv and --loss-svg need files: standard output shows the progress; --json prints each step there");
  }
  std::error_code error;
  if (std::filesystem::exists(files.tensorboard, error) && !std::filesystem::is_directory(files.tensorboard, error)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--tensorboard ", files.tensorboard, " is a file; give a directory, which may be new"));
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
  if (!files_.tensorboard.empty()) {
    ASSIGN_OR_RETURN(EventFile events, EventFile::Create(files_.tensorboard));
    events_.emplace(std::move(events));
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
    held_out_ = row.held_out;
    if (held_out_) curve_.AddHeldOut(number, *held_out_);
  }
}

void LossRecord::AddRow(const StepRecord& record) {
  WriteRow();
  step_ = record;
  last_step_ = record.step;
  curve_.AddStep(record.step, record.metric.value);
}

void LossRecord::AddStep(const StepRecord& record) { AddStep(record, Now()); }

void LossRecord::AddStep(const StepRecord& record, double time) {
  if (record.step <= last_step_) {
    GoBackTo(record.step, time);
  } else if (events_ && !std::exchange(events_started_, true)) {
    events_status_ = events_->Start(time, record.step);
  }
  AddRow(record);
  if (csv_ && csv_status_.ok()) csv_status_ = csv_->Flush();
  if (!events_) return;
  events_status_ = events_->Add(time, record.step,
                                {{"loss", record.loss},
                                 {"metric", record.metric.value},
                                 {"gradient_norm", record.gradient_norm},
                                 {"learning_rate", record.learning_rate}});
}

void LossRecord::AddHeldOut(int64_t step, const Metric& metric) { AddHeldOut(step, metric, Now()); }

void LossRecord::AddHeldOut(int64_t step, const Metric& metric, double time) {
  if (step_ && step_->step == step) held_out_ = metric.value;
  curve_.AddHeldOut(step, metric.value);
  if (events_) events_status_ = events_->Add(time, step, {{"evaluation", metric.value}});
}

void LossRecord::GoBackTo(int64_t step, double time) {
  if (step_ && step_->step >= step) {
    step_.reset();
    held_out_.reset();
  }
  curve_.ForgetFrom(step);
  if (csv_ && csv_status_.ok()) csv_status_ = csv_->Flush();
  if (csv_ && csv_status_.ok()) csv_status_ = csv_->CutTo(BeginOfRows(files_.csv, step));
  if (events_) events_status_ = events_->Start(time, step);
}

void LossRecord::CompleteRow() {
  WriteRow();
  step_.reset();
  if (csv_ && csv_status_.ok()) csv_status_ = csv_->Flush();
}

void LossRecord::WriteRow() {
  if (!step_ || !csv_) return;
  if (csv_status_.ok()) csv_status_ = csv_->Write(LossRowText({*step_, held_out_}));
  held_out_.reset();
}

absl::Status LossRecord::Finish(const std::string& subject) {
  CompleteRow();
  RETURN_IF_ERROR(csv_status_);
  RETURN_IF_ERROR(events_status_);
  if (!svg_) return absl::OkStatus();
  RETURN_IF_ERROR(svg_->Write(LearningCurveSvg(subject, curve_)));
  return svg_->Finish();
}

}  // namespace recurve
