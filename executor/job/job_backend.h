// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_JOB_JOB_BACKEND_H_
#define RECURVE_EXECUTOR_JOB_JOB_BACKEND_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "executor/backend/backend.h"
#include "executor/backend/cpu/cpu_backend.h"
#include "executor/job/job_spec.h"

namespace recurve {

// The number of threads of a job on the CPU, and why it is lower than requested, if it is.
ThreadChoice ThreadsOf(const JobSpec& spec);

// Creates the backend for a job's device, precision and threads. The spec must have passed CheckJobSpec. Errors:
// UNAVAILABLE if the device is unavailable, with the reason and the remedy; RESOURCE_EXHAUSTED if the system lacks
// resources such as threads. (FAILED_PRECONDITION is reserved for memory limits that cannot hold the job.)
absl::StatusOr<std::unique_ptr<Backend>> MakeJobBackend(const JobSpec& spec);

// OK if this program can run jobs on `device` ("cpu" or "cuda:1"); otherwise UNAVAILABLE as of MakeJobBackend.
absl::Status CheckDeviceAvailable(const std::string& device);

// The memory of a device of this machine, in bytes.
struct DeviceMemoryBytes {
  std::string name;  // as in JobSpec::device
  int64_t total = 0;
  int64_t free = 0;  // now
};

// The CPU, with what is granted to this process, and the GPUs, if this program was built with CUDA.
std::vector<DeviceMemoryBytes> ListDevices();

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_JOB_JOB_BACKEND_H_
