// SPDX-License-Identifier: Apache-2.0
#include "executor/transfers/list_checkpoints.h"

#include <ctime>
#include <vector>

#include "absl/time/time.h"
#include "executor/checkpoint/checkpoint_directory.h"
#include "planner_service/status/status_macros.h"
#include "planner_service/text/printable.h"

namespace recurve {

absl::StatusOr<executor::v1::ListCheckpointsResponse> ListCheckpoints(const std::string& directory) {
  ASSIGN_OR_RETURN(const std::vector<CheckpointSummary> checkpoints, CheckpointDirectory(directory, 1).List());
  executor::v1::ListCheckpointsResponse response;
  for (const CheckpointSummary& checkpoint : checkpoints) {
    executor::v1::StoredCheckpoint& stored = *response.add_checkpoints();
    stored.set_step(checkpoint.step);
    stored.set_path(checkpoint.path);
    stored.set_size_bytes(checkpoint.size_bytes);
    const timespec written = absl::ToTimespec(checkpoint.written);
    stored.mutable_create_time()->set_seconds(written.tv_sec);
    stored.mutable_create_time()->set_nanos(static_cast<int32_t>(written.tv_nsec));
    stored.set_problem(Printable(checkpoint.problem));
  }
  return response;
}

}  // namespace recurve
