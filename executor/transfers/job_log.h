// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_TRANSFERS_JOB_LOG_H_
#define RECURVE_EXECUTOR_TRANSFERS_JOB_LOG_H_

#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "recurve/executor/v1/files.pb.h"
#include "recurve/executor/v1/job.pb.h"

namespace recurve {

// Returns the event with the smallest sequence number of at least `from`, or null: EventLog::Next.
using NextJobEvent = absl::FunctionRef<const executor::v1::JobEvent*(int64_t from)>;

// A part of the log of a job, whose lines are its state changes and notes:
//
//   2026-11-27T21:00:00Z QUEUED
//   2026-11-27T21:00:07Z FAILED: the data file does not exist
//   2026-11-27T21:00:07Z NOTE: the embedded planner made the plan
//
// Events of these kinds are never dropped, so an offset stays valid as the log grows. The text is cut between
// characters: it may have fewer bytes than `max_bytes`, and has more only where a single character has more. An offset
// beyond the end gives no text and the same offset. O(size of the log).
//
// INVALID_ARGUMENT: offset_bytes is negative, or max_bytes is not in the range of GetJobLogRequest, whose 0 means 64
// KiB.
absl::StatusOr<executor::v1::GetJobLogResponse> RenderJobLog(NextJobEvent next_event, int64_t offset_bytes,
                                                             int64_t max_bytes);

// The same for events in order.
absl::StatusOr<executor::v1::GetJobLogResponse> RenderJobLog(const std::vector<executor::v1::JobEvent>& events,
                                                             int64_t offset_bytes, int64_t max_bytes);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_TRANSFERS_JOB_LOG_H_
