// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_BACKEND_CUDA_STAGING_RING_H_
#define RECURVE_EXECUTOR_BACKEND_CUDA_STAGING_RING_H_

#include <cuda_runtime_api.h>

#include <array>
#include <cstdint>

#include "absl/status/statusor.h"
#include "executor/backend/cuda/cuda_handles.h"

namespace recurve::cuda {

// Page-locked memory for uploads, so that the caller can reuse its memory at once while the stream copies
// asynchronously. Slots are used in turn; an event per slot signals that the stream has read it. Not thread-safe. The
// stream must have finished before the ring is destroyed.
class StagingRing {
 public:
  static absl::StatusOr<StagingRing> Create();

  // Waits only for slots that the stream has not read yet. Stops at the first error.
  cudaError_t Upload(const void* host, int64_t bytes, void* device, cudaStream_t stream);

 private:
  static constexpr int kSlots = 16;
  static constexpr int64_t kSlotBytes = int64_t{256} << 10;

  PinnedMemory memory_;             // kSlots * kSlotBytes
  std::array<Event, kSlots> read_;  // recorded after the last copy out of the slot
  int next_ = 0;                    // the next slot
};

}  // namespace recurve::cuda

#endif  // RECURVE_EXECUTOR_BACKEND_CUDA_STAGING_RING_H_
