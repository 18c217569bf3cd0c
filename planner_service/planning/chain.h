// SPDX-License-Identifier: Apache-2.0
//
// Plans for chains whose links differ, such as an encoder and a decoder, and for uniform chains with a second, slower
// store.
#ifndef RECURVE_PLANNER_SERVICE_PLANNING_CHAIN_H_
#define RECURVE_PLANNER_SERVICE_PLANNING_CHAIN_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "planner_service/fields/field.h"
#include "planner_service/planning/plan.h"
#include "planner_service/planning/planner.h"
#include "planner_service/schedule/replay.h"
#include "planner_service/schedule/schedule.h"

namespace recurve {

inline constexpr int64_t kMaxMixedLinks = 2'000;       // of a chain whose links differ
inline constexpr int64_t kMaxMixedSplits = 5'000'000;  // of its distinct sub-chains, see CountSplits (mixed_chain.h)
inline constexpr int64_t kMaxCost = int64_t{1} << 32;  // of one forward, backward or transfer
inline constexpr int64_t kMaxCorners = 10'000;         // of a requested curve
inline constexpr int64_t kMaxTwoLevelLinks = 20'000;
inline constexpr int64_t kMaxTwoLevelSteps = int64_t{1} << 31;  // see CountTwoLevelSteps (two_level.h)

inline constexpr Named<Level> kLevelNames[] = {{"device", Level::kDevice}, {"host", Level::kHost}};

// Consecutive links that are alike. Costs are in a unit of the caller's choice, such as microseconds; whole numbers, so
// that sums are exact.
struct ChainSegment {
  int64_t links = 1;
  int64_t state_bytes = 0;   // of the state that each of them reads
  int64_t tape_bytes = 0;    // of each one's tape
  int64_t forward_cost = 0;  // without tape
  int64_t taped_forward_cost = 0;
  int64_t backward_cost = 0;
  friend bool operator==(const ChainSegment&, const ChainSegment&) = default;
};
void VisitFields(ChainSegment& segment, FieldVisitor& visitor);

struct ChainRequest {
  std::vector<ChainSegment> segments;  // at least one; kMaxMixedLinks links in all
  int64_t final_state_bytes = 0;       // of the state after the last link; counts in the working set only
  int64_t budget_bytes = 0;            // for stored states and tapes
  int64_t max_corners = 0;             // of the curve to answer with; 0: none
  friend bool operator==(const ChainRequest&, const ChainRequest&) = default;
};
void VisitFields(ChainRequest& request, FieldVisitor& visitor);

// A budget at which the minimum cost changes.
struct ChainCorner {
  int64_t bytes = 0;  // the smallest budget with this cost
  int64_t cost = 0;   // of the whole schedule, as ChainPlan::cost
  friend bool operator==(const ChainCorner&, const ChainCorner&) = default;
};
void VisitFields(ChainCorner& corner, FieldVisitor& visitor);

struct ChainPlan {
  // Of the whole schedule: every forward, taped forward and backward. Recounted by replay.
  int64_t cost = 0;
  // No persistent schedule in the budget costs less. Equal to `cost` if the plan is proved optimal, which fails only
  // for chains with so many different sizes that the frontiers of their parts were thinned (docs/planning.md).
  int64_t cost_lower_bound = 0;
  int64_t peak_bytes = 0;         // of the store, recounted from the schedule
  int64_t working_set_bytes = 0;  // two running states, one tape, one state gradient, each of the maximum size
  int64_t store_all_cost = 0;     // each link once forward with tape and once backward
  int64_t store_all_bytes = 0;    // of the store for store-all
  // The budgets at which the minimum cost changes, bytes increasing and costs decreasing: from 0 bytes to the smallest
  // budget that achieves the cost of store-all. If there are more than requested, a selection between which the cost
  // beyond store-all falls by equal ratios.
  std::vector<ChainCorner> curve;
  Schedule schedule;
};
void VisitFields(ChainPlan& plan, FieldVisitor& visitor);  // but for the schedule

// A uniform chain whose states may also be stored on the host. Costs are as in ChainSegment. For slots instead of
// bytes, as in the literature, use states of 1 byte, and tapes larger than the device so that none is stored.
struct TwoLevelRequest {
  struct Store {
    int64_t bytes = 0;
    int64_t write_cost = 0;  // of one state
    int64_t read_cost = 0;   // of one state, each time when links are run from it again
    friend bool operator==(const Store&, const Store&) = default;
  };

  int64_t length = 1;  // N, links
  int64_t state_bytes = 1;
  int64_t tape_bytes = 0;
  int64_t forward_cost = 0;
  int64_t taped_forward_cost = 0;
  int64_t backward_cost = 0;
  Store device;                  // for states and tapes
  Store host;                    // for states
  Level start = Level::kDevice;  // where the caller keeps state 0, which counts against neither store
  friend bool operator==(const TwoLevelRequest&, const TwoLevelRequest&) = default;
};
void VisitFields(TwoLevelRequest::Store& store, FieldVisitor& visitor);
void VisitFields(TwoLevelRequest& request, FieldVisitor& visitor);

struct TwoLevelPlan {
  int64_t cost = 0;              // in total, including transfers; no persistent two-level schedule costs less
  int64_t device_only_cost = 0;  // of the best schedule that stores nothing on the host
  int64_t store_all_cost = 0;    // each link once forward with tape and once backward, no transfers
  // Recounted by replay.
  int64_t forward_count = 0;
  int64_t device_peak_bytes = 0;
  int64_t host_peak_bytes = 0;
  ReplayResult::Transfers device, host;  // states written and read
  Schedule schedule;
};
void VisitFields(ReplayResult::Transfers& transfers, FieldVisitor& visitor);
void VisitFields(TwoLevelPlan& plan, FieldVisitor& visitor);  // but for the schedule

// The part of a ChainPlanner that plans with a store on the host.
class TwoLevelPlanner {
 public:
  virtual ~TwoLevelPlanner() = default;

  // The cheapest persistent schedule with states on the device or the host. A state on the host may be copied to the
  // device when a run starts from it; nothing is moved from the device to the host.
  virtual absl::StatusOr<TwoLevelPlan> PlanTwoLevel(const TwoLevelRequest& request, const CancelCheck& cancelled) = 0;
};

// Answers in this process or over the network. Thread-safe. The same request always gets the same plan. Both methods:
// INVALID_ARGUMENT names the field, its value and its range, or the work limit; CANCELLED when `cancelled` returned
// true. Every budget is feasible, including 0: with nothing stored, each link gets its own sweep.
//
//   EmbeddedChainPlanner planner;
//   ChainRequest request = {.segments = {{.links = 100, .state_bytes = 512, .tape_bytes = 4096, .forward_cost = 3}},
//                           .budget_bytes = 16384};
//   absl::StatusOr<ChainPlan> plan = planner.PlanChain(request, {});
class ChainPlanner : public TwoLevelPlanner {
 public:
  // The cheapest persistent schedule in the budget: states and tapes stay stored until all links to their right are
  // reversed.
  virtual absl::StatusOr<ChainPlan> PlanChain(const ChainRequest& request, const CancelCheck& cancelled) = 0;
};

class EmbeddedChainPlanner final : public ChainPlanner {
 public:
  // The frontier of a sub-chain keeps at most `max_points` (>= 2) points; the default is rarely reached.
  explicit EmbeddedChainPlanner(int64_t max_points = 4'096) : max_points_(max_points) {}

  absl::StatusOr<ChainPlan> PlanChain(const ChainRequest& request, const CancelCheck& cancelled) override;
  absl::StatusOr<TwoLevelPlan> PlanTwoLevel(const TwoLevelRequest& request, const CancelCheck& cancelled) override;

 private:
  const int64_t max_points_;
};

// INVALID_ARGUMENT when a field is out of range or the work exceeds its limit.
absl::Status CheckRequest(const ChainRequest& request);
absl::Status CheckRequest(const TwoLevelRequest& request);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_PLANNING_CHAIN_H_
