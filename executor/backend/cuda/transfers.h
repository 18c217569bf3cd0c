// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_BACKEND_CUDA_TRANSFERS_H_
#define RECURVE_EXECUTOR_BACKEND_CUDA_TRANSFERS_H_

#include <cuda_runtime_api.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "executor/backend/backend.h"
#include "executor/backend/cuda/cuda_handles.h"

namespace recurve::cuda {

// Copies between the device and page-locked memory on a stream of their own, which does not block and is not blocked
// by the computation's but where an event says so. Of the events that say that a copy is done only the latest are kept:
// who awaits an older copy waits for a later one, which is done after it. Not thread-safe. The copies must be over
// before this dies.
class Transfers {
 public:
  static absl::StatusOr<Transfers> Create();

  // Copies once `compute` has done what it was told so far. The first error ends it.
  cudaError_t Start(const void* from, int64_t bytes, void* to, cudaMemcpyKind kind, cudaStream_t compute);
  Transfer last() const { return {.number = started_}; }  // the one that was started last

  // What `compute` is told from now on begins after `transfer`.
  cudaError_t Await(Transfer transfer, cudaStream_t compute);

  cudaError_t Synchronize() { return cudaStreamSynchronize(stream_.get()); }

 private:
  static constexpr size_t kEvents = 32;

  Stream stream_;
  Event computed_;                   // recorded before each copy, on the stream of the computation
  std::array<Event, kEvents> done_;  // of transfer n at n % kEvents
  int64_t started_ = 0;
};

}  // namespace recurve::cuda

#endif  // RECURVE_EXECUTOR_BACKEND_CUDA_TRANSFERS_H_
