// SPDX-License-Identifier: Apache-2.0
//
// Cold plans: request checked, solved, schedule made, and replayed. `forwards` is what the plan costs per link, `runs`
// the size of its schedule, `gap` what separates it from the lower bound it carries.
#include <cstdint>

#include "benchmark/benchmark.h"
#include "planner_service/planning/planner.h"

namespace recurve {
namespace {

void MakePlans(benchmark::State& state, const PlanRequest& request) {
  EmbeddedPlanner planner;
  absl::StatusOr<Plan> plan;
  while (state.KeepRunning()) {
    plan = planner.MakePlan(request, {});
    benchmark::DoNotOptimize(plan);
  }
  if (!plan.ok() || !plan->feasible) {
    state.SkipWithError("no plan");
    return;
  }
  state.counters["forwards"] = static_cast<double>(plan->forward_count) / static_cast<double>(request.length);
  state.counters["runs"] = static_cast<double>(plan->schedule.runs.size());
  state.counters["gap"] = static_cast<double>(plan->forward_count - plan->forward_count_lower_bound);
}

constexpr int64_t kState = 524'288;
constexpr int64_t kTape = 1'048'576;

// The budget is `per_mille` thousandths of what store-all needs.
ByteBudget Share(int64_t length, int64_t per_mille) {
  return {kState, kTape, ((length - 1) * kTape + (length - 2) * kState) / 1000 * per_mille};
}

void BM_Auto(benchmark::State& state) {
  const int64_t length = state.range(0);
  MakePlans(state, {.length = length, .strategy = Strategy::kAuto, .budget = Share(length, state.range(1))});
}
BENCHMARK(BM_Auto)
    ->ArgNames({"links", "per_mille"})
    ->ArgsProduct({{1000}, {0, 1, 2, 5, 10, 20, 50, 100, 300, 1000}})
    ->ArgsProduct({{10'000, 100'000, 1'000'000}, {1, 2, 10, 50}})
    ->Unit(benchmark::kMicrosecond);

// Byte sizes that are not multiples of each other: the budget is so many states and a little.
void BM_AutoOddSizes(benchmark::State& state) {
  const int64_t length = state.range(0);
  const ByteBudget budget = {1'000'003, 2'718'281, 1'000'003 * state.range(1) + 777};
  MakePlans(state, {.length = length, .strategy = Strategy::kAuto, .budget = budget});
}
BENCHMARK(BM_AutoOddSizes)
    ->ArgNames({"links", "states"})
    ->ArgsProduct({{1000, 1'000'000}, {3, 30, 60, 200, 1000}})
    ->Unit(benchmark::kMicrosecond);

// A tape that no budget holds: every plan is hidden state memorization.
void BM_AutoLargeTape(benchmark::State& state) {
  const int64_t length = state.range(0);
  const ByteBudget budget = {1, kMaxBytes, state.range(1)};
  MakePlans(state, {.length = length, .strategy = Strategy::kAuto, .budget = budget});
}
BENCHMARK(BM_AutoLargeTape)
    ->ArgNames({"links", "states"})
    ->ArgsProduct({{1000}, {1, 10, 100, 500, 1000}})
    ->ArgsProduct({{1'000'000}, {1, 100, 10'000, 500'000, 1'000'000}})
    ->Unit(benchmark::kMicrosecond);

void BM_Hsm(benchmark::State& state) {
  MakePlans(state, {.length = state.range(0), .strategy = Strategy::kHsm, .budget = SlotBudget{state.range(1), 1}});
}
BENCHMARK(BM_Hsm)
    ->ArgNames({"links", "slots"})
    ->ArgsProduct({{1000}, {1, 4, 10, 50, 100, 250, 1000}})
    ->ArgsProduct({{10'000, 100'000, 1'000'000}, {10, 100, 1000}})
    ->Unit(benchmark::kMicrosecond);

void BM_Ism(benchmark::State& state) {
  MakePlans(state, {.length = state.range(0), .strategy = Strategy::kIsm, .budget = SlotBudget{state.range(1), 3}});
}
BENCHMARK(BM_Ism)
    ->ArgNames({"links", "slots"})
    ->ArgsProduct({{1000}, {1, 4, 10, 50, 250, 1000}})
    ->Unit(benchmark::kMicrosecond);

void BM_Msm(benchmark::State& state) {
  MakePlans(state, {.length = state.range(0), .strategy = Strategy::kMsm, .budget = SlotBudget{state.range(1), 5}});
}
BENCHMARK(BM_Msm)
    ->ArgNames({"links", "slots"})
    ->ArgsProduct({{1000}, {1, 10, 50, 250, 1000}})
    ->Unit(benchmark::kMicrosecond);

void BM_Chen(benchmark::State& state) {
  const int64_t length = state.range(0);
  MakePlans(state, {.length = length, .strategy = Strategy::kChen, .budget = Share(length, 1000)});
}
BENCHMARK(BM_Chen)->ArgName("links")->Arg(1000)->Arg(100'000)->Unit(benchmark::kMicrosecond);

void BM_StoreAll(benchmark::State& state) {
  const int64_t length = state.range(0);
  MakePlans(state, {.length = length, .strategy = Strategy::kStoreAll, .budget = {ByteBudget{1, 2, 3 * length}}});
}
BENCHMARK(BM_StoreAll)->ArgName("links")->Arg(1000)->Arg(1'000'000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace recurve
