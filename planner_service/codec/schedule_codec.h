// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_CODEC_SCHEDULE_CODEC_H_
#define RECURVE_PLANNER_SERVICE_CODEC_SCHEDULE_CODEC_H_

#include "absl/status/statusor.h"
#include "planner_service/schedule/schedule.h"
#include "recurve/schedule/v1/schedule.pb.h"

namespace recurve {

// Most runs in a schedule that travels; a message of this many is below 16 MiB.
inline constexpr int kMaxScheduleRuns = 1 << 20;

schedule::v1::Schedule EncodeSchedule(const Schedule& schedule);

// A well-formed schedule. INVALID_ARGUMENT naming the field as it is called in the proto when it is not well formed or
// has too many runs.
absl::StatusOr<Schedule> DecodeSchedule(const schedule::v1::Schedule& message);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_CODEC_SCHEDULE_CODEC_H_
