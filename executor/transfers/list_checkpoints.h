// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_TRANSFERS_LIST_CHECKPOINTS_H_
#define RECURVE_EXECUTOR_TRANSFERS_LIST_CHECKPOINTS_H_

#include <string>

#include "absl/status/statusor.h"
#include "recurve/executor/v1/files.pb.h"

namespace recurve {

// The response to ListCheckpoints for the checkpoints in `directory`; a missing directory has none. Reads manifests,
// but not the tensors. Errors: as PosixError.
absl::StatusOr<executor::v1::ListCheckpointsResponse> ListCheckpoints(const std::string& directory);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_TRANSFERS_LIST_CHECKPOINTS_H_
