// SPDX-License-Identifier: Apache-2.0
//
// A plan request with its answer, as text and as JSON.
#ifndef RECURVE_CLIENT_CLI_PLAN_ANSWER_H_
#define RECURVE_CLIENT_CLI_PLAN_ANSWER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/json.h"
#include "planner_service/planning/plan.h"
#include "planner_service/planning/planner.h"

namespace recurve {

struct PlanAnswer {
  PlanRequest request;
  Plan plan;
  int64_t slot_bytes = 1;  // in a comparison, the size of one slot of a request in slots
};

// Plans the request with every strategy. A strategy that does not take this kind of budget gets one of the other kind
// that holds no more: for bytes, the most slots whose schedule stays within them; for slots, as many bytes as slots,
// with states of one byte. ism and msm are omitted beyond 10,000 links, where their tables take too long.
absl::StatusOr<std::vector<PlanAnswer>> CompareStrategies(const PlanRequest& request, Planner& planner,
                                                          const CancelCheck& cancelled);

Json PlanJson(const PlanAnswer& answer);
std::string PlanText(const PlanAnswer& answer);
// `request` is that of CompareStrategies. Peaks and budgets are in its unit, whatever unit the strategy uses.
std::string ComparisonText(const PlanRequest& request, const std::vector<PlanAnswer>& answers);

// "store-all cannot do 1000 links in 100B; give --memory at least 2.93KiB (2996 bytes), ..."
std::string InfeasibleText(const PlanAnswer& answer);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_PLAN_ANSWER_H_
