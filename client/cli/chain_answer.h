// SPDX-License-Identifier: Apache-2.0
//
// Plans of chains that are not uniform, and of two stores, as text for people and JSON for machines.
#ifndef RECURVE_CLIENT_CLI_CHAIN_ANSWER_H_
#define RECURVE_CLIENT_CLI_CHAIN_ANSWER_H_

#include <string>
#include <vector>

#include "client/cli/json.h"
#include "planner_service/planning/chain.h"

namespace recurve {

// What the plan does in each segment.
struct SegmentUse {
  std::vector<int64_t> states;  // stored by the first sweep, as links of the chain
  std::vector<int64_t> tapes;   // stored by the first sweep
  int64_t forwards = 0;         // of its links, in the whole schedule
};
std::vector<SegmentUse> UseOfSegments(const std::vector<ChainSegment>& segments, const Schedule& schedule);

// "0..9, 12, 20..29"; no more than `most` ranges, and how many more there are.
std::string RangesText(const std::vector<int64_t>& positions, size_t most);

std::string ChainText(const ChainRequest& request, const std::vector<std::string>& names, const ChainPlan& plan);
std::string CurveText(const ChainPlan& plan);
Json ChainJson(const ChainRequest& request, const std::vector<std::string>& names, const ChainPlan& plan);

std::string TwoLevelText(const TwoLevelRequest& request, const TwoLevelPlan& plan);
Json TwoLevelJson(const TwoLevelRequest& request, const TwoLevelPlan& plan);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_CHAIN_ANSWER_H_
