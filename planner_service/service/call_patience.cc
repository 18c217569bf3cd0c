// SPDX-License-Identifier: Apache-2.0
#include "planner_service/service/call_patience.h"

#include "absl/strings/str_cat.h"
#include "planner_service/units/units.h"

namespace recurve {

CallPatience::CallPatience(const grpc::ServerContext& context, std::chrono::milliseconds own_deadline)
    : context_(context),
      own_deadline_(own_deadline),
      has_own_(context.deadline() == std::chrono::system_clock::time_point::max()),
      deadline_(has_own_ ? std::chrono::system_clock::now() + own_deadline : context.deadline()) {}

absl::Status CallPatience::Reason() const {
  if (!DeadlinePassed()) return absl::CancelledError("the client cancelled the call");
  if (!has_own_) return absl::DeadlineExceededError("the client's deadline passed before there was an answer");
  return absl::DeadlineExceededError(
      absl::StrCat("no answer within ", FormatDuration(own_deadline_),
                   ", the server's deadline for requests without one; send a deadline to allow more"));
}

}  // namespace recurve
