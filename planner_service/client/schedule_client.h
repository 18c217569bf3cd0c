// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_CLIENT_SCHEDULE_CLIENT_H_
#define RECURVE_PLANNER_SERVICE_CLIENT_SCHEDULE_CLIENT_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "planner_service/planning/plan.h"
#include "planner_service/tls/tls_credentials.h"
#include "planner_service/trace/trace_context.h"
#include "planner_service/verification/schedule_verifier.h"
#include "recurve/planner/v1/schedule_service.grpc.pb.h"

namespace recurve {

struct ScheduleClientOptions {
  std::string target;                              // gRPC target of the planner service, such as "127.0.0.1:7401"
  std::chrono::milliseconds stream_time{300'000};  // of one call; a schedule that takes longer needs several calls
  int max_resumes = 6;  // consecutive attempts to resume a stream without a new action, about 10 seconds in total
  TlsCredentials tls;   // see MakeChannel
  TraceContext trace = TraceOfProcess();  // the span that makes the calls; each call is a new span of its trace
};

// The figures of a plan, which precede its actions.
struct StreamedPlan {
  Plan plan;                 // without its schedule
  int64_t action_count = 0;  // in the whole schedule; 0 when the plan is not feasible
};

// The planner service's schedules, of any length in constant memory. Errors carry the codes that schedule_service.proto
// lists for each call, and the target in their message. Thread-safe.
//
//   ScheduleClient schedules({.target = "127.0.0.1:7401"});
//   absl::Status status = schedules.StreamSchedule(request, 0, [](const StreamedPlan& figures) { ...; return true; },
//                                                  [](const Action& action) { ...; return true; });
class ScheduleClient {
 public:
  using OnFigures = std::function<bool(const StreamedPlan&)>;
  using OnAction = std::function<bool(const Action&)>;
  // The next action; nullopt at the end; an error ends the call with that error.
  using NextAction = std::function<absl::StatusOr<std::optional<Action>>()>;

  explicit ScheduleClient(const ScheduleClientOptions& options);

  // Passes on the plan's figures, then each action from number `first_action` on, once and in order, until the last
  // action or until a callback returns false. A stream that breaks or exceeds its time is resumed after the last action
  // received. INTERNAL when the answer does not match the request.
  absl::Status StreamSchedule(const PlanRequest& request, int64_t first_action, const OnFigures& on_figures,
                              const OnAction& on_action);

  // Has a schedule verified. Its actions are requested one by one, up to the first violation. A call that breaks is not
  // resumed, since the actions cannot be requested again.
  absl::StatusOr<Verdict> VerifySchedule(const VerificationTask& task, const NextAction& next_action);

 private:
  struct Stream;

  absl::Status StreamOnce(Stream& stream);
  absl::Status OnMessage(const planner::v1::StreamScheduleResponse& message, Stream& stream) const;
  absl::Status Named(const absl::Status& status) const;

  const ScheduleClientOptions options_;
  const std::unique_ptr<planner::v1::ScheduleService::Stub> stub_;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_CLIENT_SCHEDULE_CLIENT_H_
