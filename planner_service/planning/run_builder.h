// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_PLANNING_RUN_BUILDER_H_
#define RECURVE_PLANNER_SERVICE_PLANNING_RUN_BUILDER_H_

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "planner_service/planning/planner.h"
#include "planner_service/schedule/schedule.h"

namespace recurve {

// A chain of `length` links to be scheduled in the remaining memory, `room`: slots or a level, as the solver chooses.
// Equal problems become one shared run.
struct Problem {
  int64_t length = 0;
  int64_t room = 0;

  friend bool operator==(const Problem&, const Problem&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const Problem& problem) {
    return H::combine(std::move(h), problem.length, problem.room);
  }
};

// A solver's answer to a problem: a kind of run, and the problems of its parts. One decision can cover many equal parts
// (see Run).
template <typename P>
struct DecisionFor {
  Run::Kind kind = Run::Kind::kTapeAll;
  std::optional<P> left;
  std::optional<P> right;
};

using Decision = DecisionFor<Problem>;

// Builds the schedule of `root` by calling `decide(problem)`, which returns a DecisionFor<P>, for each problem that
// arises, parts before wholes, with an explicit stack. `decide` must be a pure function; it may be called twice for a
// problem. CANCELLED when `cancelled` returns true.
//
// P is Problem, or a solver's own problem type with a `length`, equality and a hash.
template <typename P, typename Decide>
absl::StatusOr<Schedule> BuildSchedule(const P& root, const Decide& decide, const CancelCheck& cancelled) {
  constexpr int kStepsBetweenPolls = 1024;
  int steps = 0;
  Schedule schedule;
  absl::flat_hash_map<P, int32_t> run_of;
  std::vector<P> open = {root};
  while (!open.empty()) {
    if (steps++ % kStepsBetweenPolls == 0 && cancelled && cancelled()) {
      return absl::CancelledError("planning was cancelled");
    }
    const P problem = open.back();
    if (run_of.contains(problem)) {
      open.pop_back();
      continue;
    }
    const DecisionFor<P> decision = decide(problem);
    Run run = {.kind = decision.kind, .length = problem.length};
    bool ready = true;
    auto find_part = [&](const std::optional<P>& part, int32_t& index) {
      if (!part) return;
      auto found = run_of.find(*part);
      if (found != run_of.end()) {
        index = found->second;
      } else {
        open.push_back(*part);
        ready = false;
      }
    };
    find_part(decision.left, run.left);
    find_part(decision.right, run.right);
    if (!ready) continue;
    open.pop_back();
    run_of.emplace(problem, static_cast<int32_t>(schedule.runs.size()));
    schedule.runs.push_back(run);
  }
  return schedule;
}

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_PLANNING_RUN_BUILDER_H_
