// SPDX-License-Identifier: Apache-2.0
#include "executor/daemon/ownership.h"

#include "absl/strings/str_cat.h"

namespace recurve {

bool Owns(const Caller& caller, const executor::v1::Job& job) {
  return caller.role == Role::kAdmin || (!caller.owner.empty() && caller.owner == job.owner());
}

absl::Status CheckOwner(const Caller& caller, const executor::v1::Job& job) {
  if (Owns(caller, job)) return absl::OkStatus();
  return absl::PermissionDeniedError(absl::StrCat("job ", job.id(), " belongs to ",
                                                  job.owner().empty() ? "nobody" : job.owner(), ", not to ",
                                                  caller.owner, "; only its owner and administrators may do this"));
}

absl::StatusOr<std::string> OwnerOfNewJob(const Caller& caller, const std::string& requested) {
  if (caller.owner.empty() || requested == caller.owner) return requested;
  if (requested.empty()) return caller.owner;
  if (caller.role == Role::kAdmin) return requested;
  return absl::PermissionDeniedError(absl::StrCat("owner is ", requested, ", but this call is made by ", caller.owner,
                                                  "; leave owner unset, or ask an administrator"));
}

std::string RequestKey(const Caller& caller, const std::string& request_id) {
  if (request_id.empty()) return "";
  // The length keeps keys of different callers apart, whatever characters the names have; anonymous callers have 0.
  return absl::StrCat(caller.owner.size(), ":", caller.owner, ":", request_id);
}

}  // namespace recurve
