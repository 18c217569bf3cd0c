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

// How a solver does a chain of `length` links with what is left of the memory, `room` (slots or a level: the solver's
// own measure). Equal problems become one shared run.
struct Problem {
  int64_t length = 0;
  int64_t room = 0;

  friend bool operator==(const Problem&, const Problem&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const Problem& problem) {
    return H::combine(std::move(h), problem.length, problem.room);
  }
};

// A solver's answer to a problem: a kind of run, and the problems of its parts.
template <typename P>
struct DecisionFor {
  Run::Kind kind = Run::Kind::kTapeAll;
  // For kSplit and kSweepLast, in place of parts: one link is done by itself (the first of a split, the last of a
  // sweep), and so on with the rest until one link is left. The last two links of such a split are swept, which costs
  // the same and needs no state.
  bool link_by_link = false;
  std::optional<P> left;
  std::optional<P> right;
};

using Decision = DecisionFor<Problem>;

// Runs that are done link by link: of each kind one chain, of which every length up to the longest is a run.
class LinkByLinkRuns {
 public:
  // The run of `length` links, made with all shorter ones where there is none yet.
  int32_t Find(Run::Kind kind, int64_t length, std::vector<Run>& runs) {
    std::vector<int32_t>& chain = kind == Run::Kind::kSplit ? splits_ : sweeps_;
    if (chain.empty()) Append({.kind = Run::Kind::kTapeAll, .length = 1}, chain, runs);
    const int64_t made = static_cast<int64_t>(chain.size());
    if (made < length) {
      runs.reserve(runs.size() + length - made);
      chain.reserve(length);
    }
    for (int64_t n = made + 1; n <= length; ++n) {
      Run run = {.kind = kind, .length = n, .left = chain.back()};
      if (kind == Run::Kind::kSplit) {
        if (n == 2) {
          run.kind = Run::Kind::kSweepLast;
        } else {
          run.left = chain.front();
          run.right = chain.back();
        }
      }
      Append(run, chain, runs);
    }
    return chain[length - 1];
  }

 private:
  static void Append(const Run& run, std::vector<int32_t>& chain, std::vector<Run>& runs) {
    chain.push_back(static_cast<int32_t>(runs.size()));
    runs.push_back(run);
  }

  std::vector<int32_t> splits_;  // splits_[n - 1] has n links
  std::vector<int32_t> sweeps_;
};

// Makes the schedule of `root` by asking `decide(problem)` for each problem that comes up, parts before wholes, with an
// explicit stack. `decide` must be a pure function; it may be asked twice about the same problem. CANCELLED when
// `cancelled` says so.
//
// P is Problem, or a solver's own type of problem: with a `length`, equality and a hash. `decide` gives a
// DecisionFor<P>.
template <typename P, typename Decide>
absl::StatusOr<Schedule> BuildSchedule(const P& root, const Decide& decide, const CancelCheck& cancelled) {
  constexpr int kStepsBetweenPolls = 1024;
  int steps = 0;
  Schedule schedule;
  LinkByLinkRuns link_by_link;
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
    if (decision.link_by_link) {
      open.pop_back();
      run_of.emplace(problem, link_by_link.Find(decision.kind, problem.length, schedule.runs));
      continue;
    }
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
