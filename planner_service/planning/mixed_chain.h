// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_PLANNING_MIXED_CHAIN_H_
#define RECURVE_PLANNER_SERVICE_PLANNING_MIXED_CHAIN_H_

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "planner_service/planning/chain.h"
#include "planner_service/planning/pareto_frontier.h"
#include "planner_service/planning/run_builder.h"
#include "planner_service/schedule/link_sums.h"

namespace recurve {

// A chain of segments, each of the links written out.
LinkSums SumLinks(const std::vector<ChainSegment>& segments);

// Ways to split the sub-chains that are different, equal neighbours taken as one segment: sub-chains inside one segment
// are the same where they are as long. What the solver's time is proportional to. O(segments^2).
int64_t CountSplits(const std::vector<ChainSegment>& segments);

// The cost of forwards without tape, against bytes, of each sub-chain of a chain whose links differ, over persistent
// schedules. With s, a, f of a link's state, tape and forward, the chain of links [b, e), whose start state is stored
// by whoever asks, is one of
//   taped whole       sum of a over [b, e-1) and of s over [b+1, e-1) bytes, no cost
//   swept             f[b, e-1) + (b, e-1)
//   split at m        the larger of s[m] + bytes of (m, e) and bytes of (b, m); f[b, m) + both costs
//   taped at b        a[b] + s[b+1] + bytes of (b+1, e); its cost
// which is the recurrence of Beaumont, Eyraud-Dubois, Herrmann, Joly and Shilova (Optimal checkpointing for
// heterogeneous chains, 2019) for all budgets at once, in bytes. Thread-compatible.
class MixedChain {
 public:
  // More than `max_bytes` are not looked at. A frontier keeps `max_points`, fewer where there are so many splits that
  // it would take more than a few seconds or 128 MiB, but 64 in any case.
  MixedChain(const std::vector<ChainSegment>& segments, const LinkSums& sums, int64_t max_bytes, int64_t max_points,
             Rounding rounding);

  // O(splits * points of a frontier). CANCELLED when `cancelled` says so.
  absl::Status Solve(const CancelCheck& cancelled);

  // Of the whole chain.
  const ParetoFrontier& frontier() const { return At(0, sums_.length()); }
  bool thinned() const { return builder_.thinned(); }

  // The schedule that costs no more than the frontier says for these bytes. Rounding::kUp only.
  absl::StatusOr<Schedule> MakeSchedule(int64_t bytes, const CancelCheck& cancelled) const;

 private:
  // A sub-chain, with as many bytes as a point of its frontier has.
  struct Part {
    int64_t begin = 0;
    int64_t length = 0;
    int64_t bytes = 0;
    friend bool operator==(const Part&, const Part&) = default;
    template <typename H>
    friend H AbslHashValue(H h, const Part& part) {
      return H::combine(std::move(h), part.begin, part.length, part.bytes);
    }
  };

  // The first of the sub-chains that equal [begin, end).
  int64_t FirstLike(int64_t begin, int64_t end) const {
    return end <= segment_end_[begin] ? segment_begin_[begin] : begin;
  }
  const ParetoFrontier& At(int64_t begin, int64_t end) const;
  ParetoFrontier Best(int64_t begin, int64_t end);
  Part PartOf(int64_t begin, int64_t end, int64_t bytes) const;
  DecisionFor<Part> Decide(const Part& part) const;
  int64_t TapeAllBytes(int64_t begin, int64_t end) const;
  int64_t TapeFirstBytes(int64_t begin) const;

  const LinkSums& sums_;
  std::vector<int64_t> segment_begin_, segment_end_;  // by link, equal neighbours taken as one segment
  ParetoFrontierBuilder builder_;
  std::vector<std::vector<ParetoFrontier>>
      frontiers_;  // by begin; by end from the first that has no equal further left
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_PLANNING_MIXED_CHAIN_H_
