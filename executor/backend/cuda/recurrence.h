// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_BACKEND_CUDA_RECURRENCE_H_
#define RECURVE_EXECUTOR_BACKEND_CUDA_RECURRENCE_H_

#include <cuda_runtime_api.h>

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "executor/backend/arguments.h"
#include "executor/backend/cuda/cell_kernels.h"
#include "executor/backend/cuda/cuda_device.h"
#include "executor/backend/cuda/link_graphs.h"
#include "executor/backend/cuda/persistent_plan.h"
#include "executor/backend/cuda/products.h"

namespace recurve::cuda {

// Backend::CellForward and CellBackward on one stream.
//
// A link runs in parts, each computed like a link of its own. If PlanPersistent returns a plan, a part is one kernel
// (persistent.h), whose blocks exchange results in `scratch`. Otherwise a part is a graph of at most kPartSteps steps,
// each a cuBLAS product and a kernel (link_graphs.h, cell_kernels.h). The products of a graph have fixed operands, so
// the input and output of each product are in `scratch`: one copy per step of h or of the gates' gradients, in the
// element type of the products, which is read again while it is still cached. Batches that do not fit are split by
// rows.
//
// The choice depends only on shapes and the device, so that every plan gives bit-identical results.
class Recurrence {
 public:
  // `scratch` may be used by others between calls. `products` must use the same stream and outlive this object.
  Recurrence(const Products& products, const Device& device, bool persistent, cudaStream_t stream, Scratch scratch);

  absl::Status Forward(const CellForwardArgs& args);
  absl::Status Backward(const CellBackwardArgs& args);

  LinkRuns link_runs() const;

 private:
  static constexpr int64_t kPartSteps = 128;

  std::optional<PersistentPlan> PlanOf(Direction direction, Cell cell, int64_t B, int64_t H) const;
  absl::Status ForwardPersistent(const PersistentPlan& plan, const CellForwardArgs& args);
  absl::Status BackwardPersistent(const PersistentPlan& plan, const CellBackwardArgs& args);

  absl::Status ForwardRows(const CellForwardArgs& args, int64_t first_row, int64_t rows);
  absl::Status ForwardStep(const ForwardLink& link, int64_t t);
  absl::Status BackwardRows(const CellBackwardArgs& args, int64_t first_row, int64_t rows);
  absl::Status BackwardStep(const BackwardLink& link, int64_t t);

  // The recurrent weights packed by PackRecurrent: [G H, H] for a forward, [H, G H] for a backward.
  OperandRows ForwardWeights(const void* packed, int64_t H) const;
  OperandRows BackwardWeights(Cell cell, const void* packed, int64_t H) const;
  int64_t RowsAtATime(int64_t row_bytes) const;
  std::byte* Tensors() const { return scratch_.data + kLinkBytes; }

  static constexpr int64_t kLinkBytes = 1024;  // of scratch, for the ForwardLink or BackwardLink
  static_assert(sizeof(ForwardLink) <= kLinkBytes && sizeof(BackwardLink) <= kLinkBytes);

  const Products& products_;
  const bool persistent_;
  const PersistentDevice persistent_device_;
  const cudaStream_t stream_;
  const Scratch scratch_;
  LinkGraphs graphs_;
  int64_t persistent_links_ = 0;
};

}  // namespace recurve::cuda

#endif  // RECURVE_EXECUTOR_BACKEND_CUDA_RECURRENCE_H_
