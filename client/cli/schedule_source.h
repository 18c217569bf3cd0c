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

// The actions of a schedule file, read as they are asked for. Knows which line an action comes from, for the last
// million of them: more than can be on their way to a service. Not thread-safe.
class ScheduleSource {
 public:
  // Where and why a file could not be read on.
  struct Failure {
    int64_t line;
    std::string action;  // as the file has it; empty where there is none
    std::string reason;
  };

  explicit ScheduleSource(std::istream& in) : reader_(in) {}

  absl::StatusOr<ScheduleHeader> ReadHeader() { return reader_.ReadHeader(); }

  // The next action; nothing when the file has ended or cannot be read on, which `failure` tells apart. CANCELLED when
  // the user interrupts.
  absl::StatusOr<std::optional<Action>> Next();

  const std::optional<Failure>& failure() const { return failure_; }
  int64_t taken() const { return first_line_ + static_cast<int64_t>(lines_.size()); }  // actions so far
  // Line of action `index`, one of the last million; for `taken()` that of the end.
  int64_t LineOf(int64_t index) const;

 private:
  // Reads lines until there are actions, or the end.
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
