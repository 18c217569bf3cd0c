// SPDX-License-Identifier: Apache-2.0
//
// Which lengths of link a sequence may be split into, and which of them is taken. The planner service and the executor
// choose by the same rule.
#ifndef RECURVE_PLANNER_SERVICE_MODEL_LINK_CHOICE_H_
#define RECURVE_PLANNER_SERVICE_MODEL_LINK_CHOICE_H_

#include <cstdint>
#include <limits>
#include <vector>

#include "planner_service/planning/plan.h"

namespace recurve {

// Where nothing was measured, the links to look at, in order: `link` itself (at most the length), or when it is 0 about
// 128 rows (k B), halved down to 1.
std::vector<int64_t> CandidateLinks(int64_t link, int64_t length, int64_t batch);

// Chooses among the feasible candidates that are offered to it.
//
// With measured costs: the one of least predicted time, of equals the first. Without, of candidates in the order of
// CandidateLinks: the first that needs no more than one extra sweep (V <= 2 N); where there is none, the one that needs
// the fewest forwards per link. Fewer rows make the matrix products slower, longer links leave fewer bytes to the
// store.
class LinkChooser {
 public:
  explicit LinkChooser(bool measured) : measured_(measured) {}

  // Whether this candidate is the one to take of those offered so far.
  bool Offer(int64_t forward_count, int64_t links, const LinkCosts& costs) {
    const double time = measured_ ? PredictSeconds(forward_count, links, costs)
                                  : static_cast<double>(forward_count) / static_cast<double>(links);
    if (settled() || time >= best_) return false;
    best_ = time;
    return true;
  }
  bool settled() const { return !measured_ && best_ <= 2; }  // no later candidate will be taken

 private:
  const bool measured_;
  double best_ = std::numeric_limits<double>::infinity();
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_MODEL_LINK_CHOICE_H_
