// SPDX-License-Identifier: Apache-2.0
//
// Plans of non-uniform chains and of two-level stores, as text and as JSON.
#ifndef RECURVE_CLIENT_CLI_CHAIN_ANSWER_H_
#define RECURVE_CLIENT_CLI_CHAIN_ANSWER_H_

#include <string>
#include <vector>

#include "client/cli/json.h"
#include "planner_service/planning/chain.h"

namespace recurve {

// The use of a segment by a plan.
struct SegmentUse {
  std::vector<int64_t> states;  // stored by the first sweep, as link indices
  std::vector<int64_t> tapes;   // stored by the first sweep
  int64_t forwards = 0;         // of its links, in the whole schedule
};
std::vector<SegmentUse> UseOfSegments(const std::vector<ChainSegment>& segments, const Schedule& schedule);

// "0..9, 12, 20..29, and 3 more"; at most `most` ranges.
std::string RangesText(const std::vector<int64_t>& positions, size_t most);

std::string ChainText(const ChainRequest& request, const std::vector<std::string>& names, const ChainPlan& plan);
std::string CurveText(const ChainPlan& plan);
Json ChainJson(const ChainRequest& request, const std::vector<std::string>& names, const ChainPlan& plan);

std::string TwoLevelText(const TwoLevelRequest& request, const TwoLevelPlan& plan);
Json TwoLevelJson(const TwoLevelRequest& request, const TwoLevelPlan& plan);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_CHAIN_ANSWER_H_
