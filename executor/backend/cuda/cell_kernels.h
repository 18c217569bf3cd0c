// SPDX-License-Identifier: Apache-2.0
//
// Host launchers for the steps of a recurrent layer. A step is a product by cuBLAS followed by an element-wise kernel.
//
// A graph of a link's steps can be replayed on tensors other than those it was captured with. Kernels read whatever
// varies between links from a ForwardLink or BackwardLink at a fixed address in device memory; products access only
// weights and fixed scratch memory.
#ifndef RECURVE_EXECUTOR_BACKEND_CUDA_CELL_KERNELS_H_
#define RECURVE_EXECUTOR_BACKEND_CUDA_CELL_KERNELS_H_

#include <cuda_runtime_api.h>

#include <cstdint>

#include "executor/backend/arguments.h"
#include "executor/backend/cuda/element.h"

namespace recurve::cuda {

// The rows [first_row, first_row + rows) of the batch over the steps of a link. The tensors other than `args` are
// scratch memory for these rows.
struct ForwardLink {
  CellForwardArgs args;
  int64_t first_row, rows;
  OperandRows h;   // [rows, H], input of the step's product: h before the step, times the recurrent mask
  float* product;  // [rows, G H], its output
};

struct BackwardLink {
  CellBackwardArgs args;
  int64_t first_row, rows;
  OperandRows gradients;  // [rows, G H], with respect to the output of the step's product
  float* product;         // [rows, H], the gradient of h before the step that passes through the product
};

// Copies `link` to `there`, and h before its first step to link.h for the first product.
cudaError_t BeginForward(const ForwardLink& link, ForwardLink* there, cudaStream_t stream);
cudaError_t BeginBackward(const BackwardLink& link, BackwardLink* there, cudaStream_t stream);

// Adds the result of the last step's product to d[0].
cudaError_t EndBackward(int64_t rows, int64_t H, const BackwardLink* link, cudaStream_t stream);

// Starts a kernel of step t. The link's scratch tensors have `rows` rows; product operands have type `element`.
template <class Link>
using StartStep = cudaError_t (*)(Element element, int64_t rows, int64_t H, const Link* link, int64_t t,
                                  cudaStream_t stream);

// The kernels of a cell. A cell with two products per step has two of each, run in this order:
//   forward   product of h with the weights of all gates but the last; [0]; product of link.h with the last; [1]
//   backward  [0]; product of the last gate's gradients; [1], whose result in `product` accumulates the next product
struct CellSteps {
  StartStep<ForwardLink> forward[2];
  StartStep<BackwardLink> backward[2];
};
CellSteps StepsOf(Cell cell);

}  // namespace recurve::cuda

#endif  // RECURVE_EXECUTOR_BACKEND_CUDA_CELL_KERNELS_H_
