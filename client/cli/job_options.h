// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_JOB_OPTIONS_H_
#define RECURVE_CLIENT_CLI_JOB_OPTIONS_H_

#include "client/cli/option_values.h"
#include "executor/job/job_spec.h"

namespace recurve {

// Binds an option for every field of `spec`, which must outlive parsing. Shared by train and submit.
void AddJobOptions(CLI::App& app, JobSpec& spec);

// The same without the options of a complete training: steps, saving, evaluation.
void AddMeasuredJobOptions(CLI::App& app, JobSpec& spec);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_JOB_OPTIONS_H_
