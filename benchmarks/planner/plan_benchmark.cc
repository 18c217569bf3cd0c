// SPDX-License-Identifier: Apache-2.0
//
// Uncached plans: request checked and solved, schedule built and counted. `forwards` is the plan's cost per link,
// `runs` the size of its schedule, `gap` its distance to the lower bound, `heap_KiB` the peak growth of the heap.
#include <malloc.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <new>

#include "benchmark/benchmark.h"
#include "planner_service/planning/forward_count.h"
#include "planner_service/planning/planner.h"

namespace {

int64_t heap_bytes = 0;
int64_t most_heap_bytes = 0;

}  // namespace

void* operator new(size_t size) {
  void* block = std::malloc(size);
  if (block == nullptr) std::abort();
  heap_bytes += static_cast<int64_t>(malloc_usable_size(block));
  most_heap_bytes = std::max(most_heap_bytes, heap_bytes);
  return block;
}

void operator delete(void* block) noexcept {
  heap_bytes -= static_cast<int64_t>(malloc_usable_size(block));
  std::free(block);
}

void operator delete(void* block, size_t /*size*/) noexcept { operator delete(block); }

namespace recurve {
namespace {

void MakePlans(benchmark::State& state, const PlanRequest& request) {
  EmbeddedPlanner planner;
  const int64_t before = heap_bytes;
  most_heap_bytes = before;
  absl::StatusOr<Plan> plan = planner.MakePlan(request, {});
  const int64_t most = most_heap_bytes;
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
  state.counters["heap_KiB"] = static_cast<double>(most - before) / 1024;
  state.counters["gap"] = static_cast<double>(plan->forward_count - plan->forward_count_lower_bound);
}

constexpr int64_t kState = 524'288;
constexpr int64_t kTape = 1'048'576;

// The budget is `per_mille` thousandths of the bytes that store-all (every tape kept) needs.
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

// Byte sizes that are not multiples of each other; the budget is slightly more than `states` states.
void BM_AutoOddSizes(benchmark::State& state) {
  const int64_t length = state.range(0);
  const ByteBudget budget = {1'000'003, 2'718'281, 1'000'003 * state.range(1) + 777};
  MakePlans(state, {.length = length, .strategy = Strategy::kAuto, .budget = budget});
}
BENCHMARK(BM_AutoOddSizes)
    ->ArgNames({"links", "states"})
    ->ArgsProduct({{1000, 1'000'000}, {3, 30, 60, 200, 1000}})
    ->Unit(benchmark::kMicrosecond);

// A tape larger than any budget: every plan is hidden state memorization.
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

// Hard cases: no memory at all, room for a tape but no state, a state at every link, a third as many levels as links, a
// few thousand levels in two classes, many repeats, the limit of the search.
void BM_AutoHardCases(benchmark::State& state) {
  MakePlans(state, {.length = state.range(0),
                    .strategy = Strategy::kAuto,
                    .budget = ByteBudget{state.range(1), state.range(2), state.range(3)}});
}
BENCHMARK(BM_AutoHardCases)
    ->ArgNames({"links", "state", "tape", "budget"})
    ->Args({10'000'000, 100, 10, 0})
    ->Args({10'000'000, 100, 10, 50})
    ->Args({10'000'000, 1, kMaxBytes, 10'000'000})
    ->Args({1'000'000, 1, 333'332, 999'999})
    ->Args({10'000'000, 1, 3'333'332, 9'999'999})
    ->Args({1'000'000, 5, 1, 1985})
    ->Args({10'000'000, 59, 57, 118'643})
    ->Args({10'000'000, 48, 0, 50})
    ->Args({1'000'000, 25, 11, 470})
    ->Unit(benchmark::kMicrosecond);

// Counts without schedules.
void BM_CountForwards(benchmark::State& state) {
  const int64_t length = state.range(0);
  const ByteBudget budget = Share(length, state.range(1));
  while (state.KeepRunning()) benchmark::DoNotOptimize(CountForwards(length, budget));
}
BENCHMARK(BM_CountForwards)
    ->ArgNames({"links", "per_mille"})
    ->ArgsProduct({{1000, 1'000'000}, {1, 2, 10, 50, 300}})
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
    ->Args({100'000, 100})
    ->Args({10'000'000, 1})
    ->Unit(benchmark::kMicrosecond);

void BM_Chen(benchmark::State& state) {
  const int64_t length = state.range(0);
  MakePlans(state, {.length = length, .strategy = Strategy::kChen, .budget = Share(length, 1000)});
}
BENCHMARK(BM_Chen)->ArgName("links")->Arg(1000)->Arg(10'000'000)->Unit(benchmark::kMicrosecond);

void BM_StoreAll(benchmark::State& state) {
  const int64_t length = state.range(0);
  MakePlans(state, {.length = length, .strategy = Strategy::kStoreAll, .budget = {ByteBudget{1, 2, 3 * length}}});
}
BENCHMARK(BM_StoreAll)->ArgName("links")->Arg(1000)->Arg(1'000'000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace recurve
