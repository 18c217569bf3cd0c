// SPDX-License-Identifier: Apache-2.0
//
// Many steps of a recurrent layer in one kernel (persistent RNNs: Diamos et al. 2016). Each block keeps its part of the
// recurrent weights in registers for all steps of a launch; blocks exchange h, or the gradients of the gates, through
// the L2 cache (persistent_product.cuh). For precisions whose products run on tensor cores.
//
// The order of summation depends only on the plan, so equal shapes give bit-identical results.
#ifndef RECURVE_EXECUTOR_BACKEND_CUDA_PERSISTENT_H_
#define RECURVE_EXECUTOR_BACKEND_CUDA_PERSISTENT_H_

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>

#include "executor/backend/arguments.h"
#include "executor/backend/cuda/element.h"
#include "executor/backend/cuda/persistent_plan.h"

namespace recurve::cuda {

// `Args` is CellForwardArgs or CellBackwardArgs, with at most plan.steps steps.
template <class Args>
struct PersistentLaunch {
  PersistentPlan plan;
  Args args;
  // Forward: [G H, H], the transposed weights; backward: [H, G H].
  OperandRows weights;
  std::byte* exchange;  // k slots of plan.slot_bytes, device memory reserved until the launch has finished
};

// Fills the exchange memory and starts the kernel. All blocks must run at the same time: the launch is cooperative and
// fails if the device cannot hold them all.
cudaError_t StartPersistent(const PersistentLaunch<CellForwardArgs>& launch, cudaStream_t stream);
cudaError_t StartPersistent(const PersistentLaunch<CellBackwardArgs>& launch, cudaStream_t stream);

}  // namespace recurve::cuda

#endif  // RECURVE_EXECUTOR_BACKEND_CUDA_PERSISTENT_H_
