// SPDX-License-Identifier: Apache-2.0
#include "planner_service/service/schedule_service.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "planner_service/codec/action_codec.h"
#include "planner_service/codec/plan_codec.h"
#include "planner_service/codec/verification_codec.h"
#include "planner_service/status/status_macros.h"
#include "planner_service/text/units.h"
#include "planner_service/verification/any_order_machine.h"
#include "planner_service/verification/schedule_verifier.h"

namespace recurve {
namespace {

using planner::v1::StreamScheduleRequest;
using planner::v1::StreamScheduleResponse;
using planner::v1::VerifyScheduleRequest;
using planner::v1::VerifyScheduleResponse;

// A client's deadline at exactly the limit arrives slightly later: gRPC rounds it up, and clocks differ.
constexpr std::chrono::seconds kDeadlineSlack{5};

// Memory of a stream: chunks of actions, as messages and decoded.
constexpr int64_t kStreamBytes = 1 << 20;
// Memory of a stored range of states or tapes, of which a schedule may have as many as it has links, up to a limit.
constexpr int64_t kRangeBytes = 64;

// AnswerCall determines the reason.
absl::Status ClientWentAway() { return absl::CancelledError("the stream was closed"); }

// Sends the plan's figures, and the actions from `first` on.
absl::Status Send(const Plan& plan, int64_t first, grpc::ServerWriter<StreamScheduleResponse>& writer) {
  const std::vector<int64_t> counts =
      plan.feasible ? ScheduleWalk::CountActions(plan.schedule) : std::vector<int64_t>{0};
  const int64_t count = counts.back();
  if (first < 0 || first > count) {
    return absl::OutOfRangeError(
        absl::StrCat("first_action is ", first, "; must be 0 to ", count, ", the actions of the schedule"));
  }
  StreamScheduleResponse message;
  *message.mutable_figures()->mutable_plan() = EncodeFigures(plan);
  message.mutable_figures()->set_action_count(count);
  if (!writer.Write(message)) return ClientWentAway();

  ScheduleWalk walk(plan.schedule);
  walk.Seek(counts, first);
  for (std::optional<Action> action = walk.Next(); action;) {
    schedule::v1::ActionChunk& chunk = *message.mutable_actions();
    chunk.Clear();
    for (; action && chunk.kinds_size() < kMaxChunkActions; action = walk.Next()) AppendAction(*action, chunk);
    if (!writer.Write(message)) return ClientWentAway();
  }
  return absl::OkStatus();
}

absl::Status Verify(grpc::ServerReader<VerifyScheduleRequest>& reader, CallMemory* memory, const CancelCheck& cancelled,
                    VerifyScheduleResponse& response) {
  VerifyScheduleRequest message;
  if (!reader.Read(&message) || !message.has_task()) {
    return cancelled() ? ClientWentAway() : absl::InvalidArgumentError("the first message must be a task");
  }
  ASSIGN_OR_RETURN(const VerificationTask task, DecodeTask(message.task()));
  std::optional<CallMemory::Reservation> reservation;
  if (memory != nullptr) {
    auto reserved = memory->Reserve(CallScope::Current().client, kRangeBytes * std::min(task.length, kMaxStoredRanges));
    if (!reserved.ok()) return reserved.status();
    reservation.emplace(*std::move(reserved));
  }
  ScheduleVerifier verifier(task);
  while (verifier.Wants() && reader.Read(&message)) {
    if (!message.has_actions()) return absl::InvalidArgumentError("every message after the first must be actions");
    ASSIGN_OR_RETURN(const std::vector<Action> actions, DecodeActions(message.actions()));
    for (const Action& action : actions) {
      RETURN_IF_ERROR(verifier.Add(action));
    }
  }
  if (cancelled()) return ClientWentAway();  // the actions read may be incomplete
  response = EncodeVerdict(verifier.Finish());
  return absl::OkStatus();
}

}  // namespace

absl::Status ScheduleService::CheckDeadline(const grpc::ServerContext& context) const {
  if (context.deadline() <= std::chrono::system_clock::now() + limits_.stream_time + kDeadlineSlack) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("a stream needs a deadline of at most ", FormatDuration(limits_.stream_time),
                   "; for more time, call again with first_action where the last stream ended"));
}

template <typename Answer>
grpc::Status ScheduleService::AnswerStream(grpc::ServerContext& context, const char* method, int64_t bytes,
                                           Answer answer) {
  return AnswerCall(context, method, rules_, bytes, [&](const CancelCheck& cancelled) -> absl::Status {
    RETURN_IF_ERROR(CheckDeadline(context));
    const absl::Cleanup leave = [this] {
      --streams_;
      rules_.metrics.streams.Decrement();
    };
    const int streams = ++streams_;
    rules_.metrics.streams.Increment();
    if (streams > limits_.max_streams) {
      return WithRetryDelay(absl::ResourceExhaustedError(
          absl::StrCat("all ", limits_.max_streams, " streams are in use; try again later")));
    }
    return answer(cancelled);
  });
}

grpc::Status ScheduleService::StreamSchedule(grpc::ServerContext* context, const StreamScheduleRequest* request,
                                             grpc::ServerWriter<StreamScheduleResponse>* writer) {
  const int64_t bytes = RequestBytes(*request) + kStreamBytes;
  return AnswerStream(*context, "StreamSchedule", bytes, [&](const CancelCheck& cancelled) -> absl::Status {
    ASSIGN_OR_RETURN(const PlanRequest decoded, DecodeRequest(request->plan()));
    ASSIGN_OR_RETURN(const Plan plan, planner_.MakePlan(decoded, cancelled));
    return Send(plan, request->first_action(), *writer);
  });
}

grpc::Status ScheduleService::VerifySchedule(grpc::ServerContext* context,
                                             grpc::ServerReader<VerifyScheduleRequest>* reader,
                                             VerifyScheduleResponse* response) {
  return AnswerStream(*context, "VerifySchedule", kStreamBytes, [&](const CancelCheck& cancelled) {
    return Verify(*reader, rules_.memory, cancelled, *response);
  });
}

}  // namespace recurve
