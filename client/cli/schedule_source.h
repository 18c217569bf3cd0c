// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_SCHEDULE_SOURCE_H_
#define RECURVE_CLIENT_CLI_SCHEDULE_SOURCE_H_

#include <cstdint>
#include <deque>
#include <istream>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "planner_service/checkpoint_schedules/action_importer.h"
#include "planner_service/checkpoint_schedules/schedule_file.h"
#include "planner_service/schedule/action.h"

namespace recurve {

// Reads the actions of a schedule file on demand. Knows the lines of the last million actions, more than can be in
// flight to a service. Not thread-safe.
class ScheduleSource {
 public:
  // Where and why reading stopped.
  struct Failure {
    int64_t line;
    std::string action;  // as in the file; empty if there is none
    std::string reason;
  };

  explicit ScheduleSource(std::istream& in) : reader_(in) {}

  absl::StatusOr<ScheduleHeader> ReadHeader() { return reader_.ReadHeader(); }

  // The next action; nullopt at the end of the file or at an error, which `failure` then describes. CANCELLED when the
  // user interrupts.
  absl::StatusOr<std::optional<Action>> Next();

  const std::optional<Failure>& failure() const { return failure_; }
  int64_t taken() const { return first_line_ + static_cast<int64_t>(lines_.size()); }  // actions so far
  // Line of action `index`, one of the last million; for `taken()`, the last line read.
  int64_t LineOf(int64_t index) const;

 private:
  // Reads lines until they yield an action or the file ends.
  void ReadOn();

  ScheduleFileReader reader_;
  ActionImporter importer_;
  std::vector<ActionImporter::Imported> imported_;
  size_t next_ = 0;  // of imported_
  std::optional<Failure> failure_;
  std::deque<int64_t> lines_;  // of actions first_line_, first_line_ + 1, ...
  int64_t first_line_ = 0;
};

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_SCHEDULE_SOURCE_H_
