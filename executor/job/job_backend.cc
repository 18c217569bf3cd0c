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
namespace {

#ifdef RECURVE_CUDA
// Of "cuda" or "cuda:1".
int IndexOf(const std::string& device) {
  int index = 0;
  if (const size_t colon = device.find(':'); colon != std::string::npos) {
    (void)absl::SimpleAtoi(device.substr(colon + 1), &index);
  }
  return index;
}

absl::Status Unavailable(const absl::Status& status) {
  return absl::IsFailedPrecondition(status) ? absl::UnavailableError(status.message()) : status;
}
#else
absl::Status WithoutCuda(const std::string& device) {
  return absl::UnavailableError(absl::StrCat(
      "device is ", device, ": this program was built without CUDA; use device cpu, or build the preset cuda"));
}
#endif

}  // namespace

ThreadChoice ThreadsOf(const JobSpec& spec) {
  if (spec.device != "cpu") return {};
  return ChooseThreads(spec.threads, spec.task->StepOperations(spec.batch));
}

absl::StatusOr<std::unique_ptr<Backend>> MakeJobBackend(const JobSpec& spec) {
  if (spec.device == "cpu") return MakeCpuBackend({.threads = ThreadsOf(spec).threads});
#ifdef RECURVE_CUDA
  absl::StatusOr<std::unique_ptr<Backend>> backend =
      MakeCudaBackend({.device = IndexOf(spec.device), .precision = spec.precision});
  if (!backend.ok()) return Unavailable(backend.status());
  return backend;
#else
  return WithoutCuda(spec.device);
#endif
}

absl::Status CheckDeviceAvailable(const std::string& device) {
  if (device == "cpu") return absl::OkStatus();
#ifdef RECURVE_CUDA
  return Unavailable(cuda::OpenDevice(IndexOf(device)).status());
#else
  return WithoutCuda(device);
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
