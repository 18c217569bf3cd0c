// SPDX-License-Identifier: Apache-2.0
//
// What CUDA and cuBLAS hand out, owned. The device that a handle belongs to must be the current one where the handle
// dies.
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
using PinnedMemory = std::unique_ptr<std::byte, PinnedDeleter>;  // page-locked memory of the host

}  // namespace recurve::cuda

#endif  // RECURVE_EXECUTOR_BACKEND_CUDA_CUDA_HANDLES_H_
