// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_BACKEND_CUDA_CUDA_DEVICE_H_
#define RECURVE_EXECUTOR_BACKEND_CUDA_CUDA_DEVICE_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "planner_service/process/mutex.h"

namespace recurve::cuda {

struct Device {
  int index = 0;
  std::string name;    // "NVIDIA H100 80GB HBM3"
  int capability = 0;  // 90 for compute capability 9.0
  int multiprocessors = 0;
  int64_t shared_bytes = 0;  // of shared memory that a block may have
};

// Held where a thread waits for a whole device, which freeing memory and ending cuBLAS do; and where a thread captures
// work, which such a wait would spoil.
Mutex& DeviceWideMutex();

// Device `index`, made the calling thread's current one. A machine, driver or device that cannot run this program is
// told apart in the message; see MakeCudaBackend for the codes.
absl::StatusOr<Device> OpenDevice(int index);

}  // namespace recurve::cuda

#endif  // RECURVE_EXECUTOR_BACKEND_CUDA_CUDA_DEVICE_H_
