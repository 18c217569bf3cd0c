// SPDX-License-Identifier: Apache-2.0
//
// The element-wise GRU cell as published (Cho et al. 2014), with the reset gate before the recurrent product:
//   r, z = sigmoid(.) of the reset and the update gate;  n = tanh(x + u (r h_before));  h = (1 - z) n + z h_before.
// The candidate's product depends on the gates' product, so both passes of a step have two stages, one per product.
// h_read is the products' input: h_before, times the recurrent mask if there is one.
#ifndef RECURVE_EXECUTOR_BACKEND_GRU_RESET_BEFORE_CELL_H_
#define RECURVE_EXECUTOR_BACKEND_GRU_RESET_BEFORE_CELL_H_

#include "executor/backend/pointwise.h"
#include "planner_service/model/cell.h"

namespace recurve {

template <class Math>
struct GruResetBeforeCell {
  using F = typename Math::F;
  static constexpr Cell kCell = Cell::kGruResetBefore;

  // gates [2]: pre-activations of reset and update, then activations. Returns r h_read, the second product's input.
  static RECURVE_POINTWISE F ForwardGates(F* gates, F h_read) {
    gates[0] = Sigmoid<Math>(gates[0]);
    gates[1] = Sigmoid<Math>(gates[1]);
    return gates[0] * h_read;
  }

  // candidate: its pre-activation, then n. Returns h.
  static RECURVE_POINTWISE F ForwardState(F z, F* candidate, F before) {
    *candidate = Tanh<Math>(*candidate);
    return Math::Fma(z, before - *candidate, *candidate);
  }

  // Replaces z and n by the gradients of their pre-activations, and dh, the gradient of h, by its direct contribution
  // to the gradient of h_before.
  static RECURVE_POINTWISE void BackwardState(F* z, F* n, F before, F* dh) {
    const F one = Math::Set(1.0f);
    const F dz = *dh * (before - *n) * (*z * (one - *z));
    const F dn = *dh * (one - *z) * (one - *n * *n);
    *dh = *dh * *z;
    *z = dz;
    *n = dn;
  }

  // drh: gradient of r h_read. Replaces r by the gradient of its pre-activation. Returns the gradient of h_read through
  // r h_read.
  static RECURVE_POINTWISE F BackwardReset(F drh, F h_read, F* r) {
    const F dh = drh * *r;
    *r = dh * h_read * (Math::Set(1.0f) - *r);
    return dh;
  }
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_BACKEND_GRU_RESET_BEFORE_CELL_H_
