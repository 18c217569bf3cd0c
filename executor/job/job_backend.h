// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_JOB_JOB_BACKEND_H_
#define RECURVE_EXECUTOR_JOB_JOB_BACKEND_H_

#include <memory>

#include "absl/status/statusor.h"
#include "executor/backend/backend.h"
#include "executor/backend/cpu/cpu_backend.h"
#include "executor/job/job_spec.h"

namespace recurve {

// The threads that a job on the CPU runs on, and why they are fewer than it asks for, if they are.
ThreadChoice ThreadsOf(const JobSpec& spec);

// The backend that a job's device, precision and threads ask for. The spec must have passed CheckJobSpec.
// UNAVAILABLE when the device cannot be had here: the message says what is missing and what to do; RESOURCE_EXHAUSTED
// when the system does not give it what it needs, such as threads. (What prepares jobs
// keeps FAILED_PRECONDITION for a limit that cannot hold the job.)
absl::StatusOr<std::unique_ptr<Backend>> MakeJobBackend(const JobSpec& spec);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_JOB_JOB_BACKEND_H_
