// SPDX-License-Identifier: Apache-2.0
#include "planner_service/service/call_deadline.h"

#include "absl/strings/str_cat.h"
#include "planner_service/text/units.h"

namespace recurve {
namespace {

// How much later a deadline may pass here than at the client: gRPC sends it rounded up by up to 1 %, and the request
// took time to arrive.
constexpr std::chrono::milliseconds kLatestArrival{50};
constexpr int kRounding = 100;

}  // namespace

CallDeadline::CallDeadline(const grpc::ServerContext& context, std::chrono::milliseconds own_deadline)
    : context_(context),
      own_deadline_(own_deadline),
      has_own_(context.deadline() == TimePoint::max()),
      start_(std::chrono::system_clock::now()),
      deadline_(has_own_ ? start_ + own_deadline : context.deadline()) {}

absl::Status CallDeadline::Reason() const {
  if (has_own_ && DeadlinePassed()) {
    return absl::DeadlineExceededError(
        absl::StrCat("no answer within ", FormatDuration(own_deadline_),
                     ", the server's deadline for requests without one; set a deadline to allow more"));
  }
  const auto slack = kLatestArrival + (deadline_ - start_) / kRounding;
  if (!has_own_ && std::chrono::system_clock::now() + slack >= deadline_) {
    return absl::DeadlineExceededError("the client's deadline passed before there was an answer");
  }
  return absl::CancelledError("the client cancelled the call");
}

}  // namespace recurve
