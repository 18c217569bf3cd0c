// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_BACKEND_PHASE_H_
#define RECURVE_EXECUTOR_BACKEND_PHASE_H_

#include <cstdint>
#include <string_view>

namespace recurve {

// What an optimiser step spends its operations on.
enum class Phase : uint8_t {
  kPrepare,       // inputs uploaded, weights packed, gradients set to zero, masks drawn
  kTable,         // the embedding table: folded, gradients gathered, unfolded
  kPlainForward,  // link forwards without tape
  kTapedForward,  // link forwards with tape
  kHead,          // output layer and loss, forward and backward
  kBackward,      // link backwards, but for head and table
  kStates,        // states copied to where they are stored, fetched, carried on
  kOptimizer,     // norm, clipping, update
};
inline constexpr int kPhases = 8;

constexpr std::string_view ToString(Phase phase) {
  constexpr std::string_view kNames[kPhases] = {"prepare", "embedding table", "plain forwards", "taped forwards",
                                                "head",    "backwards",       "states",         "optimiser"};
  return kNames[static_cast<int>(phase)];
}

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_BACKEND_PHASE_H_
