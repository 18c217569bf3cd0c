// SPDX-License-Identifier: Apache-2.0
#include "executor/backend/cuda/transfers.h"

#include "executor/backend/cuda/cuda_status.h"
#include "planner_service/status/status_macros.h"

namespace recurve::cuda {

absl::StatusOr<Transfers> Transfers::Create() {
  Transfers transfers;
  cudaError_t error = cuda::Create(Priority::kLowest, transfers.stream_);
  if (error == cudaSuccess) error = cuda::Create(transfers.computed_);
  for (Event& event : transfers.done_) {
    if (error == cudaSuccess) error = cuda::Create(event);
  }
  RETURN_IF_ERROR(ToStatus(error, "create the transfer stream"));
  return transfers;
}

cudaError_t Transfers::Start(const void* from, int64_t bytes, void* to, cudaMemcpyKind kind, cudaStream_t compute) {
  const auto number = static_cast<size_t>(++started_);
  cudaError_t error = cudaEventRecord(computed_.get(), compute);
  if (error == cudaSuccess) error = cudaStreamWaitEvent(stream_.get(), computed_.get(), 0);
  if (error == cudaSuccess) error = cudaMemcpyAsync(to, from, static_cast<size_t>(bytes), kind, stream_.get());
  if (error == cudaSuccess) error = cudaEventRecord(done_[number % kEvents].get(), stream_.get());
  return error;
}

cudaError_t Transfers::Await(Transfer transfer, cudaStream_t compute) {
  if (transfer.number == 0) return cudaSuccess;
  return cudaStreamWaitEvent(compute, done_[static_cast<size_t>(transfer.number) % kEvents].get(), 0);
}

}  // namespace recurve::cuda
