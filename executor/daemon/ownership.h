// SPDX-License-Identifier: Apache-2.0
//
// Who may see and change a job.
#ifndef RECURVE_EXECUTOR_DAEMON_OWNERSHIP_H_
#define RECURVE_EXECUTOR_DAEMON_OWNERSHIP_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "planner_service/access/caller.h"
#include "recurve/executor/v1/job.pb.h"

namespace recurve {

// Whether a caller may see all of a job, and change it: its owner and administrators may. Anonymous callers are
// administrators. A job without an owner, from a time when the daemon asked for no identity, is only an
// administrator's.
bool Owns(const Caller& caller, const executor::v1::Job& job);

// PERMISSION_DENIED, naming the owner, unless the caller owns the job.
absl::Status CheckOwner(const Caller& caller, const executor::v1::Job& job);

// The owner of a job that `caller` asks for with `requested` as its owner (empty: not given). The caller, unless an
// administrator names somebody else: PERMISSION_DENIED if others do. Anonymous callers choose freely.
absl::StatusOr<std::string> OwnerOfNewJob(const Caller& caller, const std::string& requested);

// A request id is known only among the requests of one caller: the key of `request_id` among those of all callers.
// Empty if it is.
std::string RequestKey(const Caller& caller, const std::string& request_id);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_DAEMON_OWNERSHIP_H_
