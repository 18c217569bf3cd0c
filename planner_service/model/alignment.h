// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_MODEL_ALIGNMENT_H_
#define RECURVE_PLANNER_SERVICE_MODEL_ALIGNMENT_H_

#include <cstdint>

namespace recurve {

// Every tensor of a model's layout begins at a multiple of this.
inline constexpr int64_t kAlignment = 64;  // bytes

constexpr int64_t AlignUp(int64_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_MODEL_ALIGNMENT_H_
