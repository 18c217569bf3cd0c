// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_PROFILE_JOB_PROFILE_H_
#define RECURVE_EXECUTOR_PROFILE_JOB_PROFILE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "executor/backend/phase.h"
#include "executor/job/training_job.h"
#include "executor/profile/operation.h"
#include "executor/profile/roofline.h"

namespace recurve {

// The operations of one kind in one phase of a batch.
struct OperationProfile {
  Operation operation;
  double calls = 0;    // per batch, mean
  OperationCost cost;  // per batch, mean
  double seconds = 0;  // per batch, median
};

struct PhaseProfile {
  Phase phase;
  double begun = 0;  // how often the phase began per batch, mean
  std::vector<OperationProfile> operations;

  OperationCost cost() const;
  double seconds() const;  // the sum over its operations
};

// Where the time of a batch goes, that is, of a complete optimizer step.
struct JobProfile {
  JobPlan plan;
  Roofline roofline;
  int64_t batches = 0;               // measured with the meter, and as many without
  std::vector<PhaseProfile> phases;  // in the order of Phase, without phases that have no operations
  double outside_seconds = 0;    // median per metered batch outside of operations: interpreting the schedule, reading
                                 // text, and the meter itself
  double metered_seconds = 0;    // median per batch with the meter
  double unmetered_seconds = 0;  // median per batch without the meter
  std::string weights_sha256;    // final weights, as in JobReport

  double operation_seconds() const;  // the sum over the phases
  double total_seconds() const { return operation_seconds() + outside_seconds; }
  double roofline_seconds() const;  // the sum of the minimum times that the roofline allows
};

// The number of optimizer steps that ProfileJob trains.
constexpr int64_t ProfileSteps(int64_t batches) { return 1 + 2 * batches; }

// Trains ProfileSteps(batches) steps of the job regardless of `spec.steps`, without saving or evaluating: one step to
// warm up, then alternating steps with and without the meter, so that other load on the machine affects both. The
// roofline ceilings are the better of two probes, before and after. `batches` is at least 1. Errors: as TrainingJob.
absl::StatusOr<JobProfile> ProfileJob(const JobSpec& spec, int64_t batches, const JobPlanners& planners,
                                      LinkCostCache& known_costs, const CancelCheck& cancelled);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_PROFILE_JOB_PROFILE_H_
