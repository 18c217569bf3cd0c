// SPDX-License-Identifier: Apache-2.0
//
// The steps of a recurrent layer in one kernel (persistent RNNs: Diamos et al. 2016): each block keeps its part of the
// recurrent weights in registers for all steps of a launch, and blocks exchange h, or the gates' gradients, through the
// L2 cache (persistent_product.cuh). For precisions whose products run on tensor cores.
//
// Sums are formed in an order that depends on the plan alone, so that the same shape always has the same bits.
#ifndef RECURVE_EXECUTOR_BACKEND_CUDA_PERSISTENT_H_
#define RECURVE_EXECUTOR_BACKEND_CUDA_PERSISTENT_H_

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>

#include "executor/backend/arguments.h"
#include "executor/backend/cuda/element.h"
#include "executor/backend/cuda/persistent_plan.h"

namespace recurve::cuda {

// A launch. `Args` is CellForwardArgs or CellBackwardArgs, of at most plan.steps steps.
template <class Args>
struct PersistentLaunch {
  PersistentPlan plan;
  Args args;
  // Forward: [G H, H], the transposed weights; backward: [H, G H].
  OperandRows weights;
  std::byte* exchange;  // k slots of plan.slot_bytes, device memory that nothing else uses until the launch is over
};

// Starts the launch, after a fill of the exchange memory. All blocks must run at the same time: it is a cooperative
// launch, which fails where the device can never hold them.
cudaError_t StartPersistent(const PersistentLaunch<CellForwardArgs>& launch, cudaStream_t stream);
cudaError_t StartPersistent(const PersistentLaunch<CellBackwardArgs>& launch, cudaStream_t stream);

}  // namespace recurve::cuda

#endif  // RECURVE_EXECUTOR_BACKEND_CUDA_PERSISTENT_H_
