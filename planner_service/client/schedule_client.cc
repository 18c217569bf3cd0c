// SPDX-License-Identifier: Apache-2.0
#include "planner_service/client/schedule_client.h"

#include <grpcpp/client_context.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "planner_service/client/channel.h"
#include "planner_service/client/target.h"
#include "planner_service/client/tls_remedy.h"
#include "planner_service/codec/action_codec.h"
#include "planner_service/codec/plan_codec.h"
#include "planner_service/codec/verification_codec.h"
#include "planner_service/grpc_server/grpc_status.h"

namespace recurve {
namespace {

using planner::v1::StreamScheduleResponse;

constexpr std::chrono::milliseconds kFirstResume{200};
constexpr std::chrono::milliseconds kLongestResume{3'000};

// Whether the stream ended because of the connection, a server that shuts down or is overloaded, or its own deadline.
bool MayResume(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsCancelled(status) || absl::IsResourceExhausted(status) ||
         absl::IsDeadlineExceeded(status);
}

absl::Status Unusable(absl::string_view why) {
  return absl::InternalError(absl::StrCat("the answer is unusable: ", why));
}

}  // namespace

struct ScheduleClient::Stream {
  planner::v1::StreamScheduleRequest request;  // first_action is the action that comes next
  const OnFigures& on_figures;
  const OnAction& on_action;
  std::optional<planner::v1::PlanFigures> figures;  // of the first stream
  bool any = false;                                 // this stream has delivered an action
  bool stopped = false;                             // the receiver has stopped the stream

  bool Ended() const { return figures && request.first_action() >= figures->action_count(); }
};

ScheduleClient::ScheduleClient(const ScheduleClientOptions& options)
    : options_(options), stub_(planner::v1::ScheduleService::NewStub(MakeChannel(options.target, options.tls))) {}

absl::Status ScheduleClient::Named(const absl::Status& status) const {
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrCat("planner at ", NameOfTarget(options_.target), ": ",
                                                  WhyFailed(status, options_.target, options_.tls)));
}

absl::Status ScheduleClient::StreamSchedule(const PlanRequest& request, int64_t first_action,
                                            const OnFigures& on_figures, const OnAction& on_action) {
  Stream stream{.on_figures = on_figures, .on_action = on_action};
  *stream.request.mutable_plan() = EncodeRequest(request);
  stream.request.set_first_action(first_action);
  int resumes = 0;
  std::chrono::milliseconds pause = kFirstResume;
  while (true) {
    stream.any = false;
    const absl::Status status = StreamOnce(stream);
    if (stream.stopped || status.ok()) return absl::OkStatus();
    if (stream.any) {
      resumes = 0;
      pause = kFirstResume;
    }
    if (!MayResume(status) || resumes == options_.max_resumes) return Named(status);
    ++resumes;
    std::this_thread::sleep_for(pause);
    pause = std::min(2 * pause, kLongestResume);
  }
}

absl::Status ScheduleClient::StreamOnce(Stream& stream) {
  grpc::ClientContext context;
  context.AddMetadata(kTraceparent, FormatTraceparent(NewSpan(options_.trace)));
  context.set_deadline(std::chrono::system_clock::now() + options_.stream_time);
  const auto reader = stub_->StreamSchedule(&context, stream.request);
  StreamScheduleResponse message;
  while (reader->Read(&message)) {
    absl::Status status = OnMessage(message, stream);
    if (status.ok() && !stream.stopped) continue;
    context.TryCancel();
    reader->Finish();
    return status;
  }
  absl::Status status = FromGrpcStatus(reader->Finish());
  if (status.ok() && !stream.Ended()) return Unusable("the stream ends before the schedule does");
  return status;
}

absl::Status ScheduleClient::OnMessage(const StreamScheduleResponse& message, Stream& stream) const {
  if (message.has_figures()) {
    const planner::v1::PlanFigures& figures = message.figures();
    if (stream.figures) {  // resumed
      const bool same = figures.SerializeAsString() == stream.figures->SerializeAsString();
      return same ? absl::OkStatus() : Unusable("the plan differs from that before the stream broke");
    }
    absl::StatusOr<Plan> plan = DecodeFigures(figures.plan(), stream.request.plan().length());
    if (!plan.ok()) return Unusable(plan.status().message());
    stream.figures = figures;
    stream.stopped = !stream.on_figures({.plan = *std::move(plan), .action_count = figures.action_count()});
    return absl::OkStatus();
  }
  const absl::StatusOr<std::vector<Action>> actions = DecodeActions(message.actions());
  if (!actions.ok()) return Unusable(actions.status().message());
  for (const Action& action : *actions) {
    if (!stream.figures || stream.Ended()) return Unusable("there are more actions than the plan has");
    stream.any = true;
    stream.request.set_first_action(stream.request.first_action() + 1);
    if (!stream.on_action(action)) {
      stream.stopped = true;
      break;
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Verdict> ScheduleClient::VerifySchedule(const VerificationTask& task, const NextAction& next_action) {
  grpc::ClientContext context;
  context.AddMetadata(kTraceparent, FormatTraceparent(NewSpan(options_.trace)));
  context.set_deadline(std::chrono::system_clock::now() + options_.stream_time);
  planner::v1::VerifyScheduleResponse response;
  const auto writer = stub_->VerifySchedule(&context, &response);
  planner::v1::VerifyScheduleRequest message;
  *message.mutable_task() = EncodeTask(task);
  bool ended = false;
  // Write fails once the answer has arrived, possibly before the last action.
  while (writer->Write(message) && !ended) {
    schedule::v1::ActionChunk& chunk = *message.mutable_actions();
    chunk.Clear();
    while (!ended && chunk.kinds_size() < kMaxChunkActions) {
      absl::StatusOr<std::optional<Action>> action = next_action();
      if (!action.ok()) {
        context.TryCancel();
        writer->Finish();
        return action.status();
      }
      ended = !action->has_value();
      if (!ended) AppendAction(**action, chunk);
    }
  }
  writer->WritesDone();
  if (absl::Status status = FromGrpcStatus(writer->Finish()); !status.ok()) return Named(status);
  return DecodeVerdict(response);
}

}  // namespace recurve
