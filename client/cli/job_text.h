// SPDX-License-Identifier: Apache-2.0
//
// A training job's plan and report as text.
#ifndef RECURVE_CLIENT_CLI_JOB_TEXT_H_
#define RECURVE_CLIENT_CLI_JOB_TEXT_H_

#include <string>

#include "executor/job/job_spec.h"
#include "executor/job/training_job.h"

namespace recurve {

std::string JobPlanText(const JobSpec& spec, const JobPlan& plan);  // a few lines
std::string JobReportText(const JobSpec& spec, const JobPlan& plan, const JobReport& report);

std::string MetricText(const Metric& metric);  // "2.203 bits per byte"

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_JOB_TEXT_H_
