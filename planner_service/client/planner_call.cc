// SPDX-License-Identifier: Apache-2.0
#include "planner_service/client/planner_call.h"

#include <future>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "planner_service/client/target.h"
#include "planner_service/client/tls_remedy.h"
#include "planner_service/grpc_server/grpc_status.h"

namespace recurve {
namespace {

// How often `cancelled` is polled while waiting.
constexpr std::chrono::milliseconds kPollInterval{5};

}  // namespace

absl::Status CallPlanner(const PlannerCallOptions& options, const CancelCheck& cancelled, const StartCall& start) {
  grpc::ClientContext context;
  context.AddMetadata(kTraceparent, FormatTraceparent(NewSpan(options.trace)));
  context.set_deadline(std::chrono::system_clock::now() + options.timeout);
  const auto answer = std::make_shared<std::promise<grpc::Status>>();
  std::future<grpc::Status> ended = answer->get_future();
  start(context, [answer](grpc::Status status) { answer->set_value(std::move(status)); });
  while (cancelled && ended.wait_for(kPollInterval) != std::future_status::ready) {
    if (!cancelled()) continue;
    context.TryCancel();
    break;
  }
  absl::Status status = FromGrpcStatus(ended.get());
  if (status.ok()) return status;
  // Cancelled, but not by the caller: the server has shut down.
  const bool gone = absl::IsCancelled(status) && !(cancelled && cancelled());
  return absl::Status(
      gone ? absl::StatusCode::kUnavailable : status.code(),
      absl::StrCat("planner at ", NameOfTarget(options.target), ": ", WhyFailed(status, options.target, options.tls)));
}

absl::Status UnusableAnswer(const PlannerCallOptions& options, absl::string_view why) {
  return absl::DataLossError(absl::StrCat("planner at ", options.target, " gave an unusable answer: ", why));
}

}  // namespace recurve
