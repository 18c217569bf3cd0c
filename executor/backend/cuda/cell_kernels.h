// SPDX-License-Identifier: Apache-2.0
//
// The steps of a recurrent layer, as the host starts them. A step is a product by cuBLAS and a kernel for all that is
// computed element by element.
//
// A graph of a link's steps can be replayed on other tensors than those it was captured with: what varies from link to
// link lies in device memory, in a ForwardLink or BackwardLink at a fixed address, and the kernels look there. The
// products read and write nothing but weights and fixed scratch memory.
#ifndef RECURVE_EXECUTOR_BACKEND_CUDA_CELL_KERNELS_H_
#define RECURVE_EXECUTOR_BACKEND_CUDA_CELL_KERNELS_H_

#include <cuda_runtime_api.h>

#include <cstdint>

#include "executor/backend/arguments.h"
#include "executor/backend/cuda/element.h"

namespace recurve::cuda {

// The rows [first_row, first_row + rows) of the batch over the steps of a link. The three tensors beside `args` are
// scratch memory of these rows alone.
struct ForwardLink {
  CellForwardArgs args;
  int64_t first_row, rows;
  OperandRows h;   // [rows, H], what a step's product reads: h before the step, times the recurrent mask
  float* product;  // [rows, G H], what it gave
};

struct BackwardLink {
  CellBackwardArgs args;
  int64_t first_row, rows;
  OperandRows gradients;  // [rows, G H], of the product of a step
  float* product;         // [rows, H], of h before the step, as the product gave it
};

// Puts `link` at `there`, and h before its first step in place for the first product.
cudaError_t BeginForward(const ForwardLink& link, ForwardLink* there, cudaStream_t stream);
cudaError_t BeginBackward(const BackwardLink& link, BackwardLink* there, cudaStream_t stream);

// After the last step's product: what it gave is added to d[0].
cudaError_t EndBackward(int64_t rows, int64_t H, const BackwardLink* link, cudaStream_t stream);

// Starts a kernel of step t of a link whose tensors have `rows` rows and elements of `element` for the products.
template <class Link>
using StartStep = cudaError_t (*)(Element element, int64_t rows, int64_t H, const Link* link, int64_t t,
                                  cudaStream_t stream);

// The kernels of a cell. Those of a cell with two products in a step come in pairs:
//   forward   product of h with the weights of all gates but the last, [0], product of `h` with the last, [1];
//   backward  [0], product of the last gate's gradients, [1], which leaves in `product` what the product of the others
//             is added to.
struct CellSteps {
  StartStep<ForwardLink> forward[2];
  StartStep<BackwardLink> backward[2];
};
CellSteps StepsOf(Cell cell);

}  // namespace recurve::cuda

#endif  // RECURVE_EXECUTOR_BACKEND_CUDA_CELL_KERNELS_H_
