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

// The sums over all links of a chain of segments.
LinkSums SumLinks(const std::vector<ChainSegment>& segments);

// The number of ways to split the distinct sub-chains, to which the solver's time is proportional. Sub-chains of equal
// length within a segment are the same; equal adjacent segments count as one. O(segments^2).
int64_t CountSplits(const std::vector<ChainSegment>& segments);

// A dynamic program over all sub-chains of a chain whose links differ. For each it computes the Pareto frontier of
// (bytes stored, cost of forwards without tape) over persistent schedules, so one pass serves every budget. With s, a
// and f the state bytes, tape bytes and forward cost of a link, the chain of links [b, e), whose start state the caller
// has stored, is one of
//   taped whole       bytes: sum of a over [b, e-1) and of s over [b+1, e-1); cost: 0
//   swept             bytes: of [b, e-1); cost: f over [b, e-1) + cost of [b, e-1)
//   split at m        bytes: the larger of s[m] + bytes of [m, e) and bytes of [b, m); cost: f over [b, m) + both costs
//   taped at b        bytes: a[b] + s[b+1] + bytes of [b+1, e); cost: of [b+1, e)
// This is the recurrence of Beaumont, Eyraud-Dubois, Herrmann, Joly and Shilova (Optimal checkpointing for
// heterogeneous chains, 2019). Thread-compatible.
class MixedChain {
 public:
  // Ignores points above `max_bytes`. A frontier keeps at most `max_points`; fewer, but at least 64, if the number of
  // splits would require more than a few seconds or 128 MiB.
  MixedChain(const std::vector<ChainSegment>& segments, const LinkSums& sums, int64_t max_bytes, int64_t max_points,
             Rounding rounding);

  // O(splits * points per frontier). CANCELLED when `cancelled` returns true.
  absl::Status Solve(const CancelCheck& cancelled);

  // That of the whole chain.
  const ParetoFrontier& frontier() const { return At(0, sums_.length()); }
  bool thinned() const { return builder_.thinned(); }

  // A schedule within `bytes` that costs no more than the frontier says. Rounding::kUp only.
  absl::StatusOr<Schedule> MakeSchedule(int64_t bytes, const CancelCheck& cancelled) const;

 private:
  // A sub-chain, with the bytes of a point of its frontier.
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

  // The begin of the first sub-chain equal to [begin, end).
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
  std::vector<int64_t> segment_begin_, segment_end_;  // by link, after joining equal adjacent segments
  ParetoFrontierBuilder builder_;
  // By begin, then by end, from the first end whose sub-chain has no equal further left.
  std::vector<std::vector<ParetoFrontier>> frontiers_;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_PLANNING_MIXED_CHAIN_H_
