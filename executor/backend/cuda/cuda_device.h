// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_BACKEND_CUDA_CUDA_DEVICE_H_
#define RECURVE_EXECUTOR_BACKEND_CUDA_CUDA_DEVICE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "planner_service/process/mutex.h"

namespace recurve::cuda {

struct Device {
  int index = 0;
  std::string name;    // "NVIDIA H100 80GB HBM3"
  int capability = 0;  // 90 for compute capability 9.0
  int multiprocessors = 0;
  int64_t shared_bytes = 0;  // most shared memory per block
};

// Held while a thread waits for an entire device, as freeing memory and destroying a cuBLAS handle do, and while a
// thread captures a graph, because such a wait would invalidate the capture.
Mutex& DeviceWideMutex();

// Makes device `index` the calling thread's current device. The error message says whether the machine, the driver or
// the device is unsuitable; see MakeCudaBackend for the codes.
absl::StatusOr<Device> OpenDevice(int index);

struct DeviceBytes {
  int64_t total = 0;
  int64_t free = 0;  // now
};

// The memory of all devices, in order of their index; empty without a driver or device. Creates a context on each.
std::vector<DeviceBytes> ListDeviceBytes();

}  // namespace recurve::cuda

#endif  // RECURVE_EXECUTOR_BACKEND_CUDA_CUDA_DEVICE_H_
