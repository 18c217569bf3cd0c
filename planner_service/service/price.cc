// SPDX-License-Identifier: Apache-2.0
#include "planner_service/service/price.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <variant>

#include "planner_service/capacity/link_split.h"
#include "planner_service/model/link_choice.h"
#include "planner_service/planning/mixed_chain.h"
#include "planner_service/planning/msm.h"
#include "planner_service/planning/slot_search.h"
#include "planner_service/planning/two_level.h"

namespace recurve {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::infinity();

constexpr double kSmallest = 50e-6;  // what the smallest request takes

constexpr double kMsmCellLeast = 8e-9;
constexpr double kMsmCellMost = 200e-9;
constexpr int64_t kMsmCellBytes = 9;

double Root(int64_t links) { return std::sqrt(static_cast<double>(std::max<int64_t>(links, 1))); }

// A forward count without its schedule, on average over those of one question. That of `auto` has a closed form for
// most budgets; the search for the others takes time proportional to the levels, O(sqrt(N log N)).
double CountSeconds(Strategy strategy, int64_t links) {
  return strategy == Strategy::kAuto ? 1e-6 + 0.3e-6 * Root(links) : 1e-6;
}

// A plan with its schedule, for the worst budget.
double PlanSeconds(Strategy strategy, int64_t links) {
  const bool direct = strategy == Strategy::kStoreAll || strategy == Strategy::kChen;
  return 50e-6 + (direct ? 0 : 20e-6 * Root(links));
}

// A corner of a curve of `auto`, for the best of the usual sizes. The larger tapes are, the more budgets have a closed
// form.
double LeastCornerSeconds(const Workload& workload, int64_t links) {
  double tapes = 1'000;  // states in a tape
  if (const auto* chain = std::get_if<ChainWorkload>(&workload)) {
    tapes = static_cast<double>(chain->tape_bytes) / static_cast<double>(std::max<int64_t>(chain->state_bytes, 1));
  }
  return 30e-9 * Root(links) * std::min(1.0, 100 / std::max(tapes, 1.0));
}

// The tables of `auto` and the runs of a plan.
int64_t PlanBytes(int64_t links) { return (64 << 10) + static_cast<int64_t>(4'000 * Root(links)); }

// How a question sees its workload.
struct Shape {
  int64_t splits = 1;
  int64_t links = 1;  // of the split with the most
  double bits = 50;   // bisections over the totals at which picks change
};

Shape ShapeOf(const Workload& workload) {
  if (const auto* chain = std::get_if<ChainWorkload>(&workload)) {
    const double unit = std::max<double>(1, static_cast<double>(std::gcd(chain->state_bytes, chain->tape_bytes)));
    const double bytes = static_cast<double>(chain->state_bytes) + static_cast<double>(chain->tape_bytes);
    const double totals = static_cast<double>(chain->length) * bytes / unit;
    return {.splits = 1, .links = chain->length, .bits = std::clamp(std::log2(totals), 1.0, 50.0)};
  }
  const auto& model = std::get<ModelWorkload>(workload);
  const int64_t length = std::clamp<int64_t>(model.length, 1, kMaxChainLength);
  Shape shape{.splits = static_cast<int64_t>(model.link_costs.size())};
  int64_t shortest = length;
  for (const ModelWorkload::LinkChoice& choice : model.link_costs) shortest = std::min(shortest, choice.link);
  if (model.link_costs.empty()) {
    const auto links = CandidateLinks(std::max<int64_t>(model.link, 0), length, std::max<int64_t>(model.batch, 1));
    shape.splits = static_cast<int64_t>(links.size());
    shortest = *std::min_element(links.begin(), links.end());
  }
  shape.links = (length + shortest - 1) / std::max<int64_t>(shortest, 1);
  return shape;
}

constexpr int64_t kSplitBytes = 1'500;  // of a workload while it is examined

// The bisection for a limit in bytes of each split, and that for an answer.
double SearchCounts(const Shape& shape) { return static_cast<double>(shape.splits) * (shape.bits + 52); }

// The slot searches of `ism` and `msm`. The tables of all splits exist at the same time.
Price PriceOfSlots(const Workload& workload, Strategy strategy, int64_t budget_bytes) {
  Price price{.most_seconds = 0, .remedy = "use auto, a shorter chain or fewer link_costs"};
  const absl::StatusOr<LinkSplits> splits = SplitWorkload(workload);
  if (!splits.ok()) return price;
  for (const LinkSplit& split : splits->splits) {
    const ByteBudget bytes{
        .state_bytes = split.sizing.state_bytes,
        .tape_bytes = split.sizing.tape_bytes,
        .budget_bytes = std::clamp<int64_t>(budget_bytes, 0, std::min(kMaxBytes, split.sizing.store_all_bytes))};
    const SlotBudget slots = SlotSearch::MostSlots(split.sizing.links, strategy, bytes);
    const int64_t cells = MsmTableCells(split.sizing.links, slots);
    const bool refused =
        split.sizing.links > kMaxSlotLinks || (strategy == Strategy::kMsm && cells > kMaxMsmTableCells);
    if (refused) continue;
    const double plans = 2 + std::log2(static_cast<double>(slots.slots));
    price.most_seconds += plans * PlanSeconds(strategy, split.sizing.links);
    price.bytes += PlanBytes(split.sizing.links);
    if (strategy != Strategy::kMsm) continue;
    price.most_seconds += static_cast<double>(cells) * kMsmCellMost;
    price.bytes += kMsmCellBytes * cells;
  }
  return price;
}

bool InSlots(Strategy strategy) { return strategy == Strategy::kIsm || strategy == Strategy::kMsm; }

}  // namespace

Price PriceOf(const PlanRequest& request) {
  Price price{.bytes = PlanBytes(request.length), .remedy = "use auto, or fewer slots or links"};
  const auto* slots = std::get_if<SlotBudget>(&request.budget);
  if (request.strategy != Strategy::kMsm || slots == nullptr) {
    price.most_seconds = PlanSeconds(request.strategy, request.length);
    return price;
  }
  const int64_t cells = std::min(MsmTableCells(request.length, *slots), kMaxMsmTableCells);
  price.least_seconds = static_cast<double>(cells) * kMsmCellLeast;
  price.most_seconds = kSmallest + static_cast<double>(cells) * kMsmCellMost;
  price.bytes += kMsmCellBytes * cells;
  return price;
}

Price PriceOf(const ChainRequest& request) {
  int64_t links = 0;
  for (const ChainSegment& segment : request.segments) links += std::clamp<int64_t>(segment.links, 0, kMaxMixedLinks);
  // Every split visits at least one point, and at most as many as two frontiers have.
  const auto splits = static_cast<double>(links > kMaxMixedLinks ? 0 : CountSplits(request.segments));
  const double points = std::min(4'096.0, 16.0 * static_cast<double>(links));
  constexpr double kMostVisited = 1 << 29;  // in both passes
  return {.least_seconds = splits * 10e-9,
          .most_seconds = kSmallest + std::min(splits * points, kMostVisited) * 12e-9,
          .bytes = static_cast<int64_t>(
              std::min(double{128 << 20}, 65'536 + 16 * points * static_cast<double>(links * links) / 2)),
          .remedy = "use fewer links, or segments of more equal links"};
}

Price PriceOf(const TwoLevelRequest& request) {
  Price price{.remedy = "use fewer links, or states of which fewer fit"};
  if (request.length < 1 || request.state_bytes < 1) return price;
  const int64_t steps = std::min(CountTwoLevelSteps(request), kMaxTwoLevelSteps);
  price.least_seconds = static_cast<double>(steps) * 0.15e-9;
  price.most_seconds = kSmallest + static_cast<double>(steps) * 2e-9;
  const int64_t cells = steps / (request.length * request.length);
  price.bytes = (64 << 10) + 2 * cells * (8 * (request.length + 1) + 64);
  return price;
}

Price PriceOf(const AdviseQuestion& question) {
  if (InSlots(question.strategy)) return PriceOfSlots(question.workload, question.strategy, question.budget_bytes);
  const Shape shape = ShapeOf(question.workload);
  return {.most_seconds = (1.0 + static_cast<double>(shape.splits)) * PlanSeconds(question.strategy, shape.links),
          .bytes = PlanBytes(shape.links) + shape.splits * kSplitBytes,
          .remedy = "use fewer link_costs or a shorter chain"};
}

Price PriceOf(const BudgetQuestion& question) {
  const Shape shape = ShapeOf(question.workload);
  return {.most_seconds = SearchCounts(shape) * CountSeconds(question.strategy, shape.links) +
                          PlanSeconds(question.strategy, shape.links),
          .bytes = PlanBytes(shape.links) + shape.splits * kSplitBytes,
          .remedy = "use fewer link_costs or a shorter chain"};
}

// How many corners a curve of `auto` has, and how long each takes, is known only roughly; for ism and msm, not at all.
Price PriceOf(const CurvesQuestion& question) {
  const Shape shape = ShapeOf(question.workload);
  const auto links = static_cast<double>(shape.links);
  const auto splits = static_cast<double>(shape.splits);
  const auto asked = static_cast<double>(std::clamp<int64_t>(question.max_points, 2, kMaxCurvePoints));
  Price price{.most_seconds = kSmallest, .remedy = "use fewer max_points or strategies, or a shorter chain"};
  int64_t tables = 0;
  for (const Strategy strategy : question.strategies) {
    if (InSlots(strategy)) {
      price.most_seconds = kUnknown;
      tables = std::max(tables, PriceOfSlots(question.workload, strategy, kMaxBytes).bytes);
      continue;
    }
    const bool flat = strategy == Strategy::kStoreAll || strategy == Strategy::kChen;
    const double corners = flat ? 2 : std::min(asked, 2 * links * splits + 2);
    const double counts = SearchCounts(shape) + corners * splits * 2 * shape.bits;
    price.most_seconds += counts * CountSeconds(strategy, shape.links);
    price.bytes += static_cast<int64_t>(corners) * 250;
    if (strategy == Strategy::kAuto) {
      price.least_seconds += std::min(asked, links / 2) * LeastCornerSeconds(question.workload, shape.links);
    }
  }
  price.bytes += PlanBytes(shape.links) + shape.splits * kSplitBytes + tables;
  return price;
}

// The search usually takes a few dozen steps, but may take very many where the slowdown is not monotonic.
Price PriceOf(const LargestQuestion& question) {
  const Shape shape = ShapeOf(question.workload);
  return {.bytes = PlanBytes(kMaxChainLength) + 3 * shape.splits * kSplitBytes,
          .remedy = "lower budget_bytes or max_slowdown"};
}

Price PriceOf(const LengthsQuestion& question) {
  const Shape shape = ShapeOf(question.workload);
  Price price{.most_seconds = kSmallest,
              .bytes = PlanBytes(shape.links) + 3 * shape.splits * kSplitBytes,
              .remedy = "divide the lengths among several requests"};
  // Each length is longer than those before, or known already.
  const auto lengths = static_cast<double>(question.lengths.size());
  const auto* chain = std::get_if<ChainWorkload>(&question.workload);
  int64_t links = chain == nullptr ? shape.links : 1;
  if (chain != nullptr) {
    for (const int64_t length : question.lengths) links = std::max(links, std::min(length, kMaxChainLength));
  }
  const double counts = static_cast<double>(shape.splits) * (CountSeconds(question.strategy, links) + 2e-6);
  price.most_seconds += lengths * (counts + PlanSeconds(question.strategy, links));
  return price;
}

// How many corners are needed depends on the curves. The knapsack of the least total time keeps sums of corners.
Price PriceOf(const SplitQuestion& question) {
  constexpr int64_t kSumsBytes = 256 << 20;
  Price price{.remedy = "use fewer workloads or link_costs, or divide the request"};
  int64_t splits = 0;
  int64_t links = 1;
  for (const Workload& workload : question.workloads) {
    const Shape shape = ShapeOf(workload);
    splits += shape.splits;
    links = std::max(links, shape.links);
  }
  price.bytes = PlanBytes(links) + splits * kSplitBytes;
  if (question.workloads.size() > 1 && question.goal == SplitGoal::kLeastTotalTime) price.bytes += kSumsBytes;
  return price;
}

}  // namespace recurve
