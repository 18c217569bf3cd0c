// SPDX-License-Identifier: Apache-2.0
//
// The element-wise GRU cell (Cho et al. 2014) with the reset gate applied after the recurrent product, as in cuDNN and
// PyTorch. b is the recurrent bias; u' h + b is called the product's candidate part below:
//   r, z = sigmoid(.) of the reset and the update gate;  n = tanh(x + r (u' h_before + b));
//   h = (1 - z) n + z h_before.
// For the arguments of Forward and Backward see lstm_cell.h.
#ifndef RECURVE_EXECUTOR_BACKEND_GRU_CELL_H_
#define RECURVE_EXECUTOR_BACKEND_GRU_CELL_H_

#include "executor/backend/pointwise.h"
#include "planner_service/model/cell.h"

namespace recurve {

template <class Math>
struct GruCell {
  using F = typename Math::F;
  static constexpr Cell kCell = Cell::kGru;

  // x: candidate, reset, update; p: reset, update, candidate. The bias is in p.
  static RECURVE_POINTWISE void Forward(const F* x, const F* p, const F* before, F* after, F* tape) {
    const F r = Sigmoid<Math>(x[1] + p[0]);
    const F z = Sigmoid<Math>(x[2] + p[1]);
    const F n = Tanh<Math>(Math::Fma(r, p[2], x[0]));
    after[0] = Math::Fma(z, before[0] - n, n);
    tape[0] = n;
    tape[1] = r;
    tape[2] = z;
    tape[3] = p[2];
  }

  // dgates: candidate, reset, update, the product's candidate part. The first three are for x, the last three for p.
  static RECURVE_POINTWISE void Backward(const F* tape, const F* before, const F* /*after*/, F* d, F* dgates) {
    const F one = Math::Set(1.0f);
    const F n = tape[0];
    const F r = tape[1];
    const F z = tape[2];
    const F dn = d[0] * (one - z) * (one - n * n);
    dgates[0] = dn;
    dgates[1] = dn * tape[3] * (r * (one - r));
    dgates[2] = d[0] * (before[0] - n) * (z * (one - z));
    dgates[3] = dn * r;
    d[0] = d[0] * z;
  }
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_BACKEND_GRU_CELL_H_
