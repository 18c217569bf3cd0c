// SPDX-License-Identifier: Apache-2.0
//
// schedule_benchmark LENGTH SLOTS PASSES
//
// Plans a chain by hidden state memorization with the planner and walks all actions of the schedule, like the programs
// of the peers in this folder. Prints one JSON object: `seconds` to plan and walk, `walk_seconds` of these for the
// walk, both medians of the passes, and the counts of the walk.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "executor/job/median.h"
#include "nlohmann/json.hpp"
#include "planner_service/planning/planner.h"
#include "planner_service/schedule/schedule.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

struct Pass {
  double plan_seconds = 0;
  double walk_seconds = 0;
  int64_t forwards = 0;
  int64_t actions = 0;
};

absl::StatusOr<Pass> Run(const PlanRequest& request) {
  Pass pass;
  Clock::time_point start = Clock::now();
  ASSIGN_OR_RETURN(const Plan plan, EmbeddedPlanner().MakePlan(request, {}));
  pass.plan_seconds = SecondsSince(start);
  start = Clock::now();
  ScheduleWalk walk(plan.schedule);
  while (const std::optional<Action> action = walk.Next()) {
    ++pass.actions;
    if (action->kind == Action::Kind::kForward) pass.forwards += action->end - action->begin;
  }
  pass.walk_seconds = SecondsSince(start);
  return pass;
}

int Main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: schedule_benchmark LENGTH SLOTS PASSES\n");
    return 2;
  }
  const PlanRequest request{
      .length = std::atoll(argv[1]), .strategy = Strategy::kHsm, .budget = SlotBudget{.slots = std::atoll(argv[2])}};
  std::vector<double> walks, both;
  Pass last;
  for (int64_t i = std::max(1LL, std::atoll(argv[3])); i > 0; --i) {
    const absl::StatusOr<Pass> pass = Run(request);
    if (!pass.ok()) {
      std::fprintf(stderr, "schedule_benchmark: %s\n", std::string(pass.status().message()).c_str());
      return 1;
    }
    last = *pass;
    walks.push_back(last.walk_seconds);
    both.push_back(last.plan_seconds + last.walk_seconds);
  }
  const nlohmann::json result = {{"seconds", Median(both)},
                                 {"walk_seconds", Median(walks)},
                                 {"forwards", last.forwards},
                                 {"actions", last.actions}};
  std::printf("%s\n", result.dump().c_str());
  return 0;
}

}  // namespace
}  // namespace recurve

int main(int argc, char** argv) { return recurve::Main(argc, argv); }
