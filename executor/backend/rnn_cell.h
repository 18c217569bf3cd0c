// SPDX-License-Identifier: Apache-2.0
//
// The element-wise simple recurrent cells (Elman 1990): h = tanh(.) or max(., 0) of the pre-activation. The derivative
// is a function of h, so there is no tape. For the arguments of Forward and Backward see lstm_cell.h.
#ifndef RECURVE_EXECUTOR_BACKEND_RNN_CELL_H_
#define RECURVE_EXECUTOR_BACKEND_RNN_CELL_H_

#include "executor/backend/pointwise.h"
#include "planner_service/model/cell.h"

namespace recurve {

template <class Math>
struct TanhRnnCell {
  using F = typename Math::F;
  static constexpr Cell kCell = Cell::kTanhRnn;

  static RECURVE_POINTWISE void Forward(const F* x, const F* p, const F* /*before*/, F* after, F* /*tape*/) {
    after[0] = Tanh<Math>(x[0] + p[0]);
  }

  static RECURVE_POINTWISE void Backward(const F* /*tape*/, const F* /*before*/, const F* after, F* d, F* dgates) {
    dgates[0] = d[0] * (Math::Set(1.0f) - after[0] * after[0]);
    d[0] = Math::Set(0.0f);
  }
};

template <class Math>
struct ReluRnnCell {
  using F = typename Math::F;
  static constexpr Cell kCell = Cell::kReluRnn;

  static RECURVE_POINTWISE void Forward(const F* x, const F* p, const F* /*before*/, F* after, F* /*tape*/) {
    after[0] = Math::Max(Math::Set(0.0f), x[0] + p[0]);
  }

  // The derivative at 0 is 0; a state below the smallest normal number, which devices may flush to 0, counts as 0.
  static RECURVE_POINTWISE void Backward(const F* /*tape*/, const F* /*before*/, const F* after, F* d, F* dgates) {
    dgates[0] = Math::ZeroBelow(after[0], Math::Set(1.17549435e-38f), d[0]);
    d[0] = Math::Set(0.0f);
  }
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_BACKEND_RNN_CELL_H_
