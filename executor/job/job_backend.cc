// SPDX-License-Identifier: Apache-2.0
#include "executor/job/job_backend.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "planner_service/process/granted.h"

#ifdef RECURVE_CUDA
#include "absl/strings/numbers.h"
#include "executor/backend/cuda/cuda_backend.h"
#include "executor/backend/cuda/cuda_device.h"
#endif

namespace recurve {

ThreadChoice ThreadsOf(const JobSpec& spec) {
  if (spec.device != "cpu") return {};
  return ChooseThreads(spec.threads, spec.task->StepOperations(spec.batch));
}

absl::StatusOr<std::unique_ptr<Backend>> MakeJobBackend(const JobSpec& spec) {
  if (spec.device == "cpu") return MakeCpuBackend({.threads = ThreadsOf(spec).threads});
#ifdef RECURVE_CUDA
  int index = 0;
  if (const size_t colon = spec.device.find(':'); colon != std::string::npos) {
    (void)absl::SimpleAtoi(spec.device.substr(colon + 1), &index);
  }
  absl::StatusOr<std::unique_ptr<Backend>> backend = MakeCudaBackend({.device = index, .precision = spec.precision});
  if (absl::IsFailedPrecondition(backend.status())) return absl::UnavailableError(backend.status().message());
  return backend;
#else
  return absl::UnavailableError(absl::StrCat(
      "device is ", spec.device, ": this program was built without CUDA; use device cpu, or build the preset cuda"));
#endif
}

std::vector<DeviceMemoryBytes> ListDevices() {
  const MemoryGrant granted = GrantedMemory();
  std::vector<DeviceMemoryBytes> devices = {{"cpu", granted.limit_bytes, granted.available_bytes}};
#ifdef RECURVE_CUDA
  for (const cuda::DeviceBytes& device : cuda::ListDeviceBytes()) {
    devices.push_back({absl::StrCat("cuda:", devices.size() - 1), device.total, device.free});
  }
#endif
  return devices;
}

}  // namespace recurve
