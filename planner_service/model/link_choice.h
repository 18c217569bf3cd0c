// SPDX-License-Identifier: Apache-2.0
//
// Chooses the link length into which a sequence is split. The planner service and the executor share this rule.
#ifndef RECURVE_PLANNER_SERVICE_MODEL_LINK_CHOICE_H_
#define RECURVE_PLANNER_SERVICE_MODEL_LINK_CHOICE_H_

#include <cstdint>
#include <limits>
#include <vector>

#include "planner_service/planning/plan.h"

namespace recurve {

// The candidates if nothing was measured, in order: `link` itself (at most the length), or if it is 0, about 128 rows
// (k B), halved down to 1 step.
std::vector<int64_t> CandidateLinks(int64_t link, int64_t length, int64_t batch);

// Chooses among the feasible candidates that are offered to it.
//
// With measured costs: the first of those with the minimum predicted time. Without, with candidates in the order of
// CandidateLinks: the first that needs at most one extra sweep (V <= 2 N) or, if there is none, the one with the fewest
// forwards per link. The trade-off: fewer rows slow down the matrix products; longer links leave less memory for the
// store.
class LinkChooser {
 public:
  explicit LinkChooser(bool measured) : measured_(measured) {}

  // Whether this candidate is the best so far.
  bool Offer(int64_t forward_count, int64_t links, const LinkCosts& costs) {
    const double time = measured_ ? PredictSeconds(forward_count, links, costs)
                                  : static_cast<double>(forward_count) / static_cast<double>(links);
    if (settled() || time >= best_) return false;
    best_ = time;
    return true;
  }
  bool settled() const { return !measured_ && best_ <= 2; }  // no later candidate can be better

 private:
  const bool measured_;
  double best_ = std::numeric_limits<double>::infinity();
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_MODEL_LINK_CHOICE_H_
