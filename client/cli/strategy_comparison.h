// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_STRATEGY_COMPARISON_H_
#define RECURVE_CLIENT_CLI_STRATEGY_COMPARISON_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/json.h"
#include "executor/job/job_spec.h"
#include "executor/job/training_job.h"

namespace recurve {

struct StrategyMeasurement {
  Strategy strategy = Strategy::kAuto;
  int64_t planned_activation_bytes = 0;
  int64_t measured_activation_bytes = 0;
  int64_t forward_count = 0;  // link forwards of one batch
  int64_t links = 0;
  double seconds_per_batch = 0;            // median over the rounds
  double predicted_seconds_per_batch = 0;  // of the first round
  int64_t rounds = 0;                      // measured; the same for all
};

struct ComparisonLimits {
  int64_t rounds = 0;
  double seconds = 0;  // no round except the first starts after this; 0: no limit
};

// Trains the model of `spec`, split into links as in `plan`, for a few steps per round with store-all, Chen and the
// strategy of `spec`. Each round starts with a different one, so that other load on the machine affects all alike.
// Store-all is first in the result; it and Chen get the memory they need. Calls `on_round` with the number of rounds
// done after each.
absl::StatusOr<std::vector<StrategyMeasurement>> MeasureStrategies(
    const JobSpec& spec, const JobPlan& plan, const ComparisonLimits& limits, const JobPlanners& planners,
    LinkCostCache& known_costs, const CancelCheck& cancelled, const std::function<void(int64_t)>& on_round);

std::string MeasurementsText(const std::vector<StrategyMeasurement>& measurements);
Json MeasurementsJson(const std::vector<StrategyMeasurement>& measurements);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_STRATEGY_COMPARISON_H_
