// SPDX-License-Identifier: Apache-2.0
//
// The answers of an Advisor, as text and as JSON.
#ifndef RECURVE_CLIENT_CLI_ADVICE_TEXT_H_
#define RECURVE_CLIENT_CLI_ADVICE_TEXT_H_

#include <cstdint>
#include <string>

#include "client/cli/json.h"
#include "planner_service/capacity/advisor.h"

namespace recurve {

// "1,000 links of 512KiB state and 1MiB tape", "an LSTM of 2 layers of 1,024, batch 16, 1,000 steps".
std::string WorkloadText(const Workload& workload);

// "15MiB (15,728,640 bytes)"; the exact bytes are there to be copied.
std::string SizeText(int64_t bytes);

std::string SlowdownText(double slowdown);  // "1.25x"

double ForwardsPerLink(const Advice& advice);

// Lines about a feasible advice: memory, time, how the sequence is split into links.
std::string AdviceText(const Advice& advice);

// Every figure; null if an infeasible advice has none.
Json AdviceJson(const Advice& advice);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_ADVICE_TEXT_H_
