// SPDX-License-Identifier: Apache-2.0
#include "executor/backend/cuda/staging_ring.h"

#include <algorithm>
#include <cstring>

#include "executor/backend/cuda/cuda_status.h"
#include "planner_service/status/status_macros.h"

namespace recurve::cuda {

absl::StatusOr<StagingRing> StagingRing::Create() {
  StagingRing ring;
  void* memory = nullptr;
  RETURN_IF_ERROR(ToStatus(cudaMallocHost(&memory, kSlots * kSlotBytes), "allocate page-locked memory for uploads"));
  ring.memory_.reset(static_cast<std::byte*>(memory));
  for (Event& event : ring.read_) RETURN_IF_ERROR(ToStatus(cuda::Create(event), "create an event"));
  return ring;
}

cudaError_t StagingRing::Upload(const void* host, int64_t bytes, void* device, cudaStream_t stream) {
  const auto* from = static_cast<const std::byte*>(host);
  auto* to = static_cast<std::byte*>(device);
  for (int64_t at = 0; at < bytes; at += kSlotBytes) {
    const int64_t count = std::min(kSlotBytes, bytes - at);
    std::byte* slot = memory_.get() + next_ * kSlotBytes;
    cudaEvent_t read = read_[next_].get();
    next_ = (next_ + 1) % kSlots;
    if (const cudaError_t error = cudaEventSynchronize(read); error != cudaSuccess) return error;
    std::memcpy(slot, from + at, count);
    const cudaError_t error = cudaMemcpyAsync(to + at, slot, count, cudaMemcpyHostToDevice, stream);
    if (error != cudaSuccess) return error;
    if (const cudaError_t recorded = cudaEventRecord(read, stream); recorded != cudaSuccess) return recorded;
  }
  return cudaSuccess;
}

}  // namespace recurve::cuda
