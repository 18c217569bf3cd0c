// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_BACKEND_LINK_STEPS_H_
#define RECURVE_EXECUTOR_BACKEND_LINK_STEPS_H_

#include <cstdint>
#include <type_traits>

#include "executor/backend/arguments.h"

namespace recurve {

// The arguments for steps [begin, end) of a link; `Args` is CellForwardArgs or CellBackwardArgs. The earlier steps must
// have run in a forward, the later ones in a backward.
template <class Args>
Args StepsOfLink(Args a, int64_t begin, int64_t end) {
  const int64_t BH = a.B * a.H;
  const int64_t row = GeometryOf(a.cell).row();
  const auto advance = [](auto*& pointer, int64_t by) {
    if (pointer != nullptr) pointer += by;
  };
  for (int s = 0; s < GeometryOf(a.cell).states; ++s) {
    if (end < a.k) a.last[s] = a.inner[s] + (end - 1) * BH;
    if (begin > 0) a.first[s] = a.inner[s] + (begin - 1) * BH;
    advance(a.inner[s], begin * BH);
  }
  advance(a.gates, begin * row * BH);
  if constexpr (std::is_same_v<Args, CellForwardArgs>) {
    advance(a.input.projected, begin * row * BH);
    advance(a.input.tokens, begin * a.B);
    advance(a.masked, begin * BH);
  } else {
    advance(a.dh_above, begin * BH);
  }
  a.lengths.first_step += begin;
  a.k = end - begin;
  return a;
}

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_BACKEND_LINK_STEPS_H_
