// SPDX-License-Identifier: Apache-2.0
//
// Jobs of a daemon, as text and as JSON.
#ifndef RECURVE_CLIENT_CLI_JOB_MESSAGES_H_
#define RECURVE_CLIENT_CLI_JOB_MESSAGES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/json.h"
#include "recurve/executor/v1/executor.pb.h"

namespace recurve {

// From the specification. A daemon fills in the default; an older one returns the request unchanged.
int64_t StepsOf(const executor::v1::Job& job);
int64_t PlannedPeak(const executor::v1::Job& job);  // 0: no plan yet

std::string StateName(executor::v1::JobState state);  // "queued", "planning", "running", ...
absl::StatusOr<executor::v1::JobState> ParseState(const std::string& name);

Json JobJson(const executor::v1::Job& job);
Json EventJson(const executor::v1::JobEvent& event);
std::string JobsText(const std::vector<executor::v1::Job>& jobs);  // a table

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_JOB_MESSAGES_H_
