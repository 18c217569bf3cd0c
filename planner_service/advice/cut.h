// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_ADVICE_CUT_H_
#define RECURVE_PLANNER_SERVICE_ADVICE_CUT_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "planner_service/advice/advisor.h"

namespace recurve {

// A workload cut into links of one length: a chain with what it costs.
struct Cut {
  Sizing sizing;
  LinkCosts costs;        // a forward lasts 1, a backward 2 when nothing was measured
  bool measured = false;  // the costs are seconds

  double Time(int64_t forward_count) const { return PredictSeconds(forward_count, sizing.links, costs); }
  double StoreAllTime() const { return Time(sizing.links); }
  // Recounts the links, for a sequence of `length` steps in the same fixed bytes.
  void SetLength(int64_t length);
};

// The ways to cut a workload, at least one, in the order in which they are preferred.
struct Cuts {
  std::vector<Cut> cuts;
  // Nothing was measured: forward counts choose among them (LinkChooser, executor/job/link_sizing.h), and each is
  // compared with its own store-all. Otherwise the least time does, compared with the fastest store-all of all cuts.
  bool by_rule = false;

  double ReferenceTime(const Cut& cut) const;
};

// INVALID_ARGUMENT names the field of `workload` that is out of range.
absl::StatusOr<Cuts> CutWorkload(const Workload& workload);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_ADVICE_CUT_H_
