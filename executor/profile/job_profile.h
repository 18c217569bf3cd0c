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

// A batch's operations of one kind in one phase.
struct OperationProfile {
  Operation operation;
  double calls = 0;    // a batch, on average
  OperationCost cost;  // a batch, on average
  double seconds = 0;  // a batch, median
};

struct PhaseProfile {
  Phase phase;
  double begun = 0;  // times a batch that the phase was begun, on average
  std::vector<OperationProfile> operations;

  OperationCost cost() const;
  double seconds() const;  // the sum over its operations
};

// Where the time of a batch goes: of an optimiser step with everything that belongs to it.
struct JobProfile {
  JobPlan plan;
  Roofline roofline;
  int64_t batches = 0;               // measured of each kind
  std::vector<PhaseProfile> phases;  // in the order of Phase, without those that have no operations
  double outside_seconds = 0;    // of a metered batch, outside of operations, median: the walk of the schedule, reading
                                 // text, and the meter itself
  double metered_seconds = 0;    // a batch with the meter, median
  double unmetered_seconds = 0;  // the same without
  std::string weights_sha256;    // at the end, as of a JobReport

  double operation_seconds() const;  // the sum over the phases
  double total_seconds() const { return operation_seconds() + outside_seconds; }
  double roofline_seconds() const;  // the sum of what the roofs allow each operation
};

// Optimiser steps that ProfileJob trains.
constexpr int64_t ProfileSteps(int64_t batches) { return 1 + 2 * batches; }

// Trains ProfileSteps(batches) steps of the job, whatever `spec.steps` says, and saves and evaluates nothing: one step
// to warm up, then one with the meter and one without by turns, so that whatever else the machine does meets both. The
// roofs are the better of a probe before and one after. `batches` is at least 1. Errors as of TrainingJob.
absl::StatusOr<JobProfile> ProfileJob(const JobSpec& spec, int64_t batches, const JobPlanners& planners,
                                      LinkCostCache& known_costs, const CancelCheck& cancelled);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_PROFILE_JOB_PROFILE_H_
