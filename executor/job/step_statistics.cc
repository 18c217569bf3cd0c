// SPDX-License-Identifier: Apache-2.0
#include "executor/job/step_statistics.h"

#include <algorithm>

#include "executor/job/median.h"

namespace recurve {

void StepStatistics::Add(const StepRecord& record, const MemoryPlan& plan) {
  report_.planned_peak_bytes = std::max(report_.planned_peak_bytes, plan.PlannedLedger().total());
  report_.planned_host_peak_bytes = std::max(report_.planned_host_peak_bytes, plan.replay.host_peak_bytes);
  report_.measured_peak_bytes = record.measured_peak_bytes;
  report_.measured_host_peak_bytes = record.measured_host_peak_bytes;
  report_.steps = record.step;
  report_.loss = record.loss;
  report_.metric = record.metric;
  report_.forward_count_per_batch = record.plain_forwards + record.taped_forwards;
  if (++steps_ == 2) {
    sweep_seconds_.clear();
    predicted_seconds_.clear();
    seconds_ = 0;
    predictions_ = positions_ = 0;
  }
  const auto keep = [at = static_cast<size_t>(steps_) % kMost](std::vector<double>& values, double value) {
    if (values.size() < kMost) {
      values.push_back(value);
    } else {
      values[at] = value;
    }
  };
  keep(sweep_seconds_, record.batch_seconds);
  keep(predicted_seconds_, record.predicted_seconds);
  seconds_ += record.seconds;
  predictions_ += record.predictions;
  positions_ += record.positions;
}

JobReport StepStatistics::Report() const {
  JobReport report = report_;
  if (steps_ == 0) return report;
  report.seconds_per_batch = Median(sweep_seconds_);
  report.predicted_seconds_per_batch = Median(predicted_seconds_);
  report.predictions_per_second = static_cast<double>(predictions_) / seconds_;
  report.padding_share = 1.0 - static_cast<double>(predictions_) / static_cast<double>(positions_);
  return report;
}

}  // namespace recurve
