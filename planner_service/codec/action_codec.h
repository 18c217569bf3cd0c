// SPDX-License-Identifier: Apache-2.0
//
// Actions as packed chunks. Decoding checks that each entry is one of the numbers that it may be; whether a machine can
// do the actions is not its business.
#ifndef RECURVE_PLANNER_SERVICE_CODEC_ACTION_CODEC_H_
#define RECURVE_PLANNER_SERVICE_CODEC_ACTION_CODEC_H_

#include <vector>

#include "absl/status/statusor.h"
#include "planner_service/schedule/action.h"
#include "recurve/schedule/v1/actions.pb.h"

namespace recurve {

// Most actions in a chunk; a chunk of this many is below 256 KiB.
inline constexpr int kMaxChunkActions = 8192;

schedule::v1::StateStore EncodeLevel(Level level);

void AppendAction(const Action& action, schedule::v1::ActionChunk& chunk);

// INVALID_ARGUMENT naming the field as it is called in the proto.
absl::StatusOr<std::vector<Action>> DecodeActions(const schedule::v1::ActionChunk& chunk);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_CODEC_ACTION_CODEC_H_
