// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_BACKEND_CUDA_CUDA_BACKEND_H_
#define RECURVE_EXECUTOR_BACKEND_CUDA_CUDA_BACKEND_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "executor/backend/backend.h"
#include "executor/backend/precision.h"

namespace recurve {

// OwnBytes of a CUDA backend: what its products and reductions need. The CUDA driver's context, cuBLAS's code and the
// graphs of links come on top.
inline constexpr int64_t kCudaBackendBytes = int64_t{80} << 20;
// Of those: what an operation of the main stream works in. What has no room in it is done in parts.
inline constexpr int64_t kCudaScratchBytes = int64_t{16} << 20;

struct CudaOptions {
  int device = 0;  // in the order of the CUDA runtime, which CUDA_VISIBLE_DEVICES restricts
  Precision precision = Precision::kFp32;
  // Whether recurrent layers run as persistent kernels where they can; else step by step. For measurements and tests.
  bool persistent = true;
};

// One NVIDIA GPU of compute capability 8.0 or newer, which has every Precision: products by cuBLAS with sums in fp32,
// fused kernels for the rest. Operations run one after another on one stream, links of a model as CUDA graphs
// (recurrence.h); gradients of recurrent weights run beside those that follow and do not touch the same memory
// (side_work.h). The host waits in Download and Synchronize, and in Upload while the uploads before it fill the staging
// memory; nothing else waits or allocates.
//
// The same operations on tensors that begin at multiples of kAlignment give the same bits on GPUs of one kind.
//
// INVALID_ARGUMENT for a device that the machine does not have; FAILED_PRECONDITION where there is no driver, no GPU,
// or too old a one; UNAVAILABLE where the GPU cannot be used now; RESOURCE_EXHAUSTED where its memory is taken.
absl::StatusOr<std::unique_ptr<Backend>> MakeCudaBackend(const CudaOptions& options);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_BACKEND_CUDA_CUDA_BACKEND_H_
