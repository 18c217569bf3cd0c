// SPDX-License-Identifier: Apache-2.0
#include "executor/profile/job_profile.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <utility>

#include "executor/job/median.h"
#include "executor/profile/metered_backend.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

double OperationSeconds(const MeterReadings& readings) {
  double seconds = 0;
  for (const PhaseReading& phase : readings.phases) {
    for (const MeterReading& reading : phase.operations) seconds += reading.seconds;
  }
  return seconds;
}

// Switches the meter on and off between steps and collects its readings.
class Alternation final : public JobObserver {
 public:
  explicit Alternation(MeteredBackend& backend) : backend_(backend) {}

  void OnStep(const StepRecord& record) override {
    const bool warm = record.step > 1;
    if (warm && metering_) {
      readings_.push_back(backend_.StopMeter());
      metered_.push_back(record.seconds);
      outside_.push_back(record.seconds - OperationSeconds(readings_.back()));
    } else if (warm) {
      unmetered_.push_back(record.seconds);
    }
    metering_ = !metering_;
    if (metering_) backend_.StartMeter();
  }

  void Summarize(JobProfile& profile) const;

 private:
  PhaseProfile Summary(Phase phase) const;

  MeteredBackend& backend_;
  bool metering_ = false;
  std::vector<MeterReadings> readings_;
  std::vector<double> metered_, outside_, unmetered_;
};

PhaseProfile Alternation::Summary(Phase phase) const {
  const auto batches = static_cast<int64_t>(readings_.size());
  PhaseProfile profile{.phase = phase};
  for (const MeterReadings& batch : readings_) profile.begun += static_cast<double>(batch[phase].begun);
  profile.begun /= static_cast<double>(batches);
  for (int i = 0; i < kOperations; ++i) {
    OperationProfile operation{.operation = static_cast<Operation>(i)};
    std::vector<double> seconds;
    for (const MeterReadings& batch : readings_) {
      const MeterReading& reading = batch[phase][operation.operation];
      operation.calls += static_cast<double>(reading.calls);
      operation.cost += reading.cost;
      seconds.push_back(reading.seconds);
    }
    if (operation.calls == 0) continue;
    operation.calls /= static_cast<double>(batches);
    operation.cost = {.flops = operation.cost.flops / batches, .bytes = operation.cost.bytes / batches};
    operation.seconds = Median(std::move(seconds));
    profile.operations.push_back(operation);
  }
  return profile;
}

void Alternation::Summarize(JobProfile& profile) const {
  profile.batches = static_cast<int64_t>(readings_.size());
  for (int phase = 0; phase < kPhases; ++phase) {
    PhaseProfile summary = Summary(static_cast<Phase>(phase));
    if (!summary.operations.empty()) profile.phases.push_back(std::move(summary));
  }
  profile.outside_seconds = Median(outside_);
  profile.metered_seconds = Median(metered_);
  profile.unmetered_seconds = Median(unmetered_);
}

}  // namespace

OperationCost PhaseProfile::cost() const {
  return std::accumulate(operations.begin(), operations.end(), OperationCost{},
                         [](OperationCost sum, const OperationProfile& operation) { return sum += operation.cost; });
}

double PhaseProfile::seconds() const {
  return std::accumulate(operations.begin(), operations.end(), 0.0,
                         [](double sum, const OperationProfile& operation) { return sum + operation.seconds; });
}

double JobProfile::operation_seconds() const {
  return std::accumulate(phases.begin(), phases.end(), 0.0,
                         [](double sum, const PhaseProfile& phase) { return sum + phase.seconds(); });
}

double JobProfile::roofline_seconds() const {
  double sum = 0;
  for (const PhaseProfile& phase : phases) {
    for (const OperationProfile& operation : phase.operations) sum += roofline.Seconds(operation.cost);
  }
  return sum;
}

absl::StatusOr<JobProfile> ProfileJob(const JobSpec& spec, int64_t batches, const JobPlanners& planners,
                                      LinkCostCache& known_costs, const CancelCheck& cancelled) {
  JobSpec trial = spec;
  trial.steps = ProfileSteps(batches);
  trial.save_path.clear();
  trial.checkpoint_every = {};
  trial.evaluate_every = 0;
  trial.task->holdout() = 0;
  MeteredBackend* backend = nullptr;
  const auto meter = [&backend](std::unique_ptr<Backend> inner) {
    auto metered = std::make_unique<MeteredBackend>(std::move(inner));
    backend = metered.get();
    return metered;
  };
  ASSIGN_OR_RETURN(const std::unique_ptr<TrainingJob> job,
                   TrainingJob::Prepare(trial, planners, known_costs, cancelled, {.decorate = meter}));
  ASSIGN_OR_RETURN(const Roofline before, ProbeRoofline(*backend));
  Alternation alternation(*backend);
  ASSIGN_OR_RETURN(const JobReport report, job->Run(alternation, cancelled));
  ASSIGN_OR_RETURN(const Roofline after, ProbeRoofline(*backend));

  JobProfile profile{.plan = job->plan(), .weights_sha256 = report.weights_sha256};
  profile.roofline = {.flops_per_second = std::max(before.flops_per_second, after.flops_per_second),
                      .bytes_per_second = std::max(before.bytes_per_second, after.bytes_per_second)};
  alternation.Summarize(profile);
  return profile;
}

}  // namespace recurve
