// SPDX-License-Identifier: Apache-2.0
//
// The element-wise LSTM cell (Hochreiter and Schmidhuber 1997, with forget gates):
//   i, f, o = sigmoid(.), g = tanh(.) of the gates' pre-activations;  c = f c_before + i g;  h = o tanh(c).
//
// Each cell is a struct like this over a Math (pointwise.h), used by the kernels of all devices:
//   Forward   x [G]: the step's input; p [G]: the recurrent product; before, after [S]: states; tape [A]: saved for
//   Backward. Backward  d [S], in: gradients of `after`; out: of `before`, except through the recurrent product.
//             dgates [W]: gradients of x and p, in the positions that CellGeometry defines.
#ifndef RECURVE_EXECUTOR_BACKEND_LSTM_CELL_H_
#define RECURVE_EXECUTOR_BACKEND_LSTM_CELL_H_

#include "executor/backend/pointwise.h"
#include "planner_service/model/cell.h"

namespace recurve {

template <class Math>
struct LstmCell {
  using F = typename Math::F;
  static constexpr Cell kCell = Cell::kLstm;

  static RECURVE_POINTWISE void Forward(const F* x, const F* p, const F* before, F* after, F* tape) {
    const F i = Sigmoid<Math>(x[0] + p[0]);
    const F f = Sigmoid<Math>(x[1] + p[1]);
    const F g = Tanh<Math>(x[2] + p[2]);
    const F o = Sigmoid<Math>(x[3] + p[3]);
    const F c = Math::Fma(f, before[1], i * g);
    after[0] = o * Tanh<Math>(c);
    after[1] = c;
    tape[0] = i;
    tape[1] = f;
    tape[2] = g;
    tape[3] = o;
  }

  // Recomputes tanh(c) from c.
  static RECURVE_POINTWISE void Backward(const F* tape, const F* before, const F* after, F* d, F* dgates) {
    const F one = Math::Set(1.0f);
    const F i = tape[0];
    const F f = tape[1];
    const F g = tape[2];
    const F o = tape[3];
    const F tanh_c = Tanh<Math>(after[1]);
    const F dh_o = d[0] * o;
    const F dc = Math::Fma(dh_o, one - tanh_c * tanh_c, d[1]);
    dgates[0] = dc * g * (i * (one - i));
    dgates[1] = dc * before[1] * (f * (one - f));
    dgates[2] = dc * i * (one - g * g);
    dgates[3] = dh_o * tanh_c * (one - o);
    d[0] = Math::Set(0.0f);
    d[1] = dc * f;
  }
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_BACKEND_LSTM_CELL_H_
