// SPDX-License-Identifier: Apache-2.0
//
// Questions of a cluster scheduler before it places a job: how little memory suffices for an acceptable slowdown, what
// the whole trade-off between memory and time looks like, and how large the job may be on this device.
#ifndef RECURVE_PLANNER_SERVICE_CAPACITY_ADVISOR_H_
#define RECURVE_PLANNER_SERVICE_CAPACITY_ADVISOR_H_

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "planner_service/model/model_config.h"
#include "planner_service/model/optimizer_spec.h"
#include "planner_service/planning/plan.h"
#include "planner_service/planning/planner.h"

namespace recurve {

inline constexpr int64_t kMaxCurvePoints = 10'000;
inline constexpr int64_t kMaxLengths = 10'000;   // per PlanLengths
inline constexpr int64_t kMaxWorkloads = 1'000;  // per SplitBudget
inline constexpr int64_t kMaxLinkChoices = 64;   // per model

inline constexpr int64_t kMaxPlannedLinks = 50'000'000;  // of all the plans of one PlanLengths or SplitBudget together
inline constexpr int64_t kMaxCurves = 16;                // of one MakeCurves
inline constexpr int64_t kMaxSearchSteps = 1'000'000;    // of one FindLargest

// A chain of known sizes.
struct ChainWorkload {
  int64_t length = 1;              // N, links
  int64_t state_bytes = 1;         // s
  int64_t tape_bytes = 0;          // a
  int64_t fixed_bytes = 0;         // what is held besides the store; part of every budget below
  std::optional<LinkCosts> costs;  // taped forward and backward together at least 1 ps
  friend bool operator==(const ChainWorkload&, const ChainWorkload&) = default;
};
void VisitFields(ChainWorkload& chain, FieldVisitor& visitor);

// A byte-level language model and its training configuration, from which the bytes on the CPU backend are computed as
// the executor allocates them: the figures of PlanMemory (executor/job/memory_plan.h), to the byte. They do not depend
// on the number of threads. They do depend on the instruction set, which is the best of the machine that answers:
// packed weights are padded to whole vectors of 4, 8 or 16 floats, so the bytes of a model whose `hidden` or
// `embedding` is not a multiple of 16 may differ on another machine.
struct ModelWorkload {
  // Measured costs of links of `link` steps. If a model has any, the link of minimum predicted time is chosen among
  // them.
  struct LinkChoice {
    int64_t link = 1;
    LinkCosts costs;
    friend bool operator==(const LinkChoice&, const LinkChoice&) = default;
  };

  ModelConfig model;
  OptimizerKind optimizer = OptimizerKind::kAdamW;
  int64_t batch = 16;
  int64_t length = 1000;  // T, steps
  // k, steps in a link (a larger one than the length is taken as the length); 0: chosen for each budget. Must be 0 when
  // there are link_costs.
  int64_t link = 0;
  bool carry_state = true;  // a batch starts from the last state of the one before, which takes one state more
  std::vector<LinkChoice> link_costs;
  friend bool operator==(const ModelWorkload&, const ModelWorkload&) = default;
};
void VisitFields(ModelWorkload::LinkChoice& choice, FieldVisitor& visitor);
void VisitFields(ModelWorkload& workload, FieldVisitor& visitor);

using Workload = std::variant<ChainWorkload, ModelWorkload>;
void VisitFields(Workload& workload, FieldVisitor& visitor);

struct KindBytes {
  std::string kind;  // as of MemoryKind
  int64_t bytes = 0;
  friend bool operator==(const KindBytes&, const KindBytes&) = default;
};

// The sizes of a workload split into links of `link` steps.
struct Sizing {
  int64_t link = 1;   // 1 for a chain
  int64_t links = 1;  // N
  int64_t state_bytes = 0;
  int64_t tape_bytes = 0;
  int64_t fixed_bytes = 0;               // all but the store
  int64_t store_all_bytes = 0;           // fixed and store, when every tape is kept
  std::vector<KindBytes> fixed_by_kind;  // of a model: what fixed_bytes are for
};
void VisitFields(KindBytes& part, FieldVisitor& visitor);
void VisitFields(Sizing& sizing, FieldVisitor& visitor);

// A plan's figures in the scheduler's terms. "Total" bytes are fixed bytes and the store.
struct Advice {
  bool feasible = false;
  Strategy strategy = Strategy::kAuto;
  Sizing sizing;
  int64_t least_bytes = 0;  // smallest total in which this strategy can do it at all; always set
  // Meaningful when feasible.
  int64_t budget_bytes = 0;  // total that was given or found
  int64_t peak_bytes = 0;    // total that the plan really uses
  int64_t forward_count = 0;
  int64_t forward_count_lower_bound = 0;
  // Predicted time over that of keeping every tape; among link_costs, over that of the link which is fastest when it
  // keeps every tape. Without costs a backward is taken to last two forwards, as in the paper: (V + 2 N) / 3 N.
  double slowdown = 1;
  std::optional<double> predicted_seconds;  // with costs: of one forward and backward through the chain
};
void VisitFields(Advice& advice, FieldVisitor& visitor);

struct CurvePoint {
  int64_t budget_bytes = 0;  // the smallest total with this count
  int64_t link = 1;          // steps per link, 1 for a chain
  int64_t forward_count = 0;
  double slowdown = 1;
};
void VisitFields(CurvePoint& corner, FieldVisitor& visitor);

struct Curve {
  Strategy strategy = Strategy::kAuto;
  // All points at which the slowdown falls, by increasing bytes, from the least feasible bytes to the first with the
  // minimum slowdown. For equal links, forward counts fall too.
  std::vector<CurvePoint> corners;
  // False if there are more corners than requested. `corners` are then the two ends and those found by repeatedly
  // splitting the largest rectangle between neighbors, in logarithms of bytes and slowdown.
  bool complete = true;
};
void VisitFields(Curve& curve, FieldVisitor& visitor);

enum class Dimension : uint8_t { kBatch, kLength, kHidden };
inline constexpr Named<Dimension> kDimensionNames[] = {
    {"batch", Dimension::kBatch}, {"length", Dimension::kLength}, {"hidden", Dimension::kHidden}};

// How the bytes of a device are divided among workloads.
enum class SplitGoal : uint8_t {
  kLeastTotalTime,  // minimizes the sum of predicted seconds (without costs: of steps run forward)
  kLeastSlowdown,   // minimizes the largest slowdown
};
inline constexpr Named<SplitGoal> kSplitGoalNames[] = {{"least-total-time", SplitGoal::kLeastTotalTime},
                                                       {"least-slowdown", SplitGoal::kLeastSlowdown}};

// Answers the questions of a scheduler, in this process or over the network. Thread-safe. The same question always gets
// the same answer. Every method: INVALID_ARGUMENT names the field, its value and its range; CANCELLED when `cancelled`
// returned true; RESOURCE_EXHAUSTED when the answer would exceed a work limit.
class Advisor {
 public:
  virtual ~Advisor() = default;

  // Figures of the cheapest plan in a total of `budget_bytes`. kIsm and kMsm use as many slots as fit
  // (planner_service/planning/slot_search.h); RESOURCE_EXHAUSTED above kMaxSlotLinks links. For a model with link 0,
  // the link of minimum predicted time; without costs, the one chosen by forward counts (LinkChooser).
  virtual absl::StatusOr<Advice> Advise(const Workload& workload, Strategy strategy, int64_t budget_bytes,
                                        const CancelCheck& cancelled) = 0;

  // The smallest total whose plan is at most `max_slowdown` (>= 1) times as slow as store-all. Infeasible if that
  // exceeds kMaxBytes. kIsm and kMsm are not supported, nor in the methods below, except MakeCurves.
  virtual absl::StatusOr<Advice> FindBudget(const Workload& workload, Strategy strategy, double max_slowdown,
                                            const CancelCheck& cancelled) = 0;

  // The memory-time curve of each strategy, with at most `max_points` (>= 2) corners each.
  virtual absl::StatusOr<std::vector<Curve>> MakeCurves(const Workload& workload,
                                                        const std::vector<Strategy>& strategies, int64_t max_points,
                                                        const CancelCheck& cancelled) = 0;

  // The advice for the largest value of `dimension`, all else as in `workload`, whose plan fits in `budget_bytes` and
  // is at most `max_slowdown` times as slow as store-all. `value` is 0 if there is none. Batch and hidden require a
  // model. Measured costs are used unchanged for every value.
  struct Largest {
    int64_t value = 0;
    Advice advice;  // for `value`, or for 1 if `value` is 0
  };
  virtual absl::StatusOr<Largest> FindLargest(const Workload& workload, Dimension dimension, Strategy strategy,
                                              int64_t budget_bytes, double max_slowdown,
                                              const CancelCheck& cancelled) = 0;

  // One advice per length, in order, for batches of variable length in one budget. The fixed bytes are those of the
  // workload as given, so the lengths for a model may be at most its own.
  virtual absl::StatusOr<std::vector<Advice>> PlanLengths(const Workload& workload, const std::vector<int64_t>& lengths,
                                                          Strategy strategy, int64_t budget_bytes,
                                                          const CancelCheck& cancelled) = 0;

  // Divides `total_bytes` among the workloads. Infeasible (each advice has its least_bytes) if the least totals do not
  // fit. For kLeastTotalTime, all workloads or none must have costs.
  struct Split {
    bool feasible = false;
    std::vector<Advice> shares;  // one per workload, in order; the sum of their budgets is at most the total
    // With kLeastTotalTime, if feasible: the sum of predicted seconds (without costs: of steps run forward, link times
    // forward count), and a lower bound for any split. Equal if the split is proved optimal.
    double total_time = 0;
    double total_time_lower_bound = 0;
  };
  virtual absl::StatusOr<Split> SplitBudget(const std::vector<Workload>& workloads, Strategy strategy,
                                            int64_t total_bytes, SplitGoal goal, const CancelCheck& cancelled) = 0;
};

// Answers in this process and keeps no state between questions.
class EmbeddedAdvisor final : public Advisor {
 public:
  absl::StatusOr<Advice> Advise(const Workload& workload, Strategy strategy, int64_t budget_bytes,
                                const CancelCheck& cancelled) override;
  absl::StatusOr<Advice> FindBudget(const Workload& workload, Strategy strategy, double max_slowdown,
                                    const CancelCheck& cancelled) override;
  absl::StatusOr<std::vector<Curve>> MakeCurves(const Workload& workload, const std::vector<Strategy>& strategies,
                                                int64_t max_points, const CancelCheck& cancelled) override;
  absl::StatusOr<Largest> FindLargest(const Workload& workload, Dimension dimension, Strategy strategy,
                                      int64_t budget_bytes, double max_slowdown, const CancelCheck& cancelled) override;
  absl::StatusOr<std::vector<Advice>> PlanLengths(const Workload& workload, const std::vector<int64_t>& lengths,
                                                  Strategy strategy, int64_t budget_bytes,
                                                  const CancelCheck& cancelled) override;
  absl::StatusOr<Split> SplitBudget(const std::vector<Workload>& workloads, Strategy strategy, int64_t total_bytes,
                                    SplitGoal goal, const CancelCheck& cancelled) override;

 private:
  EmbeddedPlanner planner_;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_CAPACITY_ADVISOR_H_
