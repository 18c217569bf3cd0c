// SPDX-License-Identifier: Apache-2.0
//
// How the persistent kernels (persistent.h) distribute a recurrent layer over a GPU. Arithmetic only: needs no GPU.
#ifndef RECURVE_EXECUTOR_BACKEND_CUDA_PERSISTENT_PLAN_H_
#define RECURVE_EXECUTOR_BACKEND_CUDA_PERSISTENT_PLAN_H_

#include <cstdint>
#include <optional>

#include "executor/backend/cuda/element.h"
#include "planner_service/model/cell.h"

namespace recurve::cuda {

// The properties of a device that plans depend on.
struct PersistentDevice {
  int capability = 0;          // 90 for compute capability 9.0
  int multiprocessors = 0;     // each holds one block
  int64_t shared_bytes = 0;    // most per block
  int64_t exchange_bytes = 0;  // device memory for exchanging results between blocks
};

enum class Direction : uint8_t { kForward, kBackward };

// One layer in one direction. A *team* of blocks computes some sequences of the batch; each block computes some of the
// hidden units. Teams are independent.
//
// In each step a block computes a product D [outputs, rows] = W [outputs, depth] X [depth, rows] on tensor cores. W,
// the weights, is in registers; X is what the team exchanged in the previous step:
//   forward   outputs: the gates of its units, gate by gate;  depth: H;    X: h
//   backward  outputs: its units;                             depth: G H;  X: gradients of the products
// The outputs are split among `warps_m` groups of warps, the depth among the `warps_k` warps of a group.
struct PersistentPlan {
  int tiles_m, slices_k;  // per warp: tiles of kTileOutputs outputs, slices of kSliceBytes of depth
  int warps_m, warps_k;
  int outputs;  // per block
  int units;    // per block: U
  int members;  // blocks per team: H / U
  int teams;
  int rows;              // per team: a multiple of kTileRows
  int items;             // per thread: sequences for which it keeps the state of one unit
  int64_t steps;         // most per launch: as many as the exchange memory holds
  int64_t slot_bytes;    // exchange memory per step: [teams * rows, depth]
  int partial_floats;    // shared memory for the partial sums of one step
  int64_t shared_bytes;  // per block

  int threads() const { return 32 * warps_m * warps_k; }

  static constexpr int kTileOutputs = 16;  // m and n of mma.m16n8k16 and mma.m16n8k8
  static constexpr int kTileRows = 8;
  static constexpr int kSliceBytes = 64;  // two mma depths: 16 bytes for each of four lanes
  static constexpr int kMostWarps = 8;
  static constexpr int kMostItems = 2;
};

// Returns nothing if the kernels cannot run the layer: its weights do not fit in registers, or its batch needs more
// than kMostItems items per thread. Layouts are ranked by measurement: docs/performance.md.
std::optional<PersistentPlan> PlanPersistent(Direction direction, Cell cell, Element element, int64_t B, int64_t H,
                                             const PersistentDevice& device);

// PersistentPlan::tiles_m and slices_k. One tile of one slice takes 8 registers per lane.
struct WarpTiles {
  int m, k;
  friend constexpr bool operator==(WarpTiles a, WarpTiles b) { return a.m == b.m && a.k == b.k; }
};
inline constexpr WarpTiles kWarpTiles[] = {{4, 4}, {4, 2}, {3, 4}, {3, 2}, {2, 8}, {2, 4}, {1, 16}, {1, 8}};

// Whether a kernel is compiled. In the forward direction all gates of a unit must belong to one block.
constexpr bool HasKernel(Direction direction, Cell cell, Element element, WarpTiles tiles) {
  const int gates = GeometryOf(cell).gates;
  if (direction == Direction::kBackward) return tiles.m < 3 && (tiles.k < 16 || gates > 1);
  if (gates == 3) return tiles.m == 3;
  return tiles.m == 4 || (tiles == WarpTiles{2, 8} && element == Element::kFloat);
}

// Partial sums are stored in shared memory as [warps_k, rows, outputs + kPartialsPad], so that the lanes of a warp
// write to 32 different banks.
inline constexpr int kPartialsPad = 4;

}  // namespace recurve::cuda

#endif  // RECURVE_EXECUTOR_BACKEND_CUDA_PERSISTENT_PLAN_H_
