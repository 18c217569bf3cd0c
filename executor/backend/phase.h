// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_BACKEND_PHASE_H_
#define RECURVE_EXECUTOR_BACKEND_PHASE_H_

#include <cstdint>
#include <string_view>

namespace recurve {

// The purposes of the operations of an optimizer step.
enum class Phase : uint8_t {
  kPrepare,       // uploads inputs, packs weights, zeroes gradients, draws masks
  kTable,         // folds the embedding table, gathers its gradients, unfolds them
  kPlainForward,  // forward passes of links without tape
  kTapedForward,  // forward passes of links with tape
  kHead,          // output layer and loss, forward and backward
  kBackward,      // backward passes of links, except head and table
  kStates,        // stores, fetches and copies states
  kOptimizer,     // computes the norm, clips, updates
};
inline constexpr int kPhases = 8;

constexpr std::string_view ToString(Phase phase) {
  constexpr std::string_view kNames[kPhases] = {"prepare", "embedding table", "plain forwards", "taped forwards",
                                                "head",    "backwards",       "states",         "optimizer"};
  return kNames[static_cast<int>(phase)];
}

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_BACKEND_PHASE_H_
