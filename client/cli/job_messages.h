// SPDX-License-Identifier: Apache-2.0
//
// Jobs of a daemon, as text and as JSON.
#ifndef RECURVE_CLIENT_CLI_JOB_MESSAGES_H_
#define RECURVE_CLIENT_CLI_JOB_MESSAGES_H_

#include <google/protobuf/timestamp.pb.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/json.h"
#include "recurve/executor/v1/executor.pb.h"

namespace recurve {

constexpr int64_t kMostPriority = 1000;  // and -1000 the least

// From the specification. A daemon fills in the default; an older one returns the request unchanged.
int64_t StepsOf(const executor::v1::Job& job);
int64_t PlannedPeak(const executor::v1::Job& job);  // 0: no plan yet

std::string StateName(executor::v1::JobState state);  // "queued", "planning", "running", ...
absl::StatusOr<executor::v1::JobState> ParseState(const std::string& name);
bool HasEnded(executor::v1::JobState state);

std::string MemoryText(const executor::v1::JobSpec& spec);  // as --memory takes it: "64MiB", "5%", "free"

// A time that may be unset: "2026-11-27T09:20:16.5Z" or null; "2026-11-27T09:20:16Z" or "-".
Json TimeJson(bool set, const google::protobuf::Timestamp& time);
std::string SecondText(bool set, const google::protobuf::Timestamp& time);

std::string TraceIdOf(const executor::v1::Job& job);  // empty: none
Json JobJson(const executor::v1::Job& job);
Json EventJson(const executor::v1::JobEvent& event, bool redacted = false);
Json ResultJson(const executor::v1::Job& job);  // how a job ended: id, state, reason, trace, and what it reported
std::string JobsText(const std::vector<executor::v1::Job>& jobs);  // a table

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_JOB_MESSAGES_H_
