// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_JOB_OPTIONS_H_
#define RECURVE_CLIENT_CLI_JOB_OPTIONS_H_

#include <CLI/CLI.hpp>

#include "executor/job/job_spec.h"

namespace recurve {

// Binds an option for every field of `spec`, which must outlive the parsing. Shared by train and submit.
void AddJobOptions(CLI::App& app, JobSpec& spec);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_JOB_OPTIONS_H_
