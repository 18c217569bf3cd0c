// SPDX-License-Identifier: Apache-2.0
//
// The GRU cell as published (Cho et al. 2014), with the reset gate before the recurrent product, element by element:
//   r, z = sigmoid(.) of the reset and the update gate;  n = tanh(x + u (r h_before));  h = (1 - z) n + z h_before.
// The candidate's product reads what the gates' product gave, so a step has two stages, each after its product, and so
// has its backward. h_read is what the products read: h_before, times the recurrent mask where there is one.
#ifndef RECURVE_EXECUTOR_BACKEND_GRU_RESET_BEFORE_CELL_H_
#define RECURVE_EXECUTOR_BACKEND_GRU_RESET_BEFORE_CELL_H_

#include "executor/backend/pointwise.h"
#include "planner_service/model/cell.h"

namespace recurve {

template <class Math>
struct GruResetBeforeCell {
  using F = typename Math::F;
  static constexpr Cell kCell = Cell::kGruResetBefore;

  // gates [2]: pre-activations of reset and update, then activations. Returns r h_read, what the second product reads.
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

  // z and n become the gradients of their pre-activations. dh, in: gradient of h; out: of h_before, directly.
  static RECURVE_POINTWISE void BackwardState(F* z, F* n, F before, F* dh) {
    const F one = Math::Set(1.0f);
    const F dz = *dh * (before - *n) * (*z * (one - *z));
    const F dn = *dh * (one - *z) * (one - *n * *n);
    *dh = *dh * *z;
    *z = dz;
    *n = dn;
  }

  // drh: gradient of r h_read. r becomes the gradient of its pre-activation. Returns the part of the gradient of h_read
  // that comes through r h_read.
  static RECURVE_POINTWISE F BackwardReset(F drh, F h_read, F* r) {
    const F dh = drh * *r;
    *r = dh * h_read * (Math::Set(1.0f) - *r);
    return dh;
  }
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_BACKEND_GRU_RESET_BEFORE_CELL_H_
