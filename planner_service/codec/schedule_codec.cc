// SPDX-License-Identifier: Apache-2.0
#include "planner_service/codec/schedule_codec.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "planner_service/planning/plan.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

schedule::v1::RunKind EncodeKind(Run::Kind kind) {
  switch (kind) {
    case Run::Kind::kTapeAll:
      return schedule::v1::RUN_KIND_TAPE_ALL;
    case Run::Kind::kSplit:
      return schedule::v1::RUN_KIND_SPLIT;
    case Run::Kind::kSweepLast:
      return schedule::v1::RUN_KIND_SWEEP_LAST;
    case Run::Kind::kSplitTape:
      return schedule::v1::RUN_KIND_SPLIT_TAPE;
    case Run::Kind::kSplitHost:
      return schedule::v1::RUN_KIND_SPLIT_HOST;
    case Run::Kind::kFetch:
      return schedule::v1::RUN_KIND_FETCH;
  }
  return schedule::v1::RUN_KIND_UNSPECIFIED;
}

absl::StatusOr<Run::Kind> DecodeKind(int index, int kind) {
  switch (kind) {
    case schedule::v1::RUN_KIND_TAPE_ALL:
      return Run::Kind::kTapeAll;
    case schedule::v1::RUN_KIND_SPLIT:
      return Run::Kind::kSplit;
    case schedule::v1::RUN_KIND_SWEEP_LAST:
      return Run::Kind::kSweepLast;
    case schedule::v1::RUN_KIND_SPLIT_TAPE:
      return Run::Kind::kSplitTape;
    case schedule::v1::RUN_KIND_SPLIT_HOST:
      return Run::Kind::kSplitHost;
    case schedule::v1::RUN_KIND_FETCH:
      return Run::Kind::kFetch;
    default:
      return absl::InvalidArgumentError(
          absl::StrCat("schedule.kinds[", index, "] is ", kind, "; must be 1 to 6, a RunKind"));
  }
}

// A part is encoded as 1 + its index, or 0 for none.
absl::StatusOr<int32_t> DecodePart(const char* field, int index, uint32_t part) {
  if (part <= static_cast<uint32_t>(index)) return static_cast<int32_t>(part) - 1;
  return absl::InvalidArgumentError(absl::StrCat("schedule.", field, "[", index, "] is ", part, "; must be 0 to ",
                                                 index, ": 0 for none, or 1 + the index of an earlier run"));
}

absl::Status CheckSizes(const schedule::v1::Schedule& message) {
  const int runs = message.kinds_size();
  if (runs < 1 || runs > kMaxScheduleRuns) {
    return absl::InvalidArgumentError(
        absl::StrCat("schedule.kinds has ", runs, " entries; must have 1 to ", kMaxScheduleRuns));
  }
  const struct {
    const char* name;
    int size;
  } lists[] = {{"lengths", message.lengths_size()}, {"lefts", message.lefts_size()}, {"rights", message.rights_size()}};
  for (const auto& list : lists) {
    if (list.size == runs) continue;
    return absl::InvalidArgumentError(absl::StrCat("schedule.", list.name, " has ", list.size, " entries; must have ",
                                                   runs, ", as many as schedule.kinds"));
  }
  return absl::OkStatus();
}

}  // namespace

schedule::v1::Schedule EncodeSchedule(const Schedule& schedule) {
  schedule::v1::Schedule message;
  const int runs = static_cast<int>(schedule.runs.size());
  message.mutable_kinds()->Reserve(runs);
  message.mutable_lengths()->Reserve(runs);
  message.mutable_lefts()->Reserve(runs);
  message.mutable_rights()->Reserve(runs);
  for (const Run& run : schedule.runs) {
    message.add_kinds(EncodeKind(run.kind));
    message.add_lengths(run.length);
    message.add_lefts(static_cast<uint32_t>(run.left + 1));
    message.add_rights(static_cast<uint32_t>(run.right + 1));
  }
  return message;
}

absl::StatusOr<Schedule> DecodeSchedule(const schedule::v1::Schedule& message) {
  RETURN_IF_ERROR(CheckSizes(message));
  Schedule schedule;
  schedule.runs.reserve(message.kinds_size());
  for (int i = 0; i < message.kinds_size(); ++i) {
    ASSIGN_OR_RETURN(Run::Kind kind, DecodeKind(i, message.kinds(i)));
    ASSIGN_OR_RETURN(int32_t left, DecodePart("lefts", i, message.lefts(i)));
    ASSIGN_OR_RETURN(int32_t right, DecodePart("rights", i, message.rights(i)));
    const int64_t length = message.lengths(i);
    if (length < 1 || length > kMaxChainLength) {
      return absl::InvalidArgumentError(
          absl::StrCat("schedule.lengths[", i, "] is ", length, "; must be 1 to ", kMaxChainLength));
    }
    schedule.runs.push_back({.kind = kind, .length = length, .left = left, .right = right});
  }
  RETURN_IF_ERROR(CheckWellFormed(schedule));
  return schedule;
}

}  // namespace recurve
