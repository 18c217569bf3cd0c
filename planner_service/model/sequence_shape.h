// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_MODEL_SEQUENCE_SHAPE_H_
#define RECURVE_PLANNER_SERVICE_MODEL_SEQUENCE_SHAPE_H_

#include <cstdint>

namespace recurve {

// A batch of B sequences of T steps, split into links of k steps; the last link may be shorter.
struct SequenceShape {
  int64_t length = 1;   // T
  int64_t link = 1;     // k, 1..T
  int64_t batch = 1;    // B
  bool ragged = false;  // sequences may be shorter than T

  int64_t links() const { return (length + link - 1) / link; }
  int64_t first_step(int64_t j) const { return j * link; }
  int64_t steps(int64_t j) const { return j + 1 < links() ? link : length - first_step(j); }
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_MODEL_SEQUENCE_SHAPE_H_
