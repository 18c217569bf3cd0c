// SPDX-License-Identifier: Apache-2.0
#include "executor/backend/cuda/persistent_plan.h"

namespace recurve::cuda {
namespace {

constexpr int kLeastPersistentCapability = 90;  // the oldest for which the kernels are compiled and measured
constexpr int64_t kMostSequences = 65536;       // far more than the kernels have room for

struct Problem {
  Direction direction;
  Cell cell;
  Element element;
  int64_t B, H;
  CellGeometry geometry() const { return GeometryOf(cell); }
  int64_t depth() const { return direction == Direction::kForward ? H : geometry().gates * H; }
  int outputs_of_unit() const { return direction == Direction::kForward ? geometry().gates : 1; }
};

// The layout with weights of `tiles` in the registers of a warp, and `warps_m` groups of warps.
std::optional<PersistentPlan> PlanOf(const Problem& problem, const WarpTiles& tiles, int warps_m,
                                     const PersistentDevice& device) {
  PersistentPlan plan{.tiles_m = tiles.m, .slices_k = tiles.k, .warps_m = warps_m};
  const int64_t slices = problem.depth() * BytesOf(problem.element) / PersistentPlan::kSliceBytes;
  if (slices % tiles.k != 0 || slices / tiles.k * warps_m > PersistentPlan::kMostWarps) return std::nullopt;
  plan.warps_k = static_cast<int>(slices / tiles.k);
  plan.outputs = PersistentPlan::kTileOutputs * tiles.m * warps_m;
  plan.units = plan.outputs / problem.outputs_of_unit();
  const bool whole_units = plan.outputs % problem.outputs_of_unit() == 0 && plan.units % PersistentPlan::kTileRows == 0;
  if (!whole_units || problem.H % plan.units != 0 || plan.threads() % plan.units != 0) return std::nullopt;
  plan.members = static_cast<int>(problem.H / plan.units);
  const int64_t most_teams = device.multiprocessors / plan.members;
  if (most_teams == 0) return std::nullopt;
  const int64_t row_tiles = (problem.B + PersistentPlan::kTileRows - 1) / PersistentPlan::kTileRows;
  const int64_t tiles_of_team = (row_tiles + most_teams - 1) / most_teams;
  plan.rows = static_cast<int>(tiles_of_team * PersistentPlan::kTileRows);
  plan.teams = static_cast<int>((problem.B + plan.rows - 1) / plan.rows);
  plan.slot_bytes = int64_t{plan.teams} * plan.rows * problem.depth() * BytesOf(problem.element);
  plan.steps = device.exchange_bytes / plan.slot_bytes;
  plan.partial_floats = plan.warps_k * plan.rows * (plan.outputs + kPartialsPad);
  plan.shared_bytes = 2 * int64_t{plan.partial_floats} * static_cast<int64_t>(sizeof(float));  // for even and odd steps
  plan.items = (plan.units * plan.rows + plan.threads() - 1) / plan.threads();
  const bool fits = plan.steps > 0 && plan.shared_bytes <= device.shared_bytes;
  if (!fits || plan.items > PersistentPlan::kMostItems) return std::nullopt;
  return plan;
}

// Whether layout `a` is faster than `b`. In order of importance: fewer row tiles per team, fewer items per thread, and
// with equal weight tiles more blocks. (Measured: docs/performance.md.)
bool Faster(const PersistentPlan& a, const PersistentPlan& b) {
  if (a.rows != b.rows) return a.rows < b.rows;
  if (a.items != b.items) return a.items < b.items;
  return a.tiles_m == b.tiles_m && a.slices_k == b.slices_k && a.members > b.members;
}

}  // namespace

std::optional<PersistentPlan> PlanPersistent(Direction direction, Cell cell, Element element, int64_t B, int64_t H,
                                             const PersistentDevice& device) {
  const Problem problem{direction, cell, element, B, H};
  const bool whole_slices = H * BytesOf(element) % PersistentPlan::kSliceBytes == 0;
  if (device.capability < kLeastPersistentCapability || problem.geometry().two_products || !whole_slices ||
      B > kMostSequences) {
    return std::nullopt;
  }
  std::optional<PersistentPlan> fastest;
  for (const WarpTiles& tiles : kWarpTiles) {
    if (!HasKernel(direction, cell, element, tiles)) continue;
    for (int warps_m = 1; warps_m <= PersistentPlan::kMostWarps; ++warps_m) {
      const auto plan = PlanOf(problem, tiles, warps_m, device);
      if (plan && (!fastest || Faster(*plan, *fastest))) fastest = plan;
    }
  }
  return fastest;
}

}  // namespace recurve::cuda
