// SPDX-License-Identifier: Apache-2.0
//
// A planner's request and answer.
#ifndef RECURVE_PLANNER_SERVICE_PLANNING_PLAN_H_
#define RECURVE_PLANNER_SERVICE_PLANNING_PLAN_H_

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "absl/status/statusor.h"
#include "planner_service/fields/field.h"
#include "planner_service/schedule/schedule.h"

namespace recurve {

inline constexpr int64_t kMaxChainLength = 10'000'000;  // links
inline constexpr int64_t kMaxBytes = int64_t{1} << 50;  // of a state, a tape, a budget: 1 PiB
inline constexpr int64_t kMaxSlots = kMaxChainLength;
inline constexpr int64_t kMaxAlpha = 1 << 20;
inline constexpr double kMaxLinkSeconds = 1e9;

// How to trade memory for recomputation. The paper is Gruslys et al., "Memory-Efficient Backpropagation Through Time",
// NIPS 2016.
enum class Strategy : uint8_t {
  kAuto,      // the cheapest persistent schedule, with memory in real bytes (docs/planning.md)
  kStoreAll,  // every tape stored: standard backpropagation through time
  kChen,      // states at the borders of about sqrt(N) segments, one segment taped at a time (Chen et al. 2016)
  kHsm,       // hidden state memorization, the paper's section 3.1; equals revolve
  kIsm,       // internal state memorization, section 3.2
  kMsm,       // mixed state memorization, section 3.3
};

inline constexpr Named<Strategy> kStrategyNames[] = {
    {"auto", Strategy::kAuto}, {"store-all", Strategy::kStoreAll},
    {"chen", Strategy::kChen}, {"hsm", Strategy::kHsm},
    {"ism", Strategy::kIsm},   {"msm", Strategy::kMsm},
};
constexpr std::string_view ToString(Strategy strategy) { return NameOf(kStrategyNames, strategy); }
absl::StatusOr<Strategy> ParseStrategy(std::string_view name);

// Memory in real bytes, for what is stored in addition to the chain's start state and the working set.
struct ByteBudget {
  int64_t state_bytes = 0;   // s, at least 1
  int64_t tape_bytes = 0;    // a, of one link, beyond the states on its two sides
  int64_t budget_bytes = 0;  // B
  friend bool operator==(const ByteBudget&, const ByteBudget&) = default;
};
void VisitFields(ByteBudget& budget, FieldVisitor& visitor);

// Memory in the paper's units: slots of one hidden state, including the start state. For kIsm, one slot holds an
// internal state and alpha is ignored. For kMsm, the size of its table limits length * slots (msm.h).
struct SlotBudget {
  int64_t slots = 1;  // m
  int64_t alpha = 1;  // size of an internal state in hidden states
  friend bool operator==(const SlotBudget&, const SlotBudget&) = default;
};
void VisitFields(SlotBudget& budget, FieldVisitor& visitor);

// Measured seconds of one link.
struct LinkCosts {
  double forward_seconds = 0;        // without tape
  double taped_forward_seconds = 0;  // with tape
  double backward_seconds = 0;
  friend bool operator==(const LinkCosts&, const LinkCosts&) = default;
};
void VisitFields(LinkCosts& costs, FieldVisitor& visitor);

struct PlanRequest {
  int64_t length = 1;  // N, links of the chain
  Strategy strategy = Strategy::kAuto;
  std::variant<ByteBudget, SlotBudget> budget;  // kHsm takes either; kIsm, kMsm take slots; the others take bytes
  std::optional<LinkCosts> costs;               // when given, the plan predicts seconds
  friend bool operator==(const PlanRequest&, const PlanRequest&) = default;
};
void VisitFields(PlanRequest& request, FieldVisitor& visitor);

struct Plan {
  bool feasible = false;
  Strategy strategy = Strategy::kAuto;
  // The smallest budget_bytes (or slots) that is feasible for this strategy. Always set.
  int64_t smallest_feasible_budget = 0;

  // Set when feasible.
  int64_t forward_count = 0;  // V: link forwards, including each link's taped one; >= length
  // No schedule of this strategy in this budget has fewer. Equal to forward_count if the plan is proved optimal, which
  // fails only for kAuto on chains whose search exceeds its work limit (docs/planning.md).
  int64_t forward_count_lower_bound = 0;
  int64_t forward_count_upper_bound = 0;    // for kHsm, the paper's m * t^(1 + 1/m) (equation 2, appendix A)
  int64_t peak_bytes = 0;                   // of the store, recounted from the schedule; 0 for a SlotBudget
  int64_t peak_slots = 0;                   // including the start state; 0 for a ByteBudget
  std::optional<double> predicted_seconds;  // (V - N) forward + N (taped forward + backward)
  Schedule schedule;
};
// All but the schedule.
void VisitFields(Plan& plan, FieldVisitor& visitor);

// Predicted seconds of a schedule of `length` links with `forward_count` forwards.
double PredictSeconds(int64_t forward_count, int64_t length, const LinkCosts& costs);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_PLANNING_PLAN_H_
