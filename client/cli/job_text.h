// SPDX-License-Identifier: Apache-2.0
//
// A training job and how it ended, for people and for machines.
#ifndef RECURVE_CLIENT_CLI_JOB_TEXT_H_
#define RECURVE_CLIENT_CLI_JOB_TEXT_H_

#include <string>

#include "client/cli/json.h"
#include "executor/job/job_spec.h"
#include "executor/job/training_job.h"

namespace recurve {

int64_t StoreAllActivations(const JobPlan& plan);  // bytes of states, tapes and workspace when every tape is kept

std::string JobPlanText(const JobSpec& spec, const JobPlan& plan);  // a few lines
std::string JobReportText(const JobSpec& spec, const JobPlan& plan, const JobReport& report);

std::string MetricText(const Metric& metric);  // "2.203 bits per byte"
Json MetricJson(const Metric& metric);
Json LedgerJson(const Ledger& ledger);
Json JobPlanJson(const JobSpec& spec, const JobPlan& plan);  // an object that others may add to
Json StepJson(const StepRecord& record);
void AddReport(const JobSpec& spec, const JobReport& report, Json& json);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_JOB_TEXT_H_
