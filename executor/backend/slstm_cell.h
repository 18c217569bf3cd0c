// SPDX-License-Identifier: Apache-2.0
//
// The element-wise sLSTM cell of xLSTM (Beck et al. 2024, equations 8 to 17), one head. With i~, f~, z~, o~ the
// pre-activations of input gate, forget gate, candidate and output gate:
//   m = max(log sigmoid(f~) + m_before, i~);   i' = exp(i~ - m);   f' = exp(log sigmoid(f~) + m_before - m);
//   c = f' c_before + i' tanh(z~);   n = f' n_before + i';   h = sigmoid(o~) c / n.
// Both exponents are at most 0 and one of them is 0, so that n is at least 1 from the first step on. A state with n = 0
// is empty: its past has weight 0, however small i' is.
//
// m only scales c and n by exp(-m), and the scale cancels in h, so the loss does not depend on m. The derivatives with
// respect to m along all paths therefore sum to zero, and Backward treats m as a constant.
// For the arguments of Forward and Backward see lstm_cell.h.
#ifndef RECURVE_EXECUTOR_BACKEND_SLSTM_CELL_H_
#define RECURVE_EXECUTOR_BACKEND_SLSTM_CELL_H_

#include "executor/backend/pointwise.h"
#include "planner_service/model/cell.h"

namespace recurve {

template <class Math>
struct SlstmCell {
  using F = typename Math::F;
  static constexpr Cell kCell = Cell::kSlstm;

  // States: h, c, n, m.
  static RECURVE_POINTWISE void Forward(const F* x, const F* p, const F* before, F* after, F* tape) {
    const F input = x[0] + p[0];
    const F forget = x[1] + p[1];
    const F z = Tanh<Math>(x[2] + p[2]);
    const F o = Sigmoid<Math>(x[3] + p[3]);
    const F past = LogWeightOfPast(forget, before);
    const F m = Math::Max(past, input);
    const F i = Exp<Math>(input - m);
    const F f = Exp<Math>(past - m);
    after[1] = Math::Fma(f, before[1], i * z);
    after[2] = Math::Fma(f, before[2], i);
    after[3] = m;
    after[0] = o * Math::Divide(after[1], after[2]);
    tape[0] = input;
    tape[1] = forget;
    tape[2] = z;
    tape[3] = o;
  }

  static RECURVE_POINTWISE void Backward(const F* tape, const F* before, const F* after, F* d, F* dgates) {
    const F one = Math::Set(1.0f);
    const F z = tape[2];
    const F o = tape[3];
    const F i = Exp<Math>(tape[0] - after[3]);
    const F f = Exp<Math>(LogWeightOfPast(tape[1], before) - after[3]);
    const F ratio = Math::Divide(after[1], after[2]);
    const F dratio = Math::Divide(d[0] * o, after[2]);
    const F dc = d[1] + dratio;
    const F dn = Math::Fma(-dratio, ratio, d[2]);
    dgates[0] = Math::Fma(dc, z, dn) * i;
    dgates[1] = Math::Fma(dc, before[1], dn * before[2]) * f * Sigmoid<Math>(-tape[1]);
    dgates[2] = dc * i * (one - z * z);
    dgates[3] = d[0] * ratio * (o * (one - o));
    d[0] = Math::Set(0.0f);
    d[1] = dc * f;
    d[2] = dn * f;
    d[3] = Math::Set(0.0f);
  }

 private:
  // log sigmoid(f~) + m_before; practically minus infinity for an empty state. (n is 0 or at least 1.)
  static RECURVE_POINTWISE F LogWeightOfPast(F forget, const F* before) {
    const F empty = Math::ZeroBelow(-before[2], Math::Set(-0.5f), Math::Set(1e38f));
    return LogSigmoid<Math>(forget) + before[3] - empty;
  }
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_BACKEND_SLSTM_CELL_H_
