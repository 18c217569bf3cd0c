// SPDX-License-Identifier: Apache-2.0
//
// Owning handles for CUDA and cuBLAS objects. A handle's device must be current when the handle is destroyed.
#ifndef RECURVE_EXECUTOR_BACKEND_CUDA_CUDA_HANDLES_H_
#define RECURVE_EXECUTOR_BACKEND_CUDA_CUDA_HANDLES_H_

#include <cublas_v2.h>
#include <cuda_runtime_api.h>

#include <cstddef>
#include <memory>
#include <type_traits>

#include "executor/backend/cuda/cuda_device.h"

namespace recurve::cuda {

struct HandleDeleter {
  void operator()(cudaStream_t stream) const { (void)cudaStreamDestroy(stream); }
  void operator()(cudaEvent_t event) const { (void)cudaEventDestroy(event); }
  void operator()(cudaGraph_t graph) const { (void)cudaGraphDestroy(graph); }
  void operator()(cudaGraphExec_t graph) const { (void)cudaGraphExecDestroy(graph); }
  void operator()(cublasHandle_t blas) const {
    const MutexLock lock(DeviceWideMutex());
    (void)cublasDestroy(blas);
  }
};

struct PinnedDeleter {
  void operator()(std::byte* memory) const { (void)cudaFreeHost(memory); }
};

using Stream = std::unique_ptr<std::remove_pointer_t<cudaStream_t>, HandleDeleter>;
using Event = std::unique_ptr<std::remove_pointer_t<cudaEvent_t>, HandleDeleter>;
using Graph = std::unique_ptr<std::remove_pointer_t<cudaGraph_t>, HandleDeleter>;
using GraphExec = std::unique_ptr<std::remove_pointer_t<cudaGraphExec_t>, HandleDeleter>;
using Blas = std::unique_ptr<std::remove_pointer_t<cublasHandle_t>, HandleDeleter>;
using PinnedMemory = std::unique_ptr<std::byte, PinnedDeleter>;  // page-locked host memory

// An event without timing.
inline cudaError_t Create(Event& event) {
  cudaEvent_t created = nullptr;
  const cudaError_t error = cudaEventCreateWithFlags(&created, cudaEventDisableTiming);
  event.reset(created);
  return error;
}

// A stream that does not synchronize with the default stream. Streams have the lowest priority unless told otherwise.
enum class Priority : uint8_t { kLowest, kHighest };
inline cudaError_t Create(Priority priority, Stream& stream) {
  int lowest = 0;
  int highest = 0;
  cudaError_t error = cudaDeviceGetStreamPriorityRange(&lowest, &highest);
  if (error != cudaSuccess) return error;
  cudaStream_t created = nullptr;
  error =
      cudaStreamCreateWithPriority(&created, cudaStreamNonBlocking, priority == Priority::kHighest ? highest : lowest);
  stream.reset(created);
  return error;
}

}  // namespace recurve::cuda

#endif  // RECURVE_EXECUTOR_BACKEND_CUDA_CUDA_HANDLES_H_
