// SPDX-License-Identifier: Apache-2.0
//
// price_benchmark: solves a grid of requests and compares the time of each with its price. Ends with the share of the
// requests that are within their prices, and how far the others are off.
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "planner_service/capacity/advisor.h"
#include "planner_service/planning/chain.h"
#include "planner_service/planning/planner.h"
#include "planner_service/service/price.h"

namespace recurve {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kLongest = 10;  // seconds of a solve, then it is stopped

struct Sizes {
  int64_t state;
  int64_t tape;
};
constexpr Sizes kSizes[] = {{524'288, 1'048'576}, {1, 0}, {1, 100}, {1'000, 7}, {1, 1'000'000}};

class Grid {
 public:
  // Solves, as often as fits in a few milliseconds, and takes the fastest.
  void Add(const std::string& what, const Price& price, const std::function<bool(const CancelCheck&)>& solve) {
    double fastest = kLongest;
    bool ended = false;
    const Clock::time_point start = Clock::now();
    do {
      const Clock::time_point begin = Clock::now();
      ended = solve([begin] { return Seconds(begin) > kLongest; });
      fastest = std::min(fastest, Seconds(begin));
    } while (ended && Seconds(start) < 5e-3);
    const bool refused = price.least_seconds > kLongest;
    const bool within = refused ? !ended : fastest <= price.most_seconds && price.least_seconds <= fastest;
    ++count_;
    within_ += within ? 1 : 0;
    if (ended && price.least_seconds > 0) lowest_ = std::min(lowest_, fastest / price.least_seconds);
    if (ended && std::isfinite(price.most_seconds)) highest_ = std::max(highest_, fastest / price.most_seconds);
    std::printf("%-60s %11.6f %11.6f%s %11.6f  %s%s\n", what.c_str(), price.least_seconds, fastest, ended ? " " : "+",
                price.most_seconds,
                refused                        ? "refused"
                : price.lane() == Lane::kSmall ? "small"
                                               : "large",
                within ? "" : "  OUTSIDE");
    std::fflush(stdout);
  }

  void Summarize() const {
    std::printf("%d of %d within their prices; measured / least is at least %.2f, measured / most at most %.2f\n",
                within_, count_, lowest_, highest_);
  }

 private:
  static double Seconds(Clock::time_point since) { return std::chrono::duration<double>(Clock::now() - since).count(); }

  int count_ = 0;
  int within_ = 0;
  double lowest_ = INFINITY;
  double highest_ = 0;
};

void AddPlans(Grid& grid) {
  EmbeddedPlanner planner;
  const auto add = [&](const std::string& what, const PlanRequest& request) {
    grid.Add(what, PriceOf(request), [&](const CancelCheck& stop) { return planner.MakePlan(request, stop).ok(); });
  };
  for (int64_t length = 100; length <= kMaxChainLength; length *= 10) {
    for (const Sizes& sizes : kSizes) {
      const double all = static_cast<double>(length) * static_cast<double>(sizes.state + sizes.tape);
      for (double share = 1e-6; share < 1; share *= 10) {
        const auto budget = static_cast<int64_t>(std::min(all * share, static_cast<double>(kMaxBytes)));
        add(absl::StrCat("plan auto N=", length, " s=", sizes.state, " a=", sizes.tape, " B=", budget),
            {.length = length, .budget = ByteBudget{sizes.state, sizes.tape, budget}});
      }
    }
    for (const Strategy strategy : {Strategy::kHsm, Strategy::kIsm}) {
      for (int64_t slots = 1; slots <= length; slots *= 10) {
        add(absl::StrCat("plan ", std::string(ToString(strategy)), " N=", length, " m=", slots),
            {.length = length, .strategy = strategy, .budget = SlotBudget{.slots = slots}});
      }
    }
  }
  for (const auto& [length, slots, alpha] : std::vector<std::array<int64_t, 3>>{{100, 50, 5},
                                                                                {1'000, 100, 5},
                                                                                {10'000, 100, 1},
                                                                                {100'000, 100, 5},
                                                                                {1'000, 16'000, 40},
                                                                                {8'000'000, 2, 1}}) {
    add(absl::StrCat("plan msm N=", length, " m=", slots, " alpha=", alpha),
        {.length = length, .strategy = Strategy::kMsm, .budget = SlotBudget{.slots = slots, .alpha = alpha}});
  }
}

void AddChains(Grid& grid) {
  EmbeddedChainPlanner planner;
  for (const int64_t segments : {2, 10, 20, 50, 100, 200}) {
    ChainRequest request{.budget_bytes = 40 * segments};
    for (int64_t i = 0; i < segments; ++i) {
      request.segments.push_back({.links = segments == 2 ? 100 : 1,
                                  .state_bytes = 1 + i * 7 % 13,
                                  .tape_bytes = 1 + i * 11 % 31,
                                  .forward_cost = 1 + i * 5 % 17});
    }
    grid.Add(absl::StrCat("chain of ", segments, " segments"), PriceOf(request),
             [&](const CancelCheck& stop) { return planner.PlanChain(request, stop).ok(); });
  }
  for (const auto& [length, device, host] : std::vector<std::array<int64_t, 3>>{
           {100, 3, 5}, {1'000, 3, 5}, {1'000, 20, 90}, {10'000, 1, 3}, {200, 200, 200}}) {
    const TwoLevelRequest request{.length = length,
                                  .state_bytes = 1,
                                  .tape_bytes = 1,
                                  .forward_cost = 1,
                                  .device = {device, 1, 1},
                                  .host = {host, 3, 3}};
    grid.Add(absl::StrCat("two levels N=", length, " device=", device, " host=", host), PriceOf(request),
             [&](const CancelCheck& stop) { return planner.PlanTwoLevel(request, stop).ok(); });
  }
}

void AddQuestions(Grid& grid, const std::string& name, const Workload& workload, int64_t budget) {
  EmbeddedAdvisor advisor;
  const AdviseQuestion advise{workload, Strategy::kAuto, budget};
  grid.Add(absl::StrCat("advise ", name), PriceOf(advise),
           [&](const CancelCheck& stop) { return advisor.Advise(workload, Strategy::kAuto, budget, stop).ok(); });
  const BudgetQuestion find{workload, Strategy::kAuto, 1.2};
  grid.Add(absl::StrCat("budget ", name), PriceOf(find),
           [&](const CancelCheck& stop) { return advisor.FindBudget(workload, Strategy::kAuto, 1.2, stop).ok(); });
  for (const int64_t points : {2, 16, 100, 1'000, 10'000}) {
    for (const Strategy strategy : {Strategy::kAuto, Strategy::kHsm, Strategy::kChen}) {
      const CurvesQuestion curves{workload, {strategy}, points};
      grid.Add(absl::StrCat("curve ", std::string(ToString(strategy)), " ", name, " points=", points), PriceOf(curves),
               [&](const CancelCheck& stop) { return advisor.MakeCurves(workload, {strategy}, points, stop).ok(); });
    }
  }
  const LargestQuestion largest{workload, Dimension::kLength, Strategy::kAuto, budget, 1.2};
  grid.Add(absl::StrCat("fit ", name), PriceOf(largest), [&](const CancelCheck& stop) {
    return advisor.FindLargest(workload, Dimension::kLength, Strategy::kAuto, budget, 1.2, stop).ok();
  });
  const SplitQuestion split{{workload, workload}, Strategy::kAuto, 3 * budget, SplitGoal::kLeastTotalTime};
  grid.Add(absl::StrCat("split ", name), PriceOf(split), [&](const CancelCheck& stop) {
    return advisor.SplitBudget(split.workloads, split.strategy, split.total_bytes, split.goal, stop).ok();
  });
}

void AddLengths(Grid& grid) {
  EmbeddedAdvisor advisor;
  for (const int64_t count : {10, 1'000}) {
    LengthsQuestion question{ChainWorkload{.length = 5'000, .state_bytes = 100, .tape_bytes = 400}};
    question.budget_bytes = 100'000;
    for (int64_t length = 1; length <= count; ++length) question.lengths.push_back(4'000 + length);
    grid.Add(absl::StrCat("lengths ", count), PriceOf(question), [&](const CancelCheck& stop) {
      return advisor.PlanLengths(question.workload, question.lengths, question.strategy, question.budget_bytes, stop)
          .ok();
    });
  }
}

int Main() {
  std::printf("%-60s %11s %11s  %11s  %s\n", "request", "least s", "measured s", "most s", "lane");
  Grid grid;
  AddPlans(grid);
  AddChains(grid);
  AddLengths(grid);
  for (int64_t length = 100; length <= kMaxChainLength; length *= 10) {
    for (const Sizes& sizes : kSizes) {
      AddQuestions(grid, absl::StrCat("N=", length, " s=", sizes.state, " a=", sizes.tape),
                   ChainWorkload{.length = length, .state_bytes = sizes.state, .tape_bytes = sizes.tape},
                   std::min(kMaxBytes, length * (sizes.state + sizes.tape) / 10));
    }
  }
  for (const int64_t length : {1'000, 100'000}) {
    AddQuestions(grid, absl::StrCat("model T=", length),
                 ModelWorkload{.model = {.hidden = 256}, .batch = 16, .length = length}, 64 << 20);
  }
  grid.Summarize();
  return 0;
}

}  // namespace
}  // namespace recurve

int main() { return recurve::Main(); }
