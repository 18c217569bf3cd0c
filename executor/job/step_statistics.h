// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_JOB_STEP_STATISTICS_H_
#define RECURVE_EXECUTOR_JOB_STEP_STATISTICS_H_

#include <cstdint>
#include <vector>

#include "executor/job/memory_plan.h"
#include "executor/job/training_job.h"

namespace recurve {

// Collects the figures of a job's report. Times are those of the steps of this run, without the first if there are
// others: it includes the page faults of first touches. Not thread-safe.
class StepStatistics {
 public:
  // `plan`: of the batch of this step.
  void Add(const StepRecord& record, const MemoryPlan& plan);
  // The report of the steps so far, as far as steps determine it.
  JobReport Report() const;

 private:
  JobReport report_;
  int64_t steps_ = 0;
  // At most kMost of each, those of the last steps.
  static constexpr size_t kMost = 10'000;
  std::vector<double> sweep_seconds_, predicted_seconds_;
  double seconds_ = 0;
  int64_t predictions_ = 0;
  int64_t positions_ = 0;
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_JOB_STEP_STATISTICS_H_
