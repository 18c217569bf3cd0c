// SPDX-License-Identifier: Apache-2.0
//
// Conversion of jobs to and from messages. Decoding fills in the defaults and validates.
#ifndef RECURVE_EXECUTOR_CODEC_JOB_CODEC_H_
#define RECURVE_EXECUTOR_CODEC_JOB_CODEC_H_

#include "absl/status/statusor.h"
#include "executor/job/job_spec.h"
#include "executor/job/training_job.h"
#include "recurve/executor/v1/executor.pb.h"

namespace recurve {

executor::v1::JobSpec EncodeJobSpec(const JobSpec& spec);                     // sets every field, including defaults
absl::StatusOr<JobSpec> DecodeJobSpec(const executor::v1::JobSpec& message);  // INVALID_ARGUMENT names the field

executor::v1::Metric EncodeMetric(const Metric& metric);
executor::v1::Progress EncodeProgress(const StepRecord& record);
executor::v1::JobResult EncodeReport(const JobReport& report);
executor::v1::PlanSummary EncodePlanSummary(const JobPlan& plan, executor::v1::PlanSource source);

// Decodes a daemon's responses for display: checks nothing, and leaves unknown values at their defaults.
Metric DecodeMetric(const executor::v1::Metric& message);
StepRecord DecodeProgress(const executor::v1::Progress& message);
JobReport DecodeReport(const executor::v1::JobResult& message);
JobPlan DecodePlanSummary(const executor::v1::PlanSummary& message);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_CODEC_JOB_CODEC_H_
