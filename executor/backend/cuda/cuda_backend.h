// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_BACKEND_CUDA_CUDA_BACKEND_H_
#define RECURVE_EXECUTOR_BACKEND_CUDA_CUDA_BACKEND_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "executor/backend/backend.h"
#include "executor/backend/precision.h"

namespace recurve {

// OwnBytes of a CUDA backend: workspace for products and reductions. It excludes the CUDA driver's context, the code of
// cuBLAS and the graphs of links.
inline constexpr int64_t kCudaBackendBytes = int64_t{80} << 20;
// The part of kCudaBackendBytes that is scratch memory of the main stream. Operations that need more run in parts.
inline constexpr int64_t kCudaScratchBytes = int64_t{16} << 20;

struct CudaOptions {
  int device = 0;  // in the order of the CUDA runtime, which CUDA_VISIBLE_DEVICES restricts
  Precision precision = Precision::kFp32;
  // Whether recurrent layers run as persistent kernels where possible, rather than step by step. False is for
  // measurements and tests.
  bool persistent = true;
};

// One NVIDIA GPU of compute capability 8.0 or newer. Supports every Precision: products run in cuBLAS with fp32
// accumulation, everything else in fused kernels. Operations run in order on one stream, links as CUDA graphs or
// persistent kernels (recurrence.h). Gradients of recurrent weights overlap later operations that do not access the
// same memory (side_work.h). The host waits in Download and Synchronize, and in Upload while earlier uploads fill the
// staging memory; no other operation waits or allocates.
//
// Results are bit-identical across GPUs of the same model if tensors start at multiples of kAlignment.
//
// Errors: INVALID_ARGUMENT if the machine has no such device; FAILED_PRECONDITION without a driver or GPU, or if either
// is too old; UNAVAILABLE if the GPU cannot be used now; RESOURCE_EXHAUSTED if its memory is insufficient.
absl::StatusOr<std::unique_ptr<Backend>> MakeCudaBackend(const CudaOptions& options);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_BACKEND_CUDA_CUDA_BACKEND_H_
