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

// Copies between the device and page-locked memory on a separate stream, which synchronizes with the computation only
// through events. Only the events of the latest copies are kept: awaiting an older copy waits for a later one. Not
// thread-safe. All copies must have finished before this object is destroyed.
class Transfers {
 public:
  static absl::StatusOr<Transfers> Create();

  // Copies after everything enqueued on `compute` so far. Stops at the first error.
  cudaError_t Start(const void* from, int64_t bytes, void* to, cudaMemcpyKind kind, cudaStream_t compute);
  Transfer last() const { return {.number = started_}; }  // the most recently started

  // Work enqueued on `compute` from now on starts after `transfer`.
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
