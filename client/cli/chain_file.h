// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_CHAIN_FILE_H_
#define RECURVE_CLIENT_CLI_CHAIN_FILE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "planner_service/planning/chain.h"

namespace recurve {

// A chain as it is described in a file, in JSON:
//   {"segments": [{"name": "encoder", "links": 125, "state_bytes": "64KiB", "tape_bytes": "1.5MiB",
//                  "forward_cost": 100, "taped_forward_cost": 110, "backward_cost": 220}, ...],
//    "final_state_bytes": "192KiB"}
struct ChainFile {
  std::vector<ChainSegment> segments;
  std::vector<std::string> names;  // one a segment; "segment 1" where it has none
  int64_t final_state_bytes = 0;   // where it is not said, that of the last segment
};

// INVALID_ARGUMENT names the segment, the key and what is wrong; NOT_FOUND when the file cannot be read. Ranges are not
// checked here.
absl::StatusOr<ChainFile> ReadChainFile(const std::string& path);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_CHAIN_FILE_H_
