// SPDX-License-Identifier: Apache-2.0
#include "executor/backend/cuda/transfers.h"

#include "executor/backend/cuda/cuda_status.h"

namespace recurve::cuda {
namespace {

cudaError_t CreateEvent(Event& event) {
  cudaEvent_t created = nullptr;
  const cudaError_t error = cudaEventCreateWithFlags(&created, cudaEventDisableTiming);
  if (error == cudaSuccess) event.reset(created);
  return error;
}

}  // namespace

absl::StatusOr<Transfers> Transfers::Create() {
  Transfers transfers;
  cudaStream_t stream = nullptr;
  if (const cudaError_t error = cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking); error != cudaSuccess) {
    return ToStatus(error, "create a stream for transfers");
  }
  transfers.stream_.reset(stream);
  cudaError_t error = CreateEvent(transfers.computed_);
  for (Event& event : transfers.done_) {
    if (error == cudaSuccess) error = CreateEvent(event);
  }
  if (error != cudaSuccess) return ToStatus(error, "create an event for transfers");
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
