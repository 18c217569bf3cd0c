// SPDX-License-Identifier: Apache-2.0
//
// Conversion of actions to and from packed chunks. Decoding checks each entry, but not whether the sequence of actions
// can be executed.
#ifndef RECURVE_PLANNER_SERVICE_CODEC_ACTION_CODEC_H_
#define RECURVE_PLANNER_SERVICE_CODEC_ACTION_CODEC_H_

#include <vector>

#include "absl/status/statusor.h"
#include "planner_service/schedule/action.h"
#include "recurve/schedule/v1/actions.pb.h"

namespace recurve {

// Maximum number of actions in a chunk; such a chunk is smaller than 256 KiB.
inline constexpr int kMaxChunkActions = 8192;

schedule::v1::StateStore EncodeLevel(Level level);

void AppendAction(const Action& action, schedule::v1::ActionChunk& chunk);

// INVALID_ARGUMENT names the proto field.
absl::StatusOr<std::vector<Action>> DecodeActions(const schedule::v1::ActionChunk& chunk);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_CODEC_ACTION_CODEC_H_
