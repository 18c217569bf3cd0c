// SPDX-License-Identifier: Apache-2.0
//
// schedule_benchmark LENGTH SLOTS PASSES
//
// Solves a chain by hidden state memorization and walks all actions of the schedule, which is what the peers' programs
// beside this one do. Then asks the planner, which also proves the schedule by a replay that no peer has. Prints one
// JSON object: `seconds` to solve and walk, of which `walk_seconds` for the walk, `proof_seconds` more that the planner
// takes; medians of the passes; and the counts of the walk.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "nlohmann/json.hpp"
#include "planner_service/planning/planner.h"
#include "planner_service/planning/strategies.h"
#include "planner_service/schedule/schedule.h"

namespace recurve {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return (values[(values.size() - 1) / 2] + values[values.size() / 2]) / 2;
}

struct Pass {
  double solve_seconds = 0;
  double walk_seconds = 0;
  double planner_seconds = 0;
  int64_t forwards = 0;
  int64_t actions = 0;
};

void Walk(const Schedule& schedule, Pass& pass) {
  ScheduleWalk walk(schedule);
  while (const std::optional<Action> action = walk.Next()) {
    ++pass.actions;
    if (action->kind == Action::Kind::kForward) pass.forwards += action->end - action->begin;
  }
}

absl::StatusOr<Pass> Run(int64_t length, int64_t slots) {
  Pass pass;
  Clock::time_point start = Clock::now();
  const absl::StatusOr<Plan> solved = PlanHsm(length, slots, {});
  if (!solved.ok()) return solved.status();
  pass.solve_seconds = SecondsSince(start);
  start = Clock::now();
  Walk(solved->schedule, pass);
  pass.walk_seconds = SecondsSince(start);
  start = Clock::now();
  const PlanRequest request{.length = length, .strategy = Strategy::kHsm, .budget = SlotBudget{.slots = slots}};
  const absl::StatusOr<Plan> planned = EmbeddedPlanner().MakePlan(request, {});
  if (!planned.ok()) return planned.status();
  pass.planner_seconds = SecondsSince(start);
  return pass;
}

int Main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: schedule_benchmark LENGTH SLOTS PASSES\n");
    return 2;
  }
  std::vector<double> solves_and_walks, walks, proofs;
  Pass last;
  for (int64_t i = std::max(1LL, std::atoll(argv[3])); i > 0; --i) {
    const absl::StatusOr<Pass> pass = Run(std::atoll(argv[1]), std::atoll(argv[2]));
    if (!pass.ok()) {
      std::fprintf(stderr, "schedule_benchmark: %s\n", std::string(pass.status().message()).c_str());
      return 1;
    }
    last = *pass;
    solves_and_walks.push_back(last.solve_seconds + last.walk_seconds);
    walks.push_back(last.walk_seconds);
    proofs.push_back(last.planner_seconds - last.solve_seconds);
  }
  const nlohmann::json result = {{"seconds", Median(solves_and_walks)},
                                 {"walk_seconds", Median(walks)},
                                 {"proof_seconds", Median(proofs)},
                                 {"forwards", last.forwards},
                                 {"actions", last.actions}};
  std::printf("%s\n", result.dump().c_str());
  return 0;
}

}  // namespace
}  // namespace recurve

int main(int argc, char** argv) { return recurve::Main(argc, argv); }
