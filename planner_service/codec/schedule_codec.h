// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_CODEC_SCHEDULE_CODEC_H_
#define RECURVE_PLANNER_SERVICE_CODEC_SCHEDULE_CODEC_H_

#include "absl/status/statusor.h"
#include "planner_service/schedule/schedule.h"
#include "recurve/schedule/v1/schedule.pb.h"

namespace recurve {

// Maximum number of runs in an encoded schedule; such a message is smaller than 16 MiB.
inline constexpr int kMaxScheduleRuns = 1 << 20;

schedule::v1::Schedule EncodeSchedule(const Schedule& schedule);

// Returns a well-formed schedule. INVALID_ARGUMENT names the proto field if it is malformed or has too many runs.
absl::StatusOr<Schedule> DecodeSchedule(const schedule::v1::Schedule& message);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_CODEC_SCHEDULE_CODEC_H_
