// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_CAPACITY_LINK_SPLIT_H_
#define RECURVE_PLANNER_SERVICE_CAPACITY_LINK_SPLIT_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "planner_service/capacity/advisor.h"

namespace recurve {

// A workload split into links of one length: a chain with what it costs.
struct LinkSplit {
  Sizing sizing;
  LinkCosts costs;        // a forward lasts 1, a backward 2 when nothing was measured
  bool measured = false;  // the costs are seconds

  double Time(int64_t forward_count) const { return PredictSeconds(forward_count, sizing.links, costs); }
  double StoreAllTime() const { return Time(sizing.links); }
  // Recounts the links, for a sequence of `length` steps in the same fixed bytes.
  void SetLength(int64_t length);
};

// The ways to split a workload, at least one, in the order in which they are preferred.
struct LinkSplits {
  std::vector<LinkSplit> splits;
  // Nothing was measured: forward counts choose among them (LinkChooser, planner_service/model/link_choice.h), and each
  // is compared with its own store-all. Otherwise the least time does, compared with the fastest store-all of all
  // splits.
  bool by_rule = false;

  double ReferenceTime(const LinkSplit& split) const;
};

// INVALID_ARGUMENT names the field of `workload` that is out of range.
absl::StatusOr<LinkSplits> SplitWorkload(const Workload& workload);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_CAPACITY_LINK_SPLIT_H_
