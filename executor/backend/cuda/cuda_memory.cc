// SPDX-License-Identifier: Apache-2.0
#include "executor/backend/cuda/cuda_memory.h"

#include <cuda_runtime_api.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "executor/backend/cuda/cuda_device.h"
#include "executor/backend/cuda/cuda_status.h"
#include "planner_service/status/status_macros.h"

namespace recurve::cuda {
namespace {

using Free = cudaError_t (*)(void*);

class CudaMemory final : public DeviceMemory {
 public:
  CudaMemory(int device, void* data, int64_t size, Free free)
      : device_(device), data_(static_cast<std::byte*>(data)), size_(size), free_(free) {}
  CudaMemory(const CudaMemory&) = delete;
  CudaMemory& operator=(const CudaMemory&) = delete;

  // Failures are ignored: they mean that the device is lost, and its memory with it.
  ~CudaMemory() override {
    const MutexLock lock(DeviceWideMutex());
    (void)cudaSetDevice(device_);
    (void)cudaDeviceSynchronize();
    (void)free_(data_);
  }

  std::byte* data() override { return data_; }
  int64_t size() const override { return size_; }

 private:
  const int device_;
  std::byte* const data_;
  const int64_t size_;
  const Free free_;
};

absl::Status UseDevice(int device, int64_t bytes) {
  if (bytes < 0) return absl::InvalidArgumentError(absl::StrCat("cannot allocate ", bytes, " bytes"));
  return ToStatus(cudaSetDevice(device), absl::StrCat("use device ", device));
}

}  // namespace

absl::StatusOr<std::unique_ptr<DeviceMemory>> AllocateCudaMemory(int device, int64_t bytes) {
  RETURN_IF_ERROR(UseDevice(device, bytes));
  void* data = nullptr;
  const cudaError_t error = cudaMalloc(&data, std::max<int64_t>(bytes, 1));
  if (error == cudaErrorMemoryAllocation) {
    size_t free_bytes = 0;
    size_t total_bytes = 0;
    (void)cudaMemGetInfo(&free_bytes, &total_bytes);
    return absl::ResourceExhaustedError(absl::StrCat("device ", device, " has ", free_bytes, " of ", total_bytes,
                                                     " bytes of memory free, but ", bytes,
                                                     " were requested; lower the memory budget"));
  }
  RETURN_IF_ERROR(ToStatus(error, absl::StrCat("allocate ", bytes, " bytes")));
  return std::make_unique<CudaMemory>(device, data, bytes, cudaFree);
}

absl::StatusOr<std::unique_ptr<DeviceMemory>> AllocatePinnedMemory(int device, int64_t bytes) {
  RETURN_IF_ERROR(UseDevice(device, bytes));
  void* data = nullptr;
  const cudaError_t error = cudaMallocHost(&data, std::max<int64_t>(bytes, 1));
  if (error == cudaErrorMemoryAllocation) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the host has insufficient memory for ", bytes, " page-locked bytes; lower the host memory"));
  }
  RETURN_IF_ERROR(ToStatus(error, absl::StrCat("allocate ", bytes, " bytes of page-locked memory")));
  return std::make_unique<CudaMemory>(device, data, bytes, cudaFreeHost);
}

}  // namespace recurve::cuda
