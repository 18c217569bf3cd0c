// SPDX-License-Identifier: Apache-2.0
//
// The protobuf codec: whatever bytes come, decoding answers INVALID_ARGUMENT or something that really is well formed,
// and encodes to what it was decoded from. The first byte chooses the message.
#include <string>

#include "planner_service/codec/action_codec.h"
#include "planner_service/codec/plan_codec.h"
#include "planner_service/codec/schedule_codec.h"
#include "planner_service/codec/verification_codec.h"
#include "planner_service/planning/planner.h"
#include "planner_service/schedule/schedule.h"
#include "tests/fuzz/fuzz_target.h"

namespace recurve {
namespace {

constexpr int64_t kMostLinksWalked = 5'000;

template <typename T>
bool Decoded(const absl::StatusOr<T>& result) {
  FuzzCheck(result.ok() || absl::IsInvalidArgument(result.status()), "errors are INVALID_ARGUMENT");
  fuzz_accepted += result.ok() ? 1 : 0;
  return result.ok();
}

void Request(const planner::v1::MakePlanRequest& message) {
  const absl::StatusOr<PlanRequest> request = DecodeRequest(message);
  if (!Decoded(request)) return;
  FuzzCheck(CheckRequest(*request).ok(), "a decoded request is in range");
  const absl::StatusOr<PlanRequest> again = DecodeRequest(EncodeRequest(*request));
  FuzzCheck(again.ok() && *again == *request, "a request comes back as it was");
}

void Answer(const planner::v1::MakePlanResponse& message) {
  const absl::StatusOr<Plan> plan = DecodePlan(message);
  if (!Decoded(plan) || !plan->feasible) return;
  const Schedule& schedule = plan->schedule;
  FuzzCheck(CheckWellFormed(schedule).ok(), "a decoded schedule is well formed");
  FuzzCheck(schedule.length() <= plan->forward_count, "a plan runs every link");
  const absl::StatusOr<Schedule> again = DecodeSchedule(EncodeSchedule(schedule));
  FuzzCheck(again.ok() && *again == schedule, "a schedule comes back as it was");
  if (schedule.length() > kMostLinksWalked) return;
  int64_t actions = 0;
  for (ScheduleWalk walk(schedule); walk.Next();) ++actions;
  FuzzCheck(actions < 8 * schedule.length(), "a schedule has fewer than 8 actions a link");
}

void Chunk(const schedule::v1::ActionChunk& message) {
  const absl::StatusOr<std::vector<Action>> actions = DecodeActions(message);
  if (!Decoded(actions)) return;
  schedule::v1::ActionChunk again;
  for (const Action& action : *actions) AppendAction(action, again);
  const absl::StatusOr<std::vector<Action>> decoded = DecodeActions(again);
  FuzzCheck(decoded.ok() && *decoded == *actions, "actions come back as they were");
}

void Task(const planner::v1::VerificationTask& message) {
  const absl::StatusOr<VerificationTask> task = DecodeTask(message);
  if (!Decoded(task)) return;
  const absl::StatusOr<VerificationTask> again = DecodeTask(EncodeTask(*task));
  FuzzCheck(again.ok() && *again == *task, "a task comes back as it was");
}

template <typename Message>
void Parse(const std::string& bytes, void (*check)(const Message&)) {
  Message message;
  if (message.ParseFromString(bytes)) check(message);
}

}  // namespace
}  // namespace recurve

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      recurve::Parse(bytes, recurve::Request);
      break;
    case 1:
      recurve::Parse(bytes, recurve::Answer);
      break;
    case 2:
      recurve::Parse(bytes, recurve::Chunk);
      break;
    default:
      recurve::Parse(bytes, recurve::Task);
  }
  return 0;
}
