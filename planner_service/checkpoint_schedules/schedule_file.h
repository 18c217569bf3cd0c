// SPDX-License-Identifier: Apache-2.0
//
// Schedules as JSON Lines (docs/schedules.md): a header, then one action of checkpoint_schedules per line.
#ifndef RECURVE_PLANNER_SERVICE_CHECKPOINT_SCHEDULES_SCHEDULE_FILE_H_
#define RECURVE_PLANNER_SERVICE_CHECKPOINT_SCHEDULES_SCHEDULE_FILE_H_

#include <cstdint>
#include <istream>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "planner_service/checkpoint_schedules/checkpoint_action.h"

namespace recurve {

// Maximum length of a line of a schedule file, in bytes.
inline constexpr int kMaxScheduleLine = 4096;

// The chain that a schedule is for, and claims about the schedule. Fields are as in VerificationTask.
struct ScheduleHeader {
  std::optional<int64_t> length;
  std::optional<int64_t> state_bytes;
  std::optional<int64_t> tape_bytes;
  std::optional<int64_t> budget_bytes;
  std::optional<int64_t> claimed_peak_bytes;
  std::optional<int64_t> claimed_forward_count;

  friend bool operator==(const ScheduleHeader&, const ScheduleHeader&) = default;
};

// {"format": "recurve-schedule", "version": 1, "length": 40, ...}, without the newline.
std::string ToJson(const ScheduleHeader& header);

// Reads a schedule line by line, in constant memory. Skips empty lines. Errors are INVALID_ARGUMENT and begin with the
// line number. The stream must outlive the reader. Not thread-safe.
class ScheduleFileReader {
 public:
  explicit ScheduleFileReader(std::istream& in) : in_(in) {}

  // Must be called once, first. Ignores unknown fields.
  absl::StatusOr<ScheduleHeader> ReadHeader();

  // The next action; nullopt at the end of the file.
  absl::StatusOr<std::optional<CheckpointAction>> ReadAction();

  int64_t line() const { return line_; }  // number of the line read last, from 1

 private:
  // The next line that is not empty; false at the end of the file.
  absl::StatusOr<bool> ReadLine();
  absl::Status Named(absl::string_view what) const;

  std::istream& in_;
  int64_t line_ = 0;
  std::string text_;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_CHECKPOINT_SCHEDULES_SCHEDULE_FILE_H_
