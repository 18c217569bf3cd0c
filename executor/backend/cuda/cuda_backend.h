// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_BACKEND_CUDA_CUDA_BACKEND_H_
#define RECURVE_EXECUTOR_BACKEND_CUDA_CUDA_BACKEND_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "executor/backend/backend.h"

namespace recurve {

// Device memory that a CUDA backend holds for itself from its construction on, beside what Allocate gives: what its
// products and reductions need. The CUDA driver's context and cuBLAS's code come on top.
inline constexpr int64_t kCudaBackendBytes = int64_t{48} << 20;

struct CudaOptions {
  int device = 0;  // in the order of the CUDA runtime, which CUDA_VISIBLE_DEVICES restricts
};

// One NVIDIA GPU of compute capability 8.0 or newer: products by cuBLAS in single precision throughout (no TF32),
// fused kernels for the rest, all on one stream. The host waits in Download and Synchronize, and in Upload while the
// uploads before it fill the staging memory.
//
// The same operations on tensors at addresses that are equal modulo 256 give the same bits on GPUs of one kind.
//
// INVALID_ARGUMENT for a device that the machine does not have; FAILED_PRECONDITION where there is no driver, no GPU,
// or too old a one; UNAVAILABLE where the GPU cannot be used now; RESOURCE_EXHAUSTED where its memory is taken.
absl::StatusOr<std::unique_ptr<Backend>> MakeCudaBackend(const CudaOptions& options);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_BACKEND_CUDA_CUDA_BACKEND_H_
