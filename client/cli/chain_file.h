// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_CHAIN_FILE_H_
#define RECURVE_CLIENT_CLI_CHAIN_FILE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "planner_service/planning/chain.h"

namespace recurve {

// A chain described in a JSON file:
//   {"segments": [{"name": "encoder", "links": 125, "state_bytes": "64KiB", "tape_bytes": "1.5MiB",
//                  "forward_cost": 100, "taped_forward_cost": 110, "backward_cost": 220}, ...],
//    "final_state_bytes": "192KiB"}
struct ChainFile {
  std::vector<ChainSegment> segments;
  std::vector<std::string> names;  // one per segment; default "segment 1"
  int64_t final_state_bytes = 0;   // default: that of the last segment
};

// INVALID_ARGUMENT names the segment, the key and the error; NOT_FOUND if the file cannot be read. Does not check
// ranges.
absl::StatusOr<ChainFile> ReadChainFile(const std::string& path);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_CHAIN_FILE_H_
