// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_JOB_LOSS_HISTORY_H_
#define RECURVE_EXECUTOR_JOB_LOSS_HISTORY_H_

#include <cstdint>
#include <vector>

#include "planner_service/fields/field.h"

namespace recurve {

// The loss of a step, or with `held_out` the evaluation after it.
struct LossPoint {
  int64_t step = 0;
  double loss = 0;    // mean over the predictions; 0 for an evaluation
  double metric = 0;  // in the unit of evaluations
  bool held_out = false;
};
void VisitFields(LossPoint& point, FieldVisitor& visitor);

// The losses of a training in bounded memory: beyond kMost points, every second one is dropped, and the others stay
// evenly spaced. Not thread-safe.
class LossHistory {
 public:
  static constexpr int64_t kMost = 1024;  // of steps, and of evaluations

  void Add(const LossPoint& point);
  // In order of step, evaluations after their step.
  std::vector<LossPoint> Points() const;

 private:
  struct Series {
    std::vector<LossPoint> points;
    int64_t stride = 1;  // every stride-th point is kept
    int64_t seen = 0;
    void Add(const LossPoint& point);
  };
  friend void VisitFields(Series& series, FieldVisitor& visitor);
  friend void VisitFields(LossHistory& history, FieldVisitor& visitor);
  Series steps_, evaluations_;
};
void VisitFields(LossHistory& history, FieldVisitor& visitor);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_JOB_LOSS_HISTORY_H_
