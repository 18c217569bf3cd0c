// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_JOB_BEST_EVALUATION_H_
#define RECURVE_EXECUTOR_JOB_BEST_EVALUATION_H_

#include <cstdint>

#include "planner_service/fields/field.h"

namespace recurve {

// The best evaluation of a training so far; lower metrics are better.
struct BestEvaluation {
  int64_t step = 0;  // 0: none yet
  double value = 0;
  int64_t since = 0;  // evaluations since then, without improvement

  // Returns whether the evaluation after `at` improves on all before.
  bool Add(int64_t at, double evaluation) {
    if (step > 0 && !(evaluation < value)) {
      ++since;
      return false;
    }
    *this = {.step = at, .value = evaluation, .since = 0};
    return true;
  }
};

inline void VisitFields(BestEvaluation& best, FieldVisitor& visitor) {
  visitor.Count({"step"}, kNotNegative, best.step);
  visitor.Real({"value"}, {}, best.value);
  visitor.Count({"since"}, kNotNegative, best.since);
}

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_JOB_BEST_EVALUATION_H_
