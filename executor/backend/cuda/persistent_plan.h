// SPDX-License-Identifier: Apache-2.0
//
// How a recurrent layer is laid over a GPU by the persistent kernels (persistent.h). Arithmetic only: needs no GPU.
#ifndef RECURVE_EXECUTOR_BACKEND_CUDA_PERSISTENT_PLAN_H_
#define RECURVE_EXECUTOR_BACKEND_CUDA_PERSISTENT_PLAN_H_

#include <cstdint>
#include <optional>

#include "executor/backend/cuda/element.h"
#include "planner_service/model/cell.h"

namespace recurve::cuda {

// What the kernels ask of a device.
struct PersistentDevice {
  int capability = 0;          // 90 for compute capability 9.0
  int multiprocessors = 0;     // each holds one block
  int64_t shared_bytes = 0;    // that a block may have
  int64_t exchange_bytes = 0;  // of device memory through which blocks exchange what they computed
};

enum class Direction : uint8_t { kForward, kBackward };

// One layer in one direction. A *team* of blocks computes some sequences of the batch, each block some hidden units of
// these; teams need nothing of each other.
//
// A step of a block is a product D [outputs, rows] = W [outputs, depth] X [depth, rows] of weights that its registers
// hold and of what the team exchanged in the step before, on tensor cores:
//   forward   outputs: the gates of its units, gate after gate;  depth: H;    X: h
//   backward  outputs: its units;                                depth: G H;  X: gradients of the products
// `warps_m` groups of warps share the outputs, the `warps_k` warps of a group share the depth.
struct PersistentPlan {
  int tiles_m, slices_k;  // of a warp: tiles of kTileOutputs outputs, slices of kSliceBytes of depth
  int warps_m, warps_k;
  int outputs;  // of a block
  int units;    // U of a block
  int members;  // blocks of a team: H / U
  int teams;
  int rows;              // of a team: a multiple of kTileRows
  int items;             // sequences whose state of one unit a thread keeps in all steps
  int64_t steps;         // of a launch at most: what the exchange memory holds
  int64_t slot_bytes;    // of a step in it: [teams * rows, depth]
  int partial_floats;    // of shared memory: what the warps of a block summed in a step
  int64_t shared_bytes;  // of a block

  int threads() const { return 32 * warps_m * warps_k; }

  static constexpr int kTileOutputs = 16;  // m and n of mma.m16n8k16 and mma.m16n8k8
  static constexpr int kTileRows = 8;
  static constexpr int kSliceBytes = 64;  // two k's of them: 16 bytes for each of four lanes
  static constexpr int kMostWarps = 8;
  static constexpr int kMostItems = 2;
};

// None where the kernels cannot run the layer: its weights do not fit into registers, or its batch needs more than
// kMostItems items a thread. Layouts are ranked as measured: docs/performance.md.
std::optional<PersistentPlan> PlanPersistent(Direction direction, Cell cell, Element element, int64_t B, int64_t H,
                                             const PersistentDevice& device);

// PersistentPlan::tiles_m and slices_k. A tile and slice of weights are 8 registers of each lane.
struct WarpTiles {
  int m, k;
  friend constexpr bool operator==(WarpTiles a, WarpTiles b) { return a.m == b.m && a.k == b.k; }
};
inline constexpr WarpTiles kWarpTiles[] = {{4, 4}, {4, 2}, {3, 4}, {3, 2}, {2, 8}, {2, 4}, {1, 16}, {1, 8}};

// The kernels that are compiled. Forward, the gates of a unit must fall into one block.
constexpr bool HasKernel(Direction direction, Cell cell, Element element, WarpTiles tiles) {
  const int gates = GeometryOf(cell).gates;
  if (direction == Direction::kBackward) return tiles.m < 3 && (tiles.k < 16 || gates > 1);
  if (gates == 3) return tiles.m == 3;
  return tiles.m == 4 || (tiles == WarpTiles{2, 8} && element == Element::kFloat);
}

// What the warps of a block summed in a step lies in shared memory as [warps_k, rows, outputs + kPartialsPad], so that
// the lanes of a warp write to 32 banks.
inline constexpr int kPartialsPad = 4;

}  // namespace recurve::cuda

#endif  // RECURVE_EXECUTOR_BACKEND_CUDA_PERSISTENT_PLAN_H_
