// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_CAPACITY_LINK_SPLIT_H_
#define RECURVE_PLANNER_SERVICE_CAPACITY_LINK_SPLIT_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "planner_service/capacity/advisor.h"

namespace recurve {

// A workload split into links of one length: a chain with its costs.
struct LinkSplit {
  Sizing sizing;
  LinkCosts costs;        // if not measured: 1 per forward, 2 per backward
  bool measured = false;  // the costs are seconds

  double Time(int64_t forward_count) const { return PredictSeconds(forward_count, sizing.links, costs); }
  double StoreAllTime() const { return Time(sizing.links); }
  // Changes the sequence to `length` steps, with the same fixed bytes.
  void SetLength(int64_t length);
};

// The ways to split a workload, at least one, in order of preference.
struct LinkSplits {
  std::vector<LinkSplit> splits;
  // True if nothing was measured: forward counts choose among the splits (LinkChooser,
  // planner_service/model/link_choice.h), and slowdowns are relative to a split's own store-all. Otherwise the minimum
  // time chooses, and slowdowns are relative to the fastest store-all of all splits.
  bool by_rule = false;

  double ReferenceTime(const LinkSplit& split) const;
};

// INVALID_ARGUMENT names the field of `workload` that is out of range.
absl::StatusOr<LinkSplits> SplitWorkload(const Workload& workload);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_CAPACITY_LINK_SPLIT_H_
