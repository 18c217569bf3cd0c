// SPDX-License-Identifier: Apache-2.0
#include "executor/backend/cuda/cuda_device.h"

#include <cuda_runtime_api.h>

#include "absl/strings/str_cat.h"
#include "executor/backend/cuda/cuda_status.h"
#include "planner_service/status/status_macros.h"

namespace recurve::cuda {
namespace {

constexpr int kLeastCapability = 80;  // the oldest for which the kernels are compiled

// 13010 is CUDA 13.1.
std::string VersionName(int version) { return absl::StrCat(version / 1000, ".", version % 1000 / 10); }

absl::StatusOr<int> CountDevices() {
  int driver = 0;
  if (cudaDriverGetVersion(&driver) != cudaSuccess || driver == 0) {
    return absl::FailedPreconditionError("CUDA found no usable NVIDIA driver; install the driver, or use the CPU");
  }
  int count = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  if (error == cudaErrorInsufficientDriver) {
    int runtime = 0;
    (void)cudaRuntimeGetVersion(&runtime);
    return absl::FailedPreconditionError(
        absl::StrCat("the NVIDIA driver supports CUDA ", VersionName(driver), ", too old for the CUDA ",
                     VersionName(runtime), " that this program was built with; update the driver, or use the CPU"));
  }
  if (error == cudaErrorNoDevice || (error == cudaSuccess && count == 0)) {
    return absl::FailedPreconditionError(
        "the NVIDIA driver reports no GPU; check nvidia-smi and CUDA_VISIBLE_DEVICES, or use the CPU");
  }
  if (error != cudaSuccess) {
    return absl::UnavailableError(
        absl::StrCat("cannot list the GPUs of this machine: ", ToStatus(error, "count devices").message()));
  }
  return count;
}

}  // namespace

Mutex& DeviceWideMutex() {
  static Mutex mutex;
  return mutex;
}

absl::StatusOr<Device> OpenDevice(int index) {
  ASSIGN_OR_RETURN(const int count, CountDevices());
  if (index < 0 || index >= count) {
    return absl::InvalidArgumentError(
        absl::StrCat("device is ", index, ": this machine has ", count, " visible GPUs; give 0 to ", count - 1));
  }
  cudaDeviceProp properties;
  RETURN_IF_ERROR(
      ToStatus(cudaGetDeviceProperties(&properties, index), absl::StrCat("read the properties of device ", index)));
  Device device{.index = index,
                .name = properties.name,
                .capability = properties.major * 10 + properties.minor,
                .multiprocessors = properties.multiProcessorCount,
                .shared_bytes = static_cast<int64_t>(properties.sharedMemPerBlockOptin)};
  if (device.capability < kLeastCapability) {
    return absl::FailedPreconditionError(absl::StrCat("device ", index, " (", device.name, ") has compute capability ",
                                                      properties.major, ".", properties.minor,
                                                      ", less than the required 8.0; use a newer GPU, or the CPU"));
  }
  RETURN_IF_ERROR(ToStatus(cudaSetDevice(index), absl::StrCat("use device ", index, " (", device.name, ")")));
  return device;
}

std::vector<DeviceBytes> ListDeviceBytes() {
  std::vector<DeviceBytes> devices;
  const absl::StatusOr<int> count = CountDevices();
  for (int index = 0; count.ok() && index < *count; ++index) {
    size_t free = 0;
    size_t total = 0;
    if (cudaSetDevice(index) != cudaSuccess || cudaMemGetInfo(&free, &total) != cudaSuccess) free = total = 0;
    devices.push_back({static_cast<int64_t>(total), static_cast<int64_t>(free)});
  }
  return devices;
}

}  // namespace recurve::cuda
